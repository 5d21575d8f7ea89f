"""The clock stands still until it is asked, and what is due on the way happens in time."""

import json

import pytest

from tests.simulator.customer import Customer, bar, make_venue

RISING = (
    bar(0, "90000000", "90400000", "89600000", "90200000"),
    bar(1, "90200000", "90200000", "90200000", "90200000"),
)


def test_a_step_goes_to_the_next_print() -> None:
    customer = Customer(make_venue(RISING))

    answers = [customer.step() for _ in range(3)]

    assert [answer["now"][11:19] for answer in answers] == ["00:00:15", "00:00:30", "00:00:45"]
    assert [answer["print"]["price"] for answer in answers] == ["89600000", "90400000", "90200000"]


def test_a_waits_end_before_the_print_or_with_it_moves_the_clock_and_plays_nothing() -> None:
    customer = Customer(make_venue(RISING))

    before = customer.step("2026-03-02T00:00:07Z")
    together = customer.step("2026-03-02T00:00:15Z")
    after = customer.step("2026-03-02T00:00:20Z")

    assert [answer["print"] for answer in (before, together)] == [None, None]
    assert [answer["now"][17:19] for answer in (before, together, after)] == ["07", "15", "15"]
    assert after["print"]["price"] == "89600000"


def test_a_print_whose_time_has_passed_plays_at_the_clocks_time() -> None:
    customer = Customer(make_venue(RISING))

    customer.step("2026-03-02T00:00:40Z", play=False)
    late = customer.step()

    assert (late["now"][17:19], late["print"]["at"][17:19], late["last_at"][17:19]) == ("40", "15", "40")


def test_at_the_end_of_the_market_time_goes_on_and_nothing_is_played() -> None:
    customer = Customer(make_venue(RISING))
    for _ in range(7):
        customer.step()

    still = customer.step()
    later = customer.step("2026-03-02T00:10:00Z")

    assert (still["ended"], still["left"], still["print"]) == (True, 0, None)
    assert (still["now"][14:19], later["now"][14:19]) == ("01:45", "10:00")


def test_an_order_that_becomes_ready_on_the_way_is_there_before_the_print() -> None:
    customer = Customer(make_venue(RISING))
    customer.set(accept_delay_s="14.5")
    order_id = customer.placed("bid", "89600000", "0.01")
    assert customer.get("/v1/order", ("uuid", order_id))[0] == 422

    customer.step()

    assert customer.order(order_id)["state"] == "done"


def test_an_order_that_is_not_ready_yet_misses_the_print() -> None:
    customer = Customer(make_venue(RISING))
    customer.set(accept_delay_s="16")
    order_id = customer.placed("bid", "89600000", "0.01")

    customer.step()
    assert customer.get("/v1/order", ("uuid", order_id))[1]["error"]["name"] == "order_not_ready"
    assert customer.get("/v2/orders/pending")[1]["data"] == []
    assert customer.cancel(order_id)[0] == 422
    customer.step()

    assert customer.order(order_id)["state"] == "wait"


def test_a_cancel_that_takes_time_may_lose_to_a_fill() -> None:
    customer = Customer(make_venue(RISING))
    customer.set(cancel_delay_s="20")
    filled, ended = (customer.placed("bid", price, "0.01") for price in ("89600000", "89500000"))
    assert [customer.cancel(order_id)[0] for order_id in (filled, ended)] == [200, 200]
    assert customer.order(filled)["state"] == "wait"

    customer.step()
    customer.step()

    assert [customer.order(order_id)["state"] for order_id in (filled, ended)] == ["done", "cancel"]
    assert customer.cancel(filled)[1]["error"]["name"] == "order_not_found"


def test_the_clock_tells_what_was_asked_since_the_last_print() -> None:
    customer = Customer(make_venue(RISING))
    customer.public("/v1/ticker", "markets=KRW-BTC")
    customer.public("/v1/ticker", "markets=nothing")
    customer.get("/v1/order", ("uuid", "nothing"))

    asked = customer.admin("clock", method="GET")
    played = customer.step()

    assert (asked["prices_asked"], asked["orders_asked"]) == (2, 1)
    assert (played["prices_asked"], played["orders_asked"]) == (0, 0)


def test_a_synthetic_label_and_the_last_price_are_told() -> None:
    clock = Customer(make_venue(RISING)).admin("clock", method="GET")

    assert (clock["label"], clock["market"], clock["last"]) == ("test", "KRW-BTC", "90000000")


def test_a_print_on_command_is_a_trade_of_the_market_at_once() -> None:
    customer = Customer(make_venue(RISING))
    order_id = customer.placed("bid", "89000000", "0.01")

    printed = customer.admin("print", {"price": "88000000", "volume": "2"})
    again = customer.admin("print", {"price": "88500000"})

    assert printed["print"] | {"at": ""} == {"at": "", "price": "88000000", "volume": "2", "jump": True}
    assert printed["now"] == printed["print"]["at"] < again["now"]
    assert (again["last"], again["played"], again["left"]) == ("88500000", 1, 7)
    order = customer.order(order_id)
    assert (order["state"], [trade["price"] for trade in order["trades"]]) == ("done", ["88000000"])
    _, ticks = customer.public("/v1/trades/ticks", "market=KRW-BTC&count=9")
    assert [row["trade_price"] for row in ticks] == [88500000, 88000000, 90000000]
    assert len({row["sequential_id"] for row in ticks}) == 3
    assert customer.step()["print"]["price"] == "89600000"


def test_a_print_on_command_fills_no_more_than_its_volume_where_volumes_count() -> None:
    customer = Customer(make_venue(RISING))
    customer.set(print_volume="candle")
    order_id = customer.placed("bid", "89000000", "0.01")

    customer.admin("print", {"price": "89000000", "volume": "0.004"})
    partly = customer.order(order_id)
    customer.admin("print", {"price": "89000000"})

    assert (partly["state"], partly["executed_volume"]) == ("wait", "0.004")
    assert customer.order(order_id)["state"] == "done"


def test_a_print_on_command_waits_for_the_markets_own_that_is_due() -> None:
    customer = Customer(make_venue(RISING))
    customer.step("2026-03-02T00:00:20Z", play=False)

    status, said = customer.admin_door.answer(
        "POST", "/admin/print", b'{"price":"1"}', customer.venue.keys.admin_token, "127.0.0.1"
    )
    assert (status, "2026-03-02T00:00:15" in said["error"]) == (409, True)

    customer.step()
    customer.admin("print", {"price": "90000000"})


@pytest.mark.parametrize("body", [{}, {"price": "0"}, {"price": "NaN"}, {"price": "1", "volume": "-1"}])
def test_a_print_that_cannot_be_is_refused(body: dict[str, str]) -> None:
    customer = Customer()

    status, _ = customer.admin_door.answer(
        "POST", "/admin/print", json.dumps(body).encode(), customer.venue.keys.admin_token, "127.0.0.1"
    )

    assert (status, customer.venue.played, customer.venue.commanded) == (400, 1, [])
