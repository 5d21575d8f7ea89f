"""The clocks: the machine's, and one that a run on recorded candles sets itself."""

from __future__ import annotations

from datetime import UTC, datetime


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
