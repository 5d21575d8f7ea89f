"""When US shares trade: each minute against a calendar that others keep, by Korean clocks, and as the owner says."""

from __future__ import annotations

import warnings
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import exchange_calendars
import numpy as np
import pytest

from domain.session import DayPlan, MarketHours, SessionKind
from exchanges.kis.rules import RULES
from exchanges.us_days import CLOSED, EARLY
from exchanges.us_hours import us_hours

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

KOREA, NEW_YORK = ZoneInfo("Asia/Seoul"), ZoneInfo("America/New_York")
HOURS = us_hours()
MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)
Opening = tuple[datetime, datetime]

DECIDED: dict[date, str] = {}
"""Days on which the two calendars differ, and why ours is right: none in 29 years, nor on 2025-01-09 (mourning)."""


def days(first: date, last: date) -> Iterator[date]:
    return (first + n * DAY for n in range((last - first).days + 1))


def by_the_oracle(first: date, last: date) -> dict[date, Opening]:
    """Return the sessions of somebody else's calendar by their date: opening and first moment after, in UTC."""
    with warnings.catch_warnings():
        # It asks its table in a way that the newest pandas discourages.
        warnings.simplefilter("ignore")
        calendar = exchange_calendars.get_calendar("XNYS", start=first.isoformat(), end=last.isoformat())
    rows = zip(calendar.opens.index, calendar.opens, calendar.closes, strict=True)
    return {day.date(): (opens.to_pydatetime(), closes.to_pydatetime()) for day, opens, closes in rows}


def by_our_rules(first: date, last: date) -> dict[date, Opening]:
    regular = (HOURS.regular_on(day) for day in days(first, last))
    return {session.day: (session.opens_at, session.closes_at) for session in regular if session is not None}


