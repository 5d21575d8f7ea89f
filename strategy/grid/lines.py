"""Where the grid's lines run, and what a cell between two of them buys and sells."""

from __future__ import annotations

from decimal import ROUND_HALF_EVEN, Context, Decimal
from itertools import pairwise
from typing import TYPE_CHECKING

from domain.exact import ONE, ZERO
from domain.instrument import Side
from strategy.grid.config import SizeUnit, Spacing
from strategy.grid.state import Cell

if TYPE_CHECKING:
    from collections.abc import Iterable

    from domain.instrument import Instrument
    from strategy.grid.config import Bounds, GridSettings, OrderSize

_LINES = Context(prec=28, rounding=ROUND_HALF_EVEN)
_LINE_UNIT = Decimal("1e-12")

HIGHEST = Decimal("1e15")
"""No line may stand here or above: 28 digits would not hold its 12 decimals, and no price is that high."""


def gap_ratio(settings: GridSettings) -> Decimal:
    """Return the factor by which follow moves the lines: `1 + g`, in the bounds form `(U/L)^(1/N)`."""
    if settings.bounds is None:
        return ONE + settings.gap
    quotient = _LINES.divide(settings.bounds.upper, settings.bounds.lower)
    return _LINES.power(quotient, _LINES.divide(ONE, Decimal(settings.steps)))


def moved_anchor(settings: GridSettings, anchor: Decimal, shifts: int) -> Decimal:
    """Return the anchor after follow moved it by so many gaps, in the lines' 28 digits."""
    return _LINES.multiply(anchor, _LINES.power(gap_ratio(settings), Decimal(shifts))) if shifts else anchor


def grid_lines(settings: GridSettings, anchor: Decimal, shifts: int = 0) -> tuple[Decimal, ...]:
    """Return all lines, lowest first, to 12 decimals; `anchor` is the anchor before any shift."""
    if settings.bounds is not None:
        lines = _bounded(settings, settings.bounds, shifts)
    elif settings.spacing is Spacing.GEOMETRIC:
        lines = _geometric(settings, moved_anchor(settings, anchor, shifts))
    else:
        lines = _arithmetic(settings, moved_anchor(settings, anchor, shifts))
    return tuple(line if line >= HIGHEST else line.quantize(_LINE_UNIT, context=_LINES) for line in lines)


def _geometric(settings: GridSettings, anchor: Decimal) -> list[Decimal]:
    ratio = gap_ratio(settings)
    below = [_LINES.divide(anchor, _LINES.power(ratio, Decimal(i))) for i in range(settings.steps, 0, -1)]
    above = [_LINES.multiply(anchor, _LINES.power(ratio, Decimal(j))) for j in range(1, settings.steps_above + 1)]
    return [*below, anchor, *above]


def _arithmetic(settings: GridSettings, anchor: Decimal) -> list[Decimal]:
    gap = _LINES.multiply(anchor, settings.gap)
    offsets = range(-settings.steps, settings.steps_above + 1)
    return [_LINES.add(anchor, _LINES.multiply(gap, Decimal(i))) for i in offsets]


def _bounded(settings: GridSettings, bounds: Bounds, shifts: int) -> list[Decimal]:
    ratio = gap_ratio(settings)
    moved = _LINES.power(ratio, Decimal(shifts)) if shifts else ONE
    lower, upper = _LINES.multiply(bounds.lower, moved), _LINES.multiply(bounds.upper, moved)
    if settings.spacing is Spacing.GEOMETRIC:
        lines = [_LINES.multiply(lower, _LINES.power(ratio, Decimal(k))) for k in range(settings.steps)]
    else:
        gap = _LINES.divide(_LINES.subtract(upper, lower), Decimal(settings.steps))
        lines = [_LINES.add(lower, _LINES.multiply(gap, Decimal(k))) for k in range(settings.steps)]
    # The last line is the bound itself: a root multiplied back would miss it by its rounding.
    return [*lines, upper]


def order_qty(size: OrderSize, price: Decimal, instrument: Instrument) -> Decimal:
    """Return what a size buys at a price (before fees), rounded down to the venue's step."""
    if size.unit is SizeUnit.BASE:
        return instrument.round_qty(size.amount)
    step = instrument.qty_step
    return size.amount // (price * step) * step if price > 0 else ZERO


def make_cells(
    lines: tuple[Decimal, ...], settings: GridSettings, instrument: Instrument, epoch: int, below: Decimal
) -> tuple[Cell, ...]:
    """Return one cell between each two lines; those whose line is under `below` may buy at once."""
    cells = []
    for k, (lower, upper) in enumerate(pairwise(lines)):
        buy = instrument.round_price(Side.BUY, lower)
        cells.append(
            Cell(
                key=f"{epoch}.{k}",
                buy_line=lower,
                sell_line=upper,
                buy_price=buy,
                sell_price=instrument.round_price(Side.SELL, upper),
                qty=order_qty(settings.size, buy, instrument),
                armed=lower < below,
            )
        )
    return tuple(cells)


def money_needed(cells: Iterable[Cell], instrument: Instrument) -> Decimal:
    """Return what it costs to fill every cell, buy fees included."""
    notional = sum((cell.buy_price * cell.qty for cell in cells), ZERO)
    return notional + instrument.fee(Side.BUY, notional)
