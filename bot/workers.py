"""The threads that call a venue, one for orders and one for questions, and the calls themselves."""

from __future__ import annotations

import logging
import threading
from contextlib import suppress
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING

from bot.clock import stopwatch_s
from domain.clock import iso
from domain.errors import (
    AuthRefused,
    OrderNotReady,
    OrderRejected,
    OutcomeUnknown,
    RateLimited,
    VenueError,
    VenueUnavailable,
)
from domain.events import CancelFailed, OrderAccepted, OrderEnded, OutcomeLost, WorkerDied
from domain.order import CLOSED, OrderState
from domain.reason import Reason, reason

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from bot.feed import Feed
    from domain.clock import Clock
    from domain.events import Event
    from domain.order import Order
    from exchanges.base import Exchange

log = logging.getLogger(__name__)

_NOTHING_HAPPENED = (VenueUnavailable, RateLimited, AuthRefused)
_UNREACHED_RETRY_S = 2
_LOOK_UP_S = 1
_KEY_RETRY_S = 900
"""A key that is refused is not tried again and again: some venues shut out who does."""


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
            why = refusal.why or reason(refusal.code)
            return OrderEnded(order.client_id, OrderState.REJECTED, why, self._clock.now())
        except (OutcomeUnknown, OrderNotReady):
            return OutcomeLost(order.client_id, reason("answer_lost"), self._clock.now())
        except _NOTHING_HAPPENED as trouble:
            return OrderEnded(
                order.client_id, OrderState.VOID, not_reached(trouble), self._clock.now(), _retry_after_s(trouble)
            )
        return OrderAccepted(order.client_id, placed.order_id, self._clock.now())

    def cancel(self, order: Order) -> Event | None:
        """Ask for an order's end; an event only once the venue shows it ended, or the call never reached it.

        Anything else proves nothing: the order stays to be canceled until the look at all own orders tells.
        """
        venue_id = order.venue_id or ""
        try:
            self._exchange.cancel_order(venue_id)
        except _NOTHING_HAPPENED as trouble:
            return CancelFailed(order.client_id, not_reached(trouble), self._clock.now(), _retry_after_s(trouble))
        except VenueError:
            return None
        try:
            shown = self._exchange.get_order(venue_id)
        except VenueError:
            return None
        # Fills that went before the cancel are booked first: the look at all own orders then tells of the end.
        if shown.state not in CLOSED or shown.filled != order.filled or shown.state is OrderState.FILLED:
            return None
        return OrderEnded(order.client_id, shown.state, reason("canceled_by_us"), self._clock.now())


def not_reached(trouble: VenueError, blocked_until: datetime | None = None) -> Reason:
    """Return why a call came to nothing: in the venue's own words where it had some.

    `blocked_until`: until when we hold every call back ourselves, because the venue shut our address out.
    """
    why = getattr(trouble, "why", None)
    if isinstance(why, Reason):
        return why
    if blocked_until is not None and isinstance(trouble, RateLimited):
        return reason("venue_shut_out", until=iso(blocked_until))
    if isinstance(trouble, RateLimited):
        return reason("venue_paced", seconds=trouble.retry_after_s)
    return reason("venue_not_reached", error=type(trouble).__name__)


def _retry_after_s(trouble: VenueError) -> int:
    if isinstance(trouble, RateLimited):
        return max(trouble.retry_after_s, _UNREACHED_RETRY_S)
    return _KEY_RETRY_S if isinstance(trouble, AuthRefused) else _UNREACHED_RETRY_S


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

    def __init__(
        self,
        calls: VenueCalls,
        clock: Clock,
        put: Callable[[Event], None],
        stopwatch_s: Callable[[], float] = stopwatch_s,
    ) -> None:
        """Prepare; `start` begins the work."""
        self._calls = calls
        self._clock = clock
        self._put = put
        self._stopwatch_s = stopwatch_s
        self._given_s = stopwatch_s()
        self._jobs: SimpleQueue[Callable[[], Event | None] | None] = SimpleQueue()
        self._free = threading.Event()
        self._free.set()
        self._thread = threading.Thread(target=self._work, name="order-worker", daemon=True)

    @property
    def idle(self) -> bool:
        """Whether no order is being sent."""
        return self._free.is_set()

    @property
    def silent_s(self) -> float:
        """Return for how many seconds the order at hand has been sent; 0 while there is none."""
        return 0 if self.idle else self._stopwatch_s() - self._given_s

    def start(self) -> None:
        """Begin to work."""
        self._thread.start()

    def stop(self, timeout_s: float) -> bool:
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
        self._given_s = self._stopwatch_s()
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


