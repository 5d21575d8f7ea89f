"""Bithumb's lists and fills: whole or not at all, and every trade once with the same fee for ever."""

from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from urllib.parse import parse_qsl

import pytest

from domain.errors import VenueUnavailable
from domain.exact import ZERO
from domain.instrument import Fees, Side
from domain.order import Fill
from domain.venue import Execution
from exchanges.bithumb import BithumbExchange
from exchanges.bithumb.executions import ORDERS_MAX, Executions
from exchanges.bithumb.orders import PAGE
from exchanges.bithumb.parsing import order_row
from exchanges.transport import Unreadable
from tests.exchanges.bithumb_desk import SYMBOL, Json, filled_v1, history, order_v1, trade
from tests.exchanges.stub import NOON, Asked, Said, Stub, error

HOUR_AGO = NOON - timedelta(hours=1)


@pytest.fixture
def stub() -> Iterator[Stub]:
    with Stub() as stub:
        stub.says("GET", "/v1/orders", [])
        stub.says("GET", "/v2/orders/history", history())
        yield stub


def rows(first: int, last: int) -> list[Json]:
    return [order_v1(f"C{number}") for number in range(first, last)]


def query(asked: Asked) -> dict[str, str]:
    return dict(parse_qsl(asked.query))


def told(executions: tuple[Execution, ...]) -> list[tuple[str, str, Decimal]]:
    return [(each.order_id, each.fill.fill_id, each.fill.fee) for each in executions]


def test_open_orders_are_read_page_by_page_until_two_passes_agree(stub: Stub, exchange: BithumbExchange) -> None:
    stub.says(
        "GET",
        "/v1/orders",
        rows(0, PAGE),
        rows(PAGE + 1, PAGE + 3),  # C100 slid over the edge when C0 ended
        rows(1, PAGE + 1),
        rows(PAGE + 1, PAGE + 3),
        rows(1, PAGE + 1),
        rows(PAGE + 1, PAGE + 3),
    )

    found = exchange.open_orders(SYMBOL)

    assert [order.order_id for order in found] == [f"C{number}" for number in range(1, PAGE + 3)]
    assert [query(asked)["page"] for asked in stub.asked] == ["1", "2"] * 3
    assert {query(asked)["state"] for asked in stub.asked} == {"wait"}


def test_a_list_that_never_stands_still_is_not_taken_for_whole(stub: Stub, exchange: BithumbExchange) -> None:
    pages = [page for start in range(20) for page in (rows(start, start + PAGE), [])]
    stub.says("GET", "/v1/orders", *pages)

    with pytest.raises(VenueUnavailable):
        exchange.open_orders(SYMBOL)


def test_a_list_without_an_end_is_given_up(stub: Stub, exchange: BithumbExchange) -> None:
    stub.says("GET", "/v1/orders", rows(0, PAGE))

    with pytest.raises(VenueUnavailable):
        exchange.open_orders(SYMBOL)


def test_one_broken_page_spoils_the_list(stub: Stub, exchange: BithumbExchange) -> None:
    stub.says("GET", "/v1/orders", rows(0, PAGE), Said(500, {}))

    with pytest.raises(VenueUnavailable):
        exchange.open_orders(SYMBOL)


def test_a_row_of_another_market_spoils_the_list(stub: Stub, exchange: BithumbExchange) -> None:
    stub.says("GET", "/v1/orders", [order_v1(market="KRW-ETH")])

    with pytest.raises(VenueUnavailable):
        exchange.open_orders(SYMBOL)


def test_the_history_is_read_in_windows_of_seven_days(stub: Stub, exchange: BithumbExchange) -> None:
    stub.says("GET", "/v2/orders/history", history(filled_v1()))

    found = exchange.closed_orders(SYMBOL, NOON - timedelta(days=16))

    assert [order.order_id for order in found] == ["C1"]
    spans = [(int(query(asked)["start_time"]), int(query(asked)["end_time"])) for asked in stub.asked]
    assert [query(asked)["state"] for asked in stub.asked] == ["done", "cancel"] * 3
    assert all(0 < end - start <= 7 * 86_400_000 for start, end in spans)
    assert spans[0][0] == int((NOON - timedelta(days=16)).timestamp()) * 1000
    assert spans[-1][1] == int(NOON.timestamp()) * 1000
    assert all(spans[i][1] == spans[i + 2][0] for i in range(4))


def test_a_window_with_more_than_a_page_is_halved(stub: Stub, exchange: BithumbExchange) -> None:
    stub.says(
        "GET",
        "/v2/orders/history",
        history(filled_v1("C1"), has_next=True),
        history(filled_v1("C1"), filled_v1("C2")),
        history(filled_v1("C2"), filled_v1("C3")),
        history(),
    )

    found = exchange.closed_orders(SYMBOL, HOUR_AGO)

    assert [order.order_id for order in found] == ["C1", "C2", "C3"]
    assert all("next_key" not in query(asked) for asked in stub.asked)


