"""The page: what the owner reads, in both languages, whatever the figures and reasons hold."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from html import unescape
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from domain.exact import plain
from domain.instrument import SELL
from domain.money import WonEffects, WonProfit, WonRate
from domain.order import OrderState
from domain.reason import reason
from domain.snapshot import Mode, PriceSource, RunState
from domain.view import Health, Pulse, View
from reports.wording import LANGUAGES, sentences_of
from tests.web.shown import Shelf, full_view, order, snapshot

if TYPE_CHECKING:
    import requests

    from domain.snapshot import Snapshot

WEB = Path(__file__).parents[2] / "web"


def read(client: requests.Session, url: str, language: str = "ko") -> str:
    answer = client.get(f"{url}/?lang={language}")
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
    return answer.text


def words_of(page: str) -> str:
    """Return what stands between the tags, on one line."""
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", page)).split())


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_figures_are_those_of_the_run(url: str, client: requests.Session, shelf: Shelf, language: str) -> None:
    assert shelf.seen is not None
    shown = shelf.seen.snapshot

    page = read(client, url, language)

    for name, amount in {
        "total": shown.total_pnl,
        "matched": shown.matched_pnl,
        "inventory": shown.inventory_pnl,
        "cash": shown.cash,
        "equity": shown.equity,
        "fees": shown.fees,
        "position": shown.position,
        "cycles": Decimal(shown.cycles),
        "fills": Decimal(55),
        "open_orders": Decimal(12),
    }.items():
        found = re.search(rf'id="{name}">.*?<data value="([^"]+)"', page)
        assert found is not None
        assert found[1] == plain(amount)


def in_dollars(won: WonProfit) -> View:
    shown = replace(snapshot(), symbol="TQQQ", currency="USD", matched_pnl=Decimal("17.45"), won=won)
    return full_view(shown)


@pytest.mark.parametrize("language", LANGUAGES)
def test_beside_dollars_stand_won_and_their_rate(
    url: str, client: requests.Session, shelf: Shelf, language: str
) -> None:
    rate = WonRate(Decimal("1391.25"), datetime(2026, 3, 2, 4, 1, tzinfo=UTC), "KIS")
    matched, inventory = (WonEffects(Decimal(each), Decimal("0.25"), Decimal(-1)) for each in ("22685.5", "-10006.125"))
    shelf.seen = in_dollars(WonProfit(rate, matched, inventory))

    page = read(client, url, language)

    for name, won in {"total": "12677.875", "matched": "22684.75", "inventory": "-10006.875"}.items():
        found = re.search(rf'id="{name}_won">.*?<data value="([^"]+)"', page)
        assert found is not None
        assert found[1] == won
    unit, won_unit = ("달러", "원") if language == "ko" else (" USD", " KRW")
    assert f"1{unit} = 1,391.25{won_unit} · 2026-03-02 13:01:00 · KIS" in words_of(page)
    assert client.get(f"{url}/api/v1/pnl").json()["won"] == shelf.seen.snapshot.won.row(shelf.seen.snapshot.at)  # type: ignore[union-attr]  # it has just been set


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_is_not_known_in_won_is_said(url: str, client: requests.Session, shelf: Shelf, language: str) -> None:
    words = sentences_of(language)
    shelf.seen = in_dollars(WonProfit())
    assert words_of(read(client, url, language)).count(words["page_won_no_rate"]) == 3
    weekend = WonRate(Decimal(1391), datetime(2026, 3, 1, 4, 1, tzinfo=UTC), "KIS")
    shelf.seen = in_dollars(WonProfit(weekend, None, WonEffects()))

    text = words_of(read(client, url, language))

    assert text.count(words["page_won_unknown"]) == 2
    assert words["page_rate_weekend"] in text


def test_the_page_speaks_korean_unless_asked_otherwise(url: str, client: requests.Session) -> None:
    korean, english = client.get(f"{url}/").text, read(client, url, "en")

    assert '<html lang="ko">' in korean
    assert '<html lang="en">' in english
    assert "총손익" in words_of(korean)
    assert "+19,135 원" in words_of(korean)
    assert "Total" in words_of(english)
    assert "+19,135 KRW" in words_of(english)
    assert not re.search("[가-힣]", words_of(english).replace("한국어", ""))


@pytest.mark.parametrize(
    ("shown", "told"),
    [
        (snapshot(mode=Mode.DRY_RUN, prices=PriceSource.LIVE), "DRY-RUN"),
        (snapshot(mode=Mode.DEMO, prices=PriceSource.SYNTHETIC), "DEMO SYNTHETIC"),
        (snapshot(mode=Mode.DEMO, prices=PriceSource.RECORDED), "DEMO RECORDED"),
        (snapshot(mode=Mode.LIVE, prices=PriceSource.LIVE), "실거래"),
    ],
)
def test_nobody_can_mistake_what_is_traded(
    url: str, client: requests.Session, shelf: Shelf, shown: Snapshot, told: str
) -> None:
    shelf.seen = full_view(shown)

    hero = re.search(r'<p class="mode .*?</p>', read(client, url), re.DOTALL)

    assert hero is not None
    assert words_of(hero[0]) == told


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_state_and_mode_has_its_words(url: str, client: requests.Session, shelf: Shelf, language: str) -> None:
    orders = tuple(order(k, SELL, Decimal(96_000_000), each) for k, each in enumerate(OrderState))

    for state, mode, prices in product(RunState, Mode, PriceSource):
        shelf.seen = View(snapshot(state, mode, prices), orders)
        assert "page_" not in read(client, url, language)


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_text_of_a_template_is_there(language: str) -> None:
    sources = [path.read_text(encoding="utf-8") for path in [*WEB.glob("templates/*.html"), *WEB.glob("*.py")]]
    codes = {f"page_{code}" for text in sources for code in re.findall(r'\b(?:t|say)\("([a-z_]+)"[,)]', text)}
    codes |= {code for text in sources for code in re.findall(r'"(page_[a-z_]+[a-z])"', text)}

    assert len(codes) > 50
    assert codes - set(sentences_of(language)) == set()


def test_the_reasons_stand_beside_the_state(url: str, client: requests.Session, shelf: Shelf) -> None:
    why = reason("holdings_short", base="BTC", owned=Decimal("0.00731"), found=Decimal("0.002"))
    shelf.seen = full_view(snapshot(RunState.SAFE), (why,))

    page = words_of(read(client, url))

    assert "안전 상태" in page
    assert "BTC 0.00731보다 계좌에 적은 0.002만 있습니다" in page


def test_a_part_that_stands_still_is_seen(url: str, client: requests.Session, shelf: Shelf) -> None:
    shelf.pulses = Health((Pulse("loop", 0.2, 10), Pulse("feed", 95.0, 30), Pulse("clerk", 7300.0, 60)))

    page = words_of(read(client, url))

    assert "멈춘 부분이 있습니다" in page
    assert "시세 1분 전 멈춤" in page
    assert "clerk 2시간 전 멈춤" in page


HOSTILE = "<script>alert(1)</script>\"'&{{ 7*7 }}<img src=x onerror=alert(2)>"


def test_hostile_words_stay_words(url: str, client: requests.Session, shelf: Shelf) -> None:
    why = reason("venue_not_reached", error=HOSTILE)
    shelf.seen = full_view(standing=(why, reason(HOSTILE)))
    shelf.published = {HOSTILE: HOSTILE}

    page = read(client, url, HOSTILE)

    assert "<script>alert" not in page
    assert "<img src=x" not in page
    assert "{{ 7*7 }}" in words_of(page)
    assert f"({HOSTILE})" in unescape(page)


def test_without_a_broker_its_topics_are_shown(url: str, client: requests.Session, shelf: Shelf) -> None:
    shelf.published = {"bithumb_bot/pnl": "19135.28901234567890123"}

    page = words_of(read(client, url))

    assert "연결된 MQTT 브로커가 없습니다" in page
    assert "bithumb_bot/pnl 19135.28901234567890123" in page


def test_with_a_broker_no_topic_is_shown(url: str, client: requests.Session) -> None:
    assert "MQTT" not in read(client, url)


def test_before_the_first_price_the_page_says_so(url: str, client: requests.Session, shelf: Shelf) -> None:
    shelf.seen = None

    page = words_of(read(client, url))

    assert "아직 시작 전입니다" in page
    assert "봇의 각 부분이 정상입니다" in page


def test_an_empty_run_says_that_there_is_nothing(url: str, client: requests.Session, shelf: Shelf) -> None:
    shelf.seen = View(snapshot())

    page = words_of(read(client, url))

    assert "열린 주문이 없습니다." in page
    assert "아직 체결이 없습니다." in page
    assert "보고서는 아직 없습니다." in page


def test_the_board_has_a_stone_for_each_order(url: str, client: requests.Session) -> None:
    page = read(client, url)

    assert len(re.findall(r'<circle class="stone buy"', page)) == 7
    assert len(re.findall(r'<circle class="stone sell"', page)) == 5


def test_without_script_the_page_still_stays_fresh(url: str, client: requests.Session) -> None:
    assert '<noscript><meta http-equiv="refresh"' in read(client, url)


def test_nothing_in_the_page_needs_a_looser_policy(url: str, client: requests.Session) -> None:
    page = read(client, url)

    assert not re.search(r"<style|\sstyle=|\son[a-z]+=|<script>|javascript:", page)
    assert "unsafe" not in client.get(f"{url}/").headers["Content-Security-Policy"]
