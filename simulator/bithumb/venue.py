"""A venue that is Bithumb: its keys and its settings on the matching core."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from simulator.bithumb.settings import Settings
from simulator.venue import Venue

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from simulator.market import Market
    from simulator.venue import Trading

_KEY_LIFE = timedelta(days=365)


@dataclass(frozen=True, slots=True)
class Keys:
    """What the customer signs with, and what opens the admin door."""

    access_key: str
    secret_key: str
    admin_token: str

    def saved(self) -> dict[str, str]:
        """Return all of them by name."""
        return asdict(self)


class BithumbVenue(Venue):
    """All that Bithumb's wire asks or orders."""

    settings: Settings
    keys: Keys

    def __init__(self, trading: Trading, market: Market, keys: Keys, real_now: Callable[[], datetime]) -> None:
        super().__init__(trading, market, keys, real_now, Settings())

    @property
    def key_expire_at(self) -> datetime:
        """Return when the customer's key ends."""
        return self.settings.key_expire_at or self.begins_at + _KEY_LIFE
