"""From a price at the loop's door to the signed HTTP request, without disk or wire: `python -m benchmarks.signing`."""

from __future__ import annotations

import io
import json
import os
import sys
from argparse import ArgumentParser
from contextlib import nullcontext
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from hashlib import sha512
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Any
from unittest.mock import patch
from urllib.parse import urlencode

import jwt
import requests
import urllib3
from requests.adapters import HTTPAdapter

from benchmarks.outcome import tell
from benchmarks.turns import LeapingClock, Peer, Rounds, never_wait
from benchmarks.wire import ACCESS_KEY, ANSWER, HEADERS, PATH, SECRET_KEY, SYMBOL
from bot.agreement import Opening
from bot.clock import fresh_nonce, stopwatch_s
from bot.diary import Diary
from bot.engine import Engine
from bot.gate import Caps, OrderGate
from bot.inbox import Inbox
from bot.loop import Loop
from bot.orders import OrderDesk, id_prefix
from bot.risk import Limits
from bot.unwritten import UnwrittenLedger
from bot.workers import InlineWorker, VenueCalls
from domain.events import QuoteReceived
from domain.exact import ZERO
from domain.instrument import Fees
from domain.market import Quote
from exchanges.bithumb import BithumbExchange
from exchanges.registry import venue_rules
from strategy.grid.config import Follow, GridSettings
from strategy.grid.grid import GridStrategy

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from bot.engine import EngineState
    from domain.book import Book
    from domain.order import Order

STEPS = 20
GAP = Decimal("0.005")
FIRST = Decimal(95_299_000)
CASH = Decimal(10**9)
FEES = Fees(Decimal("0.0004"), Decimal("0.0004"))

# 20 buys rest from the first price on; a price that rises over one line more lets one cell more buy.
SETTINGS = GridSettings(
    steps=STEPS, steps_above=STEPS, gap=GAP, follow=Follow.OFF, open_orders_max=0, free_cash=CASH, strict=True
)


@dataclass(frozen=True, slots=True)
class Ticks:
    """Seconds: from the worker to the signed request, from the price to it, from the price to the answer."""

    adapter: list[float] = field(default_factory=list)
    signed: list[float] = field(default_factory=list)
    answered: list[float] = field(default_factory=list)


class Socketless:
    """Stands for the library's socket: takes the time at which a request is ready, keeps it and answers."""

    def __init__(self) -> None:
        """Begin with nothing sent."""
        self.sent = 0
        self.sent_at_s = 0.0
        self.request = requests.PreparedRequest()
        self._answer = requests.Response()

    def lay_out(self) -> None:
        """Make the next answer beforehand."""
        raw = urllib3.HTTPResponse(io.BytesIO(ANSWER), HEADERS, 200, preload_content=False)
        self._answer = requests.Response()
        self._answer.status_code, self._answer.raw = 200, raw
        self._answer.headers.update(HEADERS)

    def send(self, request: requests.PreparedRequest, **_: object) -> requests.Response:
        """Take a request where the library would write it."""
        self.sent_at_s = perf_counter()
        self.sent += 1
        self.request = request
        return self._answer


class Unwritten:
    """What the order gate reads, from the loop's state: there is no journal here."""

    loop: Loop

    @property
    def _state(self) -> EngineState:
        return self.loop.state

    def open_orders(self) -> list[Order]:
        """Return the orders that are not closed."""
        return list(self._state.orders.values())

    def book(self, symbol: str) -> Book:
        """Return what a symbol earned and holds."""
        book: Book = self._state.strategies[symbol].book
        return book

    def has_state(self, name: str) -> bool:
        """Know of no state."""
        del name
        return False

    def sends_since(self, at: datetime) -> int:
        """Count nothing: the throttle still does."""
        del at
        return 0

    def creates_since(self, symbol: str, slot: str, at: datetime) -> int:
        """Count nothing."""
        del symbol, slot, at
        return 0


