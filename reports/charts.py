"""Where the lines of a chart run, in ten-thousandths of its box; the templates draw them, at any width."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from domain.exact import ONE, ZERO
from domain.instrument import Side
from reports.formulas import falls, ratio

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from domain.mark import Mark
    from reports.history import DayShown
    from reports.statement import Course, Statement

BOX = 10_000
_MARGIN = Decimal("0.04")
_STEPS = (Decimal(1), Decimal(2), Decimal("2.5"), Decimal(5), Decimal(10))
_TICKS = 4
_TIMES = 5
_DECIMALS_MAX = 12


@dataclass(frozen=True, slots=True)
class Tick:
    """A value beside its axis, `at` from the top, and how many decimals the values of this axis need."""

    at: int
    value: Decimal
    decimals: int


@dataclass(frozen=True, slots=True)
class Moment:
    """A time under its axis, `at` from the left."""

    at: int
    value: datetime


@dataclass(frozen=True, slots=True)
class Curves:
    """One or two lines over time; `base` is where they began, `second` is empty where there is none."""

    first: str
    second: str
    base: int | None
    ticks: tuple[Tick, ...]
    moments: tuple[Moment, ...]


@dataclass(frozen=True, slots=True)
class PriceChart:
    """Candles with the grid, the fills and the orders that rest; every text is a path."""

    rising: str
    falling: str
    wicks: str
    grid: str
    buys: str
    sells: str
    resting_buys: str
    resting_sells: str
    last: int | None
    ticks: tuple[Tick, ...]
    moments: tuple[Moment, ...]


@dataclass(frozen=True, slots=True)
class Bar:
    """One day: a bar from `top` of this `height`, and where its Matched stands."""

    day: DayShown
    left: int
    width: int
    top: int
    height: int
    matched: int


@dataclass(frozen=True, slots=True)
class DayBars:
    """A bar for each day, oldest first; `zero` is the height of nothing."""

    bars: tuple[Bar, ...]
    zero: int
    ticks: tuple[Tick, ...]

    @property
    def named(self) -> tuple[Bar, ...]:
        """Return the bars under which their day is written."""
        return tuple(self.bars[i] for i in _spread(len(self.bars)))


@dataclass(frozen=True, slots=True)
class _Scale:
    """From values to places, counted from the top."""

    low: Decimal
    high: Decimal
    factor: Decimal

    @classmethod
    def over(cls, values: Iterable[Decimal]) -> _Scale:
        """Leave a little air above and below."""
        known = list(values)
        low, high = min(known), max(known)
        air = (high - low) * _MARGIN or abs(high) * _MARGIN or ONE
        low, high = low - air, high + air
        return cls(low, high, ratio(Decimal(BOX), high - low) or ONE)

    def y(self, value: Decimal) -> int:
        """Return the place of a value."""
        return int((self.high - value) * self.factor)

    def has(self, value: Decimal) -> bool:
        """Whether a value stands in the box."""
        return self.low <= value <= self.high

    def ticks(self) -> tuple[Tick, ...]:
        """Return a few round values that stand in the box."""
        rough = (self.high - self.low) / _TICKS
        unit = ONE.scaleb(rough.adjusted())
        step = next(unit * size for size in _STEPS if unit * size >= rough)
        decimals = min(_DECIMALS_MAX, max(0, -int(step.normalize().as_tuple().exponent)))
        value = (self.low / step).to_integral_value(rounding="ROUND_CEILING") * step
        ticks = []
        while value <= self.high:
            ticks.append(Tick(self.y(value), value, decimals))
            value += step
        return tuple(ticks)


def equity_chart(course: Course) -> Curves | None:
    """Draw the grid's capital with Total against the same capital held in the coin; Total alone without a capital.

    None before the first price.
    """
    if not course.whole:
        return None
    base = course.start or ZERO
    own = [base + mark.total for mark in course.whole]
    other: list[Decimal] = []
    if course.start and course.first is not None:
        coins = ratio(course.start, course.first) or ZERO
        other = [coins * mark.close for mark in course.whole]
    scale = _Scale.over([*own, *other, base])
    return Curves(_line(own, scale), _line(other, scale), scale.y(base), scale.ticks(), _moments(course.whole))


def drawdown_chart(course: Course) -> Curves | None:
    """Draw how far Total is below its peak; None before the first price."""
    if not course.whole:
        return None
    fallen = list(falls(mark.total for mark in course.whole))
    scale = _Scale.over([*fallen, ZERO])
    zero = scale.y(ZERO)
    line = _line(fallen, scale)
    area = f"{line}V{zero}H{_x(0, len(fallen))}Z"
    return Curves(line, area, zero, scale.ticks(), _moments(course.whole))


def price_chart(statement: Statement) -> PriceChart | None:
    """Draw the prices with everything that the grid did and waits for; None before the first price."""
    marks = statement.course.recent
    if not marks:
        return None
    last = statement.snapshot.last
    resting = {side: [r.order.price for r in statement.orders if r.order.side is side] for side in Side}
    near = [max(resting[Side.BUY], default=None), min(resting[Side.SELL], default=None), last]
    scale = _Scale.over(
        [mark.high for mark in marks] + [mark.low for mark in marks] + [price for price in near if price is not None]
    )
    fills = statement.course.fills
    begins = [mark.at for mark in marks]
    dots = {
        side: "".join(
            f"M{_x(bisect_right(begins, record.fill.at) - 1, len(marks))} {scale.y(record.fill.price)}h0"
            for record in fills
            if record.side is side
        )
        for side in Side
    }
    return PriceChart(
        rising=_bodies(marks, scale, rising=True),
        falling=_bodies(marks, scale, rising=False),
        wicks="".join(f"M{_x(i, len(marks))} {scale.y(mark.high)}V{scale.y(mark.low)}" for i, mark in enumerate(marks)),
        grid=_across(statement.snapshot.lines, scale, 0),
        buys=dots[Side.BUY],
        sells=dots[Side.SELL],
        resting_buys=_across(resting[Side.BUY], scale, BOX * 9 // 10),
        resting_sells=_across(resting[Side.SELL], scale, BOX * 9 // 10),
        last=None if last is None else scale.y(last),
        ticks=scale.ticks(),
        moments=_moments(marks),
    )


def day_bars(days: Sequence[DayShown]) -> DayBars | None:
    """Draw what each day brought, by Total where it is known, and its Matched; None without a day."""
    if not days:
        return None
    oldest_first = list(reversed(days))
    values = [day.matched if day.change is None else day.change for day in oldest_first]
    scale = _Scale.over([*values, *(day.matched for day in oldest_first), ZERO])
    zero, count = scale.y(ZERO), len(values)
    width = BOX * 64 // (100 * max(count, 8))
    bars = []
    for i, (day, value) in enumerate(zip(oldest_first, values, strict=True)):
        top, bottom = sorted((zero, scale.y(value)))
        bars.append(Bar(day, _x(i, count) - width // 2, width, top, bottom - top, scale.y(day.matched)))
    return DayBars(tuple(bars), zero, scale.ticks())


def _x(i: int, count: int) -> int:
    return (2 * i + 1) * BOX // (2 * count)


def _line(values: Sequence[Decimal], scale: _Scale) -> str:
    count = len(values)
    if count == 1:
        return f"M0 {scale.y(values[0])}H{BOX}"
    return "M" + "L".join(f"{_x(i, count)} {scale.y(value)}" for i, value in enumerate(values)) if values else ""


def _bodies(marks: Sequence[Mark], scale: _Scale, *, rising: bool) -> str:
    count = len(marks)
    half = BOX * 7 // (20 * max(count, 12))
    parts = []
    for i, mark in enumerate(marks):
        if (mark.close >= mark.open) is rising:
            x, top, bottom = _x(i, count), scale.y(max(mark.open, mark.close)), scale.y(min(mark.open, mark.close))
            parts.append(f"M{x - half} {top}H{x + half}V{bottom}H{x - half}Z")
    return "".join(parts)


def _across(prices: Iterable[Decimal], scale: _Scale, begin: int) -> str:
    return "".join(f"M{begin} {scale.y(price)}H{BOX}" for price in prices if scale.has(price))


def _moments(marks: Sequence[Mark]) -> tuple[Moment, ...]:
    count = len(marks)
    return tuple(Moment(_x(i, count), marks[i].at) for i in _spread(count))


def _spread(count: int) -> list[int]:
    """Choose a few places of a row, evenly."""
    return sorted({(2 * i + 1) * count // (2 * _TIMES) for i in range(_TIMES)})
