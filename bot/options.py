"""The command line of the bot: what was asked for, and what is not built yet."""

from __future__ import annotations

from argparse import ArgumentParser, RawDescriptionHelpFormatter
from dataclasses import dataclass
from decimal import Decimal
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from bot.setting_values import Refused, exact
from domain.errors import ExitCode, SetupError
from domain.exact import ONE
from domain.reason import reason

if TYPE_CHECKING:
    from collections.abc import Sequence

_LATER = ("--demo", "--days", "--from", "--speed", "--fresh")
"""Options of the demo against a venue's simulator."""


@dataclass(frozen=True, slots=True)
class Options:
    """A run on candles: the file, what its prices are multiplied by, how many bars, settings that go first."""

    prices: Path
    scale: Decimal
    bars: int | None
    overrides: tuple[str, ...]


class Parser(ArgumentParser):
    """Refuses in the owner's language, without echoing values."""

    def error(self, message: str) -> NoReturn:
        """Refuse as settings are refused, in the owner's language; of what was typed only options are shown."""
        # A value may be a key that stands in the wrong place.
        options = [word.partition("=")[0].rstrip(":,") for word in message.split() if word.startswith("--")]
        raise SetupError(ExitCode.SETTINGS, reason("command_line", problem=" ".join(options) or "?"))


def parser() -> ArgumentParser:
    """Return the options that exist."""
    options = Parser(
        prog="run.sh",
        formatter_class=RawDescriptionHelpFormatter,
        description="Trades a grid on a file of candles, in this process, with the rules of the chosen exchange.",
        epilog="Settings come from --set, the environment and .env; docs/settings.md lists them.",
        allow_abbrev=False,
    )
    options.add_argument(
        "--prices", metavar="FILE", help="candles: time_utc,open,high,low,close,volume (CSV, gzip too)"
    )
    options.add_argument("--paper", action="store_true", help="trade on paper, in this process")
    options.add_argument("--exit", action="store_true", help="end at the last bar (a run on paper always does)")
    options.add_argument("--scale", metavar="X", default="1", help="multiply the file's prices")
    options.add_argument("--bars", metavar="N", help="play only the first N bars")
    options.add_argument("--set", metavar="NAME=VALUE", action="append", default=[], dest="overrides")
    for name in _LATER:
        options.add_argument(name, nargs="?", const="", help="not built yet")
    return options


def read_options(arguments: Sequence[str]) -> Options:
    """Understand a command line; raises `SetupError` where it asks for what is wrong or not built yet."""
    given = parser().parse_args(arguments)
    asked_later = [name for name in _LATER if getattr(given, name.removeprefix("--")) is not None]
    if asked_later:
        raise SetupError(ExitCode.SETTINGS, reason("option_not_built", option=asked_later[0]))
    if given.prices is None:
        raise SetupError(ExitCode.SETTINGS, reason("paper_needs_prices" if given.paper else "what_works_today"))
    if not given.paper:
        raise SetupError(ExitCode.SETTINGS, reason("prices_need_paper", path=given.prices))
    return Options(Path(given.prices), _scale(given.scale), _bars(given.bars), tuple(given.overrides))


def _scale(text: str) -> Decimal:
    try:
        scale = exact(text)
    except Refused:
        scale = Decimal(0)
    if scale <= 0:
        raise SetupError(ExitCode.SETTINGS, reason("scale_not_positive", value=text))
    return scale


def _bars(text: str | None) -> int | None:
    if text is None:
        return None
    if not text.isascii() or not text.isdecimal() or Decimal(text) < ONE:
        raise SetupError(ExitCode.SETTINGS, reason("bars_not_positive", value=text))
    return int(text)


def overrides_in(arguments: Sequence[str]) -> tuple[str, ...]:
    """Return the settings of a command line that may be faulty: for the language to say so in. Never raises."""
    return tuple(value for name, value in pairwise(arguments) if name == "--set" and "=" in value)
