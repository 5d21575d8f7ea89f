"""What waits for the broker: the newest message of each retained topic, and a bounded number of fills."""

from __future__ import annotations

import threading
from collections import deque
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from messaging.topics import Message

EVENTS_MAX = 1000


class Outbox:
    """Filled by any thread, emptied by one; no call waits for anything but another such call.

    Of a retained topic only the newest message is kept. Of the others (events: nobody is shown them later) at most
    `events_max` wait; the oldest give way and are counted.
    """

    def __init__(self, events_max: int = EVENTS_MAX) -> None:
        """Begin empty."""
        self._events_max = events_max
        self._newest: dict[str, Message] = {}
        self._events: deque[Message] = deque()
        self._dropped = 0
        self._lock = threading.Lock()

    def __len__(self) -> int:
        """Return how many messages wait."""
        with self._lock:
            return len(self._newest) + len(self._events)

    def put(self, message: Message) -> None:
        """Let a message wait; a retained one takes the place of an older one on its topic."""
        with self._lock:
            if message.retain:
                self._newest[message.topic] = message
                return
            self._events.append(message)
            while len(self._events) > self._events_max:
                self._events.popleft()
                self._dropped += 1

    def put_back(self, events: Sequence[Message]) -> None:
        """Let events wait again before all others, in their order: it is not known that they arrived."""
        with self._lock:
            room = max(self._events_max - len(self._events), 0)
            kept = events[len(events) - room :] if room < len(events) else events
            self._dropped += len(events) - len(kept)
            self._events.extendleft(reversed(kept))

    def take(self) -> Message | None:
        """Return what should leave next: how things stand before what happened; None while nothing waits."""
        with self._lock:
            if self._newest:
                return self._newest.pop(next(iter(self._newest)))
            return self._events.popleft() if self._events else None

    def forget_standing(self) -> None:
        """Drop the retained messages: they are about to be built anew."""
        with self._lock:
            self._newest.clear()

    def take_dropped(self) -> int:
        """Return how many events gave way since this was asked last."""
        with self._lock:
            dropped, self._dropped = self._dropped, 0
            return dropped
