"""A customer of the simulated venue: signs as the sheet says, asks, and steps the clock through the admin door."""

import hashlib
import http.client
import json
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from email.message import Message
from typing import Any
from urllib.parse import quote
from uuid import UUID

import jwt

from domain.market import Candle
from simulator.admin import AdminDoor
from simulator.bithumb.door import ROUTE_NAMES, BithumbDoor
from simulator.bithumb.rules import PRICE_UNITS
from simulator.bithumb.venue import BithumbVenue, Keys
from simulator.bithumb.wire import KST, millis
from simulator.calls import Call
from simulator.market import Market, RecordedBars
from simulator.venue import Trading

BEGIN = datetime(2026, 3, 2, tzinfo=UTC)
KEYS = Keys("AK", "SK0123456789abcdef0123456789abcdef", "admin")
MARKET = "KRW-BTC"

Pairs = Sequence[tuple[str, str]]
Json = Any


def bar(minute: int, *prices: str, volume: str = "4") -> Candle:
    """Make a candle of one minute: open, high, low, close."""
    opened, high, low, close = (Decimal(text) for text in prices)
    return Candle(BEGIN + timedelta(minutes=minute), opened, high, low, close, Decimal(volume))


FLAT = tuple(bar(minute, "90000000", "90000000", "90000000", "90000000") for minute in range(4))


def make_venue(candles: Sequence[Candle] = FLAT, cash: str = "10000000", keys: Keys = KEYS) -> BithumbVenue:
    """Make a venue with recorded prices and one customer's cash."""
    venue = BithumbVenue(
        Trading("BTC", "KRW", PRICE_UNITS, KST, "C0101"), Market(RecordedBars(candles, "test")), keys, lambda: BEGIN
    )
    venue.deposit("KRW", Decimal(cash))
    return venue


def query_text(pairs: Pairs) -> str:
    """Join parameters in the order given, values as they are."""
    return "&".join(f"{key}={value}" for key, value in pairs)


class Signer:
    """Makes tokens; every nonce is a new one."""

    def __init__(self, keys: Keys = KEYS) -> None:
        self.keys = keys
        self.nonces = 0

    def token(self, at: datetime, text: str = "", **claims: Json) -> str:
        """Sign a parameter text; `claims` replace or, where None, remove what would be said."""
        self.nonces += 1
        said: dict[str, Json] = {
            "access_key": self.keys.access_key,
            "nonce": str(UUID(int=self.nonces)),
            "timestamp": millis(at),
        }
        if text:
            said |= {"query_hash": hashlib.sha512(text.encode()).hexdigest(), "query_hash_alg": "SHA512"}
        said = {name: value for name, value in (said | claims).items() if value is not None}
        return jwt.encode(said, self.keys.secret_key, algorithm="HS256")


