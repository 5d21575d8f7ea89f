"""The owner's bot against a market that a thread of the test serves: as a process, or driven second by second."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import threading
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from time import monotonic
from typing import TYPE_CHECKING, Any

from bot.agreement import Opening, differences
from bot.clock import fresh_nonce, stopwatch_s
from bot.demo.books import books_from
from bot.exits import run_guarded
from bot.launch.own import run_own
from bot.launch.telling import StopRequest, Teller
from bot.loop import BLOCKED
from bot.options import read_options
from bot.recovery import Patience
from bot.sources import load_settings
from bot.wiring.assembly import venue_run
from bot.wiring.venue import Venue
from bot.workers import InlineWorker, VenueCalls
from domain.clock import iso
from domain.exact import ZERO
from domain.market import Candle
from domain.snapshot import Mode
from exchanges.bithumb import BithumbExchange
from ledger.audit import audit
from ledger.opening import Identity, open_ledger, open_reader
from ledger.places import SqlitePlace
from reports.wording import Wording
from simulator import market as candles
from simulator.admin import AdminDoor
from simulator.bithumb.door import ROUTE_NAMES, BithumbDoor
from simulator.bithumb.rules import PRICE_UNITS
from simulator.bithumb.venue import BithumbVenue as Simulated
from simulator.bithumb.venue import Keys
from simulator.bithumb.wire import KST
from simulator.server import VenueServer, bind, make_server
from simulator.venue import Trading
from tests.bot.demo_rig import LIMIT_S, Start
from tests.exchanges.bithumb_venue import VenueTime
from tests.house.tree import ROOT
from tests.simulator.customer import HttpCustomer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    import uvicorn

    from bot.engine import FillBooked
    from bot.wiring.run import VenueRun
    from domain.decision import Note
    from ledger.reader import Reader
    from ledger.writer import Ledger

INSTANCE = "bithumb_bot"
SYMBOL = "KRW-BTC"
PRICE = 50_000_000
KEYS = Keys("AKcanary0123456789abcdef", "SKcanary0123456789abcdef0123456789abcdef", "admincanary")
GRID = {"GRID_STEPS": "3", "GRID_GAP_PCT": "1", "ORDER_SIZE": "10000KRW", "MAX_OPEN_ORDERS": "0"}
"""Buys at 49,504,000, at 49,014,000 and at 48,529,000 below a price of 50,000,000."""
LIVE = {"BOT_DRY_RUN": "false", "LIVE_ARMED": INSTANCE}
FIRST_BUY = 49_504_000

Json = Any


class Market:
    """A simulator at the socket, whose clock goes with the machine's, `off` apart; every price comes on command."""

    def __init__(self, off: timedelta = timedelta(0), cash: int = 10_000_000) -> None:
        self.off = off
        price, begin = Decimal(PRICE), self.now().replace(second=0, microsecond=0)
        flat = [Candle(begin + timedelta(days=2 * day), price, price, price, price, Decimal(4)) for day in (0, 1)]
        recorded = candles.Market(candles.RecordedBars(flat, "test"))
        self.venue = Simulated(Trading("BTC", "KRW", PRICE_UNITS, KST, "C0101"), recorded, KEYS, self.now)
        self.venue.deposit("KRW", Decimal(cash))
        self.venue.apply(self.venue.settings.patched({"judge_clock": "real"}))
        self._listener = bind(0)
        self.port = self._listener.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self._listener.close()
        names = ("access_key", "secret_key", "admin_token")
        self.customer = HttpCustomer({"url": self.url, **{name: getattr(KEYS, name) for name in names}})
        self._served: tuple[uvicorn.Server, threading.Thread] | None = None

    def now(self) -> datetime:
        return datetime.now(UTC) + self.off

    def serve(self) -> None:
        """Be there from now on."""
        listener = bind(self.port)
        doors = BithumbDoor(self.venue), AdminDoor(self.venue, ROUTE_NAMES)
        server = make_server(VenueServer(self.venue, *doors))
        thread = threading.Thread(target=lambda: asyncio.run(server.serve(sockets=[listener])), daemon=True)
        thread.start()
        self._served = server, thread

    def close(self) -> None:
        """Be gone."""
        if self._served is not None:
            server, thread = self._served
            server.should_exit = server.force_exit = True
            thread.join()
            self._served = None

    def admin(self, path: str, body: Json = None, method: str = "POST") -> Json:
        return self.customer.admin(path, body, method)

    def to_now(self) -> None:
        self.admin("step", {"until": iso(self.now()), "play": False})

    def trade_at(self, price: int) -> None:
        self.to_now()
        self.admin("print", {"price": str(price)})

    def set(self, **settings: Json) -> None:
        self.admin("settings", settings)

    def arm(self, route: str, kind: str, **fault: Json) -> None:
        self.admin("faults", {"route": route, "kind": kind, **fault})

    def armed(self) -> list[Json]:
        return list(self.admin("faults", method="GET")["armed"])

    def clear(self) -> None:
        self.admin("faults", {"clear": True})

    def books(self) -> Json:
        return self.admin("books", method="GET")

    def orders(self, state: str | None = None) -> list[Json]:
        return [row for row in self.books()["orders"] if state is None or row["state"] == state]

    def asked(self, what: str) -> int:
        """Return how often a route was called, or answered in one way, as `place` or `place 200`."""
        counts = self.books()["requests"]
        return sum(count for name, count in counts.items() if name == what or name.partition(" ")[0] == what)


