"""Beginning anew: the former demo is kept whole, the market of before is ended, and nobody is disturbed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from bot.demo.folder import DemoFolder
from bot.demo.fresh import set_aside
from bot.lock import instance_lock
from domain.errors import ExitCode, SetupError

if TYPE_CHECKING:
    from pathlib import Path

    from tests.bot.demo.markets import Markets


def demo_in(folder: Path) -> DemoFolder:
    """Return a demo that was run once, beside another one."""
    demo = DemoFolder(folder / "demo" / "market", "mine")
    with instance_lock(demo.lock):
        demo.ledger.folder.mkdir(parents=True)
    demo.ledger.file.write_text("ledger", encoding="utf-8")
    (folder / "demo" / "run-1").mkdir()
    return demo


def test_a_former_demo_is_moved_with_its_market_and_a_new_one_begins(tmp_path: Path, markets: Markets) -> None:
    demo = demo_in(tmp_path)
    former = markets.open(demo.path)
    former.door.step(None)

    set_aside(demo)
    new = markets.open(demo.path)

    assert former.process is not None
    assert former.process.wait(timeout=30) == 0
    assert (new.is_new, new.told.played) == (True, 1)
    assert markets.open(demo.former).told.played == 2
    assert (demo.former / "mine" / "demo" / "ledger.sqlite3").read_text() == "ledger"
    assert not demo.ledger.file.exists()
    assert demo.lock.exists()
    assert sorted(path.name for path in (tmp_path / "demo").iterdir()) == ["market", "market.old", "run-1"]


def test_only_the_last_former_demo_is_kept(tmp_path: Path) -> None:
    demo = demo_in(tmp_path)
    set_aside(demo)
    (demo.path / "second").touch()

    set_aside(demo)

    assert sorted(path.name for path in demo.former.iterdir()) == ["mine", "second"]


def test_a_demo_that_runs_is_not_touched(tmp_path: Path) -> None:
    demo = demo_in(tmp_path)

    with instance_lock(demo.lock), pytest.raises(SetupError) as caught:
        set_aside(demo)

    assert caught.value.exit_code is ExitCode.ALREADY_RUNS
    assert demo.ledger.file.read_text() == "ledger"
    assert not demo.former.exists()


def test_where_no_demo_is_nothing_is_done(tmp_path: Path) -> None:
    set_aside(DemoFolder(tmp_path / "demo" / "market", "mine"))

    assert list(tmp_path.iterdir()) == []
