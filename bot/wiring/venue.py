"""A run against a venue, real or simulated: settings in; adapter, ledger, desk, loop and feed out."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING

from bot.board import Shield
from bot.diary import Diary
from bot.engine import Engine
from bot.feed import Feed, Question
from bot.gate import OrderGate
from bot.imports import number_of, taken_over
from bot.inbox import Inbox
from bot.loop import NOT_IN_LEDGER, Loop, Undo
from bot.marks import Marks
from bot.memory import dial_name, dial_stands, restored_dial
from bot.orders import OrderDesk, id_prefix
from bot.reconcile import OVERLAP, Reconciler, strangers
from bot.recovery import follow_open, restored_state, settle_unsent
from bot.standing import standing
from bot.wiring.faces import REPORT
from bot.wiring.opening import balance_of, opening_of
from bot.wiring.parts import KOREAN_DAYS, caps_of, day_of, limits_of
from domain.decision import Note, Weight
from domain.events import (
    ConcernRaised,
    Dial,
    FillReported,
    OrderEnded,
    OrderImported,
    OrderShown,
    OrdersSeen,
    OwnerAsked,
    OwnerWish,
    QuoteReceived,
    TermsRead,
    TimerFired,
    TrustLost,
    TrustRegained,
)
from domain.exact import ZERO
from domain.instrument import Side
from domain.reason import reason
from domain.snapshot import PriceSource
from reports.figures import RUN
from strategy.grid.epochs import settings_changed
from strategy.grid.grid import GridStrategy

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime
    from decimal import Decimal

    from bot.engine import FillBooked
    from bot.orders import OrderWorker
    from bot.recovery import Patience
    from bot.settings import Settings
    from bot.wiring.faces import Faces
    from domain.account import Balance
    from domain.clock import Clock
    from domain.events import Event
    from domain.instrument import Instrument
    from domain.reason import Reason
    from domain.venue import VenueOrder
    from exchanges.base import MarketData, Trading
    from ledger.reader import Reader
    from ledger.writer import Ledger
    from strategy.grid.config import GridSettings

TERMS_EVERY_S = 3600
CONCERNS_EVERY_S = 86_400
STRANGERS_FOR = timedelta(days=7)
"""A ledger that knows nothing yet asks for orders of ours so far back."""

_LOOKS_MAX = 5

# Far above what a grid needs and the throttle lets pass: only a bot gone wild meets them.
_SENDS_PER_SECOND = 40
_CREATES_PER_SLOT_HOUR = 60


@dataclass(frozen=True, slots=True)
class Venue:
    """What a run trades on, and by whose time; in a dry run the prices are real and the account is on paper.

    Prices and own orders are asked for every so many seconds; None: when the market has moved. `orders_in_feed`: own
    orders are asked for with the rest, and not by whoever drives the run.
    """

    market: MarketData
    account: Trading
    clock: Clock
    price_every_s: int | None
    orders_every_s: int | None
    orders_in_feed: bool = True


@dataclass(slots=True)
class VenueRun:
    """A grid on a venue, as it was left by the run before, if there was one.

    `settings` have the dials as the owner turned them since, `as_set` as the settings say.
    """

    settings: Settings
    venue: Venue
    loop: Loop
    reconciler: Reconciler
    ledger: Ledger
    diary: Diary
    strict: bool
    strange: tuple[VenueOrder, ...]
    as_set: Settings
    feed: Feed = field(init=False)

    def __post_init__(self) -> None:
        """Gather what is asked again and again."""
        market, clock = self.venue.market, self.venue.clock
        self.feed = Feed(self._questions(), clock, self.loop.inbox.put, lambda: market.blocked_until)

    @property
    def symbol(self) -> str:
        """Return what is traded."""
        return self.settings.symbol

    def recover(self, patience: Patience, *, resume: bool, import_orders: bool = False) -> None:
        """Bring ledger and venue together before the first price is looked at; raises as `Patience.answered` does."""
        clock, loop = self.venue.clock, self.loop
        self._forget_dials()
        settle_unsent(loop, clock)
        if resume:
            # First, so that what still stands in the way stops us anew.
            loop.handle(OwnerAsked(self.symbol, OwnerWish.RESUME, clock.now()))
        follow_open(self.ledger.reader, self.venue.account)
        self._catch_up(patience)
        left = [order for order in self.strange if not self._take_in(order, patience, import_orders=import_orders)]
        if not left:
            loop.handle(TrustRegained(NOT_IN_LEDGER, clock.now()))
        self._fund(self._balances(patience))
        for event in patience.answered(self._terms):
            loop.handle(event)
        loop.drain()
        for why in standing(loop.state, self.symbol):
            # What held the bot back before it was stopped holds it back now: a silent start would look like trading.
            loop.tell(Note("grid", why, Weight.WARNING))
        self.feed.begin()

    def _forget_dials(self) -> None:
        """Forget a dial whose setting was changed since: set back one day, the setting alone shall hold."""
        set_now = {Dial.GAP: self.as_set.grid_gap_pct, Dial.SIZE: self.as_set.size.amount}
        with self.ledger.commit() as page:
            for dial, value in set_now.items():
                name = dial_name(self.symbol, dial)
                if not dial_stands(self.ledger.reader.state(name), value):
                    page.state(name, None)

    def _catch_up(self, patience: Patience) -> bool:
        """Book all that the venue shows of our orders; returns whether an execution or an end was among it."""
        events = patience.answered(self.look)
        for event in events:
            self.loop.handle(event)
        self.loop.drain()
        return any(isinstance(event, FillReported | OrderEnded) for event in events)

    def _take_in(self, shown: VenueOrder, patience: Patience, *, import_orders: bool) -> bool:
        """Take over an order that the ledger does not know, where the owner wants it; returns whether that was done."""
        # Its number is used up, whatever becomes of it: no id is sent twice.
        self.ledger.skip_order_seqs(number_of(shown.client_order_id or "") or 0)
        grid = self.loop.state.strategies[self.symbol]
        order = taken_over(shown, grid, self.ledger.reader) if import_orders else None
        if order is None:
            self.loop.handle(OrderShown(shown, self.venue.clock.now()))
            return False
        self.venue.account.follow(self.symbol, shown.order_id)
        self.loop.handle(OrderImported(order, shown.order_id, self.venue.clock.now()))
        self._catch_up(patience)
        return True

    def close_books(self) -> None:
        """Write how the run stands, as it was described last."""
        with self.ledger.commit() as page:
            page.state(RUN, self.diary.row())
            if self.loop.marks is not None:
                self.loop.marks.close(page)

    def _questions(self) -> tuple[Question, ...]:
        """Return what is asked again and again: prices, own orders, terms, and what the owner should see to."""
        venue = self.venue
        orders = Question("own orders", self.look, venue.orders_every_s, wanted_at=self.reconciler.next_look_at)
        return (
            # First, so that a price is never judged before what was executed at it is known.
            *((orders,) if venue.orders_in_feed else ()),
            Question("prices", self._price, venue.price_every_s),
            Question("terms", self._terms, TERMS_EVERY_S, asked=True, vital=False),
            Question("concerns", self._concerns, CONCERNS_EVERY_S, vital=False),
            *self._report_due(),
        )

    def _report_due(self) -> tuple[Question, ...]:
        """Return the question whether a report is due, which the clock alone answers; none where none is written."""
        minutes = 0 if self.diary.report is None else self.settings.report_interval_minutes
        return (Question(REPORT, self._report_timer, minutes * 60, vital=False),) if minutes else ()

    def _report_timer(self) -> tuple[Event, ...]:
        return (TimerFired(REPORT, self.venue.clock.now()),)

    def _price(self) -> tuple[Event, ...]:
        return (QuoteReceived(self.venue.market.get_quote(self.symbol), self.venue.clock.now()),)

    def look(self) -> tuple[Event, ...]:
        """Look at all own orders; returns what is new, and that all of it has been told."""
        began_at = self.venue.clock.now()
        events = self.reconciler.ask()
        # What the answers told of the venue's time may have set the clock back.
        return (*events, OrdersSeen(min(began_at, self.venue.clock.now())))

    def _terms(self) -> tuple[Event, ...]:
        exchange = self.venue.market
        instrument = exchange.refresh_instrument(self.symbol)
        return (TermsRead(instrument, exchange.buying_hold(self.symbol), self.venue.clock.now()),)

    def _concerns(self) -> tuple[Event, ...]:
        return tuple(ConcernRaised(why, self.venue.clock.now()) for why in self.venue.account.concerns())

    def _balances(self, patience: Patience) -> tuple[Balance, ...]:
        """Return what the account has, of a moment at which all is booked; too little of the coin costs the trust."""
        balances = patience.answered(self.venue.account.get_balance)
        for _ in range(_LOOKS_MAX):
            if not self._catch_up(patience):
                break
            balances = patience.answered(self.venue.account.get_balance)
        if (why := self._lack(balances)) is not None:
            self.loop.handle(TrustLost(why, self.venue.clock.now()))
        return balances

    def _lack(self, balances: tuple[Balance, ...]) -> Reason | None:
        base = self.loop.instruments[self.symbol].base
        owned, found = self.loop.state.strategies[self.symbol].book.position, balance_of(balances, base).total
        return reason("holdings_short", owned=owned, found=found, base=base) if found < owned else None

    def _fund(self, balances: tuple[Balance, ...]) -> None:
        """Let the grid, risk and gate know what the account has; what is booked from now on is counted on top."""
        loop, settings = self.loop, self.settings
        instrument, book = loop.instruments[self.symbol], loop.state.strategies[self.symbol].book
        cash, coins = balance_of(balances, instrument.quote), balance_of(balances, instrument.base)
        # An order whose answer was lost has its cash locked if it is there; more than is locked, none of ours has.
        waiting = (order for order in loop.state.orders.values() if order.side is Side.BUY)
        bound = sum((order.price * order.remaining for order in waiting), ZERO)
        own_locked = min(bound + instrument.fee(Side.BUY, bound), cash.locked)
        free_cash = cash.free + own_locked - book.cash_flow
        on_paper = not self.strict
        grid, as_set = (
            each.grid(
                strict=self.strict,
                bars=False,
                free_cash=None if on_paper and settings.paper_cash is None else free_cash,
                adopt_qty=settings.qty_to_adopt(coins.free),
            )
            for each in (settings, self.as_set)
        )
        loop.engine = Engine({self.symbol: _strategy(instrument, grid, self.venue.market)})
        state = loop.state.strategies[self.symbol]
        if grid != as_set and (state.epoch is None or settings_changed(state, grid)):
            # Turned and not carried out before the end, a dial may not do any more: it must not keep us from starting.
            former = Engine({self.symbol: _strategy(instrument, as_set, self.venue.market)})
            loop.undo = Undo(former, {dial_name(self.symbol, dial): None for dial in Dial})
        loop.limits = limits_of(settings, grid.free_cash)
        loop.desk.gate = _gate(settings, self.ledger, loop.instruments, grid.free_cash, self.venue.clock)


def venue_run(
    settings: Settings,
    ledger: Ledger,
    venue: Venue,
    patience: Patience,
    *,
    strict: bool,
    worker: Callable[[Callable[[Event], None]], OrderWorker],
    tell: Callable[[Note], None],
    watch: Callable[[FillBooked], None],
    faces: Faces | None = None,
    prices: PriceSource = PriceSource.LIVE,
    bars: int | None = None,
) -> VenueRun:
    """Prepare a run on a venue; raises `SetupError` where it must not go on.

    `strict`: real money, or the broker's practice account, is at stake, so a grid that cannot pay is refused. `faces`:
    where the owner looks, if anywhere.
    """
    as_set, settings = settings, _dialed(settings, ledger.reader)
    symbol = settings.symbol
    former = ledger.reader.state(RUN)
    instrument = patience.answered(lambda: venue.market.refresh_instrument(symbol))
    instruments = {symbol: instrument}
    opening = opening_of(former, ledger.reader, instrument, patience, venue.account)
    unlimited = not strict and settings.paper_cash is None
    diary = Diary(symbol, instruments, opening, bars=bars, unlimited=unlimited, prices=prices)
    diary.go_on_from(former)
    loop = _loop(settings, ledger, venue, diary, strict=strict, worker=worker, tell=tell, watch=watch)
    if faces is not None:
        loop.faces = Shield(faces.board)
        faces.attach(diary, ledger, loop.inbox.put, venue.clock)
    prefix = loop.desk.prefix
    strange = patience.answered(lambda: _strange_orders(venue, symbol, prefix, diary.seen_at, ledger.reader))
    reconciler = Reconciler(
        venue.account,
        symbol,
        prefix,
        lambda: loop.state.orders,
        venue.clock,
        # Our clock and the venue's are never quite one; what is told twice is booked once.
        min([diary.seen_at or venue.clock.now(), *(order.at for order in strange)]) - OVERLAP,
        [order.client_order_id or "" for order in strange],
    )
    return VenueRun(settings, venue, loop, reconciler, ledger, diary, strict, strange, as_set)


def _loop(
    settings: Settings,
    ledger: Ledger,
    venue: Venue,
    diary: Diary,
    *,
    strict: bool,
    worker: Callable[[Callable[[Event], None]], OrderWorker],
    tell: Callable[[Note], None],
    watch: Callable[[FillBooked], None],
) -> Loop:
    """Put the loop together as the ledger left it; what the account has now, `VenueRun.recover` finds out."""
    symbol, inbox, instruments = settings.symbol, Inbox(), diary.instruments
    sessions = venue.market.market_session(symbol)
    grid = settings.grid(strict=strict, bars=False, free_cash=diary.opening.cash, adopt_qty=ZERO)
    engine = Engine({symbol: _strategy(instruments[symbol], grid, venue.market)})
    gate = _gate(settings, ledger, instruments, grid.free_cash, venue.clock)
    desk = OrderDesk(ledger, gate, worker(inbox.put), id_prefix(settings.instance), venue.clock, inbox.put)
    return Loop(
        engine,
        restored_state(engine, ledger.reader),
        desk,
        ledger,
        inbox,
        limits_of(settings, grid.free_cash),
        instruments,
        day_of(sessions),
        tell,
        diary.row_of,
        watch,
        marks=Marks.restored(symbol, sessions or KOREAN_DAYS, ledger.reader),
    )


def _dialed(settings: Settings, reader: Reader) -> Settings:
    """Return the settings with the dials as the owner has set them on the running grid."""
    symbol = settings.symbol
    gap = restored_dial(reader.state(dial_name(symbol, Dial.GAP)), settings.grid_gap_pct)
    size = restored_dial(reader.state(dial_name(symbol, Dial.SIZE)), settings.size.amount)
    return settings.with_dials(gap, size)


def _strange_orders(
    venue: Venue, symbol: str, prefix: str, seen_at: datetime | None, reader: Reader
) -> tuple[VenueOrder, ...]:
    """Return the orders under our name that the ledger does not know, oldest first."""
    since = venue.clock.now() - STRANGERS_FOR if seen_at is None else seen_at - OVERLAP
    found = strangers(venue.account, symbol, prefix, since, lambda client_id: reader.order(client_id) is not None)
    return tuple(sorted(found, key=lambda order: (order.at, order.order_id)))


def _strategy(instrument: Instrument, grid: GridSettings, market: MarketData) -> GridStrategy:
    return GridStrategy(instrument, grid, always_open=market.market_session(instrument.symbol) is None)


def _gate(
    settings: Settings,
    ledger: Ledger,
    instruments: Mapping[str, Instrument],
    free_cash: Decimal | None,
    clock: Clock,
) -> OrderGate:
    caps = caps_of(settings, free_cash, sends_per_second=_SENDS_PER_SECOND, per_slot_hour=_CREATES_PER_SLOT_HOUR)
    return OrderGate(ledger.present, instruments, caps, clock)
