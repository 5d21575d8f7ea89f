"""When New York trades: the exchange's published rules of days off and short days, and the broker's sessions around."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import Literal
from zoneinfo import ZoneInfo

from domain.session import MarketHours, Session, SessionKind

NEW_YORK = ZoneInfo("America/New_York")
SEOUL = ZoneInfo("Asia/Seoul")

DayPlan = Literal["closed", "half", "full"]
Plans = Mapping[date, DayPlan]

_ONE_DAY = timedelta(days=1)
_OPEN, _CLOSE, _EARLY_CLOSE, _PRE = time(9, 30), time(16), time(13), time(4)
_DAYTIME = time(10), time(18)
_AFTER_ENDS = time(7)
_SATURDAY, _SUNDAY = 5, 6
_MONDAY, _THURSDAY = 0, 3
_JUNETEENTH_SINCE = 2022
_JULY_3_ALWAYS_SINCE = 2013

# Days that no rule tells: attacks, funerals, storms.
_CLOSED_ONCE = frozenset(
    date.fromisoformat(day)
    for day in (
        *("1994-04-27", "2001-09-11", "2001-09-12", "2001-09-13", "2001-09-14", "2004-06-11", "2007-01-02"),
        *("2012-10-29", "2012-10-30", "2018-12-05", "2025-01-09"),
    )
)
_SHORT_ONCE = frozenset({date(2003, 12, 26)})


@lru_cache(maxsize=256)
def days_off(year: int) -> frozenset[date]:
    """Return the holidays of a year on the days on which they are kept; a Saturday's New Year is not made up for."""
    fixed = [date(year, 7, 4), date(year, 12, 25)]
    if year >= _JUNETEENTH_SINCE:
        fixed.append(date(year, 6, 19))
    new_year = date(year, 1, 1)
    return frozenset(
        [
            *(_kept(day) for day in fixed),
            new_year + _ONE_DAY if new_year.weekday() == _SUNDAY else new_year,
            _nth(year, 1, _MONDAY, 3),
            _nth(year, 2, _MONDAY, 3),
            _easter(year) - 2 * _ONE_DAY,
            _last_monday_of_may(year),
            _nth(year, 9, _MONDAY, 1),
            _nth(year, 11, _THURSDAY, 4),
        ]
    )


@lru_cache(maxsize=256)
def short_days(year: int) -> frozenset[date]:
    """Return the days that end at 13:00: before Independence Day, after Thanksgiving, Christmas Eve."""
    july_4 = date(year, 7, 4)
    before = july_4 - _ONE_DAY
    if july_4.weekday() == _THURSDAY and year < _JULY_3_ALWAYS_SINCE:
        before = july_4 + _ONE_DAY
    days = {before, _nth(year, 11, _THURSDAY, 4) + _ONE_DAY, date(year, 12, 24)} | _SHORT_ONCE
    off = days_off(year)
    return frozenset(day for day in days if day.year == year and day.weekday() < _SATURDAY and day not in off)


def plan_of(day: date, plans: Plans | None = None) -> DayPlan:
    """Return how New York trades on a date; what is set apart goes before the rules."""
    if plans and day in plans:
        return plans[day]
    if day.weekday() >= _SATURDAY or day in days_off(day.year) or day in _CLOSED_ONCE:
        return "closed"
    return "half" if day in short_days(day.year) else "full"


def hours(plans: Plans | None = None) -> MarketHours:
    """Return the sessions as the broker offers them."""

    @lru_cache(maxsize=4096)
    def sessions_on(day: date) -> tuple[Session, ...]:
        plan = plan_of(day, plans)
        if plan == "closed":
            return ()
        opens, closes = _at(day, _OPEN, NEW_YORK), _at(day, _EARLY_CLOSE if plan == "half" else _CLOSE, NEW_YORK)
        return (
            Session(day, SessionKind.DAYTIME, _at(day, _DAYTIME[0], SEOUL), _at(day, _DAYTIME[1], SEOUL)),
            Session(day, SessionKind.PRE, _at(day, _PRE, NEW_YORK), opens),
            Session(day, SessionKind.REGULAR, opens, closes),
            Session(day, SessionKind.AFTER, closes, _at(day + _ONE_DAY, _AFTER_ENDS, SEOUL)),
        )

    return MarketHours(NEW_YORK, sessions_on)


def new_york_date(at: datetime) -> date:
    """Return the date in New York."""
    return at.astimezone(NEW_YORK).date()


def _at(day: date, at: time, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, at, zone).astimezone(UTC)


def _kept(day: date) -> date:
    """Move a holiday off the weekend, to the nearer weekday."""
    if day.weekday() == _SATURDAY:
        return day - _ONE_DAY
    return day + _ONE_DAY if day.weekday() == _SUNDAY else day


def _nth(year: int, month: int, weekday: int, count: int) -> date:
    first = date(year, month, 1)
    return first + timedelta(days=(weekday - first.weekday()) % 7 + 7 * (count - 1))


def _last_monday_of_may(year: int) -> date:
    last = date(year, 5, 31)
    return last - timedelta(days=last.weekday())


def _easter(year: int) -> date:
    """Return Easter Sunday, by the anonymous Gregorian reckoning."""
    golden = year % 19
    century, rest = divmod(year, 100)
    shift = (century - (century + 8) // 25 + 1) // 3
    moon = (19 * golden + century - century // 4 - shift + 15) % 30
    weekday = (32 + 2 * (century % 4) + 2 * (rest // 4) - moon - rest % 4) % 7
    late = (golden + 11 * moon + 22 * weekday) // 451
    month, day = divmod(moon + weekday - 7 * late + 114, 31)
    return date(year, month, day + 1)
