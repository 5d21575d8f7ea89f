"""A file that only its owner may read, replaced whole or not at all."""

from __future__ import annotations

import os
import re
from contextlib import suppress
from typing import TYPE_CHECKING

from bot.places import on_disk
from domain.errors import ExitCode, SetupError
from domain.reason import reason
from tools.setup.envtext import EnvText

if TYPE_CHECKING:
    from pathlib import Path

_PRIVATE = 0o600


def read_private(path: Path) -> EnvText | None:
    """Return the text of a file, None where there is none; raises `SetupError` where it cannot be read."""
    try:
        return EnvText(path.read_bytes().decode("utf-8"), str(path))
    except FileNotFoundError:
        return None
    except UnicodeDecodeError:
        problem = "not UTF-8"
    except OSError as error:
        problem = error.strerror or type(error).__name__
    raise SetupError(ExitCode.SETTINGS, reason("settings_file_unreadable", path=str(path), problem=problem))


def write_private(path: Path, text: str) -> None:
    """Replace a file: private from its first byte, safe on the disk before it takes the former's place.

    Raises `SetupError` where it cannot be written. Whatever ends this halfway leaves the former file as it was.
    """
    # A link stays one: what it points to is replaced.
    target = path.resolve()
    new = target.with_name(f"{target.name}.new-{os.getpid()}")
    with on_disk(path):
        try:
            descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, _PRIVATE)
            with os.fdopen(descriptor, "wb") as file:
                file.write(text.encode())
                file.flush()
                os.fsync(file.fileno())
            new.replace(target)
        finally:
            new.unlink(missing_ok=True)
        folder = os.open(target.parent, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


def sweep(path: Path) -> None:
    """Remove what killed writers of a file left beside it; one that still writes is left alone."""
    target = path.resolve()
    pattern = re.compile(re.escape(target.name) + r"\.new-(\d{1,10})")
    with suppress(OSError):
        for left in target.parent.iterdir():
            if (match := pattern.fullmatch(left.name)) and not _is_at_work(int(match[1])):
                left.unlink(missing_ok=True)


def _is_at_work(process: int) -> bool:
    if process == os.getpid():
        return False
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True
