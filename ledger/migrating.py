"""Brings the tables to the form this program knows; Alembic is imported here and only when it has work."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import column, insert, select, table

from ledger.columns import Words
from ledger.engines import quoted
from ledger.schema import meta

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy import Connection, Engine

    from ledger.driver import Driver


@dataclass(frozen=True, slots=True)
class History:
    """The revisions this program knows, oldest first, and where they stand."""

    folder: Path
    revisions: tuple[str, ...]

    @property
    def head(self) -> str:
        """Return the revision that the tables of `ledger.schema` have."""
        return self.revisions[-1]


HISTORY = History(Path(__file__).parent / "migrations", ("0001", "0002", "0003", "0004"))

# Read without Alembic: a start at the newest revision does not import it.
REVISION = select(table("alembic_version", column("version_num", Words())))


def migrate(engine: Engine, history: History, marks: Mapping[str, str] | None = None) -> None:
    """Bring a ledger to the newest revision, wholly or not at all; a new one is given its marks."""
    with engine.connect() as connection:
        lite = connection.dialect.name == "sqlite"
        if lite:
            # A table that is made anew is dropped in between; what points at it is checked before the commit.
            connection.exec_driver_sql("PRAGMA foreign_keys=OFF")
        connection.exec_driver_sql("BEGIN IMMEDIATE" if lite else "BEGIN")
        try:
            _upgrade(connection, history)
            if marks:
                connection.execute(insert(meta), [{"key": key, "value": value} for key, value in marks.items()])
            if lite and connection.exec_driver_sql("PRAGMA foreign_key_check").first() is not None:
                raise RuntimeError(f"revision {history.head} leaves a row that points at nothing")
            connection.exec_driver_sql("COMMIT")
        except BaseException:
            connection.exec_driver_sql("ROLLBACK")
            raise


def copy_schema(driver: Driver, schema: str, revision: str) -> str:
    """Copy all tables of a PostgreSQL ledger into a schema of its own, and return that schema's name."""
    tables = [str(row[0]) for row in driver.run("SELECT tablename FROM pg_tables WHERE schemaname = %s", schema)]
    with driver.transaction():
        name = _free_name(driver, schema, f"_before_{revision}")
        driver.run(f"CREATE SCHEMA {quoted(name)}")
        for table_name in sorted(tables):
            source, copy = (f"{quoted(owner)}.{quoted(table_name)}" for owner in (schema, name))
            driver.run(f"CREATE TABLE {copy} (LIKE {source} INCLUDING ALL)")
            driver.run(f"INSERT INTO {copy} SELECT * FROM {source}")  # noqa: S608  # both names are quoted
            if _count(driver, copy) != _count(driver, source):
                raise RuntimeError(f"the copy {copy} is not like its table")
    return name


def _free_name(driver: Driver, schema: str, suffix: str) -> str:
    """Return a name that no schema has; the server would cut one of more than 63 bytes."""
    for n in range(1, 1000):
        end = suffix if n == 1 else f"{suffix}_{n}"
        name = f"{schema[: 63 - len(end)]}{end}"
        if not driver.run("SELECT 1 FROM pg_namespace WHERE nspname = %s", name):
            return name
    raise RuntimeError(f"there are too many copies of {schema}")


def _count(driver: Driver, table_name: str) -> int:
    return int(driver.run(f"SELECT count(*) FROM {table_name}")[0][0])  # noqa: S608  # the name is quoted


def _upgrade(connection: Connection, history: History) -> None:
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(history.folder).replace("%", "%%"))
    config.attributes["connection"] = connection
    command.upgrade(config, history.head)
