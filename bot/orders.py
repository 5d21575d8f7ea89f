"""The order desk: an intent before every order, a second commit before it leaves, one order on the wire at a time."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field, replace
from datetime import timedelta
from hashlib import sha256
from typing import TYPE_CHECKING, Protocol

from bot.gate import MARKET_CLOSED
from domain.events import CancelFailed, OrderAccepted, OrderEnded
from domain.order import RESTING, IntentKey, Order, OrderState, client_id
from domain.reason import reason

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager
    from datetime import date, datetime

    from bot.engine import Engine, EngineState
    from bot.trail import Trail
    from domain.clock import Clock
    from domain.commands import CancelOrder, PlaceOrder
    from domain.events import Event
    from domain.instrument import Side
    from domain.reason import Reason

_GATE_RETRY_S = 600
_HOLD_FIRST_S = 2
_HOLD_MAX_S = 600
_ON_ITS_WAY = {OrderState.SUBMITTED, OrderState.UNKNOWN}


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
    """Brings wishes that passed risk to the venue; `put` takes the events that need no venue.

    While the venue does not take calls nothing is sent: `held_until` doubles its distance with every failure. Closed,
    it sends nothing more: the bot is about to end. `trail` is there where the venue knows nothing of our ids: then no
    order leaves while it is open what became of the one before, until that one is frozen.
    """

    journal: OrderJournal
    gate: Gate
    worker: OrderWorker
    prefix: str
    clock: Clock
    put: Callable[[Event], None]
    held_until: datetime | None = None
    is_closed: bool = False
    trail: Trail | None = None
    _held_at: datetime | None = None
    _failures: int = 0
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
        if order.state in RESTING:
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

    @property
    def is_waiting(self) -> bool:
        """Whether something is to be sent."""
        return bool(self._to_cancel or self._to_place)

    def has_yet_to_cancel(self, which: str) -> bool:
        """Whether the cancel of an order waits to be sent."""
        return which in self._to_cancel

    def hear(self, state: EngineState, event: Event) -> None:
        """Learn from what became of a call whether the venue takes more of them."""
        if not isinstance(event, OrderAccepted | OrderEnded | CancelFailed):
            return
        order = state.orders.get(event.client_id)
        was_sent = order is not None and order.state is OrderState.SUBMITTED
        if not isinstance(event, OrderAccepted) and _did_not_reach(event, was_sent=was_sent):
            hold_s = max(event.retry_after_s, min(_HOLD_FIRST_S << min(self._failures, 16), _HOLD_MAX_S))
            self._failures += 1
            self._held_at, self.held_until = event.at, event.at + timedelta(seconds=hold_s)
        elif was_sent:
            # Taken or refused: the venue has answered. An order that only a look has found says nothing of that.
            self._failures, self.held_until = 0, None

    def dispatch(self, state: EngineState) -> EngineState:
        """Hand the worker what is waiting, cancels first, as long as it is idle and the venue takes calls."""
        if self.is_closed or self.is_held:
            return state
        while self.worker.idle and self.is_waiting:
            if self._to_cancel:
                self._send_cancel(state, self._to_cancel.popleft())
            elif self.trail is not None and _is_unanswered(state):
                break
            else:
                state = self._send(state, self._to_place.popleft())
        return state

    @property
    def is_held(self) -> bool:
        """Whether the venue is left alone for now."""
        now = self.clock.now()
        if self.held_until is None or now >= self.held_until:
            return False
        # A clock that was set back would hold us for as long as it was set back by.
        return self._held_at is None or now >= self._held_at

    def _send_cancel(self, state: EngineState, which: str) -> None:
        order = state.orders.get(which)
        # What a look found at rest meanwhile is canceled once its strategy has asked again, and not before.
        if order is not None and order.state is OrderState.CANCEL_PENDING:
            self.worker.cancel(order)

    def _send(self, state: EngineState, which: str) -> EngineState:
        order = state.orders.get(which)
        if order is None or which in state.cancel_later:
            return state
        refusal = self.gate.check(order)
        if refusal is not None:
            retry_s = 0 if refusal.code == MARKET_CLOSED else _GATE_RETRY_S
            self.put(OrderEnded(which, OrderState.VOID, refusal, self.clock.now(), retry_s))
            return state
        order = order.advance(OrderState.SUBMITTED)
        # Committed before the bytes leave: after a crash this order may be with the venue, one without it is not.
        with self.journal.commit() as page:
            page.order(order, self.clock.now())
        if self.trail is not None:
            self.trail.leaves(which, self.clock.now())
        self.worker.place(order)
        return state.with_order(order)


def _is_unanswered(state: EngineState) -> bool:
    """Whether it is open what became of an order, and not given up yet."""
    return any(order.state in _ON_ITS_WAY and which not in state.frozen for which, order in state.orders.items())


def _did_not_reach(event: OrderEnded | CancelFailed, *, was_sent: bool) -> bool:
    """Whether a call came to nothing; what the gate refuses never left, and what the venue refuses was answered."""
    if not event.retry_after_s:
        return False
    return isinstance(event, CancelFailed) or (was_sent and event.state is OrderState.VOID)
