"""A token opens the door only when all of it is right."""

import base64
import hashlib
import hmac
import json
from datetime import timedelta
from typing import Any

import jwt
import pytest

from simulator.bithumb.wire import millis
from simulator.calls import Call
from tests.simulator.customer import KEYS, Customer, Json, Signer

QUERY = "market=KRW-BTC"


def ask(customer: Customer, token: str, query: str = QUERY, path: str = "/v1/orders/chance") -> tuple[int, Any]:
    status, answer = customer.send(Call("GET", path, query, {"authorization": token}))
    return status, answer["error"]["name"] if "error" in answer else answer


def signed(customer: Customer, text: str = QUERY, **claims: Json) -> str:
    return f"Bearer {customer.signer.token(customer.venue.now(), text, **claims)}"


def test_a_good_token_is_let_in() -> None:
    customer = Customer()

    assert ask(customer, signed(customer))[0] == 200


def test_the_whole_token_of_the_sheet_has_the_sheets_signature() -> None:
    """The vector was computed apart from this code; it pins key bytes, compact form and hash text."""
    text = "market=KRW-BTC&side=bid&order_type=limit&price=90000000&volume=0.001"
    claims = {
        "access_key": "AK",
        "nonce": "0f9b3c1e-6a52-4f0e-9d0b-1c2d3e4f5a6b",
        "timestamp": 1763640000000,
        "query_hash": hashlib.sha512(text.encode()).hexdigest(),
        "query_hash_alg": "SHA512",
    }
    packed = [
        base64.urlsafe_b64encode(json.dumps(part, separators=(",", ":")).encode()).decode().rstrip("=")
        for part in ({"alg": "HS256", "typ": "JWT"}, claims)
    ]
    digest = hmac.new(b"SK0123456789abcdef0123456789abcdef", ".".join(packed).encode(), hashlib.sha256).digest()
    signature = base64.urlsafe_b64encode(digest).decode().rstrip("=")
    assert signature == "y-cjWGmpQviPoHRHu1xU_rqxDL6jUYs2qmTw1JknnmM"

    customer = Customer()
    customer.venue.clock.advance(customer.venue.now())
    customer.set(timestamp_window_s="100000000")
    body = dict(pair.split("=") for pair in text.split("&"))
    headers = {"authorization": f"Bearer {'.'.join([*packed, signature])}", "content-type": "application/json"}

    assert customer.send(Call("POST", "/v2/orders", "", headers, json.dumps(body).encode()))[0] == 200


@pytest.mark.parametrize(
    "claims",
    [
        {"timestamp": None},
        {"timestamp": "1772409600000"},
        {"timestamp": 1772409600},
        {"timestamp": 1772409600000.0},
        {"nonce": None},
        {"nonce": 7},
        {"nonce": "not-a-uuid"},
        {"access_key": "another"},
        {"access_key": None},
    ],
)
def test_a_claim_of_the_wrong_kind_is_refused(claims: dict[str, Any]) -> None:
    customer = Customer()

    assert ask(customer, signed(customer, **claims)) == (401, "jwt_verification")


@pytest.mark.parametrize(
    "claims",
    [
        {"query_hash": None},
        {"query_hash_alg": None},
        {"query_hash": None, "query_hash_alg": None},
        {"query_hash_alg": "SHA256"},
        {"query_hash": "00"},
        {"query_hash": hashlib.sha512(QUERY.encode()).hexdigest().upper()},
    ],
)
def test_a_hash_that_is_not_the_requests_is_refused(claims: dict[str, Any]) -> None:
    customer = Customer()

    assert ask(customer, signed(customer, **claims)) == (401, "invalid_query_payload")


def test_a_request_without_parameters_carries_no_hash() -> None:
    customer = Customer()
    empty = hashlib.sha512(b"").hexdigest()

    assert ask(customer, signed(customer, ""), "", "/v1/accounts")[0] == 200
    token = signed(customer, "", query_hash=empty, query_hash_alg="SHA512")
    assert ask(customer, token, "", "/v1/accounts") == (401, "invalid_query_payload")


@pytest.mark.parametrize("wrong", ["", "Bearer", "Bearer a.b", "Bearer a.b.c", "Basic x", "Bearer ..", "Bearer é.a.b"])
def test_what_is_no_token_is_refused(wrong: str) -> None:
    assert ask(Customer(), wrong) == (401, "jwt_verification")


