"""The topics: figures in plain notation, nothing where nothing is known."""

import json
from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.money import WonEffects, WonProfit, WonRate
from domain.reason import reason
from domain.snapshot import RunState
from domain.view import View
from messaging.topics import Dials, Message, availability, fill_message, messages
from tests.messaging.rig import AT, DIALS, INSTANCE, SNAPSHOT, VIEW, bought, with_total

RATE = WonRate(Decimal(1350), AT, "KIS")


def told(view: View, dials: Dials = DIALS) -> dict[str, str]:
    return {message.topic.removeprefix(f"{INSTANCE}/"): message.payload for message in messages(view, dials)}


def test_every_topic_says_how_the_run_stands() -> None:
    said = told(VIEW)

    assert json.loads(said.pop("report/summary")) == SNAPSHOT.summary()
    assert said == {"pnl": "69.9", "state": "running", "state/pause": "OFF", "state/gap": "0.5", "state/size": "10000"}


def test_what_stands_is_retained() -> None:
    assert all(message.retain for message in messages(VIEW, DIALS))
    assert availability(INSTANCE, good=True) == Message("bithumb_bot/availability", "online", retain=True)
    assert availability(INSTANCE, good=False).payload == "offline"


def in_dollars(won: WonProfit | None) -> View:
    return View(replace(SNAPSHOT, currency="USD", won=won))


def test_no_total_is_told_while_no_won_figure_is_known() -> None:
    for won in (None, WonProfit(), WonProfit(RATE, None, WonEffects())):
        assert "pnl" not in told(in_dollars(won))


def test_total_is_told_in_won_where_prices_are_in_dollars() -> None:
    won = WonProfit(RATE, WonEffects(Decimal(26000), Decimal(25000), Decimal(1000)), WonEffects(Decimal("0.50")))

    said = told(in_dollars(won))

    assert said["pnl"] == json.loads(said["report/summary"])["total_pnl_krw"] == "52000.5"


@pytest.mark.parametrize(
    "view",
    [
        View(replace(SNAPSHOT, state=RunState.PAUSED), standing=(reason("standing_owner"),)),
        View(replace(SNAPSHOT, state=RunState.SAFE), standing=(reason("fill_unknown"), reason("standing_paused"))),
    ],
)
def test_a_pause_shows_even_beneath_a_graver_state(view: View) -> None:
    assert told(view)["state/pause"] == "ON"


def test_a_stop_that_fired_is_no_pause_of_the_owners() -> None:
    stopped = View(replace(SNAPSHOT, state=RunState.PAUSED), standing=(reason("standing_drawdown"),))

    assert (told(stopped)["state/pause"], told(stopped)["state"]) == ("OFF", "paused")


def test_between_bounds_no_gap_is_told() -> None:
    assert "state/gap" not in told(VIEW, replace(DIALS, gap=None))


@pytest.mark.parametrize("figure", ["NaN", "Infinity"])
def test_what_is_no_number_is_not_told(figure: str) -> None:
    with pytest.raises(ValueError, match="inventory_pnl"):
        messages(View(replace(SNAPSHOT, inventory_pnl=Decimal(figure))), DIALS)
    with pytest.raises(ValueError, match="won"):
        messages(in_dollars(WonProfit(RATE, WonEffects(Decimal(figure)), WonEffects())), DIALS)
    with pytest.raises(ValueError, match="lines"):
        messages(View(replace(SNAPSHOT, lines=(Decimal(figure),))), DIALS)
    with pytest.raises(ValueError, match="finite"):
        messages(VIEW, Dials(Decimal(figure), Decimal(1)))
    with pytest.raises(ValueError, match="finite"):
        fill_message(INSTANCE, replace(bought(), earned=Decimal(figure)))


@given(matched=st.decimals(min_value=-(10**12), max_value=10**12, allow_nan=False, places=12))
def test_a_total_is_a_plain_number_whatever_it_is(matched: Decimal) -> None:
    payload = told(with_total(str(matched)))["pnl"]

    assert Decimal(payload) == matched
    assert set(payload) <= set("-.0123456789")


def test_a_fill_says_all_that_an_automation_needs_and_is_not_retained() -> None:
    message = fill_message(INSTANCE, bought(3))

    assert (message.topic, message.retain) == ("bithumb_bot/fill", False)
    assert json.loads(message.payload) == {
        "event_type": "buy", "price": "9500", "qty": "0.1", "fee": "2.5", "earned": "0",
        "at": "2025-03-03T14:30:00Z", "slot": "c7", "client_id": "bdk-3", "fill_id": "t3",
    }  # fmt: skip
