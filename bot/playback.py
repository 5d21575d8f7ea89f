"""A run on recorded candles: bar by bar through the same loop, skipping the bars in which nothing can happen."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from itertools import pairwise
from typing import TYPE_CHECKING, Protocol

from domain.events import CandleClosed, FillReported, OrderEnded, SessionClosed, SessionOpened
from domain.order import OrderState
from domain.reason import reason

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import date

    from bot.clock import PlaybackClock
    from bot.loop import Loop
    from bot.marks import Marks
    from domain.market import Candle
    from domain.session import SessionRule
    from exchanges.paper import PaperExchange

Bounds = tuple[Decimal, Decimal] | None

_NOTHING = (Decimal("Infinity"), Decimal(0))
"""No bar lies between these."""


class Progress(Protocol):
    """Is told how far the run is."""

    def __call__(self, bars: int, candle: Candle) -> None:
        """Take note of the number of bars played and the last of them."""
        ...


@dataclass(slots=True)
class Playback:
    """Plays candles for one symbol; `quiet` tells between which prices the grid need not be asked."""

    loop: Loop
    paper: PaperExchange
    clock: PlaybackClock
    symbol: str
    sessions: SessionRule | None
    quiet: Callable[[], Bounds]
    progress: Progress
    stopped: Callable[[], bool]
    marks: Marks | None = None

    def run(self, candles: Sequence[Candle]) -> None:
        """Play all candles, oldest first; ends early when asked to stop."""
        if self.marks is not None and candles:
            self.marks.keep_until(candles[-1].at)
        if self.sessions is None:
            self._run_round_the_clock(candles)
        else:
            self._run_in_sessions(candles, self.sessions)

    def _run_round_the_clock(self, candles: Sequence[Candle]) -> None:
        low, high = _NOTHING
        last = len(candles) - 1
        played = ended = 0
        for index, candle in enumerate(candles):
            if low < candle.low and candle.high < high and index < last:
                continue
            if self.stopped():
                break
            self._mark(candles, played, index, (low, high))
            played, ended = index, index + 1
            self._begin(index, candle)
            self._trade(candle)
            self._close(candle)
            low, high = self.quiet() or _NOTHING
        self._mark(candles, played, ended, _NOTHING)

    def _run_in_sessions(self, candles: Sequence[Candle], rule: SessionRule) -> None:
        days = [rule.date_of(candle.at) for candle in candles]
        # Where no day has two bars, a bar is a whole session, and its orders are placed at the close before it.
        daily = all(day != following for day, following in pairwise(days))
        quiet: Bounds = None
        played = ended = 0
        for index, candle in enumerate(candles):
            opens = index == 0 or days[index - 1] != days[index]
            coming = days[index + 1] if index + 1 < len(days) else None
            ends = coming is not None and coming != days[index]
            edge = opens or ends or coming is None
            if quiet is not None and quiet[0] < candle.low and candle.high < quiet[1] and not edge:
                continue
            if self.stopped():
                break
            self._mark(candles, played, index, quiet or _NOTHING)
            played, ended = index, index + 1
            self._begin(index, candle)
            if opens and not daily:
                self.loop.handle(SessionOpened(self.symbol, days[index], candle.at))
            self._trade(candle)
            if ends:
                self._end_session(days[index], candle)
            if coming is not None and daily:
                self.loop.handle(SessionOpened(self.symbol, coming, candle.at))
            self._close(candle)
            quiet = self.quiet()
        self._mark(candles, played, ended, _NOTHING)

    def _mark(self, candles: Sequence[Candle], played: int, end: int, quiet: tuple[Decimal, Decimal]) -> None:
        """Mark the bar played last, and the quiet ones after it: the book has not changed since."""
        if self.marks is not None and played < end:
            self.marks.bars(candles, played, end, self.loop.state.strategies[self.symbol].book, quiet)

    def _begin(self, index: int, candle: Candle) -> None:
        self.clock.set(candle.at)
        self.progress(index + 1, candle)

    def _trade(self, candle: Candle) -> None:
        for execution in self.paper.play(candle):
            self.loop.handle(FillReported(execution.client_order_id or "", execution.fill, candle.at))

    def _end_session(self, day: date, candle: Candle) -> None:
        self.loop.handle(SessionClosed(self.symbol, day, candle.at))
        for order in self.paper.end_session():
            why = reason("session_over", session=day.isoformat())
            self.loop.handle(OrderEnded(order.client_order_id or "", OrderState.EXPIRED, why, candle.at))

    def _close(self, candle: Candle) -> None:
        self.loop.handle(CandleClosed(self.symbol, candle, candle.at))
        self.loop.drain()
