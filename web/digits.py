"""Figures as people read them: thousands apart, a sign where it matters, Korean time; the exact ones stay beside."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from decimal import ROUND_HALF_EVEN, Context, Decimal

from domain.exact import DIGITS, plain

KOREA = timezone(timedelta(hours=9), "KST")
MINUS = "−"

_ROUNDING = Context(prec=DIGITS, rounding=ROUND_HALF_EVEN)
_PLACES = {"KRW": 0}
_PLACES_ELSE = 2
_SMALL_DIGITS = 2


def grouped(number: Decimal) -> str:
    """Write a number with all its digits and its thousands apart."""
    sign, text = (MINUS, plain(-number)) if number < 0 else ("", plain(number))
    whole, dot, rest = text.partition(".")
    return f"{sign}{int(whole):,}{dot}{rest}"


def money(amount: Decimal, currency: str) -> str:
    """Round an amount to what its currency shows; less than its smallest unit keeps two digits, never nothing."""
    places = _PLACES.get(currency, _PLACES_ELSE)
    rounded = _ROUNDING.quantize(amount, Decimal(1).scaleb(-places))
    if not rounded and amount:
        rounded = _ROUNDING.quantize(amount, Decimal(1).scaleb(amount.adjusted() - _SMALL_DIGITS + 1))
        return grouped(rounded)
    return _padded(rounded, places)


def signed(amount: Decimal, currency: str) -> str:
    """Round an amount and put a plus before a gain."""
    return ("+" if amount > 0 else "") + money(amount, currency)


def like(number: Decimal, example: Decimal | None, currency: str) -> str:
    """Write a line of the grid with as many decimals as a price has, and no fewer than its currency shows."""
    decimals = 0 if example is None else len(plain(example).partition(".")[2])
    decimals = max(decimals, _PLACES.get(currency, _PLACES_ELSE))
    return _padded(_ROUNDING.quantize(number, Decimal(1).scaleb(-decimals)), decimals)


def direction(amount: Decimal) -> str:
    """Name which way an amount points: `up`, `down` or `flat`."""
    if amount > 0:
        return "up"
    return "down" if amount < 0 else "flat"


def korean_time(at: datetime) -> str:
    """Write a moment by Korean clocks, to the second."""
    return at.astimezone(KOREA).strftime("%Y-%m-%d %H:%M:%S")


def at_seconds(since_s: int) -> datetime:
    """Return the moment so many seconds after 1970."""
    return datetime.fromtimestamp(since_s, UTC)


def _padded(number: Decimal, places: int) -> str:
    whole, _, rest = grouped(number).partition(".")
    return f"{whole}.{rest.ljust(places, '0')}" if places else whole
