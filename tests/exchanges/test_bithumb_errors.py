"""Bithumb's refusals: every name of its table means one thing, and has words for the owner."""

import pytest

from domain.errors import (
    AuthRefused,
    OrderNotFound,
    OrderNotReady,
    OrderRejected,
    OutcomeUnknown,
    VenueError,
    VenueUnavailable,
)
from exchanges.bithumb import errors
from exchanges.bithumb.errors import (
    KEY_CODES,
    ORDER_CODES,
    Complaint,
    complaint_in,
    for_canceling,
    for_placing,
    for_public_reading,
    for_reading,
)
from exchanges.refusals import KeyRefused, Refused
from reports.wording import LANGUAGES, sentences_of

KEY_NAMES = [
    (401, "invalid_query_payload", "bithumb_signature_refused"),
    (401, "jwt_verification", "bithumb_key_wrong"),
    (401, "expired_jwt", "bithumb_time_refused"),
    (401, "NotAllowIP", "bithumb_address_refused"),
    (401, "out_of_scope", "bithumb_key_lacks_right"),
    (403, "blocked_member_id", "bithumb_member_blocked"),
    (401, "nonce_used", "bithumb_nonce_refused"),
    (401, "expired_access_key", "bithumb_key_expired"),
    (401, "invalid_access_key", "bithumb_key_wrong"),
    (401, "something_new", "bithumb_key_refused"),
    (403, "", "bithumb_key_refused"),
]

ORDER_NAMES = [
    (400, "invalid_parameter", "bithumb_order_malformed"),
    (400, "invalid_price", "bithumb_price_off_unit"),
    (400, "invalid_price_bid", "bithumb_price_off_unit"),
    (400, "invalid_price_ask", "bithumb_price_off_unit"),
    (400, "under_price_limit_bid", "bithumb_price_out_of_range"),
    (400, "under_price_limit_ask", "bithumb_price_out_of_range"),
    (400, "bank_account_required", "bithumb_bank_account_needed"),
    (400, "two_factor_auth_required", "bithumb_second_factor_needed"),
    (400, "currency does not have a valid value", "bithumb_order_malformed"),
    (400, "cross_trading", "bithumb_own_orders_cross"),
    (400, "insufficient_funds_bid", "bithumb_funds_short"),
    (400, "insufficient_funds_ask", "bithumb_funds_short"),
    (400, "under_min_total_bid", "bithumb_under_minimum"),
    (400, "something_new", "venue_rejected"),
    (400, "", "venue_rejected"),
    (404, "order_not_found", "venue_rejected"),
    (422, "something_new", "venue_rejected"),
]


def said(status: int, name: str | int, message: str = "no") -> Complaint:
    found = complaint_in("POST /v2/orders", status, {"error": {"name": name, "message": message}})
    assert found is not None
    return found


@pytest.mark.parametrize(("status", "name", "code"), KEY_NAMES)
@pytest.mark.parametrize("error_of", [for_reading, for_public_reading, for_placing, for_canceling])
def test_a_refused_key_stops_trading_and_says_what_to_do(error_of: object, status: int, name: str, code: str) -> None:
    assert callable(error_of)
    refused = error_of(said(status, name))

    assert isinstance(refused, KeyRefused)
    assert isinstance(refused, AuthRefused)
    assert refused.why.code == code


@pytest.mark.parametrize(("status", "name", "code"), ORDER_NAMES)
def test_a_refused_order_is_definite_and_coded(status: int, name: str, code: str) -> None:
    refused = for_placing(said(status, name))

    assert isinstance(refused, OrderRejected)
    assert refused.code == code


@pytest.mark.parametrize(
    ("status", "name"),
    [(422, "order_not_ready"), (408, "x"), (409, "x"), (425, "x"), (200, "x"), (200, 404), (200, 400), (200, "")],
)
def test_what_may_have_been_placed_is_unknown(status: int, name: str | int) -> None:
    assert isinstance(for_placing(said(status, name)), OutcomeUnknown)


