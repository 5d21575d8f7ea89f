"""A ledger is brought to the newest form after a copy was made, wholly or not at all."""

import shutil
import sqlite3
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import inspect

from domain.decision import Note, Weight
from domain.instrument import Side
from domain.order import OrderState
from domain.reason import reason
from ledger import engines
from ledger.audit import audit
from ledger.backups import create_private, fault_of
from ledger.indexes import metadata
from ledger.migrating import HISTORY, History, migrate
from ledger.opening import open_reader
from ledger.places import Place, PostgresPlace, SqlitePlace
from tests.ledger.desk import IDENTITY, MORNING, SYMBOL, Desk, opened
from tests.ledger.test_opening import refused

NEXT = '''"""A later form of the tables."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Make a table anew and fill a column."""
    with op.batch_alter_table("orders") as orders:
        orders.add_column(sa.Column("tag", sa.Text(), nullable=False, server_default="none"))
    {more}
'''


def later(tmp_path: Path, more: str = "pass") -> History:
    """Return a history with one revision more than this program has."""
    folder = tmp_path / "migrations"
    shutil.copytree(HISTORY.folder, folder, ignore=shutil.ignore_patterns("__pycache__"))
    (folder / "versions" / "0005_later.py").write_text(NEXT.replace("{more}", more))
    return History(folder, (*HISTORY.revisions, "0005"))


def begun_at(place: Place, revision: str) -> None:
    """Make a ledger as the program of that revision did."""
    if isinstance(place, SqlitePlace):
        place.folder.mkdir()
        create_private(place.file)
    engine = engines.writing(place)
    if isinstance(place, PostgresPlace):
        with engine.connect() as connection:
            connection.exec_driver_sql(f'CREATE SCHEMA "{place.schema}"')
    names = {"instance": IDENTITY.instance, "mode": str(IDENTITY.mode), "exchange": IDENTITY.exchange}
    migrate(engine, History(HISTORY.folder, HISTORY.revisions[: HISTORY.revisions.index(revision) + 1]), names)
    engine.dispose()


def copy_rows(source: Place, target: Place) -> None:
    """Copy what both ledgers have a column for."""
    reading, writing = engines.reading(source), engines.writing(target)
    with reading.connect() as rows_of, writing.connect() as into:
        tables = set(inspect(writing).get_table_names()) - {"alembic_version", "meta"}
        for table in sorted(tables, key=("orders", *sorted(tables - {"orders"})).index):
            columns = ", ".join(f'"{column["name"]}"' for column in inspect(writing).get_columns(table))
            rows = rows_of.exec_driver_sql(f"SELECT {columns} FROM {table}").all()  # noqa: S608  # names of our own tables
            mark = "?" if isinstance(target, SqlitePlace) else "%s"
            marks = ", ".join([mark] * len(columns.split(", ")))
            for row in rows:
                line = f"INSERT INTO {table} ({columns}) VALUES ({marks})"  # noqa: S608  # names of our own tables
                into.exec_driver_sql(line, tuple(row))
    reading.dispose()
    writing.dispose()


