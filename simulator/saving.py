"""The simulator's own saved books: a file of changes, one line each, written before the answer leaves.

A killed process loses nothing that it has answered; a line torn by the kill is a change that nobody was told of.
"""

from __future__ import annotations

import errno
import fcntl
import json
import os
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from io import FileIO
    from pathlib import Path

Change = dict[str, Any]

_BOOKS = "books.jsonl"
_GROWTH = 8_000_000


class BooksDamaged(Exception):
    """The saved books cannot be read."""


class AlreadyRuns(Exception):
    """Another simulator has this folder."""


class SavedBooks:
    """The folder of one simulator; holds its lock as long as the process lives."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._path = folder / _BOOKS
        self._lock = (folder / "lock").open("wb")
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            self._lock.close()
            raise AlreadyRuns(str(folder)) from None
        self._file: FileIO | None = None
        self._base = self._written = 0

    def read(self) -> list[Change]:
        """Return all changes, oldest first; empty where there are no books yet. Raises `BooksDamaged`."""
        if not self._path.exists():
            return []
        *lines, torn = self._path.read_bytes().split(b"\n")
        del torn  # what stands behind the last line end was never answered
        try:
            return [json.loads(line) for line in lines]
        except ValueError:
            raise BooksDamaged(str(self._path)) from None

    def rewrite(self, change: Change) -> None:
        """Begin the file anew with one change that says everything; the former file stays until this one is whole."""
        self._close()
        new = self._path.with_suffix(".new")
        with new.open("wb") as file:
            os.fchmod(file.fileno(), 0o600)
            file.write(_line(change))
            file.flush()
            os.fsync(file.fileno())
        new.replace(self._path)
        self._file = self._path.open("ab", buffering=0)
        self._base = self._written = self._path.stat().st_size

    def append(self, change: Change) -> bool:
        """Write one change; returns whether the file has grown so far that it should be rewritten."""
        if self._file is None:
            raise BooksDamaged("the books are not open")
        line = _line(change)
        if self._file.write(line) != len(line):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        self._written += len(line)
        return self._written > self._base * 4 + _GROWTH

    def close(self) -> None:
        """Let the folder go."""
        self._close()
        self._lock.close()

    def _close(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None


def _line(change: Change) -> bytes:
    return json.dumps(change, separators=(",", ":"), ensure_ascii=False).encode() + b"\n"
