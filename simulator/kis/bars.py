"""The market's bars, inside regular sessions only: recorded ones are filtered, drawn ones laid into the sessions."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from itertools import pairwise
from typing import TYPE_CHECKING

from simulator.draws import below
from simulator.kis.hours import hours
from simulator.kis.rules import TICKS
from simulator.market import PRINTS_PER_BAR, RecordedBars, SyntheticBars, Walk

if TYPE_CHECKING:
    from collections.abc import Sequence

    from domain.market import Candle
    from domain.session import Session

CENTRE = Decimal(80)
BEGINS = date(2026, 1, 1)
_INTERVAL = timedelta(minutes=5)
_ONE_DAY = timedelta(days=1)
_DAILY = timedelta(hours=20)
"""Bars this far apart are days: each becomes the whole session of its date."""
_GAP = 200
"""Hundredths of a percent between a close and the next open, at most."""
_HOURS = hours()


def us_walk(begins: date = BEGINS, bars: int | None = None, *, seed: str = "1", centre: Decimal = CENTRE) -> Walk:
    """Return the market drawn from a seed; its `label` is the name under which it is played."""
    return Walk(seed, centre, datetime.combine(begins, time(), UTC), bars_max=bars)


def synthetic_bars_in(begins: date, days: int) -> int:
    """Count the five-minute bars of so many calendar days."""
    return sum(_bars_of(begins + ahead * _ONE_DAY) for ahead in range(days))


def synthetic_begins_at(begins: date) -> datetime:
    """Return the time of the first drawn bar: the first opening from a date on."""
    day = begins
    while (session := _HOURS.regular_on(day)) is None:
        day += _ONE_DAY
    return session.opens_at


def in_sessions(candles: Sequence[Candle]) -> tuple[Candle, ...]:
    """Keep the bars that begin in a regular session; daily ones begin with the session of their UTC date."""
    distances = [later.at - earlier.at for earlier, later in pairwise(candles)]
    alone = len(candles) == 1 and _HOURS.regular_at(candles[0].at) is None
    if alone or min(distances, default=timedelta()) >= _DAILY:
        sessions = (_HOURS.regular_on(candle.at.astimezone(UTC).date()) for candle in candles)
        dated = zip(candles, sessions, strict=True)
        return tuple(replace(candle, at=session.opens_at) for candle, session in dated if session is not None)
    return tuple(candle for candle in candles if _HOURS.regular_at(candle.at) is not None)


class RecordedSessions(RecordedBars):
    """Recorded bars of whole shares; none lasts beyond its session."""

    def __init__(self, candles: Sequence[Candle], label: str) -> None:
        super().__init__([replace(candle, volume=_whole(candle.volume)) for candle in candles], label)

    def length(self, bar: Candle) -> timedelta:
        """Return how long a bar lasts: its session ends it."""
        session = _HOURS.regular_at(bar.at)
        return self.interval if session is None else min(self.interval, session.closes_at - bar.at)


class SyntheticSessions(SyntheticBars):
    """A market drawn from a seed whose bars lie in the sessions one after another, with a gap over night."""

    def __init__(self, walk: Walk) -> None:
        super().__init__(walk, TICKS)
        self._walked = walk
        self._sessions: list[Session] = []
        self._first: list[int] = []
        self._counted = 0
        self._day = walk.begins_at.astimezone(UTC).date()

    def begins_at(self, number: int) -> datetime:
        """Return when a bar begins."""
        while self._counted <= number:
            if (session := _HOURS.regular_on(self._day)) is not None:
                self._sessions.append(session)
                self._first.append(self._counted)
                self._counted += _bars_of(self._day)
            self._day += _ONE_DAY
        place = bisect_right(self._first, number) - 1
        return self._sessions[place].opens_at + (number - self._first[place]) * _INTERVAL

    def opened(self, number: int, before: Decimal) -> Decimal:
        """Return where a bar opens: after a night somewhere near the former close."""
        begins_at = self.begins_at(number)
        session = _HOURS.regular_at(begins_at)
        if session is None or session.opens_at != begins_at:
            return before
        gap = below(2 * _GAP + 1, self._walked.seed, number, "gap") - _GAP
        return TICKS.up(before * (1 + Decimal(gap) / 10_000))

    def volume(self, number: int) -> Decimal:
        """Return what is traded within a bar: whole shares, evenly over its prints."""
        return Decimal(PRINTS_PER_BAR * (1 + below(40_000, self._walked.seed, number, "volume")))


def _bars_of(day: date) -> int:
    session = _HOURS.regular_on(day)
    return 0 if session is None else (session.closes_at - session.opens_at) // _INTERVAL


def _whole(volume: Decimal) -> Decimal:
    """Round down to what its prints can share in whole shares."""
    return volume // PRINTS_PER_BAR * PRINTS_PER_BAR
