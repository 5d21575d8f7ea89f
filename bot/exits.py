"""How the process ends: every fault becomes a sentence for the owner and an exit code, never a traceback."""

from __future__ import annotations

import errno
import logging
import os
import sys
import traceback
from pathlib import Path
from typing import TYPE_CHECKING

from domain.errors import ExitCode, SetupError
from domain.reason import reason

if TYPE_CHECKING:
    from collections.abc import Callable

    from domain.reason import Reason
    from reports.wording import Wording

log = logging.getLogger(__name__)

INTERRUPTED = 130
"""What a shell expects of a program that was ended with Ctrl-C."""

_ROOT = Path(__file__).resolve().parent.parent
_FULL = {errno.ENOSPC, errno.EDQUOT}


def run_guarded(main: Callable[[], int], wording: Wording) -> int:
    """Run a launcher and return its exit code; whatever it raises is said on stderr in the owner's language."""
    try:
        return main()
    except SetupError as error:
        _say(wording, *error.faults)
        return error.exit_code
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        # Whoever read our output has seen enough; Python must not find the closed pipe again at its own end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return ExitCode.OK
    except Exception as error:  # noqa: BLE001 - the last door: behind it Python would print a traceback
        return _unexpected(error, wording)


def _unexpected(error: Exception, wording: Wording) -> int:
    if isinstance(error, OSError) and error.errno in _FULL:
        _say(wording, reason("disk_full", path=str(error.filename or "?")))
        return ExitCode.DISK
    if isinstance(error, OSError) and error.errno == errno.EROFS:
        _say(wording, reason("disk_unwritable", path=str(error.filename or "?"), what=error.strerror or "EROFS"))
        return ExitCode.DISK
    # Without the error's text: it may hold values that must not leave us.
    log.critical("ended by %s at %s", type(error).__name__, " < ".join(places(error)))
    _say(wording, reason("our_fault", error=type(error).__name__, place=next(iter(places(error)), "?")))
    return ExitCode.OUR_FAULT


def places(error: BaseException) -> list[str]:
    """Return where an error came from as `file:line`, the innermost place of our own code first."""
    steps = [(Path(step.filename), step.lineno) for step in traceback.extract_tb(error.__traceback__)]
    ours = [f"{path.relative_to(_ROOT)}:{line}" for path, line in reversed(steps) if _is_ours(path)]
    return ours or [f"{path.name}:{line}" for path, line in reversed(steps)]


def _is_ours(path: Path) -> bool:
    return path.is_relative_to(_ROOT) and ".venv" not in path.parts


def _say(wording: Wording, *faults: Reason) -> None:
    for fault in faults:
        sys.stderr.write(f"{wording.sentence(fault)}\n")
    sys.stderr.flush()