@contextmanager
def market(off: timedelta = timedelta(0), *, served: bool = True, cash: int = 10_000_000) -> Iterator[Market]:
    made = Market(off, cash)
    if served:
        made.serve()
    try:
        yield made
    finally:
        made.close()


def live(url: str, **changes: str) -> dict[str, str]:
    """Return the settings of a bot that trades with the market's money; an empty one is unset."""
    keys = {"BITHUMB_ACCESS_KEY": KEYS.access_key, "BITHUMB_SECRET_KEY": KEYS.secret_key, "BITHUMB_BASE_URL": url}
    return {**GRID, **LIVE, **keys, "LANGUAGE": "en", **changes}


def dry(url: str, **changes: str) -> dict[str, str]:
    """Return the settings of a dry run; the keys are there, and must not be used."""
    return {**live(url), "BOT_DRY_RUN": "true", "LIVE_ARMED": "", **changes}


@dataclass
class Owner:
    """Starts the bot as its owner does; whatever was started is ended."""

    folder: Path
    environ: dict[str, str]
    starts: list[Start] = field(default_factory=list)

    @property
    def data(self) -> Path:
        return self.folder / "data"

    def start(self, *options: str, **changes: str) -> Start:
        log = self.folder / f"start-{len(self.starts)}"
        kept = {name: os.environ[name] for name in ("PATH", "TZ") if name in os.environ}
        environ = {**kept, "PYTHONPATH": str(ROOT), "DATA_DIR": str(self.data), **self.environ, **changes}
        with log.with_suffix(".out").open("wb") as out, log.with_suffix(".err").open("wb") as err:
            process = subprocess.Popen(
                [sys.executable, "-P", "-m", "bot", *options],
                cwd=self.folder,
                env={name: text for name, text in environ.items() if text},
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=err,
            )
        self.starts.append(Start(process, log))
        return self.starts[-1]

    def close(self) -> None:
        for start in self.starts:
            if start.process.poll() is None:
                start.kill()


@contextmanager
def owner(folder: Path, environ: dict[str, str]) -> Iterator[Owner]:
    made = Owner(folder, environ)
    try:
        yield made
    finally:
        made.close()


@contextmanager
def ledger_in(folder: Path, mode: Mode = Mode.LIVE) -> Iterator[Reader]:
    with closing(open_reader(SqlitePlace(folder / "data" / INSTANCE / str(mode)))) as reader:
        yield reader


def terminated(start: Start) -> tuple[int, float]:
    """Ask a bot to stop as a container does; returns its exit code, and how many seconds it took."""
    begun_s = monotonic()
    start.process.send_signal(signal.SIGTERM)
    return start.end().code, monotonic() - begun_s


def canaries(folder: Path, *texts: str) -> list[str]:
    """Name every place below a folder, and every text, that holds a key."""
    keys = [key.encode() for key in (KEYS.access_key, KEYS.secret_key)]
    files = [path for path in folder.rglob("*") if path.is_file()]
    found = [str(path) for path in files if any(key in path.read_bytes() for key in keys)]
    return found + [text for text in texts if any(key in text.encode() for key in keys)]


def disagreements(market: Market, folder: Path) -> list[str]:
    """Compare the market's books with the live ledger, one to one."""
    with ledger_in(folder) as reader:
        return _disagreements(market, reader)


