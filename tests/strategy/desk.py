"""A tiny venue and engine around the grid, so that a test tells a story of prices, fills and late confirmations."""

from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

from domain.book import Book
from domain.commands import AdoptLot, CancelOrder, Command, MoveLots, PlaceOrder, RescaleLots
from domain.decision import Decision, Note, Weight
from domain.events import (
    CandleClosed,
    OrderClosed,
    OrderFilled,
    OrderImported,
    OrderRests,
    OrderStuck,
    OwnerAsked,
    OwnerWish,
    QuoteReceived,
    SessionClosed,
    SessionOpened,
    SplitConfirmed,
    StrategyEvent,
    TermsRead,
    WishDenied,
)
from domain.exact import ZERO, plain
from domain.instrument import Fees, Instrument, Side, TickTable
from domain.market import Candle, Quote
from domain.order import Fill, IntentKey, Order, OrderState
from domain.reason import Reason, reason
from domain.rescale import rescaled
from domain.split import Split
from strategy.grid.config import GridSettings, OrderSize, SizeUnit, Spacing
from strategy.grid.grid import GridStrategy
from strategy.grid.state import NEVER, START, Cell, GridState

START_AT = datetime(2025, 3, 3, 15, tzinfo=UTC)
WON_TICKS = TickTable(
    tuple((Decimal(lower), Decimal(tick)) for lower, tick in ((0, 1), (5000, 5), (10000, 10), (50000, 50)))
)
FREE = Fees(ZERO, ZERO)
DEAR = Fees(Decimal("0.0025"), Decimal("0.0025"))
COIN = Instrument("KRW-BTC", "BTC", "KRW", WON_TICKS, Decimal("0.00000001"), Decimal(5000), FREE)
CENTS = TickTable(((ZERO, Decimal("0.0001")), (Decimal(1), Decimal("0.01"))))
SHARE = Instrument("TQQQ", "TQQQ", "USD", CENTS, Decimal(1), ZERO, FREE)

# Around 10000 the lines are 9600 9700 9800 9900 10000, one coin a cell: cell 0.0 buys at 9600, 0.3 at 9900.
FOUR = GridSettings(steps=4, spacing=Spacing.ARITHMETIC, size=OrderSize(Decimal(1), SizeUnit.BASE))
# Two cells more above: 10000 10100 10200.
SIX = replace(FOUR, steps_above=2)

Number = str | int | Decimal


