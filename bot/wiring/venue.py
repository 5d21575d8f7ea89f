"""A run against a venue, real or simulated: settings in; adapter, ledger, desk, loop and feed out."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

from bot.agreement import Opening
from bot.diary import Diary
from bot.engine import Engine
from bot.feed import Feed, Question
from bot.gate import OrderGate
from bot.imports import number_of, taken_over
from bot.inbox import Inbox
from bot.loop import NOT_IN_LEDGER, Loop
from bot.orders import OrderDesk, id_prefix
from bot.reconcile import OVERLAP, Reconciler, strangers
from bot.recovery import follow_open, restored_state, settle_unsent
from bot.wiring.parts import caps_of, day_of, limits_of
from domain.account import Balance
from domain.errors import ExitCode, SetupError
from domain.events import (
    ConcernRaised,
    FillReported,
    OrderEnded,
    OrderImported,
    OrderShown,
    OrdersSeen,
    OwnerAsked,
    OwnerWish,
    QuoteReceived,
    TermsRead,
    TrustLost,
    TrustRegained,
)
from domain.exact import ZERO
from domain.instrument import Side
from domain.reason import reason
from reports.figures import RUN
from strategy.grid.grid import GridStrategy

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime
    from typing import Any

    from bot.engine import FillBooked
    from bot.orders import OrderWorker
    from bot.recovery import Patience
    from bot.settings import Settings
    from domain.clock import Clock
    from domain.decision import Note
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
    """A grid on a venue, as it was left by the run before, if there was one."""

    settings: Settings
    venue: Venue
    loop: Loop
    reconciler: Reconciler
    ledger: Ledger
    diary: Diary
    strict: bool
    strange: tuple[VenueOrder, ...]
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
        self.feed.begin()

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
        )

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
        owned, found = self.loop.state.strategies[self.symbol].book.position, _balance(balances, base).total
        return reason("holdings_short", owned=owned, found=found, base=base) if found < owned else None

    def _fund(self, balances: tuple[Balance, ...]) -> None:
        """Let the grid, risk and gate know what the account has; what is booked from now on is counted on top."""
        loop, settings = self.loop, self.settings
        instrument, book = loop.instruments[self.symbol], loop.state.strategies[self.symbol].book
        cash, coins = _balance(balances, instrument.quote), _balance(balances, instrument.base)
        # An order whose answer was lost has its cash locked if it is there; more than is locked, none of ours has.
        waiting = (order for order in loop.state.orders.values() if order.side is Side.BUY)
        bound = sum((order.price * order.remaining for order in waiting), ZERO)
        own_locked = min(bound + instrument.fee(Side.BUY, bound), cash.locked)
        free_cash = cash.free + own_locked - book.cash_flow
        on_paper = not self.strict
        grid = settings.grid(
            strict=self.strict,
            bars=False,
            free_cash=None if on_paper and settings.paper_cash is None else free_cash,
            adopt_qty=settings.qty_to_adopt(coins.free),
        )
        loop.engine = Engine({self.symbol: _strategy(instrument, grid, self.venue.market)})
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
    bars: int | None = None,
) -> VenueRun:
    """Prepare a run on a venue; raises `SetupError` where it must not go on.

    `strict`: real money, or the broker's practice account, is at stake, so a grid that cannot pay is refused.
    """
    symbol, inbox = settings.symbol, Inbox()
    former = ledger.reader.state(RUN)
    instrument = patience.answered(lambda: venue.market.refresh_instrument(symbol))
    instruments = {symbol: instrument}
    opening = _opening(former, ledger.reader, instrument, patience, venue.account)
    diary = Diary(instrument, opening, bars=bars, unlimited=not strict and settings.paper_cash is None)
    if former is not None:
        diary.go_on_from(former)
    grid = settings.grid(strict=strict, bars=False, free_cash=diary.opening.cash, adopt_qty=ZERO)
    engine = Engine({symbol: _strategy(instrument, grid, venue.market)})
    prefix = id_prefix(settings.instance)
    gate = _gate(settings, ledger, instruments, grid.free_cash, venue.clock)
    desk = OrderDesk(ledger, gate, worker(inbox.put), prefix, venue.clock, inbox.put)
    loop = Loop(
        engine,
        restored_state(engine, ledger.reader),
        desk,
        ledger,
        inbox,
        limits_of(settings, grid.free_cash),
        instruments,
        day_of(venue.market.market_session(symbol)),
        tell,
        diary.row_of,
        watch,
    )
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
    return VenueRun(settings, venue, loop, reconciler, ledger, diary, strict, strange)


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


def _opening(
    former: Mapping[str, Any] | None, reader: Reader, instrument: Instrument, patience: Patience, account: Trading
) -> Opening:
    """Return what the account held before our first order in this market, as the first start found it."""
    if former is not None and former["symbol"] == instrument.symbol:
        return Opening(Decimal(former["cash_start"]), Decimal(former["holdings_start"]))
    if former is not None:
        coins = _balance(patience.answered(account.get_balance), instrument.base).total
        return Opening(cash_after(former, reader, instrument.symbol), coins)
    balances = patience.answered(account.get_balance)
    return Opening(*(_balance(balances, name).total for name in (instrument.quote, instrument.base)))


def _balance(balances: tuple[Balance, ...], currency: str) -> Balance:
    return next((each for each in balances if each.currency == currency), Balance(currency, ZERO, ZERO))


def cash_after(former: Mapping[str, Any], reader: Reader, symbol: str) -> Decimal:
    """Return with how much cash a market begins on an account of ours: what the market before it has left."""
    cash = Decimal(former["cash_start"])
    return cash if former["symbol"] == symbol else cash + reader.book(former["symbol"]).cash_flow


def refuse_other_market(reader: Reader, symbol: str) -> None:
    """Refuse to leave orders or lots of another market alone; raises `SetupError` with what there is."""
    former = reader.state(RUN)
    if former is None or former["symbol"] == symbol:
        return
    orders = [order.client_id for order in reader.open_orders() if order.symbol != symbol]
    held = reader.book(former["symbol"]).position
    if orders or held:
        why = reason(
            "market_changed",
            former=former["symbol"],
            symbol=symbol,
            count=len(orders),
            orders=", ".join(orders) or "-",
            held=held,
        )
        raise SetupError(ExitCode.SETTINGS, why)
