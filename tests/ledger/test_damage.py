"""A damaged file is refused and left as it is, or told by the audit; a full disk costs nothing that was committed."""

import os
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.book import Book
from domain.errors import ExitCode, SetupError
from domain.instrument import Side
from ledger.audit import audit
from ledger.faults import as_ours
from ledger.places import SqlitePlace
from tests.ledger.desk import MORNING, SYMBOL, Desk, opened
from tests.ledger.test_opening import ROOT, refused


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> tuple[bytes, Book]:
    """A closed ledger with a history, as its bytes, and its book."""
    place = SqlitePlace(tmp_path_factory.mktemp("sound"))
    with Desk.at(place) as desk:
        desk.adopt("c0", "2", "95.5")
        for n in range(40):
            desk.buy("100", "1.5", fee="0.375", slot=f"c{n}")
            if n % 3 == 0:
                desk.sell("101.25", "1.5", fee="0.380", slot=f"c{n}")
        desk.move("c1", "dust", "0.5")
        with desk.ledger.commit() as page:
            page.state("grid", {"cells": ["x" * 5000]})
        assert audit(desk.ledger.reader) == []
    return place.file.read_bytes(), desk.book()


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> SqlitePlace:
    """A folder in which one file after another is tried."""
    return SqlitePlace(tmp_path_factory.mktemp("bench"))


def judge(place: SqlitePlace, content: bytes, book: Book) -> str:
    """Try a file: it is refused untouched, or right, or the audit tells."""
    for leftover in place.folder.glob("ledger.sqlite3*"):
        leftover.unlink()
    place.file.write_bytes(content)
    refusal = None
    try:
        ledger = opened(place)
    except SetupError as error:
        refusal = error
    else:
        with ledger:
            found = audit(ledger.reader)
            assert found or ledger.reader.book(SYMBOL) == book
            return "told" if found else "sound"
    assert refusal.exit_code is ExitCode.LEDGER
    assert place.file.read_bytes() == content
    return refusal.faults[0].code


def test_the_bench_finds_the_sound_file_sound(bench: SqlitePlace, sound: tuple[bytes, Book]) -> None:
    assert judge(bench, *sound) == "sound"


