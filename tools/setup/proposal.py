"""Which grid to propose for some money in a market: one that pays its fees and fits how much the price moves."""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import ROUND_CEILING, Context, Decimal
from statistics import median_high
from typing import TYPE_CHECKING

from domain.errors import GridRefused
from domain.exact import ONE, ZERO
from domain.instrument import BUY, SELL
from domain.reason import reason
from strategy.grid.checks import profit_of, smallest_size, unplaceable
from strategy.grid.config import OrderSize, SizeUnit, Spacing
from strategy.grid.lines import grid_lines, make_cells, money_needed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from domain.instrument import Instrument
    from domain.market import Candle
    from strategy.grid.config import GridSettings
    from strategy.grid.state import Cell

MARGIN = Decimal("0.001")
"""What a cycle has to earn at least after all fees, as a fraction of the money in its cell."""

HUNDRED = Decimal(100)
STEPS_MAX = 60
GAP_MAX = Decimal("0.3")
_GAP_UNIT = Decimal("0.0001")
_WIDER = Decimal("1.06")
_WIDEST = 3
_FALL_MIN = Decimal("1.05")
_FALL_UNKNOWN = Decimal("1.15")
_FALL_MAX = Decimal(4)
_KNOWN = 24
_DAYS_KNOWN = 20
# A price that wanders goes as many times further in the six and a half hours of a session as their root.
_HOURS_OF_A_DAY = Decimal("2.5")
_ROUGH = Context(prec=28)


@dataclass(frozen=True, slots=True)
class Past:
    """How the market moved lately: bars of a day and of an hour, oldest first; some venues have no hours to show."""

    days: tuple[Candle, ...] = ()
    hours: tuple[Candle, ...] = ()

    @property
    def is_known(self) -> bool:
        """Whether there is enough of it to fit a grid to."""
        return len(self.hours) >= _KNOWN or self.is_daily

    @property
    def is_daily(self) -> bool:
        """Whether nothing but days is known of it."""
        return len(self.hours) < _KNOWN and len(self.days) >= _DAYS_KNOWN

    @property
    def bars(self) -> tuple[Candle, ...]:
        """Return the finest bars that there are enough of."""
        return self.days if self.is_daily else self.hours

    def swing(self) -> Decimal:
        """Return by how much the price moves within a usual hour, as a fraction; 0 where too little is known."""
        if not self.is_known:
            return ZERO
        usual = median_high([_ROUGH.divide(bar.high - bar.low, bar.low) for bar in self.bars])
        return _ROUGH.divide(usual, _HOURS_OF_A_DAY) if self.is_daily else usual

    def fall(self, price: Decimal) -> Decimal:
        """Return how deep a grid should reach: a factor of 1.05 to 4 between the price and the lowest line.

        Down to the lowest price seen; where that is near, half of the whole range seen.
        """
        bars = (*self.days, *self.hours)
        if not self.is_known:
            return _FALL_UNKNOWN
        low, high = min(bar.low for bar in bars), max(bar.high for bar in bars)
        half = _ROUGH.sqrt(_ROUGH.divide(high, low))
        return min(max(_ROUGH.divide(price, low), half, _FALL_MIN), _FALL_MAX)


@dataclass(frozen=True, slots=True)
class Proposal:
    """A grid that pays. `gap` is a fraction; `size` is money of one cell, before fees, or its shares.

    `wanted` is how many cells of this gap would reach as deep as the market fell: more than `steps` where the money
    does not reach for them.
    """

    gap: Decimal
    steps: int
    size: Decimal
    wanted: int
    unit: SizeUnit = SizeUnit.MONEY

    def settings(self) -> dict[str, str]:
        """Return what has to be set for it; the other form of a grid, bounds, is unset."""
        return {
            "GRID_GAP_PCT": f"{self.gap * HUNDRED:f}".rstrip("0").rstrip("."),
            "GRID_STEPS": str(self.steps),
            "ORDER_SIZE": f"{self.size:f}{'KRW' if self.unit is SizeUnit.MONEY else 'shares'}",
            "GRID_LOWER": "",
            "GRID_UPPER": "",
        }


def smallest_gap(instrument: Instrument, margin: Decimal = MARGIN) -> Decimal:
    """Return the smallest gap, in steps of 0.01 %, that earns a margin after the fees of both sides; ticks not seen."""
    kept = ONE - instrument.fees.rate(SELL)
    gap = _ROUGH.divide((ONE + instrument.fees.rate(BUY)) * (ONE + margin), kept) - ONE
    return max(gap.quantize(_GAP_UNIT, rounding=ROUND_CEILING), _GAP_UNIT)


def margin_of(cell: Cell, instrument: Instrument) -> Decimal:
    """Return what a cycle of a cell earns, as a fraction of the money that its buy takes."""
    return _ROUGH.divide(profit_of(cell, instrument), cell.buy_price * (ONE + instrument.fees.rate(BUY)))


