"""A ledger is opened by whom it belongs to, or refused with the reason."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from domain.errors import ExitCode, SetupError
from domain.instrument import Side
from domain.reason import Reason
from domain.snapshot import Mode
from ledger.migrating import HISTORY
from ledger.opening import open_ledger, open_reader
from ledger.places import Place, PostgresPlace, SqlitePlace
from tests.ledger.desk import IDENTITY, Desk, FixedClock, opened

ROOT = Path(__file__).parents[2]


@contextmanager
def refused(code: str, exit_code: ExitCode = ExitCode.LEDGER) -> Iterator[dict[str, str]]:
    """Expect a refusal; its figures are there when the block has ended."""
    figures: dict[str, str] = {}
    with pytest.raises(SetupError) as caught:
        yield figures
    (fault,) = caught.value.faults
    assert isinstance(fault, Reason)
    assert (fault.code, caught.value.exit_code) == (code, exit_code)
    figures.update(fault.plain_figures())


@pytest.mark.parametrize(
    ("other", "code", "found"),
    [
        (replace(IDENTITY, instance="kis_bot"), "ledger_other_instance", "bithumb_bot"),
        (replace(IDENTITY, mode=Mode.LIVE), "ledger_other_mode", "dry_run"),
        (replace(IDENTITY, exchange="KIS"), "ledger_other_exchange", "BITHUMB"),
    ],
)
def test_the_ledger_of_another_is_refused(place: Place, other: object, code: str, found: str) -> None:
    opened(place).close()

    with refused(code) as figures:
        open_ledger(place, other, create=True, clock=FixedClock())  # type: ignore[arg-type]  # a table of cases

    assert figures["found"] == found
    opened(place).close()


def test_a_ledger_is_not_made_unasked(place: Place) -> None:
    with refused("ledger_missing"):
        opened(place, create=False)

    opened(place, create=True).close()
    opened(place, create=False).close()


def test_a_newer_ledger_is_refused(place: Place) -> None:
    newer = replace(HISTORY, revisions=("0000",))
    opened(place).close()

    with refused("ledger_newer") as figures:
        opened(place, history=newer)

    assert figures == {"found": HISTORY.head, "known": "0000"}


def test_only_the_owner_may_look(folder: SqlitePlace) -> None:
    folder.folder.mkdir(mode=0o755)
    with Desk.at(folder) as desk:
        desk.rest(Side.BUY, "100", "1")
        backup = desk.ledger.back_up(desk.now)
        assert backup is not None

        for path in (folder.file, folder.wal, backup):
            assert path.stat().st_mode & 0o777 == 0o600
        for path in (folder.folder, folder.backups):
            assert path.stat().st_mode & 0o777 == 0o700


def test_every_commit_waits_for_the_disk(folder: SqlitePlace) -> None:
    with Desk.at(folder) as desk:
        answers = [
            desk.ledger.reader._source.run(f"PRAGMA {name}")[0][0]  # type: ignore[union-attr]  # noqa: SLF001  # the connection's own settings are the promise
            for name in ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
        ]

    assert answers == ["wal", 2, 1, 5000]


def test_a_crash_while_it_is_made_leaves_no_empty_ledger(folder: SqlitePlace) -> None:
    folder.folder.mkdir()
    (folder.folder / "ledger.sqlite3.new").write_bytes(b"half made")
    (folder.folder / "ledger.sqlite3.new-wal").write_bytes(b"half made")

    opened(folder).close()

    assert sorted(path.name for path in folder.folder.iterdir()) == ["ledger.sqlite3"]


def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")

    with refused("disk_unwritable", ExitCode.DISK):
        opened(SqlitePlace(tmp_path / "file" / "dry_run"))


def test_an_odd_path_is_a_path(tmp_path: Path) -> None:
    place = SqlitePlace(tmp_path / "바둑판 50%20? #1")
    with Desk.at(place) as desk:
        desk.buy("100", "1")
    reader = open_reader(place)

    assert len(reader.fills(9)) == 1
    reader.close()


def test_alembic_is_not_imported_when_there_is_nothing_to_migrate(place: Place) -> None:
    opened(place).close()
    program = (
        "import sys\n"
        "from pathlib import Path\n"
        "from ledger.places import PostgresPlace, SqlitePlace\n"
        "from tests.ledger.desk import opened\n"
        f"opened({_spelled(place)}, create=False).close()\n"
        "print('alembic' in sys.modules)\n"
    )

    ended = subprocess.run([sys.executable, "-c", program], cwd=ROOT, check=True, capture_output=True, text=True)

    assert ended.stdout == "False\n"


def test_a_ledger_in_a_file_brings_nothing_of_a_database_server_into_memory(tmp_path: Path) -> None:
    place = SqlitePlace(tmp_path)
    opened(place).close()
    program = (
        "import sys\n"
        "from pathlib import Path\n"
        "from ledger.opening import open_reader\n"
        "from ledger.places import SqlitePlace\n"
        f"open_reader({_spelled(place)}).close()\n"
        "print(any(name.startswith('sqlalchemy.dialects.postgresql') for name in sys.modules))\n"
    )

    ended = subprocess.run([sys.executable, "-c", program], cwd=ROOT, check=True, capture_output=True, text=True)

    assert ended.stdout == "False\n"


def _spelled(place: Place) -> str:
    if isinstance(place, SqlitePlace):
        return f"SqlitePlace(Path({str(place.folder)!r}))"
    return f"PostgresPlace({place.url!r}, {place.schema!r})"


def test_one_writer_holds_a_schema(schema: PostgresPlace) -> None:
    with Desk.at(schema) as desk:
        with refused("ledger_in_use", ExitCode.ALREADY_RUNS):
            opened(schema)
        desk.buy("100", "1")
    opened(schema).close()


def test_tables_without_a_revision_are_no_ledger(schema: PostgresPlace) -> None:
    import psycopg

    opened(schema).close()
    with psycopg.connect(schema.url.replace("+psycopg", ""), autocommit=True) as connection:
        connection.execute(f'DROP TABLE "{schema.schema}".alembic_version'.encode())

    with refused("ledger_damaged"):
        opened(schema)


def test_a_server_that_goes_away_ends_the_writing(schema: PostgresPlace) -> None:
    import psycopg

    desk = Desk.at(schema)
    order = desk.rest(Side.BUY, "100", "1")
    ((pid,),) = desk.ledger.reader._source.run("SELECT pg_backend_pid()")  # type: ignore[union-attr]  # noqa: SLF001  # which connection to cut
    with psycopg.connect(schema.url.replace("+psycopg", ""), autocommit=True) as connection:
        connection.execute("SELECT pg_terminate_backend(%s, 5000)", (pid,))

    for _ in range(2):
        with refused("ledger_unreachable"):
            desk.rest(Side.BUY, "99", "1", slot="c2")
    desk.reopen()
    assert desk.ledger.reader.orders() == [order]
    desk.ledger.close()


@pytest.mark.parametrize(
    ("sqlstate", "exit_code", "code"),
    [
        ("53100", ExitCode.DISK, "disk_full"),
        ("25006", ExitCode.DISK, "disk_unwritable"),
        ("58030", ExitCode.DISK, "disk_unwritable"),
        ("28P01", ExitCode.LEDGER, "ledger_forbidden"),
        ("42501", ExitCode.LEDGER, "ledger_forbidden"),
        ("XX001", ExitCode.LEDGER, "ledger_damaged"),
        ("57P01", ExitCode.LEDGER, "ledger_unreachable"),
    ],
)
def test_what_the_server_refuses_is_told(schema: PostgresPlace, sqlstate: str, exit_code: ExitCode, code: str) -> None:
    with opened(schema) as ledger, refused(code, exit_code):
        ledger.reader._source.run(f"DO $$ BEGIN RAISE EXCEPTION USING ERRCODE = '{sqlstate}'; END $$")  # type: ignore[union-attr]  # noqa: SLF001  # the server itself raises each code


def test_a_fault_of_this_program_keeps_its_own_name(schema: PostgresPlace) -> None:
    with opened(schema) as ledger, pytest.raises(Exception, match="syntax error"):
        ledger.reader._source.run("SELEKT")  # type: ignore[union-attr]  # noqa: SLF001  # a misspelt statement of ours


@pytest.mark.parametrize(
    "url",
    [
        "postgresql+psycopg://owner:geheim@127.0.0.1:1/postgres",
        "postgresql://owner:geheim@127.0.0.1:1/postgres",
        "postgresql://127.0.0.1:1/postgres?user=owner&password=geheim",
    ],
)
def test_an_unreachable_server_is_told_without_the_password(url: str) -> None:
    place = PostgresPlace(url, "bithumb_bot_live")

    with refused("ledger_unreachable") as figures:
        opened(place)

    assert "127.0.0.1:1" in figures["path"]
    assert "geheim" not in f"{figures}{place!r}"


def test_an_address_that_is_none_is_told_without_its_text() -> None:
    with pytest.raises(SetupError) as caught:
        opened(PostgresPlace("geheim", "s"))

    assert caught.value.faults[0].code == "ledger_address_invalid"
    assert "geheim" not in str(caught.value)
