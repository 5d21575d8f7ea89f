"""Orders as the private wire takes, shows and refuses them."""

from collections.abc import Callable
from typing import Any

import pytest

from simulator.calls import Call
from tests.simulator.customer import MARKET, Customer, bar, make_venue

# Open, low, high, close: the first step is the low.
FALLING = (
    bar(0, "90000000", "90000000", "89000000", "90000000", volume="0.004"),
    bar(1, "90000000", "91000000", "90000000", "91000000"),
)
GOOD = {"market": MARKET, "side": "bid", "order_type": "limit", "price": "89000000", "volume": "0.001"}


def refusal(answer: tuple[int, Any]) -> tuple[int, str]:
    return answer[0], answer[1]["error"]["name"]


def test_an_accepted_order_is_acknowledged_without_price_volume_or_state() -> None:
    customer = Customer()

    status, answer = customer.place("bid", "89000000", "0.001", "bp1-1", time_in_force="post_only")

    assert status == 200
    assert answer == {
        "order_id": "C0101000000000000001",
        "market": "KRW-BTC",
        "side": "bid",
        "order_type": "limit",
        "created_at": "2026-03-02T09:00:00+09:00",
        "stp_type": "cancel_taker",
        "client_order_id": "bp1-1",
        "time_in_force": "post_only",
    }


def test_a_resting_buy_locks_and_shows_as_the_sheet_says() -> None:
    customer = Customer()
    order_id = customer.placed("bid", "89000000", "0.001", "c-1")

    row = customer.order(order_id)

    assert row == {
        "uuid": order_id,
        "client_order_id": "c-1",
        "side": "bid",
        "ord_type": "limit",
        "price": "89000000",
        "state": "wait",
        "market": "KRW-BTC",
        "created_at": "2026-03-02T09:00:00+09:00",
        "volume": "0.001",
        "remaining_volume": "0.001",
        "reserved_fee": "222.5",
        "remaining_fee": "222.5",
        "paid_fee": "0",
        "locked": "89222.5",
        "executed_volume": "0",
        "executed_funds": "0",
        "trades_count": 0,
        "stp_type": "cancel_taker",
        "trades": [],
    }
    assert customer.balances() == {"KRW": ("9910777.5", "89222.5")}
    assert customer.get("/v1/order", ("client_order_id", "c-1"))[1] == row


def test_a_filled_buy_and_the_sell_that_answers_it_settle_with_fees_on_both_sides() -> None:
    customer = Customer(make_venue(FALLING))
    bought = customer.placed("bid", "89000000", "0.001")
    customer.step()
    row = customer.order(bought)

    assert (row["state"], row["paid_fee"], row["executed_funds"], row["locked"]) == ("done", "222.5", "89000", "0")
    assert [trade["price"] for trade in row["trades"]] == ["89000000"]
    assert customer.balances() == {"KRW": ("9910777.5", "0"), "BTC": ("0.001", "0")}

    sold = customer.placed("ask", "90000000", "0.001")
    assert (customer.order(sold)["locked"], customer.order(sold)["reserved_fee"]) == ("0.001", "0")
    for _ in range(6):
        customer.step()

    assert customer.order(sold)["paid_fee"] == "225"
    assert customer.balances() == {"KRW": ("10000552.5", "0")}
    assert customer.admin("books", method="GET")["conserved"] is True


def test_a_marketable_limit_takes_the_best_opposite_price_at_once() -> None:
    customer = Customer()

    row = customer.order(customer.placed("bid", "91000000", "0.001"))

    assert (row["state"], row["trades"][0]["price"]) == ("done", "90001000")


def test_a_partly_filled_order_still_waits_and_holds_fills_when_it_is_canceled() -> None:
    customer = Customer(make_venue(FALLING))
    customer.set(print_volume="candle")
    order_id = customer.placed("bid", "89000000", "0.003")
    customer.step()
    part = customer.order(order_id)
    customer.cancel(order_id)
    ended = customer.order(order_id)

    assert (part["state"], part["executed_volume"], part["remaining_volume"]) == ("wait", "0.001", "0.002")
    assert (part["locked"], part["paid_fee"], part["reserved_fee"]) == ("178445", "222.5", "667.5")
    assert (ended["state"], ended["executed_volume"], ended["trades_count"]) == ("cancel", "0.001", 1)
    assert customer.balances() == {"KRW": ("9910777.5", "0"), "BTC": ("0.001", "0")}


