"""Refusals with words for the owner: what every venue's adapter raises where the venue understood and said no."""

from __future__ import annotations

from typing import TYPE_CHECKING

from domain.errors import AuthRefused, MarketUnknown, VenueUnavailable

if TYPE_CHECKING:
    from domain.reason import Reason


class KeyRefused(AuthRefused):
    """Key, rights, account, address or time do not fit; `why` says what the owner can do."""

    def __init__(self, message: str, *, why: Reason) -> None:
        """Keep the reason."""
        super().__init__(message)
        self.why = why


class Refused(VenueUnavailable):
    """The venue understood and said no; nothing happened, and asking again at once would not help."""

    def __init__(self, message: str, *, why: Reason) -> None:
        """Keep the reason."""
        super().__init__(message)
        self.why = why


class NoSuchMarket(Refused, MarketUnknown):
    """The venue has no market of this name."""
