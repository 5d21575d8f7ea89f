"""Lists of orders: filters, pages of the first generation, cursors of the second, seven days of history."""

from typing import Any

import pytest

from simulator.bithumb.wire import millis
from tests.simulator.customer import MARKET, Customer

Rows = list[dict[str, Any]]


def with_orders(count: int) -> tuple[Customer, list[str]]:
    """Make a customer whose odd orders are canceled."""
    customer = Customer()
    ids = [customer.placed("bid", "89000000", "0.001", f"c-{number}") for number in range(count)]
    for order_id in ids[1::2]:
        customer.cancel(order_id)
    return customer, ids


def ids_of(rows: Rows) -> list[str]:
    return [row.get("order_id") or row["uuid"] for row in rows]


def all_pages(customer: Customer, path: str, *pairs: tuple[str, str]) -> list[list[str]]:
    pages: list[list[str]] = []
    more: tuple[tuple[str, str], ...] = ()
    while True:
        status, page = customer.get(path, *pairs, *more)
        assert status == 200, page
        pages.append(ids_of(page["data"]))
        if not page["has_next"]:
            assert page["next_key"] is None
            return pages
        more = (("next_key", page["next_key"]),)


@pytest.mark.parametrize("order_by", ["asc", "desc"])
@pytest.mark.parametrize("limit", [1, 2, 3, 100])
def test_open_orders_come_page_by_page_each_once(order_by: str, limit: int) -> None:
    customer, ids = with_orders(7)

    pages = all_pages(customer, "/v2/orders/pending", ("limit", str(limit)), ("order_by", order_by))

    wanted = ids[::2] if order_by == "asc" else ids[::2][::-1]
    assert [order_id for page in pages for order_id in page] == wanted
    assert all(len(page) <= limit for page in pages)


def test_a_row_of_the_second_generation_has_its_names() -> None:
    customer, ids = with_orders(1)

    row = customer.get("/v2/orders/pending")[1]["data"][0]

    assert (row["order_id"], row["order_type"], row["state"]) == (ids[0], "limit", "wait")
    assert not {"uuid", "ord_type", "trades"} & set(row)


def test_a_row_that_goes_between_two_pages_shifts_none() -> None:
    customer, ids = with_orders(7)
    page = customer.get("/v2/orders/pending", ("limit", "2"), ("order_by", "asc"))[1]
    customer.cancel(ids[0])

    rest = customer.get("/v2/orders/pending", ("limit", "2"), ("order_by", "asc"), ("next_key", page["next_key"]))[1]

    assert ids_of(page["data"]) + ids_of(rest["data"]) == ids[::2]


@pytest.mark.parametrize(
    "pairs",
    [
        [("next_key", "nonsense!")],
        [("next_key", "AAAA")],
        [("limit", "0")],
        [("limit", "101")],
        [("limit", "x")],
        [("state", "done")],
        [("order_by", "up")],
        [("market", "KRW-NONE")],
        [("page", "1")],
    ],
)
def test_a_wrong_list_request_is_refused(pairs: list[tuple[str, str]]) -> None:
    customer, _ = with_orders(3)

    assert customer.get("/v2/orders/pending", *pairs)[1]["error"]["name"] == "invalid_parameter"


def test_a_cursor_belongs_to_its_request() -> None:
    customer, _ = with_orders(5)
    key = customer.get("/v2/orders/pending", ("limit", "1"))[1]["next_key"]

    answer = customer.get("/v2/orders/pending", ("order_by", "asc"), ("next_key", key))

    assert answer[1]["error"]["name"] == "invalid_parameter"


