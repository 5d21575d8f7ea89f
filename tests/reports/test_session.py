"""A report says when the market opens next."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from exchanges.us_hours import us_hours
from ledger.places import SqlitePlace
from reports.rendering import page_of
from reports.statement import statement_of
from reports.twin import twin_of
from reports.wording import LANGUAGES, Wording
from tests.ledger.desk import Desk
from tests.reports.books import Seen, describe

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from reports.statement import Statement

SUNDAY = datetime(2026, 11, 22, 3, tzinfo=UTC)
MONDAY_OPEN = datetime(2026, 11, 23, 15, tzinfo=UTC)
HOURS = us_hours()


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    with Desk.at(SqlitePlace(tmp_path / "dry_run")) as desk:
        yield desk


def made(desk: Desk, at: datetime | None, **changes: object) -> Statement:
    describe(desk, **changes)
    with desk.ledger.reader.frozen() as frozen:
        return statement_of(frozen, at, HOURS)


def test_of_a_closed_market_the_next_opening_is_told_by_korean_clocks(desk: Desk) -> None:
    statement = made(desk, SUNDAY)

    text = Seen(page_of(statement, Wording("ko"))).text

    assert "미국 장 마감 · 다음 개장 11월 23일 23:30 (한국 시간)" in text
    assert "개장을 기다리는 중" in text
    assert twin_of(statement, Wording("en"))["session"] == {
        "kind": None,
        "day": None,
        "closes_at": None,
        "next_open": "2026-11-23T14:30:00Z",
        "told": {
            "code": "market_shut",
            "figures": {"month": "11", "day": "23", "time": "23:30"},
            "sentence": "US market closed · opens next 11/23 23:30 (Korean time)",
        },
    }


def test_of_an_open_market_the_close_is_told(desk: Desk) -> None:
    text = Seen(page_of(made(desk, MONDAY_OPEN), Wording("ko"))).text

    assert "미국 정규장 진행 중 · 마감 06:00 (한국 시간)" in text
    assert "개장을 기다리는 중" not in text


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_pause_stays_a_pause_while_the_market_is_closed(desk: Desk, language: str) -> None:
    text = Seen(page_of(made(desk, SUNDAY, state="paused"), Wording(language))).text

    assert Wording(language).text("report_state_paused") in text
    assert Wording(language).text("report_state_closed") not in text


def test_where_nobody_asks_for_hours_or_the_run_is_over_nothing_is_told(desk: Desk) -> None:
    assert made(desk, SUNDAY, state="finished").session is None
    assert made(desk, None).session is None
    assert twin_of(made(desk, None), Wording("ko"))["session"] is None
