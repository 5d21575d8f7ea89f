"""One process per instance: a lock that the kernel gives back when its holder dies."""

from __future__ import annotations

import fcntl
import os
from contextlib import contextmanager
from typing import TYPE_CHECKING

from domain.errors import ExitCode, SetupError
from domain.reason import reason

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from domain.reason import Reason

_PID_BYTES_MAX = 20


@contextmanager
def instance_lock(path: Path) -> Iterator[None]:
    """Hold the lock while the block runs; raises `SetupError` when another process holds it.

    The file stays behind: removing it would let two processes lock two files of the same name. Nobody else may write
    or read it; the process id in it only informs.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    except OSError as error:
        raise SetupError(ExitCode.DISK, _unwritable(path, error)) from error
    try:
        _take(handle, path)
        yield
    finally:
        os.close(handle)


def _take(handle: int, path: Path) -> None:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        why = reason("already_runs", path=str(path), pid=_pid_in(handle))
        raise SetupError(ExitCode.ALREADY_RUNS, why) from None
    except OSError as error:
        raise SetupError(ExitCode.DISK, _unwritable(path, error)) from error
    os.fchmod(handle, 0o600)
    os.ftruncate(handle, 0)
    os.pwrite(handle, f"{os.getpid()}\n".encode(), 0)


def _pid_in(handle: int) -> str:
    """Return what the holder wrote; it may be about to write it."""
    text = os.pread(handle, _PID_BYTES_MAX, 0).decode("ascii", "replace").strip()
    return text if text.isdecimal() else "?"


def _unwritable(path: Path, error: OSError) -> Reason:
    return reason("disk_unwritable", path=str(path), what=error.strerror or type(error).__name__)
