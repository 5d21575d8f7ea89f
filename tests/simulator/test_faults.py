"""Faults on command, over a real socket: what goes wrong goes wrong for the client and not in the books."""

import http.client
import json
import threading
from collections.abc import Iterator

import pytest

from simulator.admin import AdminDoor
from simulator.bithumb.door import ROUTE_NAMES, BithumbDoor
from simulator.faults import Fault, Faults
from simulator.server import VenueServer, bind, make_server
from tests.simulator.customer import KEYS, Customer, HttpCustomer, Json, bar, make_venue


@pytest.fixture
def customer() -> Iterator[HttpCustomer]:
    venue = make_venue((bar(0, "90000000", "90000000", "89000000", "90000000"),))
    server = VenueServer(venue, BithumbDoor(venue), AdminDoor(venue, ROUTE_NAMES))
    listener = bind(0)
    http_server = make_server(server)
    thread = threading.Thread(target=http_server.run, kwargs={"sockets": [listener]})
    thread.start()
    url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    try:
        yield HttpCustomer(
            {
                "url": url,
                "access_key": KEYS.access_key,
                "secret_key": KEYS.secret_key,
                "admin_token": KEYS.admin_token,
            }
        )
    finally:
        http_server.should_exit = True
        thread.join()


def client_ids(customer: HttpCustomer) -> list[str]:
    return [order["client_order_id"] for order in customer.admin("books", method="GET")["orders"]]


def arm(customer: HttpCustomer, **fault: Json) -> None:
    customer.admin("faults", fault)


def test_a_lost_reply_leaves_the_order_in_the_books(customer: HttpCustomer) -> None:
    arm(customer, route="place", kind="lose_reply_after_accept")

    with pytest.raises((http.client.RemoteDisconnected, ConnectionResetError)):
        customer.place("bid", "89000000", "0.001", "lost")

    assert client_ids(customer) == ["lost"]
    status, row = customer.request("GET", "/v1/order", [("client_order_id", "lost")])
    assert (status, row["state"]) == (200, "wait")
    assert customer.place("bid", "88000000", "0.001", "next")[0] == 200


def test_a_dropped_connection_never_placed_the_order(customer: HttpCustomer) -> None:
    arm(customer, route="place", kind="drop_connection")

    with pytest.raises((http.client.RemoteDisconnected, ConnectionResetError)):
        customer.place("bid", "89000000", "0.001", "dropped")

    books = customer.admin("books", method="GET")
    assert (books["orders"], books["requests"]) == ([], {"place dropped": 1})


@pytest.mark.parametrize("processed", [False, True])
@pytest.mark.parametrize("status", [429, 500, 502, 503])
def test_a_bad_status_comes_before_or_after_the_order_was_taken(
    customer: HttpCustomer, status: int, *, processed: bool
) -> None:
    arm(customer, route="place", kind="status", status=status, processed=processed, retry_after_s=3)

    got, answer = customer.place("bid", "89000000", "0.001", "one")

    assert (got, "error" in answer) == (status, True)
    assert client_ids(customer) == (["one"] if processed else [])


def test_the_wait_is_told_in_the_header(customer: HttpCustomer) -> None:
    arm(customer, route="ticker", kind="status", status=429, retry_after_s=3)

    answer = customer.raw("GET", "/v1/ticker?markets=KRW-BTC")
    assert (answer.status, answer.headers["retry-after"]) == (429, "3")
    assert json.loads(answer.body)["error"]["name"] == "too_many_requests"


def test_a_maintenance_page_is_no_json(customer: HttpCustomer) -> None:
    arm(customer, route="ticker", kind="html")
    arm(customer, route="ticker", kind="html", status=200)

    for status in (503, 200):
        answer = customer.raw("GET", "/v1/ticker?markets=KRW-BTC")
        assert (answer.status, answer.headers["content-type"]) == (status, "text/html; charset=utf-8")
        assert answer.body.startswith(b"<!DOCTYPE html>")


def test_half_a_body_ends_early_and_the_order_is_there(customer: HttpCustomer) -> None:
    arm(customer, route="place", kind="half_body")

    with pytest.raises(http.client.IncompleteRead):
        customer.place("bid", "89000000", "0.001", "half")

    assert client_ids(customer) == ["half"]


def test_a_delay_holds_the_request_or_the_reply(customer: HttpCustomer) -> None:
    for processed in (False, True):
        arm(customer, route="place", kind="delay", delay_s="0.05", processed=processed)
        assert customer.place("bid", "89000000", "0.001", f"late-{processed}")[0] == 200

    assert client_ids(customer) == ["late-False", "late-True"]


def test_the_admin_door_wants_its_token_and_knows_its_routes(customer: HttpCustomer) -> None:
    answer = customer.raw("GET", "/admin/books")
    assert answer.status == 403
    answer = customer.raw("GET", "/admin/books", headers={"x-admin-token": "guess"})
    assert answer.status == 403
    answer = customer.raw("GET", "/admin/nothing", headers={"x-admin-token": KEYS.admin_token})
    assert answer.status == 404


