"""Who follows the page on a new exchange to the letter has one that trades; tried in a copy of the house."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType

import pytest

from bot.clock import PlaybackClock
from bot.recovery import Patience
from bot.sources import load_settings
from bot.wiring.assembly import venue_run
from bot.wiring.venue import Venue
from bot.workers import InlineWorker, VenueCalls
from domain.events import QuoteReceived
from domain.exact import ZERO
from domain.instrument import Side
from domain.snapshot import Mode
from exchanges.base import Exchange
from exchanges.paper import PaperExchange
from ledger.opening import Identity, open_ledger
from ledger.places import SqlitePlace
from tests.bot.rehearsal import unheard
from tests.exchanges.contract import SYMBOL
from tests.house.test_style import EVERYWHERE, SHIPPED
from tests.house.tree import ROOT, Source, files, read

FILE, REGISTRY, TEST = "exchanges/toy.py", "exchanges/registry.py", "tests/exchanges/test_toy.py"
STRANGERS = "Venues are strangers to each other"
SECTION = read("CONTRIBUTING.md").partition("\n## A new exchange\n")[2].partition("\n## ")[0]
BLOCKS = dict(re.findall(r"^\d\. [^\n]*`([^`\n]+)`:\n\n```python\n(.*?)^```$", SECTION, re.MULTILINE | re.DOTALL))
NOON = datetime(2025, 1, 2, 12, tzinfo=UTC)
CASH = Decimal(1_000_000)


@dataclass(frozen=True)
class House:
    """A copy of the project, with the toy in it."""

    root: Path

    def python(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, *arguments],
            cwd=self.root,
            env={"PATH": os.environ.get("PATH", ""), "PYTHONDONTWRITEBYTECODE": "1", "COLUMNS": "200"},
            capture_output=True,
            text=True,
            encoding="utf-8",
            timeout=120,
            check=False,
        )

    def contract(self) -> subprocess.CompletedProcess[str]:
        return self.python("-m", "pytest", "-p", "no:cacheprovider", TEST)

    def rewrite(self, path: str, old: str, new: str) -> None:
        """Change the one place where a text stands."""
        text = (self.root / path).read_text(encoding="utf-8")
        assert text.count(old) == 1
        (self.root / path).write_text(text.replace(old, new), encoding="utf-8")


@pytest.fixture
def house(tmp_path: Path) -> House:
    """Do what the page says."""
    house = House(tmp_path / "house")
    for path in files():
        if path.suffix == ".py" or path.name == "pyproject.toml":
            (house.root / path).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(ROOT / path, house.root / path)
    for shown in (FILE, TEST):
        (house.root / shown).write_text(BLOCKS[shown], encoding="utf-8")
    _, _, entries = read(REGISTRY).partition("\nVENUES: dict[str, VenueEntry] = {\n")
    entries = entries.partition("\n}\n")[0]
    house.rewrite(REGISTRY, f"{entries}\n}}\n", f"{entries}\n{BLOCKS[REGISTRY]}}}\n")
    _, _, contract = read("pyproject.toml").partition(f'name = "{STRANGERS}"\n')
    modules = contract.partition("modules = [")[2].partition("]")[0]
    house.rewrite("pyproject.toml", f"[{modules}]", f'["exchanges.toy", {modules.lstrip()}]')
    return house


def test_the_page_shows_one_file_one_line_and_one_test_class() -> None:
    assert set(BLOCKS) == {FILE, REGISTRY, TEST}
    assert BLOCKS[REGISTRY].count("\n") == 1
    assert re.findall(r"^class (Test\w*)\(ExchangeContract\):$", BLOCKS[TEST], re.MULTILINE) == ["TestToy"]


def test_the_page_names_files_that_are_there() -> None:
    named = set(re.findall(r"`([a-z_/]+\.(?:py|toml))`", SECTION)) - {FILE, TEST, "en.toml"}

    assert len(named) > 8
    assert [name for name in named if not (ROOT / name).exists()] == []
    assert f'"{STRANGERS}"' in SECTION


def test_the_toy_keeps_the_contract_and_stands_in_the_registry(house: House) -> None:
    done = house.python("-m", "pytest", "-p", "no:cacheprovider", TEST, "tests/exchanges/test_registry.py")
    loaded = house.python(
        "-c",
        "from exchanges.registry import VENUES, load, venue_rules;"
        "print(load(VENUES['TOY'].adapter), venue_rules('TOY').currency)",
    )

    assert done.returncode == 0, done.stdout
    assert not re.search(r"\d+ (skipped|xfailed|deselected)", done.stdout)
    assert loaded.stdout == "<class 'exchanges.toy.ToyExchange'> KRW\n"


def test_the_toy_passes_formatter_linter_types_floors_and_style(house: House) -> None:
    for arguments in (
        ("-m", "ruff", "format", "--no-cache", "--check", FILE, REGISTRY, TEST),
        ("-m", "ruff", "check", "--no-cache", FILE, REGISTRY, TEST),
        ("-m", "mypy", "--strict", "--follow-imports=silent", f"--cache-dir={os.devnull}", FILE, REGISTRY, TEST),
        ("-c", "from importlinter.cli import lint_imports_command as lint; lint(['--no-cache'])"),
    ):
        done = house.python(*arguments)

        assert done.returncode == 0, done.stdout + done.stderr
    for path, rules in ((FILE, (*EVERYWHERE, *SHIPPED)), (TEST, EVERYWHERE)):
        assert [fault for rule in rules for fault in rule(Source(path, BLOCKS[path]))] == []


@pytest.mark.parametrize(
    ("kept", "broken", "noticed_by"),
    [
        ("CancelAnswer.ACCEPTED", "CancelAnswer.ALREADY_CLOSED", "test_a_canceled_order_rests_no_more"),
        ("return CancelAnswer.UNKNOWN_ORDER", "raise OrderNotFound(order_id)", "test_a_cancel_says_what_it_found"),
        ("fill.notional + fee", "fill.notional", "test_a_round_trip_costs_its_fees"),
        ("<= cash.free", "<= cash.total", "test_what_is_locked_cannot_be_spent_twice"),
    ],
)
def test_a_broken_promise_is_noticed(house: House, kept: str, broken: str, noticed_by: str) -> None:
    house.rewrite(FILE, kept, broken)

    done = house.contract()

    assert done.returncode == 1, done.stdout
    assert re.search(rf"^FAILED .*::{noticed_by}", done.stdout, re.MULTILINE)


def toy_of(house: House) -> ModuleType:
    """Load the page's file into this process."""
    spec = spec_from_file_location("toy_of_the_page", house.root / FILE)
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


