"""Turns what a database driver or the disk raises into our own errors, sorted by what the owner has to do."""

from __future__ import annotations

import errno
import shutil
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
_WITHOUT_ROOM = {sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_ERROR}
_ROOM_NEEDED = 256 * 1024
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
    if _for_want_of_room(error, place):
        return SetupError(ExitCode.DISK, reason("disk_full", path=place.where))
    if is_damage(error):
        return damaged(place, str(error))
    if error.sqlite_errorcode & 0xFF in _BUSY:  # the low byte is the kind
        return SetupError(ExitCode.ALREADY_RUNS, reason("ledger_in_use", path=place.where))
    return SetupError(ExitCode.DISK, reason("disk_unwritable", path=place.where, what=str(error)))


def _for_want_of_room(error: BaseException, place: SqlitePlace) -> bool:
    """Whether the disk is full: said by the error, by the one that a failed roll-back hides, or by the disk itself."""
    first: BaseException | None = error
    while first is not None:
        code = getattr(first, "sqlite_errorcode", 0) & 0xFF
        if code == sqlite3.SQLITE_FULL:
            return True
        if code in _WITHOUT_ROOM and place.folder.exists() and shutil.disk_usage(place.folder).free < _ROOM_NEEDED:
            return True
        first = first.__context__
    return False


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