def test_history_has_the_closed_orders_of_seven_days_at_most() -> None:
    customer, ids = with_orders(4)
    now = millis(customer.venue.now())
    week = 7 * 24 * 3600 * 1000

    def history(begin: int, end: int) -> tuple[int, Any]:
        return customer.get("/v2/orders/history", ("start_time", str(begin)), ("end_time", str(end)))

    assert all_pages(customer, "/v2/orders/history", ("limit", "1")) == [[ids[3]], [ids[1]]]
    assert ids_of(history(now - week, now)[1]["data"]) == [ids[3], ids[1]]
    assert history(now - week - 1, now)[0] == 400
    assert history(now + 1, now + week)[1]["data"] == []
    assert customer.get("/v2/orders/history", ("start_time", "1772409600"))[0] == 400
    assert customer.get("/v2/orders/history", ("state", "wait"))[0] == 400


def test_history_goes_by_the_begin_or_the_end_of_an_order_as_set() -> None:
    customer = Customer()
    order_id = customer.placed("bid", "80000000", "0.001")
    customer.step("2026-03-12T00:00:00Z", play=False)
    customer.cancel(order_id)

    by_begin = customer.get("/v2/orders/history")[1]["data"]
    customer.set(history_by="closed")
    by_end = customer.get("/v2/orders/history")[1]["data"]

    assert (by_begin, ids_of(by_end)) == ([], [order_id])


def test_history_by_states() -> None:
    customer, ids = with_orders(2)

    assert customer.get("/v2/orders/history", ("state", "done"))[1]["data"] == []
    both = customer.get("/v2/orders/history", ("states[]", "done"), ("states[]", "cancel"))[1]["data"]
    assert ids_of(both) == [ids[1]]


def test_the_first_generation_lists_by_page_and_state() -> None:
    customer, ids = with_orders(6)

    def rows(*pairs: tuple[str, str]) -> list[str]:
        status, answer = customer.get("/v1/orders", *pairs)
        assert status == 200, answer
        return ids_of(answer)

    assert rows() == ids[::2][::-1]
    assert rows(("market", MARKET), ("state", "cancel"), ("order_by", "asc")) == ids[1::2]
    assert rows(("states[]", "wait"), ("states[]", "cancel"), ("limit", "4"), ("page", "2")) == [ids[1], ids[0]]
    assert rows(("uuids[]", ids[0]), ("uuids[]", "nothing"), ("client_order_ids[]", "c-2")) == [ids[0]]
    assert rows(("client_order_ids[]", "c-2"), ("client_order_ids[]", "c-4")) == [ids[4], ids[2]]
    for wrong in (
        [("state", "open")],
        [("state", "wait"), ("states[]", "done")],
        [("states[]", "watch"), ("states[]", "wait")],
    ):
        assert customer.get("/v1/orders", *wrong)[0] == 400


def test_search_by_ids_leaves_out_what_it_does_not_find() -> None:
    customer, ids = with_orders(3)

    found = customer.post("/v2/orders/search", {"order_ids": [ids[1], "nothing", ids[0]], "order_by": "asc"})[1]
    by_client = customer.post("/v2/orders/search", {"client_order_ids": ["c-2", "none"]})[1]

    assert (ids_of(found), ids_of(by_client)) == ([ids[0], ids[1]], [ids[2]])
    assert customer.post("/v2/orders/search", {"order_ids": [str(number) for number in range(101)]})[0] == 400
    assert customer.post("/v2/orders/search", {"market": MARKET})[0] == 400


def test_an_unknown_order_is_not_found_and_the_venues_id_goes_first() -> None:
    customer, ids = with_orders(2)

    assert customer.get("/v1/order", ("uuid", "nothing"))[1]["error"]["name"] == "order_not_found"
    assert customer.get("/v1/order", ("client_order_id", "nothing"))[0] == 404
    assert customer.get("/v1/order", ("uuid", ids[0]), ("client_order_id", "c-1"))[1]["uuid"] == ids[0]
    assert customer.get("/v1/order")[0] == 400
    assert customer.get("/v1/order", ("order_id", ids[0]))[0] == 400


def test_keys_and_wallets_are_told() -> None:
    customer = Customer()

    assert customer.get("/v1/api_keys")[1] == [{"access_key": "AK", "expire_at": "2027-03-02T09:00:00+09:00"}]
    assert customer.get("/v1/status/wallet")[1][0]["wallet_state"] == "working"