def test_a_ledger_of_the_first_form_is_brought_to_the_newest(places: Callable[[], Place]) -> None:
    newest, first = places(), places()
    with Desk.at(newest) as desk:
        desk.adopt("c0", "2", "95.5")
        desk.buy("100", "1.5", fee="0.375", slot="start")
        desk.move("start", "c1", "1.5")
        desk.sell("101", "1.5", fee="0.375", slot="c1")
        desk.rest(Side.BUY, "90", "1", slot="c3")
        desk.rest(Side.BUY, "90", "1", symbol="KRW-ETH")
        desk.write(desk.write(desk.intent(Side.BUY, "80", "1", slot="c4")).advance(OrderState.VOID))
        with desk.ledger.commit() as page:
            page.decision(MORNING, SYMBOL, Note("grid", reason("follow_refused", gaps=1), Weight.WARNING))
            page.state("run", {"symbol": SYMBOL})
        orders, states = desk.ledger.reader.orders(), desk.ledger.reader.states()
        sales = desk.ledger.reader.cycles(SYMBOL, 9)
        warnings = desk.ledger.reader.warnings(9)
    begun_at(first, "0001")
    copy_rows(newest, first)
    if isinstance(first, SqlitePlace):
        with refused("ledger_not_migrated"):
            open_reader(first)

    with opened(first, create=False) as ledger:
        read = ledger.reader
        assert read.orders() == orders
        assert read.book(SYMBOL) == desk.book()
        assert read.states() == states
        assert read.tallies() == {SYMBOL: 3, "KRW-ETH": 1}
        assert {record.earned for record in read.each_fill()} == {None}
        assert [replace(each, earned=None) for each in sales[0].sells] == list(read.cycles(SYMBOL, 9)[0].sells)
        assert [cycle.earned for cycle in read.cycles(SYMBOL, 9)] == [cycle.earned for cycle in sales]
        assert read.warnings(9) == warnings
        assert read.marks(SYMBOL, 60) == []
        assert audit(read) == []
    # It goes on in the new form.
    with Desk.at(first) as again:
        again.books = desk.books
        again.sell("97", "2", slot="c0")
        assert again.ledger.reader.fills(1)[0].earned == Decimal(3)
        assert again.ledger.reader.accepted(SYMBOL) == 4
        assert audit(again.ledger.reader) == []


def test_the_migrations_make_the_tables_of_the_schema(place: Place) -> None:
    opened(place).close()
    engine = engines.writing(place)

    with engine.connect() as connection:
        found = compare_metadata(MigrationContext.configure(connection, opts={"compare_type": True}), metadata)

    engine.dispose()
    assert found == []


def test_the_index_of_open_orders_is_partial(place: Place) -> None:
    opened(place).close()
    engine = engines.writing(place)

    indexes = {index["name"]: index for index in inspect(engine).get_indexes("orders")}

    engine.dispose()
    found = indexes["one_open_order_per_slot"]
    where = next(iter(found["dialect_options"].values()))
    assert found["unique"]
    assert str(where).strip("()") == "closed_at IS NULL"


def test_the_program_knows_all_its_revisions() -> None:
    config = Config()
    config.set_main_option("script_location", str(HISTORY.folder))
    walked = [script.revision for script in ScriptDirectory.from_config(config).walk_revisions()]

    assert tuple(reversed(walked)) == HISTORY.revisions


def test_a_new_ledger_needs_no_copy(folder: SqlitePlace, tmp_path: Path) -> None:
    opened(folder, history=later(tmp_path)).close()

    assert not folder.backups.exists()


def test_a_copy_is_made_before_a_migration(folder: SqlitePlace, tmp_path: Path) -> None:
    with Desk.at(folder) as desk:
        desk.buy("100", "1", fee="0.5")
        desk.rest(Side.SELL, "101", "1")
    history = later(tmp_path)

    with opened(folder, history=history) as ledger:
        assert ledger.reader.book(SYMBOL) == desk.book()
        assert audit(ledger.reader) == []

    (copy,) = folder.backups.iterdir()
    assert copy.name == "ledger-20261120T010203Z-0004.sqlite3"
    assert fault_of(copy) is None
    connection = sqlite3.connect(folder.file)
    assert connection.execute("SELECT version_num FROM alembic_version").fetchall() == [("0005",)]
    assert connection.execute("SELECT count(*), min(tag) FROM orders").fetchone() == (2, "none")
    connection.close()
    with refused("ledger_newer") as figures:
        opened(folder)
    assert figures == {"found": "0005", "known": "0004"}
    with refused("ledger_newer"):
        open_reader(folder)
    shutil.copy(copy, folder.file)
    with opened(folder) as ledger:
        assert ledger.reader.book(SYMBOL) == desk.book()
        assert audit(ledger.reader) == []