def test_another_secret_and_another_algorithm_are_refused() -> None:
    customer = Customer()
    claims = jwt.decode(signed(customer).partition(" ")[2], options={"verify_signature": False})

    wrong_key = jwt.encode(claims, "another secret that is long enough", algorithm="HS256")
    other_way = jwt.encode(claims, KEYS.secret_key * 2, algorithm="HS512")
    unsigned = jwt.encode(claims, None, algorithm="none")

    for token in (wrong_key, other_way, unsigned):
        assert ask(customer, f"Bearer {token}") == (401, "jwt_verification")


def test_a_tampered_query_and_a_tampered_body_are_refused() -> None:
    customer = Customer()
    body = {"market": "KRW-BTC", "side": "bid", "order_type": "limit", "price": "89000000", "volume": "0.001"}
    text = "&".join(f"{key}={value}" for key, value in body.items())

    assert ask(customer, signed(customer), "market=KRW-ETH") == (401, "invalid_query_payload")
    assert customer.post("/v2/orders", body | {"volume": "0.002"}, text)[1]["error"]["name"] == "invalid_query_payload"


def test_a_hash_over_sorted_keys_or_over_the_json_text_is_refused() -> None:
    customer = Customer()
    body = {"market": "KRW-BTC", "side": "bid", "order_type": "limit", "price": "89000000", "volume": "0.001"}
    ordered = "&".join(f"{key}={body[key]}" for key in sorted(body))

    for text in (ordered, json.dumps(body)):
        assert customer.post("/v2/orders", body, text)[0] == 401


def test_a_nonce_is_taken_once() -> None:
    customer = Customer()
    first = signed(customer)

    assert ask(customer, first)[0] == 200
    assert ask(customer, first) == (401, "nonce_used")


@pytest.mark.parametrize(("seconds", "status"), [(-31, 401), (-30, 200), (30, 200), (31, 401)])
def test_an_old_or_future_time_is_refused(seconds: int, status: int) -> None:
    customer = Customer()
    at = customer.venue.now() + timedelta(seconds=seconds)

    answer = ask(customer, signed(customer, timestamp=millis(at)))

    assert answer[0] == status
    if status == 401:
        assert answer[1] == "expired_jwt"


def test_the_window_and_the_clock_of_the_judge_are_settings() -> None:
    customer = Customer()
    old = customer.venue.now() - timedelta(seconds=100)
    customer.set(timestamp_window_s="100")
    assert ask(customer, signed(customer, timestamp=millis(old)))[0] == 200

    customer.set(timestamp_window_s="30", judge_clock="real")
    customer.step()
    customer.step()
    customer.step("2026-03-02T01:00:00Z", play=False)

    assert ask(customer, signed(customer))[1] == "expired_jwt"
    # The real clock of these tests stands at the begin.
    assert ask(customer, signed(customer, timestamp=millis(old + timedelta(seconds=100))))[0] == 200


@pytest.mark.parametrize(
    ("settings", "refusal"),
    [
        ({"key_ips": ["10.0.0.1"]}, (401, "NotAllowIP")),
        ({"key_scopes": ["order_read"]}, (401, "out_of_scope")),
        ({"key_expire_at": "2026-03-01T00:00:00Z"}, (401, "jwt_verification")),
        ({"member_blocked": True}, (403, "blocked_member_id")),
        ({"names": {"key_expired": "gone"}, "key_expire_at": "2026-03-01T00:00:00Z"}, (401, "gone")),
    ],
)
def test_a_key_has_scopes_addresses_and_an_end(settings: dict[str, object], refusal: tuple[int, str]) -> None:
    customer = Customer()
    customer.set(**settings)

    assert ask(customer, signed(customer)) == refusal


def test_the_hash_of_a_percent_encoded_cursor_may_be_over_either_text() -> None:
    customer = Customer()
    raw, sent = "next_key=a+/=", "next_key=a%2B%2F%3D"

    def name(hashed: str) -> str:
        token = f"Bearer {Signer.token(customer.signer, customer.venue.now(), hashed)}"
        status, answer = customer.send(Call("GET", "/v2/orders/pending", sent, {"authorization": token}))
        return f"{status} {answer['error']['name']}"

    assert [name(text) for text in (raw, sent)] == ["400 invalid_parameter"] * 2
    assert customer.venue.hash_forms == {"raw": 1, "sent": 1}
    customer.set(query_hash_form="raw")
    assert [name(text) for text in (raw, sent)] == ["400 invalid_parameter", "401 invalid_query_payload"]


def test_extra_headers_and_a_missing_content_type_of_a_read_are_no_fault() -> None:
    customer = Customer()
    headers = {"authorization": signed(customer), "open-api-partner": "X", "content-type": "text/plain"}

    assert customer.send(Call("GET", "/v1/orders/chance", QUERY, headers))[0] == 200
