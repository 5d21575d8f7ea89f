"""The one queue of the bot: threads put events in, the loop takes them out one at a time."""

from __future__ import annotations

from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING

from domain.events import QuoteReceived

if TYPE_CHECKING:
    from domain.events import Event

QUOTES_AFTER = 1000
"""With so many events waiting, of the quotes of a symbol only the newest is kept."""


class Inbox:
    """Keeps every event in order, but drops quotes that a newer one has overtaken once the queue is long.

    What a venue answers for an order is never dropped: there are no more of those than orders on the wire.
    """

    def __init__(self, quotes_after: int = QUOTES_AFTER) -> None:
        """Begin empty."""
        self._events: SimpleQueue[Event] = SimpleQueue()
        self._newest: dict[str, QuoteReceived] = {}
        self._quotes_after = quotes_after

    @property
    def is_empty(self) -> bool:
        """Whether no event waits."""
        return self._events.empty() and not self._newest

    def put(self, event: Event) -> None:
        """Add an event; may be called from any thread and never waits."""
        if not isinstance(event, QuoteReceived):
            self._events.put(event)
        elif event.symbol in self._newest or self._events.qsize() >= self._quotes_after:
            # While one of its quotes waits behind the queue, a newer one must not go in front of it.
            self._newest[event.symbol] = event
        else:
            self._events.put(event)

    def take(self, timeout_s: int | None = 0) -> Event | None:
        """Return the next event, or None when none came within so many seconds (None: wait for ever)."""
        try:
            return self._events.get(block=False)
        except Empty:
            pass
        if self._newest:
            # In one step: another thread may add a quote meanwhile.
            return self._newest.popitem()[1]
        try:
            return self._events.get(block=timeout_s != 0, timeout=timeout_s)
        except Empty:
            return None
