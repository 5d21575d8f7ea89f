"""What the venue's own marks mean for us: markets in which to buy nothing, a key that ends."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from domain.reason import reason
from exchanges.bithumb.fields import KST

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from domain.reason import Reason
    from exchanges.bithumb.parsing import Market, MarketWarning

KEY_WARNED = timedelta(days=30)

_TRADED = {None, "active"}
_ONE_DAY = timedelta(days=1)
_WARNED_OF = {
    "PRICE_SUDDEN_FLUCTUATION": "bithumb_warned_price_jump",
    "PRICE_DIFFERENCE_HIGH": "bithumb_warned_price_apart",
    "SPECIFIC_ACCOUNT_HIGH_TRANSACTION": "bithumb_warned_few_accounts",
    "TRADING_VOLUME_SUDDEN_FLUCTUATION": "bithumb_warned_volume_jump",
    "DEPOSIT_AMOUNT_SUDDEN_FLUCTUATION": "bithumb_warned_deposit_jump",
}


def hold_on(
    symbol: str,
    markets: Iterable[Market],
    warnings: Iterable[MarketWarning],
    state: str | None,
    now: datetime,
) -> Reason | None:
    """Return why nothing should be bought in a market; any mark of caution is enough, until it has run out.

    `state` is what the venue says of trading there, None where it was not asked or does not say.
    """
    market = next((each for each in markets if each.symbol == symbol), None)
    if market is None:
        return reason("bithumb_market_gone", symbol=symbol)
    if state not in _TRADED:
        return reason("bithumb_market_halted", symbol=symbol, state=str(state))
    for warning in warnings:
        # The day of its end counts whole: the venue may name a day alone.
        if warning.ends_at is None or warning.ends_at + _ONE_DAY > now:
            code = _WARNED_OF.get(warning.kind, "bithumb_warned")
            until = "?" if warning.ends_at is None else _day(warning.ends_at)
            return reason(code, symbol=symbol, kind=warning.kind, step=warning.step, until=until)
    return reason("bithumb_market_caution", symbol=symbol) if market.caution else None


def ending_key(ends_at: datetime | None, now: datetime) -> Reason | None:
    """Return what to tell the owner of a key that ends within a month, or has ended."""
    if ends_at is None or ends_at - now > KEY_WARNED:
        return None
    if ends_at <= now:
        return reason("bithumb_key_expired")
    return reason("bithumb_key_expires_soon", date=_day(ends_at), days=(ends_at - now) // _ONE_DAY)


def _day(at: datetime) -> str:
    return at.astimezone(KST).date().isoformat()
