"""Runs our statements: each is compiled by SQLAlchemy once, then goes straight to the database driver."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from sqlalchemy import Select
from sqlalchemy.exc import DBAPIError

from domain.errors import IllegalTransition
from ledger.faults import as_ours, damaged

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from sqlalchemy import BindParameter, Delete, Dialect, Engine, Insert, Update

    from ledger.places import Place

    Statement = Insert | Update | Delete | Select[Any]

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class _Plan:
    """A statement as the driver takes it."""

    statement: Statement  # kept alive: plans are found by its identity
    sql: str
    order: tuple[str, ...] | None  # the names behind the question marks; none where the driver takes names
    fixed: dict[str, Any]
    writers: tuple[tuple[str, Callable[[Any], Any] | None], ...]
    readers: tuple[tuple[str, Callable[[Any], Any] | None], ...]

    def arguments(self, values: Mapping[str, object]) -> Any:  # noqa: ANN401  # the driver takes a tuple or a dict
        """Write the values as the driver wants them."""
        bound = {
            name: values.get(name, self.fixed.get(name)) if write is None else write(values.get(name))
            for name, write in self.writers
        }
        return bound if self.order is None else tuple([bound[name] for name in self.order])

    def rows(self, found: Sequence[tuple[Any, ...]]) -> list[Row]:
        """Read rows, column by column: of many rows that takes half as long as row by row."""
        names = [name for name, _ in self.readers]
        columns = [
            cells if read is None else map(read, cells)
            for (_, read), cells in zip(self.readers, zip(*found, strict=True), strict=bool(found))
        ]
        return [dict(zip(names, cells, strict=True)) for cells in zip(*columns, strict=True)]


class Driver:
    """One connection, held by one thread, without transactions other than those asked for here."""

    def __init__(self, engine: Engine, place: Place) -> None:
        """Connect; raises `SetupError` where the ledger cannot be reached."""
        self._place = place
        self._dialect = engine.dialect
        self._plans = _plans_of(engine.dialect.name)
        self._frozen = False
        with self._speaking():
            self._pooled = engine.raw_connection()
        self._raw: Any = self._pooled.driver_connection

    def close(self) -> None:
        """Give the connection back."""
        self._pooled.close()

    def write(self, statement: Statement, *rows: Mapping[str, object]) -> None:
        """Run a statement once for each row of values."""
        plan = self._plan(statement)
        with self._speaking():
            for row in rows:
                self._raw.execute(plan.sql, plan.arguments(row))

    def read(self, statement: Select[Any], **values: object) -> list[Row]:
        """Return the rows of a query; what cannot be understood is damage."""
        plan = self._plan(statement)
        with self._speaking():
            found = self._raw.execute(plan.sql, plan.arguments(values)).fetchall()
        try:
            return plan.rows(found)
        except (ValueError, TypeError, LookupError, AttributeError, ArithmeticError) as error:
            raise damaged(self._place, f"a row cannot be read: {type(error).__name__}: {error}") from error

    def run(self, sql: str, *arguments: object) -> list[tuple[Any, ...]]:
        """Run one line of plain SQL that is the same each time."""
        with self._speaking():
            cursor = self._raw.execute(sql, arguments)
            return list(cursor.fetchall()) if cursor.description else []

    @contextlib.contextmanager
    def transaction(self) -> Iterator[None]:
        """Make everything inside durable at once, or nothing of it."""
        if self._frozen:
            raise IllegalTransition("a commit inside a frozen reading of the same connection")
        self.run("BEGIN IMMEDIATE" if self._dialect.name == "sqlite" else "BEGIN")
        try:
            yield
            self.run("COMMIT")
        except BaseException:
            self._roll_back()
            raise

    @contextlib.contextmanager
    def snapshot(self) -> Iterator[Driver]:
        """Let every query inside see the same moment."""
        if self._frozen:
            yield self
            return
        self.run("BEGIN" if self._dialect.name == "sqlite" else "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
        self._frozen = True
        try:
            yield self
        finally:
            self._frozen = False
            self._roll_back()

    @contextlib.contextmanager
    def connected(self) -> Iterator[Driver]:
        """Lend this connection for one query."""
        yield self

    def _roll_back(self) -> None:
        # SQLite ends a transaction by itself after some faults, and a lost server has none any more.
        with contextlib.suppress(self._dialect.loaded_dbapi.Error):
            self._raw.execute("ROLLBACK")

    @contextlib.contextmanager
    def _speaking(self) -> Iterator[None]:
        try:
            yield
        except DBAPIError as error:
            ours = None if error.orig is None else as_ours(_driver_error(error), self._place)
            if ours is None:
                raise
            raise ours from error
        except self._dialect.loaded_dbapi.Error as error:
            ours = as_ours(error, self._place)
            if ours is None:
                raise
            raise ours from error

    def _plan(self, statement: Statement) -> _Plan:
        plan = self._plans.get(id(statement))
        if plan is None:
            plan = self._plans[id(statement)] = _planned(statement, self._dialect)
        return plan


class Pool:
    """Connections for faces that only read; each query borrows one."""

    def __init__(self, engine: Engine, place: Place) -> None:
        """Know where to connect; nothing is opened yet."""
        self._engine = engine
        self._place = place

    @contextlib.contextmanager
    def connected(self) -> Iterator[Driver]:
        """Lend a connection for one query."""
        with contextlib.closing(Driver(self._engine, self._place)) as driver:
            yield driver

    @contextlib.contextmanager
    def snapshot(self) -> Iterator[Driver]:
        """Lend a connection whose queries see the same moment."""
        with self.connected() as driver, driver.snapshot():
            yield driver

    def close(self) -> None:
        """Close every connection."""
        self._engine.dispose()


@cache
def _plans_of(dialect: str) -> dict[int, _Plan]:  # noqa: ARG001  # what they are kept by
    """Return the plans made so far, which outlive a connection: each report opens one of its own."""
    return {}


def _driver_error(error: DBAPIError) -> Exception:
    return error.orig if isinstance(error.orig, Exception) else error


def _planned(statement: Statement, dialect: Dialect) -> _Plan:
    compiled: Any = statement.compile(dialect=dialect)
    columns = statement.selected_columns if isinstance(statement, Select) else ()
    return _Plan(
        statement=statement,
        sql=compiled.string,
        order=tuple(compiled.positiontup) if compiled.positional else None,
        fixed={name: bind.value for name, bind in compiled.binds.items() if bind.value is not None},
        writers=tuple((name, _writer(bind, dialect)) for name, bind in compiled.binds.items()),
        readers=tuple((str(column.key), _reader(column.type, dialect)) for column in columns),
    )


def _writer(bind: BindParameter[Any], dialect: Dialect) -> Callable[[Any], Any] | None:
    write = bind.type.dialect_impl(dialect).bind_processor(dialect)
    if write is None or bind.value is None:
        return write
    fixed = write(bind.value)
    return lambda value: fixed if value is None else write(value)


def _reader(kind: Any, dialect: Dialect) -> Callable[[Any], Any] | None:  # noqa: ANN401  # a column type of any value
    read: Callable[[Any], Any] | None = kind.dialect_impl(dialect).result_processor(dialect, None)
    return read
