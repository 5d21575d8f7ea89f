"""The same prices, the same grid: on paper and over Bithumb's wire it trades the same, to the last unit.

An order that a venue with a book would fill at once is left out: on paper it waits for the next price.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from random import Random

import pytest

from bot.clock import PlaybackClock
from bot.recovery import Patience
from bot.sources import load_settings
from bot.wiring.assembly import venue_run
from bot.wiring.run import VenueRun
from bot.wiring.venue import Venue
from bot.workers import InlineWorker, VenueCalls
from domain.book import Book
from domain.clock import Clock
from domain.order import IntentKey, OrderState
from domain.snapshot import Mode
from exchanges.base import Exchange
from exchanges.bithumb.rules import RULES
from exchanges.paper import PaperExchange
from ledger.opening import Identity, open_ledger
from ledger.places import SqlitePlace
from tests.exchanges.bithumb_venue import market_at

CASH = 1_000_000
NOON = datetime(2026, 3, 2, 0, tzinfo=UTC)
GRIDS = {
    "plain": ("GRID_STEPS=5", "GRID_GAP_PCT=1"),
    "follows up": ("GRID_STEPS=4", "GRID_GAP_PCT=0.8", "GRID_FOLLOW=up"),
    "three at rest": ("GRID_STEPS=8", "GRID_GAP_PCT=0.7", "MAX_OPEN_ORDERS=3", "GRID_SPACING=arithmetic"),
    "stops": ("GRID_STEPS=4", "GRID_GAP_PCT=1", "GRID_STOP_LOW=9650", "GRID_STOP_LOW_ACTION=cancel"),
    "adopts": ("GRID_STEPS=3", "GRID_STEPS_ABOVE=3", "GRID_START=adopt", "ADOPT_QTY=2"),
}


Traded = tuple[IntentKey, Decimal, Decimal, OrderState, Decimal]


@dataclass
class Table:
    """One venue, its clock, and how its price is moved."""

    exchange: Exchange
    clock: Clock
    trade_at: Callable[[Decimal], None]


def prices(seed: str) -> list[Decimal]:
    """A walk around 10000 in whole won, wide enough to fill, answer and follow."""
    chance = Random(seed)  # noqa: S311  # a repeatable walk, no secret
    walk, price = [], 10000
    for _ in range(60):
        price = max(9000, min(11000, price + chance.randint(-140, 140)))
        walk.append(Decimal(price))
    return walk


@contextmanager
def on_paper(_: Path) -> Iterator[Table]:
    clock = PlaybackClock(NOON)
    rules = load_settings(overrides=GRIDS["plain"])
    paper = PaperExchange(RULES.instrument("KRW-BTC", rules.fees()), clock, Decimal(CASH), holdings=Decimal(10))

    def trade_at(price: Decimal) -> None:
        clock.set(clock.now() + timedelta(seconds=1))
        paper.see(price)

    trade_at(Decimal(10000))
    yield Table(paper, clock, trade_at)


@contextmanager
def over_the_wire(folder: Path) -> Iterator[Table]:
    with market_at(folder, cash=CASH) as market:
        yield Table(market.bithumb, market.clock, market.trade_at)


def traded(table: Table, folder: Path, overrides: tuple[str, ...], walk: list[Decimal]) -> tuple[list[Traded], Book]:
    """Run the grid over the walk; returns every order, and the book in the end."""
    settings = load_settings(overrides=["ORDER_SIZE=10000KRW", *overrides])
    identity = Identity(settings.instance, Mode.DRY_RUN, "BITHUMB")
    patience = Patience(lambda _: None, lambda: False, lambda _: None)
    with open_ledger(SqlitePlace(folder), identity, create=True, clock=table.clock) as ledger:
        run = venue_run(
            settings,
            ledger,
            Venue(table.exchange, table.exchange, table.clock, None, None),
            patience,
            strict=False,
            worker=lambda put: InlineWorker(VenueCalls(table.exchange, table.clock), put),
            tell=lambda _: None,
            watch=lambda _: None,
        )
        run.recover(patience, resume=False)
        for price in walk:
            table.trade_at(price)
            _look_and_decide(run)
        book = ledger.reader.book(settings.symbol)
        orders = [(order.key, order.price, order.qty, order.state, order.filled) for order in ledger.reader.orders()]
        return orders, book


def _look_and_decide(run: VenueRun) -> None:
    """What the bot does after every trade of a market that goes in lockstep."""
    run.feed.ask_anew()
    while run.feed.ask_due() or not run.loop.inbox.is_empty:
        run.loop.drain()


@pytest.mark.parametrize("name", GRIDS)
def test_a_grid_trades_the_same_on_paper_and_over_bithumbs_wire(tmp_path: Path, name: str) -> None:
    walk = prices(name)
    found = []
    for venue in (on_paper, over_the_wire):
        folder = tmp_path / venue.__name__
        folder.mkdir()
        with venue(folder) as table:
            found.append(traded(table, folder / "ledger", GRIDS[name], walk))
    paper, wire = found

    assert wire == paper
    assert paper[1].buys >= 3
