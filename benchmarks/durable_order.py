"""A durable intent and its order over HTTP on this machine, beside ccxt: `python -m benchmarks.durable_order`."""

from __future__ import annotations

import json
import sys
from argparse import ArgumentParser
from contextlib import nullcontext
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter, process_time
from typing import TYPE_CHECKING, Any

import requests

from benchmarks.disk import BareAppend, percentiles_us
from benchmarks.outcome import tell
from benchmarks.turns import LeapingClock, Peer, Rounds, never_wait
from benchmarks.wire import ACCESS_KEY, PATH, PRICE, QTY, SECRET_KEY, SYMBOL, CannedServer
from bot.clock import fresh_nonce, stopwatch_s
from bot.engine import Engine, EngineState
from bot.gate import Caps, OrderGate
from bot.inbox import Inbox
from bot.orders import OrderDesk, id_prefix
from bot.workers import InlineWorker, ThreadWorker, VenueCalls
from domain.commands import PlaceOrder
from domain.events import OrderAccepted
from domain.instrument import Fees, Side
from domain.order import OrderState
from domain.reason import reason
from domain.snapshot import Mode
from exchanges.bithumb import BithumbExchange
from exchanges.bithumb.signing import Keys, parameter_text
from exchanges.registry import venue_rules
from ledger.opening import Identity, open_ledger
from ledger.places import SqlitePlace

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from domain.order import Order
    from domain.reason import Reason
    from ledger.writer import Ledger

ORDERS_PER_TURN = 50
AT_REST = 20
SLOTS = 40
# So that a slot is asked for as often in an hour as a busy one, and the venue's pace is never reached.
BETWEEN_ORDERS = timedelta(seconds=20)
PATIENCE_S = 10


Turn = tuple[list[float], float | None]
"""The seconds of each order, and the processor's for all of them."""


@dataclass(slots=True)
class Stamps:
    """When one order came past each of our doors; it stands there as gate and as worker, and hands on."""

    gate: OrderGate
    worker: InlineWorker | ThreadWorker
    at_s: list[float] = field(default_factory=list)

    @property
    def idle(self) -> bool:
        """Whether the worker can take an order."""
        return self.worker.idle

    def check(self, order: Order) -> Reason | None:
        """Ask the gate."""
        self.at_s.append(perf_counter())
        refusal = self.gate.check(order)
        self.at_s.append(perf_counter())
        return refusal

    def place(self, order: Order) -> None:
        """Hand the order on."""
        self.at_s.append(perf_counter())
        self.worker.place(order)

    def cancel(self, order: Order) -> None:
        """Hand the cancel on."""
        self.worker.cancel(order)


PARTS = ("intent and commit 1", "gate", "commit 2", "signature, HTTP, answer")


class Desk:
    """Our order path from the wish to the venue's answer, on a ledger with orders at rest."""

    def __init__(self, ledger: Ledger, port: int, clock: LeapingClock, *, threaded: bool) -> None:
        """Prepare; the first order connects."""
        self._ledger, self._clock = ledger, clock
        exchange = BithumbExchange(
            ACCESS_KEY,
            SECRET_KEY,
            clock=clock,
            wait=never_wait,
            nonce=fresh_nonce,
            base_url=f"http://127.0.0.1:{port}",
            stopwatch_s=stopwatch_s,
        )
        instruments = {SYMBOL: venue_rules("BITHUMB").instrument(SYMBOL, Fees(Decimal("0.0004"), Decimal("0.0004")))}
        caps = Caps(sends_per_second_max=40, creates_per_slot_hour_max=60, free_cash=Decimal(10**9))
        self._inbox = Inbox()
        calls = VenueCalls(exchange, clock)
        self._thread = ThreadWorker(calls, clock, self._inbox.put) if threaded else None
        worker = self._thread or InlineWorker(calls, self._inbox.put)
        self._stamps = Stamps(OrderGate(ledger.present, instruments, caps, clock), worker)
        self._desk = OrderDesk(ledger, self._stamps, self._stamps, id_prefix("race"), clock, self._inbox.put)
        self._engine = Engine({})
        self._state = EngineState({})
        self._cycle = 0
        self._newest = ""
        self.parts: list[list[float]] = []
        if self._thread is not None:
            self._thread.start()

    def close(self) -> None:
        """End the thread, where there is one."""
        if self._thread is not None:
            self._thread.stop(PATIENCE_S)

    def turn(self, orders: int) -> Turn:
        """Place so many orders; the parts of each are kept."""
        whole, processor_s = [], 0.0
        for _ in range(orders):
            spent = process_time()
            stamps = self.place(f"{self._cycle % SLOTS}.0")
            processor_s += process_time() - spent
            whole.append(stamps[-1] - stamps[0])
            self.parts.append([after - before for before, after in pairwise(stamps)])
            self.end()
        return whole, processor_s

    def place(self, slot: str) -> list[float]:
        """Bring one order from the wish to the venue's answer; returns when it came past each door."""
        self._cycle += 1
        self._clock.leap()
        wish = PlaceOrder(
            SYMBOL, slot, Side.BUY, Decimal(PRICE), Decimal(QTY), 1, self._cycle, reason("below_price", price=PRICE)
        )
        stamps = self._stamps.at_s = [perf_counter()]
        with self._ledger.commit() as page:
            self._state = self._desk.intend(self._engine, self._state, wish, page)
        self._state = self._desk.dispatch(self._state)
        answer = self._inbox.take(PATIENCE_S)
        stamps.append(perf_counter())
        if not isinstance(answer, OrderAccepted):
            message = f"the order was not taken: {answer}"
            raise RuntimeError(message)  # noqa: TRY004  # not the type is wrong, but what happened
        self._newest = answer.client_id
        return stamps

    def rest(self, slot: str) -> None:
        """Let an order rest at the venue."""
        self.place(slot)
        self._advance(OrderState.OPEN)

    def end(self) -> None:
        """Let the newest order end, outside of what is timed, so that the next one meets the same ledger."""
        self._advance(OrderState.OPEN)
        self._advance(OrderState.CANCELED)

    def _advance(self, state: OrderState) -> None:
        newest = self._state.orders[self._newest]
        # The canned answer tells one and the same id, which the ledger would refuse.
        order = newest.advance(state, venue_id=f"C{newest.seq:019d}")
        with self._ledger.commit() as page:
            page.order(order, self._clock.now())
        self._state = self._state.with_order(order)