@pytest.mark.parametrize(
    ("changes", "name"),
    [
        ({"price": "89000500"}, "invalid_price"),
        ({"price": "4990", "volume": "1"}, "under_min_total_bid"),
        ({"volume": "0.00005617"}, "under_min_total_bid"),
        ({"volume": "0.123456789"}, "invalid_parameter"),
        ({"volume": "1"}, "insufficient_funds_bid"),
        ({"side": "ask"}, "insufficient_funds_ask"),
        ({"volume": "1e-3"}, "invalid_parameter"),
        ({"volume": "-1"}, "invalid_parameter"),
        ({"volume": "0"}, "invalid_parameter"),
        ({"price": "89,000,000"}, "invalid_parameter"),
        ({"price": None}, "invalid_parameter"),
        ({"volume": None}, "invalid_parameter"),
        ({"side": "buy"}, "invalid_parameter"),
        ({"market": "KRW-NONE"}, "invalid_parameter"),
        ({"order_type": None}, "invalid_parameter"),
        ({"order_type": "stop"}, "invalid_parameter"),
        ({"order_type": None, "ord_type": "limit"}, "invalid_parameter"),
        ({"ord_type": "limit"}, "invalid_parameter"),
        ({"order_type": "price"}, "invalid_parameter"),
        ({"order_type": "market", "side": "ask"}, "invalid_parameter"),
        ({"order_type": "best", "volume": None}, "invalid_parameter"),
        ({"time_in_force": "gtc"}, "invalid_parameter"),
        ({"client_order_id": "x" * 37}, "invalid_parameter"),
        ({"client_order_id": "한글"}, "invalid_parameter"),
        ({"client_order_id": "a b"}, "invalid_parameter"),
        ({"client_order_id": ""}, "invalid_parameter"),
        ({"identifier": "upbit"}, "invalid_parameter"),
        ({"price": 89000000}, "invalid_parameter"),
        ({"volume": 0.001}, "invalid_parameter"),
    ],
)
def test_a_placement_with_a_fault_is_refused_and_leaves_nothing(changes: dict[str, Any], name: str) -> None:
    customer = Customer()
    body = {key: value for key, value in (GOOD | changes).items() if value is not None}

    assert refusal(customer.post("/v2/orders", body)) == (400, name)
    assert customer.balances() == {"KRW": ("10000000", "0")}
    assert customer.admin("books", method="GET")["orders"] == []


def test_every_price_band_has_its_unit() -> None:
    customer = Customer(make_venue(cash="100000000000"))
    for right, wrong in [
        *(("0.1234", "0.12345"), ("1.234", "1.2345"), ("12.34", "12.345"), ("1234", "1234.5"), ("5005", "5004")),
        *(("10010", "10005"), ("50050", "50010"), ("100100", "100050"), ("500500", "500100"), ("1001000", "1000500")),
    ]:
        assert customer.place("bid", right, "50000")[0] == 200, right
        assert refusal(customer.place("bid", wrong, "50000")) == (400, "invalid_price"), wrong


def test_a_body_that_is_no_object_or_no_json_is_refused() -> None:
    customer = Customer()

    def post(body: bytes, kind: str = "application/json") -> tuple[int, str]:
        headers = {"authorization": f"Bearer {customer.signer.token(customer.venue.now())}", "content-type": kind}
        return refusal(customer.send(Call("POST", "/v2/orders", "", headers, body)))

    assert post(b"[1]") == (400, "invalid_parameter")
    assert post(b"{") == (400, "invalid_parameter")
    assert post(b"{}", "application/x-www-form-urlencoded") == (400, "invalid_parameter")