def test_a_window_that_always_has_more_is_given_up(stub: Stub, exchange: BithumbExchange) -> None:
    stub.says("GET", "/v2/orders/history", history(has_next=True))

    with pytest.raises(VenueUnavailable):
        exchange.closed_orders(SYMBOL, HOUR_AGO)


def test_fills_carry_the_venues_ids_and_share_the_orders_fee(stub: Stub, exchange: BithumbExchange) -> None:
    stub.says("GET", "/v2/orders/history", history(filled_v1()), history())
    stub.says("GET", "/v1/order", filled_v1())

    found = exchange.fills_since(SYMBOL, HOUR_AGO)

    assert told(found) == [("C1", "T1", Decimal("9.5")), ("C1", "T2", Decimal("14.25"))]
    assert [each.fill.qty for each in found] == [Decimal("0.0004"), Decimal("0.0006")]
    assert found[0].client_order_id == "bp0a1b2c-c1"
    assert found[0].fill.at == NOON - timedelta(seconds=30)


def test_a_trade_that_is_listed_twice_is_one(stub: Stub, exchange: BithumbExchange) -> None:
    first, second = trade("T1", "0.0004", "11:59:30"), trade("T2", "0.0006", "11:59:31")
    stub.says("GET", "/v2/orders/history", history(filled_v1()))
    stub.says("GET", "/v1/order", filled_v1(trades=[first, first, second, first, second]))

    assert exchange.get_order("C1").filled == Decimal("0.001")
    assert told(exchange.fills_since(SYMBOL, HOUR_AGO)) == [
        ("C1", "T1", Decimal("9.5")),
        ("C1", "T2", Decimal("14.25")),
    ]


def test_one_id_for_two_trades_is_unreadable() -> None:
    row = filled_v1(trades=[trade("T1", "0.0004", "11:59:30"), trade("T1", "0.0006", "11:59:31")])

    with pytest.raises(Unreadable):
        order_row(row, NOON)


def test_what_was_told_is_not_asked_for_again(stub: Stub, exchange: BithumbExchange) -> None:
    stub.says("GET", "/v2/orders/history", history(filled_v1()), history())
    stub.says("GET", "/v1/order", filled_v1())

    first = exchange.fills_since(SYMBOL, HOUR_AGO)
    again = exchange.fills_since(SYMBOL, HOUR_AGO)

    assert first == again
    assert len(stub.asked_for("/v1/order")) == 1


def test_a_later_trade_bears_the_rise_of_the_fee_alone(stub: Stub, exchange: BithumbExchange) -> None:
    part: Json = {"executed_volume": "0.0004", "remaining_volume": "0.0006", "paid_fee": "9"}
    stub.says("GET", "/v1/orders", [order_v1(**part)], [])
    stub.says("GET", "/v1/order", order_v1(**part, trades=[trade("T1", "0.0004", "11:59:30")]), filled_v1())

    first = exchange.fills_since(SYMBOL, HOUR_AGO)
    later = exchange.fills_since(SYMBOL, HOUR_AGO)

    assert told(first) == [("C1", "T1", Decimal(9))]
    assert told(later) == [("C1", "T1", Decimal(9)), ("C1", "T2", Decimal("14.75"))]


def test_an_order_that_left_the_list_is_looked_at_whatever_the_history_says(
    stub: Stub, exchange: BithumbExchange
) -> None:
    stub.says("GET", "/v1/orders", [order_v1()], [])
    stub.says("GET", "/v1/order", filled_v1())

    assert exchange.fills_since(SYMBOL, HOUR_AGO) == ()
    assert len(exchange.fills_since(SYMBOL, HOUR_AGO)) == 2


def test_an_order_placed_by_us_is_looked_after(stub: Stub, exchange: BithumbExchange) -> None:
    stub.says("POST", "/v2/orders", {"order_id": "C1"})
    stub.says("GET", "/v1/order", filled_v1())

    exchange.place_order(SYMBOL, Side.BUY, Decimal("0.001"), Decimal(9500000))

    assert len(exchange.fills_since(SYMBOL, HOUR_AGO)) == 2


def test_fees_booked_before_a_restart_stay_as_they_are(stub: Stub, exchange: BithumbExchange) -> None:
    stub.says("GET", "/v1/order", filled_v1())
    exchange.follow(SYMBOL, "C1", [Fill("T1", Decimal(9500000), Decimal("0.0004"), Decimal(9), NOON)])

    assert told(exchange.fills_since(SYMBOL, HOUR_AGO)) == [("C1", "T1", Decimal(9)), ("C1", "T2", Decimal("14.75"))]