@dataclass
class Desk:
    """Trades one grid live: orders rest at once, cancels wait for `confirm`, fills are what the test says."""

    settings: GridSettings
    instrument: Instrument = COIN
    always_open: bool = True
    now: datetime = START_AT
    state: GridState = field(default_factory=GridState)
    orders: dict[str, Order] = field(default_factory=dict)
    notes: list[Note] = field(default_factory=list)
    told: tuple[Command, ...] = ()
    placed: int = 0

    def __post_init__(self) -> None:
        self.state = self.grid.begin()

    @property
    def grid(self) -> GridStrategy:
        return GridStrategy(self.instrument, self.settings, always_open=self.always_open)

    @property
    def book(self) -> Book:
        return self.state.book

    # What happens in the world.

    def price(self, *lasts: Number, bid: Number | None = None, ask: Number | None = None, after_s: int = 1) -> None:
        for last in lasts:
            self.now += timedelta(seconds=after_s)
            quote = Quote(self.instrument.symbol, Decimal(last), self.now, _number(bid), _number(ask))
            self._decide(QuoteReceived(quote, self.now))

    def retell(self, last: Number, traded_at: datetime | None = None, after_s: int = 1) -> None:
        """Tell a price of a trade that is no new one: without its time, that of the last trade."""
        self.now += timedelta(seconds=after_s)
        quote = Quote(self.instrument.symbol, Decimal(last), traded_at or self.state.traded_at)
        self._decide(QuoteReceived(quote, self.now))

    def terms(self, fees: Fees = FREE, hold: str | None = None) -> None:
        """Let the venue tell its terms anew: what it takes, and why its market is warned of."""
        self.instrument = self.grid.with_instrument(replace(self.instrument, fees=fees)).instrument
        self._decide(TermsRead(self.instrument, None if hold is None else reason(hold), self.now))

    def bar(self, close: Number) -> None:
        self.now += timedelta(minutes=1)
        price = Decimal(close)
        self._decide(CandleClosed(self.instrument.symbol, Candle(self.now, price, price, price, price, ZERO), self.now))

    def fill(self, slot: str, qty: Number | None = None, price: Number | None = None) -> None:
        order = self.orders[slot]
        many = order.remaining if qty is None else Decimal(qty)
        self.late_fill(order, many, price)

    def late_fill(self, order: Order, qty: Number, price: Number | None = None) -> None:
        """Execute a part of an order, wherever it stands by now."""
        at, many = order.price if price is None else Decimal(price), Decimal(qty)
        fee = self.instrument.fee(order.side, at * many)
        fill = Fill(f"{order.client_id}#{order.filled + many}", at, many, fee, self.now)
        resting = self.orders.get(order.cell) is order
        late = order.is_closed
        order = order.with_fill(many)
        if resting or not order.is_closed:
            self._keep(order)
        self.state = self.state.with_book(self.book.booked(order.cell, order.side, fill))
        self._decide(OrderFilled(order, fill, self.now, late=late))

    def confirm(self, *slots: str) -> None:
        """Let the venue confirm these cancels, or all that wait."""
        waiting = [slot for slot, order in self.orders.items() if order.state is OrderState.CANCEL_PENDING]
        for slot in slots or waiting:
            self.end(slot, OrderState.CANCELED)

    def end(self, slot: str, state: OrderState, *, unasked: bool = False) -> Order:
        order = self.orders[slot].advance(state)
        self._keep(order)
        self._decide(OrderClosed(order, reason(f"was_{state}"), self.now, unasked=unasked))
        return order

    def deny(self, slot: str, code: str = "venue_said_no", *, retry_after_s: int = 0, passing: bool = False) -> None:
        del self.orders[slot]
        self._decide(WishDenied(self.instrument.symbol, slot, reason(code), self.now, retry_after_s, passing))

    def lose(self, slot: str) -> None:
        self._decide(OrderStuck(self.orders[slot], reason("answer_lost"), self.now))

    def undo_cancel(self, slot: str) -> None:
        order = self.orders[slot]
        if order.state is OrderState.CANCEL_PENDING:
            order = order.advance(OrderState.OPEN)
            self._keep(order)
        self._decide(OrderRests(order, self.now))

    def revive(self, order: Order) -> None:
        """Show an order at rest that was proven absent before."""
        order = order.advance(OrderState.OPEN)
        self._keep(order)
        self._decide(OrderRests(order, self.now))

    def take_over(self, order: Order) -> None:
        """Take over an order that rests and that the books did not know."""
        self._keep(order.advance(OrderState.SUBMITTED).advance(OrderState.OPEN))
        self._decide(OrderImported(order, "v-1", self.now))

    def owner(self, wish: OwnerWish) -> None:
        self._decide(OwnerAsked(self.instrument.symbol, wish, self.now))

    def open_session(self, day: date) -> None:
        self._decide(SessionOpened(self.instrument.symbol, day, self.now))

    def close_session(self, day: date) -> None:
        self._decide(SessionClosed(self.instrument.symbol, day, self.now))

    def split(self, split: Split, price: Number) -> None:
        """Let the owner confirm a split, after which a share is worth so much."""
        self._decide(SplitConfirmed(self.instrument.symbol, split, Decimal(price), self.now))

    # What can be seen from outside.

    def buys(self) -> str:
        return self._prices(Side.BUY)

    def sells(self) -> str:
        return self._prices(Side.SELL)

    def canceling(self) -> str:
        waiting = (order for order in self.orders.values() if order.state is OrderState.CANCEL_PENDING)
        return " ".join(sorted(order.cell for order in waiting))

    def asked(self) -> str:
        """Tell the last event's wishes: `+buy 0.3 9900`, `-0.2`."""
        return ", ".join(_told(command) for command in self.told if isinstance(command, PlaceOrder | CancelOrder))

    def lines(self) -> str:
        return "" if self.state.epoch is None else " ".join(plain(line) for line in self.state.epoch.lines)

    def cell(self, slot: str) -> Cell:
        found = self.state.find(slot)
        assert found is not None
        return found

    def stands(self) -> str:
        return " ".join(str(cell.stands(self.book)) for cell in self.state.slots())

    def why(self, slot: str) -> Reason:
        found = self.cell(slot).why
        assert found is not None
        return found

    def warnings(self) -> list[str]:
        return [note.why.code for note in self.notes if note.weight is Weight.WARNING]

    def noted(self, code: str) -> Note:
        """Return the last note with this code."""
        return [note for note in self.notes if note.why.code == code][-1]

    # What an engine and a venue would do.

    def _prices(self, side: Side) -> str:
        return " ".join(plain(price) for price in sorted(o.price for o in self.orders.values() if o.side is side))

    def _keep(self, order: Order) -> None:
        if order.is_closed:
            del self.orders[order.cell]
        else:
            self.orders[order.cell] = order

    def _decide(self, event: StrategyEvent) -> None:
        book = self.book
        decision: Decision[GridState] = self.grid.decide(self.state, event)
        self.state, self.told = decision.state, decision.commands
        self.notes.extend(decision.notes)
        for command in decision.commands:
            match command:
                case PlaceOrder():
                    self._place(command)
                case CancelOrder():
                    # The engine advances an order by the table of states: a cancel that is no use is a fault there.
                    self._keep(self.orders[command.slot].advance(OrderState.CANCEL_PENDING))
                case MoveLots():
                    book = book.moved(command.slot, command.to, command.qty, closes_cycle=command.closes_cycle)
                case AdoptLot():
                    book = book.adopted(command.slot, command.qty, command.price)
                case RescaleLots():
                    book = rescaled(book, command.split, command.slots, command.step, command.price)
        assert book == self.book
        self._check()

    def _place(self, wish: PlaceOrder) -> None:
        assert wish.slot not in self.orders, f"{wish.slot} has an order already"
        assert wish.price % self.instrument.ticks.at(wish.price) == 0
        assert self.instrument.placeable(wish.price, wish.qty)
        self.placed += 1
        key = IntentKey(wish.epoch, wish.slot, wish.side, wish.cycle, self.placed, wish.session)
        order = Order(self.placed, f"bp-{self.placed}", key, wish.symbol, wish.side, wish.price, wish.qty)
        self.orders[wish.slot] = order.advance(OrderState.SUBMITTED).advance(OrderState.OPEN)

    def _check(self) -> None:
        """Hold after every event: no own cross, nothing sold that is not held, no cell without a reason."""
        buys = [order.price for order in self.orders.values() if order.side is Side.BUY and order.cell != START]
        sells = [order for order in self.orders.values() if order.side is Side.SELL]
        offered = (order for order in sells if order.state is not OrderState.CANCEL_PENDING)
        if buys and sells and not self.settings.own_cross:
            assert max(buys) < min(order.price for order in sells)
        assert all(order.remaining <= self.book.held(order.cell) for order in offered)
        if self.state.at != NEVER:
            assert all(cell.why is not None for cell in self.state.slots())


def _number(value: Number | None) -> Decimal | None:
    return None if value is None else Decimal(value)


def _told(command: PlaceOrder | CancelOrder) -> str:
    if isinstance(command, CancelOrder):
        return f"-{command.slot}"
    return f"+{command.side} {command.slot} {plain(command.price)}"
