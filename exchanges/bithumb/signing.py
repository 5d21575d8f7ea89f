"""How a private call to Bithumb is signed: the text of its parameters, its hash, and the token around it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from hashlib import sha512
from typing import TYPE_CHECKING, Protocol

import jwt

from domain.reason import reason
from exchanges.refusals import KeyRefused

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Secret(Protocol):
    """A value that shows itself only when asked outright; pydantic's `SecretStr` is one."""

    def get_secret_value(self) -> str:
        """Return the value."""
        ...


class Keys:
    """The pair of keys of one account; neither is ever shown."""

    __slots__ = ("_access", "_secret")

    def __init__(self, access: str | Secret, secret: str | Secret) -> None:
        """Take the keys as they are, without the blanks that copying adds."""
        self._access = _revealed(access)
        self._secret = _revealed(secret)

    def __repr__(self) -> str:
        return "Keys(***)"

    def __reduce__(self) -> str:
        message = "keys are not stored"
        raise TypeError(message)

    @property
    def access(self) -> str:
        """Return the access key, by which the venue lists the keys of an account."""
        return self._access

    def token(self, parameters: str, *, nonce: str, at: datetime) -> str:
        """Sign one call; raises `KeyRefused` for a secret that cannot sign at all."""
        claims: dict[str, object] = {"access_key": self._access, "nonce": nonce, "timestamp": _milliseconds(at)}
        if parameters:
            claims |= {"query_hash": query_hash(parameters), "query_hash_alg": "SHA512"}
        try:
            return jwt.encode(claims, self._secret, algorithm="HS256")
        except jwt.PyJWTError:
            pass
        raise KeyRefused("the secret key cannot sign", why=reason("bithumb_key_wrong"))


def parameter_text(params: Sequence[tuple[str, str | Sequence[str]]]) -> str:
    """Join parameters as they are sent, in their order and unescaped; a list gives one `key[]=value` for each."""
    return "&".join(f"{key}={value}" for key, value in _flat(params))


def query_hash(parameters: str) -> str:
    """Return the hash that stands in the token."""
    return sha512(parameters.encode()).hexdigest()


def _flat(params: Sequence[tuple[str, str | Sequence[str]]]) -> Iterator[tuple[str, str]]:
    for key, value in params:
        if isinstance(value, str):
            yield key, value
        else:
            yield from ((f"{key}[]", each) for each in value)


def _milliseconds(at: datetime) -> int:
    return (at - _EPOCH) // timedelta(milliseconds=1)


def _revealed(value: str | Secret) -> str:
    return (value if isinstance(value, str) else value.get_secret_value()).strip()
