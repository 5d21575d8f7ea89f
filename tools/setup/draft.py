"""What a `.env` is going to hold while the owner is asked; nothing is written before it is whole."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from pydantic import SecretStr

from bot.settings import READERS
from bot.sources import load_settings
from domain.exact import plain
from strategy.grid.config import Profit
from tools.setup.envtext import EnvText
from tools.setup.privatefile import read_private, write_private

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from bot.settings import Settings

MASK = "****"


class Draft:
    """The settings of a file with changes that are not saved yet."""

    def __init__(self, path: Path, environ: Mapping[str, str]) -> None:
        """Begin with what the file holds; raises `SetupError` where it cannot be read."""
        found = read_private(path)
        self.path = path
        self.is_new = found is None
        self.is_saved = False
        self.env = EnvText("", str(path)) if found is None else found
        self._begun = self.env
        self._environ = dict(environ)
        self._set: set[str] = set()

    def set(self, values: Mapping[str, str]) -> None:
        """Set values by name, an empty one unsets; raises `Refused` for one that a file cannot hold."""
        env = self.env
        for name, value in values.items():
            env = env.with_value(name, value)
        self.env = env
        self._set |= values.keys()

    def replace(self, env: EnvText) -> None:
        """Take another text, as a repair leaves it."""
        self.env = env

    def settings(self) -> Settings:
        """Read the draft as the bot would read the file; raises `SetupError` with every fault.

        What the owner set here is not hidden by an environment of this terminal, which the bot may not have.
        """
        environ = {name: value for name, value in self._environ.items() if name not in self._set}
        return load_settings(environ=environ, dotenv=self.env)

    def changes(self) -> Iterator[tuple[str, str]]:
        """Yield every setting that will differ, with its new value as it may be shown; an empty one is unset."""
        before, after = self._begun.values(), self.env.values()
        for name in READERS:
            if before.get(name, "") != (value := after.get(name, "")):
                yield name, shown_value(name, value)

    def hidden_by_environment(self) -> tuple[str, ...]:
        """Return which changed names the environment of this terminal sets too: it goes before the file."""
        return tuple(sorted(name for name in self._set if self._environ.get(name, "").strip()))

    def save(self, heading: str) -> None:
        """Write the file; a new one begins with a comment. Raises `SetupError` where it cannot be written."""
        text = f"# {heading}\n{self.env.text}" if self.is_new else self.env.text
        write_private(self.path, text)
        self.is_saved = True


def shown_value(name: str, value: str) -> str:
    """Return a value as it may be shown."""
    reader = READERS.get(name)
    return MASK if value and (reader is None or reader.secret) else value


def shown_setting(settings: Settings, name: str) -> str:
    """Return the value of a setting as it is understood and may be shown; `-` where it is unset."""
    match getattr(settings, name.lower()):
        case None:
            return "unlimited" if name == "PAPER_CASH" else "-"
        case SecretStr():
            return MASK
        case bool(answer):
            return str(answer).lower()
        case Decimal() as number:
            return plain(number)
        case Profit() as profit:
            return f"{plain(profit.amount)}{'%' * profit.is_pct}"
        case other:
            return str(other) or "-"
