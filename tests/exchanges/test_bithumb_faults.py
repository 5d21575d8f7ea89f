"""What goes wrong between Bithumb's adapter and the simulator leaves no order lost, doubled or taken for another."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from domain.errors import OrderNotReady, OutcomeUnknown, RateLimited, VenueError
from domain.exact import ZERO
from domain.instrument import Side
from domain.order import OrderState
from domain.venue import CancelAnswer, VenueOrder
from exchanges.refusals import KeyRefused
from exchanges.transport import NoAnswer
from tests.exchanges.bithumb_desk import SYMBOL
from tests.exchanges.bithumb_venue import BithumbMarket, market_at

ORDERS = 200
FIVE_MINUTES = timedelta(minutes=5)


@pytest.fixture
def market(tmp_path: Path) -> Iterator[BithumbMarket]:
    with market_at(tmp_path, cash=10_000_000) as market:
        yield market


def found(market: BithumbMarket, client_id: str) -> VenueOrder:
    order = market.bithumb.find_order(client_id)
    assert order is not None
    return order


def test_two_hundred_orders_with_every_second_reply_lost_are_all_found_once(market: BithumbMarket) -> None:
    ids = [f"bp0a1b2c-{number}" for number in range(ORDERS)]
    answered, unknown = {}, []
    for number, client_id in enumerate(ids):
        if number % 2:
            market.arm("place", "lose_reply_after_accept")
        try:
            answered[client_id] = market.buy(client_id, 9000 - 5 * (number % 50)).order_id
        except OutcomeUnknown:
            unknown.append(client_id)

    shown = {client_id: found(market, client_id) for client_id in ids}

    assert unknown == ids[1::2]
    assert market.client_ids() == ids
    assert market.books()["repeats"] == 0
    assert len({order.order_id for order in shown.values()}) == ORDERS
    assert {client_id: shown[client_id].order_id for client_id in answered} == answered
    assert [shown[client_id].client_order_id for client_id in ids] == ids
    assert [shown[client_id].price for client_id in ids] == [9000 - 5 * (n % 50) for n in range(ORDERS)]
    assert [order.client_order_id for order in market.bithumb.open_orders(SYMBOL)] == ids
    assert market.bithumb.find_order("bp0a1b2c-never") is None
    assert market.clock.waits  # eight orders a second, however fast the test runs


def test_every_lost_order_that_fills_is_told_once(market: BithumbMarket) -> None:
    for number in range(6):
        if number % 2:
            market.arm("place", "lose_reply_after_accept")
            with pytest.raises(OutcomeUnknown):
                market.buy(f"bp-{number}")
        else:
            market.buy(f"bp-{number}")
    market.trade_at(Decimal(9000))

    fills = market.bithumb.fills_since(SYMBOL, market.clock.now() - FIVE_MINUTES)

    assert sorted(str(fill.client_order_id) for fill in fills) == [f"bp-{number}" for number in range(6)]
    assert market.bithumb.fills_since(SYMBOL, market.clock.now() - FIVE_MINUTES) == fills
    _, coins = market.bithumb.get_balance()
    assert coins.total == 16


def test_an_order_that_is_not_ready_exists_and_is_found_after_a_while(market: BithumbMarket) -> None:
    market.set(accept_delay_s="3")
    placed = market.buy("bp-1")
    market.arm("place", "lose_reply_after_accept")
    with pytest.raises(OutcomeUnknown):
        market.buy("bp-2")

    for ask in (
        lambda: market.bithumb.find_order("bp-1"),
        lambda: market.bithumb.find_order("bp-2"),
        lambda: market.bithumb.get_order(placed.order_id),
        lambda: market.bithumb.cancel_order(placed.order_id),
    ):
        with pytest.raises(OrderNotReady):
            ask()
    assert market.bithumb.open_orders(SYMBOL) == ()
    assert market.bithumb.fills_since(SYMBOL, placed.at) == ()
    market.clock.go_on(3)

    assert found(market, "bp-1") == placed
    assert found(market, "bp-2").state is OrderState.OPEN
    assert market.bithumb.cancel_order(placed.order_id) is CancelAnswer.ACCEPTED


def test_not_ready_said_to_one_question_alone_is_no_absence(market: BithumbMarket) -> None:
    placed = market.buy("bp-1")
    market.arm("order", "not_ready", count=2)

    for _ in range(2):
        with pytest.raises(OrderNotReady):
            market.bithumb.find_order("bp-1")

    assert found(market, "bp-1") == placed


Trouble = tuple[str, dict[str, object]]

NEVER_PLACED: dict[str, Trouble] = {
    "a fault": ("status", {"status": 500}),
    "a bad gateway": ("status", {"status": 502}),
    "maintenance": ("html", {}),
    "maintenance with status 200": ("html", {"status": 200}),
    "a dropped connection": ("drop_connection", {}),
}
PLACED_ALL_THE_SAME: dict[str, Trouble] = {
    "a fault": ("status", {"status": 500, "processed": True}),
    "maintenance": ("html", {"processed": True}),
    "half a body": ("half_body", {}),
    "a lost reply": ("lose_reply_after_accept", {}),
}


@pytest.mark.parametrize("trouble", NEVER_PLACED.values(), ids=NEVER_PLACED.keys())
def test_an_order_that_met_trouble_on_the_way_there_is_unknown_and_then_absent(
    market: BithumbMarket, trouble: Trouble
) -> None:
    kind, fault = trouble
    market.arm("place", kind, **fault)

    with pytest.raises(OutcomeUnknown):
        market.buy("bp-1")

    assert market.client_ids() == []
    assert market.bithumb.find_order("bp-1") is None
    again = market.buy("bp-1")
    assert market.bithumb.open_orders(SYMBOL) == (again,)


@pytest.mark.parametrize("trouble", PLACED_ALL_THE_SAME.values(), ids=PLACED_ALL_THE_SAME.keys())
def test_an_order_that_met_trouble_on_the_way_back_is_unknown_and_then_there(
    market: BithumbMarket, trouble: Trouble
) -> None:
    kind, fault = trouble
    market.arm("place", kind, **fault)

    with pytest.raises(OutcomeUnknown):
        market.buy("bp-1")

    assert found(market, "bp-1") == market.bithumb.open_orders(SYMBOL)[0]
    assert market.client_ids() == ["bp-1"]


@pytest.mark.parametrize("trouble", PLACED_ALL_THE_SAME.values(), ids=PLACED_ALL_THE_SAME.keys())
def test_a_cancel_whose_answer_is_lost_is_unknown_and_can_be_asked_again(
    market: BithumbMarket, trouble: Trouble
) -> None:
    placed = market.buy("bp-1")
    kind, fault = trouble
    market.arm("cancel", kind, **fault)

    with pytest.raises(OutcomeUnknown):
        market.bithumb.cancel_order(placed.order_id)

    assert market.bithumb.cancel_order(placed.order_id) is CancelAnswer.ALREADY_CLOSED
    assert found(market, "bp-1").state is OrderState.CANCELED


READS: dict[str, tuple[str, Callable[[BithumbMarket], object]]] = {
    "accounts": ("accounts", lambda market: market.bithumb.get_balance()),
    "orders": ("orders", lambda market: market.bithumb.open_orders(SYMBOL)),
    "order": ("order", lambda market: market.bithumb.find_order("bp-1")),
    "ticker": ("ticker", lambda market: market.bithumb.get_quote(SYMBOL)),
    "history": ("history", lambda market: market.bithumb.fills_since(SYMBOL, market.clock.now())),
}
SPOILS: dict[str, Trouble] = {
    **NEVER_PLACED,
    **{f"{name}, answered": trouble for name, trouble in PLACED_ALL_THE_SAME.items()},
}


@pytest.mark.parametrize("read", READS.values(), ids=READS.keys())
def test_a_question_is_asked_again_a_few_times_and_then_given_up(
    market: BithumbMarket, read: tuple[str, Callable[[BithumbMarket], object]]
) -> None:
    route, ask = read
    market.buy("bp-1")
    whole = ask(market)
    for kind, fault in SPOILS.values():
        market.arm(route, kind, count=2, **fault)
        assert ask(market) == whole
        market.arm(route, kind, count=3, **fault)
        with pytest.raises(NoAnswer):
            ask(market)

    assert ask(market) == whole


def test_maintenance_is_named_to_the_owner(market: BithumbMarket) -> None:
    market.arm("*", "html", count=3)

    with pytest.raises(NoAnswer) as trouble:
        market.bithumb.get_balance()

    assert trouble.value.why.code == "bithumb_maintenance"


def test_too_many_requests_close_the_class_for_as_long_as_the_venue_says(market: BithumbMarket) -> None:
    market.arm("place", "status", status=429, retry_after_s=7)

    for _ in range(2):
        with pytest.raises(RateLimited) as limited:
            market.buy("bp-1")
        assert limited.value.retry_after_s == 7

    assert market.asked("place status") == 1
    assert market.asked("place 200") == 0
    assert market.bithumb.find_order("bp-1") is None
    market.clock.go_on(7)
    market.buy("bp-1")
    assert market.client_ids() == ["bp-1"]


@pytest.mark.parametrize("header", [True, False])
def test_the_venues_own_limit_is_a_refusal_after_which_nothing_was_placed(
    market: BithumbMarket, *, header: bool
) -> None:
    market.set(private_per_s=2, retry_after_header=header)
    market.buy("bp-1")
    market.buy("bp-2")

    with pytest.raises(RateLimited) as limited:
        market.buy("bp-3")

    assert limited.value.retry_after_s == 1
    assert market.client_ids() == ["bp-1", "bp-2"]
    market.clock.go_on(2)
    market.buy("bp-3")


@pytest.mark.parametrize("off", [FIVE_MINUTES, -FIVE_MINUTES], ids=["fast", "slow"])
def test_a_clock_five_minutes_off_is_put_right_by_the_venues_answers(tmp_path: Path, off: timedelta) -> None:
    with market_at(tmp_path, off=off) as market:
        market.bithumb.get_balance()
        placed = market.buy("bp-1")
        market.trade_at(Decimal(9000))

        assert abs(market.bithumb.clock_offset + off) <= timedelta(seconds=1)
        warning = market.bithumb.clock_warning()
        assert warning is not None
        assert warning.code == "venue_clock_off"
        assert market.asked("accounts 401") == 1
        assert market.asked("place 200") == 1
        assert market.bithumb.get_order(placed.order_id).state is OrderState.FILLED
        (fill,) = market.bithumb.fills_since(SYMBOL, placed.at)
        assert fill.order_id == placed.order_id


def test_an_order_as_the_very_first_call_with_a_wrong_clock_is_refused_and_the_next_is_taken(tmp_path: Path) -> None:
    with market_at(tmp_path, off=-FIVE_MINUTES) as market:
        with pytest.raises(KeyRefused) as refused:
            market.buy("bp-1")
        assert refused.value.why.code == "bithumb_time_refused"
        assert market.client_ids() == []

        market.buy("bp-1")

        assert market.client_ids() == ["bp-1"]


def test_fills_reported_twice_are_told_once(market: BithumbMarket) -> None:
    market.set(print_volume="candle")
    placed = market.buy("bp-1")
    for volume in ("0.25", "0.5"):
        market.clock.go_on(1)
        market.admin.admin("print", {"price": "9000", "volume": volume})
    market.arm("order", "duplicate_fill_report", count=2)

    shown = market.bithumb.get_order(placed.order_id)
    fills = market.bithumb.fills_since(SYMBOL, placed.at)

    assert (shown.filled, shown.state) == (Decimal("0.75"), OrderState.PARTIALLY_FILLED)
    assert [fill.fill.qty for fill in fills] == [Decimal("0.25"), Decimal("0.5")]
    assert sum((fill.fill.fee for fill in fills), ZERO) == shown.fee
    assert market.bithumb.fills_since(SYMBOL, placed.at) == fills


def test_rows_that_lack_fields_once_an_order_is_over_still_give_its_fills(market: BithumbMarket) -> None:
    market.set(done_rows_lack=["volume", "remaining_volume", "price", "paid_fee", "executed_funds", "trades_count"])
    placed = market.buy("bp-1")
    market.trade_at(Decimal(9000))

    (fill,) = market.bithumb.fills_since(SYMBOL, placed.at)

    assert (fill.fill.price, fill.fill.qty) == (Decimal(9000), Decimal(1))
    assert fill.fill.fee == market.bithumb.instrument(SYMBOL).fee(Side.BUY, Decimal(9000))
    assert market.bithumb.get_order(placed.order_id).state is OrderState.FILLED
    assert market.bithumb.cancel_order(placed.order_id) is CancelAnswer.ALREADY_FILLED


def test_an_order_may_fill_while_its_cancel_is_under_way(market: BithumbMarket) -> None:
    market.set(cancel_delay_s="5")
    placed = market.buy("bp-1")

    assert market.bithumb.cancel_order(placed.order_id) is CancelAnswer.ACCEPTED
    assert market.bithumb.open_orders(SYMBOL) == (placed,)
    market.trade_at(Decimal(9000))
    market.clock.go_on(5)

    assert market.bithumb.get_order(placed.order_id).state is OrderState.FILLED


def test_a_refused_order_is_refused_for_good(market: BithumbMarket) -> None:
    market.arm("place", "reject", status=400, name="cross_trading")

    with pytest.raises(VenueError) as refused:
        market.buy("bp-1")

    assert getattr(refused.value, "code", "") == "bithumb_own_orders_cross"
    assert market.client_ids() == []