class Grid:
    """Our whole order path with 20 buys at rest: strategy, risk, desk, gate, adapter and signature."""

    def __init__(self, socket: Socketless) -> None:
        """Let the first orders rest."""
        self._socket = socket
        self._clock = clock = LeapingClock(timedelta(milliseconds=200))
        exchange = BithumbExchange(
            ACCESS_KEY, SECRET_KEY, clock=clock, wait=never_wait, nonce=fresh_nonce, stopwatch_s=stopwatch_s
        )
        instrument = venue_rules("BITHUMB").instrument(SYMBOL, FEES)
        engine, inbox, ledger = Engine({SYMBOL: GridStrategy(instrument, SETTINGS)}), Inbox(), UnwrittenLedger()
        instruments, journal = {SYMBOL: instrument}, Unwritten()
        gate = OrderGate(
            journal,
            instruments,
            Caps(sends_per_second_max=40, creates_per_slot_hour_max=60, free_cash=CASH),
            clock,
        )
        self._worker = OneByOne(InlineWorker(VenueCalls(exchange, clock), inbox.put))
        desk = OrderDesk(ledger, gate, self._worker, id_prefix("race"), clock, inbox.put)
        self._loop = journal.loop = Loop(
            engine,
            engine.begin(),
            desk,
            ledger,
            inbox,
            Limits(free_cash=CASH),
            instruments,
            day_of=lambda at: at.date(),
            tell=lambda _: None,
            run_row=Diary(instrument.symbol, {instrument.symbol: instrument}, Opening(CASH, ZERO)).row_of,
        )
        self._tick(FIRST)
        while desk.is_waiting:
            self._settle()

    def orders(self) -> Ticks:
        """Let the price rise over 20 lines, one order each."""
        ticks = Ticks()
        for step in range(STEPS):
            # A little over the line, on the tick of a thousand won.
            price = FIRST * (1 + GAP) ** step * Decimal("1.001") // 1000 * 1000
            before = self._socket.sent
            begun, ended = self._tick(price)
            if self._socket.sent != before + 1:
                raise RuntimeError("a tick over one line is to bring about one order")
            ticks.adapter.append(self._socket.sent_at_s - self._worker.placed_at_s)
            ticks.signed.append(self._socket.sent_at_s - begun)
            ticks.answered.append(ended - begun)
            self._settle()
        return ticks

    def _tick(self, price: Decimal) -> tuple[float, float]:
        """Hand the loop one price; returns when it was handed over and when all was done."""
        self._socket.lay_out()
        self._worker.idle = True
        self._clock.leap()
        now = self._clock.now()
        event = QuoteReceived(Quote(SYMBOL, price, now), now)
        begun = perf_counter()
        self._loop.handle(event)
        return begun, perf_counter()

    def _settle(self) -> None:
        """Book the answer, outside of what is timed, and send what still waits."""
        self._loop.drain()
        self._socket.lay_out()
        self._worker.idle = True
        self._clock.leap()
        self._loop.wake()
        self._loop.drain()


class OneByOne:
    """Sends one order for each time it is set idle, so that the clock can leap between them."""

    def __init__(self, worker: InlineWorker) -> None:
        """Begin idle."""
        self.idle = True
        self.placed_at_s = 0.0
        self._worker = worker

    def place(self, order: Order) -> None:
        """Place at once."""
        self.idle = False
        self.placed_at_s = perf_counter()
        self._worker.place(order)

    def cancel(self, order: Order) -> None:
        """Cancel at once."""
        self._worker.cancel(order)


def is_signed(url: str, headers: Mapping[str, str], body: str | bytes) -> bool:
    """Whether the venue would take a request: the token is signed by our key over what the body holds."""
    token = headers["Authorization"].removeprefix("Bearer ")
    claims: dict[str, Any] = jwt.decode(token, SECRET_KEY, algorithms=["HS256"])
    asked: dict[str, str] = json.loads(body)
    hashed = sha512(urlencode(asked).encode()).hexdigest()
    wanted = {"market", "side", "order_type", "price", "volume", "client_order_id"}
    return url.endswith(PATH) and claims["query_hash"] == hashed and asked.keys() == wanted


def measure(rounds: int, peers: Path | None) -> bool:
    """Take turns of 20 orders; returns whether every request looked at was rightly signed."""
    socket, all_signed = Socketless(), True
    adapter, signed, answered, peer_signed, peer_answered = Rounds(), Rounds(), Rounds(), Rounds(), Rounds()
    with (
        patch.object(HTTPAdapter, "send", socket.send),
        nullcontext() if peers is None else Peer(peers, os.devnull) as peer,
    ):
        Grid(socket).orders()
        if peer is not None:
            peer.turn(STEPS)
        for _ in range(rounds):
            ticks = Grid(socket).orders()
            adapter.add(ticks.adapter)
            signed.add(ticks.signed)
            answered.add(ticks.answered)
            ours = socket.request
            all_signed &= is_signed(ours.url or "", ours.headers, ours.body or b"")
            if peer is not None:
                told = peer.turn(STEPS)
                peer_signed.add(told["signed"])
                peer_answered.add(told["whole"])
                theirs = told["request"]
                all_signed &= is_signed(theirs["url"], theirs["headers"], theirs["body"])
    _report("tick to signed order", signed, peer_signed)
    _report("of which: order to signed order, the adapter alone", adapter, peer_signed)
    _report("tick to answer", answered, peer_answered)
    tell({"case": "requests rightly signed", "all": all_signed})
    return all_signed


def _report(name: str, ours: Rounds, theirs: Rounds) -> None:
    case = {"case": name, "orders": STEPS * len(ours.seconds), **ours.figures()}
    if theirs.seconds:
        told = {f"peer_{key}": value for key, value in theirs.figures().items()}
        case |= {"peer": "ccxt create_order, socket stubbed", **told, **ours.beside(theirs)}
    tell(case)


def main() -> int:
    """Run it; 1 when a request was not rightly signed."""
    options = ArgumentParser(prog="python -m benchmarks.signing", description=__doc__)
    options.add_argument("--rounds", type=int, default=100, help="of 20 orders each")
    options.add_argument("--peers", type=Path, help="where benchmarks/peers.sh made the peers' environments")
    given = options.parse_args()
    return 0 if measure(given.rounds, given.peers) else 1


if __name__ == "__main__":
    sys.exit(main())
