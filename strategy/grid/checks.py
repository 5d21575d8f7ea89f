"""It must pay: what cannot be placed, what loses, and the smallest gap or size that works."""

from __future__ import annotations

from dataclasses import replace
from decimal import ROUND_CEILING, Decimal
from itertools import pairwise
from typing import TYPE_CHECKING

from domain.exact import ONE, ZERO
from domain.instrument import Side
from domain.reason import Reason, reason
from strategy.grid.config import SizeUnit
from strategy.grid.lines import HIGHEST, grid_lines, make_cells

if TYPE_CHECKING:
    from domain.instrument import Instrument
    from domain.reason import Figure
    from strategy.grid.config import GridSettings
    from strategy.grid.state import Cell

_GAP_UNIT = Decimal("0.0001")
_GAP_TRIES = 2000


def unplaceable(cells: tuple[Cell, ...], settings: GridSettings, instrument: Instrument) -> tuple[Reason, ...]:
    """Return why these cells cannot be placed as they are; empty when they can."""
    lowest = cells[0]
    if lowest.buy_line <= 0 or lowest.buy_price <= 0:
        return (reason("line_not_positive", line=lowest.buy_line, steps=settings.steps),)
    if cells[-1].sell_line >= HIGHEST:
        return (reason("line_too_high", steps=settings.steps_above),)
    faults = []
    small = [cell for cell in cells if not instrument.placeable(cell.buy_price, cell.qty)]
    if small:
        faults.append(_too_small(small[0], len(small), cells, settings, instrument))
    pairs = [(low, high) for low, high in pairwise(cells) if low.buy_price == high.buy_price]
    if pairs:
        low, high = pairs[0]
        faults.append(
            reason(
                "buys_share_price",
                price=low.buy_price,
                lower_line=low.buy_line,
                upper_line=high.buy_line,
                tick=instrument.ticks.at(low.buy_line),
            )
        )
    return tuple(faults)


def _too_small(
    cell: Cell, count: int, cells: tuple[Cell, ...], settings: GridSettings, instrument: Instrument
) -> Reason:
    figures: dict[str, Figure] = {
        "count": count,
        "price": cell.buy_price,
        "qty": cell.qty,
        "notional": cell.buy_price * cell.qty,
        "minimum": instrument.notional_min,
        "currency": instrument.quote,
        "smallest": smallest_size(cells, settings, instrument),
    }
    if settings.size.unit is SizeUnit.BASE:
        return reason("cell_too_small_base", base=instrument.base, **figures)
    if instrument.whole_shares:
        return reason("cell_buys_no_share", **figures)
    return reason("cell_too_small", **figures)


def smallest_size(cells: tuple[Cell, ...], settings: GridSettings, instrument: Instrument) -> Decimal:
    """Return the smallest `ORDER_SIZE`, in its own unit, with which every cell can be placed.

    Money is rounded up to a whole won, for shares to a cent.
    """
    step = instrument.qty_step
    floors = [instrument.notional_min // (cell.buy_price * step) * step for cell in cells]
    least = [
        qty if instrument.placeable(cell.buy_price, qty) else qty + step
        for cell, qty in zip(cells, floors, strict=True)
    ]
    if settings.size.unit is SizeUnit.BASE:
        return max(least)
    unit = Decimal("0.01") if instrument.whole_shares else ONE
    dearest = max(cell.buy_price * qty for cell, qty in zip(cells, least, strict=True))
    return dearest.quantize(unit, rounding=ROUND_CEILING)


def profit_of(cell: Cell, instrument: Instrument) -> Decimal:
    """Return what one unit earns between the cell's buy and sell, after fees and tax, in the quote currency."""
    spent = cell.buy_price + instrument.fee(Side.BUY, cell.buy_price)
    return cell.sell_price - instrument.fee(Side.SELL, cell.sell_price) - spent


def losing(
    cells: tuple[Cell, ...], settings: GridSettings, instrument: Instrument, anchor: Decimal, shifts: int
) -> Reason | None:
    """Return the fault of a gap that loses in any cell, with the smallest that pays in all; None when all earn."""
    losers = [cell for cell in cells if profit_of(cell, instrument) <= 0]
    if not losers:
        return None
    worst = min(losers, key=lambda cell: profit_of(cell, instrument))
    figures: dict[str, Figure] = {
        "count": len(losers),
        "buy": worst.buy_price,
        "sell": worst.sell_price,
        "loss": -profit_of(worst, instrument) * worst.qty,
        "currency": instrument.quote,
        "fee_buy_pct": instrument.fees.rate(Side.BUY) * 100,
        "fee_sell_pct": instrument.fees.rate(Side.SELL) * 100,
    }
    if settings.bounds is not None:
        return reason("bounds_lose", steps=_most_steps(settings, instrument, anchor, shifts), **figures)
    gap = _smallest_gap(settings, instrument, anchor, shifts)
    if not gap:
        return reason("gap_loses_always", gap_pct=settings.gap * 100, **figures)
    return reason("gap_loses", gap_pct=settings.gap * 100, smallest_pct=gap * 100, **figures)


def _pays(settings: GridSettings, instrument: Instrument, anchor: Decimal, shifts: int) -> bool:
    cells = make_cells(grid_lines(settings, anchor, shifts), settings, instrument, 0, ZERO)
    if unplaceable(cells, settings, instrument):
        return False
    return all(profit_of(cell, instrument) > 0 for cell in cells)


def _smallest_gap(settings: GridSettings, instrument: Instrument, anchor: Decimal, shifts: int) -> Decimal:
    """Search upward in steps of 0.01 %; 0 when none is found. Rounding to ticks may let a gap below the fees pay."""
    gaps = (_GAP_UNIT * tries for tries in range(1, _GAP_TRIES))
    wider = (replace(settings, gap=gap) for gap in gaps)
    return next((tried.gap for tried in wider if _pays(tried, instrument, anchor, shifts)), ZERO)


def _most_steps(settings: GridSettings, instrument: Instrument, anchor: Decimal, shifts: int) -> int:
    """Return the greatest number of cells between the bounds that pays; 0 when none does."""
    counts = range(settings.steps - 1, 0, -1)
    return next((n for n in counts if _pays(replace(settings, steps=n), instrument, anchor, shifts)), 0)
