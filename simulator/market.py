"""What the market does: prints in time order, made from candles of a file or drawn from a seed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from hashlib import sha256
from itertools import pairwise
from typing import TYPE_CHECKING, Protocol

from domain.clock import iso
from domain.exact import plain
from domain.market import Candle
from simulator.draws import below

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from domain.instrument import TickTable

PRINTS_PER_BAR = 4
_INTERVAL_OF_ONE_BAR = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Print:
    """One trade of the market; `jump`: the price did not pass what lies between the former print and this one."""

    at: datetime
    price: Decimal
    volume: Decimal
    jump: bool


@dataclass(frozen=True, slots=True)
class Commanded:
    """A print that came on command, behind so many of the market's own."""

    behind: int
    printed: Print


class Bars(Protocol):
    """Candles by number, oldest first, and the length of each."""

    interval: timedelta
    label: str
    """What the market is, in words that are compared when it is played on."""
    count: int | None
    """How many there are; none where there is no end."""

    def bar(self, index: int) -> Candle | None:
        """Return a candle; none behind the last."""
        ...

    def length(self, bar: Candle) -> timedelta:
        """Return how long one of them lasts."""
        ...


class RecordedBars:
    """Candles from a file; the smallest distance of two is the length of all."""

    def __init__(self, candles: Sequence[Candle], label: str) -> None:
        self._candles = candles
        self.label = label
        self.count: int | None = len(candles)
        distances = [later.at - earlier.at for earlier, later in pairwise(candles)]
        self.interval = min(distances, default=_INTERVAL_OF_ONE_BAR)

    def bar(self, index: int) -> Candle | None:
        """Return a candle; none behind the last."""
        return self._candles[index] if index < len(self._candles) else None

    def length(self, bar: Candle) -> timedelta:
        """Return how long a candle lasts: all are equally long."""
        del bar
        return self.interval


def recorded_label(candles: Sequence[Candle]) -> str:
    """Name a recorded market by its exact values: however a number was written, it is the same market."""
    digest = sha256()
    for candle in candles:
        numbers = (candle.open, candle.high, candle.low, candle.close, candle.volume)
        digest.update(f"{iso(candle.at)},{','.join(map(plain, numbers))}\n".encode())
    return f"recorded {digest.hexdigest()[:12]} bars={len(candles)}"


@dataclass(frozen=True, slots=True)
class Walk:
    """How a seeded market moves: hundredths of a percent around `centre`, drawn back to it."""

    seed: str
    centre: Decimal = Decimal(100_000_000)
    begins_at: datetime = datetime(2026, 1, 1, tzinfo=UTC)
    interval: timedelta = timedelta(minutes=5)
    move: int = 80
    wick: int = 20
    pull_pct: int = 2
    bars_max: int | None = None

    @property
    def label(self) -> str:
        """Name the market: what differs in one of these words is another one."""
        begin = self.begins_at.date().isoformat()
        return f"synthetic seed={self.seed} centre={plain(self.centre)} begins={begin} bars={self.bars_max}"


class SyntheticBars:
    """A market drawn from a seed: the same seed gives the same bars on every machine."""

    def __init__(self, walk: Walk, ticks: TickTable) -> None:
        self._walk = walk
        self._ticks = ticks
        self._bars: list[Candle] = []
        self.interval = walk.interval
        self.count = walk.bars_max
        self.label = walk.label

    def bar(self, index: int) -> Candle | None:
        """Return a candle; none behind the last where the walk has an end."""
        if self._walk.bars_max is not None and index >= self._walk.bars_max:
            return None
        while len(self._bars) <= index:
            self._bars.append(self._next())
        return self._bars[index]

    def length(self, bar: Candle) -> timedelta:
        """Return how long a candle lasts: all are equally long."""
        del bar
        return self.interval

    def begins_at(self, number: int) -> datetime:
        """Return when a candle begins."""
        return self._walk.begins_at + number * self._walk.interval

    def opened(self, number: int, before: Decimal) -> Decimal:
        """Return where a candle opens behind a close: where that one closed."""
        del number
        return before

    def volume(self, number: int) -> Decimal:
        """Return what is traded within a candle."""
        return Decimal(1 + below(40_000, self._walk.seed, number, "volume")) / 10_000

    def _next(self) -> Candle:
        walk, number = self._walk, len(self._bars)
        opened = self.opened(number, self._bars[-1].close) if self._bars else self._ticks.down(walk.centre)
        pull = (walk.centre - opened) / walk.centre * walk.pull_pct / 100
        steps = sum(below(2 * walk.move + 1, walk.seed, number, name) - walk.move for name in ("a", "b"))
        close = self._ticks.down(opened * (1 + pull + Decimal(steps) / 10_000))
        high = self._ticks.up(max(opened, close) * (1 + self._wick(number, "high")))
        low = self._ticks.down(min(opened, close) * (1 - self._wick(number, "low")))
        return Candle(self.begins_at(number), opened, high, low, close, self.volume(number))

    def _wick(self, number: int, name: str) -> Decimal:
        return Decimal(below(self._walk.wick + 1, self._walk.seed, number, name)) / 10_000


class Market:
    """The prints of a market by number: four a bar, at +0, T/4, T/2 and 3T/4.

    Open, low, high, close where the bar closes at or above its open, else open, high, low, close.
    """

    def __init__(self, bars: Bars) -> None:
        self._bars = bars
        self.label = bars.label
        self._changes: list[tuple[int, Callable[[Print], Print]]] = []

    def change_from(self, index: int, change: Callable[[Print], Print]) -> None:
        """Change every print from a number on: what is traded is no more what it was."""
        self._changes.append((index, change))

    def print_at(self, index: int) -> Print | None:
        """Return a print; none behind the last."""
        number, part = divmod(index, PRINTS_PER_BAR)
        bar = self._bars.bar(number)
        if bar is None:
            return None
        risen = bar.close >= bar.open
        price = (bar.open, bar.low, bar.high, bar.close) if risen else (bar.open, bar.high, bar.low, bar.close)
        at = bar.at + part * self._bars.length(bar) / PRINTS_PER_BAR
        printed = Print(at, price[part], bar.volume / PRINTS_PER_BAR, jump=part == 0)
        for begin, change in self._changes:
            if index >= begin:
                printed = change(printed)
        return printed

    def prints_left(self, played: int) -> int | None:
        """Count the prints not played yet; none where there is no end in sight."""
        return None if self._bars.count is None else self._bars.count * PRINTS_PER_BAR - played
