"""The clocks: the machine's, one that a run on recorded candles sets itself, and that of a demo's market."""

from __future__ import annotations

import time
import uuid
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bot.demo.door import MarketDoor, MarketTime


def stopwatch_s() -> float:
    """Return real seconds from some moment on, whatever is done to the clock."""
    return time.monotonic()


def fresh_nonce() -> str:
    """Return an id that no call had before."""
    return str(uuid.uuid4())


def fresh_jitter_s() -> float:
    """Return up to 5 seconds by chance, so that several who wait for the same do not ask at the same moment."""
    return uuid.uuid4().int % 5000 / 1000


class SystemClock:
    """Tells the machine's time."""

    def now(self) -> datetime:
        """Return the present in UTC."""
        return datetime.now(tz=UTC)


class PlaybackClock:
    """Stands at the time of the bar that is played."""

    def __init__(self, at: datetime) -> None:
        """Begin at a time."""
        self._at = at

    def now(self) -> datetime:
        """Return the bar's time."""
        return self._at

    def set(self, at: datetime) -> None:
        """Go on to a bar."""
        self._at = at


class MarketClock:
    """Stands at the time that a demo's market told last; it moves when the market is asked to move.

    Whoever waits moves it too, so one thread at a time may wait or step. Raises `VenueGone` as the door does.
    """

    def __init__(self, door: MarketDoor, told: MarketTime) -> None:
        """Begin where the market stands."""
        self._door = door
        self._told = told

    @property
    def told(self) -> MarketTime:
        """Return what the market told last."""
        return self._told

    def now(self) -> datetime:
        """Return the market's time."""
        return self._told.now

    def wait(self, pause_s: float) -> None:
        """Let so many seconds pass at the market; no print is played for it."""
        if pause_s > 0:
            # Never nothing: who waits for a moment in between would wait again and again.
            pause = max(timedelta(seconds=pause_s), timedelta.resolution)
            self._told = self._door.step(self.now() + pause, play=False)

    def step(self, until: datetime | None) -> MarketTime:
        """Go to the earliest of the next print, which is played, and a moment."""
        self._told = self._door.step(until)
        return self._told
