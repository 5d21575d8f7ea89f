"""The table of days off is what the package that others keep says."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tools.us_days import PLACE, ROOT, main, table

if TYPE_CHECKING:
    from pathlib import Path

    import pytest


def test_the_table_is_up_to_date() -> None:
    assert (ROOT / PLACE).read_text(encoding="utf-8") == table(), "run python -m tools.us_days"


def test_a_stale_table_is_told_and_written(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    place = tmp_path / PLACE
    place.parent.mkdir()
    place.write_text("CLOSED = {}\n")

    assert main(["--check"], tmp_path) == 1
    assert capsys.readouterr().out == f"not up to date: {PLACE}\n"
    assert main([], tmp_path) == 0
    assert place.read_text(encoding="utf-8") == table()
    assert main(["--check"], tmp_path) == 0
