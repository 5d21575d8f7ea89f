"""How often a venue may be called: a window for each class of calls, its pauses, and a breaker for a block."""

from __future__ import annotations

# A window of our own, though pyrate-limiter is at hand: that one sleeps and reads the time by itself, starts a thread
# that tidies up and loads asyncio, while our waits have to pass through the clock of the run.
import threading
from collections import deque
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING

from domain.errors import RateLimited

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from domain.clock import Clock
    from exchanges.transport import Wait

PATIENCE = timedelta(seconds=2)
"""A call that would have to wait longer is not sent: an order's price would be stale by then."""
PAUSE_MIN_S = 1
PAUSE_MAX_S = 60
BLOCK_S = 600

_SECOND = timedelta(seconds=1)


@dataclass(slots=True)
class _Window:
    """The newest calls of one class, and what the venue said of them."""

    calls: deque[datetime]
    paused_until: datetime | None = None
    refusals: int = 0


@dataclass(slots=True)
class Throttle:
    """Lets so many calls of a class pass in any second; used by several threads.

    A turn is taken before it is waited for, so the order of asking is the order of calling.
    """

    clock: Clock
    wait: Wait
    per_second: Mapping[str, int]
    blocked_until: datetime | None = None
    """Until when every call is held back; kept by whoever wants the breaker to outlive a restart."""
    _windows: dict[str, _Window] = field(init=False)
    _seen: datetime | None = field(init=False, default=None)
    _lock: threading.Lock = field(init=False, default_factory=threading.Lock)

    def __post_init__(self) -> None:
        """Open a window for each class."""
        self._windows = {kind: _Window(deque(maxlen=count)) for kind, count in self.per_second.items()}

    def turn(self, kind: str) -> None:
        """Wait until a call may leave; raises `RateLimited` where that would take too long."""
        with self._lock:
            now = self._now()
            free_at = self._free_at(self._windows[kind], now)
            if free_at - now > PATIENCE:
                raise RateLimited(f"{kind} calls are held back", retry_after_s=_whole_s(free_at - now))
            self._windows[kind].calls.append(free_at)
        if free_at > now:
            self.wait((free_at - now).total_seconds())

    def refused(self, kind: str, retry_after_s: int | None) -> int:
        """Close a class after the venue said "too many"; returns for how many seconds, twice as many each time."""
        with self._lock:
            window = self._windows[kind]
            pause_s = min(PAUSE_MIN_S << min(window.refusals, 16), PAUSE_MAX_S)
            pause_s = max(pause_s, retry_after_s or 0)
            window.refusals += 1
            window.paused_until = self._now() + timedelta(seconds=pause_s)
            return pause_s

    def answered(self, kind: str) -> None:
        """Forget former refusals of a class: the venue serves it again."""
        self._windows[kind].refusals = 0

    def blocked(self) -> int:
        """Close every class for long after a page that shuts our address out; returns for how many seconds."""
        with self._lock:
            self.blocked_until = self._now() + timedelta(seconds=BLOCK_S)
        return BLOCK_S

    def _now(self) -> datetime:
        now = self.clock.now()
        if self._seen is not None and now < self._seen:
            # The clock was set back: what lies in its future would hold us back for as long.
            self._forget_future(now)
        self._seen = now
        return now

    def _forget_future(self, now: datetime) -> None:
        for window in self._windows.values():
            window.calls.clear()
            if window.paused_until is not None:
                window.paused_until = min(window.paused_until, now + timedelta(seconds=PAUSE_MAX_S))
        if self.blocked_until is not None:
            self.blocked_until = min(self.blocked_until, now + timedelta(seconds=BLOCK_S))

    def _free_at(self, window: _Window, now: datetime) -> datetime:
        free_at = now
        if window.calls and len(window.calls) == window.calls.maxlen:
            free_at = max(free_at, window.calls[0] + _SECOND)
        for until in (window.paused_until, self.blocked_until):
            if until is not None:
                free_at = max(free_at, until)
        # Turns already taken lie ahead of this one.
        return max(free_at, window.calls[-1]) if window.calls else free_at


def _whole_s(span: timedelta) -> int:
    return -(-span // _SECOND)
