"""Signing for Bithumb: the vectors of the wire sheet, and keys that are never shown."""

import copy
import json
import pickle
from base64 import urlsafe_b64decode
from datetime import UTC, datetime

import jwt
import pytest
from pydantic import SecretStr

from exchanges.bithumb.signing import Keys, parameter_text, query_hash
from exchanges.refusals import KeyRefused

AT = datetime(2025, 11, 20, 12, 0, tzinfo=UTC)  # 1763640000000 ms
NONCE = "0f9b3c1e-6a52-4f0e-9d0b-1c2d3e4f5a6b"
SECRET = "SK0123456789abcdef0123456789abcdef"

HASHES = {
    "market=KRW-BTC": (
        "b749dfc2e17f75e5b46c8161f97fe7c9298ed4167ea21c5c94d16573efd8a801"
        "351470c0ff1a9a3f1e763f8249968218c04c571c8b45aa80cd4588e6c4be0738"
    ),
    "market=KRW-BTC&limit=10": (
        "d8214a07d0b7181ac91485f885d4349e9de6733bbd0806fec3102519a0ba1479"
        "b9be54245055706da413a6e916a8a978c1fc1a79e8e459d54c4de8fbe2bc70cd"
    ),
    "order_ids[]=C01&order_ids[]=C02": (
        "6e4085e386811838c86ccaa1050449d36258616a91f45ff86e395336b07e964e"
        "ae842357cbae894cac1fd966261d927aad2350874a5c8c97720e8c5c8ce4043e"
    ),
    "market=KRW-BTC&states[]=done&states[]=cancel": (
        "0aededd62b76d555bf21f829c2a854408340bd9474ddd390c33308d2a1bf472b"
        "23559ba339fb346e8d7325d19039eadcb41a54ce02ea20bf2fc0161d9d09c77d"
    ),
    "market=KRW-BTC&side=bid&order_type=limit&price=90000000&volume=0.001": (
        "e28ddb67c32665a82e98532ee60456e230f85b0b5cec998b3aa46101e7e00140"
        "412b1b28f03987751c490521e17f21d6a4a701d46d97e6d40dbbb1564a65c64d"
    ),
}


@pytest.mark.parametrize(("text", "expected"), HASHES.items())
def test_parameters_hash_as_in_the_sheet(text: str, expected: str) -> None:
    assert query_hash(text) == expected


@pytest.mark.parametrize(
    ("params", "text"),
    [
        ([("market", "KRW-BTC"), ("limit", "10")], "market=KRW-BTC&limit=10"),
        ([("limit", "10"), ("market", "KRW-BTC")], "limit=10&market=KRW-BTC"),
        ([("order_ids", ["C01", "C02"])], "order_ids[]=C01&order_ids[]=C02"),
        (
            [("market", "KRW-BTC"), ("states", ["done", "cancel"])],
            "market=KRW-BTC&states[]=done&states[]=cancel",
        ),
        ([("name", "바둑 판")], "name=바둑 판"),
        ([], ""),
    ],
)
def test_parameters_keep_their_order_and_their_letters(params: list[tuple[str, str | list[str]]], text: str) -> None:
    assert parameter_text(params) == text


def test_letters_beyond_ascii_are_hashed_as_utf_8() -> None:
    assert query_hash("name=바둑판") == query_hash(b"name=\xeb\xb0\x94\xeb\x91\x91\xed\x8c\x90".decode())
    assert len(query_hash("name=바둑판")) == 128


def test_a_whole_token_is_the_one_of_the_sheet() -> None:
    text = "market=KRW-BTC&side=bid&order_type=limit&price=90000000&volume=0.001"

    token = Keys("AK", SECRET).token(text, nonce=NONCE, at=AT)

    header, claims, signature = token.split(".")
    assert signature == "y-cjWGmpQviPoHRHu1xU_rqxDL6jUYs2qmTw1JknnmM"
    assert json.loads(urlsafe_b64decode(header + "==")) == {"alg": "HS256", "typ": "JWT"}
    assert json.loads(urlsafe_b64decode(claims + "==")) == {
        "access_key": "AK",
        "nonce": NONCE,
        "timestamp": 1763640000000,
        "query_hash": HASHES[text],
        "query_hash_alg": "SHA512",
    }


def test_a_call_without_parameters_carries_no_hash() -> None:
    claims = jwt.decode(Keys("AK", SECRET).token("", nonce=NONCE, at=AT), SECRET, algorithms=["HS256"])

    assert claims == {"access_key": "AK", "nonce": NONCE, "timestamp": 1763640000000}


def test_keys_are_taken_wrapped_or_plain_without_the_blanks_of_copying() -> None:
    wrapped = Keys(SecretStr(" AK\n"), SecretStr(SECRET + "\n"))

    assert wrapped.access == "AK"
    assert wrapped.token("", nonce=NONCE, at=AT) == Keys("AK", SECRET).token("", nonce=NONCE, at=AT)


def test_keys_are_never_shown_nor_stored() -> None:
    keys = Keys("AKcanary", "SKcanary")

    assert "canary" not in f"{keys!r} {keys} {keys:}"
    for store in (pickle.dumps, copy.copy, copy.deepcopy):
        with pytest.raises(TypeError):
            store(keys)


@pytest.mark.parametrize("secret", ["", "-----BEGIN PUBLIC KEY-----\ncanary\n-----END PUBLIC KEY-----"])
def test_a_secret_that_cannot_sign_is_a_wrong_key(secret: str) -> None:
    with pytest.raises(KeyRefused) as refused:
        Keys("AK", secret).token("", nonce=NONCE, at=AT)

    assert refused.value.why.code == "bithumb_key_wrong"
    assert refused.value.__context__ is None
