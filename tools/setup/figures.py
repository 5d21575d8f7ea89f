"""What a grid would earn, need and lose, and how often the market lately crossed its gap: figures before a decision."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from dataclasses import dataclass
from decimal import Context, Decimal
from itertools import pairwise
from typing import TYPE_CHECKING

from domain.exact import ONE, ZERO
from domain.instrument import SELL
from domain.reason import reason
from strategy.grid.checks import losing, profit_of, unplaceable
from strategy.grid.lines import gap_ratio, money_needed
from tools.setup.proposal import cells_of, margin_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from domain.instrument import Instrument
    from domain.market import Candle
    from domain.reason import Reason
    from strategy.grid.config import GridSettings
    from strategy.grid.state import Cell

FALLS = (ZERO, Decimal("0.1"), Decimal("0.3"))
"""How far below the lowest line the loss is told."""

_LINES_MAX = 5000
_ROUGH = Context(prec=28)


@dataclass(frozen=True, slots=True)
class Loss:
    """What all cells together have lost when every buy has filled and the price stands here; a gain is negative."""

    price: Decimal
    amount: Decimal


@dataclass(frozen=True, slots=True)
class Figures:
    """A grid in figures. Money and prices are in the quote currency; `pct` is percent of a cell's money after fees."""

    cells: int
    first_buy: Decimal
    first_sell: Decimal
    last_buy: Decimal
    last_sell: Decimal
    gap_pct: Decimal
    earned_pct: tuple[Decimal, Decimal]
    earned: tuple[Decimal, Decimal]
    money: Decimal
    losses: tuple[Loss, ...]


def faults_of(
    grid: GridSettings, instrument: Instrument, price: Decimal, money: Decimal | None = None
) -> tuple[Reason, ...]:
    """Return why a grid would be refused: what cannot be placed, what loses, what costs more than `money`."""
    cells = cells_of(grid, instrument, price)
    if faults := unplaceable(cells, grid, instrument):
        return faults
    anchor = grid.anchor or grid.trigger or price
    found = [fault] if (fault := losing(cells, grid, instrument, anchor, 0)) is not None else []
    needed = money_needed(cells, instrument)
    if money is not None and needed > money:
        found.append(reason("setup_over_money", needed=needed, money=money))
    return tuple(found)


def figures_of(grid: GridSettings, instrument: Instrument, price: Decimal) -> Figures:
    """Return the figures of a grid that can be placed."""
    cells = cells_of(grid, instrument, price)
    first, last = cells[-1], cells[0]
    earned = [profit_of(cell, instrument) * cell.qty for cell in cells]
    pcts = [margin_of(cell, instrument) * 100 for cell in cells]
    return Figures(
        cells=len(cells),
        first_buy=first.buy_price,
        first_sell=first.sell_price,
        last_buy=last.buy_price,
        last_sell=last.sell_price,
        gap_pct=(gap_ratio(grid) - ONE) * 100,
        earned_pct=(min(pcts), max(pcts)),
        earned=(min(earned), max(earned)),
        money=money_needed(cells, instrument),
        losses=tuple(_losses(cells, instrument)),
    )


def _losses(cells: Sequence[Cell], instrument: Instrument) -> Iterator[Loss]:
    """Yield what selling everything at once would lose, at the lowest line and below it, the exit fee included."""
    cost, qty = money_needed(cells, instrument), sum((cell.qty for cell in cells), ZERO)
    for fall in FALLS:
        price = instrument.ticks.down(cells[0].buy_price * (ONE - fall))
        value = qty * price
        yield Loss(price, cost - value + instrument.fee(SELL, value))


def cycles_of(bars: Iterable[Candle], gap: Decimal, price: Decimal) -> int:
    """Count how often a price fell through a line and then rose by one gap, on lines that lie a gap apart everywhere.

    Each bar is walked by its four prices, the extreme opposite to its close first; a touch counts as a crossing.
    """
    path = [each for bar in bars for each in _walked(bar)]
    if not path:
        return 0
    lines = _ladder(price, gap, min(path), max(path))
    if len(lines) > _LINES_MAX:
        return 0
    cycles, held = 0, set[int]()
    for before, after in pairwise(path):
        # Falling, every line on the way is bought at; rising, the line above sells.
        held.update(range(bisect_left(lines, after), bisect_left(lines, before)))
        sold = held.intersection(line - 1 for line in range(bisect_right(lines, before), bisect_right(lines, after)))
        cycles += len(sold)
        held -= sold
    return cycles


def _walked(bar: Candle) -> tuple[Decimal, ...]:
    inner = (bar.low, bar.high) if bar.close >= bar.open else (bar.high, bar.low)
    return (bar.open, *inner, bar.close)


def _ladder(price: Decimal, gap: Decimal, low: Decimal, high: Decimal) -> list[Decimal]:
    """Return lines a gap apart through a price, over a range and one beyond each of its ends."""
    ratio = ONE + gap
    below, above = [price], [price]
    while below[-1] > low and len(below) <= _LINES_MAX:
        below.append(_ROUGH.divide(below[-1], ratio))
    while above[-1] < high and len(above) <= _LINES_MAX:
        above.append(_ROUGH.multiply(above[-1], ratio))
    return [*reversed(below[1:]), *above]


def hours_of(bars: Sequence[Candle], bar_h: int = 1) -> int:
    """Return over how many hours bars of so many hours reach."""
    return 0 if not bars else int((bars[-1].at - bars[0].at).total_seconds()) // 3600 + bar_h


def won(amount: Decimal) -> str:
    """Write money for a reader: thousands set apart, and no more digits than its size deserves."""
    small = abs(amount) < 100 and amount % 1 != 0  # noqa: PLR2004 - a hundred won: below it a part of one counts
    text = f"{amount:,.2f}" if small else f"{amount:,.0f}"
    return "0" if text in {"-0", "-0.00", "0.00"} else text


def of_price(amount: Decimal) -> str:
    """Write a price for a reader: every digit of it, thousands set apart."""
    text = f"{amount:,f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def pct(amount: Decimal) -> str:
    """Write percent for a reader, to two digits."""
    return f"{amount:.2f}"
