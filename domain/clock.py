"""The port through which time enters."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from datetime import datetime


class Clock(Protocol):
    """Tells the time; a run on recorded candles has a clock of its own."""

    def now(self) -> datetime:
        """Return the present as an aware UTC time."""
        ...