def test_a_file_cut_anywhere_is_refused(bench: SqlitePlace, sound: tuple[bytes, Book]) -> None:
    content, book = sound
    page = 4096
    borders = {n * page + more for n in range(len(content) // page) for more in (-1, 0, 1)}
    cuts = sorted({0, 1, 16, 99, 100, 512, len(content) // 2, len(content) - 1, *borders} - {-1})

    for cut in cuts:
        assert judge(bench, content[:cut], book) == "ledger_damaged", cut


@settings(max_examples=300)
@given(data=st.data())
def test_no_flipped_bit_makes_wrong_books(bench: SqlitePlace, sound: tuple[bytes, Book], data: st.DataObject) -> None:
    content, book = bytearray(sound[0]), sound[1]
    offset = data.draw(st.integers(0, len(content) - 1))
    content[offset] ^= 1 << data.draw(st.integers(0, 7))

    judge(bench, bytes(content), book)


def test_no_flipped_bit_of_the_header_makes_wrong_books(bench: SqlitePlace, sound: tuple[bytes, Book]) -> None:
    for offset in range(120):
        for bit in (0, 3, 7):
            content = bytearray(sound[0])
            content[offset] ^= 1 << bit
            judge(bench, bytes(content), sound[1])


def test_a_page_of_zeros_is_no_secret(bench: SqlitePlace, sound: tuple[bytes, Book]) -> None:
    content, book = sound
    for begin in range(0, len(content), 4096):
        judge(bench, content[:begin] + bytes(4096) + content[begin + 4096 :], book)


def test_a_half_file_is_refused_with_the_newest_good_copy(folder: SqlitePlace) -> None:
    with Desk.at(folder) as desk:
        desk.buy("100", "1")
        good = desk.ledger.back_up(MORNING)
        bad = desk.ledger.back_up(desk.later())
        assert good is not None
        assert bad is not None
    content = folder.file.read_bytes()
    folder.file.write_bytes(content[: len(content) // 2])
    bad.write_bytes(bad.read_bytes()[:5000])

    with refused("ledger_damaged") as figures:
        opened(folder)

    assert figures["backup"] == str(good)
    assert folder.file.read_bytes() == content[: len(content) // 2]
    assert sorted(path.name for path in folder.folder.iterdir()) == ["backups", "ledger.sqlite3"]
    folder.file.write_bytes(good.read_bytes())
    with opened(folder) as ledger:
        assert ledger.reader.book(SYMBOL) == desk.book()


@pytest.mark.parametrize("content", [b"", b"not a database at all", b"x" * 20000])
def test_what_is_no_ledger_is_refused(folder: SqlitePlace, content: bytes) -> None:
    folder.folder.mkdir()
    folder.file.write_bytes(content)

    with refused("ledger_damaged") as figures:
        opened(folder)

    assert figures["backup"] == "none"
    assert folder.file.read_bytes() == content


def test_the_database_of_another_program_is_refused(folder: SqlitePlace) -> None:
    folder.folder.mkdir()
    connection = sqlite3.connect(folder.file)
    connection.execute("CREATE TABLE trades (id)")
    connection.close()

    with refused("ledger_damaged"):
        opened(folder)


def test_a_log_without_its_ledger_is_not_taken_for_a_new_beginning(folder: SqlitePlace) -> None:
    opened(folder).close()
    folder.wal.write_bytes(b"commits")
    folder.file.unlink()

    with refused("ledger_damaged"):
        opened(folder)


def test_a_flipped_figure_is_told_by_the_audit(folder: SqlitePlace) -> None:
    with Desk.at(folder) as desk:
        desk.buy("100", "1.5", fee="0.375")
    _tamper(folder, "UPDATE lots SET qty = '1.7'")

    with opened(folder) as ledger:
        codes = {fault.code for fault in audit(ledger.reader)}

    assert codes == {"audit_lots_differ"}


def _tamper(place: SqlitePlace, *statements: str) -> None:
    connection = sqlite3.connect(place.file, isolation_level=None)
    for statement in statements:
        connection.execute(statement)
    connection.close()


def test_a_killed_writer_loses_nothing_that_was_committed(folder: SqlitePlace) -> None:
    ended = _run(
        f"""
with Desk.at(SqlitePlace(Path({str(folder.folder)!r}))) as desk:
    desk.buy("100", "1")
    order = desk.rest(Side.SELL, "101", "1")
    with desk.ledger.commit() as page:
        page.order(order.advance(OrderState.CANCELED), desk.now)
        os._exit(9)
"""
    )

    assert ended.returncode == 9
    assert folder.wal.stat().st_size > 0
    with opened(folder) as ledger:
        assert [order.side for order in ledger.reader.open_orders()] == [Side.SELL]
        assert len(ledger.reader.fills(9)) == 1
        assert audit(ledger.reader) == []


def test_a_damaged_file_beside_its_log_is_left_as_it_is(folder: SqlitePlace) -> None:
    _run(
        f"""
desk = Desk.at(SqlitePlace(Path({str(folder.folder)!r})))
desk.buy("100", "1")
desk.ledger.close()
desk = Desk.at(desk.place)
desk.rest(Side.SELL, "101", "1")
os._exit(9)
"""
    )
    log = folder.wal.read_bytes()
    content = folder.file.read_bytes()
    half = content[: len(content) // 2]
    folder.file.write_bytes(half)
    assert log

    with refused("ledger_damaged"):
        opened(folder)

    assert (folder.file.read_bytes(), folder.wal.read_bytes()) == (half, log)
    folder.file.write_bytes(content)
    with opened(folder) as ledger:
        assert len(ledger.reader.open_orders()) == 1
        assert audit(ledger.reader) == []


def test_a_log_cut_anywhere_gives_an_earlier_page_whole(folder: SqlitePlace) -> None:
    _run(
        f"""
desk = Desk.at(SqlitePlace(Path({str(folder.folder)!r})))
for n in range(3):
    desk.buy("100", "1", fee="0.25", slot=f"c{{n}}")
os._exit(9)
"""
    )
    content, log = folder.file.read_bytes(), folder.wal.read_bytes()
    bookings = set()

    for cut in (*range(0, len(log), 4096 + 24 - 7), len(log)):
        for leftover in folder.folder.glob("ledger.sqlite3*"):
            leftover.unlink()
        folder.file.write_bytes(content)
        folder.wal.write_bytes(log[:cut])
        with opened(folder) as ledger:
            assert audit(ledger.reader) == []
            bookings.add(len(ledger.reader.fills(9)))

    assert bookings == {0, 1, 2, 3}


def test_a_full_disk_ends_the_writing_and_keeps_what_was_committed(folder: SqlitePlace) -> None:
    ended = _run(
        f"""
desk = Desk.at(SqlitePlace(Path({str(folder.folder)!r})))
size = desk.place.wal.stat().st_size if desk.place.wal.exists() else 0
resource.setrlimit(resource.RLIMIT_FSIZE, (size + 2_000_000, resource.RLIM_INFINITY))
codes = []
for n in range(500):
    try:
        desk.buy("100", "1", slot=f"c{{n}}")
    except SetupError as error:
        codes.append(f"{{error.exit_code}} {{error.faults[0].code.partition('_')[0]}}")
        if len(codes) == 3:
            break
print(len(desk.ledger.reader.fills(999)), *codes, sep=",")
os._exit(0)
"""
    )

    booked, *codes = ended.stdout.strip().split(",")
    assert codes == ["8 disk", "8 disk", "8 disk"], ended
    assert int(booked) > 3
    with opened(folder) as ledger:
        assert len(ledger.reader.fills(999)) == int(booked)
        assert audit(ledger.reader) == []


def _run(body: str) -> subprocess.CompletedProcess[str]:
    program = (
        "import os, resource\n"
        "from pathlib import Path\n"
        "from domain.errors import SetupError\n"
        "from domain.instrument import Side\n"
        "from domain.order import OrderState\n"
        "from ledger.places import SqlitePlace\n"
        "from tests.ledger.desk import Desk\n" + body
    )
    return subprocess.run([sys.executable, "-c", program], cwd=ROOT, check=False, capture_output=True, text=True)


def test_a_disk_too_small_for_a_new_ledger_is_told(folder: SqlitePlace) -> None:
    ended = _run(
        f"""
resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, resource.RLIM_INFINITY))
try:
    Desk.at(SqlitePlace(Path({str(folder.folder)!r})))
except SetupError as error:
    print(int(error.exit_code))
"""
    )

    assert ended.stdout == "8\n", ended.stderr
    opened(folder).close()


def test_a_full_database_is_a_full_disk(folder: SqlitePlace) -> None:
    connection = sqlite3.connect(":memory:")
    connection.execute("PRAGMA max_page_count=2")
    connection.execute("CREATE TABLE t (x)")
    with pytest.raises(sqlite3.OperationalError) as caught:
        connection.execute("INSERT INTO t VALUES (zeroblob(9999))")
    connection.close()

    ours = as_ours(caught.value, folder)

    assert isinstance(ours, SetupError)
    assert (ours.exit_code, ours.faults[0].code) == (ExitCode.DISK, "disk_full")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_without_rights_is_told(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)

    with refused("disk_unwritable", ExitCode.DISK):
        opened(SqlitePlace(tmp_path / "dry_run"))


def test_a_ledger_that_another_program_holds_is_in_use(folder: SqlitePlace) -> None:
    with Desk.at(folder) as desk:
        desk.buy("100", "1")
    holder = sqlite3.connect(folder.file, isolation_level=None)
    with opened(folder) as ledger:
        holder.execute("BEGIN IMMEDIATE")
        ledger.reader._source.run("PRAGMA busy_timeout=0")  # type: ignore[union-attr]  # noqa: SLF001  # waiting would only cost time
        with refused("ledger_in_use", ExitCode.ALREADY_RUNS), ledger.commit() as page:
            page.state("grid", {})
        holder.execute("ROLLBACK")
    holder.close()
