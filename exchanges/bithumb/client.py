"""Calls to Bithumb: which there are, how each is signed, paced and judged."""

from __future__ import annotations

import json
import logging
import re
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from domain.errors import OutcomeUnknown, RateLimited
from domain.reason import reason
from exchanges.bithumb.errors import (
    complaint_in,
    for_canceling,
    for_placing,
    for_public_reading,
    for_reading,
)
from exchanges.bithumb.signing import parameter_text
from exchanges.refusals import KeyRefused
from exchanges.transport import NoAnswer, Request

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from domain.errors import VenueError
    from exchanges.bithumb.errors import Complaint
    from exchanges.bithumb.signing import Keys
    from exchanges.throttle import Throttle
    from exchanges.transport import Door, Reply

log = logging.getLogger(__name__)

BASE_URL = "https://api.bithumb.com"

# The venue allows 150 public and 140 private calls a second and address in each class, and more than 20 orders and
# cancels a second on one coin may be restricted; older pages named 10 placements. Other bots may share the address.
PER_SECOND = {
    "candles": 20,
    "orderbook": 20,
    "ticker": 20,
    "market": 20,
    "place": 8,
    "cancel": 8,
    "account": 20,
}

_TOO_MANY = {418, 429}
_BLOCKED = 403
_SERVER_FAULT = 500
# Within these the text that is hashed, the query and the body's text are one and the same, however encoded.
_SAFE = re.compile(r"[A-Za-z0-9._-]*")
_CLOCK_MOVED = timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One call that the bot may make; there is none that moves money out of the account."""

    method: str
    path: str
    kind: str
    error_of: Callable[[Complaint], VenueError]
    signed: bool = True


TICKER = Endpoint("GET", "/v1/ticker", "ticker", for_public_reading, signed=False)
ORDERBOOK = Endpoint("GET", "/v1/orderbook", "orderbook", for_public_reading, signed=False)
MARKETS = Endpoint("GET", "/v1/market/all", "market", for_reading, signed=False)
WARNINGS = Endpoint("GET", "/v1/market/virtual_asset_warning", "market", for_reading, signed=False)
ACCOUNTS = Endpoint("GET", "/v1/accounts", "account", for_reading)
CHANCE = Endpoint("GET", "/v1/orders/chance", "account", for_reading)
ORDER = Endpoint("GET", "/v1/order", "account", for_reading)
OPEN_ORDERS = Endpoint("GET", "/v1/orders", "account", for_reading)
HISTORY = Endpoint("GET", "/v2/orders/history", "account", for_reading)
API_KEYS = Endpoint("GET", "/v1/api_keys", "account", for_reading)
PLACE = Endpoint("POST", "/v2/orders", "place", for_placing)
CANCEL = Endpoint("DELETE", "/v2/order", "cancel", for_canceling)


def candles_of(unit: str) -> Endpoint:
    """Return the call for bars of a unit, as `minutes/5` or `days`."""
    return Endpoint("GET", f"/v1/candles/{unit}", "candles", for_public_reading, signed=False)


class Client:
    """Makes the calls of one account; without keys only the public ones."""

    def __init__(self, door: Door, throttle: Throttle, keys: Keys | None, nonce: Callable[[], str]) -> None:
        """Prepare; `nonce` gives a new UUID for every signed call."""
        self._door = door
        self._throttle = throttle
        self._keys = keys
        self._nonce = nonce

    def read(self, endpoint: Endpoint, *params: tuple[str, str]) -> object:
        """Ask, a few times where no answer comes; raises the endpoint's errors and `VenueUnavailable`."""
        offset = self._door.server_clock.offset
        try:
            return self._read(endpoint, params)
        except KeyRefused as refusal:
            # The refusal itself told the venue's time: a token with the right time may serve.
            moved = abs(self._door.server_clock.offset - offset)
            if refusal.why.code != "bithumb_time_refused" or moved < _CLOCK_MOVED:
                raise
        return self._read(endpoint, params)

    def write(self, endpoint: Endpoint, *params: tuple[str, str]) -> object:
        """Call once; raises `OutcomeUnknown` where no readable answer came back after the call left."""
        reply = self._door.send(self._request(endpoint, params))
        try:
            return self._judged(endpoint, reply)
        except NoAnswer as lost:
            message = str(lost)
        raise OutcomeUnknown(message)

    def _read(self, endpoint: Endpoint, params: Sequence[tuple[str, str]]) -> object:
        return self._door.read(lambda: self._request(endpoint, params), lambda reply: self._judged(endpoint, reply))

    def _request(self, endpoint: Endpoint, params: Sequence[tuple[str, str]]) -> Request:
        if endpoint.signed and self._keys is None:
            raise KeyRefused(f"{endpoint.path} needs keys", why=reason("bithumb_key_missing"))
        self._throttle.turn(endpoint.kind)
        text = parameter_text(params)
        headers: dict[str, str] = {"Accept": "application/json"}
        if endpoint.signed and self._keys is not None:
            if not all(_SAFE.fullmatch(value) for _, value in params):
                message = f"{endpoint.path}: a value that would be signed and sent differently"
                raise ValueError(message)
            # Signed after the wait for a turn: the time in the token is the time of sending.
            token = self._keys.token(text, nonce=self._nonce(), at=self._door.server_clock.now())
            headers["Authorization"] = f"Bearer {token}"
        if endpoint.method != "POST":
            return Request(endpoint.method, endpoint.path, text, headers)
        headers["Content-Type"] = "application/json; charset=utf-8"
        body = json.dumps(dict(params), separators=(",", ":")).encode()
        return Request(endpoint.method, endpoint.path, headers=headers, body=body)

    def _judged(self, endpoint: Endpoint, reply: Reply) -> object:
        """Return the value of a good answer; a page, a fault and a refusal become errors."""
        if reply.status in _TOO_MANY:
            pause_s = self._throttle.refused(endpoint.kind, reply.retry_after_s)
            if reply.is_page:
                pause_s = self._throttle.blocked()
            raise RateLimited(f"{reply.to}: status {reply.status}", retry_after_s=pause_s)
        if reply.is_page:
            if reply.status == _BLOCKED:
                self._throttle.blocked()
                raise NoAnswer(f"{reply.to}: a block page", why=reason("bithumb_address_blocked"))
            raise NoAnswer(f"{reply.to}: a page with status {reply.status}", why=reason("bithumb_maintenance"))
        if reply.status >= _SERVER_FAULT:
            raise NoAnswer(f"{reply.to}: status {reply.status}", why=reason("bithumb_fault", status=reply.status))
        value = reply.json()
        complaint = complaint_in(reply.to, reply.status, value)
        if complaint is not None:
            log.info("bithumb refused %s", complaint)
            raise endpoint.error_of(complaint)
        self._throttle.answered(endpoint.kind)
        return value
