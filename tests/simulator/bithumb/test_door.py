"""The door answers whatever comes, and knows every route of the sheet that is built."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.bithumb.door import ROUTES
from simulator.bithumb.wire import Parameters
from simulator.calls import Call
from tests.simulator.customer import Customer, Json

PRIVATE = [route for route in ROUTES if route.private and not route.legacy]
TEXTS = st.one_of(
    st.sampled_from(["market", "KRW-BTC", "1", "done", "limit", "bid", "89000000", "0.001"]), st.text(max_size=12)
)
VALUES = st.recursive(
    st.one_of(TEXTS, st.integers(), st.floats(), st.none(), st.booleans()),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(TEXTS, inner, max_size=3)),
    max_leaves=6,
)


@pytest.mark.parametrize("route", PRIVATE, ids=lambda route: f"{route.method} {route.path}")
def test_no_private_route_opens_without_a_token(route: Json) -> None:
    assert Customer().send(Call(route.method, route.path))[0] == 401


@given(
    index=st.integers(0, len(ROUTES) - 1),
    query=st.text(st.characters(codec="ascii"), max_size=60),
    body=st.binary(max_size=60),
)
def test_whatever_comes_is_answered(index: int, query: str, body: bytes) -> None:
    route, customer = ROUTES[index], Customer()
    headers = {"content-type": "application/json", "authorization": "Bearer x.y.z"}

    answer = customer.door.answer(Call(route.method, route.path, query, headers, body))

    assert answer.status in {200, 400, 401, 404}
    json.loads(answer.body)


@given(
    route=st.sampled_from(PRIVATE),
    fields=st.dictionaries(
        st.one_of(st.sampled_from(sorted({name for route in PRIVATE for name in route.fields})), TEXTS),
        VALUES,
        max_size=6,
    ),
)
def test_a_signed_request_of_any_fields_is_answered_and_keeps_the_books(route: Json, fields: dict[str, Json]) -> None:
    customer = Customer()
    customer.set(strict_parameters=False)
    if route.method == "POST":
        call = Call("POST", route.path, "", {"content-type": "application/json"}, json.dumps(fields).encode())
        sent = Parameters.of_body(call.body)
    else:
        query = "&".join(f"{key}={value}" for key, value in fields.items()).encode("ascii", "replace").decode()
        call = Call(route.method, route.path, query)
        sent = Parameters.of_query(query)
    text = sent.raw if sent.pairs else ""
    token = customer.signer.token(customer.venue.now(), text)

    answer = customer.door.answer(
        Call(call.method, call.path, call.query, {**call.headers, "authorization": f"Bearer {token}"}, call.body)
    )

    assert answer.status in {200, 400, 401, 404}
    customer.venue.book.check()


def test_a_body_nested_beyond_reason_is_refused() -> None:
    customer = Customer()
    headers = {
        "content-type": "application/json",
        "authorization": f"Bearer {customer.signer.token(customer.venue.now())}",
    }

    assert customer.send(Call("POST", "/v2/orders", "", headers, b"[" * 200_000))[0] == 400


def test_half_a_sign_is_refused_and_not_a_crash() -> None:
    customer = Customer()

    status, answer = customer.post("/v2/orders", {"\ud800": "1"}, "\ufffd=1")

    assert (status, answer["error"]["name"]) == (400, "invalid_parameter")
    assert customer.public("/v1/ticker", "markets=%ED%A0%80")[0] == 200
