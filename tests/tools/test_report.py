"""`python -m tools.report`: which ledger it takes, where it writes, and that it writes what the bot itself would."""

from __future__ import annotations

import json
import re
import sys
from typing import TYPE_CHECKING

import pytest

from domain.errors import ExitCode
from domain.snapshot import Mode
from ledger.opening import Identity, open_ledger, open_reader
from ledger.places import SqlitePlace
from reports.figures import RUN
from reports.wording import Wording
from reports.writing import write_report
from tests.ledger.desk import FixedClock
from tests.reports.books import ROW
from tools.report import main

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

Asked = tuple[int, dict[str, object] | None, str]


def begin(folder: Path, mode: Mode, symbol: str) -> SqlitePlace:
    """Make a ledger with nothing in it but its run."""
    place = SqlitePlace(folder)
    identity = Identity("bithumb_bot", mode, "BITHUMB")
    with open_ledger(place, identity, create=True, clock=FixedClock()) as ledger, ledger.commit() as page:
        page.state(RUN, {**ROW, "symbol": symbol})
    return place


@pytest.fixture
def ask(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[..., Asked]:
    """Runs the tool in a house of its own; gives its exit code, its summary and what it said."""
    monkeypatch.setenv("DATA_DIR", str(tmp_path))
    monkeypatch.setenv("INSTANCE", "bithumb_bot")

    def asked(*arguments: str) -> Asked:
        monkeypatch.setattr(sys, "argv", ["report", *arguments])
        code = main()
        told = capsys.readouterr()
        return code, json.loads(told.out) if told.out else None, told.err

    return asked


def test_the_own_ledger_goes_before_the_demo_and_the_demo_before_paper(
    ask: Callable[..., Asked], tmp_path: Path
) -> None:
    found: list[object] = []
    for folder, mode, reports in (
        ("paper/bithumb_bot/dry_run", Mode.DRY_RUN, "paper/reports"),
        ("demo/run-1/bithumb_bot/demo", Mode.DEMO, "demo/run-1/reports"),
        ("bithumb_bot/dry_run", Mode.DRY_RUN, "reports"),
    ):
        place = begin(tmp_path / folder, mode, f"KRW-{len(found)}")
        code, summary, said = ask()

        assert (code, place.where in said) == (ExitCode.OK, True)
        assert summary is not None
        found.append(summary["symbol"])
        files = {file.name for file in (tmp_path / reports).iterdir()}
        assert files == {"bithumb_report.html", "bithumb_report.json"}

    assert found == ["KRW-0", "KRW-1", "KRW-2"]


def test_a_demo_that_was_begun_anew_is_not_asked(ask: Callable[..., Asked], tmp_path: Path) -> None:
    begin(tmp_path / "demo/run-1/bithumb_bot/demo", Mode.DEMO, "KRW-NEW")
    begin(tmp_path / "demo/run-1.old/bithumb_bot/demo", Mode.DEMO, "KRW-OLD")

    _, summary, _ = ask()

    assert summary is not None
    assert summary["symbol"] == "KRW-NEW"


def test_a_ledger_that_lies_elsewhere_has_its_reports_beside_it(ask: Callable[..., Asked], tmp_path: Path) -> None:
    place = begin(tmp_path / "copied", Mode.LIVE, "KRW-BTC")

    code, _, said = ask("--ledger", str(place.folder), "--language", "en")

    assert code == ExitCode.OK
    assert "The report is here" in said
    assert (place.folder / "reports/bithumb_report.html").read_text("utf-8").count('<html lang="en">') == 1


def test_it_writes_what_the_bot_itself_would(ask: Callable[..., Asked], tmp_path: Path) -> None:
    place = begin(tmp_path / "bithumb_bot/dry_run", Mode.DRY_RUN, "KRW-BTC")
    reader = open_reader(place)
    own = write_report(reader, tmp_path / "own", "bithumb_report", Wording("ko"))
    reader.close()

    ask("--out", str(tmp_path / "tool"))

    mine, its = (
        json.loads((folder / "bithumb_report.json").read_text("utf-8")) for folder in (own.parent, tmp_path / "tool")
    )
    assert its | {"made_at": None} == mine
    page = re.sub(
        r"<br><span[^>]*>[^<]*<time[^>]*>[^<]*</time></span></dd></div>\n</dl>",
        "</dd></div>\n</dl>",
        (tmp_path / "tool/bithumb_report.html").read_text("utf-8"),
    )
    assert page == own.read_text("utf-8")


def test_a_folder_that_cannot_be_written_has_an_exit_code_of_its_own_and_the_summary_is_told(
    ask: Callable[..., Asked], tmp_path: Path
) -> None:
    begin(tmp_path / "bithumb_bot/dry_run", Mode.DRY_RUN, "KRW-BTC")
    (tmp_path / "taken").touch()

    code, summary, said = ask("--out", str(tmp_path / "taken"))

    assert code == ExitCode.DISK
    assert summary is not None
    assert str(tmp_path / "taken") in said


def test_before_the_first_run_it_says_where_it_looked(ask: Callable[..., Asked], tmp_path: Path) -> None:
    code, summary, said = ask()

    assert (code, summary) == (ExitCode.LEDGER, None)
    assert str(tmp_path / "paper") in said
