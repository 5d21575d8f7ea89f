"""Where a run keeps its things: folders of its own, one ledger per instance and mode."""

from __future__ import annotations

import shutil
from contextlib import contextmanager
from typing import TYPE_CHECKING

from bot.lock import instance_lock
from domain.errors import ExitCode, SetupError
from domain.reason import reason
from domain.snapshot import Mode
from ledger.places import SqlitePlace

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_PRIVATE = 0o700


def paper_folder(data_dir: Path) -> Path:
    """Return where the last run on candles is kept."""
    return data_dir / "paper"


@contextmanager
def begin_anew(data_dir: Path) -> Iterator[Path]:
    """Lend an empty folder for a run on candles; the former run is kept beside it as `paper.old`.

    Raises `SetupError` while another such run goes on, and when the folder cannot be made.
    """
    folder = paper_folder(data_dir)
    with instance_lock(data_dir / "paper.lock"):
        try:
            former = folder.with_name("paper.old")
            if folder.exists():
                shutil.rmtree(former, ignore_errors=True)
                folder.rename(former)
            folder.mkdir(mode=_PRIVATE, parents=True)
        except OSError as error:
            what = error.strerror or type(error).__name__
            raise SetupError(ExitCode.DISK, reason("disk_unwritable", path=str(folder), what=what)) from error
        yield folder


def paper_ledger(folder: Path, instance: str) -> SqlitePlace:
    """Return where a run on candles keeps its ledger: always a file in its own folder, whatever `DATABASE_URL` says."""
    return SqlitePlace(folder / instance / str(Mode.DRY_RUN))
