"""How the wire writes: parameters and the texts that are hashed, JSON with exact numbers, refusals, local times."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from datetime import timedelta, timezone
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from urllib.parse import quote_plus, unquote, unquote_plus

from domain.exact import plain
from simulator.calls import Answer

if TYPE_CHECKING:
    from datetime import datetime

KST = timezone(timedelta(hours=9))

_DIGITS = re.compile(r"\d{1,19}", re.ASCII)

Pairs = list[tuple[str, Any]]


class Refused(Exception):
    """The request is answered with an error body."""

    def __init__(self, status: int, name: str | int, message: str = "", **headers: str) -> None:
        super().__init__(str(name))
        self.status = status
        self.name = name
        self.message = message or str(name).replace("_", " ")
        self.headers = {key.replace("_", "-"): value for key, value in headers.items()}

    def answer(self) -> Answer:
        """Return the refusal as it is sent."""
        return reply({"error": {"name": self.name, "message": self.message}}, self.status, self.headers)


def invalid(message: str) -> Refused:
    """Refuse a parameter."""
    return Refused(400, "invalid_parameter", message)


def reply(payload: object, status: int = 200, headers: dict[str, str] | None = None) -> Answer:
    """Answer with JSON."""
    return Answer(status, encode(payload).encode(errors="replace"), headers or {})


def encode(value: object) -> str:
    """Write JSON; a `Decimal` becomes a number with all its digits."""
    match value:
        case Decimal():
            return plain(value)
        case dict():
            return "{" + ",".join(f"{json.dumps(str(key))}:{encode(item)}" for key, item in value.items()) + "}"
        case list() | tuple():
            return "[" + ",".join(encode(item) for item in value) + "]"
        case _:
            return json.dumps(value, ensure_ascii=False)


@dataclass(frozen=True, slots=True)
class Parameters:
    """The parameters of a request in the order received, and the texts whose hash the token may carry.

    `raw`: values as they are. `sent`: as they went over the wire, percent-encoded.
    """

    pairs: Pairs
    raw: str
    sent: str

    @classmethod
    def of_query(cls, query: str) -> Parameters:
        """Read the query of a GET or DELETE."""
        pairs: Pairs = []
        for part in filter(None, query.split("&")):
            key, _, value = part.partition("=")
            pairs.append((unquote_plus(key), unquote_plus(value)))
        return cls(pairs, unquote(query), query)

    @classmethod
    def of_body(cls, body: bytes) -> Parameters:
        """Read the JSON object of a POST; raises `ValueError` where it is none."""
        fields = json.loads(body, object_pairs_hook=Pairs, parse_float=Decimal) if body else Pairs()
        if not isinstance(fields, list) or not all(isinstance(item, tuple) for item in fields):
            raise ValueError("not an object")
        flat = [flat for key, value in fields for flat in _flatten(key, value)]
        raw = "&".join(f"{key}={value}" for key, value in flat)
        sent = "&".join(f"{quote_plus(key, safe='[]')}={quote_plus(value)}" for key, value in flat)
        return cls(fields, raw, sent)

    def one(self, name: str) -> str | None:
        """Return a single text; raises `Refused` where it is repeated, empty or no text."""
        values = [value for key, value in self.pairs if key == name]
        if not values:
            return None
        if len(values) > 1 or not isinstance(values[0], str) or not values[0]:
            raise invalid(f"{name} is not one text")
        return values[0]

    def needed(self, name: str) -> str:
        """Return a single text; raises `Refused` where it is missing."""
        value = self.one(name)
        if value is None:
            raise invalid(f"{name} is missing")
        return value

    def many(self, name: str, most: int) -> list[str]:
        """Return a list of texts: `name[]=` repeated in a query, an array in a body."""
        values: list[Any] = [value for key, value in self.pairs if key == f"{name}[]"]
        for key, value in self.pairs:
            if key == name and isinstance(value, list):
                values.extend(value)
        if len(values) > most or not all(isinstance(value, str) and value for value in values):
            raise invalid(f"{name} is not a list of at most {most} texts")
        return values

    def number(self, name: str, usual: int, least: int, most: int) -> int:
        """Return a whole number within bounds."""
        text = self.one(name)
        if text is None:
            return usual
        number = whole(text, least, most)
        if number is None:
            raise invalid(f"{name} is not a number from {least} to {most}")
        return number

    def choice(self, name: str, usual: str, *others: str) -> str:
        """Return one of several words."""
        text = self.one(name) or usual
        if text not in {usual, *others}:
            raise invalid(f"{name} is none of {', '.join((usual, *others))}")
        return text

    def refuse_others(self, known: frozenset[str]) -> None:
        """Refuse names that nobody knows."""
        for key, _ in self.pairs:
            if key.removesuffix("[]") not in known:
                raise invalid(f"{key} is not known here")


def whole(text: str, least: int, most: int) -> int | None:
    """Read a whole number within bounds; none where it is something else."""
    if not _DIGITS.fullmatch(text) or not least <= int(text) <= most:
        return None
    return int(text)


def _flatten(key: str, value: object) -> Pairs:
    """Turn a field of a body into the pairs that are hashed."""
    if isinstance(value, list) and all(isinstance(item, tuple) for item in value) and value:
        return [pair for name, item in value for pair in _flatten(f"{key}[{name}]", item)]
    if isinstance(value, list) and value and isinstance(value[0], list):
        return [pair for index, item in enumerate(value) for pair in _flatten(f"{key}[{index}]", item)]
    if isinstance(value, list):
        return [(f"{key}[]", _text(item)) for item in value]
    return [(key, _text(value))]


def _text(value: object) -> str:
    return value if isinstance(value, str) else encode(value)


def kst(at: datetime, *, ms: bool = False) -> str:
    """Write a moment as the private pages do: ISO 8601 with +09:00."""
    return at.astimezone(KST).isoformat(timespec="milliseconds" if ms else "seconds")


def millis(at: datetime) -> int:
    """Return milliseconds since 1970."""
    return int(at.timestamp()) * 1000 + at.microsecond // 1000
