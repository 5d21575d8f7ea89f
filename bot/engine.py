"""One event in, wishes out, in pure functions: orders and books kept up to date, the strategies asked."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from domain.commands import AdoptLot, CancelOrder, MoveLots, PlaceOrder
from domain.decision import Note, Weight
from domain.errors import IllegalTransition
from domain.events import (
    CancelFailed,
    FillReported,
    OrderAccepted,
    OrderClosed,
    OrderEnded,
    OrderFilled,
    OrderRests,
    OrderStuck,
    OutcomeLost,
    TimerFired,
    WishDenied,
    WorkerDied,
)
from domain.order import OrderState
from domain.reason import Reason, reason

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from domain.book import Book
    from domain.events import Event, StrategyEvent
    from domain.order import Fill, Order
    from strategy.base import Strategy


_UNANSWERED = {OrderState.SUBMITTED, OrderState.UNKNOWN, OrderState.VOID}


@dataclass(frozen=True, slots=True)
class EngineState:
    """What the bot knows: every order that may still change, and each strategy's state by symbol.

    `cancel_later`: orders to be taken back as soon as the venue has answered for them. `denied`: why a slot was refused
    last, so that a refusal is told once.
    """

    strategies: Mapping[str, Any]
    orders: Mapping[str, Order] = field(default_factory=dict)
    cancel_later: frozenset[str] = frozenset()
    denied: Mapping[tuple[str, str], str] = field(default_factory=dict)

    def with_order(self, order: Order) -> EngineState:
        """Keep an order, or drop it once it is closed."""
        orders = dict(self.orders)
        orders.pop(order.client_id, None)
        if not order.is_closed:
            orders[order.client_id] = order
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
    """Lots were moved or taken over without a trade."""

    command: MoveLots | AdoptLot
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
            case CancelFailed():
                return self._cancel_failed(state, event)
            case TimerFired():
                return Step(state)
            case WorkerDied():
                why = reason("worker_died", error=event.error)
                return Step(state, notes=(("", Note(event.name, why, Weight.WARNING)),))
            case _:
                return self._decide(state, event.symbol, event)

    def deny(self, state: EngineState, wish: PlaceOrder, why: Reason, at: datetime) -> Step:
        """Tell a strategy that its order was refused before it was written; the owner is told once."""
        key = (wish.symbol, wish.slot)
        notes = () if state.denied.get(key) == why.code else ((wish.symbol, Note(wish.slot, why, Weight.WARNING)),)
        state = replace(state, denied={**state.denied, key: why.code})
        return Step(state, notes=notes).then(
            self._decide(state, wish.symbol, WishDenied(wish.symbol, wish.slot, why, at))
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
            return Step(state.with_order(order), () if order == former else (OrderChanged(order),))
        order = former.advance(OrderState.OPEN, venue_id=event.venue_id)
        to_cancel = order.client_id in state.cancel_later
        state = replace(state.with_order(order), cancel_later=state.cancel_later - {order.client_id})
        step = Step(state, (OrderChanged(order),))
        if to_cancel:
            wish = CancelOrder(order.symbol, order.cell, reason("cancel_was_waiting"))
            return replace(step, wishes=(wish,))
        if former.state is OrderState.UNKNOWN:
            return step.then(self._decide(state, order.symbol, OrderRests(order, event.at)))
        return step

    def _filled(self, state: EngineState, event: FillReported) -> Step:
        former = self._order(state, event.client_id)
        order = former.with_fill(event.fill.qty)
        before: Book = state.strategies[order.symbol].book
        after = before.booked(order.cell, order.side, event.fill)
        state = self._with_book(state.with_order(order), order.symbol, after)
        step = Step(state, (FillBooked(order, event.fill, before, after),))
        told = OrderFilled(order, event.fill, event.at, late=former.is_closed)
        return step.then(self._decide(state, order.symbol, told))

    def _ended(self, state: EngineState, event: OrderEnded) -> Step:
        order = self._order(state, event.client_id).advance(event.state)
        was_canceled = order.client_id in state.cancel_later
        state = replace(state.with_order(order), cancel_later=state.cancel_later - {order.client_id})
        step = Step(state, (OrderChanged(order, event.why),))
        refused = event.state in {OrderState.REJECTED, OrderState.VOID} and not order.filled and not was_canceled
        if not refused:
            return step.then(self._decide(state, order.symbol, OrderClosed(order, event.why, event.at)))
        note = Step(state, notes=((order.symbol, Note(order.cell, event.why)),))
        denial = WishDenied(order.symbol, order.cell, event.why, event.at, ask_later=True)
        return step.then(note).then(self._decide(state, order.symbol, denial))

    def _lost(self, state: EngineState, event: OutcomeLost) -> Step:
        order = self._order(state, event.client_id)
        if order.state is not OrderState.SUBMITTED:
            # A fill was quicker: we know that the venue has it.
            return Step(state)
        order = order.advance(OrderState.UNKNOWN)
        state = state.with_order(order)
        step = Step(state, (OrderChanged(order, event.why),))
        return step.then(self._decide(state, order.symbol, OrderStuck(order, event.why, event.at)))

    def _cancel_failed(self, state: EngineState, event: CancelFailed) -> Step:
        order = self._order(state, event.client_id)
        if order.state is not OrderState.CANCEL_PENDING:
            return Step(state)
        order = order.advance(OrderState.PARTIALLY_FILLED if order.filled else OrderState.OPEN)
        state = state.with_order(order)
        step = Step(state, (OrderChanged(order, event.why),))
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


def _moved(book: Book, command: MoveLots | AdoptLot) -> Book:
    if isinstance(command, AdoptLot):
        return book.adopted(command.slot, command.qty, command.price)
    return book.moved(command.slot, command.to, command.qty, closes_cycle=command.closes_cycle)
