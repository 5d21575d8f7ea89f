"""The house rules of a demo: when a start is one, and which settings it takes from where."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.settings import READERS, Settings
from bot.sources import load_settings
from domain.errors import ExitCode, SetupError
from domain.reason import reason

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from domain.reason import Reason

KEYS = frozenset(name for name, reader in READERS.items() if reader.secret) - {"MQTT_PASSWORD", "DATABASE_URL"}
"""What opens an account at a venue; whoever has set one, or has armed a bot, wants one of their own."""

DROPPED = (
    KEYS
    | {name for name in READERS if name.endswith(("_BASE_URL", "_WS_URL"))}
    | {"DATABASE_URL", "SHARED_DIR", "BOT_DRY_RUN", "LIVE_ARMED"}
)
"""Settings that a demo takes from nowhere: they lead out of it."""


def is_demo_house(environ: Mapping[str, str], dotenv: Path, ha_options: Path | None) -> bool:
    """Whether a start without further wishes is a demo: nothing is set up here, and it is not our own image."""
    return not (
        dotenv.exists()
        or ha_options is not None
        or environ.get("BADUKPAN_IMAGE") == "1"
        or any(environ.get(name, "").strip() for name in {*KEYS, "LIVE_ARMED"})
    )


def demo_settings(overrides: Sequence[str], environ: Mapping[str, str]) -> Settings:
    """Return the settings of a demo, from the command line and the environment alone.

    Raises `SetupError` for what is faulty, and for what there is no demo of.
    """
    settings = load_settings(
        overrides=[_emptied(text) if _name_in(text) in DROPPED else text for text in overrides],
        environ={name: text for name, text in environ.items() if name not in DROPPED | {"SUPERVISOR_TOKEN"}},
    )
    if faults := tuple(_not_playable(settings)):
        raise SetupError(ExitCode.SETTINGS, *faults)
    unused = tuple(reason("demo_setting_unused", name=name) for name in _dropped_from(overrides))
    return settings.model_copy(update={"warnings": (*settings.warnings, *unused)})


def _not_playable(settings: Settings) -> Iterator[Reason]:
    if not settings.paper_cash:
        yield reason("demo_needs_cash")


def _dropped_from(overrides: Sequence[str]) -> list[str]:
    """Return what the command line names in vain; an empty value is no wish."""
    given = (_name_in(text) for text in overrides if text.partition("=")[2].strip())
    return list(dict.fromkeys(name for name in given if name in DROPPED))


def _name_in(override: str) -> str:
    name, equals, _ = override.partition("=")
    return name.strip().upper() if equals else ""


def _emptied(override: str) -> str:
    """Take the value away; the place stays, by which a fault of another one is named."""
    return f"{_name_in(override)}="
