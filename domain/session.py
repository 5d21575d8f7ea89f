"""On which market day a moment falls."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import date, tzinfo


@dataclass(frozen=True, slots=True)
class SessionRule:
    """How a venue divides time into sessions, by the date in its own time zone."""

    zone: tzinfo

    def date_of(self, at: datetime) -> date:
        """Return the session's date: the market's local date at that moment."""
        return at.astimezone(self.zone).date()

    def midnight_of(self, day: date) -> datetime:
        """Return when a date begins in the venue's own time zone, in UTC."""
        return datetime.combine(day, time(), tzinfo=self.zone).astimezone(UTC)
