"""The adapter for Bithumb on a simulator's process: two readings of one sheet meet over HTTP."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path

from domain.exact import plain
from domain.instrument import Side
from domain.venue import VenueOrder
from exchanges.bithumb import BithumbExchange
from tests.exchanges.bithumb_desk import SYMBOL, Json, Nonces
from tests.exchanges.contract import Market
from tests.simulator.customer import HttpCustomer
from tests.simulator.process import running

# The market itself is still for six hours: every price comes on command.
_PRICES = """time_utc,open,high,low,close,volume
2026-03-02T00:00:00Z,10000,10000,10000,10000,4
2026-03-03T00:00:00Z,10000,10000,10000,10000,4
"""


class VenueTime:
    """Our clock: `off` from the simulator's, and waiting moves both on."""

    def __init__(self, admin: HttpCustomer, off: timedelta) -> None:
        self._admin = admin
        self._off = off
        self._at = datetime.fromisoformat(admin.admin("clock", method="GET")["now"])
        self.waits: list[float] = []

    def now(self) -> datetime:
        return self._at + self._off

    def wait(self, pause_s: float) -> None:
        self.waits.append(pause_s)
        self._at += timedelta(seconds=pause_s)
        self._admin.admin("step", {"until": self._at.isoformat(), "play": False})

    def go_on(self, seconds: int) -> None:
        """Let time pass without anybody waiting for it."""
        self.wait(seconds)
        self.waits.pop()


class BithumbMarket(Market):
    """A market on the simulator: every price comes a second after the one before."""

    def __init__(self, exchange: BithumbExchange, admin: HttpCustomer, clock: VenueTime) -> None:
        super().__init__(exchange)
        self.bithumb = exchange
        self.admin = admin
        self.clock = clock

    def trade_at(self, price: Decimal) -> None:
        self.clock.go_on(1)
        self.admin.admin("print", {"price": plain(price)})

    def set(self, **settings: object) -> None:
        """Change the simulator's settings."""
        self.admin.admin("settings", settings)

    def arm(self, route: str, kind: str, **fault: object) -> None:
        """Let a route's next calls go wrong."""
        self.admin.admin("faults", {"route": route, "kind": kind, **fault})

    def books(self) -> Json:
        """Return the books as the simulator keeps them; they are whole."""
        books: Json = self.admin.admin("books", method="GET")
        assert books["conserved"] is True
        return books

    def client_ids(self) -> list[str]:
        """Return the client ids in the simulator's books, in the order of acceptance."""
        orders = self.books()["orders"]
        assert isinstance(orders, list)
        return [order["client_order_id"] for order in orders]

    def asked(self, what: str) -> int:
        """Return how often a route was answered in a way, as `place 200`."""
        requests = self.books()["requests"]
        assert isinstance(requests, dict)
        return int(requests.get(what, 0))

    def buy(self, client_id: str, price: int = 9000) -> VenueOrder:
        return self.bithumb.place_order(SYMBOL, Side.BUY, Decimal(1), Decimal(price), client_order_id=client_id)


@contextmanager
def market_at(
    folder: Path, *, cash: int = 1_000_000, off: timedelta = timedelta(0), **settings: object
) -> Iterator[BithumbMarket]:
    """Start a simulator with fresh books and ten coins, and open an account on it."""
    prices = folder / "prices.csv"
    prices.write_text(_PRICES)
    options = ("--prices", str(prices), "--cash", str(cash), "--speed", "max")
    with running(folder / "state", *options) as (_, admin):
        admin.admin("deposit", {"currency": "BTC", "amount": "10"})
        admin.admin("settings", settings)
        clock = VenueTime(admin, off)
        exchange = BithumbExchange(
            admin.line["access_key"],
            admin.line["secret_key"],
            base_url=admin.line["url"],
            clock=clock,
            wait=clock.wait,
            nonce=Nonces(),
            stopwatch_s=time.monotonic,
        )
        try:
            yield BithumbMarket(exchange, admin, clock)
        finally:
            exchange.close()
