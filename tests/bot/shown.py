"""A venue that shows what a test puts into its books, answers as badly as told, and notes what it was asked."""

from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import cast

from bot.clock import PlaybackClock
from bot.reconcile import Reconciler
from domain.errors import OrderNotFound, OrderNotReady, VenueUnavailable
from domain.events import Event
from domain.exact import ZERO
from domain.instrument import Side
from domain.order import CLOSED, Fill, Order, OrderState
from domain.venue import Execution, VenueOrder
from exchanges.base import Exchange
from tests.bot.rig import FEE_RATE, NOON, SYMBOL, order_of

PREFIX = "bptest"
HOUR = timedelta(hours=1)


class ShownVenue:
    """Orders by client id, which is also how its own ids are made: `v-` and ours.

    `fails` counts down the calls that go wrong, by name; `not_ready` and `unseen` are client ids, `overlooked` those
    that only the list lacks; `unlisted` are fills that the venue books before it lists them. `nameless`: it leaves our
    ids out of its lists. `meanwhile` happens just before a call is answered.
    """

    def __init__(self, clock: PlaybackClock) -> None:
        self.clock = clock
        self.orders: dict[str, VenueOrder] = {}
        self.executions: list[Execution] = []
        self.fails: Counter[str] = Counter()
        self.not_ready: set[str] = set()
        self.unseen: set[str] = set()
        self.overlooked: set[str] = set()
        self.unlisted: set[str] = set()
        self.nameless = False
        self.meanwhile: dict[str, Callable[[], None]] = {}
        self.asked: list[str] = []
        self.since: list[datetime] = []

    def take(self, client_id: str, qty: str = "1", price: str = "9000") -> VenueOrder:
        amount, at = Decimal(qty), self.clock.now()
        self.orders[client_id] = VenueOrder(
            f"v-{client_id}", client_id, SYMBOL, Side.BUY, Decimal(price), amount, ZERO, ZERO, OrderState.OPEN, at
        )
        return self.orders[client_id]

    def fill(self, client_id: str, qty: str, fill_id: str) -> Fill:
        order, amount = self.orders[client_id], Decimal(qty)
        filled = order.filled + amount
        state = OrderState.FILLED if filled == order.qty else order.state
        fill = Fill(fill_id, order.price, amount, amount * order.price * FEE_RATE, self.clock.now())
        self.orders[client_id] = replace(order, filled=filled, fee=order.fee + fill.fee, state=state)
        self.executions.append(Execution(order.order_id, client_id, order.side, fill))
        return fill

    def end(self, client_id: str, state: OrderState = OrderState.CANCELED) -> None:
        self.orders[client_id] = replace(self.orders[client_id], state=state)

    def open_orders(self, symbol: str) -> tuple[VenueOrder, ...]:
        self._hear("open_orders")
        hidden = self.not_ready | self.unseen | self.overlooked
        return tuple(
            self._named(order)
            for name, order in self.orders.items()
            if order.symbol == symbol and order.state not in CLOSED and name not in hidden
        )

    def closed_orders(self, symbol: str, since: datetime) -> tuple[VenueOrder, ...]:
        self._hear("closed_orders")
        return tuple(
            order
            for order in self.orders.values()
            if order.symbol == symbol and order.state in CLOSED and order.at >= since
        )

    def fills_since(self, symbol: str, since: datetime) -> tuple[Execution, ...]:
        assert symbol == SYMBOL
        self._hear("fills_since")
        self.since.append(since)
        return tuple(
            replace(execution, client_order_id=None) if self.nameless else execution
            for execution in self.executions
            if execution.fill.at >= since and execution.fill.fill_id not in self.unlisted
        )

    def get_order(self, order_id: str) -> VenueOrder:
        self._hear("get_order")
        name = order_id.removeprefix("v-")
        if name in self.not_ready:
            raise OrderNotReady(order_id)
        if name not in self.orders or name in self.unseen:
            raise OrderNotFound(order_id)
        return self.orders[name]

    def find_order(self, client_order_id: str) -> VenueOrder | None:
        self._hear("find_order")
        if client_order_id in self.not_ready:
            raise OrderNotReady(client_order_id)
        return None if client_order_id in self.unseen else self.orders.get(client_order_id)

    def single_look(self) -> AbstractContextManager[None]:
        return nullcontext()

    def follow(self, symbol: str, order_id: str, booked: Sequence[Fill] = ()) -> None:
        assert (symbol, booked) == (SYMBOL, ())
        self.asked.append(f"follow {order_id}")

    def _hear(self, call: str) -> None:
        self.asked.append(call)
        self.meanwhile.get(call, _nothing)()
        if self.fails[call] > 0:
            self.fails[call] -= 1
            raise VenueUnavailable(call)

    def _named(self, order: VenueOrder) -> VenueOrder:
        return replace(order, client_order_id=None) if self.nameless else order


def _nothing() -> None:
    """Let nothing happen."""


def exchange_of(venue: ShownVenue) -> Exchange:
    """Hand the venue over as a port; what it lacks nobody may ask here."""
    return cast("Exchange", venue)


def resting(number: int = 1, state: OrderState = OrderState.OPEN, *, filled: str = "0", qty: str = "1") -> Order:
    """Return an order of ours that the venue has answered for."""
    order = order_of(number, state=state, filled=filled, qty=qty)
    return replace(order, venue_id=f"v-{order.client_id}")


class Watch:
    """A reconciler over a venue, and the orders that we know, as the test sets them."""

    def __init__(self, *known: Order, strange: tuple[str, ...] = (), since: datetime = NOON - HOUR) -> None:
        self.clock = PlaybackClock(NOON)
        self.venue = ShownVenue(self.clock)
        self.known: dict[str, Order] = {}
        self.know(*known)
        self.reconciler = Reconciler(
            exchange_of(self.venue), SYMBOL, PREFIX, lambda: dict(self.known), self.clock, since, strange
        )

    def know(self, *orders: Order) -> None:
        self.known = {order.client_id: order for order in orders}

    def go_on(self, seconds: int) -> None:
        self.clock.set(self.clock.now() + timedelta(seconds=seconds))

    def ask(self, after_s: int = 0) -> tuple[Event, ...]:
        self.go_on(after_s)
        self.venue.asked.clear()
        return self.reconciler.ask()


def settled(watch: Watch) -> Watch:
    """Let the first look, which asks for everything, be over."""
    watch.ask()
    return watch
