"""Files of a report: whole or not at all, named after the exchange, for their owner's eyes."""

from __future__ import annotations

import json
import resource
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from ledger.places import SqlitePlace
from reports.places import report_name
from reports.wording import Wording
from reports.writing import write_report
from tests.ledger.desk import Desk
from tests.reports.books import describe, fixture_two

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    """Trades on a new ledger."""
    with Desk.at(SqlitePlace(tmp_path / "dry_run")) as desk:
        fixture_two(desk)
        yield desk


@contextmanager
def files_of_at_most(size: int) -> Iterator[None]:
    """Let the system refuse to write more than so many bytes into a file."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_page_and_twin_are_written_together(desk: Desk, tmp_path: Path) -> None:
    folder = tmp_path / "reports"

    where = write_report(desk.ledger.reader, folder, "bithumb_report", Wording("ko"))

    assert where == folder / "bithumb_report.html"
    assert sorted(file.name for file in folder.iterdir()) == ["bithumb_report.html", "bithumb_report.json"]
    assert json.loads((folder / "bithumb_report.json").read_text("utf-8"))["summary"]["total_pnl"] == "0.702"
    assert {file.stat().st_mode & 0o077 for file in folder.iterdir()} == {0}


def test_a_report_that_cannot_be_written_leaves_the_former_one(desk: Desk, tmp_path: Path) -> None:
    folder = tmp_path / "reports"
    write_report(desk.ledger.reader, folder, "r", Wording("ko"))
    former = {file: file.read_bytes() for file in folder.iterdir()}
    describe(desk, last="120")

    # The twin still fits, the page does not.
    with files_of_at_most(20_000), pytest.raises(OSError, match="File too large"):
        write_report(desk.ledger.reader, folder, "r", Wording("en"))

    assert {file: file.read_bytes() for file in folder.iterdir()} == former


def test_where_no_folder_can_be_made_the_caller_hears_of_it(desk: Desk, tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("a file", encoding="utf-8")

    with pytest.raises(OSError, match="taken"):
        write_report(desk.ledger.reader, tmp_path / "taken", "r", Wording("ko"))


@pytest.mark.parametrize(
    ("exchange", "instance", "name"),
    [
        ("BITHUMB", "bithumb_bot", "bithumb_report"),
        ("KIS", "kis_bot", "kis_report"),
        ("BITHUMB", "second", "second_report"),
        ("KIS", "bithumb_bot", "bithumb_bot_report"),
    ],
)
def test_a_report_is_named_after_its_exchange_unless_the_instance_has_a_name(
    exchange: str, instance: str, name: str
) -> None:
    assert report_name(exchange, instance) == name
