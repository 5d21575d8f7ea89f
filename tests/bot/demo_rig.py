"""A demo as its owner starts it, seen from the outside: started, hindered, killed, and its books judged at the end."""

from __future__ import annotations

import http.client
import json
import os
import signal
import subprocess
import sys
from collections import Counter
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from random import Random
from time import monotonic
from typing import TYPE_CHECKING, Any

from bot.demo.folder import run_folder
from bot.demo.house import demo_settings
from bot.demo.wanted import MarketWanted, recorded_prices
from bot.orders import id_prefix
from bot.pricefile import read_prices
from bot.wiring.demo import demo_run
from domain.exact import ONE, ZERO
from domain.snapshot import Mode
from ledger.audit import audit
from ledger.opening import open_reader
from ledger.places import SqlitePlace
from tests.house.tree import ROOT
from tests.simulator.customer import HttpAdmin, HttpCustomer
from tests.simulator.process import running

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from bot.engine import FillBooked
    from bot.recovery import Patience
    from bot.wiring.demo import DemoRun
    from domain.decision import Note

INSTANCE = "bithumb_bot"
BEGIN = datetime(2026, 3, 2, tzinfo=UTC)
LIMIT_S = 90.0
LOOK_S = 0.004

ENGLISH = {"LANGUAGE": "en"}

# A grid that places, fills and cancels at nearly every print: of its ten cells at most five may rest on a side.
LIVELY = ("GRID_STEPS=10", "GRID_GAP_PCT=1", "MAX_OPEN_ORDERS=3")

_HEADER = "time_utc,open,high,low,close,volume"
_CLOSES = (46_000_000, 47_500_000, 49_000_000, 50_500_000)
_WICK = 500_000

Process = subprocess.Popen[bytes]


def chance(seed: object) -> Random:
    return Random(str(seed))  # noqa: S311 - a test wants chance that can be repeated, not secrecy


def prices(bars: int, seed: str = "1") -> str:
    """Return candles of a minute that cross most of the lines of a grid in every bar."""
    rng, rows, price = chance(seed), [_HEADER], 50_000_000
    for number in range(bars):
        close = rng.choice(_CLOSES) + 1000 * rng.randrange(100)
        at = (BEGIN + timedelta(minutes=number)).isoformat().replace("+00:00", "Z")
        rows.append(f"{at},{price},{max(price, close) + _WICK},{min(price, close) - _WICK},{close},4")
        price = close
    return "\n".join(rows) + "\n"


@dataclass(frozen=True)
class Done:
    """One start of the bot that has ended."""

    code: int
    out: str
    err: str

    @property
    def line(self) -> dict[str, Any]:
        """Return the last line that it printed."""
        line: dict[str, Any] = json.loads(self.out.splitlines()[-1])
        return line


@dataclass
class Start:
    """One start of the bot that goes on."""

    process: Process
    log: Path

    def until(self, happened: Callable[[], bool], limit_s: float = LIMIT_S) -> bool:
        """Look again and again; returns whether it happened while the bot lived."""
        end_s = monotonic() + limit_s
        while not happened():
            with suppress(subprocess.TimeoutExpired):
                self.process.wait(LOOK_S)
                return happened()
            assert monotonic() < end_s, self.said()
        return True

    def said(self) -> str:
        return self.log.with_suffix(".err").read_text("utf-8")

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()

    def interrupt(self) -> None:
        self.process.send_signal(signal.SIGINT)

    def end(self, limit_s: float = LIMIT_S) -> Done:
        """Wait for its end."""
        code = self.process.wait(limit_s)
        done = Done(code, self.log.with_suffix(".out").read_text("utf-8"), self.said())
        assert "Traceback" not in done.err, done.err
        return done


