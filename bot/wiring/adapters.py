"""Connects to the venue that the settings name, with the keys that they hold."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from bot.clock import fresh_jitter_s, fresh_nonce, stopwatch_s
from bot.settings import Exchange
from bot.wiring.parts import hours_of
from exchanges.registry import VENUES, load

if TYPE_CHECKING:
    from datetime import datetime

    from bot.settings import Settings
    from domain.clock import Clock
    from exchanges.transport import Wait


@dataclass(frozen=True, slots=True)
class Timeouts:
    """How many real seconds a call may take: to connect, between two pieces of its answer, as a whole."""

    connect_s: float = 5.0
    read_s: float = 10.0
    total_s: float = 20.0


_USUAL = Timeouts()


def adapter_of(
    settings: Settings,
    clock: Clock,
    wait: Wait,
    *,
    with_keys: bool = True,
    blocked_until: datetime | None = None,
    timeouts: Timeouts = _USUAL,
) -> Any:  # noqa: ANN401 - closed by its opener, which no port of a venue asks for
    """Return the adapter; `with_keys`: a dry run of coins needs none, and does not use any."""
    adapter = load(VENUES[str(settings.exchange)].adapter)
    shared = {
        "clock": clock,
        "wait": wait,
        "fallback_fees": settings.fees(),
        "stopwatch_s": stopwatch_s,
        "connect_s": timeouts.connect_s,
        "read_s": timeouts.read_s,
        "total_s": timeouts.total_s,
    }
    if settings.exchange is Exchange.KIS:
        # Without an address of its own: the broker's, by the mode.
        second = (settings.kis_quote_app_key, settings.kis_quote_app_secret)
        return adapter(
            settings.kis_app_key,
            settings.kis_app_secret,
            settings.kis_account_no,
            mode=str(settings.kis_mode),
            exchange_code=str(settings.kis_exchange_code),
            symbol=settings.kis_symbol,
            shared_dir=settings.shared_dir,
            quote_keys=second if all(second) else None,
            base_url=settings.kis_base_url,
            hours=hours_of(settings),
            use_hashkey=settings.kis_use_hashkey,
            jitter_s=fresh_jitter_s,
            **shared,
        )
    address = {} if settings.bithumb_base_url is None else {"base_url": settings.bithumb_base_url}
    return adapter(
        settings.bithumb_access_key if with_keys else None,
        settings.bithumb_secret_key if with_keys else None,
        nonce=fresh_nonce,
        blocked_until=blocked_until,
        **address,
        **shared,
    )
