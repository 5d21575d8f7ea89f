"""MARKET_DAYS: single days on which the owner knows better than the calendar."""

from __future__ import annotations

from datetime import date, datetime, time
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest

from bot.demo.folder import shaping
from bot.sources import load_settings
from bot.wiring.parts import hours_of
from domain.errors import SetupError
from domain.session import DayPlan
from reports.wording import LANGUAGES, Wording

if TYPE_CHECKING:
    from bot.settings import Settings

NEW_YORK = ZoneInfo("America/New_York")
THREE = "2026-12-24=13:00, 2026-11-27=closed,2027-01-04=open"


def kis(days: str) -> Settings:
    return load_settings(overrides={"EXCHANGE": "KIS", "MARKET_DAYS": days})


def test_days_are_understood_however_they_are_written() -> None:
    settings = kis(THREE)

    assert settings.day_plans == {
        date(2026, 11, 27): DayPlan(is_open=False),
        date(2026, 12, 24): DayPlan(is_open=True, closes=time(13)),
        date(2027, 1, 4): DayPlan(is_open=True),
    }
    assert settings.market_days == "2026-11-27=closed, 2026-12-24=13:00, 2027-01-04=open"
    assert kis(" 2027-01-04 = Open ,, 2026-12-24=13:00,2026-11-27=CLOSED,").market_days == settings.market_days
    assert kis("2026-11-30=9:45").day_plans == {date(2026, 11, 30): DayPlan(is_open=True, closes=time(9, 45))}
    assert (load_settings().market_days, load_settings().day_plans) == ("", {})


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("tomorrow", "market_days_form name=MARKET_DAYS value=tomorrow"),
        ("2026-11-27", "market_days_form name=MARKET_DAYS value=2026-11-27"),
        ("2026-11-27=half", "market_days_form name=MARKET_DAYS value=2026-11-27=half"),
        ("2026-11-27=13:00:00", "market_days_form name=MARKET_DAYS value=2026-11-27=13:00:00"),
        ("26-11-27=closed", "market_days_form name=MARKET_DAYS value=26-11-27=closed"),
        ("2026-11-27=open; 2026-11-30", "market_days_form name=MARKET_DAYS value=2026-11-27=open; 2026-11-30"),
        ("2026-02-30=closed", "market_days_impossible name=MARKET_DAYS value=2026-02-30=closed"),
        ("2026-11-27=25:00", "market_days_impossible name=MARKET_DAYS value=2026-11-27=25:00"),
        ("2026-11-28=open", "market_days_weekend name=MARKET_DAYS value=2026-11-28"),
        ("2026-11-27=09:30", "market_days_hour name=MARKET_DAYS value=2026-11-27=09:30 opens=09:30 closes=16:00"),
        ("2026-11-27=16:01", "market_days_hour name=MARKET_DAYS value=2026-11-27=16:01 opens=09:30 closes=16:00"),
        ("2026-11-27=closed,2026-11-27=open", "market_days_twice name=MARKET_DAYS value=2026-11-27"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_refused_with_its_fix(text: str, fault: str) -> None:
    with pytest.raises(SetupError) as caught:
        kis(text)

    (why,) = caught.value.faults
    assert str(why) == fault
    for language in LANGUAGES:
        assert "MARKET_DAYS" in Wording(language).sentence(why)
        assert "{" not in Wording(language).sentence(why)


def test_a_market_that_never_closes_takes_no_notice_and_says_so() -> None:
    settings = load_settings(overrides={"EXCHANGE": "BITHUMB", "MARKET_DAYS": THREE})

    assert "setting_without_effect name=MARKET_DAYS needs=EXCHANGE=KIS" in [str(each) for each in settings.warnings]
    assert hours_of(settings) is None
    assert not [each for each in kis(THREE).warnings if each.code == "setting_without_effect"]


def test_the_days_decide_when_the_bot_trades() -> None:
    hours = hours_of(kis(THREE))

    assert hours is not None
    assert hours.regular_on(date(2026, 11, 27)) is None
    assert hours.next_regular(datetime(2026, 11, 26, 12, tzinfo=NEW_YORK)) == hours.regular_on(date(2026, 11, 30))
    early = hours.regular_on(date(2026, 12, 24))
    assert early is not None
    assert early.closes_at == datetime(2026, 12, 24, 13, tzinfo=NEW_YORK)


def test_other_days_are_another_run() -> None:
    assert shaping(kis("2026-11-27=closed")) != shaping(kis("2026-11-27=open"))
    assert shaping(kis("2026-11-27=closed,2026-11-30=open")) == shaping(kis("2026-11-30=open, 2026-11-27=closed"))