def test_a_cap_on_speed_still_plays_every_print(customer: HttpCustomer) -> None:
    customer.admin("settings", {"speed": "100"})

    assert [customer.admin("step", {})["played"] for _ in range(3)] == [2, 3, 4]


def test_an_order_that_is_not_ready_a_while_and_then_is() -> None:
    customer = Customer()
    order_id = customer.placed("bid", "89000000", "0.001")
    customer.admin("faults", {"route": "order", "kind": "not_ready", "count": 2})

    assert [customer.get("/v1/order", ("uuid", order_id))[0] for _ in range(3)] == [422, 422, 200]


def test_a_doomed_order_is_acknowledged_and_canceled_by_the_self_trade_rule() -> None:
    customer = Customer()
    customer.admin("faults", {"route": "place", "kind": "stp"})

    row = customer.order(customer.placed("bid", "89000000", "0.001"))

    assert (row["state"], row["cancel_type"], row["locked"]) == ("cancel", "stp_cancel", "0")


def test_a_refusal_on_command_has_the_name_that_was_armed_and_comes_after_the_token() -> None:
    customer = Customer()
    customer.admin("faults", {"route": "place", "kind": "reject", "name": "cross_trading"})

    status, answer = customer.place("bid", "89000000", "0.001")

    assert (status, answer["error"]["name"]) == (400, "cross_trading")
    assert customer.place("bid", "89000000", "0.001")[0] == 200


def test_a_fill_reported_twice_has_one_id() -> None:
    customer = Customer()
    order_id = customer.placed("bid", "91000000", "0.001")
    customer.admin("faults", {"route": "order", "kind": "duplicate_fill_report"})

    twice, once = (customer.order(order_id)["trades"] for _ in range(2))

    assert twice == once * 2


def test_faults_are_counted_skipped_drawn_and_cleared() -> None:
    faults = Faults()
    faults.arm(Fault(route="place", kind="html", after=1, count=2))
    fired = [faults.pick("place") is not None for _ in range(5)]
    assert fired == [False, True, True, False, False]
    assert faults.armed == []

    def drawn(seed: str) -> list[bool]:
        fault = Fault.model_validate({"kind": "html", "count": None, "probability": "0.3", "seed": seed})
        return [fault.fires("place") for _ in range(200)]

    assert drawn("a") == drawn("a") != drawn("b")
    assert 30 < sum(drawn("a")) < 90
    faults.arm(Fault(kind="html", count=None))
    faults.clear()
    assert faults.pick("place") is None


@pytest.mark.parametrize(
    "wrong",
    [
        {"kind": "nonsense"},
        {"kind": "html", "route": "nowhere"},
        {"kind": "html", "count": 0},
        {"kind": "html", "x": 1},
    ],
)
def test_a_fault_that_cannot_be_is_refused(wrong: Json) -> None:
    customer = Customer()

    status, answer = customer.admin_door.answer(
        "POST", "/admin/faults", json.dumps(wrong).encode(), "admin", "127.0.0.1"
    )

    assert status == 400
    assert "error" in answer
    assert customer.venue.faults.armed == []


@pytest.mark.parametrize("wrong", [{"bid_fee": "-1"}, {"bid_fees": "0"}, {"judge_clock": "mine"}])
def test_a_setting_that_cannot_be_is_refused(wrong: Json) -> None:
    customer = Customer()
    before = customer.venue.settings

    status, _ = customer.admin_door.answer("POST", "/admin/settings", json.dumps(wrong).encode(), "admin", "127.0.0.1")

    assert (status, customer.venue.settings) == (400, before)


@pytest.mark.parametrize("body", [b"[]", b"{", b'{"until": "2026-03-02T00:00:00"}', b'{"til": null}'])
def test_an_admin_body_that_is_no_request_is_refused(body: bytes) -> None:
    assert Customer().admin_door.answer("POST", "/admin/step", body, "admin", "127.0.0.1")[0] == 400


def test_the_admin_door_is_shut_to_other_machines() -> None:
    assert Customer().admin_door.answer("GET", "/admin/clock", b"", "admin", "192.0.2.1")[0] == 403


def test_every_answer_tells_the_time_by_which_tokens_are_judged(customer: HttpCustomer) -> None:
    customer.admin("step", {"until": "2026-03-02T00:00:07.9Z", "play": False})
    arm(customer, route="ticker", kind="html", count=1)

    for path in ("/v1/ticker?markets=KRW-BTC", "/v1/ticker?markets=KRW-BTC", "/v1/accounts", "/nowhere"):
        assert customer.raw("GET", path).headers.get_all("Date") == ["Mon, 02 Mar 2026 00:00:07 GMT"]
