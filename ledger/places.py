"""Where a ledger stands: a folder, or a schema of a PostgreSQL server."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError

from domain.errors import ExitCode, SetupError
from domain.reason import reason

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class SqlitePlace:
    """A folder that holds `ledger.sqlite3` and `backups/`."""

    folder: Path

    @property
    def file(self) -> Path:
        """Return the ledger itself."""
        return self.folder / "ledger.sqlite3"

    @property
    def wal(self) -> Path:
        """Return SQLite's log of commits that are not in the file yet."""
        return self.folder / "ledger.sqlite3-wal"

    @property
    def backups(self) -> Path:
        """Return where copies are kept."""
        return self.folder / "backups"

    @property
    def where(self) -> str:
        """Say which ledger it is."""
        return str(self.file)


@dataclass(frozen=True, slots=True)
class PostgresPlace:
    """A schema of a database; the address holds a password and is never shown."""

    url: str = field(repr=False)
    schema: str

    @property
    def address(self) -> URL:
        """Return the address with our driver; raises `SetupError` where it is none."""
        try:
            url = make_url(self.url)
        except (ArgumentError, ValueError):
            # The text itself is not shown: a misspelt address may still hold a password.
            raise SetupError(ExitCode.LEDGER, reason("ledger_address_invalid")) from None
        return url.set(drivername="postgresql+psycopg")

    @property
    def where(self) -> str:
        """Say which ledger it is, the password masked; options are left out, they may hold one too."""
        return f"{self.address.set(query={}).render_as_string(hide_password=True)}#{self.schema}"


Place = SqlitePlace | PostgresPlace
