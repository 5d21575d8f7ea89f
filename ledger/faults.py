"""Turns what a database driver or the disk raises into our own errors, sorted by what the owner has to do."""

from __future__ import annotations

import errno
import sqlite3
from typing import TYPE_CHECKING

from domain.errors import BotError, ExitCode, IllegalTransition, SetupError
from domain.reason import reason
from ledger.backups import is_damage, newest_good
from ledger.places import SqlitePlace

if TYPE_CHECKING:
    from pathlib import Path

    from ledger.places import Place

_NO_ROOM = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
_BUSY = {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}

# PostgreSQL's own codes, by their first five or two characters.
_PG_FULL = "53100"
_PG_READ_ONLY = ("25006", "58")
_PG_FORBIDDEN = ("28", "42501")
_PG_DAMAGED = ("42P01", "42703", "XX001", "XX002")


def as_ours(error: Exception, place: Place) -> BotError | None:
    """Return our error for a driver's; none where it is a fault of this program."""
    if isinstance(place, SqlitePlace):
        return _of_sqlite(error, place)
    return _of_postgres(error, place.where)


def damaged(place: Place, what: str) -> SetupError:
    """Refuse a ledger that cannot be trusted, and name the copy to go back to."""
    backup = newest_good(place.backups) if isinstance(place, SqlitePlace) else None
    found = "none" if backup is None else str(backup)
    return SetupError(ExitCode.LEDGER, reason("ledger_damaged", path=place.where, what=what, backup=found))


def of_disk(error: OSError, path: Path) -> SetupError:
    """Refuse a folder that cannot be made or written."""
    if error.errno in _NO_ROOM:
        return SetupError(ExitCode.DISK, reason("disk_full", path=str(path)))
    return SetupError(ExitCode.DISK, reason("disk_unwritable", path=str(path), what=error.strerror or str(error)))


def _of_sqlite(error: Exception, place: SqlitePlace) -> BotError | None:
    if isinstance(error, sqlite3.IntegrityError):
        return IllegalTransition(str(error))
    if not isinstance(error, sqlite3.DatabaseError) or isinstance(error, sqlite3.ProgrammingError):
        return None
    if is_damage(error):
        return damaged(place, str(error))
    code = error.sqlite_errorcode & 0xFF  # the low byte is the kind
    if code == sqlite3.SQLITE_FULL:
        return SetupError(ExitCode.DISK, reason("disk_full", path=place.where))
    if code in _BUSY:
        return SetupError(ExitCode.ALREADY_RUNS, reason("ledger_in_use", path=place.where))
    return SetupError(ExitCode.DISK, reason("disk_unwritable", path=place.where, what=str(error)))


def _of_postgres(error: Exception, where: str) -> BotError | None:
    import psycopg

    if isinstance(error, psycopg.IntegrityError):
        return IllegalTransition(error.diag.message_primary or type(error).__name__)
    if not isinstance(error, psycopg.DatabaseError):
        return None
    code = error.sqlstate or ""
    what = error.diag.message_primary or type(error).__name__
    if code == _PG_FULL:
        return SetupError(ExitCode.DISK, reason("disk_full", path=where))
    if code.startswith(_PG_READ_ONLY):
        return SetupError(ExitCode.DISK, reason("disk_unwritable", path=where, what=what))
    if code.startswith(_PG_FORBIDDEN):
        return SetupError(ExitCode.LEDGER, reason("ledger_forbidden", path=where, what=what))
    if code.startswith(_PG_DAMAGED):
        return SetupError(ExitCode.LEDGER, reason("ledger_damaged", path=where, what=what, backup="none"))
    if isinstance(error, psycopg.OperationalError):
        return SetupError(ExitCode.LEDGER, reason("ledger_unreachable", path=where))
    return None
