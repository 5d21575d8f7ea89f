"""When US shares trade: New York's sessions, and those that KIS adds by Korean time."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from domain.session import MarketHours, Session, SessionKind
from exchanges.us_days import CLOSED, EARLY

if TYPE_CHECKING:
    from collections.abc import Mapping

    from domain.session import DayPlan

_NEW_YORK = ZoneInfo("America/New_York")
_SEOUL = ZoneInfo("Asia/Seoul")

# Source: the hours and early closes that the exchange publishes (nyse.com, Holidays & Trading Hours), and the broker's
# sessions for US shares in its API documents (KIS Developers, edition of 2026-09-11).
PRE_OPENS = time(4)
OPENS = time(9, 30)
CLOSES = time(16)
_CLOSES_EARLY = time(13)
# Korean clocks, which know no summer time, tell when the broker's after-market ends and its daytime market runs.
_AFTER_ENDS = time(7)
_DAYTIME = (time(10), time(18))

_SATURDAY = 5
_ONE_DAY = timedelta(days=1)
_DAYS_KEPT = 64


def us_hours(overrides: Mapping[date, DayPlan] | None = None) -> MarketHours:
    """Return the hours of US shares; `overrides` go before the calendar, day by day of New York.

    Of a year that the calendar does not have, only the days in `overrides` are open.
    """
    plans = dict(overrides or {})

    @lru_cache(_DAYS_KEPT)
    def sessions_on(day: date) -> tuple[Session, ...]:
        closes = _closes_on(day, plans.get(day))
        return () if closes is None else _sessions(day, closes)

    return MarketHours(_NEW_YORK, sessions_on)


def _closes_on(day: date, plan: DayPlan | None) -> time | None:
    """Return when the regular session of a day ends; None on a day off, and where nobody knows."""
    if plan is not None:
        return (plan.closes or CLOSES) if plan.is_open else None
    if day.weekday() >= _SATURDAY or day.year not in CLOSED:
        return None
    of_year = day.isoformat().partition("-")[2]
    if of_year in CLOSED[day.year].split():
        return None
    return _CLOSES_EARLY if of_year in EARLY.get(day.year, "").split() else CLOSES


def _sessions(day: date, closes: time) -> tuple[Session, ...]:
    opens_at, closes_at = _at(day, OPENS, _NEW_YORK), _at(day, closes, _NEW_YORK)
    begins, ends = _DAYTIME
    return (
        Session(day, SessionKind.DAYTIME, _at(day, begins, _SEOUL), _at(day, ends, _SEOUL)),
        Session(day, SessionKind.PRE, _at(day, PRE_OPENS, _NEW_YORK), opens_at),
        Session(day, SessionKind.REGULAR, opens_at, closes_at),
        Session(day, SessionKind.AFTER, closes_at, _at(day + _ONE_DAY, _AFTER_ENDS, _SEOUL)),
    )


def _at(day: date, hour: time, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, hour, tzinfo=zone).astimezone(UTC)
