"""Orders to Bithumb: they go out once and exactly, and every doubt about them stays a doubt."""

import json
from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from domain.errors import OrderNotFound, OrderNotReady, OrderRejected, OutcomeUnknown, RateLimited, VenueUnavailable
from domain.exact import ZERO
from domain.instrument import Fees, Side
from domain.order import OrderState
from domain.venue import CancelAnswer, VenueOrder
from exchanges.bithumb import BithumbExchange
from exchanges.bithumb.client import ORDER, PER_SECOND, Client
from exchanges.bithumb.rules import RULES
from exchanges.bithumb.signing import Keys, query_hash
from exchanges.refusals import KeyRefused
from exchanges.throttle import Throttle
from exchanges.transport import Door
from tests.exchanges.bithumb_desk import ACCESS, SECRET, SYMBOL, Json, Nonces, claims_of, order_v1
from tests.exchanges.stub import NOON, HandClock, Said, Stub, error, page

if TYPE_CHECKING:
    from exchanges.base import Exchange

ACK: Json = {
    "order_id": "C0101000003152350309",
    "market": SYMBOL,
    "side": "bid",
    "order_type": "limit",
    "created_at": "2026-11-20T11:59:59+09:00",
    "stp_type": "cancel_taker",
    "client_order_id": "bp0a1b2c-1f",
}


def buy(exchange: BithumbExchange, price: str = "90000000", qty: str = "0.001") -> VenueOrder:
    return exchange.place_order(SYMBOL, Side.BUY, Decimal(qty), Decimal(price), client_order_id="bp0a1b2c-1f")


# Placing


def as_port(exchange: BithumbExchange) -> "Exchange":
    """Type-checked: the adapter has all that the port asks for."""
    return exchange


def test_the_adapter_keeps_the_port(exchange: BithumbExchange) -> None:
    port = as_port(exchange)

    assert port.capabilities.client_order_id
    assert port.market_session(SYMBOL) is None


def test_an_order_goes_out_as_the_sheet_says(stub: Stub, exchange: BithumbExchange) -> None:
    stub.says("POST", "/v2/orders", Said(201, ACK))

    placed = buy(exchange)

    asked = stub.asked[0]
    fields: dict[str, str] = json.loads(asked.body)
    assert fields == {
        "market": SYMBOL,
        "side": "bid",
        "order_type": "limit",
        "price": "90000000",
        "volume": "0.001",
        "client_order_id": "bp0a1b2c-1f",
    }
    text = "&".join(f"{key}={value}" for key, value in fields.items())
    assert claims_of(asked) == {
        "access_key": ACCESS,
        "nonce": "00000000-0000-4000-8000-000000000001",
        "timestamp": int(NOON.timestamp()) * 1000,
        "query_hash": query_hash(text),
        "query_hash_alg": "SHA512",
    }
    assert asked.headers["Content-Type"].startswith("application/json")
    assert placed == VenueOrder(
        "C0101000003152350309",
        "bp0a1b2c-1f",
        SYMBOL,
        Side.BUY,
        Decimal(90000000),
        Decimal("0.001"),
        ZERO,
        ZERO,
        OrderState.OPEN,
        NOON - timedelta(seconds=1),
    )


@pytest.mark.parametrize(
    ("price", "qty", "fields"),
    [("9.0E+7", "1E-8", ("90000000", "0.00000001")), ("0.1230", "5E+3", ("0.123", "5000"))],
)
def test_numbers_are_written_plainly(
    stub: Stub, exchange: BithumbExchange, price: str, qty: str, fields: tuple[str, str]
) -> None:
    stub.says("POST", "/v2/orders", ACK)

    buy(exchange, price, qty)

    sent = json.loads(stub.asked[0].body)
    assert (sent["price"], sent["volume"]) == fields


