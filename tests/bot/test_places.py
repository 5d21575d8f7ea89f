"""Where a run on candles keeps its things: begun anew each time, the former run beside it, one at a time."""

from pathlib import Path

import pytest

from bot.lock import instance_lock
from bot.places import begin_anew, paper_folder, paper_ledger
from domain.errors import ExitCode, SetupError


def refusal_of(data_dir: Path) -> SetupError:
    with pytest.raises(SetupError) as caught, begin_anew(data_dir):
        pass
    return caught.value


def run_once(data_dir: Path, mark: str) -> None:
    with begin_anew(data_dir) as folder:
        (folder / "mark").write_text(mark, encoding="utf-8")


def mark_in(data_dir: Path, folder: str) -> str:
    return (data_dir / folder / "mark").read_text(encoding="utf-8")


def test_a_run_begins_with_an_empty_folder_that_only_its_owner_can_enter(tmp_path: Path) -> None:
    with begin_anew(tmp_path / "data") as folder:
        assert folder == tmp_path / "data" / "paper.new"
        assert list(folder.iterdir()) == []
        assert folder.stat().st_mode & 0o777 == 0o700
    assert paper_folder(tmp_path / "data").stat().st_mode & 0o777 == 0o700


def test_the_former_run_is_kept_as_paper_old_and_only_the_last_one(tmp_path: Path) -> None:
    for mark in ("first", "second", "third"):
        run_once(tmp_path, mark)

    assert (mark_in(tmp_path, "paper"), mark_in(tmp_path, "paper.old")) == ("third", "second")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["paper", "paper.lock", "paper.old"]


def test_a_second_run_at_once_is_refused_and_touches_nothing(tmp_path: Path) -> None:
    run_once(tmp_path, "first")

    with begin_anew(tmp_path) as folder:
        (folder / "mark").write_text("second", encoding="utf-8")
        assert mark_in(tmp_path, "paper") == "first"
        refused = refusal_of(tmp_path)

    assert refused.exit_code is ExitCode.ALREADY_RUNS
    assert refused.faults[0].code == "paper_already_runs"
    assert (mark_in(tmp_path, "paper"), mark_in(tmp_path, "paper.old")) == ("second", "first")


def test_the_lock_is_given_back_when_a_run_fails(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError), begin_anew(tmp_path):
        raise ZeroDivisionError

    with instance_lock(tmp_path / "paper.lock"):
        pass


def test_a_run_that_fails_leaves_the_former_ones_as_they_were(tmp_path: Path) -> None:
    run_once(tmp_path, "first")
    run_once(tmp_path, "second")

    for _ in range(2):
        with pytest.raises(ZeroDivisionError), begin_anew(tmp_path):
            raise ZeroDivisionError

    assert (mark_in(tmp_path, "paper"), mark_in(tmp_path, "paper.old")) == ("second", "first")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["paper", "paper.lock", "paper.old"]


def test_a_folder_that_cannot_be_made_is_said_with_its_path(tmp_path: Path) -> None:
    (tmp_path / "paper").mkdir()
    # A file where the former run is to be kept: the rename fails whoever tries, root included.
    (tmp_path / "paper.old").write_text("a file", encoding="utf-8")

    refused = refusal_of(tmp_path)

    assert refused.exit_code is ExitCode.DISK
    assert (refused.faults[0].code, dict(refused.faults[0].figures)["path"]) == (
        "disk_unwritable",
        str(tmp_path / "paper"),
    )


def test_a_data_folder_that_is_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("a file", encoding="utf-8")

    assert refusal_of(tmp_path / "data").exit_code is ExitCode.DISK


def test_the_ledger_of_a_run_stands_in_its_own_folder_by_instance_and_mode(tmp_path: Path) -> None:
    assert paper_ledger(tmp_path, "bithumb_bot").folder == tmp_path / "bithumb_bot" / "dry_run"
