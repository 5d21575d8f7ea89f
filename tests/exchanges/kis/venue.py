"""The adapter for KIS and the simulator: two readings of one sheet meet over HTTP."""

import asyncio
import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from decimal import Decimal, getcontext
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

from domain.exact import DIGITS, plain
from domain.instrument import Side
from domain.venue import VenueOrder
from exchanges.kis import KisOverseasExchange
from simulator.admin import AdminDoor
from simulator.kis.bars import RecordedSessions
from simulator.kis.commands import commands
from simulator.kis.door import KisDoor
from simulator.kis.keys import Listing, Mode
from simulator.kis.routes import ROUTE_NAMES
from simulator.kis.venue import KisVenue
from simulator.market import Market as PriceTape
from simulator.realtime import real_now
from simulator.server import VenueServer, bind, make_server
from tests.exchanges.contract import Market
from tests.exchanges.kis.desk import SYMBOL
from tests.simulator.kis.customer import NEXT_OPENS_AT, OPENS_AT, bar, made_keys

Json = dict[str, Any]

# A Thursday in winter, and the day after; the market itself is still, so that every price comes on command.
STILL = tuple(bar(0, "10000", "10000", "10000", "10000", begins=begins) for begins in (OPENS_AT, NEXT_OPENS_AT))


class Admin:
    """The simulator's other door: its clock, its prices, its faults and its books."""

    def __init__(self, url: str, token: str) -> None:
        self._token = token
        self._connection = HTTPConnection(url.removeprefix("http://"), timeout=30)

    def ask(self, path: str, body: Json | None = None) -> Json:
        text = None if body is None else json.dumps(body).encode()
        headers = {"x-admin-token": self._token}
        self._connection.request("GET" if body is None else "POST", f"/admin/{path}", text, headers)
        with self._connection.getresponse() as answer:
            said: Json = json.loads(answer.read())
        assert answer.status == 200, said
        return said

    def close(self) -> None:
        self._connection.close()


class VenueTime:
    """Our clock: the simulator's, and waiting moves both on."""

    def __init__(self, admin: Admin) -> None:
        self._admin = admin
        self._at = datetime.fromisoformat(admin.ask("clock")["now"])
        self.waits: list[float] = []

    def now(self) -> datetime:
        return self._at

    def wait(self, pause_s: float) -> None:
        self.waits.append(pause_s)
        self.go_on(timedelta(seconds=pause_s))

    def go_on(self, span: timedelta) -> None:
        """Let time pass without anybody waiting for it; no price comes meanwhile."""
        self._at += span
        self._admin.ask("step", {"until": self._at.isoformat(), "play": False})

    def play(self, span: timedelta) -> None:
        """Let time pass with all that happens in it."""
        self._at += span
        while datetime.fromisoformat(self._admin.ask("clock")["now"]) < self._at:
            self._admin.ask("step", {"until": self._at.isoformat(), "play": True})


class KisMarket(Market):
    """A market on the simulator: every price comes a second after the one before."""

    def __init__(self, exchange: KisOverseasExchange, admin: Admin, clock: VenueTime) -> None:
        super().__init__(exchange)
        self.kis = exchange
        self.admin = admin
        self.clock = clock

    def trade_at(self, price: Decimal) -> None:
        self.clock.go_on(timedelta(seconds=1))
        self.admin.ask("print", {"price": plain(price)})

    def set(self, **settings: object) -> None:
        """Change the simulator's settings."""
        self.admin.ask("settings", settings)

    def arm(self, route: str, kind: str, **fault: object) -> None:
        """Let a route's next calls go wrong."""
        self.admin.ask("faults", {"route": route, "kind": kind, **fault})

    def orders(self) -> list[Json]:
        """Return the orders in the simulator's books, in the order of acceptance; the books are whole."""
        books = self.admin.ask("books")
        assert books["conserved"] is True
        orders: list[Json] = books["orders"]
        return orders

    def buy(self, price: int = 9000) -> VenueOrder:
        return self.kis.place_order(SYMBOL, Side.BUY, Decimal(1), Decimal(price))


@contextmanager
def market_at(
    folder: Path, mode: Mode, *, keys: str = "", listed: str = "NASD", **settings: object
) -> Iterator[KisMarket]:
    """Serve a simulator with fresh books and ten shares, and open an account on it; `keys`: "other_" world's ones."""
    venue = KisVenue(Listing(SYMBOL, listed, mode), PriceTape(RecordedSessions(STILL, "test")), made_keys(), real_now)
    venue.deposit("USD", Decimal(1_000_000))
    venue.deposit(SYMBOL, Decimal(10))
    with served(venue) as url:
        admin = Admin(url, venue.keys.admin_token)
        admin.ask("settings", settings)
        clock = VenueTime(admin)
        exchange = KisOverseasExchange(
            getattr(venue.keys, f"{keys}app_key"),
            getattr(venue.keys, f"{keys}app_secret"),
            venue.keys.account_no,
            mode=mode,
            exchange_code=listed,
            symbol=SYMBOL,
            clock=clock,
            wait=clock.wait,
            shared_dir=folder / "shared",
            base_url=url,
            stopwatch_s=time.monotonic,
        )
        try:
            yield KisMarket(exchange, admin, clock)
        finally:
            exchange.close()
            admin.close()


@contextmanager
def served(venue: KisVenue) -> Iterator[str]:
    """Serve a venue on a port of its own; a process for each of many tests would take longer than the tests."""
    door = AdminDoor(venue, ROUTE_NAMES, commands(venue))
    http, listener = make_server(VenueServer(venue, KisDoor(venue), door)), bind(0)

    def serve() -> None:
        getcontext().prec = DIGITS
        asyncio.run(http.serve([listener]))

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        http.should_exit = True
        thread.join()
        listener.close()
