"""The order desk: an intent before every order, a second commit before it leaves, one order on the wire at a time."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field, replace
from hashlib import sha256
from typing import TYPE_CHECKING, Protocol

from domain.events import OrderEnded
from domain.order import IntentKey, Order, OrderState, client_id
from domain.reason import reason

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager
    from datetime import date, datetime

    from bot.engine import Engine, EngineState
    from domain.clock import Clock
    from domain.commands import CancelOrder, PlaceOrder
    from domain.events import Event
    from domain.instrument import Side
    from domain.reason import Reason

_ON_ITS_WAY = {OrderState.SUBMITTED, OrderState.UNKNOWN}
_AT_REST = {OrderState.OPEN, OrderState.PARTIALLY_FILLED}


class OrderPage(Protocol):
    """What the desk writes of an order within one commit."""

    def order(self, order: Order, at: datetime, why: Reason | None = None) -> None:
        """Write an order as it is now."""
        ...


class Attempts(Protocol):
    """Knows how often an intent was written before."""

    def last_attempt(  # noqa: PLR0917  # the parts of an intent key in their order
        self, symbol: str, epoch: int, slot: str, side: Side, cycle: int, session: date | None
    ) -> int:
        """Return the highest attempt of an intent, 0 where there was none."""
        ...


class OrderJournal(Protocol):
    """The part of the ledger that the desk needs."""

    @property
    def reader(self) -> Attempts:
        """Return the read side."""
        ...

    def commit(self) -> AbstractContextManager[OrderPage]:
        """Open one durable commit."""
        ...

    def next_order_seq(self) -> int:
        """Return the number of the next order."""
        ...


class Gate(Protocol):
    """The last look before an order leaves."""

    def check(self, order: Order) -> Reason | None:
        """Return why it must not leave, or None."""
        ...


class OrderWorker(Protocol):
    """Talks to the venue, one order at a time; its answers come back as events."""

    @property
    def idle(self) -> bool:
        """Whether it can take an order now."""
        ...

    def place(self, order: Order) -> None:
        """Send an order."""
        ...

    def cancel(self, order: Order) -> None:
        """Ask for an order's end."""
        ...


def id_prefix(instance: str) -> str:
    """Return what every client id of an instance begins with."""
    return "bp" + sha256(instance.encode()).hexdigest()[:6]


@dataclass(slots=True)
class OrderDesk:
    """Brings wishes that passed risk to the venue; `put` takes the events that need no venue."""

    journal: OrderJournal
    gate: Gate
    worker: OrderWorker
    prefix: str
    clock: Clock
    put: Callable[[Event], None]
    _to_place: deque[str] = field(default_factory=deque)
    _to_cancel: deque[str] = field(default_factory=deque)

    def intend(self, engine: Engine, state: EngineState, wish: PlaceOrder, page: OrderPage) -> EngineState:
        """Write the intent into the page of its event: the first of two commits before anything leaves."""
        attempt = 1 + self.journal.reader.last_attempt(
            wish.symbol, wish.epoch, wish.slot, wish.side, wish.cycle, wish.session
        )
        key = IntentKey(wish.epoch, wish.slot, wish.side, wish.cycle, attempt, wish.session)
        seq = self.journal.next_order_seq()
        order = Order(seq, client_id(self.prefix, seq), key, wish.symbol, wish.side, wish.price, wish.qty)
        page.order(order, self.clock.now(), wish.why)
        self._to_place.append(order.client_id)
        return engine.accept(state, order)

    def take_back(self, state: EngineState, wish: CancelOrder, page: OrderPage) -> EngineState:
        """Write that an order is to end; what is on its way is canceled once the venue has answered for it."""
        order = state.order_of(wish.symbol, wish.slot)
        if order is None:
            return state
        if order.state in _AT_REST:
            order = order.advance(OrderState.CANCEL_PENDING)
            page.order(order, self.clock.now(), wish.why)
            self._to_cancel.append(order.client_id)
            return state.with_order(order)
        if order.state is OrderState.PENDING:
            why = reason("canceled_before_sending")
            self.put(OrderEnded(order.client_id, OrderState.VOID, why, self.clock.now()))
        if order.state in _ON_ITS_WAY or order.state is OrderState.PENDING:
            return replace(state, cancel_later=state.cancel_later | {order.client_id})
        return state

    def dispatch(self, state: EngineState) -> EngineState:
        """Hand the worker what is waiting, cancels first, as long as it is idle."""
        while self.worker.idle and (self._to_cancel or self._to_place):
            if self._to_cancel:
                self._send_cancel(state, self._to_cancel.popleft())
            else:
                state = self._send(state, self._to_place.popleft())
        return state

    def _send_cancel(self, state: EngineState, which: str) -> None:
        order = state.orders.get(which)
        if order is not None:
            self.worker.cancel(order)

    def _send(self, state: EngineState, which: str) -> EngineState:
        order = state.orders.get(which)
        if order is None or which in state.cancel_later:
            return state
        refusal = self.gate.check(order)
        if refusal is not None:
            self.put(OrderEnded(which, OrderState.VOID, refusal, self.clock.now()))
            return state
        order = order.advance(OrderState.SUBMITTED)
        # Committed before the bytes leave: after a crash this order may be with the venue, one without it is not.
        with self.journal.commit() as page:
            page.order(order, self.clock.now())
        self.worker.place(order)
        return state.with_order(order)
