"""New York's calendar by the exchange's rules, against what it published."""

from datetime import UTC, date, datetime, timedelta

import pytest

from domain.session import SessionKind
from simulator.kis.hours import days_off, hours, plan_of, short_days

OFF = {
    2012: "01-02 01-16 02-20 04-06 05-28 07-04 09-03 11-22 12-25",
    2021: "01-01 01-18 02-15 04-02 05-31 07-05 09-06 11-25 12-24",
    2022: "01-17 02-21 04-15 05-30 06-20 07-04 09-05 11-24 12-26",
    2023: "01-02 01-16 02-20 04-07 05-29 06-19 07-04 09-04 11-23 12-25",
    2024: "01-01 01-15 02-19 03-29 05-27 06-19 07-04 09-02 11-28 12-25",
    2025: "01-01 01-20 02-17 04-18 05-26 06-19 07-04 09-01 11-27 12-25",
    2026: "01-01 01-19 02-16 04-03 05-25 06-19 07-03 09-07 11-26 12-25",
    2027: "01-01 01-18 02-15 03-26 05-31 06-18 07-05 09-06 11-25 12-24",
}
SHORT = {
    2002: "07-05 11-29 12-24",
    2021: "11-26",
    2022: "11-25",
    2023: "07-03 11-24",
    2024: "07-03 11-29 12-24",
    2025: "07-03 11-28 12-24",
    2026: "11-27 12-24",
    2027: "11-26",
    2028: "07-03 11-24",
}


@pytest.mark.parametrize("year", OFF)
def test_the_days_off_are_those_the_exchange_published(year: int) -> None:
    weekdays = {day for day in days_off(year) if day.weekday() < 5}

    assert weekdays == {date.fromisoformat(f"{year}-{day}") for day in OFF[year].split()}


@pytest.mark.parametrize("year", SHORT)
def test_the_short_days_are_those_the_exchange_published(year: int) -> None:
    assert short_days(year) == {date.fromisoformat(f"{year}-{day}") for day in SHORT[year].split()}


@pytest.mark.parametrize("day", ["2001-09-11", "2012-10-29", "2018-12-05", "2025-01-09", "2026-03-07"])
def test_single_days_and_weekends_are_closed(day: str) -> None:
    assert plan_of(date.fromisoformat(day)) == "closed"


def test_a_new_year_on_a_saturday_is_not_made_up_for() -> None:
    assert plan_of(date(2021, 12, 31)) == "full"


@pytest.mark.parametrize(
    ("day", "opens", "closes"),
    [
        ("2026-03-06", "14:30", "21:00"),
        ("2026-03-09", "13:30", "20:00"),
        ("2026-10-30", "13:30", "20:00"),
        ("2026-11-02", "14:30", "21:00"),
        ("2026-11-27", "14:30", "18:00"),
    ],
)
def test_the_regular_session_follows_new_yorks_clocks(day: str, opens: str, closes: str) -> None:
    session = hours().regular_on(date.fromisoformat(day))

    assert session is not None
    assert (f"{session.opens_at:%H:%M}", f"{session.closes_at:%H:%M}") == (opens, closes)


def test_the_brokers_sessions_stand_around_it_by_seouls_clocks() -> None:
    market = hours()

    def kinds(text: str) -> list[SessionKind]:
        at = datetime.fromisoformat(text).astimezone(UTC)
        return [session.kind for session in market.running(at)]

    assert kinds("2026-03-05T10:00:00+09:00") == [SessionKind.DAYTIME]
    assert kinds("2026-03-05T18:00:00+09:00") == [SessionKind.PRE]
    assert kinds("2026-07-07T17:00:00+09:00") == [SessionKind.DAYTIME, SessionKind.PRE]
    assert kinds("2026-03-06T06:30:00+09:00") == [SessionKind.AFTER]
    assert kinds("2026-03-06T07:00:00+09:00") == []


def test_what_is_set_goes_before_the_rules() -> None:
    market = hours({date(2026, 12, 25): "full", date(2026, 12, 28): "closed"})

    assert market.regular_on(date(2026, 12, 25)) is not None
    assert market.regular_on(date(2026, 12, 28)) is None


def test_a_year_has_about_252_days() -> None:
    days = [date(2026, 1, 1) + timedelta(days=number) for number in range(365)]

    assert sum(plan_of(day) != "closed" for day in days) == 251
