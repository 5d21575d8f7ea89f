"""Opens a ledger, or says why it must not be opened: another's, newer than this program, damaged, in use."""

from __future__ import annotations

import contextlib
import hashlib
import sqlite3
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy.exc import DBAPIError

from domain.errors import ExitCode, SetupError
from domain.reason import reason
from ledger import engines
from ledger.backups import back_up, create_private, fault_of, flush, make_private
from ledger.columns import Moment
from ledger.driver import Driver, Pool
from ledger.faults import as_ours, damaged, of_disk
from ledger.migrating import HISTORY, REVISION, History, copy_schema, migrate
from ledger.places import PostgresPlace, SqlitePlace
from ledger.reader import Reader
from ledger.writer import Ledger

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime
    from pathlib import Path

    from sqlalchemy import Engine

    from domain.clock import Clock
    from domain.snapshot import Mode
    from ledger.places import Place


@dataclass(frozen=True, slots=True)
class Identity:
    """Whose ledger it is; one is never opened for another instance, mode or exchange."""

    instance: str
    mode: Mode
    exchange: str


@dataclass(frozen=True, slots=True)
class _Wanted:
    """What the caller asks for, and when."""

    identity: Identity
    create: bool
    history: History
    now: datetime

    def marks(self) -> dict[str, str]:
        """Return what a ledger says of itself from its first commit on."""
        return {**self.names(), "created_at": Moment().written(self.now)}

    def names(self) -> dict[str, str]:
        """Return what an existing ledger has to say of itself."""
        wanted = self.identity
        return {"instance": wanted.instance, "mode": str(wanted.mode), "exchange": wanted.exchange}


def open_ledger(place: Place, identity: Identity, *, create: bool, clock: Clock, history: History = HISTORY) -> Ledger:
    """Open a ledger for writing, made or migrated where needed; raises `SetupError` with the reason."""
    wanted = _Wanted(identity, create, history, clock.now())
    if isinstance(place, SqlitePlace):
        with _our_errors(place):
            _prepare_file(place, wanted)
        with _connected(place) as (engine, driver):
            return Ledger(engine, driver, place)
    with _connected(place) as (engine, driver):
        _lock(driver, place)
        with _our_errors(place):
            _prepare_schema(engine, driver, place, wanted)
        return Ledger(engine, driver, place)


def open_reader(place: Place) -> Reader:
    """Open a ledger for reading only, beside its writer or without one; raises `SetupError` with the reason."""
    if isinstance(place, SqlitePlace) and not place.file.exists():
        raise _missing(place)
    pool = Pool(engines.reading(place), place)
    try:
        with pool.connected() as driver:
            if isinstance(place, PostgresPlace) and not _has_revision(driver):
                raise _missing(place)
            found = _revision(driver, place, HISTORY)
        if found != HISTORY.head:
            raise SetupError(ExitCode.LEDGER, reason("ledger_not_migrated", found=found, known=HISTORY.head))
    except BaseException:
        pool.close()
        raise
    return Reader(pool)


@contextlib.contextmanager
def _connected(place: Place) -> Iterator[tuple[Engine, Driver]]:
    """Lend the writer's connection, to keep unless an exception passes."""
    engine = engines.writing(place)
    driver = Driver(engine, place)
    try:
        yield engine, driver
    except BaseException:
        driver.close()
        engine.dispose()
        raise


@contextlib.contextmanager
def _our_errors(place: Place) -> Iterator[None]:
    """Turn what disk and database raise outside the driver's own door into a refusal to start."""
    try:
        yield
    except OSError as error:
        if not isinstance(place, SqlitePlace):
            raise
        raise of_disk(error, place.folder) from error
    except (sqlite3.Error, DBAPIError) as error:
        cause = error.orig if isinstance(error, DBAPIError) and isinstance(error.orig, Exception) else error
        ours = as_ours(cause, place)
        if not isinstance(ours, SetupError):
            raise
        raise ours from error


