"""How numbers and times look on a page: grouped, rounded for the eye, and never to a wrong sign."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal
from typing import TYPE_CHECKING

from domain.exact import ONE, plain
from reports.history import KOREA

if TYPE_CHECKING:
    from datetime import datetime

MONEY_DECIMALS = {"KRW": 0}
"""Digits after the point of an amount of money; 2 for all others."""

_PRICE_DIGITS = 6
_WHOLE_FROM = Decimal(1000)
_HUNDRED = Decimal(100)


def money(amount: Decimal, currency: str) -> str:
    """Write an amount: won without decimals, dollars with two."""
    return grouped(amount, MONEY_DECIMALS.get(currency, 2))


def price(value: Decimal, currency: str) -> str:
    """Write a price with as many digits as it needs to be told from its neighbours."""
    if abs(value) >= _WHOLE_FROM:
        return grouped(value, MONEY_DECIMALS.get(currency, 2))
    text = grouped(value, max(2, _PRICE_DIGITS - value.adjusted()) if value else 0)
    return text.rstrip("0").rstrip(".") if "." in text else text


def quantity(value: Decimal) -> str:
    """Write a quantity with all its digits."""
    return f"{Decimal(plain(value)):,f}"


def percent(part: Decimal) -> str:
    """Write a part of a whole in percent; 0.01 is 1.00."""
    return grouped(part * _HUNDRED, 2)


def grouped(number: Decimal, decimals: int) -> str:
    """Write thousands apart, rounded; what would become 0 keeps its first digit, and so its sign."""
    rounded = number.quantize(ONE.scaleb(-decimals), rounding=ROUND_HALF_UP)
    if not rounded:
        if not number:
            return f"{abs(rounded):,f}"
        rounded = number.quantize(ONE.scaleb(number.adjusted()), rounding=ROUND_HALF_UP)
    return f"{rounded:,f}"


def signed(text: str) -> str:
    """Put a plus before a gain; 0 has no sign."""
    return text if text.startswith("-") or not text.strip("0.,") else f"+{text}"


def korean_time(at: datetime) -> str:
    """Write a moment by Korea's clock, to the second."""
    return f"{at.astimezone(KOREA):%Y-%m-%d %H:%M:%S}"