class FeedThread:
    """Asks the venue in a thread of its own; the answers come as events."""

    def __init__(
        self,
        feed: Feed,
        clock: Clock,
        put: Callable[[Event], None],
        stopwatch_s: Callable[[], float] = stopwatch_s,
    ) -> None:
        """Prepare; `start` begins the work."""
        self._feed = feed
        self._clock = clock
        self._put = put
        self._stopwatch_s = stopwatch_s
        self._asked_s = stopwatch_s()
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._work, name="feed", daemon=True)

    @property
    def silent_s(self) -> float:
        """Return how many seconds ago it looked for a question that is due."""
        return self._stopwatch_s() - self._asked_s

    def start(self) -> None:
        """Begin to ask."""
        self._asked_s = self._stopwatch_s()
        self._thread.start()

    def stop(self, timeout_s: float) -> bool:
        """Ask nothing more; returns whether the question at hand was answered within so many seconds."""
        self._end.set()
        self._thread.join(timeout_s)
        return not self._thread.is_alive()

    def _work(self) -> None:
        try:
            while not self._end.is_set():
                self._asked_s = self._stopwatch_s()
                if not self._feed.ask_due():
                    self._end.wait(self._pause_s())
        except Exception as error:  # noqa: BLE001 - the top of a thread: its death must reach the loop, whatever it was
            self._put(WorkerDied("feed", type(error).__name__, self._clock.now()))

    def _pause_s(self) -> float:
        next_at = self._feed.next_at()
        if next_at is None:
            return _LOOK_UP_S
        return min(max((next_at - self._clock.now()).total_seconds(), 0), _LOOK_UP_S)


class Errand:
    """Does one thing in a thread of its own whenever it is asked to; asked while it is at it, it does it once more.

    What it raises goes to `failed` and ends nothing. Between two times it rests for `rest_s` seconds.
    """

    def __init__(
        self, name: str, do: Callable[[], None], failed: Callable[[Exception], None], rest_s: float = 0
    ) -> None:
        """Prepare; `start` begins to wait for being asked."""
        self._do = do
        self._failed = failed
        self._rest_s = rest_s
        self._jobs: SimpleQueue[bool] = SimpleQueue()
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._work, name=name, daemon=True)

    def start(self) -> None:
        """Begin to wait for being asked."""
        self._thread.start()

    def ask(self) -> None:
        """Let it be done; never waits."""
        if self._jobs.empty():
            self._jobs.put(True)

    def finish(self, timeout_s: float, *, once_more: bool) -> bool:
        """End, having done it a last time where that is wanted; returns whether it ended within so many seconds."""
        if once_more:
            self.ask()
        self._jobs.put(False)
        self._end.set()
        self._thread.join(timeout_s)
        return not self._thread.is_alive()

    def _work(self) -> None:
        while self._jobs.get():
            try:
                self._do()
            except Exception as error:  # noqa: BLE001 - the top of a thread: what goes wrong here must not end the bot
                self._tell(error)
            self._end.wait(self._rest_s)

    def _tell(self, error: Exception) -> None:
        try:
            self._failed(error)
        except Exception:  # the top of a thread, too: it must be there when it is asked again
            log.exception("%s failed, and could not be told", self._thread.name)


class Alarm:
    """Lets real time pass; once it has rung, no pause lasts any longer."""

    def __init__(self) -> None:
        """Begin silent."""
        # A queue, and no event: it may be rung by a signal that comes in the middle of a wait of the same thread.
        self._rung: SimpleQueue[None] = SimpleQueue()

    def ring(self) -> None:
        """End every pause, those to come included."""
        self._rung.put(None)

    def wait(self, pause_s: float) -> None:
        """Return after so many seconds, or when it rings."""
        with suppress(Empty):
            self._rung.put(self._rung.get(timeout=max(pause_s, 0)))
