"""The owner's bot: on the venue with real money, or dry, with real prices and an account on paper."""

from __future__ import annotations

import logging
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from decimal import Decimal
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from bot.agreement import differences
from bot.board import Part
from bot.clock import SystemClock
from bot.lock import instance_lock
from bot.loop import BLOCKED
from bot.memory import blocked_row, restored_blocked
from bot.places import own_ledger, own_lock
from bot.recovery import Patience
from bot.settings import Exchange as ExchangeName
from bot.wiring.adapters import adapter_of
from bot.wiring.assembly import venue_run
from bot.wiring.opening import cash_after, refuse_other_market
from bot.wiring.parts import hours_of, paper_holdings
from bot.wiring.venue import Venue
from bot.workers import Alarm, FeedThread, InlineWorker, ThreadWorker, VenueCalls
from domain.decision import Note, Weight
from domain.errors import ExitCode, SetupError
from domain.events import ConcernRaised, QuoteReceived, SessionClosed, SessionOpened
from domain.exact import ZERO, plain
from domain.order import OrderState
from domain.reason import reason
from domain.snapshot import Mode
from domain.venue import Execution, VenueOrder
from exchanges.paper import PaperExchange
from exchanges.registry import venue_rules
from ledger.opening import Identity, open_ledger, open_reader
from ledger.places import SqlitePlace
from reports.figures import RUN

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator
    from datetime import datetime

    from bot.engine import FillBooked
    from bot.launch.telling import StopRequest
    from bot.settings import Settings
    from bot.wiring.faces import Faces
    from bot.wiring.run import VenueRun
    from domain.clock import Clock
    from domain.events import Event
    from domain.order import Fill, Order
    from domain.reason import Reason
    from domain.split import Split
    from exchanges.base import Exchange, MarketData
    from ledger.reader import Reader
    from ledger.records import OrderRecord
    from ledger.writer import Ledger

log = logging.getLogger(__name__)

_ORDER_ENDS_S = 3.0
_QUESTION_ENDS_S = 0.5
"""How long a call in flight is waited for at the end, which has to stay within the 8 s that a container is given."""

_TURN_MAX_S = 10.0
_CALL_MAX_S = 120.0
"""A turn of the loop, or a question with all its calls, that takes longer stands still."""


@dataclass(slots=True)
class OwnRun:
    """The owner's grid, with the threads that serve it; `paper` is the account of a dry run."""

    run: VenueRun
    feed: FeedThread
    paper: PaperExchange | None
    faces: Faces | None = None

    def raise_concern(self, why: Reason) -> None:
        """Let the owner know of something as soon as trading begins."""
        self.run.loop.inbox.put(ConcernRaised(why, self.run.venue.clock.now()))

    def trade(
        self,
        patience: Patience,
        stop: StopRequest,
        *,
        resume: bool,
        import_orders: bool,
        release: Collection[str] = (),
        split: Split | None = None,
    ) -> None:
        """Recover, then trade until asked to stop; what is in flight is finished or left to the next start."""
        loop, worker = self.run.loop, self.run.loop.desk.worker
        self.run.diary.begin(self.run.venue.clock.now())
        with stop.at_once():
            self.run.recover(patience, resume=resume, import_orders=import_orders, release=release, split=split)
        try:
            self._open_to_the_owner()
            self.feed.start()
            if isinstance(worker, ThreadWorker):
                worker.start()
            loop.run(stop, before=self._at_the_paper_venue)
        finally:
            if self.faces is not None:
                self.faces.board.unwatch()
            loop.desk.is_closed = True
            # Told first and waited for last: an order in flight matters, a question does not.
            self.feed.stop(0)
            ended = not isinstance(worker, ThreadWorker) or worker.stop(_ORDER_ENDS_S)
            if not self.feed.stop(_QUESTION_ENDS_S) or not ended:
                log.warning("a call in flight is left to the next start")
        loop.drain()
        self.run.diary.row_of(loop.state)
        if self.paper is not None:
            self.run.diary.differences = self._differences(self.paper)
        self.run.close_books()

    def _open_to_the_owner(self) -> None:
        """Look after the parts that trade, and take the owner's commands."""
        if self.faces is None:
            return
        self.faces.listen()
        worker = self.run.loop.desk.worker
        parts = [Part("feed", lambda: self.feed.silent_s, _CALL_MAX_S)]
        if isinstance(worker, ThreadWorker):
            parts.append(Part("orders", lambda: worker.silent_s, _CALL_MAX_S))
        self.faces.board.watch(_TURN_MAX_S, *parts)

    def _at_the_paper_venue(self, event: Event) -> tuple[Event, ...]:
        """Let the account on paper hear of a price first, as a real venue would; returns what it brought about."""
        if self.paper is None:
            return ()
        if isinstance(event, SessionClosed):
            self.paper.end_session()
            # After the close itself, or what has expired would be placed once more.
            for news in self.run.look():
                self.run.loop.inbox.put(news)
        if isinstance(event, SessionOpened):
            # Whatever a former run left at rest did not live through the night either.
            self.paper.end_session()
            return self.run.look()
        sessions = self.run.sessions
        if not isinstance(event, QuoteReceived) or (sessions is not None and not sessions.is_open):
            return ()
        self.paper.see(event.quote.last)
        return self.run.look()

    def _differences(self, paper: PaperExchange) -> tuple[str, ...]:
        run = self.run
        return differences(
            (entry for entry in run.ledger.reader.each_order() if entry.order.symbol == run.symbol),
            run.ledger.reader.book(run.symbol),
            run.diary.opening,
            orders=[order for order in paper.all_orders() if order.symbol == run.symbol],
            executions=paper.all_executions(),
            balances=paper.get_balance(),
            gained=sum((split.gained for split in run.ledger.reader.rescales(run.symbol)), ZERO),
        )


