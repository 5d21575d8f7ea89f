"""The simulator's clock: it stands still until it is asked to go on, and stops at what happens on the way."""

from __future__ import annotations

from datetime import timedelta
from heapq import heappop, heappush
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime
    from decimal import Decimal


class SimulatedClock:
    """The time of the market, and what is due at which moment; equal moments keep the order they were set in."""

    def __init__(self, begins_at: datetime) -> None:
        self._now = begins_at
        self._due: list[tuple[datetime, int, Callable[[], None]]] = []
        self._count = 0

    def now(self) -> datetime:
        """Return the simulated time."""
        return self._now

    def at(self, due_at: datetime, action: Callable[[], None]) -> None:
        """Do something when the clock gets there."""
        self._count += 1
        heappush(self._due, (due_at, self._count, action))

    def advance(self, until: datetime) -> None:
        """Go to a moment and do what falls due on the way; a moment that has passed moves nothing."""
        while self._due and self._due[0][0] <= max(until, self._now):
            due_at, _, action = heappop(self._due)
            self._now = max(self._now, due_at)
            action()
        self._now = max(self._now, until)


def after(now: datetime, delay_s: Decimal) -> datetime:
    """Return the moment so many simulated seconds later."""
    return now + timedelta(microseconds=int(delay_s * 1_000_000))