def test_a_known_refusal_is_one_with_status_200_too() -> None:
    assert isinstance(for_placing(said(200, "invalid_price")), OrderRejected)
    assert isinstance(for_reading(said(200, "jwt_verification")), KeyRefused)


def test_not_found_is_believed_only_in_full() -> None:
    assert isinstance(for_reading(said(404, "order_not_found")), OrderNotFound)
    for complaint in (said(200, "order_not_found"), said(404, "x"), said(404, 404), said(200, 404), said(404, "")):
        assert isinstance(for_reading(complaint), Refused)


def test_an_order_that_is_not_ready_is_no_order_not_found() -> None:
    for error_of in (for_reading, for_canceling):
        waiting = error_of(said(422, "order_not_ready"))
        assert isinstance(waiting, OrderNotReady)
        assert not isinstance(waiting, VenueUnavailable | OrderNotFound)


@pytest.mark.parametrize(("status", "name"), [(400, "invalid_parameter"), (400, ""), (422, "x")])
def test_a_refused_cancel_changed_nothing(status: int, name: str) -> None:
    assert isinstance(for_canceling(said(status, name)), VenueUnavailable)


@pytest.mark.parametrize(("status", "name"), [(409, "x"), (200, 400)])
def test_a_doubtful_cancel_is_unknown(status: int, name: str | int) -> None:
    assert isinstance(for_canceling(said(status, name)), OutcomeUnknown)


@pytest.mark.parametrize("complaint", [said(200, 404, "Code not found"), said(404, "x")])
def test_an_unknown_market_is_told_as_such(complaint: Complaint) -> None:
    refused = for_public_reading(complaint)

    assert isinstance(refused, Refused)
    assert refused.why.code == "bithumb_market_unknown"


@pytest.mark.parametrize(
    ("message", "address"),
    [
        ("등록되지 않은 IP입니다. (203.0.113.7)", "203.0.113.7"),
        ("not allowed: 2001:db8::1:2", "2001:db8::1:2"),
        ("허용되지 않은 IP입니다", ""),
        ("at 12:30 version 2.1.5", ""),
    ],
)
def test_the_address_that_was_refused_is_shown_where_it_is_given(message: str, address: str) -> None:
    refused = for_reading(said(401, "NotAllowIP", message))

    assert isinstance(refused, KeyRefused)
    assert refused.why.plain_figures().get("address", "") == address
    assert refused.why.code == ("bithumb_address_refused_seen" if address else "bithumb_address_refused")


def test_the_venues_own_words_stay_out_of_the_error() -> None:
    for error_of in (for_reading, for_public_reading, for_placing, for_canceling):
        trouble = error_of(said(400, "x <b>canary</b>", "canary"))
        assert isinstance(trouble, VenueError)
        assert "canary" not in f"{trouble} {trouble!r} {vars(trouble)}"


@pytest.mark.parametrize(
    ("status", "value"),
    [
        (404, {"name": "not_found", "message": "No Route matched with those values"}),
        (400, {"error": "text"}),
        (400, []),
        (500, None),
        (200, {"error": []}),
        (200, {"error": {"name": True}}),
    ],
)
def test_a_refusal_in_any_form_is_one(status: int, value: object) -> None:
    assert complaint_in("GET /x", status, value) is not None


@pytest.mark.parametrize("value", [{}, [], {"error": None}, {"data": 1}])
def test_an_answer_is_no_refusal(value: object) -> None:
    assert complaint_in("GET /x", 200, value) is None


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_code_has_its_sentence_and_an_orders_needs_no_figure(language: str) -> None:
    sentences = sentences_of(language)
    guessed = {code for _, code in (*errors.KEY_GUESSES, *errors.ORDER_GUESSES)}

    assert {*KEY_CODES.values(), *ORDER_CODES.values(), *guessed} <= set(sentences)
    for code in {*ORDER_CODES.values(), *(code for _, code in errors.ORDER_GUESSES)}:
        assert "{" not in sentences[code]