@dataclass
class Demo:
    """A demo of its own folder; whatever it started is ended at the end."""

    folder: Path
    options: tuple[str, ...]
    environ: Mapping[str, str] = field(default_factory=dict)
    starts: list[Start] = field(default_factory=list)

    def start(self, *more: str) -> Start:
        log = self.folder / f"start-{len(self.starts)}"
        kept = {name: os.environ[name] for name in ("PATH", "TZ") if name in os.environ}
        environ = {**kept, "PYTHONPATH": str(ROOT), "DATA_DIR": str(self.folder / "data"), **self.environ}
        with log.with_suffix(".out").open("wb") as out, log.with_suffix(".err").open("wb") as err:
            process = subprocess.Popen(
                [sys.executable, "-P", "-m", "bot", *self.options, *more],
                cwd=self.folder,
                env=environ,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=err,
            )
        self.starts.append(Start(process, log))
        return self.starts[-1]

    def play(self, *more: str) -> Done:
        """Start once more and wait for the end."""
        return self.start(*more).end()

    @property
    def place(self) -> Path:
        """Return the folder of the one run there is."""
        (place,) = (path for path in (self.folder / "data" / "demo").iterdir() if path.suffix != ".old")
        return place

    @property
    def place_of_ledger(self) -> SqlitePlace:
        return SqlitePlace(self.place / INSTANCE / str(Mode.DEMO))

    def address(self) -> dict[str, Any] | None:
        """Return what the market's process says of itself, the last that lived."""
        with suppress(OSError, ValueError):
            said: dict[str, Any] = json.loads((self.place / "venue" / "address.json").read_bytes())
            return said
        return None

    def ask(self, path: str, body: object = None, method: str = "POST") -> Any:  # noqa: ANN401 - any answer there is
        """Ask the market's admin door; None where it does not answer."""
        address = self.address()
        if address is None:
            return None
        try:
            return HttpAdmin(address).admin(path, body, method)
        except (OSError, ValueError, http.client.HTTPException):
            return None

    def played(self) -> int:
        """Return how many prints were played; 0 where nobody tells."""
        told = self.ask("clock", method="GET")
        return 0 if told is None else int(told["played"])

    def armed(self) -> list[dict[str, Any]]:
        told = self.ask("faults", method="GET")
        return [] if told is None else list(told["armed"])

    def hinder(self, *faults: Mapping[str, Any]) -> None:
        """Arm faults; nothing happens where the market does not live."""
        for fault in faults:
            self.ask("faults", fault)

    def kill_market(self) -> None:
        """End the market's process as a crash does."""
        if (address := self.address()) is not None:
            _kill(int(address["pid"]), self.place / "venue")

    def close(self) -> None:
        for start in self.starts:
            if start.process.poll() is None:
                start.kill()
        for folder in (self.folder / "data").glob("demo/*/venue/address.json"):
            with suppress(ValueError):
                _kill(int(json.loads(folder.read_bytes())["pid"]), folder.parent)

    def books(self, *options: str) -> dict[str, Any]:
        """Open the market's books anew, after it has ended, and return the judge's view."""
        with running(self.place / "venue", *options, "--speed", "max") as (_, customer):
            told: dict[str, Any] = customer.admin("books", method="GET")
            return told


def _kill(pid: int, venue: Path) -> None:
    """Kill the simulator of a folder: what has its number but another folder is somebody else's."""
    with suppress(OSError):
        with open(f"/proc/{pid}/cmdline", "rb") as file:  # noqa: PTH123 - no file of a disk
            command = file.read().split(b"\0")
        if str(venue.resolve()).encode() in command:
            os.kill(pid, signal.SIGKILL)


@contextmanager
def demo(
    folder: Path, *options: str, bars: int = 0, seed: str = "1", environ: Mapping[str, str] | None = None
) -> Iterator[Demo]:
    """Make a demo in a folder, on candles of our own where `bars` says how many."""
    recorded: tuple[str, ...] = ()
    if bars:
        path = folder / "prices.csv"
        path.write_text(prices(bars, seed), "utf-8")
        recorded = ("--prices", str(path))
    made = Demo(folder, (*recorded, *options), environ or {})
    try:
        yield made
    finally:
        made.close()


