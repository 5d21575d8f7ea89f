"""What a demo needs to know of each venue: how its simulator is started, and how its keys are called."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from bot.settings import Exchange

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pydantic import SecretStr

    from bot.settings import Settings


@dataclass(frozen=True, slots=True)
class DemoVenue:
    """One venue of the simulator: `keys` names the setting of each key in the line with which it starts."""

    name: str
    keys: Mapping[str, str]
    address: str

    def options(self, settings: Settings) -> tuple[str, ...]:
        """Return what its simulator has to be told beyond what every one is told."""
        if settings.exchange is Exchange.KIS:
            return ("--listed", str(settings.kis_exchange_code), "--mode", str(settings.kis_mode))
        return ()

    def settings_for(self, settings: Settings, url: str, keys: Mapping[str, SecretStr]) -> Settings:
        """Return the settings with the simulator's address and keys."""
        return settings.model_copy(update={self.address: url, **{self.keys[name]: key for name, key in keys.items()}})


DEMO_VENUES = {
    Exchange.BITHUMB: DemoVenue(
        "bithumb",
        {"access_key": "bithumb_access_key", "secret_key": "bithumb_secret_key"},
        "bithumb_base_url",
    ),
    Exchange.KIS: DemoVenue(
        "kis",
        {"app_key": "kis_app_key", "app_secret": "kis_app_secret", "account_no": "kis_account_no"},
        "kis_base_url",
    ),
}