@dataclass(frozen=True, slots=True)
class _VenueClock:
    """The venue's time, in which it dates orders and trades: the machine's, corrected by what its answers say."""

    machine: Clock
    adapter: Any

    def now(self) -> datetime:
        """Return the venue's time."""
        now: datetime = self.machine.now() + self.adapter.clock_offset
        return now


@dataclass(frozen=True, slots=True)
class _Breaker:
    """Keeps, while a start waits for the venue, that it shut us out: the next start must not call it either."""

    ledger: Ledger
    market: MarketData
    clock: Clock
    alarm: Alarm

    def until(self) -> datetime | None:
        """Return until when every call is held back; None where they are not."""
        until = self.market.blocked_until
        return until if until is not None and until > self.clock.now() else None

    def wait(self, pause_s: float) -> None:
        """Let a pause pass."""
        if (until := self.until()) is not None:
            with self.ledger.commit() as page:
                page.state(BLOCKED, blocked_row(until))
        self.alarm.wait(pause_s)


@contextmanager
def own_run(
    settings: Settings,
    tell: Callable[[Note], None],
    watch: Callable[[FillBooked], None],
    stop: StopRequest,
    faces: Faces | None = None,
) -> Iterator[tuple[OwnRun, Patience]]:
    """Prepare the owner's bot; raises `SetupError` where it must not, or cannot, trade."""
    _check_tradable(settings)
    machine, alarm = SystemClock(), Alarm()
    stop.then(alarm.ring)
    identity = Identity(settings.instance, settings.mode, str(settings.exchange))
    with ExitStack() as held:
        with stop.at_once():
            held.enter_context(instance_lock(own_lock(settings.data_dir, settings.instance)))
            if settings.mode is not Mode.DRY_RUN:
                held.enter_context(_only_one_trader(settings))
            place = own_ledger(settings, settings.mode)
            ledger = held.enter_context(open_ledger(place, identity, create=True, clock=machine))
            refuse_other_market(ledger.reader, settings.symbol)
            if faces is not None:
                # Before the venue is asked: who waits for it wants to see so.
                faces.open()
                tell = faces.await_venue(ledger.reader, tell)
            blocked_until = restored_blocked(ledger.reader.state(BLOCKED))
            # Coins show their prices to anybody; the broker of shares shows them to its customers alone.
            with_keys = settings.mode is not Mode.DRY_RUN
            adapter = adapter_of(settings, machine, alarm.wait, with_keys=with_keys, blocked_until=blocked_until)
            held.enter_context(closing(adapter))
            clock, breaker = _VenueClock(machine, adapter), _Breaker(ledger, adapter, machine, alarm)
            patience = Patience(breaker.wait, stop, tell, breaker.until)
            # First: it tells the venue's time, and without keys that the venue has no such market.
            patience.answered(lambda: adapter.get_quote(settings.symbol))
            run, paper = _run(settings, ledger, adapter, clock, patience, tell=tell, watch=watch, faces=faces)
        yield OwnRun(run, FeedThread(run.feed, clock, run.loop.inbox.put), paper, faces), patience


def _run(
    settings: Settings,
    ledger: Ledger,
    adapter: Exchange,
    clock: Clock,
    patience: Patience,
    *,
    tell: Callable[[Note], None],
    watch: Callable[[FillBooked], None],
    faces: Faces | None,
) -> tuple[VenueRun, PaperExchange | None]:
    """Return the run on the venue's account, or dry on one of paper, which comes second."""
    pace = adapter.capabilities
    if settings.mode is not Mode.DRY_RUN:
        run = venue_run(
            settings,
            ledger,
            Venue(adapter, adapter, clock, pace.price_every_s, pace.orders_every_s),
            patience,
            strict=True,
            worker=lambda put: ThreadWorker(VenueCalls(adapter, clock), clock, put),
            tell=tell,
            watch=watch,
            faces=faces,
        )
        return run, None
    settings = _as_begun(settings, ledger.reader, tell)
    paper = _paper(settings, ledger.reader, clock)
    run = venue_run(
        settings,
        ledger,
        # The account on paper lives in the loop's own thread: nobody else may look at it.
        Venue(adapter, paper, clock, pace.price_every_s, None, orders_in_feed=False),
        patience,
        strict=False,
        worker=lambda put: InlineWorker(VenueCalls(paper, clock), put),
        tell=tell,
        watch=watch,
        faces=faces,
    )
    return run, paper