def minute_by_minute(sessions: Sequence[Opening], begin: datetime, count: int) -> tuple[list[bool], list[int]]:
    """Tell of each minute whether the market is open in it, and which minute the next opening after it is."""
    opens = np.array([(at - begin) // MINUTE for at, _ in sessions])
    closes = np.array([(at - begin) // MINUTE for _, at in sessions])
    minutes = np.arange(count)
    following = np.searchsorted(opens, minutes, side="right")
    is_open = minutes < np.where(following > 0, closes[following - 1], -1)
    return is_open.tolist(), opens[following].tolist()


def test_every_minute_of_three_years_is_as_the_oracle_has_it() -> None:
    begin, end = datetime(2025, 1, 1, tzinfo=UTC), datetime(2028, 1, 1, tzinfo=UTC)
    count = (end - begin) // MINUTE
    first, last = date(2024, 12, 20), date(2028, 1, 20)
    theirs = minute_by_minute(list(by_the_oracle(first, last).values()), begin, count)
    is_open, next_open = theirs

    assert minute_by_minute(list(by_our_rules(first, last).values()), begin, count) == theirs
    assert count == 1_576_800
    assert 290_000 < sum(is_open) < 295_000
    # The questions themselves: around every change of the answer, and at every 37th minute between.
    turns = {n + near for n in range(1, count) if is_open[n] != is_open[n - 1] for near in (-2, -1, 0, 1)}
    for n in sorted(turns | set(range(0, count, 37))):
        at = begin + n * MINUTE
        following = HOURS.next_regular(at)
        assert (HOURS.regular_at(at) is not None) == is_open[n], at
        assert following is not None, at
        assert following.opens_at == begin + next_open[n] * MINUTE, at


def test_every_day_that_the_calendar_knows_is_as_the_oracle_has_it() -> None:
    first, last = date(min(CLOSED), 1, 1), date(max(CLOSED), 12, 31)
    ours, theirs = by_our_rules(first, last), by_the_oracle(first, last)

    differing = {day for day in ours.keys() | theirs.keys() if ours.get(day) != theirs.get(day)}

    assert differing == set(DECIDED)
    assert len(theirs) > 7000


OPENINGS = [
    # Summer time begins on 2026-03-08 and ends on 2026-11-01, in New York alone.
    ("2026-03-05", "23:30", "06:00", 390),
    ("2026-03-06", "23:30", "06:00", 390),
    ("2026-03-09", "22:30", "05:00", 390),
    ("2026-07-02", "22:30", "05:00", 390),
    ("2026-10-30", "22:30", "05:00", 390),
    ("2026-11-02", "23:30", "06:00", 390),
    ("2026-11-27", "23:30", "03:00", 210),
    ("2026-12-24", "23:30", "03:00", 210),
    ("2025-07-03", "22:30", "02:00", 210),
    ("2027-12-31", "23:30", "06:00", 390),
]


@pytest.mark.parametrize(("day", "opens", "closes", "minutes"), OPENINGS)
def test_korean_clocks_show_when_new_york_trades(day: str, opens: str, closes: str, minutes: int) -> None:
    session = HOURS.regular_on(date.fromisoformat(day))

    assert session is not None
    told = [f"{at.astimezone(KOREA):%Y-%m-%d %H:%M:%S}" for at in (session.opens_at, session.closes_at)]
    assert told == [f"{day} {opens}:00", f"{date.fromisoformat(day) + DAY} {closes}:00"]
    assert (session.closes_at - session.opens_at) // MINUTE == minutes


@pytest.mark.parametrize(
    "day",
    ["2025-01-09", "2026-01-01", "2026-04-03", "2026-07-03", "2026-11-26", "2026-12-25", "2026-11-21", "2026-11-22"],
)
def test_on_a_day_off_nothing_is_open(day: str) -> None:
    assert HOURS.sessions_on(date.fromisoformat(day)) == ()


def at_in(zone: ZoneInfo, text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=zone)


def test_korean_midnight_falls_into_the_session_of_the_evening_before() -> None:
    session = HOURS.regular_at(at_in(KOREA, "2026-11-24 00:00"))

    assert session is not None
    assert session.day == date(2026, 11, 23)
    assert HOURS.date_of(at_in(KOREA, "2026-11-24 00:00")) == session.day


def test_the_weekend_is_new_yorks() -> None:
    # Korea's Saturday before dawn is New York's Friday; Korea's Monday morning is New York's Sunday.
    assert HOURS.regular_at(at_in(KOREA, "2026-11-21 05:59")) is not None
    assert HOURS.regular_at(at_in(KOREA, "2026-11-21 06:00")) is None
    assert HOURS.regular_at(at_in(KOREA, "2026-11-23 02:00")) is None
    monday = HOURS.next_regular(at_in(KOREA, "2026-11-21 06:00"))
    assert monday is not None
    assert monday.opens_at == at_in(KOREA, "2026-11-23 23:30")


def test_no_hour_is_off_by_the_minutes_of_an_old_mean_time() -> None:
    # A zone handed to a library that wants it bound first is 4 min 2 s (New York) or 8 min (Seoul) off.
    edges = {
        (at.minute, at.second, at.microsecond)
        for day in days(date(2025, 1, 1), date(2027, 12, 31))
        for session in HOURS.sessions_on(day)
        for at in (session.opens_at, session.closes_at)
    }

    assert edges == {(0, 0, 0), (30, 0, 0)}


SUMMER = {
    SessionKind.DAYTIME: ("07-01 10:00", "07-01 18:00"),
    SessionKind.PRE: ("07-01 17:00", "07-01 22:30"),
    SessionKind.REGULAR: ("07-01 22:30", "07-02 05:00"),
    SessionKind.AFTER: ("07-02 05:00", "07-02 07:00"),
}
WINTER = {
    SessionKind.DAYTIME: ("12-01 10:00", "12-01 18:00"),
    SessionKind.PRE: ("12-01 18:00", "12-01 23:30"),
    SessionKind.REGULAR: ("12-01 23:30", "12-02 06:00"),
    SessionKind.AFTER: ("12-02 06:00", "12-02 07:00"),
}


@pytest.mark.parametrize(("day", "told"), [(date(2026, 7, 1), SUMMER), (date(2026, 12, 1), WINTER)])
def test_a_day_has_the_four_sessions_of_the_broker(day: date, told: dict[SessionKind, tuple[str, str]]) -> None:
    sessions = HOURS.sessions_on(day)

    assert {
        each.kind: tuple(f"{at.astimezone(KOREA):%m-%d %H:%M}" for at in (each.opens_at, each.closes_at))
        for each in sessions
    } == told
    assert [each.kind for each in sessions] == list(told)


def test_in_summer_two_sessions_run_at_once_and_after_the_last_none_does() -> None:
    def running(text: str) -> list[SessionKind]:
        return [each.kind for each in HOURS.running(at_in(KOREA, text))]

    assert running("2026-07-01 17:30") == [SessionKind.DAYTIME, SessionKind.PRE]
    assert running("2026-12-01 17:30") == [SessionKind.DAYTIME]
    assert running("2026-07-02 06:59") == [SessionKind.AFTER]
    assert running("2026-07-02 07:00") == []


def test_what_nobody_has_told_yet_is_not_traded() -> None:
    past, beyond = date(min(CLOSED) - 1, 6, 1), date(max(CLOSED) + 1, 6, 1)

    assert CLOSED.keys() == EARLY.keys() == set(range(min(CLOSED), max(CLOSED) + 1))
    assert (HOURS.sessions_on(past), HOURS.sessions_on(beyond)) == ((), ())
    assert HOURS.next_regular(datetime(max(CLOSED), 12, 31, tzinfo=UTC)) is None
    # Every hour in between has a next opening: no gap of 30 days.
    assert HOURS.next_regular(datetime(max(CLOSED), 12, 20, tzinfo=UTC)) is not None


def test_what_the_owner_says_of_a_day_goes_before_the_calendar() -> None:
    wednesday, thanksgiving, friday, far = date(2026, 11, 25), date(2026, 11, 26), date(2026, 11, 27), date(2031, 6, 3)
    hours = us_hours(
        {
            wednesday: DayPlan(is_open=False),
            thanksgiving: DayPlan(is_open=True, closes=time(13)),
            friday: DayPlan(is_open=True),
            far: DayPlan(is_open=True),
        }
    )

    def closes(day: date) -> str | None:
        session = hours.regular_on(day)
        return None if session is None else f"{session.closes_at.astimezone(NEW_YORK):%H:%M}"

    assert [closes(day) for day in (wednesday, thanksgiving, friday, far)] == [None, "13:00", "16:00", "16:00"]
    assert hours.sessions_on(wednesday) == ()
    following = hours.next_regular(at_in(KOREA, "2026-11-25 12:00"))
    assert following is not None
    assert following.day == thanksgiving
    assert [closes(day) for day in days(date(2026, 11, 30), date(2026, 12, 4))] == ["16:00"] * 5


def test_a_day_is_over_when_its_session_has_closed_and_a_day_off_at_its_end() -> None:
    half, off = date(2026, 11, 27), date(2026, 11, 26)

    assert not HOURS.is_over(half, at_in(NEW_YORK, "2026-11-27 12:59"))
    assert HOURS.is_over(half, at_in(NEW_YORK, "2026-11-27 13:00"))
    assert not HOURS.is_over(off, at_in(NEW_YORK, "2026-11-26 23:59"))
    assert HOURS.is_over(off, at_in(NEW_YORK, "2026-11-27 00:00"))


def test_kis_trades_in_these_hours() -> None:
    assert isinstance(RULES.sessions, MarketHours)
    assert RULES.sessions.regular_on(date(2026, 11, 27)) == HOURS.regular_on(date(2026, 11, 27))
