"""What goes wrong on KIS's wire, over real HTTP: lost answers, old tokens, full quotas, lists that lie."""

import json
from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from domain.errors import AuthRefused, MarketClosed, OrderNotReady, OutcomeUnknown, VenueUnavailable
from domain.exact import ZERO
from domain.instrument import Side
from domain.order import OrderState
from domain.venue import CancelAnswer
from simulator.kis.keys import Mode
from tests.exchanges.kis.desk import SYMBOL
from tests.exchanges.kis.venue import KisMarket, market_at

D = Decimal
SESSION = timedelta(hours=6, minutes=30)


@pytest.fixture
def paper(tmp_path: Path) -> Iterator[KisMarket]:
    with market_at(tmp_path, "paper") as market:
        yield market


@pytest.fixture
def live(tmp_path: Path) -> Iterator[KisMarket]:
    with market_at(tmp_path, "live") as market:
        yield market


@pytest.mark.parametrize("kind", ["lose_reply_after_accept", "half_body"])
def test_an_order_whose_answer_was_lost_is_there_once_and_can_be_told_by_what_was_sent(
    paper: KisMarket, kind: str
) -> None:
    sent_at = paper.clock.now()
    paper.arm("place", kind)

    with pytest.raises(OutcomeUnknown):
        paper.buy(9000)
    paper.clock.go_on(timedelta(seconds=2))

    (order,) = paper.orders()
    (shown,) = paper.kis.open_orders(SYMBOL)
    assert shown.order_id == order["order_id"]
    assert (shown.side, shown.price, shown.qty) == (Side.BUY, D(9000), D(1))
    assert sent_at - timedelta(seconds=2) <= shown.at <= sent_at + timedelta(seconds=60)


def test_an_order_that_never_arrived_is_in_no_list_and_was_not_sent_again(paper: KisMarket) -> None:
    paper.arm("place", "drop_connection")
    paper.arm("place", "status", status=500, name="EGW00301")

    for _ in range(2):
        with pytest.raises(OutcomeUnknown):
            paper.buy(9000)
    paper.clock.go_on(timedelta(seconds=2))

    assert paper.orders() == []
    assert paper.kis.open_orders(SYMBOL) == ()


@pytest.mark.parametrize("end", ["expired", "revoked"])
def test_a_token_that_ends_early_costs_one_new_one_and_no_order(live: KisMarket, tmp_path: Path, end: str) -> None:
    live.buy(9000)
    (kept,) = (tmp_path / "shared").glob("*-token.json")
    first = json.loads(kept.read_text())["token"]
    live.clock.go_on(timedelta(minutes=2))
    live.set(end_tokens=end)

    live.buy(9001)
    live.kis.get_quote(SYMBOL)

    assert [D(order["price"]) for order in live.orders()] == [D(9000), D(9001)]
    assert json.loads(kept.read_text())["token"] != first


def test_at_its_own_pace_a_key_is_never_refused(live: KisMarket) -> None:
    for n in range(20):
        live.kis.get_quote(SYMBOL)
        live.buy(9000 + n)

    assert not [what for what in live.admin.ask("books")["requests"] if what.endswith(" 500")]


def test_where_the_quota_is_smaller_than_thought_calls_wait_and_orders_are_not_doubled(live: KisMarket) -> None:
    live.set(live_per_s=3)

    orders = [live.buy(9000 + n) for n in range(8)]

    assert len({order.order_id for order in orders}) == len(live.orders()) == 8


@pytest.mark.parametrize("mode", ["paper", "live"])
def test_keys_of_the_other_world_are_refused_with_the_setting_to_change(tmp_path: Path, mode: Mode) -> None:
    with market_at(tmp_path, mode, keys="other_") as market:
        with pytest.raises(AuthRefused) as refusal:
            market.buy()

        assert getattr(refusal.value, "why").code.startswith(("kis_mode_", "kis_key_"))  # noqa: B009  # no port has it
        assert market.orders() == []


