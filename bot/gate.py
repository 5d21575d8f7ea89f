"""The order gate: the last look before an order leaves, from the journal alone and not from the strategy."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Protocol

from domain.exact import ZERO
from domain.instrument import Side
from domain.order import OrderState
from domain.reason import Reason, reason

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime
    from decimal import Decimal

    from domain.book import Book
    from domain.clock import Clock
    from domain.instrument import Instrument
    from domain.order import Order
    from domain.session import MarketHours

SAFE = "safe"
"""The row of the journal that stops every new order."""

MARKET_CLOSED = "gate_market_closed"
"""The code of a refusal that the next session ends by itself."""

_SECOND = timedelta(seconds=1)
_HOUR = timedelta(hours=1)
_ON_THE_WAY = timedelta(seconds=10)


class Journal(Protocol):
    """What the gate reads."""

    def open_orders(self) -> Sequence[Order]:
        """Return the orders that are not closed."""
        ...

    def book(self, symbol: str) -> Book:
        """Return what a symbol earned and holds."""
        ...

    def has_state(self, name: str) -> bool:
        """Whether a row of remembered state is there."""
        ...

    def sends_since(self, at: datetime) -> int:
        """Count the orders that left."""
        ...

    def creates_since(self, symbol: str, slot: str, at: datetime) -> int:
        """Count the orders of a slot that left."""
        ...


@dataclass(frozen=True, slots=True)
class Caps:
    """Hard limits, in the quote currency or as counts; None or 0 where there is none.

    `order_notional_max` holds purchases back, never the sale of what is held. `free_cash` is what the account had free
    at the first start, less the reserve. `twins`: an order may equal one whose outcome is unknown; not where the venue
    knows nothing of our ids, by which the two could be told apart.
    """

    order_notional_max: Decimal | None = None
    position_notional_max: Decimal | None = None
    open_orders_max: int = 0
    sends_per_second_max: int = 0
    creates_per_slot_hour_max: int = 0
    free_cash: Decimal | None = None
    own_cross: bool = False
    twins: bool = True


@dataclass(frozen=True, slots=True)
class OrderGate:
    """Checks one order at a time; only behind it can an order be placed.

    `hours` is None where the market never closes.
    """

    journal: Journal
    instruments: Mapping[str, Instrument]
    caps: Caps
    clock: Clock
    hours: MarketHours | None = None

    def check(self, order: Order) -> Reason | None:
        """Return why an order must not leave, or None when it may."""
        if self.journal.has_state(SAFE):
            return reason("safe_no_orders")
        others = []
        written = None
        for known in self.journal.open_orders():
            if known.client_id == order.client_id:
                written = known
            elif known.symbol == order.symbol:
                others.append(known)
        if written != order or order.state is not OrderState.PENDING:
            return reason("gate_not_in_journal", order=order.client_id)
        return (
            self._session(order)
            or self._shape(order)
            or self._company(order, others)
            or self._pace(order)
            or self._money(order, others, self.journal.book(order.symbol))
        )

    def _session(self, order: Order) -> Reason | None:
        """Hold back what had to wait until its session was over: the venue may trade on after the close."""
        if self.hours is None:
            return None
        # Not in its last seconds either: the call may wait for its turn, and be repeated once.
        now = self.clock.now()
        session = self.hours.regular_at(now)
        is_its_day = session is not None and session.day == order.key.session and session.holds(now + _ON_THE_WAY)
        return None if is_its_day else reason(MARKET_CLOSED, side=str(order.side), price=order.price, qty=order.qty)

    def _shape(self, order: Order) -> Reason | None:
        instrument = self.instruments[order.symbol]
        on_tick = instrument.ticks.down(order.price) == order.price
        if not on_tick or instrument.round_qty(order.qty) != order.qty:
            return reason("gate_off_step", price=order.price, qty=order.qty)
        if not instrument.placeable(order.price, order.qty):
            return reason("gate_under_minimum", price=order.price, qty=order.qty)
        notional = order.price * order.qty
        cap = self.caps.order_notional_max
        if order.side is Side.BUY and cap is not None and notional > cap:
            return reason("gate_order_over_cap", notional=notional, limit=cap)
        return None

    def _company(self, order: Order, others: Sequence[Order]) -> Reason | None:
        if any(known.cell == order.cell for known in others):
            return reason("gate_second_order", slot=order.cell)
        same_side = sum(known.side is order.side for known in others)
        if self.caps.open_orders_max and same_side >= self.caps.open_orders_max:
            return reason("gate_too_many_open", count=same_side, limit=self.caps.open_orders_max)
        if not self.caps.twins and any(_twins(order, known) for known in others):
            return reason("gate_twin_of_frozen", side=str(order.side), price=order.price, qty=order.qty)
        if not self.caps.own_cross and any(_cross(order, known) for known in others):
            return reason("gate_own_cross", price=order.price)
        return None

    def _pace(self, order: Order) -> Reason | None:
        now = self.clock.now()
        rate = self.caps.sends_per_second_max
        if rate and self.journal.sends_since(now - _SECOND) >= rate:
            return reason("gate_too_fast", limit=rate)
        hourly = self.caps.creates_per_slot_hour_max
        if hourly and self.journal.creates_since(order.symbol, order.cell, now - _HOUR) >= hourly:
            return reason("gate_slot_too_busy", slot=order.cell, limit=hourly)
        return None

    def _money(self, order: Order, others: Sequence[Order], book: Book) -> Reason | None:
        if order.side is Side.SELL:
            owned = book.held(order.cell)
            return reason("gate_sells_too_much", qty=order.qty, owned=owned) if order.qty > owned else None
        waiting = sum((known.price * known.remaining for known in others if known.side is Side.BUY), ZERO)
        asked = waiting + order.price * order.qty
        cap = self.caps.position_notional_max
        if cap is not None and book.cost + asked > cap:
            return reason("gate_position_over_cap", position=book.cost + asked, limit=cap)
        if self.caps.free_cash is None:
            return None
        needed = asked + self.instruments[order.symbol].fee(Side.BUY, asked)
        free = self.caps.free_cash + book.cash_flow
        return reason("gate_cash_short", needed=needed, free=free) if needed > free else None


def _twins(order: Order, other: Order) -> bool:
    if other.state is not OrderState.UNKNOWN:
        return False
    return (order.side, order.price, order.qty) == (other.side, other.price, other.qty)


def _cross(order: Order, other: Order) -> bool:
    if order.side is other.side:
        return False
    return order.price >= other.price if order.side is Side.BUY else order.price <= other.price
