"""When a market trades: on which of its days a moment falls, which session runs, when the next one opens."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import tzinfo

_ONE_DAY = timedelta(days=1)
_LOOK_AHEAD = 30
"""Days; no market of ours is closed for longer, so one that is has been set so by mistake."""


class SessionKind(StrEnum):
    """The parts of a market's day; the bot trades in the regular one alone."""

    DAYTIME = "daytime"
    PRE = "pre"
    REGULAR = "regular"
    AFTER = "after"


@dataclass(frozen=True, slots=True)
class Session:
    """One session of one of the market's own days, in UTC; `closes_at` is the first moment after it."""

    day: date
    kind: SessionKind
    opens_at: datetime
    closes_at: datetime

    def holds(self, at: datetime) -> bool:
        """Whether a moment falls into it."""
        return self.opens_at <= at < self.closes_at


@dataclass(frozen=True, slots=True)
class DayPlan:
    """What somebody says of one day: off, or open until `closes` of the market's own time (None: as usual)."""

    is_open: bool
    closes: time | None = None


@dataclass(frozen=True, slots=True)
class SessionRule:
    """How days are told apart: by the date in the market's own time zone."""

    zone: tzinfo

    def date_of(self, at: datetime) -> date:
        """Return the market's local date at that moment."""
        return at.astimezone(self.zone).date()

    def midnight_of(self, day: date) -> datetime:
        """Return when a date begins in the market's own time zone, in UTC."""
        return datetime.combine(day, time(), tzinfo=self.zone).astimezone(UTC)


@dataclass(frozen=True, slots=True)
class MarketHours(SessionRule):
    """The sessions of a market that closes; `sessions_on` gives those of one of its days, in the order of their begin.

    A day off has none. Where what is known ends, nothing is known to be open.
    """

    sessions_on: Callable[[date], tuple[Session, ...]]

    def regular_on(self, day: date) -> Session | None:
        """Return the regular session of a date; None on a day off."""
        return next((each for each in self.sessions_on(day) if each.kind is SessionKind.REGULAR), None)

    def regular_at(self, at: datetime) -> Session | None:
        """Return the regular session that runs at a moment; None while there is none."""
        session = self.regular_on(self.date_of(at))
        return session if session is not None and session.holds(at) else None

    def running(self, at: datetime) -> tuple[Session, ...]:
        """Return every session that runs at a moment; two may overlap."""
        today = self.date_of(at)
        days = (today - _ONE_DAY, today, today + _ONE_DAY)
        return tuple(each for day in days for each in self.sessions_on(day) if each.holds(at))

    def next_regular(self, at: datetime) -> Session | None:
        """Return the first regular session that opens after a moment; None where none does within 30 days."""
        today = self.date_of(at)
        days = (today + ahead * _ONE_DAY for ahead in range(_LOOK_AHEAD + 1))
        sessions = (self.regular_on(day) for day in days)
        return next((each for each in sessions if each is not None and each.opens_at > at), None)

    def is_over(self, day: date, at: datetime) -> bool:
        """Whether the regular session of a date has closed; on a day off as soon as the date has passed."""
        session = self.regular_on(day)
        return at >= session.closes_at if session is not None else self.date_of(at) > day