def propose(base: GridSettings, instrument: Instrument, price: Decimal, past: Past, money: Decimal) -> Proposal:
    """Return a grid around `base` for some money; every cycle earns `MARGIN` at least, and all buys fit the money.

    Raises `GridRefused`, with the least money that would do, where it is too little.
    """
    fall = past.fall(price)
    unit, fitted = (SizeUnit.BASE, _in_shares) if instrument.whole_shares else (SizeUnit.MONEY, _with_gap)
    best: Proposal | None = None
    least: Decimal | None = None
    widest = ONE
    for gap in _gaps(instrument, past):
        wanted = _steps_down_to(fall, gap, base.spacing)
        found = fitted(replace(base, bounds=None, gap=gap), instrument, price, money, min(wanted, STEPS_MAX))
        if found is None:
            continue
        if gap > widest:
            break
        # The first gap that can be placed and pays is the one that fits; a wider one only stretches the money.
        widest = min(widest, gap * _WIDEST)
        if isinstance(found, Decimal):
            least = found if least is None else min(least, found)
            continue
        steps, size = found
        if best is None or steps * gap > best.steps * best.gap:
            best = Proposal(gap, steps, size, wanted, unit)
        if steps == wanted:
            break
    if best is not None:
        return best
    if least is None:
        raise GridRefused(reason("setup_no_grid", price=price, tick=instrument.ticks.at(price)))
    least = least.quantize(ONE, rounding=ROUND_CEILING)
    if instrument.whole_shares:
        raise GridRefused(reason("setup_money_under_a_share", money=money, least=least))
    raise GridRefused(reason("setup_money_too_little", money=money, least=least))


def _gaps(instrument: Instrument, past: Past) -> Iterator[Decimal]:
    """Yield gaps from the fitting one up, each somewhat wider: coarse ticks may ask for more than the fees do."""
    gap = max(smallest_gap(instrument), past.swing().quantize(_GAP_UNIT, rounding=ROUND_CEILING))
    while gap < GAP_MAX:
        yield gap
        gap = (gap * _WIDER).quantize(_GAP_UNIT, rounding=ROUND_CEILING)


def _steps_down_to(fall: Decimal, gap: Decimal, spacing: Spacing) -> int:
    """Return how many cells reach down by a factor."""
    if spacing is Spacing.ARITHMETIC:
        return max(int(_ROUGH.divide(ONE - _ROUGH.divide(ONE, fall), gap).to_integral_value(ROUND_CEILING)), 1)
    steps, reached = 0, ONE
    while reached < fall:
        steps, reached = steps + 1, _ROUGH.multiply(reached, ONE + gap)
    return steps


def _with_gap(
    base: GridSettings, instrument: Instrument, price: Decimal, money: Decimal, steps: int
) -> tuple[int, Decimal] | Decimal | None:
    """Return how many cells the money is enough for, and the size of each; else the money that one needs.

    None is a gap with which no cell can be placed, or some cell earns too little.
    """
    least: Decimal | None = None
    while steps > 0:
        tried = replace(base, steps=steps, size=OrderSize(instrument.notional_min * 2, SizeUnit.MONEY))
        cells = cells_of(tried, instrument, price)
        if unplaceable(cells, tried, instrument):
            steps -= 1
            continue
        if min(margin_of(cell, instrument) for cell in cells) < MARGIN:
            return None
        smallest = smallest_size(cells, tried, instrument)
        per_cell = smallest * (ONE + instrument.fees.rate(BUY))
        affordable = int(money // per_cell) - base.steps_above
        if affordable >= steps:
            return steps, _size(base, instrument, price, money, steps)
        least = per_cell * (1 + base.steps_above)
        steps = min(steps - 1, affordable)
    return least


def _in_shares(
    base: GridSettings, instrument: Instrument, price: Decimal, money: Decimal, steps: int
) -> tuple[int, Decimal] | Decimal | None:
    """Return how many cells of whole shares the money is enough for, and the shares of each; else as `_with_gap`."""
    least: Decimal | None = None
    for fewer in range(steps, 0, -1):
        tried = replace(base, steps=fewer, size=OrderSize(ONE, SizeUnit.BASE))
        cells = cells_of(tried, instrument, price)
        if unplaceable(cells, tried, instrument):
            continue
        if min(margin_of(cell, instrument) for cell in cells) < MARGIN:
            return None
        least = money_needed(cells, instrument)
        if least <= money:
            return fewer, money // least
    return least


def _size(base: GridSettings, instrument: Instrument, price: Decimal, money: Decimal, steps: int) -> Decimal:
    """Return the greatest round size with which all cells fit the money."""
    share = money // ((steps + base.steps_above) * (ONE + instrument.fees.rate(BUY)))
    unit = next((Decimal(unit) for unit in (10000, 1000, 100, 10) if share >= unit * 50), ONE)
    rounded = share // unit * unit
    sized = replace(base, steps=steps, size=OrderSize(rounded, SizeUnit.MONEY))
    fits = not unplaceable(cells_of(sized, instrument, price), sized, instrument)
    return rounded if fits else share


def cells_of(grid: GridSettings, instrument: Instrument, price: Decimal) -> tuple[Cell, ...]:
    """Return the cells of a grid that begins at a price, or at its own anchor where it has one."""
    anchor = grid.anchor or grid.trigger or price
    return make_cells(grid_lines(grid, anchor), grid, instrument, 0, anchor)
