"""Prepares the owner's bot: `python -m tools.configure_bot [--check | --set NAME=VALUE] [--file PATH]`."""

from __future__ import annotations

import logging
import os
import signal
import sys
import warnings
from contextlib import suppress
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

from bot.exits import INTERRUPTED, run_guarded
from bot.options import Parser
from bot.places import DOTENV
from bot.settings import Language
from bot.sources import language_wanted
from domain.errors import ExitCode, SetupError
from domain.exact import keep_every_digit
from domain.reason import reason
from reports.wording import Wording
from tools.setup.privatefile import sweep

if TYPE_CHECKING:
    from argparse import Namespace
    from collections.abc import Sequence
    from types import FrameType


def _parser() -> Parser:
    options = Parser(
        prog="python -m tools.configure_bot",
        description="Prepares your bot: asks for exchange, keys, market and money, and writes .env.",
        allow_abbrev=False,
    )
    options.add_argument("--check", action="store_true", help="look at the settings as the bot will, change nothing")
    options.add_argument(
        "--set",
        metavar="NAME=VALUE",
        action="append",
        default=[],
        dest="values",
        help="write a setting without asking; NAME=- reads it from the input, NAME= unsets it",
    )
    options.add_argument("--file", type=Path, default=DOTENV, help="another file than the .env beside run.sh")
    options.add_argument("--language", choices=[str(each) for each in Language], help="ko or en")
    return options


def run(given: Namespace, wording: Wording) -> int:
    """Do what was asked for; raises `SetupError` where it cannot be done."""
    path: Path = given.file
    sweep(path)
    if given.values or given.check:
        code = 0
        if given.values:
            from tools.setup.assigning import assign

            code = assign(path, os.environ, given.values, wording)
        if given.check:
            from tools.setup.checking import check

            code = check(path, os.environ, wording)
        return code
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise SetupError(ExitCode.SETTINGS, reason("setup_no_terminal"))
    # The library of the questions is loaded for the questions only.
    from tools.setup.asking import unechoed
    from tools.setup.dialogue import Dialogue

    dialogue = Dialogue.of(path, os.environ, wording, given.language)
    try:
        with unechoed():
            return dialogue.run()
    except (KeyboardInterrupt, EOFError):
        _last_word(wording.text("setup_stopped_saved" if dialogue.draft.is_saved else "setup_stopped"))
        return INTERRUPTED


def _last_word(text: str) -> None:
    """Say it where somebody still listens: a terminal may be gone."""
    try:
        print(f"\n{text}")
        sys.stdout.flush()
    except OSError:
        # Python must not find the lost terminal again at its own end.
        with suppress(OSError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _interrupt(number: int, frame: FrameType | None) -> None:
    del number, frame
    raise KeyboardInterrupt


def _language(arguments: Sequence[str]) -> str:
    """Return the language to speak, before the command line is understood."""
    if (asked := _given(arguments, "--language")) in {*Language}:
        return asked
    return language_wanted(environ=os.environ, dotenv=Path(_given(arguments, "--file") or DOTENV))


def _given(arguments: Sequence[str], option: str) -> str:
    """Return what an option is given, empty where it is not there."""
    apart = [after for word, after in pairwise(arguments) if word == option]
    joined = [word.removeprefix(f"{option}=") for word in arguments if word.startswith(f"{option}=")]
    return next(iter([*apart, *joined]), "")


def main(arguments: Sequence[str]) -> int:
    """Run, and end as the table of exit codes says."""
    keep_every_digit()
    # What libraries log or warn of (a key cut short) would stand in the middle of a question.
    logging.getLogger().addHandler(logging.NullHandler())
    warnings.simplefilter("ignore")
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _interrupt)
    wording = Wording(_language(arguments))
    return run_guarded(lambda: run(_parser().parse_args(arguments), wording), wording)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