def _prepare_file(place: SqlitePlace, wanted: _Wanted) -> None:
    if not place.file.exists():
        if place.wal.exists():
            raise damaged(place, "the file is gone and its log is left")
        if not wanted.create:
            raise _missing(place)
        _create_file(place, wanted)
        return
    # Looked at without the right to write: a damaged file stays as it was found.
    if (fault := fault_of(place.file)) is not None:
        raise damaged(place, fault)
    engine = engines.reading(place)
    try:
        with contextlib.closing(Driver(engine, place)) as driver:
            found = _identified(driver, place, wanted)
    finally:
        engine.dispose()
    make_private(place.folder)
    if found != wanted.history.head:
        back_up(place.file, place.backups, found, wanted.now)
        _migrate_file(place.file, wanted.history)


def _create_file(place: SqlitePlace, wanted: _Wanted) -> None:
    """Make the ledger under another name first: a crash in between must not look like an emptied ledger."""
    make_private(place.folder)
    fresh = place.folder / "ledger.sqlite3.new"
    for leftover in place.folder.glob(f"{fresh.name}*"):
        leftover.unlink()
    create_private(fresh)
    _migrate_file(fresh, wanted.history, wanted.marks())
    flush(fresh)
    fresh.rename(place.file)
    flush(place.folder)


def _migrate_file(file: Path, history: History, marks: dict[str, str] | None = None) -> None:
    engine = engines.sqlite_writing(file)
    try:
        migrate(engine, history, marks)
    finally:
        engine.dispose()


def _prepare_schema(engine: Engine, driver: Driver, place: PostgresPlace, wanted: _Wanted) -> None:
    if _has_revision(driver):
        found = _identified(driver, place, wanted)
        if found != wanted.history.head:
            copy_schema(driver, place.schema, found)
            migrate(engine, wanted.history)
        return
    if driver.run("SELECT 1 FROM pg_tables WHERE schemaname = %s", place.schema):
        raise damaged(place, "tables without a revision")
    if not wanted.create:
        raise _missing(place)
    if not driver.run("SELECT 1 FROM pg_namespace WHERE nspname = %s", place.schema):
        driver.run(f"CREATE SCHEMA {engines.quoted(place.schema)}")
    migrate(engine, wanted.history, wanted.marks())


def _lock(driver: Driver, place: PostgresPlace) -> None:
    """Take the schema's lock for as long as the connection lives."""
    digest = hashlib.sha256(f"badukpan/{place.schema}".encode()).digest()
    key = int.from_bytes(digest[:8], "big", signed=True)
    if driver.run("SELECT pg_try_advisory_lock(%s)", key) != [(True,)]:
        raise SetupError(ExitCode.ALREADY_RUNS, reason("ledger_in_use", path=place.where))


def _has_revision(driver: Driver) -> bool:
    return driver.run("SELECT to_regclass('alembic_version') IS NOT NULL") == [(True,)]


def _identified(driver: Driver, place: Place, wanted: _Wanted) -> str:
    """Return the revision of a ledger that is the wanted one."""
    found = _revision(driver, place, wanted.history)
    marks = Reader(driver).meta()
    for name, right in wanted.names().items():
        mark = marks.get(name)
        if mark is None:
            raise damaged(place, f"it does not say its {name}")
        if mark != right:
            raise SetupError(ExitCode.LEDGER, reason(f"ledger_other_{name}", found=mark, wanted=right))
    return found


def _revision(driver: Driver, place: Place, history: History) -> str:
    rows = driver.read(REVISION)
    if len(rows) != 1:
        raise damaged(place, "it does not say its revision")
    found = str(rows[0]["version_num"])
    if found not in history.revisions:
        raise SetupError(ExitCode.LEDGER, reason("ledger_newer", found=found, known=history.head))
    return found


def _missing(place: Place) -> SetupError:
    return SetupError(ExitCode.LEDGER, reason("ledger_missing", path=place.where))