Traded = list[tuple[Side, Decimal, Decimal]]


def grid_on(folder: Path, exchange: Exchange, clock: PlaybackClock, trade_at: Callable[[Decimal], object]) -> Traded:
    """Run the bot's grid on a venue for a few prices; what was bought and sold, in its order."""
    # The owner's `EXCHANGE` has no TOY (the page says what that takes); no part below asks for it.
    settings = load_settings(environ={"GRID_STEPS": "3", "ORDER_SIZE": "10000KRW", "DATA_DIR": str(folder)})
    traded: Traded = []
    patience = Patience(wait=_no_pause, stopped=lambda: False, tell=unheard)
    identity = Identity(settings.instance, Mode.DRY_RUN, "TOY")
    with open_ledger(SqlitePlace(folder), identity, create=True, clock=clock) as ledger:
        trade_at(Decimal(10000))
        run = venue_run(
            settings,
            ledger,
            Venue(exchange, exchange, clock, price_every_s=None, orders_every_s=None),
            patience,
            strict=True,
            worker=lambda put: InlineWorker(VenueCalls(exchange, clock), put),
            tell=unheard,
            watch=lambda booked: traded.append((booked.order.side, booked.fill.price, booked.fill.qty)),
        )
        run.diary.begin(clock.now())
        run.recover(patience, resume=False)
        for price in (10000, 9900, 9802, 9901, 10000):
            clock.set(clock.now() + timedelta(seconds=5))
            trade_at(Decimal(price))
            for event in (*run.look(), QuoteReceived(exchange.get_quote(SYMBOL), clock.now())):
                run.loop.handle(event)
                run.loop.drain()
    return traded


def _no_pause(pause_s: float, /) -> None:
    """Ask again at once."""


def test_the_grid_trades_on_the_toy_as_on_any_venue(house: House, tmp_path: Path) -> None:
    clocks = PlaybackClock(NOON), PlaybackClock(NOON)
    toy = toy_of(house).ToyExchange(clocks[0], cash=CASH, coins=ZERO)
    paper = PaperExchange(toy.instrument(SYMBOL), clocks[1], CASH)

    on_toy = grid_on(tmp_path / "toy", toy, clocks[0], toy.trade_at)
    on_paper = grid_on(tmp_path / "paper", paper, clocks[1], paper.see)

    bought, sold = Side.BUY, Side.SELL
    assert [(side, int(price)) for side, price, _ in on_toy] == [
        (bought, 9900),
        (bought, 9802),
        (sold, 9901),
        (sold, 10000),
    ]
    assert on_toy == on_paper
    assert len(toy.open_orders(SYMBOL)) == 3