class Bare:
    """The floor: the same bytes by `requests` alone, signed once and for all."""

    def __init__(self, port: int, clock: LeapingClock) -> None:
        """Sign once."""
        asked = {"market": SYMBOL, "side": "bid", "order_type": "limit", "price": PRICE, "volume": QTY}
        asked["client_order_id"] = "bp123456-1"
        token = Keys(ACCESS_KEY, SECRET_KEY).token(
            parameter_text(list(asked.items())), nonce=fresh_nonce(), at=clock.now()
        )
        self._body = json.dumps(asked, separators=(",", ":")).encode()
        self._headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
        self._url = f"http://127.0.0.1:{port}{PATH}"
        self._session = requests.Session()
        # Neither we nor ccxt take proxies from the environment.
        self._session.trust_env = False

    def turn(self, orders: int) -> Turn:
        """Go there and back so many times."""
        seconds, spent = [], process_time()
        for _ in range(orders):
            begun = perf_counter()
            self._session.post(self._url, data=self._body, headers=self._headers, timeout=PATIENCE_S).json()
            seconds.append(perf_counter() - begun)
        return seconds, process_time() - spent


OURS, OURS_THREADED, CCXT = "intent, two commits, order", "the same by the worker's thread", "ccxt create_order"
CCXT_AFTER = "ccxt create_order after two bare appends"
BARE_HTTP, BARE_DISK = "bare requests round trip", "bare append of 200 B and fdatasync"


def measure(folder: Path, rounds: int, peers: Path | None) -> None:
    """Take turns, so that a machine that grows slower grows slower for all."""
    clock = LeapingClock(BETWEEN_ORDERS)
    identity = Identity("race", Mode.DRY_RUN, "BITHUMB")
    place, append = SqlitePlace(folder / "ledger"), BareAppend(folder / "floor")
    with CannedServer() as server, open_ledger(place, identity, create=True, clock=clock) as ledger:
        desk, bare = Desk(ledger, server.port, clock, threaded=False), Bare(server.port, clock)
        for number in range(AT_REST):
            desk.rest(f"rest.{number}")
        threaded = Desk(ledger, server.port, clock, threaded=True)
        with (
            nullcontext()
            if peers is None
            else Peer(peers, str(folder / "journal"), f"http://127.0.0.1:{server.port}") as peer
        ):
            turns: dict[str, Callable[[int], Turn]] = {
                OURS: desk.turn,
                OURS_THREADED: threaded.turn,
                BARE_HTTP: bare.turn,
                BARE_DISK: lambda orders: ([append() for _ in range(orders)], None),
            }
            if peer is not None:
                turns[CCXT] = lambda orders: _told(peer.turn(orders))
                turns[CCXT_AFTER] = lambda orders: _told(peer.turn(orders, appends=2))
            for turn in turns.values():
                turn(ORDERS_PER_TURN)
            desk.parts.clear()
            times = {name: Rounds() for name in turns}
            for _ in range(rounds):
                for name, turn in turns.items():
                    times[name].add(*turn(ORDERS_PER_TURN))
        threaded.close()
    append.close()
    _report(times, desk.parts)


def _told(turn: Mapping[str, Any]) -> Turn:
    return turn["whole"], turn["processor_s"]


def _report(times: dict[str, Rounds], parts: list[list[float]]) -> None:
    """Print every case, beside ccxt where it ran, and what ours is made of."""
    for name, seconds in times.items():
        case = {"case": name, "orders": ORDERS_PER_TURN * len(seconds.seconds), **seconds.figures()}
        if CCXT in times and name != CCXT:
            case |= {"peer": CCXT, **seconds.beside(times[CCXT])}
            case["ratio_to_appending_ccxt"] = seconds.beside(times[CCXT_AFTER])["ratio"]
        tell(case)
    for name, each in zip(PARTS, zip(*parts, strict=True), strict=True):
        p50_us, p99_us = percentiles_us(each)
        tell({"part": name, "p50_us": p50_us, "p99_us": p99_us})


def main() -> int:
    """Measure in a folder of the disk that is meant."""
    options = ArgumentParser(prog="python -m benchmarks.durable_order", description=__doc__)
    options.add_argument("--rounds", type=int, default=30, help=f"of {ORDERS_PER_TURN} orders each")
    options.add_argument("--folder", type=Path, help="a folder on the disk to measure; a RAM disk tells nothing")
    options.add_argument("--peers", type=Path, help="where benchmarks/peers.sh made the peers' environments")
    given = options.parse_args()
    with TemporaryDirectory(prefix="durable-", dir=given.folder) as folder:
        measure(Path(folder), given.rounds, given.peers)
    return 0


if __name__ == "__main__":
    sys.exit(main())
