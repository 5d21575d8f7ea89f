"""A run against the simulator over real HTTP: its market found or started, our time taken from its clock."""

from __future__ import annotations

import math
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bot.agreement import Opening, differences
from bot.clock import MarketClock, fresh_nonce, stopwatch_s
from bot.demo.process import open_market, stop_market
from bot.lock import instance_lock
from bot.lockstep import BUSY_MAX_S, Lockstep
from bot.recovery import Patience
from bot.wiring.parts import paper_holdings
from bot.wiring.venue import Venue, venue_run
from bot.workers import InlineWorker, VenueCalls
from domain.errors import ExitCode, SetupError
from domain.exact import ZERO
from domain.reason import reason
from domain.snapshot import Mode, PriceSource, RunState
from exchanges.registry import VENUES, load
from ledger.opening import Identity, open_ledger
from simulator.market import PRINTS_PER_BAR

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from bot.demo.door import MarketTime
    from bot.demo.folder import DemoFolder
    from bot.demo.process import Market
    from bot.demo.wanted import MarketWanted
    from bot.diary import Diary
    from bot.engine import FillBooked
    from bot.settings import Settings
    from bot.wiring.faces import Faces
    from bot.wiring.venue import VenueRun
    from domain.decision import Note
    from ledger.reader import Reader


# On loopback an answer that takes longer is lost; three of them still end before the bot counts as busy.
_CONNECT_S = 2.0
_READ_S = 3.0
_TOTAL_S = 6.0


@dataclass(slots=True)
class DemoRun:
    """A grid on a market of our own; the market's books are the judge of ours."""

    run: VenueRun
    lockstep: Lockstep
    market: Market
    clock: MarketClock
    faces: Faces | None = None
    turn_max_s: float = 0

    def play(self, patience: Patience, stopped: Callable[[], bool], *, resume: bool) -> bool:
        """Go on where the run before stopped; returns whether the market's end was reached."""
        diary = self.run.diary
        # Played to its end before, nothing is asked any more: it ends with the same figures again.
        ended = self.clock.told.ended and diary.state is RunState.FINISHED and not resume
        if not ended:
            self.run.recover(patience, resume=resume)
            note(diary, self.clock.told)
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
        opening = Opening(*(books.deposited.get(name, ZERO) for name in (instrument.quote, instrument.base)))
        found = differences(
            run.ledger.reader.each_order(),
            run.ledger.reader.book(run.symbol),
            opening,
            orders=books.orders,
            executions=books.executions,
            balances=books.balances,
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
        exchange = load(VENUES[str(settings.exchange)].adapter)(
            market.access_key,
            market.secret_key,
            clock=clock,
            wait=clock.wait,
            nonce=fresh_nonce,
            base_url=market.url,
            fallback_fees=settings.fees(),
            stopwatch_s=stopwatch_s,
            connect_s=_CONNECT_S,
            read_s=_READ_S,
            total_s=_TOTAL_S,
        )
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
            run.reconciler.next_look_at,
            stopwatch_s,
            lambda: note(run.diary, clock.told),
        )
        yield DemoRun(run, lockstep, market, clock, faces, _turn_max_s(wanted)), patience


def _turn_max_s(wanted: MarketWanted) -> float:
    """Return how long a turn may take: at a slow pace the market lets the bot wait for its next print."""
    pause_s = 0 if wanted.speed is None else math.ceil(1 / wanted.speed)
    return BUSY_MAX_S + pause_s


def note(diary: Diary, told: MarketTime) -> None:
    """Take note of how far the market is; a bar counts from its first print on."""
    diary.begin(told.last_at)
    diary.at, diary.last = told.last_at, told.last
    diary.bars = -(-told.played // PRINTS_PER_BAR)


def _end_market(folder: DemoFolder) -> None:
    """Ask the market to end; one that does not do so now ends when nobody asks it for anything any more."""
    with suppress(SetupError):
        stop_market(folder.path)


def _refuse_other_books(reader: Reader, market: Market, folder: DemoFolder) -> None:
    """Refuse to go on where ledger and market are not of one run: one of them was removed, or damaged, or put back."""
    ours, theirs = reader.orders(), market.door.books().orders
    written = {order.client_id for order in ours}
    there = {order.order_id for order in theirs}
    strange = any(order.client_order_id not in written for order in theirs)
    if strange or any(order.venue_id not in there for order in ours if order.venue_id is not None):
        raise SetupError(ExitCode.LEDGER, reason("demo_books_apart", path=str(folder.path)))


def _pay_in(settings: Settings, market: Market) -> None:
    """Give the account the coins that the owner wants to take over, or protects; what it was given before counts."""
    missing = paper_holdings(settings) - market.door.books().deposited.get(settings.base, ZERO)
    if missing > 0:
        market.door.deposit(settings.base, missing)
