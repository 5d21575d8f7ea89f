"""A run against the simulator over real HTTP: its market found or started, our time taken from its clock."""

from __future__ import annotations

import math
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bot.agreement import Opening, differences
from bot.clock import MarketClock, stopwatch_s
from bot.demo.process import open_market, stop_market
from bot.lock import instance_lock
from bot.lockstep import BUSY_MAX_S, Lockstep
from bot.recovery import Patience
from bot.wiring.adapters import Timeouts, adapter_of
from bot.wiring.assembly import venue_run
from bot.wiring.parts import paper_holdings
from bot.wiring.venue import Venue
from bot.workers import InlineWorker, VenueCalls
from domain.errors import ExitCode, SetupError
from domain.exact import ZERO
from domain.reason import reason
from domain.snapshot import Mode, PriceSource, RunState
from ledger.opening import Identity, open_ledger
from simulator.market import PRINTS_PER_BAR

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator

    from bot.demo.door import MarketTime
    from bot.demo.folder import DemoFolder
    from bot.demo.process import Market
    from bot.demo.wanted import MarketWanted
    from bot.engine import FillBooked
    from bot.settings import Settings
    from bot.wiring.faces import Faces
    from bot.wiring.run import VenueRun
    from domain.decision import Note
    from domain.split import Split
    from ledger.reader import Reader


# On loopback an answer that takes longer is lost; three of them still end before the bot counts as busy.
_TIMEOUTS = Timeouts(connect_s=2.0, read_s=3.0, total_s=6.0)


@dataclass(slots=True)
class DemoRun:
    """A grid on a market of our own; the market's books are the judge of ours."""

    run: VenueRun
    lockstep: Lockstep
    market: Market
    clock: MarketClock
    faces: Faces | None = None
    turn_max_s: float = 0

    def play(
        self,
        patience: Patience,
        stopped: Callable[[], bool],
        *,
        resume: bool,
        release: Collection[str] = (),
        split: Split | None = None,
    ) -> bool:
        """Go on where the run before stopped; returns whether the market's end was reached."""
        diary = self.run.diary
        # Played to its end before, nothing is asked any more: it ends with the same figures again.
        ended = self.clock.told.ended and diary.state is RunState.FINISHED and not (resume or release or split)
        if not ended:
            self.run.recover(patience, resume=resume, release=release, split=split)
            note(self.run, self.clock.told)
            if self.faces is not None:
                self.faces.listen()
                self.faces.board.watch(self.turn_max_s)
            ended = self.lockstep.run(stopped)
            if self.faces is not None:
                self.faces.board.unwatch()
        diary.row_of(self.run.loop.state)
        if ended:
            diary.state = RunState.FINISHED
        # Stopped before, our books lack what the market has done since the last look: the next start will see it.
        diary.differences = self._differences() if ended else None
        self.run.close_books()
        return ended

    def _differences(self) -> tuple[str, ...]:
        books, run = self.market.door.books(), self.run
        instrument = run.loop.instruments[run.symbol]
        splits = run.ledger.reader.rescales(run.symbol)
        kept = run.diary.opening.holdings if splits else books.deposited.get(instrument.base, ZERO)
        found = differences(
            run.ledger.reader.each_order(),
            run.ledger.reader.book(run.symbol),
            Opening(books.deposited.get(instrument.quote, ZERO), kept),
            orders=books.orders,
            executions=books.executions,
            balances=books.balances,
            gained=sum((split.gained for split in splits), ZERO),
        )
        return found if books.broken is None else (*found, f"venue: {books.broken}")


