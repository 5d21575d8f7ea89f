"""Questions in a terminal, each answered, interrupted or ended; nothing typed is kept in a history."""

from __future__ import annotations

import shutil
import sys
import termios
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

import questionary
from prompt_toolkit.key_binding import KeyBindings, merge_key_bindings
from prompt_toolkit.keys import Keys

from domain.reason import reason
from tools.setup.lines import width, wrapped

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from prompt_toolkit.key_binding import KeyPressEvent
    from questionary.question import Question

    from domain.reason import Figure, Reason
    from reports.wording import Wording

_COLUMNS_MAX = 100
_COLUMNS_MIN = 20


class Left(Exception):
    """The owner leaves without saving."""


@dataclass(frozen=True, slots=True)
class Option:
    """One line of a menu: what it stands for, how it reads, and why it cannot be chosen where it cannot."""

    value: str
    title: str
    closed: str = ""


class Asker:
    """Asks and tells in one language. Ctrl-C raises `KeyboardInterrupt`, the end of the input `EOFError`."""

    def __init__(self, wording: Wording) -> None:
        """Speak the language of a wording."""
        self.wording = wording

    def text(self, code: str, **figures: Figure) -> str:
        """Return a sentence with its figures."""
        return self.wording.sentence(reason(code, **figures))

    def say(self, code: str, **figures: Figure) -> None:
        """Tell something."""
        self.tell(self.text(code, **figures))

    def why(self, *reasons: Reason, mark: str = "! ") -> None:
        """Tell reasons, each marked so that it is not overlooked."""
        for each in reasons:
            self.tell(self.wording.sentence(each), begin=mark)

    def tell(self, text: str, begin: str = "") -> None:
        """Print a text, broken between words where the terminal ends."""
        for line in wrapped(text, _columns() - width(begin)):
            print(f"{begin}{line}")
            begin = " " * width(begin)
        sys.stdout.flush()

    def line(self) -> None:
        """Leave a line empty."""
        print()

    def choose(self, code: str, options: Sequence[Option], default: str | None = None, **figures: Figure) -> str:
        """Let one line of a menu be chosen; returns what it stands for."""
        choices = [questionary.Choice(each.title, each.value, disabled=each.closed or None) for each in options]
        return _answer(
            questionary.select(
                self.text(code, **figures),
                choices,
                default=default,
                instruction=self.text("setup_menu_keys"),
                qmark="▸",
                pointer=">",
            ),
            ends_with_d=True,
        )

    def ask(self, code: str, default: str = "", **figures: Figure) -> str:
        """Let a line be typed; returns it without spaces around it."""
        return _answer(questionary.text(self.text(code, **figures), default=default, qmark="▸")).strip()

    def ask_hidden(self, code: str, **figures: Figure) -> str:
        """Let a secret be typed or pasted: it is shown as stars, and nobody remembers it."""
        return _answer(questionary.password(self.text(code, **figures), qmark="▸")).strip()

    def confirm(self, code: str, *, default: bool, **figures: Figure) -> bool:
        """Let yes or no be chosen."""
        options = [Option("yes", self.text("setup_yes")), Option("no", self.text("setup_no"))]
        return self.choose(code, options, "yes" if default else "no", **figures) == "yes"


def _answer(question: Question, *, ends_with_d: bool = False) -> str:
    """Return what is answered; what the library would swallow ends the dialogue too."""
    extra = KeyBindings()
    keys = [Keys.SIGINT, *([Keys.ControlD] if ends_with_d else [])]
    for key in keys:
        extra.add(key, eager=True)(_end)
    application = question.application
    if application.key_bindings is not None:
        application.key_bindings = merge_key_bindings([application.key_bindings, extra])
    answer: str = question.unsafe_ask()
    return answer


def _end(event: KeyPressEvent) -> None:
    event.app.exit(exception=KeyboardInterrupt)


def _columns() -> int:
    return max(min(shutil.get_terminal_size().columns - 1, _COLUMNS_MAX), _COLUMNS_MIN)


@contextmanager
def unechoed() -> Iterator[None]:
    """Keep the terminal from showing what is typed ahead of a question: it may be a key."""
    terminal = sys.stdin.fileno()
    before = termios.tcgetattr(terminal)
    quiet = [*before]
    quiet[3] &= ~termios.ECHO
    termios.tcsetattr(terminal, termios.TCSANOW, quiet)
    try:
        yield
    finally:
        with suppress(termios.error):
            # What nobody asked for must not become a command of the shell.
            termios.tcsetattr(terminal, termios.TCSAFLUSH, before)
