"""Copies of a SQLite ledger: made online, proven by opening them, found again newest first."""

from __future__ import annotations

import contextlib
import os
import sqlite3
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

_STEM = "ledger"


# Faults of the disk, of rights and of company: they say nothing about what is in the file.
_OUTSIDE = {
    sqlite3.SQLITE_PERM,
    sqlite3.SQLITE_BUSY,
    sqlite3.SQLITE_LOCKED,
    sqlite3.SQLITE_NOMEM,
    sqlite3.SQLITE_READONLY,
    sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_FULL,
    sqlite3.SQLITE_CANTOPEN,
    sqlite3.SQLITE_AUTH,
}


def is_damage(error: sqlite3.DatabaseError) -> bool:
    """Say whether an error speaks of the file's content; one that Python raises itself (no UTF-8) has no code."""
    code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_CORRUPT)
    return code == sqlite3.SQLITE_IOERR_SHORT_READ or code & 0xFF not in _OUTSIDE


def open_read_only(file: Path) -> sqlite3.Connection:
    """Open a file without the right to change it; with no log beside it nothing is created either."""
    mode = "mode=ro" if wal_of(file).exists() else "mode=ro&immutable=1"
    return sqlite3.connect(f"{file.absolute().as_uri()}?{mode}", uri=True, isolation_level=None)


def wal_of(file: Path) -> Path:
    """Return where SQLite keeps the commits that are not in the file yet."""
    return file.with_name(f"{file.name}-wal")


def fault_of(file: Path) -> str | None:
    """Say what is wrong with a file, or nothing: every page, index and constraint is read. It is not changed."""
    try:
        with contextlib.closing(open_read_only(file)) as connection:
            if not wal_of(file).exists() and file.stat().st_size != _size(connection):
                return "the file has not the length that it names"
            found = [str(row[0]) for row in connection.execute("PRAGMA integrity_check(1)")]
            if found != ["ok"]:
                return found[0] if found else "no answer to the integrity check"
            if connection.execute("SELECT count(*) FROM alembic_version").fetchone() != (1,):
                return "no revision"
            if connection.execute("PRAGMA foreign_key_check").fetchone() is not None:
                return "a row points at nothing"
    except sqlite3.DatabaseError as error:
        if not is_damage(error):
            raise
        return str(error)
    return None


def newest_good(folder: Path) -> Path | None:
    """Return the newest copy that opens and is sound; its name begins with its time."""
    for file in sorted(folder.glob(f"{_STEM}-*.sqlite3"), reverse=True):
        with contextlib.suppress(sqlite3.Error, OSError):
            if fault_of(file) is None:
                return file
    return None


def back_up(file: Path, folder: Path, revision: str, at: datetime) -> Path:
    """Copy a ledger while it may be in use; the copy gets its name once it is proven and on the disk."""
    make_private(folder)
    target = _free_name(folder, f"{_STEM}-{at:%Y%m%dT%H%M%SZ}-{revision}")
    part = target.with_suffix(".part")
    part.unlink(missing_ok=True)
    create_private(part)
    with (
        contextlib.closing(open_read_only(file)) as source,
        contextlib.closing(sqlite3.connect(part, isolation_level=None)) as copy,
    ):
        source.backup(copy)
        # A copy is one file: no log beside it that could be left behind.
        copy.execute("PRAGMA journal_mode=DELETE")
        counts = _counts(source)
    fault = fault_of(part)
    with contextlib.closing(open_read_only(part)) as copy:
        if fault is not None or _counts(copy) != counts:
            raise sqlite3.DatabaseError(f"the copy of {file} is not like it: {fault or 'rows are missing'}")
    flush(part)
    part.rename(target)
    flush(folder)
    return target


def make_private(folder: Path) -> None:
    """Make a folder that only its owner may look into."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if folder.stat().st_mode & 0o077:
        # A shared mount that belongs to another user cannot be narrowed; the files in it still are.
        with contextlib.suppress(PermissionError):
            folder.chmod(0o700)


def create_private(file: Path) -> None:
    """Create an empty file that only its owner may read; what SQLite puts beside it takes its rights over."""
    os.close(os.open(file, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))


def flush(path: Path) -> None:
    """Wait until a file, or the names in a folder, are on the disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _free_name(folder: Path, stem: str) -> Path:
    target, n = folder / f"{stem}.sqlite3", 1
    while target.exists():
        n += 1
        target = folder / f"{stem}-{n}.sqlite3"
    return target


def _size(connection: sqlite3.Connection) -> int:
    pages, bytes_each = (connection.execute(f"PRAGMA {name}").fetchone()[0] for name in ("page_count", "page_size"))
    return int(pages) * int(bytes_each)


def _counts(connection: sqlite3.Connection) -> dict[str, int]:
    names = connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name").fetchall()
    return {name: connection.execute(f'SELECT count(*) FROM "{name}"').fetchone()[0] for (name,) in names}  # noqa: S608  # names of our own tables