def test_the_names_that_no_page_tells_are_settings() -> None:
    customer = Customer()
    customer.set(names={"insufficient_funds_bid": "too_poor"})

    assert refusal(customer.place("bid", "89000000", "1")) == (400, "too_poor")
    assert refusal(customer.place("ask", "89000000", "1")) == (400, "insufficient_funds_ask")


def test_a_repeated_client_id_gives_the_first_order_back_or_is_refused_as_set() -> None:
    customer = Customer()
    first = customer.placed("bid", "89000000", "0.001", "same")

    assert customer.placed("bid", "89000000", "0.001", "same") == first
    customer.set(repeat_client_id="refuse")
    assert refusal(customer.place("bid", "89000000", "0.001", "same")) == (400, "invalid_parameter")
    books = customer.admin("books", method="GET")
    assert (len(books["orders"]), books["repeats"]) == (1, 2)


def test_market_orders_and_best_trade_at_once() -> None:
    customer = Customer()

    def done(body: dict[str, str]) -> dict[str, Any]:
        status, answer = customer.post("/v2/orders", {"market": MARKET} | body)
        assert status == 200, answer
        return dict(customer.order(answer["order_id"]))

    bought = done({"side": "bid", "order_type": "price", "price": "100000"})
    sold = done({"side": "ask", "order_type": "market", "volume": bought["executed_volume"]})
    best = done({"side": "bid", "order_type": "best", "price": "6000", "time_in_force": "fok"})

    assert (bought["state"], "volume" in bought, bought["price"]) == ("done", False, "100000")
    assert (sold["state"], "price" in sold) == ("done", False)
    assert (best["state"], best["time_in_force"]) == ("done", "fok")
    assert customer.admin("books", method="GET")["conserved"] is True


def test_an_order_against_ones_own_is_canceled_and_the_resting_one_stays() -> None:
    customer = Customer()
    customer.admin("deposit", {"currency": "BTC", "amount": "1"})
    resting = customer.placed("ask", "90001000", "0.001")

    row = customer.order(customer.placed("bid", "90001000", "0.001"))

    assert (row["state"], row["cancel_type"], row["canceling_uuid"]) == ("cancel", "stp_cancel", resting)
    assert customer.order(resting)["state"] == "wait"


def test_a_cancel_is_acknowledged_and_gives_the_money_back() -> None:
    customer = Customer()
    order_id = customer.placed("bid", "89000000", "0.001", "c-1")

    status, answer = customer.get("/v2/order", ("client_order_id", "c-1"), method="DELETE")

    assert (status, answer) == (
        200,
        {"order_id": order_id, "created_at": "2026-03-02T09:00:00+09:00", "client_order_id": "c-1"},
    )
    assert customer.order(order_id)["state"] == "cancel"
    assert customer.balances() == {"KRW": ("10000000", "0")}
    assert refusal(customer.cancel(order_id)) == (404, "order_not_found")
    assert refusal(customer.cancel("nothing")) == (404, "order_not_found")
    assert refusal(customer.get("/v2/order", method="DELETE")) == (400, "invalid_parameter")


def test_many_are_canceled_each_on_its_own() -> None:
    customer = Customer()
    order_id = customer.placed("bid", "89000000", "0.001")

    status, answer = customer.post("/v2/orders/cancel", {"order_ids": [order_id, "nothing"]})

    assert status == 200
    assert [row["order_id"] for row in answer["success"]] == [order_id]
    assert [(row["order_id"], row["error"]["name"]) for row in answer["fail"]] == [("nothing", "order_not_found")]
    too_many = {"order_ids": [str(number) for number in range(31)]}
    assert refusal(customer.post("/v2/orders/cancel", too_many)) == (400, "invalid_parameter")


def test_a_batch_is_placed_each_on_its_own() -> None:
    customer = Customer()
    orders = [GOOD | {"client_order_id": "one"}, GOOD | {"client_order_id": "two", "volume": "1"}]
    text = "&".join(
        f"batch_orders[{number}][{key}]={value}" for number, order in enumerate(orders) for key, value in order.items()
    )

    status, answer = customer.post("/v2/orders/batch", {"batch_orders": orders}, text)

    assert status == 200
    first, second = answer["batch_orders_response"]
    assert (first["client_order_id"], "order_id" in first) == ("one", True)
    assert (second["client_order_id"], second["name"]) == ("two", "insufficient_funds_bid")