def _check_tradable(settings: Settings) -> None:
    missing = settings.missing_keys()
    if missing and (settings.mode is not Mode.DRY_RUN or settings.exchange is ExchangeName.KIS):
        raise SetupError(
            ExitCode.SETTINGS, reason("keys_missing", exchange=str(settings.exchange), names=", ".join(missing))
        )


@contextmanager
def _only_one_trader(settings: Settings) -> Iterator[None]:
    """Keep a second instance from the same share on the same account: nobody could tell their orders apart."""
    if settings.kis_account_no is None or settings.exchange is not ExchangeName.KIS:
        yield
        return
    account = sha256(settings.kis_account_no.get_secret_value().replace("-", "").encode()).hexdigest()[:12]
    path = settings.shared_dir / f"kis_{settings.kis_mode}_{account}_{settings.symbol.replace('/', '.')}.lock"
    with ExitStack() as held:
        try:
            held.enter_context(instance_lock(path))
        except SetupError as refusal:
            if refusal.exit_code is not ExitCode.ALREADY_RUNS:
                raise
            why = reason("symbol_already_traded", symbol=settings.symbol, path=str(path))
            raise SetupError(ExitCode.ALREADY_RUNS, why) from None
        yield


def live_left_open(settings: Settings) -> tuple[int, Decimal, str] | None:
    """Return how many orders, and how much of which coin, the live ledger beside a dry run still has.

    None where it has none, where it cannot be read, and where it stands in a database.
    """
    place = own_ledger(settings, Mode.LIVE)
    if not isinstance(place, SqlitePlace) or not place.file.exists():
        return None
    try:
        reader = open_reader(place)
    except SetupError:
        # What is wrong with it is told when it is opened to trade.
        return None
    with closing(reader):
        former = reader.state(RUN)
        if former is None:
            return None
        orders, held = len(reader.open_orders()), reader.book(former["symbol"]).position
        return (orders, held, former["symbol"].rpartition("-")[2]) if orders or held else None


def _paper(settings: Settings, reader: Reader, clock: Clock) -> PaperExchange:
    """Open the account on paper, as the ledger says that the dry run before left it."""
    rules = venue_rules(str(settings.exchange))
    former = reader.state(RUN)
    is_same = former is not None and former["symbol"] == settings.symbol
    holdings = Decimal(former["holdings_start"]) if former is not None and is_same else paper_holdings(settings)
    paper = PaperExchange(
        rules.instrument(settings.symbol, settings.fees()),
        clock,
        settings.paper_cash,
        holdings=holdings,
        sessions=hours_of(settings),
    )
    records = {record.order.seq: record for record in reader.each_order() if record.order.venue_id is not None}
    # Orders of a former market count for the numbers given; what they earned is in the cash that this one began with.
    ours = (each for each in reader.each_fill() if records[each.order_seq].order.symbol == settings.symbol)
    executions = (_told(records[each.order_seq].order, each.fill) for each in ours)
    paper.restore([_shown(record) for record in records.values()], executions)
    for split in reader.rescales(settings.symbol):
        paper.rescale(split.gained, split.paid_out)
    return paper


def _as_begun(settings: Settings, reader: Reader, tell: Callable[[Note], None]) -> Settings:
    """Return the settings with the cash that the dry run began with: what it has earned stands on that."""
    former = reader.state(RUN)
    if former is None:
        return settings
    begun = None if former["unlimited"] else cash_after(former, reader, settings.symbol)
    if begun != settings.paper_cash and former["symbol"] == settings.symbol:
        shown = "unlimited" if begun is None else plain(begun)
        tell(Note("grid", reason("paper_cash_kept", cash=shown), Weight.WARNING))
    return settings.model_copy(update={"paper_cash": begun})


def _told(order: Order, fill: Fill) -> Execution:
    return Execution(str(order.venue_id), order.client_id, order.side, fill)


def _shown(record: OrderRecord) -> VenueOrder:
    """Return an order of the ledger as the paper venue had it; a cancel that was not carried out leaves it at rest."""
    order = record.order
    state = order.state
    if state is OrderState.CANCEL_PENDING:
        state = OrderState.PARTIALLY_FILLED if order.filled else OrderState.OPEN
    return VenueOrder(
        str(order.venue_id),
        order.client_id,
        order.symbol,
        order.side,
        order.price,
        order.qty,
        order.filled,
        record.fee,
        state,
        record.created_at,
    )
