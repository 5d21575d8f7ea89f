"""What every kind of run is assembled from."""

from __future__ import annotations

from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from bot.gate import Caps, OrderGate
from bot.risk import Limits
from bot.settings import Exchange
from domain.exact import ZERO
from domain.session import MarketHours, SessionRule
from strategy.grid.config import Start
from strategy.grid.grid import GridStrategy
from strategy.grid.wants import SPARE_RANKS

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import date, datetime
    from decimal import Decimal

    from bot.settings import Settings
    from bot.wiring.venue import Venue
    from domain.instrument import Instrument
    from exchanges.base import MarketData
    from ledger.writer import Ledger
    from strategy.grid.config import GridSettings

# Far above what a grid needs and the throttle lets pass: only a bot gone wild meets them.
_SENDS_PER_SECOND = 40
_CREATES_PER_SLOT_HOUR = 60

KOREAN_DAYS = SessionRule(ZoneInfo("Asia/Seoul"))


def hours_of(settings: Settings) -> MarketHours | None:
    """Return when the market trades, the owner's `MARKET_DAYS` before its calendar; None where it never closes."""
    if settings.exchange is not Exchange.KIS:
        return None
    from exchanges.us_hours import us_hours

    return us_hours(settings.day_plans)


def limits_of(settings: Settings, free_cash: Decimal | None) -> Limits:
    """Return the owner's caps for risk; `free_cash` is None for an account without limit."""
    return Limits(settings.max_order_notional, settings.max_position_notional, free_cash)


def caps_of(
    settings: Settings,
    free_cash: Decimal | None,
    *,
    sends_per_second: int = 0,
    per_slot_hour: int = 0,
    twins: bool = True,
) -> Caps:
    """Return the gate's caps; a venue in this process needs no protection from being asked too often (0)."""
    return Caps(
        order_notional_max=settings.max_order_notional,
        position_notional_max=settings.max_position_notional,
        open_orders_max=settings.max_open_orders + SPARE_RANKS if settings.max_open_orders else 0,
        sends_per_second_max=sends_per_second,
        creates_per_slot_hour_max=per_slot_hour,
        free_cash=free_cash,
        twins=twins,
    )


def gate_of(
    settings: Settings,
    ledger: Ledger,
    instruments: Mapping[str, Instrument],
    free_cash: Decimal | None,
    venue: Venue,
) -> OrderGate:
    """Return the gate before a venue."""
    caps = caps_of(
        settings,
        free_cash,
        sends_per_second=_SENDS_PER_SECOND,
        per_slot_hour=_CREATES_PER_SLOT_HOUR,
        twins=venue.account.capabilities.client_order_id,
    )
    days = venue.market.market_session(settings.symbol)
    hours = days if isinstance(days, MarketHours) else None
    return OrderGate(ledger.present, instruments, caps, venue.clock, hours)


def strategy_of(instrument: Instrument, grid: GridSettings, market: MarketData) -> GridStrategy:
    """Return the grid of one market."""
    return GridStrategy(instrument, grid, always_open=market.market_session(instrument.symbol) is None)


def day_of(sessions: SessionRule | None) -> Callable[[datetime], date]:
    """Return how days are told apart in the books: a market's own, else Korea's."""
    rule = sessions or KOREAN_DAYS
    return rule.date_of


def paper_holdings(settings: Settings) -> Decimal:
    """Return the coins that an account on paper begins with: what is to be adopted, and what the owner protects."""
    if settings.grid_start is not Start.ADOPT or settings.adopt_qty is None:
        return ZERO
    return settings.adopt_qty + settings.protected_qty