LOST = {
    "no answer": Said(hold=True),
    "a dropped connection": Said(drop=True),
    "half a body": Said(value=ACK, cut=20),
    "a fault": Said(500, {"error": {"name": "internal", "message": "x"}}),
    "a page of maintenance": page(503),
    "a page with status 200": page(200),
    "a block page": page(403),
    "a redirect": Said(302, headers={"Location": "/"}),
    "an order without id": Said(value={key: value for key, value in ACK.items() if key != "order_id"}),
    "another order's id": Said(value=ACK | {"client_order_id": "bp0a1b2c-zz"}),
    "another market": Said(value=ACK | {"market": "KRW-ETH"}),
    "another side": Said(value=ACK | {"side": "ask"}),
    "a list": Said(value=[ACK]),
    "an error in a 200": error(200, 404, "Code not found"),
    "being taken in": error(422, "order_not_ready"),
    "no JSON": Said(raw=b"OK", content_type="text/plain"),
}


@pytest.mark.parametrize("said", LOST.values(), ids=LOST.keys())
def test_an_order_without_a_clear_answer_is_unknown_and_sent_once(
    stub: Stub, exchange: BithumbExchange, said: Said
) -> None:
    stub.says("POST", "/v2/orders", said)

    with pytest.raises(OutcomeUnknown):
        buy(exchange)

    assert len(stub.asked) == 1


def test_a_refusal_is_definite(stub: Stub, exchange: BithumbExchange) -> None:
    stub.says("POST", "/v2/orders", error(400, "under_min_total_bid"))

    with pytest.raises(OrderRejected) as refused:
        buy(exchange)

    assert refused.value.code == "bithumb_under_minimum"
    assert len(stub.asked) == 1


def test_too_many_orders_pause_orders_alone(stub: Stub, exchange: BithumbExchange) -> None:
    stub.says("POST", "/v2/orders", Said(429, {}, headers={"Retry-After": "7"}), ACK)
    stub.says("GET", "/v1/accounts", [])

    for _ in range(2):
        with pytest.raises(RateLimited) as limited:
            buy(exchange)
        assert limited.value.retry_after_s == 7

    assert len(stub.asked) == 1
    assert exchange.get_balance() == ()


def test_a_page_in_a_429_closes_everything(stub: Stub, exchange: BithumbExchange) -> None:
    stub.says("POST", "/v2/orders", page(429))

    with pytest.raises(RateLimited) as limited:
        buy(exchange)

    assert limited.value.retry_after_s == 600
    with pytest.raises(RateLimited):
        exchange.get_balance()
    assert len(stub.asked) == 1


def test_a_block_page_closes_everything(stub: Stub, clock: HandClock, exchange: BithumbExchange) -> None:
    stub.says("GET", "/v1/accounts", page(403), [])

    for _ in range(2):
        with pytest.raises(RateLimited):
            exchange.get_balance()

    assert len(stub.asked) == 1
    assert exchange.blocked_until == NOON + timedelta(minutes=10)
    clock.at += timedelta(minutes=10)
    assert exchange.get_balance() == ()


NO_ORDERS: dict[str, Json] = {
    "no price": {"price": None},
    "a market order": {"order_type": "market"},
    "no quantity": {"qty": ZERO},
    "a price below zero": {"price": Decimal(-1)},
    "another quote currency": {"symbol": "BTC-ETH"},
    "more than a symbol": {"symbol": "KRW-BTC&x=1"},
    "a blank in our id": {"client_order_id": "a b"},
    "an id of 37 letters": {"client_order_id": "x" * 37},
}


@pytest.mark.parametrize("changes", NO_ORDERS.values(), ids=NO_ORDERS.keys())
def test_what_cannot_be_an_order_does_not_leave(stub: Stub, exchange: BithumbExchange, changes: Json) -> None:
    fine: dict[str, Any] = {"symbol": SYMBOL, "side": Side.BUY, "qty": Decimal(1), "price": Decimal(5000)}

    with pytest.raises(OrderRejected):
        exchange.place_order(**fine | changes)

    assert stub.asked == []


def test_without_keys_nothing_private_leaves(stub: Stub, clock: HandClock) -> None:
    exchange = BithumbExchange(None, None, base_url=stub.url, clock=clock, wait=clock.wait, nonce=Nonces())

    with pytest.raises(KeyRefused) as refused:
        buy(exchange)

    assert refused.value.why.code == "bithumb_key_missing"
    assert stub.asked == []
    assert exchange.instrument(SYMBOL) == RULES.instrument(SYMBOL, Fees(Decimal("0.0025"), Decimal("0.0025")))


# Canceling


