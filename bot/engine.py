"""One event in, wishes out, in pure functions: orders and books kept up to date, the strategies asked."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from bot.corporate import settled
from domain.commands import AdoptLot, CancelOrder, MoveLots, PlaceOrder, RescaleLots
from domain.decision import Note, Weight
from domain.errors import GridRefused, IllegalTransition
from domain.events import (
    CancelFailed,
    ConcernRaised,
    DialTurned,
    FillReported,
    OrderAccepted,
    OrderClosed,
    OrderEnded,
    OrderFilled,
    OrderFrozen,
    OrderImported,
    OrderRests,
    OrderShown,
    OrdersSeen,
    OrderStuck,
    OutcomeLost,
    OwnerAsked,
    OwnerWish,
    QuoteReceived,
    RateRead,
    SplitConfirmed,
    TimerFired,
    TrustLost,
    TrustRegained,
    VenueAway,
    VenueBack,
    WishDenied,
    WorkerDied,
)
from domain.order import OrderState
from domain.reason import Reason, reason
from domain.rescale import rescaled

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime
    from decimal import Decimal

    from domain.book import Book
    from domain.events import Event, StrategyEvent
    from domain.instrument import Instrument
    from domain.order import Fill, Order
    from strategy.base import Strategy


_UNANSWERED = {OrderState.SUBMITTED, OrderState.UNKNOWN, OrderState.VOID}
_OUT_OF_REACH = {"venue_not_reached", "venue_paced"}
_REFUSED_RETRY_S = 600
"""A slot that the venue refused asks again no sooner: it would refuse the same for the same reason."""


@dataclass(frozen=True, slots=True)
class EngineState:
    """What the bot knows: every order that may still change, and each strategy's state by symbol.

    `cancel_later`: orders to be taken back as soon as the venue has answered for them. `frozen`: orders of unknown
    outcome that nothing waits for any more; only their own slots do. `denied`: why a slot was refused
    last, so that a refusal is told once. `safe`: why no new order may be placed before the owner has looked; `doubts`:
    the codes of what was told since. `seen_at`: all that the venue showed of our orders up to then is in here.
    """

    strategies: Mapping[str, Any]
    orders: Mapping[str, Order] = field(default_factory=dict)
    cancel_later: frozenset[str] = frozenset()
    frozen: frozenset[str] = frozenset()
    denied: Mapping[tuple[str, str], str] = field(default_factory=dict)
    safe: Reason | None = None
    doubts: frozenset[str] = frozenset()
    seen_at: datetime | None = None

    def with_order(self, order: Order) -> EngineState:
        """Keep an order, or drop it once it is closed."""
        orders = dict(self.orders)
        orders.pop(order.client_id, None)
        if not order.is_closed:
            orders[order.client_id] = order
        if order.client_id in self.frozen and order.state is not OrderState.UNKNOWN:
            return replace(self, orders=orders, frozen=self.frozen - {order.client_id})
        return replace(self, orders=orders)

    def recalling(self, order: Order) -> EngineState:
        """Take a closed order back in, for news that came late."""
        return replace(self, orders={**self.orders, order.client_id: order})

    def order_of(self, symbol: str, slot: str) -> Order | None:
        """Return the order that a slot has with the venue, or on its way there."""
        return next((order for order in self.orders.values() if order.cell == slot and order.symbol == symbol), None)


@dataclass(frozen=True, slots=True)
class OrderChanged:
    """An order took another state."""

    order: Order
    why: Reason | None = None


@dataclass(frozen=True, slots=True)
class FillBooked:
    """An execution went into a book."""

    order: Order
    fill: Fill
    before: Book
    after: Book


@dataclass(frozen=True, slots=True)
class LotsBooked:
    """Lots were moved, taken over or split without a trade."""

    command: MoveLots | AdoptLot | RescaleLots
    before: Book
    after: Book


Booking = OrderChanged | FillBooked | LotsBooked
Wish = PlaceOrder | CancelOrder


@dataclass(frozen=True, slots=True)
class Step:
    """What one event changed: the state, what is to be booked, what is wished for and why."""

    state: EngineState
    bookings: tuple[Booking, ...] = ()
    wishes: tuple[Wish, ...] = ()
    notes: tuple[tuple[str, Note], ...] = ()

    def then(self, step: Step) -> Step:
        """Continue with a step that began where this one ended."""
        return Step(
            step.state,
            self.bookings + step.bookings,
            self.wishes + step.wishes,
            self.notes + step.notes,
        )


@dataclass(frozen=True, slots=True)
class Engine:
    """The strategies by symbol; all else is in the state."""

    strategies: Mapping[str, Strategy[Any]]

    def begin(self) -> EngineState:
        """Return the state before the first event."""
        return EngineState({symbol: strategy.begin() for symbol, strategy in self.strategies.items()})

    def step(self, state: EngineState, event: Event) -> Step:
        """Answer one event; raises `IllegalTransition` where our own books would go wrong."""
        match event:
            case OrderAccepted():
                return self._accepted(state, event)
            case FillReported():
                return self._filled(state, event)
            case OrderEnded():
                return self._ended(state, event)
            case OutcomeLost():
                return self._lost(state, event)
            case OrderFrozen():
                return self._froze(state, event)
            case CancelFailed():
                return self._cancel_failed(state, event)
            case OrderShown(order=shown):
                why = reason("order_not_in_ledger", order=shown.order_id, client_id=shown.client_order_id or "?")
                return _distrust(state, why)
            case TrustLost(why=why):
                return _distrust(state, why)
            case TrustRegained(code=code):
                # Whatever else was told meanwhile stays for the owner to see to.
                others = state.doubts - {code}
                regained = state.safe is not None and state.safe.code == code and not others
                notes = (("", Note("venue", reason("trust_back"), Weight.WARNING)),) if regained else ()
                return Step(replace(state, safe=None if regained else state.safe, doubts=others), notes=notes)
            case OrderImported():
                return self._imported(state, event)
            case OrdersSeen():
                return Step(replace(state, seen_at=event.at))
            case RateRead(rate=rate, symbol=symbol):
                # A grid decides in its own currency: it learns of the rate, and is asked nothing.
                return Step(self._with_book(state, symbol, state.strategies[symbol].book.rated(rate)))
            case QuoteReceived() if state.safe is not None:
                # Without a price nothing is compared, so nothing is asked for.
                return Step(state)
            case OwnerAsked(wish=OwnerWish.RESUME):
                return self._decide(replace(state, safe=None, doubts=frozenset()), event.symbol, event)
            case SplitConfirmed(symbol=symbol):
                return self._decide(settled(state, symbol), symbol, event)
            case DialTurned(dial=dial, value=value):
                note = Note("grid", reason(f"dial_turned_{dial}", value=value))
                return Step(state, notes=((event.symbol, note),))
            case TimerFired() | VenueAway() | VenueBack() | ConcernRaised() | WorkerDied():
                return Step(state, notes=_told(event))
            case _:
                return self._decide(state, event.symbol, event)

    def renewed(self, instrument: Instrument) -> Engine:
        """Return the same engine after a venue told other terms of an instrument."""
        strategy = self.strategies[instrument.symbol].with_instrument(instrument)
        return Engine({**self.strategies, instrument.symbol: strategy})

    def turned(self, state: EngineState, event: DialTurned, order_max: Decimal | None) -> Engine:
        """Return the engine with a dial set otherwise; raises `GridRefused` where it will not do.

        `order_max` is what one order may cost at most; None: any sum.
        """
        if state.safe is not None:
            raise GridRefused(reason("safe_no_orders"))
        former, grid = self.strategies[event.symbol], state.strategies[event.symbol]
        strategy = former.turned(grid, event.dial, event.value, order_max)
        return Engine({**self.strategies, event.symbol: strategy})

    def deny(self, state: EngineState, wish: PlaceOrder, why: Reason, at: datetime) -> Step:
        """Tell a strategy that its order was refused before it was written; the owner is told once."""
        key = (wish.symbol, wish.slot)
        notes = () if state.denied.get(key) == why.code else ((wish.symbol, Note(wish.slot, why, Weight.WARNING)),)
        state = replace(state, denied={**state.denied, key: why.code})
        return Step(state, notes=notes).then(
            self._decide(
                state, wish.symbol, WishDenied(wish.symbol, wish.slot, why, at, passing=state.safe is not None)
            )
        )

    def accept(self, state: EngineState, order: Order) -> EngineState:
        """Keep an order that passed risk and was written into the journal."""
        state, slot = state.with_order(order), (order.symbol, order.cell)
        if slot not in state.denied:
            return state
        return replace(state, denied={key: code for key, code in state.denied.items() if key != slot})

    def _accepted(self, state: EngineState, event: OrderAccepted) -> Step:
        former = self._order(state, event.client_id)
        if former.state not in _UNANSWERED:
            # A fill, or the end, was quicker than the answer: what is new is the venue's id.
            order = replace(former, venue_id=former.venue_id or event.venue_id)
        else:
            order = former.advance(OrderState.OPEN, venue_id=event.venue_id)
        to_cancel = order.client_id in state.cancel_later and not order.is_closed
        state = replace(state.with_order(order), cancel_later=state.cancel_later - {order.client_id})
        step = Step(state, () if order == former else (OrderChanged(order),))
        if to_cancel:
            wish = CancelOrder(order.symbol, order.cell, reason("cancel_was_waiting"))
            return replace(step, wishes=(wish,))
        if former.state not in _UNANSWERED:
            return step
        if former.state is not OrderState.SUBMITTED:
            return step.then(self._decide(state, order.symbol, OrderRests(order, event.at)))
        return step

    def _filled(self, state: EngineState, event: FillReported) -> Step:
        former = self._order(state, event.client_id)
        order = former.with_fill(event.fill.qty)
        before: Book = state.strategies[order.symbol].book
        after = before.booked(order.cell, order.side, event.fill)
        state = self._with_book(state.with_order(order), order.symbol, after)
        if order.is_closed:
            state = replace(state, cancel_later=state.cancel_later - {order.client_id})
        step = Step(state, (FillBooked(order, event.fill, before, after),))
        told = OrderFilled(order, event.fill, event.at, late=former.is_closed)
        return step.then(self._decide(state, order.symbol, told))

    def _ended(self, state: EngineState, event: OrderEnded) -> Step:
        former = self._order(state, event.client_id)
        order = former.advance(event.state)
        was_canceled = order.client_id in state.cancel_later
        state = replace(state.with_order(order), cancel_later=state.cancel_later - {order.client_id})
        step = Step(state, (OrderChanged(order, event.why),))
        refused = event.state in {OrderState.REJECTED, OrderState.VOID} and not order.filled and not was_canceled
        if not refused:
            asked = was_canceled or former.state is OrderState.CANCEL_PENDING
            unasked = event.state is OrderState.CANCELED and not asked
            closed = OrderClosed(order, event.why, event.at, unasked=unasked)
            return step.then(self._decide(state, order.symbol, closed))
        # What was refused, and not merely never sent, is for the owner to know.
        weight = Weight.WARNING if event.state is OrderState.REJECTED or event.retry_after_s else Weight.NOTE
        note = Step(state, notes=((order.symbol, Note(order.cell, event.why, weight)),))
        retry_after_s = _REFUSED_RETRY_S if event.state is OrderState.REJECTED else event.retry_after_s
        # What the gate holds back waits; what never reached the venue, or never left us, was not refused.
        passing = event.state is OrderState.VOID and (former.state in _UNANSWERED or not event.retry_after_s)
        denial = WishDenied(order.symbol, order.cell, event.why, event.at, retry_after_s, passing)
        return step.then(note).then(self._decide(state, order.symbol, denial))

    def _imported(self, state: EngineState, event: OrderImported) -> Step:
        sent = event.order.advance(OrderState.SUBMITTED)
        order = sent.advance(OrderState.OPEN, venue_id=event.venue_id)
        steps = (OrderChanged(event.order, reason("imported")), OrderChanged(sent), OrderChanged(order))
        return Step(state.with_order(order), steps).then(self._decide(state.with_order(order), event.symbol, event))

    def _lost(self, state: EngineState, event: OutcomeLost) -> Step:
        order = self._order(state, event.client_id)
        if order.state is not OrderState.SUBMITTED:
            # A fill was quicker: we know that the venue has it.
            return Step(state)
        order = order.advance(OrderState.UNKNOWN)
        state = state.with_order(order)
        step = Step(state, (OrderChanged(order, event.why),))
        return step.then(self._decide(state, order.symbol, OrderStuck(order, event.why, event.at)))

    def _froze(self, state: EngineState, event: OrderFrozen) -> Step:
        order = self._order(state, event.client_id)
        if order.state is not OrderState.UNKNOWN or order.client_id in state.frozen:
            return Step(state)
        state = replace(state, frozen=state.frozen | {order.client_id})
        step = Step(state, (OrderChanged(order, event.why),))
        return step.then(self._decide(state, order.symbol, OrderStuck(order, event.why, event.at)))

    def _cancel_failed(self, state: EngineState, event: CancelFailed) -> Step:
        order = self._order(state, event.client_id)
        if order.state is not OrderState.CANCEL_PENDING:
            return Step(state)
        order = order.advance(OrderState.PARTIALLY_FILLED if order.filled else OrderState.OPEN)
        state = state.with_order(order)
        # That the venue is out of reach is told by whoever asks it for prices; a refusal nobody else would tell.
        refused = event.retry_after_s and event.why.code not in _OUT_OF_REACH
        notes = ((order.symbol, Note(order.cell, event.why, Weight.WARNING)),) if refused else ()
        step = Step(state, (OrderChanged(order, event.why),), notes=notes)
        return step.then(self._decide(state, order.symbol, OrderRests(order, event.at)))

    def _decide(self, state: EngineState, symbol: str, event: StrategyEvent) -> Step:
        before: Book = state.strategies[symbol].book
        decision = self.strategies[symbol].decide(state.strategies[symbol], event)
        bookings = []
        wishes: list[Wish] = []
        book = before
        for command in decision.commands:
            if isinstance(command, PlaceOrder | CancelOrder):
                wishes.append(command)
            else:
                after = _moved(book, command)
                bookings.append(LotsBooked(command, book, after))
                book = after
        if book is not decision.state.book and book != decision.state.book:
            message = f"{symbol}: the strategy's book differs from its commands"
            raise IllegalTransition(message)
        strategies = {**state.strategies, symbol: decision.state}
        notes = tuple((symbol, note) for note in decision.notes)
        return Step(replace(state, strategies=strategies), tuple(bookings), tuple(wishes), notes)

    def _with_book(self, state: EngineState, symbol: str, book: Book) -> EngineState:
        return replace(state, strategies={**state.strategies, symbol: state.strategies[symbol].with_book(book)})

    def _order(self, state: EngineState, client_id: str) -> Order:
        if client_id not in state.orders:
            message = f"no order {client_id} is waiting for news"
            raise IllegalTransition(message)
        return state.orders[client_id]


def _distrust(state: EngineState, why: Reason) -> Step:
    """Stop placing; a further reason of the same kind is not told again."""
    if state.safe is not None and why.code in {state.safe.code, *state.doubts}:
        return Step(state)
    state = replace(state, safe=state.safe or why, doubts=state.doubts | {why.code})
    return Step(state, notes=(("", Note("venue", why, Weight.WARNING)),))


def _told(event: TimerFired | VenueAway | VenueBack | ConcernRaised | WorkerDied) -> tuple[tuple[str, Note], ...]:
    """Say what happened outside the market."""
    match event:
        case VenueAway() | ConcernRaised():
            return (("", Note("venue", event.why, Weight.WARNING)),)
        case VenueBack():
            return (("", Note("venue", reason("venue_back"), Weight.WARNING)),)
        case WorkerDied():
            return (("", Note(event.name, reason("worker_died", error=event.error), Weight.WARNING)),)
        case _:
            return ()


def _moved(book: Book, command: MoveLots | AdoptLot | RescaleLots) -> Book:
    if isinstance(command, AdoptLot):
        return book.adopted(command.slot, command.qty, command.price)
    if isinstance(command, RescaleLots):
        return rescaled(book, command.split, command.slots, command.step, command.price)
    return book.moved(command.slot, command.to, command.qty, closes_cycle=command.closes_cycle)
