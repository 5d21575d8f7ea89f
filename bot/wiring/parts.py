"""What every kind of run is assembled from."""

from __future__ import annotations

from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from bot.gate import Caps
from bot.risk import Limits
from domain.exact import ZERO
from domain.session import SessionRule
from strategy.grid.config import Start
from strategy.grid.wants import SPARE_RANKS

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import date, datetime
    from decimal import Decimal

    from bot.settings import Settings

KOREAN_DAYS = SessionRule(ZoneInfo("Asia/Seoul"))


def limits_of(settings: Settings, free_cash: Decimal | None) -> Limits:
    """Return the owner's caps for risk; `free_cash` is None for an account without limit."""
    return Limits(settings.max_order_notional, settings.max_position_notional, free_cash)


def caps_of(
    settings: Settings, free_cash: Decimal | None, *, sends_per_second: int = 0, per_slot_hour: int = 0
) -> Caps:
    """Return the gate's caps; a venue in this process needs no protection from being asked too often (0)."""
    return Caps(
        order_notional_max=settings.max_order_notional,
        position_notional_max=settings.max_position_notional,
        open_orders_max=settings.max_open_orders + SPARE_RANKS if settings.max_open_orders else 0,
        sends_per_second_max=sends_per_second,
        creates_per_slot_hour_max=per_slot_hour,
        free_cash=free_cash,
    )


def day_of(sessions: SessionRule | None) -> Callable[[datetime], date]:
    """Return how days are told apart in the books: a market's own, else Korea's."""
    rule = sessions or KOREAN_DAYS
    return rule.date_of


def paper_holdings(settings: Settings) -> Decimal:
    """Return the coins that an account on paper begins with: what is to be adopted, and what the owner protects."""
    if settings.grid_start is not Start.ADOPT or settings.adopt_qty is None:
        return ZERO
    return settings.adopt_qty + settings.protected_qty
