"""Settings written without a dialogue: `--set NAME=VALUE`, all of them or, where one is faulty, none."""

from __future__ import annotations

import getpass
import re
import sys
from typing import TYPE_CHECKING

from bot.setting_values import Refused
from bot.settings import READERS
from domain.errors import ExitCode, SetupError
from domain.reason import reason
from tools.setup.draft import Draft

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from domain.reason import Reason
    from reports.wording import Wording

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,63}")
_FROM_INPUT = "-"


def assign(path: Path, environ: Mapping[str, str], given: Sequence[str], wording: Wording) -> int:
    """Write settings after the bot's own reading of the whole file; raises `SetupError` with every fault of it."""
    values, faults = _values(given)
    draft = Draft(path, environ)
    for name, text in values.items():
        try:
            draft.set({name: text})
        except Refused as refused:
            faults.append(refused.why)
    try:
        draft.settings()
    except SetupError as error:
        # What the file cannot hold, or the command line does not say, comes first; the bot's reading tells the rest.
        faults += error.faults
    if faults:
        raise SetupError(ExitCode.SETTINGS, *faults)
    if secret := [
        name
        for name, text in values.items()
        if text and name in READERS and READERS[name].secret and f"{name}=-" not in given
    ]:
        _tell(wording, reason("setup_secret_in_list", name=secret[0]))
    changes = list(draft.changes())
    draft.save(wording.text("setup_heading"))
    for name, value in changes:
        print(f"{name}={value}" if value else f"{name}: {wording.text('setup_unset')}")
    _tell(wording, reason("setup_written", path=str(path), count=len(changes)))
    if hidden := draft.hidden_by_environment():
        _tell(wording, reason("setup_environment_wins", names=", ".join(hidden)))
    return ExitCode.OK


def _values(given: Sequence[str]) -> tuple[dict[str, str], list[Reason]]:
    """Return the values by name, those of `NAME=-` read from the input; what has no form is a fault."""
    values: dict[str, str] = {}
    faults: list[Reason] = []
    for position, each in enumerate(given, start=1):
        name, equals, text = each.partition("=")
        name = name.strip().upper()
        if not equals or not _NAME.fullmatch(name):
            # What was typed is not shown: it may be a key that lost its name.
            faults.append(reason("override_form", position=position))
            continue
        values[name] = _from_input(name) if text == _FROM_INPUT else text
    return values, faults


def _from_input(name: str) -> str:
    """Return a value that stands in no list of processes: one line of the input, not shown where it is typed."""
    if sys.stdin.isatty():
        return getpass.getpass(f"{name}: ")
    return sys.stdin.readline().rstrip("\r\n")


def _tell(wording: Wording, why: Reason) -> None:
    sys.stderr.write(f"{wording.sentence(why)}\n")
    sys.stderr.flush()
