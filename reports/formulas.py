"""The figures that a report derives from the books: break-evens, yields, holding instead, falls from the peak."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Context, Decimal
from typing import TYPE_CHECKING

from domain.exact import DIGITS, ONE, ZERO

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import datetime

    from domain.book import Book, Lot

APR_DAYS_MIN = 7
"""A yearly rate made of fewer days says nothing."""

_YEAR = Decimal(365)
_DAY_S = 86400
_MICROSECONDS = 1_000_000
_UNIT = Decimal("1e-12")
"""Quotients that do not end are kept to this unit, as the lines of the grid are."""

_DIVIDING = Context(prec=DIGITS // 2, rounding=ROUND_HALF_EVEN)


@dataclass(frozen=True, slots=True)
class BreakEvens:
    """Three prices at which something comes out even, the fee of its sale paid; None where nothing is held.

    `lot`: the lowest of all lots. `average`: all that is held, sold at this price, brings back what it cost.
    `bot`: sold at this price, Total is 0; at or below 0 the profit already made outweighs all that is held.
    """

    lot: Decimal | None = None
    average: Decimal | None = None
    bot: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Yields:
    """Parts of the grid's capital (0.01 is 1 %), and the same for a year, simple, without interest on interest."""

    matched: Decimal | None = None
    inventory: Decimal | None = None
    total: Decimal | None = None
    grid_apr: Decimal | None = None
    total_apr: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Held:
    """What the grid's capital (`start`) would be worth, had it all bought the coin at the first price and waited."""

    start: Decimal
    first: Decimal
    value: Decimal

    @property
    def pnl(self) -> Decimal:
        """Return what waiting would have earned."""
        return self.value - self.start


def ratio(part: Decimal, whole: Decimal) -> Decimal | None:
    """Return `part / whole`, to 12 decimals where it does not end; None where there is no whole."""
    if not whole:
        return None
    quotient = _DIVIDING.divide(part, whole)
    return quotient if _ends(quotient) else quotient.quantize(_UNIT, rounding=ROUND_HALF_EVEN)


def lot_break_even(lot: Lot, fee_sell: Decimal) -> Decimal | None:
    """Return the price at which a lot's sale brings back its cost: `p(1+fb)/(1-fs)`, by the fee that was truly paid."""
    return _even(lot.cost, lot.qty, fee_sell)


def break_evens(book: Book, fee_sell: Decimal) -> BreakEvens:
    """Return the break-evens of what is held; `fee_sell` includes taxes, 0.0025 is 0.25 %."""
    position = book.position
    each = (lot_break_even(lot, fee_sell) for lots in book.lots.values() for lot in lots)
    return BreakEvens(
        lot=min((price for price in each if price is not None), default=None),
        average=_even(book.cost, position, fee_sell),
        bot=_even(book.adopted_cost - book.cash_flow, position, fee_sell),
    )


def yields(book: Book, last: Decimal | None, capital: Decimal | None, days: Decimal | None) -> Yields:
    """Return what the capital earned since the start, `days` ago; rates for a year from a week on."""
    if not capital:
        return Yields()
    inventory = ZERO if last is None else book.inventory(last)
    matched, open_part = ratio(book.matched, capital), ratio(inventory, capital)
    total = ratio(book.matched + inventory, capital)
    return Yields(matched, open_part, total, apr(matched, days), apr(total, days))


def apr(earned: Decimal | None, days: Decimal | None) -> Decimal | None:
    """Return `yield · 365 / days`, or None for less than a week."""
    if earned is None or days is None or days < APR_DAYS_MIN:
        return None
    return ratio(earned * _YEAR, days)


def days_between(begin: datetime, end: datetime) -> Decimal:
    """Return the days between two moments, with their fraction."""
    passed = end - begin
    seconds = Decimal(passed.days * _DAY_S + passed.seconds) + Decimal(passed.microseconds) / _MICROSECONDS
    return ratio(seconds, Decimal(_DAY_S)) or ZERO


def held(start: Decimal, first: Decimal, price: Decimal) -> Held:
    """Return the benchmark: all of `start` put into the coin at the price `first`, no fee paid."""
    return Held(start, first, ratio(start * price, first) or ZERO)


def falls(totals: Iterable[Decimal]) -> Iterator[Decimal]:
    """Yield how far each Total is below its peak so far, 0 or negative; before the first one Total was 0."""
    peak = ZERO
    for total in totals:
        peak = max(peak, total)
        yield total - peak


def _even(cost: Decimal, qty: Decimal, fee_sell: Decimal) -> Decimal | None:
    return ratio(cost, qty * (ONE - fee_sell))


def _ends(number: Decimal) -> bool:
    exponent = number.as_tuple().exponent
    return isinstance(exponent, int) and exponent >= -DIGITS // 4
