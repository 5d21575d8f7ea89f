"""How a demo begins anew: its market is ended, and what was kept of it stands beside it from then on."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

from bot.demo.process import stop_market
from bot.lock import instance_lock
from domain.errors import ExitCode, SetupError
from domain.reason import reason

if TYPE_CHECKING:
    from pathlib import Path

    from bot.demo.folder import DemoFolder
    from domain.clock import Clock


def set_aside(demo: DemoFolder, *, clock: Clock | None = None) -> None:
    """Move a former demo to its `.old`, in the place of an older one; where there is none, nothing is done.

    To be called before the demo's lock is taken. Raises `SetupError` while a bot trades there, where the market does
    not end, and when the disk refuses.
    """
    if not demo.path.exists():
        return
    with instance_lock(demo.lock):
        stop_market(demo.path, clock=clock)
        try:
            shutil.rmtree(demo.former, ignore_errors=True)
            _move(demo.path, demo.former, demo.lock)
        except OSError as error:
            what = error.strerror or type(error).__name__
            raise SetupError(ExitCode.DISK, reason("disk_unwritable", path=str(demo.path), what=what)) from error


def _move(folder: Path, to: Path, lock: Path) -> None:
    """Move all but the lock, which stays so that nobody can lock another file of its name meanwhile."""
    to.mkdir(mode=0o700)
    for entry in sorted(folder.iterdir()):
        if entry == lock.parent:
            _move(entry, to / entry.name, lock)
        elif entry != lock:
            entry.rename(to / entry.name)
