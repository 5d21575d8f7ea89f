"""Gives each test a ledger of its own: in a folder, and in a schema of a server where one is named."""

import os
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path

import pytest

from ledger.places import Place, PostgresPlace, SqlitePlace
from tests.ledger.desk import Desk

POSTGRES = "BADUKPAN_TEST_POSTGRES"

_NUMBERS = count(1)


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
def places(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[], Place]]:
    """Makes places where no ledger is yet; more than one test, or example, can ask."""
    if request.param == "sqlite":
        yield lambda: SqlitePlace(tmp_path_factory.mktemp("ledger") / "dry_run")
        return
    url = postgres_url()
    made: list[str] = []

    def make() -> Place:
        made.append(f"ledger_test_{os.getpid()}_{next(_NUMBERS)}")
        return PostgresPlace(url, made[-1])

    yield make
    drop_schemas(url, made)


@pytest.fixture
def place(places: Callable[[], Place]) -> Place:
    return places()


@pytest.fixture
def desk(place: Place) -> Iterator[Desk]:
    """Trades on a new ledger."""
    with Desk.at(place) as desk:
        yield desk


@pytest.fixture
def folder(tmp_path: Path) -> SqlitePlace:
    return SqlitePlace(tmp_path / "dry_run")


@pytest.fixture
def schema() -> Iterator[PostgresPlace]:
    url = postgres_url()
    place = PostgresPlace(url, f"ledger_test_{os.getpid()}_{next(_NUMBERS)}")
    yield place
    drop_schemas(url, [place.schema])


def postgres_url() -> str:
    url = os.environ.get(POSTGRES)
    if not url:
        pytest.skip(f"{POSTGRES} names no server")
    return url


def drop_schemas(url: str, names: list[str]) -> None:
    """Drop the schemas and the copies that were made of them."""
    import psycopg

    with psycopg.connect(url.replace("+psycopg", ""), autocommit=True) as connection:
        found = [str(row[0]) for row in connection.execute("SELECT nspname FROM pg_namespace")]
        for name in found:
            if any(name == made or name.startswith(f"{made}_before_") for made in names):
                connection.execute(f'DROP SCHEMA "{name}" CASCADE'.encode())