class Customer:
    """Talks to the doors directly, without a socket."""

    def __init__(self, venue: BithumbVenue | None = None) -> None:
        self.venue = make_venue() if venue is None else venue
        self.door = BithumbDoor(self.venue)
        self.admin_door = AdminDoor(self.venue, ROUTE_NAMES)
        self.signer = Signer(self.venue.keys)

    def send(self, call: Call) -> tuple[int, Json]:
        """Send a call as it stands, with the fault that is armed for it."""
        name = self.door.route_name(call)
        fault = None if name is None else self.venue.faults.pick(name)
        answer = self.door.answer(call, fault)
        return answer.status, json.loads(answer.body, parse_float=Decimal)

    def public(self, path: str, query: str = "") -> tuple[int, Json]:
        """Read a public page."""
        return self.send(Call("GET", path, query))

    def get(self, path: str, *pairs: tuple[str, str], method: str = "GET") -> tuple[int, Json]:
        """Read a private page."""
        token = self.signer.token(self.venue.now(), query_text(pairs))
        query = "&".join(f"{key}={quote(value, safe='')}" for key, value in pairs)
        return self.send(Call(method, path, query, {"authorization": f"Bearer {token}"}))

    def post(self, path: str, body: dict[str, Json], text: str | None = None) -> tuple[int, Json]:
        """Post a body; `text` is what is hashed, the fields in their order unless said otherwise."""
        flat: list[tuple[str, str]] = []
        for key, value in body.items():
            flat.extend([(f"{key}[]", str(item)) for item in value] if isinstance(value, list) else [(key, str(value))])
        token = self.signer.token(self.venue.now(), query_text(flat) if text is None else text)
        headers = {"authorization": f"Bearer {token}", "content-type": "application/json; charset=utf-8"}
        return self.send(Call("POST", path, "", headers, json.dumps(body).encode()))

    def place(self, side: str, price: str, volume: str, client_id: str | None = None, **more: str) -> tuple[int, Json]:
        """Place a limit order."""
        body = {"market": MARKET, "side": side, "order_type": "limit", "price": price, "volume": volume, **more}
        return self.post("/v2/orders", body if client_id is None else body | {"client_order_id": client_id})

    def placed(self, side: str, price: str, volume: str, client_id: str | None = None, **more: str) -> str:
        """Place a limit order that is accepted; returns its id."""
        status, answer = self.place(side, price, volume, client_id, **more)
        assert status == 200, answer
        return str(answer["order_id"])

    def order(self, order_id: str) -> Json:
        """Read an order that is there."""
        status, answer = self.get("/v1/order", ("uuid", order_id))
        assert status == 200, answer
        return answer

    def cancel(self, order_id: str) -> tuple[int, Json]:
        """Ask to cancel an order."""
        return self.get("/v2/order", ("order_id", order_id), method="DELETE")

    def balances(self) -> dict[str, tuple[str, str]]:
        """Read what is free and locked by currency."""
        status, rows = self.get("/v1/accounts")
        assert status == 200
        return {row["currency"]: (row["balance"], row["locked"]) for row in rows}

    def admin(self, path: str, body: Json = None, method: str = "POST") -> Json:
        """Ask the admin door for something that it grants."""
        text = b"" if body is None else json.dumps(body).encode()
        status, answer = self.admin_door.answer(
            method, f"/admin/{path}", text, self.venue.keys.admin_token, "127.0.0.1"
        )
        assert status == 200, answer
        return answer

    def set(self, **settings: Json) -> None:
        """Change settings."""
        self.admin("settings", settings)

    def step(self, until: str | None = None, *, play: bool = True) -> Json:
        """Let time go on."""
        return self.admin("step", {"until": until, "play": play})


@dataclass(frozen=True)
class HttpAnswer:
    """An answer read to its end."""

    status: int
    headers: Message
    body: bytes


class HttpAdmin:
    """Talks to the admin door of a running simulator over a socket, whichever venue it is."""

    def __init__(self, line: dict[str, Json]) -> None:
        self.line = line
        self.host = line["url"].removeprefix("http://")

    def raw(self, method: str, path: str, body: bytes = b"", headers: dict[str, str] | None = None) -> HttpAnswer:
        """Send one request on a connection of its own."""
        with closing(http.client.HTTPConnection(self.host, timeout=30)) as connection:
            connection.request(method, path, body or None, headers or {})
            with connection.getresponse() as answer:
                return HttpAnswer(answer.status, answer.headers, answer.read())

    def admin(self, path: str, body: Json = None, method: str = "POST") -> Json:
        """Ask the admin door for something that it grants."""
        text = b"" if body is None else json.dumps(body).encode()
        answer = self.raw(method, f"/admin/{path}", text, {"x-admin-token": self.line["admin_token"]})
        said = json.loads(answer.body)
        assert answer.status == 200, said
        return said


class HttpCustomer(HttpAdmin):
    """A customer of Bithumb's simulator beside: sends signed requests."""

    def __init__(self, line: dict[str, Json]) -> None:
        super().__init__(line)
        self.signer = Signer(Keys(line["access_key"], line["secret_key"], line["admin_token"]))

    def request(
        self, method: str, path: str, pairs: Pairs = (), body: dict[str, str] | None = None
    ) -> tuple[int, Json]:
        """Send a signed request; returns status and body, JSON where it is."""
        now = datetime.fromisoformat(self.admin("clock", method="GET")["now"])
        text = query_text(pairs) if body is None else query_text(tuple(body.items()))
        # A nonce of a former process of ours must not come back.
        self.signer.nonces += 1000
        headers = {"Authorization": f"Bearer {self.signer.token(now, text)}"}
        if body is not None:
            headers["Content-Type"] = "application/json"
        where = f"{path}?{query_text(pairs)}" if pairs else path
        answer = self.raw(method, where, b"" if body is None else json.dumps(body).encode(), headers)
        kind = answer.headers.get("content-type", "")
        return answer.status, json.loads(answer.body) if kind.startswith("application/json") else answer.body

    def place(self, side: str, price: str, volume: str, client_id: str) -> tuple[int, Json]:
        """Place a limit order."""
        body = {"market": MARKET, "side": side, "order_type": "limit", "price": price, "volume": volume}
        return self.request("POST", "/v2/orders", body=body | {"client_order_id": client_id})
