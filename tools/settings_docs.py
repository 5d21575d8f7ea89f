"""Writes .env.example and the settings guides from the one schema: `python -m tools.settings_docs [--check]`."""

from __future__ import annotations

import argparse
import sys
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic_core import PydanticUndefined

from bot.settings import BUILT, READERS, Exchange, Settings, Unit, derived_defaults
from domain.exact import plain
from reports.wording import Wording

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

ROOT = Path(__file__).resolve().parent.parent

GROUPS = {
    "EXCHANGE": "group_general",
    "BITHUMB_ACCESS_KEY": "group_bithumb",
    "KIS_APP_KEY": "group_kis",
    "COINONE_ACCESS_TOKEN": "group_coinone",
    "GRID_STEPS": "group_grid",
    "MAX_ORDER_NOTIONAL": "group_limits",
    "REPORT_INTERVAL_MINUTES": "group_outputs",
}
"""Which heading stands before which setting."""


def documents() -> dict[str, str]:
    """Return every generated file by its path in the project."""
    korean, english = Wording("ko"), Wording("en")
    return {
        ".env.example": env_example(korean, english),
        "docs/settings.ko.md": guide(korean),
        "docs/settings.md": guide(english),
    }


def env_example(korean: Wording, english: Wording) -> str:
    """Write the example: each key commented out with its default, and what it means."""
    lines = [f"# {wording.text('guide_example')}" for wording in (korean, english)]
    for name in READERS:
        if name in GROUPS:
            lines += ["", f"# ----- {korean.text(GROUPS[name])} / {english.text(GROUPS[name])} -----"]
        lines += ["", f"# {korean.text(name)} / {english.text(name)}", f"#{name}={defaults_of(name)[0]}"]
    return "\n".join(lines) + "\n"


def guide(wording: Wording) -> str:
    """Write the guide of one language: a table for each group."""
    names, defaults, units, meanings = wording.text("guide_columns").split("|")
    lines = [f"# {wording.text('guide_title')}", "", wording.text("guide_intro")]
    for name, reader in READERS.items():
        if name in GROUPS:
            header = [f"| {names} | {defaults} | {units} | {meanings} |", "|---|---|---|---|"]
            lines += ["", f"## {wording.text(GROUPS[name])}", "", *header]
        default = " / ".join(f"`{text}`" for text in defaults_of(name) if text)
        told = [wording.text(f"unit_{unit}") for unit in _units(name)] + [f"`{reader.allowed}`"] * bool(reader.allowed)
        meaning = wording.text(name) + (f" {wording.text('guide_secret')}" if reader.secret else "")
        lines.append(f"| `{name}` | {default} | {', '.join(told)} | {meaning} |")
    return "\n".join(lines) + "\n"


def defaults_of(name: str) -> list[str]:
    """Return the default as text, one for each exchange where they differ, Bithumb's first; empty is unset."""
    default = Settings.model_fields[name.lower()].default
    if default is PydanticUndefined:
        return list(dict.fromkeys(derived_defaults(exchange)[name] for exchange in (Exchange.BITHUMB, *BUILT)))
    match default:
        case None:
            return [""]
        case bool():
            return [str(default).lower()]
        case Decimal():
            return [plain(default)]
        case _:
            return [str(default)]


def _units(name: str) -> Iterator[Unit]:
    return (unit for unit in Settings.model_fields[name.lower()].metadata if isinstance(unit, Unit))


def main(arguments: Sequence[str], root: Path = ROOT) -> int:
    """Write the files, or with `--check` only say which are not up to date."""
    parser = argparse.ArgumentParser(prog="python -m tools.settings_docs", description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 when a file is not up to date")
    checks = parser.parse_args(arguments).check
    stale = [path for path, text in documents().items() if _text_of(root / path) != text]
    for path in stale:
        if not checks:
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            (root / path).write_text(documents()[path], encoding="utf-8")
        print(f"{'not up to date' if checks else 'written'}: {path}")
    return int(checks and bool(stale))


def _text_of(path: Path) -> str | None:
    return path.read_text(encoding="utf-8") if path.exists() else None


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
