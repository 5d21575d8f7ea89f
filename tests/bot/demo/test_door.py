"""The door to the market: exact figures, steps that are counted, and a market that is gone is said to be."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from bot.clock import SystemClock
from bot.demo.door import MarketDoor, MarketRefused, VenueGone
from tests.bot.demo.markets import FALL, SYMBOL, Markets, recorded
from tests.exchanges.stub import Said, Stub

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

BEGIN = datetime(2026, 3, 2, tzinfo=UTC)
CLOCK = {
    "now": "2026-03-02T00:00:15Z",
    "last": "10000",
    "last_at": "2026-03-02T00:00:15Z",
    "played": 2,
    "left": None,
    "next_at": None,
    "ended": True,
    "prices_asked": 0,
    "orders_asked": 1,
    "market": SYMBOL,
    "label": "test",
}


@pytest.fixture
def stub() -> Iterator[Stub]:
    with Stub() as stub:
        yield stub


@pytest.fixture
def door(stub: Stub) -> Iterator[MarketDoor]:
    door = MarketDoor(stub.url, "token", clock=SystemClock(), patience_s=5)
    yield door
    door.close()


def test_the_clock_tells_exactly_where_the_market_stands(tmp_path: Path, markets: Markets) -> None:
    prices = recorded(tmp_path / "prices.csv", FALL.replace("10000", "10000.10"), scale=Decimal("0.5"))

    told = markets.open(tmp_path / "demo", prices).told

    assert (told.now, told.last_at, told.next_at) == (BEGIN, BEGIN, BEGIN + timedelta(seconds=15))
    assert (str(told.last), told.played, told.left, told.ended, told.printed) == ("5000.05", 1, 11, False, False)
    assert (told.prices_asked, told.orders_asked, told.symbol) == (0, 0, SYMBOL)
    assert (told.label, prices.begins_at, prices.bars) == (prices.label, BEGIN, 3)


def test_a_step_plays_the_next_print_unless_a_moment_comes_first(tmp_path: Path, markets: Markets) -> None:
    door = markets.open(tmp_path / "demo", recorded(tmp_path / "prices.csv")).door

    waited = door.step(BEGIN + timedelta(seconds=7))
    passed = door.step(BEGIN + timedelta(seconds=20), play=False)
    played = door.step(None)

    assert (waited.now, waited.printed) == (BEGIN + timedelta(seconds=7), False)
    assert (passed.now, passed.printed, passed.played) == (BEGIN + timedelta(seconds=20), False, 1)
    assert (played.now, played.printed, played.played) == (BEGIN + timedelta(seconds=20), True, 2)


def test_at_its_end_the_market_plays_nothing_more(tmp_path: Path, markets: Markets) -> None:
    door = markets.open(tmp_path / "demo", recorded(tmp_path / "prices.csv", bars=1)).door

    told = [door.step(None) for _ in range(5)]

    assert [each.printed for each in told] == [True, True, True, False, False]
    assert (told[-1].ended, told[-1].left, told[-1].next_at) == (True, 0, None)


def test_an_endless_market_counts_no_prints_to_come(stub: Stub, door: MarketDoor) -> None:
    stub.says("GET", "/admin/clock", CLOCK)

    assert door.clock().left is None
    assert stub.asked[0].headers["X-Admin-Token"] == "token"


def test_a_deposit_arrives_to_the_last_unit_and_more_than_there_is_cannot_be_taken(
    tmp_path: Path, markets: Markets
) -> None:
    door = markets.open(tmp_path).door

    door.deposit("BTC", Decimal("0.00000001"))
    with pytest.raises(MarketRefused):
        door.deposit("BTC", Decimal(-1))

    assert door.books().deposited == {"KRW": Decimal(1_000_000), "BTC": Decimal("0.00000001")}
    with pytest.raises(MarketRefused):
        door.settings({"nonsense": 1})


@pytest.mark.parametrize(("played", "printed"), [(2, False), (3, True)])
def test_a_step_whose_answer_is_lost_is_not_made_twice(
    stub: Stub,
    door: MarketDoor,
    played: int,
    *,
    printed: bool,
) -> None:
    stub.says("GET", "/admin/clock", CLOCK, CLOCK | {"played": played})
    stub.says("POST", "/admin/step", Said(drop=True))
    door.clock()

    told = door.step(None)

    assert (told.played, told.printed) == (played, printed)
    assert [json.loads(asked.body) for asked in stub.asked_for("/admin/step")] == [{"until": None, "play": True}]


def test_what_changes_nothing_more_is_asked_once_again(stub: Stub, door: MarketDoor) -> None:
    stub.says("GET", "/admin/clock", Said(drop=True), CLOCK)
    stub.says("POST", "/admin/step", Said(drop=True), CLOCK)

    assert door.clock().played == 2
    assert door.step(BEGIN, play=False).played == 2
    assert len(stub.asked) == 4


def test_a_deposit_whose_answer_is_lost_is_not_made_twice(stub: Stub, door: MarketDoor) -> None:
    stub.says("POST", "/admin/deposit", Said(drop=True))

    with pytest.raises(VenueGone):
        door.deposit("BTC", Decimal(1))

    assert len(stub.asked) == 1


def test_a_market_that_is_killed_is_gone_for_every_question(tmp_path: Path, markets: Markets) -> None:
    market = markets.open(tmp_path)
    markets.kill(market)

    for question in (market.door.clock, lambda: market.door.step(None), market.door.books, market.door.stop):
        with pytest.raises(VenueGone) as caught:
            question()
        assert caught.value.why.code == "demo_market_gone"


@pytest.mark.parametrize(
    "said",
    [Said(403, {"error": "no"}), Said(200, []), Said(200, raw=b"{"), Said(value=CLOCK | {"last": "x"}), Said(200, {})],
)
def test_who_answers_something_else_is_not_the_market(stub: Stub, door: MarketDoor, said: Said) -> None:
    stub.says("GET", "/admin/clock", said)

    with pytest.raises(VenueGone) as caught:
        door.clock()

    assert "token" not in str(caught.value)


@pytest.mark.parametrize("url", ["https://api.bithumb.com", "http://192.0.2.1:80", "http://127.0.0.1.example.com:1"])
def test_a_market_elsewhere_is_never_asked(url: str) -> None:
    with pytest.raises(ValueError, match="on this machine"):
        MarketDoor(url, "token", clock=SystemClock())
