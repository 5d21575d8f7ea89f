"""The report in dollars tells the profit in won: by effect, with its rate, or that it is not known."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from domain.money import WonRate
from ledger.places import SqlitePlace
from reports.rendering import page_of
from reports.statement import statement_of
from reports.twin import twin_of
from reports.wording import LANGUAGES, Wording
from tests.ledger.desk import SYMBOL, Desk
from tests.reports.books import Seen, describe, page, stated, twin

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

RATE = {"rate": "1391.25", "at": "2026-11-20T00:58:10Z", "source": "KIS"}
EFFECTS = ("price", "fx", "cross", "sum")


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    """Trades on a new ledger."""
    with Desk.at(SqlitePlace(tmp_path / "dry_run")) as desk:
        yield desk


def trade(desk: Desk, first: str | None = "1300", **row: object) -> None:
    """Sell ten shares of 50 dollars at 52, and hold ten more, bought at 49."""
    for won, deal, price, slot in (
        (first, desk.buy, "50", "c1"),
        ("1350", desk.sell, "52", "c1"),
        ("1400", desk.buy, "49", "c0"),
    ):
        rate = None if won is None else WonRate(Decimal(won), desk.now, "KIS")
        desk.books[SYMBOL] = desk.book().rated(rate)
        deal(price, "10", slot=slot)
    describe(desk, **{"currency": "USD", "last": "50", "rate": RATE, **row})


def shown(told: dict[str, Any], name: str) -> dict[str, str]:
    return dict(told["won"][name])


def test_page_and_twin_tell_each_effect_to_the_last_unit(desk: Desk) -> None:
    trade(desk)

    read, told = Seen(page(desk)).exact, twin(desk)

    assert shown(told, "matched") == {"price": "26000", "fx": "25000", "cross": "1000", "sum": "52000"}
    assert shown(told, "inventory") == {"price": "14000", "fx": "-4287.5", "cross": "-87.5", "sum": "9625"}
    assert told["summary"]["total_pnl_krw"] == shown(told, "total")["sum"] == "61625"
    for part in ("matched", "inventory", "total"):
        assert {name: read[f"{part}_won_{name}"] for name in EFFECTS} == shown(told, part)
        assert read[f"{part}_won"] == shown(told, part)["sum"]
    assert (read["won_rate"], told["won"]["rate"]) == ("1391.25", RATE)


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("ko", ["+61,625 원", "1 달러 = 1,391.25 원", "2026-11-20 09:58:10 ( 15분 전 ) · KIS", "환율 효과"]),
        ("en", ["+61,625 KRW", "1 USD = 1,391.25 KRW", "(15 min earlier) · KIS", "FX effect"]),
    ],
)
def test_the_rate_stands_with_its_age_and_its_source(desk: Desk, language: str, words: list[str]) -> None:
    trade(desk)
    with desk.ledger.reader.frozen() as frozen:
        statement = statement_of(frozen, datetime(2026, 11, 20, 1, 13, 30, tzinfo=UTC))

    text = Seen(page_of(statement, Wording(language))).text.replace(" ", "")

    assert [each for each in words if each.replace(" ", "") not in text] == []
    assert twin_of(statement, Wording(language))["won"] == {
        **statement.snapshot.won.row(statement.snapshot.at),  # type: ignore[union-attr]  # in dollars there is one
        "rate_age_s": 920,
    }


def test_on_recorded_prices_the_rate_is_as_old_as_it_was_then(desk: Desk) -> None:
    trade(desk, prices="recorded")
    with desk.ledger.reader.frozen() as frozen:
        statement = statement_of(frozen, datetime(2027, 1, 1, tzinfo=UTC))

    assert statement.rate_age == timedelta(minutes=1, seconds=50)


@pytest.mark.parametrize(
    ("at", "age", "told"),
    [
        ("2026-11-19T20:00:00Z", "5시간 전", "한 시간 넘게"),
        ("2026-11-13T01:00:00Z", "7일 전", "한 시간 넘게"),
        ("2026-11-15T03:00:00Z", "4일 전", "주말"),
        # Read after the last price: no negative age.
        ("2026-11-20T03:00:00Z", "0분 전", ""),
    ],
)
def test_an_old_rate_is_flagged(desk: Desk, at: str, age: str, told: str) -> None:
    trade(desk, rate={**RATE, "at": at})

    text = Seen(page(desk, "ko")).text

    assert age in text
    assert told in text
    assert ("한 시간 넘게 새 환율" in text or "고시되지 않습니다" in text) is bool(told)


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_is_not_known_is_a_sentence_and_no_zero(desk: Desk, language: str) -> None:
    trade(desk, first=None)
    wording = Wording(language)

    read, text, told = Seen(page(desk, language)), Seen(page(desk, language)).text, twin(desk, language)

    assert (told["won"]["matched"], told["won"]["total"], told["summary"]["total_pnl_krw"]) == (None, None, None)
    assert shown(told, "inventory")["sum"] == "9625"
    assert "matched_won" not in read.exact
    assert wording.text("report_won_unrated") in text
    assert wording.text("report_won_unknown_short") in text


@pytest.mark.parametrize("language", LANGUAGES)
def test_without_any_rate_the_page_says_so(desk: Desk, language: str) -> None:
    trade(desk, first=None, rate=None)
    wording = Wording(language)

    read, told = Seen(page(desk, language)), twin(desk, language)

    assert wording.text("report_won_no_rate") in read.text
    assert [name for name in read.exact if "won" in name] == []
    assert told["won"] == {
        "rate": None,
        "caution": None,
        "total": None,
        "matched": None,
        "inventory": None,
        "rate_age_s": None,
    }


def test_a_won_market_has_no_such_part(desk: Desk) -> None:
    trade(desk, currency="KRW")

    text, told = Seen(page(desk, "ko")).text, twin(desk)

    assert told["won"] is None
    assert "원화로 본 손익" not in text
    assert "환율" not in text
    assert stated(desk).rate_age is None


@pytest.mark.parametrize(("language", "word"), [("ko", "추정값"), ("en", "estimated")])
def test_fees_that_nobody_tells_are_shown_as_an_estimate(desk: Desk, language: str, word: str) -> None:
    trade(desk)
    told = word in page(desk, language)
    describe(desk, currency="USD", last="50", rate=RATE, fees_estimated=True)

    assert (told, word in page(desk, language), twin(desk)["fees_estimated"]) == (False, True, True)