def test_the_old_paths_answer_only_when_set() -> None:
    customer = Customer()
    body = {"market": MARKET, "side": "bid", "ord_type": "limit", "price": "89000000", "volume": "0.001"}
    assert customer.post("/v1/orders", body)[0] == 404

    customer.set(legacy_v1_orders=True)
    status, row = customer.post("/v1/orders", body)

    assert (status, row["state"], row["ord_type"]) == (200, "wait", "limit")
    assert customer.get("/v1/order", ("uuid", row["uuid"]), method="DELETE")[0] == 200
    assert customer.order(row["uuid"])["state"] == "cancel"


def test_values_are_absent_as_set() -> None:
    customer = Customer()
    customer.set(done_rows_lack=["volume", "price", "paid_fee"], absent_as="null", times_with_ms=True)
    customer.set(user_cancel_type="user_cancel")
    order_id = customer.placed("bid", "89000000", "0.001")
    waiting = customer.order(order_id)
    customer.cancel(order_id)
    ended = customer.order(order_id)

    assert (waiting["price"], waiting["cancel_type"]) == ("89000000", None)
    assert not {"volume", "price", "paid_fee"} & set(ended)
    assert (ended["cancel_type"], ended["created_at"]) == ("user_cancel", "2026-03-02T09:00:00.000+09:00")


def test_fees_change_under_a_running_customer_and_old_orders_keep_theirs() -> None:
    customer = Customer(make_venue(FALLING))
    before = customer.placed("bid", "89000000", "0.001")
    customer.set(bid_fee="0.0004", maker_bid_fee="0.0004")
    after = customer.placed("bid", "89000000", "0.001")

    customer.step()

    assert [customer.order(order_id)["paid_fee"] for order_id in (before, after)] == ["222.5", "35.6"]
    chance = customer.get("/v1/orders/chance", ("market", MARKET))[1]
    assert (chance["bid_fee"], chance["ask_fee"], chance["market"]["bid"]["min_total"]) == ("0.0004", "0.0025", "5000")


def test_chance_may_lack_the_price_unit_and_a_halted_market_takes_no_order() -> None:
    customer = Customer()
    assert customer.get("/v1/orders/chance", ("market", MARKET))[1]["market"]["bid"]["price_unit"] == "1000"
    customer.set(chance_price_unit=False, market_state="halted")

    market = customer.get("/v1/orders/chance", ("market", MARKET))[1]["market"]

    assert ("price_unit" in market["bid"], market["state"]) == (False, "halted")
    assert customer.place("bid", "89000000", "0.001")[0] == 400


@pytest.mark.parametrize(
    ("ask", "limit"),
    [
        (lambda customer: customer.get("/v1/accounts"), 140),
        (lambda customer: customer.cancel("nothing"), 140),
        (lambda customer: customer.public("/v1/ticker", "markets=KRW-BTC"), 150),
        (lambda customer: customer.post("/v2/orders/cancel", {"order_ids": ["x"]}), 20),
    ],
)
def test_a_class_that_is_asked_too_fast_is_closed_for_a_while(
    ask: Callable[[Customer], tuple[int, Any]], limit: int
) -> None:
    customer = Customer()

    statuses = [ask(customer)[0] for _ in range(limit + 1)]
    assert 429 not in statuses[:limit]
    assert statuses[limit] == 429

    customer.step("2026-03-02T00:00:00.9Z", play=False)
    assert ask(customer)[0] == 429
    customer.step("2026-03-02T00:00:01Z", play=False)
    assert ask(customer)[0] != 429


def test_one_asset_may_be_limited() -> None:
    customer = Customer()
    customer.set(asset_orders_per_s=2)

    assert [customer.place("bid", "89000000", "0.001")[0] for _ in range(3)] == [200, 200, 429]
