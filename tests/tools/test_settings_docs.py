"""The example and the guides are those of the schema."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from bot.settings import READERS
from bot.sources import load_settings
from tools.settings_docs import ROOT, documents, main

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize("path", sorted(documents()))
def test_what_is_generated_is_up_to_date(path: str) -> None:
    assert (ROOT / path).read_text(encoding="utf-8") == documents()[path], "run python -m tools.settings_docs"


def test_the_example_holds_every_setting_once_and_sets_none() -> None:
    lines = documents()[".env.example"].splitlines()

    assert all(not line or line.startswith("#") for line in lines)
    assert re.findall(r"^#([A-Z][A-Z_]+)=", "\n".join(lines), re.MULTILINE) == list(READERS)


def test_the_values_of_the_example_are_the_defaults(tmp_path: Path) -> None:
    dotenv = tmp_path / ".env"
    dotenv.write_text(re.sub(r"^#(?=[A-Z][A-Z_]+=)", "", documents()[".env.example"], flags=re.MULTILINE))

    told, plain = load_settings(dotenv=dotenv), load_settings()

    assert {name: getattr(told, name.lower()) for name in READERS} == {
        name: getattr(plain, name.lower()) for name in READERS
    }


def test_a_guide_has_a_row_of_four_cells_for_every_setting() -> None:
    for path in ("docs/settings.md", "docs/settings.ko.md"):
        rows = [line for line in documents()[path].splitlines() if line.startswith("| `")]
        assert [row.split("`")[1] for row in rows] == list(READERS)
        assert all(row.count("|") == 5 for row in rows)


def test_a_check_writes_nothing_and_says_what_is_stale(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--check"], tmp_path) == 1
    assert list(tmp_path.iterdir()) == []
    assert "not up to date: .env.example" in capsys.readouterr().out

    assert main([], tmp_path) == 0
    assert main(["--check"], tmp_path) == 0