def _disagreements(market: Market, reader: Reader) -> list[str]:
    told = market.books()
    books = books_from(told)
    opening = Opening(*(books.deposited.get(name, ZERO) for name in ("KRW", "BTC")))
    found = differences(
        reader.each_order(),
        reader.book(SYMBOL),
        opening,
        orders=books.orders,
        executions=books.executions,
        balances=books.balances,
    )
    names = [row["client_order_id"] for row in told["orders"]]
    twice = [f"{name} was placed more than once" for name in set(names) if names.count(name) > 1]
    return [*found, *twice, *(str(why) for why in audit(reader))]


def waiting(happened: Callable[[], bool]) -> Iterator[None]:
    """Go on when something has happened."""
    while not happened():
        yield


class ByHand(StopRequest):
    """Asked to stop by a script, which goes on every time that the bot looks; no signal is listened to."""

    def __init__(self, script: Iterator[object] | None = None, limit_s: float = LIMIT_S) -> None:
        self.came = False
        self._then: list[Callable[[], None]] = []
        self._script = waiting(lambda: False) if script is None else script
        self._end_s = monotonic() + limit_s

    def __call__(self) -> bool:
        if not self.came:
            assert monotonic() < self._end_s, "the script waits for what does not happen"
            if next(self._script, self) is self:
                self._take(0, None)
        return self.came


def run_here(folder: Path, environ: dict[str, str], script: Iterator[object] | None = None, *options: str) -> int:
    """Run the owner's bot in this process, as its launcher does; returns the exit code."""
    given = {**environ, "DATA_DIR": str(folder / "data")}
    wording = Wording(given.get("LANGUAGE", "ko"))

    def main() -> int:
        settings = load_settings(environ={name: text for name, text in given.items() if text})
        return run_own(settings, read_options(options), Teller(wording, settings.currency), ByHand(script))

    return run_guarded(main, wording)


@dataclass
class Bot:
    """A run put together as the owner's is, driven by the market's own clock instead of threads."""

    market: Market
    clock: VenueTime
    run: VenueRun
    ledger: Ledger
    patience: Patience
    told: list[Note]
    fills: list[FillBooked]

    def begin(self, *, resume: bool = False) -> None:
        self.run.recover(self.patience, resume=resume)
        self.settle()

    def settle(self) -> None:
        """Do all there is to be done at this moment."""
        loop = self.run.loop
        loop.wake()
        loop.drain()
        while self.run.feed.ask_due():
            loop.drain()

    def live(self, seconds: int) -> None:
        """Let time pass, second by second."""
        for _ in range(seconds):
            self.clock.go_on(1)
            self.settle()

    def trade_at(self, price: int) -> None:
        """Let the market trade, and the bot hear of it."""
        self.clock.go_on(1)
        self.market.admin("print", {"price": str(price)})
        self.live(4)

    def codes(self) -> list[str]:
        return [note.why.code for note in self.told]

    def blocked(self) -> Json:
        return self.ledger.reader.state(BLOCKED)


@contextmanager
def bot_at(market: Market, folder: Path, **changes: str) -> Iterator[Bot]:
    """Put the owner's live run together, on the simulator's clock."""
    market.set(judge_clock="simulated")
    settings = load_settings(environ={**live(market.url), "DATA_DIR": str(folder), **changes})
    told: list[Note] = []
    fills: list[FillBooked] = []
    clock = VenueTime(market.customer, timedelta(0))
    with ExitStack() as held:
        place = SqlitePlace(folder / INSTANCE / str(Mode.LIVE))
        identity = Identity(INSTANCE, Mode.LIVE, "BITHUMB")
        ledger = held.enter_context(open_ledger(place, identity, create=True, clock=clock))
        blocked = ledger.reader.state(BLOCKED)
        exchange = BithumbExchange(
            settings.bithumb_access_key,
            settings.bithumb_secret_key,
            clock=clock,
            wait=clock.wait,
            nonce=fresh_nonce,
            base_url=market.url,
            fallback_fees=settings.fees(),
            blocked_until=None if blocked is None else datetime.fromisoformat(blocked["until"]),
            stopwatch_s=stopwatch_s,
        )
        held.enter_context(closing(exchange))
        patience = Patience(clock.wait, lambda: False, told.append)
        run = venue_run(
            settings,
            ledger,
            Venue(exchange, exchange, clock, price_every_s=1, orders_every_s=3),
            patience,
            strict=True,
            worker=lambda put: InlineWorker(VenueCalls(exchange, clock), put),
            tell=told.append,
            watch=fills.append,
        )
        yield Bot(market, clock, run, ledger, patience, told, fills)
