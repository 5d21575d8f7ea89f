"""What opens a venue: its customer's keys, which differ by venue, and the admin token, which all have."""

from __future__ import annotations

from typing import Protocol


class VenueKeys(Protocol):
    """What the customer proves himself with, and what opens the admin door."""

    @property
    def admin_token(self) -> str:
        """Return what opens the admin door."""
        ...

    def saved(self) -> dict[str, str]:
        """Return all of them by name, to be saved."""
        ...
