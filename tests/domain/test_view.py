"""What the owner sees of a market's hours, by Korean clocks."""

from __future__ import annotations

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest

from domain.session import SessionKind
from domain.view import SessionSeen
from exchanges.us_days import CLOSED
from exchanges.us_hours import us_hours
from reports.wording import LANGUAGES, Wording

KOREA = ZoneInfo("Asia/Seoul")
HOURS = us_hours()


def seen_at(text: str) -> SessionSeen:
    return SessionSeen.at(HOURS, datetime.fromisoformat(text).replace(tzinfo=KOREA))


@pytest.mark.parametrize(
    ("now", "told"),
    [
        ("2026-11-24 01:00", "미국 정규장 진행 중 · 마감 06:00 (한국 시간)"),
        ("2026-07-02 01:00", "미국 정규장 진행 중 · 마감 05:00 (한국 시간)"),
        ("2026-11-28 01:00", "미국 정규장 진행 중 · 마감 03:00 (한국 시간)"),
        ("2026-11-22 12:00", "미국 장 마감 · 다음 개장 11월 23일 23:30 (한국 시간)"),
        # Thanksgiving: nothing is open, not even by day.
        ("2026-11-26 12:00", "미국 장 마감 · 다음 개장 11월 27일 23:30 (한국 시간)"),
        ("2026-11-23 12:00", "미국 주간거래 시간 · 정규장 개장 11월 23일 23:30 (한국 시간)"),
        ("2026-07-01 17:30", "미국 프리마켓 시간 · 정규장 개장 7월 1일 22:30 (한국 시간)"),
        ("2026-11-24 06:00", "미국 애프터마켓 시간 · 다음 정규장 개장 11월 24일 23:30 (한국 시간)"),
        ("2026-11-24 08:00", "미국 장 마감 · 다음 개장 11월 24일 23:30 (한국 시간)"),
    ],
)
def test_the_session_is_told_by_korean_clocks(now: str, told: str) -> None:
    assert Wording("ko").sentence(seen_at(now).told) == told


def test_a_session_that_runs_has_its_day_and_its_end() -> None:
    seen = seen_at("2026-11-24 05:59")

    assert (seen.kind, seen.day, seen.is_regular) == (SessionKind.REGULAR, date(2026, 11, 23), True)
    assert seen.closes_at == datetime(2026, 11, 23, 21, tzinfo=UTC)
    assert seen.next_open == datetime(2026, 11, 24, 14, 30, tzinfo=UTC)


def test_of_a_closed_market_only_the_next_opening_is_known() -> None:
    assert seen_at("2026-11-22 12:00") == SessionSeen(None, None, None, datetime(2026, 11, 23, 14, 30, tzinfo=UTC))


@pytest.mark.parametrize("language", LANGUAGES)
def test_where_the_calendar_ends_the_owner_is_told_what_to_do(language: str) -> None:
    seen = SessionSeen.at(HOURS, datetime(max(CLOSED) + 1, 1, 10, 15, tzinfo=UTC))

    assert seen == SessionSeen(None, None, None, None)
    assert "MARKET_DAYS" in Wording(language).sentence(seen.told)
