"""When the market trades: what page and API say of it, and that a closed market is no fault."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING

import pytest

from domain.session import SessionKind
from domain.snapshot import RunState
from domain.view import SessionSeen
from reports.wording import LANGUAGES
from tests.web.shown import Shelf, full_view, snapshot
from tests.web.test_page import read, words_of

if TYPE_CHECKING:
    from collections.abc import Callable

    import requests

MONDAY = datetime(2026, 11, 23, 14, 30, tzinfo=UTC)
TUESDAY = datetime(2026, 11, 24, 14, 30, tzinfo=UTC)
OPEN = SessionSeen(SessionKind.REGULAR, date(2026, 11, 23), datetime(2026, 11, 23, 21, tzinfo=UTC), TUESDAY)
SHUT = SessionSeen(None, None, None, MONDAY)
PRE = SessionSeen(SessionKind.PRE, date(2026, 11, 23), MONDAY, MONDAY)


def shelf_with(shelf: Shelf, session: SessionSeen | None, state: RunState = RunState.RUNNING) -> Shelf:
    shelf.seen = replace(full_view(snapshot(state)), session=session)
    return shelf


def pill_of(page: str) -> tuple[str, str]:
    """Return colour and words of the state."""
    found = re.search(r'<span class="pill (\w+)">.*?</span>([^<]+)</span>', page)
    assert found is not None
    return found[1], found[2]


def test_an_open_market_is_told_with_its_close(url: str, client: requests.Session, shelf: Shelf) -> None:
    shelf_with(shelf, OPEN)

    page = read(client, url)

    assert "미국 정규장 진행 중 · 마감 06:00 (한국 시간)" in words_of(page)
    assert pill_of(page) == ("good", "거래 중")


@pytest.mark.parametrize(
    ("session", "told"),
    [
        (SHUT, "미국 장 마감 · 다음 개장 11월 23일 23:30 (한국 시간)"),
        (PRE, "미국 프리마켓 시간 · 정규장 개장 11월 23일 23:30 (한국 시간)"),
        (SessionSeen(None, None, None, None), "다음 개장일을 알 수 없습니다"),
    ],
)
def test_a_closed_market_is_waited_for_and_no_fault(
    url: str, client: requests.Session, shelf: Shelf, session: SessionSeen, told: str
) -> None:
    # Asked slowly: the newest price is an hour old.
    shelf_with(shelf, session)
    assert shelf.seen is not None
    shelf.seen = replace(shelf.seen, price_age_s=3600)

    page = read(client, url)

    assert told in words_of(page)
    assert pill_of(page) == ("calm", "개장 대기")
    assert '<section class="hero calm">' in page
    assert "봇의 각 부분이 정상입니다" in words_of(page)


@pytest.mark.parametrize("state", [RunState.SAFE, RunState.PAUSED, RunState.HALTED])
def test_what_else_holds_the_bot_back_is_not_hidden_by_a_closed_market(
    url: str, client: requests.Session, shelf: Shelf, state: RunState
) -> None:
    shelf_with(shelf, None, state)
    always = pill_of(read(client, url))
    shelf_with(shelf, SHUT, state)

    assert pill_of(read(client, url)) == always


def test_a_market_that_never_closes_has_no_line(url: str, client: requests.Session) -> None:
    assert 'id="session"' not in read(client, url)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("kind", [None, *SessionKind])
def test_every_session_has_its_words(
    url: str, client: requests.Session, shelf: Shelf, kind: SessionKind | None, language: str
) -> None:
    shelf_with(shelf, SHUT if kind is None else replace(OPEN, kind=kind))

    page = read(client, url, language)

    assert "page_" not in page
    assert "market_" not in page
    assert ("23:30" in page or "06:00" in page) is True


def test_the_status_has_the_session(serve: Callable[[Shelf], str], client: requests.Session, shelf: Shelf) -> None:
    address = f"{serve(shelf)}/api/v1/status"
    assert client.get(address).json()["session"] is None

    shelf_with(shelf, OPEN)
    assert client.get(f"{address}?lang=en").json()["session"] == {
        "kind": "regular",
        "day": "2026-11-23",
        "closes_at": "2026-11-23T21:00:00Z",
        "next_open": "2026-11-24T14:30:00Z",
        "sentence": "US regular session · closes 06:00 (Korean time)",
    }
    shelf_with(shelf, SHUT)
    status = client.get(f"{address}?lang=en").json()
    assert status["session"] == {
        "kind": None,
        "day": None,
        "closes_at": None,
        "next_open": "2026-11-23T14:30:00Z",
        "sentence": "US market closed · opens next 11/23 23:30 (Korean time)",
    }
    # The run itself is as it was.
    assert (status["state"], status["healthy"]) == ("running", True)
