"""The order workers: the only ones who call a venue's trading side, in a thread of their own or in the caller's."""

from __future__ import annotations

import threading
from queue import SimpleQueue
from typing import TYPE_CHECKING

from domain.errors import AuthRefused, OrderNotFound, OrderRejected, OutcomeUnknown, RateLimited, VenueUnavailable
from domain.events import CancelFailed, OrderAccepted, OrderEnded, OutcomeLost, WorkerDied
from domain.order import CLOSED, OrderState
from domain.reason import reason

if TYPE_CHECKING:
    from collections.abc import Callable

    from domain.clock import Clock
    from domain.events import Event
    from domain.order import Order
    from domain.reason import Reason
    from exchanges.base import Exchange

_NOTHING_HAPPENED = (VenueUnavailable, RateLimited, AuthRefused)


class VenueCalls:
    """Turns one order into one call, and what came of it into one event."""

    def __init__(self, exchange: Exchange, clock: Clock) -> None:
        """Remember whom to call."""
        self._exchange = exchange
        self._clock = clock

    def place(self, order: Order) -> Event:
        """Place an order once."""
        try:
            placed = self._exchange.place_order(
                order.symbol, order.side, order.qty, order.price, client_order_id=order.client_id
            )
        except OrderRejected as refusal:
            return OrderEnded(order.client_id, OrderState.REJECTED, reason(refusal.code), self._clock.now())
        except OutcomeUnknown:
            return OutcomeLost(order.client_id, reason("answer_lost"), self._clock.now())
        except _NOTHING_HAPPENED as trouble:
            return OrderEnded(order.client_id, OrderState.VOID, _not_reached(trouble), self._clock.now())
        return OrderAccepted(order.client_id, placed.order_id, self._clock.now())

    def cancel(self, order: Order) -> Event | None:
        """Ask for an order's end; an event only once the venue shows it ended, or the call never reached it.

        A lost answer, and an order that the venue does not find, prove nothing: the order stays to be canceled.
        """
        venue_id = order.venue_id or ""
        try:
            self._exchange.cancel_order(venue_id)
            shown = self._exchange.get_order(venue_id)
        except _NOTHING_HAPPENED as trouble:
            return CancelFailed(order.client_id, _not_reached(trouble), self._clock.now())
        except (OutcomeUnknown, OrderNotFound):
            return None
        # Fills that went before the cancel end the order themselves, once they are told.
        if shown.state not in CLOSED or shown.state is OrderState.FILLED:
            return None
        return OrderEnded(order.client_id, shown.state, reason("canceled_by_us"), self._clock.now())


def _not_reached(trouble: Exception) -> Reason:
    return reason("venue_not_reached", error=type(trouble).__name__)


class InlineWorker:
    """Calls the venue in the caller's own thread: for a venue in this process."""

    idle = True

    def __init__(self, calls: VenueCalls, put: Callable[[Event], None]) -> None:
        """Remember how to call and whom to tell."""
        self._calls = calls
        self._put = put

    def place(self, order: Order) -> None:
        """Place at once."""
        self._put(self._calls.place(order))

    def cancel(self, order: Order) -> None:
        """Cancel at once."""
        event = self._calls.cancel(order)
        if event is not None:
            self._put(event)


class ThreadWorker:
    """Calls the venue in a thread of its own, one order at a time."""

    def __init__(self, calls: VenueCalls, clock: Clock, put: Callable[[Event], None]) -> None:
        """Prepare; `start` begins the work."""
        self._calls = calls
        self._clock = clock
        self._put = put
        self._jobs: SimpleQueue[Callable[[], Event | None] | None] = SimpleQueue()
        self._free = threading.Event()
        self._free.set()
        self._thread = threading.Thread(target=self._work, name="order-worker", daemon=True)

    @property
    def idle(self) -> bool:
        """Whether no order is being sent."""
        return self._free.is_set()

    def start(self) -> None:
        """Begin to work."""
        self._thread.start()

    def stop(self, timeout_s: int = 5) -> bool:
        """Finish the call in flight; returns whether it ended within so many seconds."""
        self._jobs.put(None)
        self._thread.join(timeout_s)
        return not self._thread.is_alive()

    def place(self, order: Order) -> None:
        """Send an order; the answer comes as an event."""
        self._give(lambda: self._calls.place(order))

    def cancel(self, order: Order) -> None:
        """Ask for an order's end; the answer comes as an event."""
        self._give(lambda: self._calls.cancel(order))

    def _give(self, job: Callable[[], Event | None]) -> None:
        self._free.clear()
        self._jobs.put(job)

    def _work(self) -> None:
        try:
            while (job := self._jobs.get()) is not None:
                event = job()
                # Free before the answer is told: whoever handles it may hand over the next order at once.
                self._free.set()
                if event is not None:
                    self._put(event)
        except Exception as error:  # noqa: BLE001 - the top of a thread: its death must reach the loop, whatever it was
            self._put(WorkerDied("order-worker", type(error).__name__, self._clock.now()))
