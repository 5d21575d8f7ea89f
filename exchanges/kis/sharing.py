"""Files that several programs on one key share: one at a time, whole or not at all, and for nobody else to read."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
from contextlib import contextmanager
from typing import TYPE_CHECKING

from domain.reason import reason
from exchanges.transport import NoAnswer

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

_OURS = 0o600
_BYTES_MAX = 64 * 1024
_NAME_DIGITS = 16


def name_of(mode: str, app_key: str) -> str:
    """Return under which name the files of a key stand; it tells nothing about the key."""
    return f"kis-{mode}-{hashlib.sha256(app_key.encode()).hexdigest()[:_NAME_DIGITS]}"


class SharedFile:
    """One JSON object in a file, which a damaged or missing file stands empty for.

    The lock is a file of its own beside it: it excludes threads as well as processes, for each opens it anew.
    """

    def __init__(self, path: Path) -> None:
        """Remember where it stands; nothing is made yet."""
        self._path = path
        self._lock_path = path.with_suffix(".lock")

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Keep everybody else out while the block runs; raises `NoAnswer` where the folder cannot be used."""
        handle = self._opened_lock()
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
            yield
        finally:
            os.close(handle)

    def read(self) -> Mapping[str, object]:
        """Return what the file holds; nothing where it is missing, damaged or not readable."""
        try:
            handle = os.open(self._path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
        except OSError:
            return {}
        try:
            value = json.loads(os.read(handle, _BYTES_MAX))
        except (OSError, ValueError, RecursionError):
            return {}
        finally:
            os.close(handle)
        return value if isinstance(value, dict) else {}

    def write(self, value: Mapping[str, object]) -> None:
        """Replace the file by a whole new one; only within `locked`. Raises `NoAnswer` where that is not possible."""
        fresh = self._path.with_suffix(".new")
        try:
            fresh.unlink(missing_ok=True)
            handle = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW, _OURS)
            try:
                os.fchmod(handle, _OURS)
                os.write(handle, json.dumps(value).encode())
            finally:
                os.close(handle)
            fresh.replace(self._path)
        except OSError as error:
            raise self._unusable(error) from None

    def _opened_lock(self) -> int:
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            return os.open(self._lock_path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, _OURS)
        except OSError as error:
            raise self._unusable(error) from None

    def _unusable(self, error: OSError) -> NoAnswer:
        why = reason("kis_shared_folder", path=str(self._path.parent), problem=error.strerror or type(error).__name__)
        return NoAnswer("the shared folder cannot be used", why=why)
