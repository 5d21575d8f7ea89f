"""Engines for the one writer and the many readers of a ledger, and how each connection is set."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING, Any

from sqlalchemy import create_engine, event
from sqlalchemy.pool import NullPool, QueuePool

from domain.errors import ExitCode, SetupError
from domain.reason import reason
from ledger.places import SqlitePlace

if TYPE_CHECKING:
    from pathlib import Path

    from sqlalchemy import Engine

    from ledger.places import Place, PostgresPlace

BUSY_TIMEOUT_S = 5
CONNECT_TIMEOUT_S = 10


def writing(place: Place) -> Engine:
    """Return the writer's engine; every commit waits for the disk."""
    return sqlite_writing(place.file) if isinstance(place, SqlitePlace) else _postgres(place, read_only=False)


def sqlite_writing(file: Path) -> Engine:
    """Return an engine on an existing file; SQLite never creates one by itself."""

    def connect() -> sqlite3.Connection:
        uri = f"{file.absolute().as_uri()}?mode=rw"
        connection = sqlite3.connect(uri, uri=True, timeout=BUSY_TIMEOUT_S, isolation_level=None)
        try:
            connection.execute("PRAGMA journal_mode=WAL")
            connection.execute("PRAGMA synchronous=FULL")
            connection.execute("PRAGMA foreign_keys=ON")
        except BaseException:
            connection.close()
            raise
        return connection

    return create_engine("sqlite://", creator=connect, poolclass=NullPool, isolation_level="AUTOCOMMIT")


def reading(place: Place) -> Engine:
    """Return an engine that cannot change anything and takes no lock."""
    if not isinstance(place, SqlitePlace):
        return _postgres(place, read_only=True)

    def connect() -> sqlite3.Connection:
        uri = f"{place.file.absolute().as_uri()}?mode=ro"
        # A pool hands a connection to one thread at a time, but not always to the same.
        return sqlite3.connect(uri, uri=True, timeout=BUSY_TIMEOUT_S, isolation_level=None, check_same_thread=False)

    return create_engine("sqlite://", creator=connect, poolclass=QueuePool, isolation_level="AUTOCOMMIT")


def _postgres(place: PostgresPlace, *, read_only: bool) -> Engine:
    try:
        engine = create_engine(
            place.address,
            isolation_level="AUTOCOMMIT",
            poolclass=QueuePool if read_only else NullPool,
            pool_pre_ping=read_only,
            connect_args={"connect_timeout": CONNECT_TIMEOUT_S, "client_encoding": "utf8"},
        )
    except ImportError as error:
        raise SetupError(ExitCode.LEDGER, reason("ledger_driver_missing", package="psycopg")) from error

    @event.listens_for(engine, "connect", insert=True)
    def settle(connection: Any, _record: object) -> None:  # noqa: ANN401  # the driver's own connection
        connection.autocommit = True
        connection.execute("SELECT set_config('search_path', %s, false)", (quoted(place.schema),))
        connection.execute("SET synchronous_commit TO on")
        if read_only:
            connection.execute("SET default_transaction_read_only TO on")

    return engine


def quoted(name: str) -> str:
    """Write a name so that the server takes it as it is."""
    doubled = name.replace('"', '""')
    return f'"{doubled}"'
