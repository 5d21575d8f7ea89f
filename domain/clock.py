"""The port through which time enters, and how a moment is written."""

from __future__ import annotations

from datetime import UTC
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from datetime import datetime


class Clock(Protocol):
    """Tells the time; a run on recorded candles has a clock of its own."""

    def now(self) -> datetime:
        """Return the present as an aware UTC time."""
        ...


def iso(at: datetime) -> str:
    """Write a moment as ISO UTC with Z."""
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")