@contextmanager
def demo_run(
    settings: Settings,
    folder: DemoFolder,
    wanted: MarketWanted,
    *,
    tell: Callable[[Note], None],
    watch: Callable[[FillBooked], None],
    stopped: Callable[[], bool],
    faces: Faces | None = None,
) -> Iterator[tuple[DemoRun, Patience]]:
    """Open the market and prepare a run on it; at the end the market's process ends, and its books stay."""
    with ExitStack() as held:
        held.enter_context(instance_lock(folder.lock))
        # While the lock is held: the market of another bot is left alone, and the next bot finds none that is ending.
        held.callback(_end_market, folder)
        market = held.enter_context(closing(open_market(folder.path, wanted)))
        _pay_in(settings, market)
        clock = MarketClock(market.door, market.told)
        keyed = wanted.venue.settings_for(settings, market.url, market.keys)
        # What instances on one key share, a demo shares with nobody.
        keyed = keyed.model_copy(update={"shared_dir": folder.path / "shared"})
        exchange = adapter_of(keyed, clock, clock.wait, timeouts=_TIMEOUTS)
        held.enter_context(closing(exchange))
        patience = Patience(clock.wait, stopped, tell)
        identity = Identity(settings.instance, Mode.DEMO, str(settings.exchange))
        ledger = held.enter_context(open_ledger(folder.ledger, identity, create=True, clock=clock))
        _refuse_other_books(ledger.reader, market, folder)
        if faces is not None:
            faces.open()
        run = venue_run(
            settings,
            ledger,
            Venue(exchange, exchange, clock, price_every_s=None, orders_every_s=None),
            patience,
            strict=False,
            worker=lambda put: InlineWorker(VenueCalls(exchange, clock), put),
            tell=tell,
            watch=watch,
            faces=faces,
            prices=PriceSource.SYNTHETIC if wanted.prices.path is None else PriceSource.RECORDED,
            bars=0,
        )
        lockstep = Lockstep(
            run.loop,
            run.feed,
            clock,
            run.reconciler.unsettled_at,
            stopwatch_s,
            lambda: note(run, clock.told),
        )
        yield DemoRun(run, lockstep, market, clock, faces, _turn_max_s(wanted)), patience


def _turn_max_s(wanted: MarketWanted) -> float:
    """Return how long a turn may take: at a slow pace the market lets the bot wait for its next print."""
    pause_s = 0 if wanted.speed is None else math.ceil(1 / wanted.speed)
    return BUSY_MAX_S + pause_s


def note(run: VenueRun, told: MarketTime) -> None:
    """Take note of how far the market is; a bar counts from its first print on."""
    diary = run.diary
    diary.begin(told.last_at)
    diary.at = told.last_at
    if not run.guard.is_frozen:
        # While a split is suspected, the last price is told in shares that the books do not count in.
        diary.last = told.last
    diary.bars = -(-told.played // PRINTS_PER_BAR)


def _end_market(folder: DemoFolder) -> None:
    """Ask the market to end; one that does not do so now ends when nobody asks it for anything any more."""
    with suppress(SetupError):
        stop_market(folder.path)


def _refuse_other_books(reader: Reader, market: Market, folder: DemoFolder) -> None:
    """Refuse to go on where ledger and market are not of one run: one of them was removed, or damaged, or put back."""
    ours, theirs = reader.orders(), market.door.books().orders
    written = {order.client_id for order in ours} | {order.venue_id for order in ours}
    # Where the market knows nothing of our ids, an order whose answer was lost is known by what it asked for.
    lost = {(order.side, order.price, order.qty) for order in ours if order.venue_id is None}
    there = {order.order_id for order in theirs}
    strange = any(
        written.isdisjoint({order.order_id, order.client_order_id or order.order_id})
        and (order.client_order_id is not None or (order.side, order.price, order.qty) not in lost)
        for order in theirs
    )
    if strange or any(order.venue_id not in there for order in ours if order.venue_id is not None):
        raise SetupError(ExitCode.LEDGER, reason("demo_books_apart", path=str(folder.path)))


def _pay_in(settings: Settings, market: Market) -> None:
    """Give the account the coins that the owner wants to take over, or protects; what it was given before counts."""
    missing = paper_holdings(settings) - market.door.books().deposited.get(settings.base, ZERO)
    if missing > 0:
        market.door.deposit(settings.base, missing)