def settings(*texts: str) -> tuple[str, ...]:
    """Return the options that set settings."""
    return tuple(word for text in texts for word in ("--set", text))


@dataclass(frozen=True)
class Verdict:
    """What both books hold at the end, and all that is wrong with them."""

    orders: int
    fills: int
    voids: int
    faults: tuple[str, ...]


def judged(demo: Demo, *options: str) -> Verdict:
    """Compare the market's books with the ledger, order by order, once the market has ended."""
    books = demo.books(*options)
    rows = books["orders"]
    names = Counter(row["client_order_id"] for row in rows)
    faults = [f"{name} is at the venue {count} times" for name, count in names.items() if count > 1]
    if not books["conserved"] or books["repeats"]:
        faults.append(f"broken: {books['broken']}, repeats: {books['repeats']}")
    reader = open_reader(demo.place_of_ledger)
    try:
        faults += [str(why) for why in audit(reader)]
        ours = {record.order.client_id: record.order for record in reader.each_order()}
        fills = sum(1 for _ in reader.each_fill())
    finally:
        reader.close()
    prefix = id_prefix(INSTANCE)
    faults += [f"{name} is not in the ledger" for name in names if name not in ours and str(name).startswith(prefix)]
    faults += _lived_together(rows, {name: order.cell for name, order in ours.items()})
    return Verdict(len(rows), fills, sum(order.state == "void" for order in ours.values()), tuple(faults))


def _lived_together(rows: list[dict[str, Any]], cells: Mapping[str, str]) -> Iterator[str]:
    """Name every two orders of one cell that were with the venue at the same time."""
    last: dict[str, dict[str, Any]] = {}
    for row in sorted(rows, key=lambda row: int(row["number"])):
        cell = cells.get(row["client_order_id"], "?")
        former = last.get(cell)
        if former is not None and (former["closed_at"] is None or _at(former["closed_at"]) > _at(row["created_at"])):
            yield f"cell {cell}: {former['client_order_id']} and {row['client_order_id']} lived together"
        last[cell] = row


def _at(text: str) -> datetime:
    return datetime.fromisoformat(text)


@dataclass
class Desk:
    """A demo played in this very process: the bot's own desk, loop and reconciler, the market over HTTP."""

    demo: DemoRun
    patience: Patience
    told: list[Note]
    customer: HttpAdmin

    def play(self) -> bool:
        """Play to the market's end; returns whether it was reached."""
        return self.demo.play(self.patience, lambda: False, resume=False)

    @property
    def codes(self) -> list[str]:
        """Return what the owner was told of the venue."""
        return [note.why.code for note in self.told if note.slot == "venue"]

    def states(self) -> dict[str, str]:
        """Return the orders of the ledger that may still change, and how they stand."""
        return {order.client_id: str(order.state) for order in self.demo.run.ledger.reader.open_orders()}

    def books(self) -> dict[str, Any]:
        books: dict[str, Any] = self.customer.admin("books", method="GET")
        return books


@contextmanager
def desk(folder: Path, bars: int, *overrides: str) -> Iterator[Desk]:
    """Open a market on candles of our own, and prepare a run on it."""
    path = folder / "prices.csv"
    told: list[Note] = []
    path.write_text(prices(bars), "utf-8")
    recorded = recorded_prices(path, read_prices(path).candles, scale=ONE, bars=None)
    read = demo_settings([f"DATA_DIR={folder / 'data'}", *overrides], {})
    wanted = MarketWanted(read.symbol, recorded, read.paper_cash or ZERO, None)
    place = run_folder(read, recorded)
    with demo_run(read, place, wanted, tell=told.append, watch=_unseen, stopped=lambda: False) as (made, patience):
        said = json.loads((place.venue / "address.json").read_bytes())
        yield Desk(made, patience, told, HttpCustomer(said))
    assert made.market.process is not None
    made.market.process.wait(LIMIT_S)


def _unseen(booked: FillBooked) -> None:
    """Say nothing of a fill."""