def test_a_copy_is_made_before_a_migration_on_the_server(schema: PostgresPlace, tmp_path: Path) -> None:
    import psycopg

    with Desk.at(schema) as desk:
        desk.buy("100", "1", fee="0.5")
    history = later(tmp_path)

    opened(schema, history=history).close()

    with refused("ledger_newer"):
        opened(schema)
    copied = PostgresPlace(schema.url, f"{schema.schema}_before_0004")
    with opened(copied, create=False) as ledger:
        assert ledger.reader.book(SYMBOL) == desk.book()
        assert audit(ledger.reader) == []
    with psycopg.connect(schema.url.replace("+psycopg", ""), autocommit=True) as connection:
        connection.execute(f'SET search_path TO "{schema.schema}"'.encode())
        rows = connection.execute("SELECT count(*), min(tag) FROM orders").fetchall()
    assert rows == [(1, "none")]


def test_a_migration_that_fails_changes_nothing(place: Place, tmp_path: Path) -> None:
    with Desk.at(place) as desk:
        desk.buy("100", "1")
        desk.rest(Side.SELL, "101", "1")
    history = later(tmp_path, "raise RuntimeError('half way')")

    with pytest.raises(RuntimeError, match="half way"):
        opened(place, history=history)

    with opened(place) as ledger:
        assert ledger.reader.book(SYMBOL) == desk.book()
        assert len(ledger.reader.open_orders()) == 1
        assert audit(ledger.reader) == []


def test_a_migration_that_leaves_orphans_is_taken_back(folder: SqlitePlace, tmp_path: Path) -> None:
    with Desk.at(folder) as desk:
        desk.buy("100", "1")
    history = later(tmp_path, "op.execute('DELETE FROM orders')")

    with pytest.raises(RuntimeError, match="points at nothing"):
        opened(folder, history=history)

    with opened(folder) as ledger:
        assert audit(ledger.reader) == []


def test_tables_that_this_program_cannot_read_are_refused_with_the_copy(folder: SqlitePlace, tmp_path: Path) -> None:
    with Desk.at(folder) as desk:
        desk.buy("100", "1")
    history = later(tmp_path, "op.drop_column('orders', 'why')")

    # The tables of tomorrow are not those this program reads.
    with refused("ledger_damaged") as figures:
        opened(folder, history=history)

    (copy,) = folder.backups.iterdir()
    assert figures["backup"] == str(copy)


def test_a_face_does_not_read_tables_of_yesterday(folder: SqlitePlace) -> None:
    opened(folder).close()
    connection = sqlite3.connect(folder.file)
    connection.execute("UPDATE alembic_version SET version_num = '0000'")
    connection.commit()
    connection.close()

    with refused("ledger_newer"):
        open_reader(folder)


def test_copies_of_one_moment_do_not_overwrite_each_other(folder: SqlitePlace) -> None:
    with Desk.at(folder) as desk:
        copies = {desk.ledger.back_up(MORNING) for _ in range(3)}

    assert len(copies) == 3
    assert set(folder.backups.iterdir()) == copies


def test_a_copy_is_made_while_the_ledger_is_written(folder: SqlitePlace) -> None:
    with Desk.at(folder) as desk:
        desk.buy("100", "1")
        copy = desk.ledger.back_up(MORNING)
        desk.sell("101", "1")
    assert copy is not None
    restored = SqlitePlace(folder.folder.parent / "restored")
    restored.folder.mkdir()
    shutil.copy(copy, restored.file)

    with opened(restored) as ledger:
        assert len(ledger.reader.fills(9)) == 1
        assert audit(ledger.reader) == []


def test_a_server_keeps_its_own_copies(schema: PostgresPlace) -> None:
    with Desk.at(schema) as desk:
        assert desk.ledger.back_up(MORNING) is None