def test_a_missing_fee_is_reckoned_by_the_rate(stub: Stub, exchange: BithumbExchange) -> None:
    bare = filled_v1(paid_fee=None, reserved_fee=None)
    stub.says("GET", "/v1/order", bare)
    exchange.follow(SYMBOL, "C1")

    assert [fee for *_, fee in told(exchange.fills_since(SYMBOL, HOUR_AGO))] == [Decimal("9.5"), Decimal("14.25")]


def test_an_order_whose_trades_lag_is_looked_at_again(stub: Stub, exchange: BithumbExchange) -> None:
    lagging = filled_v1(trades=[trade("T1", "0.0004", "11:59:30")], paid_fee="9.5")
    stub.says("GET", "/v1/order", filled_v1(trades=None), lagging, filled_v1())
    exchange.follow(SYMBOL, "C1")

    counts = [len(exchange.fills_since(SYMBOL, HOUR_AGO)) for _ in range(4)]

    assert counts == [0, 1, 2, 2]
    assert len(stub.asked_for("/v1/order")) == 3


@pytest.mark.parametrize("said", [error(404, "order_not_found"), error(422, "order_not_ready")])
def test_an_order_that_cannot_be_seen_yet_is_looked_at_again(stub: Stub, exchange: BithumbExchange, said: Said) -> None:
    stub.says("GET", "/v1/order", said)
    exchange.follow(SYMBOL, "C1")
    assert exchange.fills_since(SYMBOL, HOUR_AGO) == ()

    stub.says("GET", "/v1/order", filled_v1())

    assert len(exchange.fills_since(SYMBOL, HOUR_AGO)) == 2


def test_a_canceled_order_without_fills_costs_no_look(stub: Stub, exchange: BithumbExchange) -> None:
    stub.says("GET", "/v2/orders/history", history(), history(order_v1(state="cancel")))

    assert exchange.fills_since(SYMBOL, HOUR_AGO) == ()
    assert stub.asked_for("/v1/order") == []


def test_an_order_at_rest_is_looked_at_only_when_it_filled_more(stub: Stub, exchange: BithumbExchange) -> None:
    part: Json = {"executed_volume": "0.0004", "remaining_volume": "0.0006", "paid_fee": "9.5"}
    more: Json = {"executed_volume": "0.0008", "remaining_volume": "0.0002", "paid_fee": "19"}
    stub.says("GET", "/v1/orders", [order_v1()], [order_v1(**part)], [order_v1(**part)], [order_v1(**more)])
    first, second = trade("T1", "0.0004", "11:59:30"), trade("T2", "0.0004", "11:59:31")
    stub.says("GET", "/v1/order", order_v1(**part, trades=[first]), order_v1(**more, trades=[first, second]))

    counts = [len(exchange.fills_since(SYMBOL, HOUR_AGO)) for _ in range(5)]

    assert counts == [0, 1, 1, 2, 2]
    assert len(stub.asked_for("/v1/order")) == 2


def test_a_row_that_does_not_say_what_filled_is_looked_at(stub: Stub, exchange: BithumbExchange) -> None:
    row = order_v1(state="cancel", executed_volume=None, remaining_volume=None)
    stub.says("GET", "/v2/orders/history", history(), history(row))
    stub.says("GET", "/v1/order", row | {"trades": [trade("T1", "0.0004", "11:59:30")]})

    assert [each.fill.fill_id for each in exchange.fills_since(SYMBOL, HOUR_AGO)] == ["T1"]


def test_fills_are_told_from_the_second_of_the_moment_on(stub: Stub, exchange: BithumbExchange) -> None:
    stub.says("GET", "/v1/order", filled_v1())
    exchange.follow(SYMBOL, "C1")

    since = NOON - timedelta(seconds=29, milliseconds=-500)

    assert [each.fill.fill_id for each in exchange.fills_since(SYMBOL, since)] == ["T2"]


def test_the_first_look_goes_back_a_week_and_later_ones_do_not(stub: Stub, exchange: BithumbExchange) -> None:
    exchange.fills_since(SYMBOL, HOUR_AGO)
    begun = len(stub.asked_for("/v2/orders/history"))
    exchange.fills_since(SYMBOL, HOUR_AGO)

    starts = [int(query(asked)["start_time"]) for asked in stub.asked_for("/v2/orders/history")]
    assert starts[0] == int((HOUR_AGO - timedelta(days=7)).timestamp()) * 1000
    assert starts[begun] == int((HOUR_AGO - timedelta(minutes=1)).timestamp()) * 1000


def test_the_memory_of_orders_that_are_over_is_bounded() -> None:
    memory = Executions()
    fees = Fees(ZERO, ZERO)
    for number in range(ORDERS_MAX + 3):
        memory.book(order_row(filled_v1(f"C{number}"), NOON), fees, NOON)
    memory.follow(SYMBOL, "unfinished", {})

    memory.forget_oldest()

    assert len(memory.since(SYMBOL, HOUR_AGO)) == 2 * (ORDERS_MAX - 1)
    assert memory.unfinished(SYMBOL) == {"unfinished"}