def test_a_cancel_is_accepted(stub: Stub, exchange: BithumbExchange) -> None:
    stub.says("DELETE", "/v2/order", {"order_id": "C1", "created_at": "2026-11-20T12:00:00+09:00"})

    assert exchange.cancel_order("C1") is CancelAnswer.ACCEPTED
    assert exchange.cancel_by_client_id("bp-1") is CancelAnswer.ACCEPTED

    assert [asked.query for asked in stub.asked] == ["order_id=C1", "client_order_id=bp-1"]
    assert claims_of(stub.asked[0])["query_hash"] == query_hash("order_id=C1")
    assert "Content-Type" not in stub.asked[0].headers
    assert stub.asked[0].body == b""


@pytest.mark.parametrize(
    ("said", "answer"),
    [
        (order_v1(state="done", executed_volume="0.001"), CancelAnswer.ALREADY_FILLED),
        (order_v1(state="cancel"), CancelAnswer.ALREADY_CLOSED),
        (error(404, "order_not_found"), CancelAnswer.UNKNOWN_ORDER),
    ],
)
def test_an_order_not_found_for_a_cancel_is_looked_at(
    stub: Stub, exchange: BithumbExchange, said: object, answer: CancelAnswer
) -> None:
    stub.says("DELETE", "/v2/order", error(404, "order_not_found"))
    stub.says("GET", "/v1/order", said)

    assert exchange.cancel_order("C1") is answer


def test_a_cancel_that_came_to_nothing_may_be_sent_again(stub: Stub, exchange: BithumbExchange) -> None:
    stub.says("DELETE", "/v2/order", error(404, "order_not_found"), error(422, "order_not_ready"))
    stub.says("GET", "/v1/order", order_v1())

    for kind in (VenueUnavailable, OrderNotReady):
        with pytest.raises(kind):
            exchange.cancel_order("C1")

    assert len(stub.asked_for("/v2/order")) == 2


@pytest.mark.parametrize("said", [Said(drop=True), Said(500, {}), page(200), error(200, 400)])
def test_a_cancel_without_a_clear_answer_is_unknown(stub: Stub, exchange: BithumbExchange, said: Said) -> None:
    stub.says("DELETE", "/v2/order", said)

    with pytest.raises(OutcomeUnknown):
        exchange.cancel_order("C1")

    assert len(stub.asked) == 1


def test_an_id_that_no_order_can_have_does_not_leave(stub: Stub, exchange: BithumbExchange) -> None:
    assert exchange.cancel_order("") is CancelAnswer.UNKNOWN_ORDER
    with pytest.raises(OrderNotFound):
        exchange.get_order("a&b")

    assert stub.asked == []


# Secrets


def test_a_value_that_would_be_signed_otherwise_than_sent_does_not_leave(stub: Stub, clock: HandClock) -> None:
    door = Door(stub.url, clock, clock.wait)
    client = Client(door, Throttle(clock, clock.wait, PER_SECOND), Keys(ACCESS, SECRET), Nonces())

    with pytest.raises(ValueError, match="signed"):
        client.read(ORDER, ("uuid", "a+b/="))

    assert stub.asked == []


def test_keys_stand_in_no_error_log_or_name(
    stub: Stub, exchange: BithumbExchange, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    shown = [repr(exchange), str(vars(exchange))]
    for said in (*LOST.values(), error(401, "jwt_verification", SECRET), error(400, SECRET, ACCESS)):
        stub.says("POST", "/v2/orders", said)
        stub.says("GET", "/v1/accounts", said)
        for call in (buy, BithumbExchange.get_balance):
            try:
                call(exchange)
            except Exception as trouble:  # noqa: BLE001 - whatever comes must not hold the keys
                each: BaseException | None = trouble
                while each is not None:
                    shown.append(f"{each!r} {vars(each)} {each.__cause__!r}")
                    each = each.__context__
        exchange._throttle.blocked_until = None  # noqa: SLF001 - one of the answers is a block page
    tokens = [asked.headers["Authorization"].removeprefix("Bearer ") for asked in stub.asked]

    everything = " ".join(shown) + caplog.text
    assert len(tokens) > 20
    assert "canary" not in everything
    assert not any(token in everything or token.rpartition(".")[2] in everything for token in tokens)
