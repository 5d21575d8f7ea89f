"""Where a demo lives: one folder for each set of market and settings, so that the same set goes on where it stood."""

from __future__ import annotations

import json
from dataclasses import dataclass
from decimal import Decimal
from hashlib import sha256
from typing import TYPE_CHECKING

from bot.settings import READERS, Exchange, Settings, derived_defaults
from domain.exact import plain
from domain.snapshot import Mode
from ledger.places import SqlitePlace

if TYPE_CHECKING:
    from pathlib import Path

    from bot.demo.wanted import Prices

NOT_SHAPING = frozenset(
    {
        # Addresses and permissions of real venues: a demo has none.
        "bithumb_base_url",
        "bithumb_ws_url",
        "kis_base_url",
        "kis_ws_url",
        "coinone_base_url",
        "coinone_ws_url",
        "bot_dry_run",
        "live_armed",
        # What the owner sees, and where things are kept.
        "language",
        "log_format",
        "report_interval_minutes",
        "mqtt_host",
        "mqtt_port",
        "mqtt_username",
        "mqtt_tls",
        "mqtt_commands",
        "web_port",
        "data_dir",
        "shared_dir",
        # What the reading of the sources found.
        "in_home_assistant",
        "origins",
        "warnings",
    }
)
"""Settings that leave the course of trading as it is; every other one, those to come included, shapes it."""

_HASH_DIGITS = 12


@dataclass(frozen=True, slots=True)
class DemoFolder:
    """The folder of one demo and what stands in it for one instance."""

    path: Path
    instance: str

    @property
    def venue(self) -> Path:
        """Return the simulator's own folder."""
        return self.path / "venue"

    @property
    def ledger(self) -> SqlitePlace:
        """Return where the ledger is: always a file here."""
        return SqlitePlace(self.path / self.instance / str(Mode.DEMO))

    @property
    def lock(self) -> Path:
        """Return the lock of the bot that trades here."""
        return self.path / self.instance / "lock"

    @property
    def former(self) -> Path:
        """Return where the former demo is kept when this one begins anew."""
        return self.path.with_name(f"{self.path.name}.old")


def endless_folder(settings: Settings) -> DemoFolder:
    """Return where the market without an end lives; another instance has an account, so a market, of its own."""
    usual = derived_defaults(Exchange.BITHUMB)["INSTANCE"]
    name = "market" if settings.instance == usual else f"market-{settings.instance}"
    return DemoFolder(settings.data_dir / "demo" / name, settings.instance)


def run_folder(settings: Settings, prices: Prices) -> DemoFolder:
    """Return where a demo with an end lives: equal prices and settings, equal folder."""
    text = json.dumps([prices.label, shaping(settings)], sort_keys=True)
    name = f"run-{sha256(text.encode()).hexdigest()[:_HASH_DIGITS]}"
    return DemoFolder(settings.data_dir / "demo" / name, settings.instance)


def shaping(settings: Settings) -> dict[str, str]:
    """Return all settings that shape trading, as texts; never a secret."""
    return {
        name: _text(getattr(settings, name))
        for name in Settings.model_fields
        if name not in NOT_SHAPING and not _is_secret(name)
    }


def _is_secret(name: str) -> bool:
    reader = READERS.get(name.upper())
    return reader is not None and reader.secret


def _text(value: object) -> str:
    """Write a value; a number by its worth, however it was written."""
    return plain(value) if isinstance(value, Decimal) else str(value)
