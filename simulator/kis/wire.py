"""How the wire writes: JSON of texts, padded messages, numbers to so many places, refusals in two shapes."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from decimal import ROUND_DOWN, Decimal
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote_plus

from simulator.calls import Answer
from simulator.kis.codes import text_of
from simulator.kis.hours import SEOUL

if TYPE_CHECKING:
    from datetime import datetime

    from simulator.faults import Fault
    from simulator.kis.venue import KisVenue

MESSAGE_BYTES = 80
CONTEXT_CHARS = 200
BUSINESS = 200
GATEWAY = 500
FORBIDDEN = 403

Row = dict[str, str]


class Refused(Exception):
    """The request is answered with `rt_cd` other than 0; a gateway refuses with 500, the business with 200."""

    def __init__(self, status: int, code: str, message: str | None = None, *, rt_cd: str = "1") -> None:
        super().__init__(code)
        self.status = status
        self.code = code
        self.message = text_of(code) if message is None else message
        self.rt_cd = rt_cd

    def answer(self) -> Answer:
        """Return the refusal as it is sent."""
        return reply({"rt_cd": self.rt_cd, "msg_cd": self.code, "msg1": self.message}, self.status)


class OauthRefused(Refused):
    """The token desk refuses in words of its own."""

    def answer(self) -> Answer:
        """Return the refusal as it is sent."""
        return reply({"error_description": self.message, "error_code": self.code}, self.status)


def gateway(code: str) -> Refused:
    """Refuse before anybody has looked at what is wanted."""
    return Refused(GATEWAY, code)


def case(venue: KisVenue, name: str) -> Refused:
    """Refuse an order in a case whose code is set."""
    key = f"{name}_{venue.mode}"
    return Refused(BUSINESS, venue.settings.codes[key], text_of(key))


def field_missing(name: str) -> Refused:
    """Refuse a request that lacks a field or has it wrong."""
    return Refused(BUSINESS, "OPSQ2001", f"ERROR : INPUT FIELD NOT FOUND [{name}]", rt_cd="2")


@dataclass(frozen=True, slots=True)
class Ask:
    """One request that the gate has let pass; fields by their names in capitals."""

    venue: KisVenue
    fields: dict[str, str]
    tr_id: str
    continues: bool = False
    fault: Fault | None = None

    def __getitem__(self, name: str) -> str:
        return self.fields.get(name, "")


@dataclass(frozen=True, slots=True)
class Said:
    """A good answer; `tr_cont` is none where the header is not sent."""

    code: tuple[str, str]
    payload: dict[str, Any] = field(default_factory=dict)
    tr_cont: str | None = ""
    padded: bool = False

    def answer(self, tr_id: str) -> Answer:
        """Return it as it is sent."""
        msg_cd, text = self.code
        body = {"rt_cd": "0", "msg_cd": msg_cd, "msg1": padded(text) if self.padded else text, **self.payload}
        headers = {} if self.tr_cont is None else {"tr_id": tr_id, "tr_cont": self.tr_cont, "gt_uid": ""}
        return reply(body, headers=headers)


def reply(payload: object, status: int = 200, headers: dict[str, str] | None = None) -> Answer:
    """Answer with JSON."""
    text = json.dumps(payload, ensure_ascii=False, separators=(",", ":"))
    return Answer(status, text.encode(errors="replace"), headers or {}, "application/json; charset=UTF-8")


def query_fields(query: str) -> dict[str, str]:
    """Read a query; keys count in any case."""
    fields: dict[str, str] = {}
    for part in filter(None, query.split("&")):
        key, _, value = part.partition("=")
        fields[unquote_plus(key).upper()] = unquote_plus(value)
    return fields


def body_fields(body: bytes) -> dict[str, str]:
    """Read the body of an order; keys in capitals, values texts. Raises `Refused`."""
    try:
        fields = json.loads(body)
    except (ValueError, RecursionError):
        raise gateway("OPSQ9997") from None
    if not isinstance(fields, dict):
        raise gateway("OPSQ9997")
    for name, value in fields.items():
        if not isinstance(value, str):
            raise field_missing(name)
    return fields


def padded(text: str, length: int = MESSAGE_BYTES) -> str:
    """Pad a message with spaces to its length in EUC-KR."""
    return text + " " * (length - len(text.encode("euc-kr", errors="replace")))


def context(text: str = "") -> str:
    """Pad a paging key."""
    return text.ljust(CONTEXT_CHARS)


def places(number: Decimal, count: int) -> str:
    """Write a number to so many places."""
    return f"{number:.{count}f}"


def cut(number: Decimal, count: int) -> str:
    """Write a number to so many places; what is beyond is cut off."""
    return str(number.quantize(Decimal(1).scaleb(-count), ROUND_DOWN))


def whole(number: Decimal) -> str:
    """Write a number of shares."""
    return f"{number:.0f}"


def signed_pct(change: Decimal, base: Decimal) -> str:
    """Write a change in percent, with its sign."""
    return f"{change / base * 100 if base else Decimal(0):+.2f}"


def sign(change: Decimal) -> str:
    """Name the direction of a change: 2 up, 3 flat, 5 down."""
    if change == 0:
        return "3"
    return "2" if change > 0 else "5"


def kst(at: datetime, form: str) -> str:
    """Write a moment in Korean time."""
    return at.astimezone(SEOUL).strftime(form)
