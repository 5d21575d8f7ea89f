"""Decimal arithmetic that keeps every digit, and plain notation for what leaves us."""

import decimal
from decimal import ROUND_HALF_EVEN, Decimal, Inexact

ZERO = Decimal(0)
ONE = Decimal(1)

DIGITS = 100
"""More than any sum or product of real prices, quantities and rates needs (see docs/decisions/0001)."""

SPLIT_UNIT = Decimal("1e-8")
"""Where a fee cannot be split exactly, its parts are rounded to this unit and the last takes the rest."""


def keep_every_digit() -> None:
    """Give this thread, and every thread started later, a precision that loses no digit of money."""
    decimal.DefaultContext.prec = DIGITS
    decimal.getcontext().prec = DIGITS


def plain(number: Decimal) -> str:
    """Write a number without exponent and without trailing zeros."""
    text = format(number, "f")
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return "0" if text in {"-0", ""} else text


def portion(amount: Decimal, part: Decimal, whole: Decimal) -> Decimal:
    """Return `amount · part / whole`, exact where the quotient ends, else rounded to `SPLIT_UNIT`."""
    if part == whole:
        return amount
    context = decimal.Context(prec=DIGITS // 2, rounding=ROUND_HALF_EVEN)
    quotient = context.divide(amount * part, whole)
    if context.flags[Inexact]:
        return quotient.quantize(SPLIT_UNIT, rounding=ROUND_HALF_EVEN)
    return quotient
