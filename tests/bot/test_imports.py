"""A restored backup: orders under our name that the ledger does not know are taken over, once the owner says so."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from bot.agreement import Opening, differences
from bot.clock import PlaybackClock
from bot.imports import number_of, taken_over
from bot.orders import id_prefix
from bot.recovery import Patience
from bot.sources import load_settings
from bot.wiring.assembly import venue_run
from bot.wiring.run import VenueRun
from bot.wiring.venue import Venue
from bot.workers import InlineWorker, VenueCalls
from domain.events import QuoteReceived
from domain.exact import ZERO
from domain.instrument import Side
from domain.market import Quote
from domain.order import OrderState
from domain.snapshot import Mode
from domain.venue import VenueOrder
from exchanges.bithumb.rules import RULES
from exchanges.paper import PaperExchange
from ledger.opening import Identity, open_ledger
from ledger.places import SqlitePlace

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
CASH = Decimal(1_000_000)
SETTINGS = load_settings(
    overrides=["GRID_STEPS=3", "GRID_GAP_PCT=1", "ORDER_SIZE=10000KRW", "GRID_FOLLOW=off", f"PAPER_CASH={CASH}"]
)


class World:
    """A venue that lives on while bots come and go."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.clock = PlaybackClock(NOON)
        self.paper = PaperExchange(RULES.instrument(SETTINGS.symbol, SETTINGS.fees()), self.clock, CASH)
        self.price("10000")

    @contextmanager
    def bot(self, name: str) -> Iterator[VenueRun]:
        place = SqlitePlace(self.folder / name)
        identity = Identity(SETTINGS.instance, Mode.DRY_RUN, "BITHUMB")
        with open_ledger(place, identity, create=True, clock=self.clock) as ledger:
            yield venue_run(
                SETTINGS,
                ledger,
                Venue(self.paper, self.paper, self.clock, None, None),
                self.patience(),
                strict=False,
                worker=lambda put: InlineWorker(VenueCalls(self.paper, self.clock), put),
                tell=lambda _: None,
                watch=lambda _: None,
            )

    def patience(self) -> Patience:
        return Patience(lambda _: None, lambda: False, lambda _: None)

    def start(self, run: VenueRun, *, import_orders: bool = False) -> None:
        run.recover(self.patience(), resume=False, import_orders=import_orders)

    def price(self, price: str, run: VenueRun | None = None) -> None:
        """Trade at a price; a bot that is there looks at its orders, then at the price."""
        self.clock.set(self.clock.now() + timedelta(seconds=10))
        self.paper.see(Decimal(price))
        if run is None:
            return
        for event in run.look():
            run.loop.handle(event)
        quote = Quote(SETTINGS.symbol, Decimal(price), self.clock.now())
        run.loop.handle(QuoteReceived(quote, self.clock.now()))
        run.loop.drain()

    def restore(self, kept: str, name: str) -> None:
        shutil.copytree(self.folder / kept, self.folder / name)

    def differences(self, run: VenueRun) -> tuple[str, ...]:
        return differences(
            run.ledger.reader.each_order(),
            run.ledger.reader.book(SETTINGS.symbol),
            Opening(CASH, ZERO),
            orders=self.paper.all_orders(),
            executions=self.paper.all_executions(),
            balances=self.paper.get_balance(),
        )


@pytest.fixture
def world(tmp_path: Path) -> World:
    """After a backup was made with three buys at rest, one of them was filled, answered, sold and placed again."""
    world = World(tmp_path)
    with world.bot("first") as run:
        world.start(run)
        world.price("10000", run)
    world.restore("first", "backup")
    with world.bot("first") as run:
        world.start(run)
        for price in ("9900", "10000", "9950", "9900"):
            world.price(price, run)
    return world


def test_without_the_owners_word_nothing_new_is_ordered(world: World) -> None:
    before = len(world.paper.all_orders())
    with world.bot("backup") as run:
        world.start(run)
        world.price("9950", run)

        assert run.loop.state.safe is not None
        assert run.loop.state.safe.code == "order_not_in_ledger"
    assert len(world.paper.all_orders()) == before


def test_the_owners_word_takes_every_order_over_into_its_cell_and_the_books_agree(world: World) -> None:
    used = {order.client_order_id for order in world.paper.all_orders()}
    with world.bot("backup") as run:
        world.start(run, import_orders=True)
        assert (run.loop.state.safe, world.differences(run)) == (None, ())
        world.price("10000", run)
        world.price("9900", run)

        assert world.differences(run) == ()
        ids = [order.client_order_id for order in world.paper.all_orders()]
        assert len(set(ids)) == len(ids) > len(used)
        cells = [order.cell for order in run.ledger.reader.open_orders()]
        assert len(set(cells)) == len(cells) == 3
        assert not any(cell.startswith("import") for cell in cells)


def test_after_that_a_start_finds_nothing_strange_any_more(world: World) -> None:
    with world.bot("backup") as run:
        world.start(run, import_orders=True)
        world.price("9950", run)

    with world.bot("backup") as run:
        world.start(run)

        assert (run.strange, run.loop.state.safe) == ((), None)


def test_an_order_that_fits_no_cell_is_taken_back_and_stays_in_the_books(world: World) -> None:
    with world.bot("fresh") as run:
        world.start(run, import_orders=True)

        assert world.differences(run) == ()
        taken = run.ledger.reader.orders()
        assert {order.cell.partition(".")[0] for order in taken} == {"import"}
        assert all(order.is_closed for order in taken)
    assert world.paper.open_orders(SETTINGS.symbol) == ()


def test_hours_after_a_safe_start_the_owners_word_still_finds_what_had_ended(world: World) -> None:
    with world.bot("backup") as run:
        world.start(run)
        for _ in range(4):
            world.clock.set(world.clock.now() + timedelta(hours=1))
            world.price("9950", run)

    with world.bot("backup") as run:
        world.start(run, import_orders=True)

        assert (run.loop.state.safe, world.differences(run)) == (None, ())


def test_an_order_that_sells_what_nobody_knows_of_keeps_us_safe_and_its_number_is_used_up(world: World) -> None:
    symbol, prefix = SETTINGS.symbol, id_prefix(SETTINGS.instance)
    with world.bot("first") as run:
        world.start(run)
    bought = world.paper.place_order(symbol, Side.BUY, Decimal(1), Decimal(9950), client_order_id=f"{prefix}-zx")
    world.price("9940")
    world.paper.place_order(symbol, Side.SELL, bought.qty, Decimal(12000), client_order_id=f"{prefix}-zz")
    with world.bot("other") as run:
        world.start(run, import_orders=False)
        assert run.loop.state.safe is not None
        assert run.ledger.next_order_seq() > (number_of(f"{prefix}-zz") or 0)

    world.restore("first", "again")
    with world.bot("again") as run:
        run.strange = tuple(order for order in run.strange if order.side is Side.SELL)
        world.start(run, import_orders=True)

        assert run.loop.state.safe is not None


def test_what_only_looks_like_one_of_ours_is_not_taken_over(world: World) -> None:
    shown = VenueOrder("v", "bp123456-?", SETTINGS.symbol, Side.BUY, CASH, CASH, ZERO, ZERO, OrderState.OPEN, NOON)
    with world.bot("backup") as run:
        grid = run.loop.state.strategies[SETTINGS.symbol]

        assert (number_of("bp123456-?"), taken_over(shown, grid, run.ledger.reader)) == (None, None)