def test_the_close_ends_what_rests_and_five_minutes_later_it_is_expired(paper: KisMarket) -> None:
    partly, rests = paper.buy(9500), paper.buy(9000)
    paper.trade_at(D(9500))
    paper.clock.play(SESSION)

    with pytest.raises(MarketClosed):
        paper.buy(9001)
    assert paper.kis.get_order(rests.order_id).state is OrderState.OPEN
    paper.clock.go_on(timedelta(minutes=5))

    assert paper.kis.get_order(rests.order_id).state is OrderState.EXPIRED
    assert paper.kis.get_order(partly.order_id).state is OrderState.FILLED
    assert paper.kis.cancel_order(rests.order_id) is CancelAnswer.ALREADY_CLOSED
    assert {order["state"] for order in paper.orders()} == {"done", "expired"}


def test_a_list_that_is_late_hides_no_order_that_was_taken_in(paper: KisMarket) -> None:
    paper.set(visible_after_s="12")
    order = paper.buy(9000)

    assert paper.kis.open_orders(SYMBOL) == (order,)
    assert paper.kis.cancel_order(order.order_id) is CancelAnswer.ACCEPTED
    # What it had filled before it was canceled, the list alone can tell.
    with pytest.raises(OrderNotReady):
        paper.kis.get_order(order.order_id)
    assert paper.kis.open_orders(SYMBOL) == ()

    paper.clock.go_on(timedelta(seconds=12))
    assert paper.kis.open_orders(SYMBOL) == ()
    assert paper.kis.get_order(order.order_id).state is OrderState.CANCELED


def test_a_list_that_repeats_one_row_is_no_list(paper: KisMarket) -> None:
    paper.buy(9000)
    paper.buy(9001)
    paper.clock.go_on(timedelta(seconds=2))
    paper.set(ccnl_repeats=True)

    with pytest.raises(VenueUnavailable):
        paper.kis.open_orders(SYMBOL)


def test_an_order_that_the_exchange_turns_down_later_is_shown_as_refused(live: KisMarket) -> None:
    live.arm("place", "reject_after_accept")
    order = live.buy(9000)
    live.clock.go_on(timedelta(seconds=2))

    assert live.kis.get_order(order.order_id).state is OrderState.REJECTED
    assert live.kis.open_orders(SYMBOL) == ()


@pytest.mark.parametrize("left", ["stays", "zero"])
def test_an_order_has_not_expired_before_its_session_is_over(live: KisMarket, left: str) -> None:
    live.set(expired_nccs=left)
    order = live.buy(9000)
    states = []
    for span in (SESSION - timedelta(minutes=1), timedelta(minutes=2), timedelta(minutes=3), timedelta(minutes=2)):
        live.clock.play(span)
        states.append(live.kis.get_order(order.order_id).state)

    assert states == [OrderState.OPEN] * 3 + [OrderState.EXPIRED]


def test_holdings_are_as_executed_whatever_the_list_says_of_settling_or_of_exchanges(live: KisMarket) -> None:
    live.set(settled_zero=True, listed_twice=True)
    live.buy(10000)
    live.trade_at(D(10000))

    dollars, shares = live.kis.get_balance()

    assert (shares.currency, shares.free, shares.locked) == (SYMBOL, D(11), ZERO)
    assert (dollars.currency, dollars.locked) == ("USD", ZERO)


def test_many_orders_are_read_page_by_page_and_one_lost_page_loses_the_list(paper: KisMarket) -> None:
    orders = [paper.buy(8000 + n) for n in range(20)]
    paper.clock.go_on(timedelta(seconds=2))

    assert [order.order_id for order in paper.kis.open_orders(SYMBOL)] == [order.order_id for order in orders]

    paper.arm("ccnl", "html", after=1, count=3, status=503)
    with pytest.raises(VenueUnavailable):
        paper.kis.open_orders(SYMBOL)


def test_a_revised_order_is_one_order_with_its_fills(live: KisMarket) -> None:
    order = live.kis.place_order(SYMBOL, Side.BUY, D(3), D(9000))
    live.clock.go_on(timedelta(seconds=2))

    revised = live.kis.revise_order(order.order_id, D(9500))
    live.clock.go_on(timedelta(seconds=2))
    (shown,) = live.kis.open_orders(SYMBOL)
    live.trade_at(D(9500))
    live.clock.go_on(timedelta(seconds=2))

    assert (shown.order_id, shown.price, shown.qty) == (revised.order_id, D(9500), D(3))
    fills = live.kis.fills_since(SYMBOL, order.at)
    assert {(fill.order_id, fill.fill.price) for fill in fills} == {(revised.order_id, D(9500))}
    assert live.kis.get_order(order.order_id).filled == sum(fill.fill.qty for fill in fills)
