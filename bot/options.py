"""The command line of the bot: which run is asked for, on which market, with which settings going first."""

from __future__ import annotations

import re
from argparse import ArgumentParser, RawDescriptionHelpFormatter
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn, TypeVar

from bot.setting_values import Refused, exact, shown
from domain.errors import ExitCode, SetupError
from domain.exact import ONE, ZERO
from domain.reason import reason
from domain.split import Split

if TYPE_CHECKING:
    from argparse import Namespace
    from collections.abc import Callable, Iterator, Sequence

    from domain.reason import Reason

DAYS_MAX = 3650
SPEED = Decimal(8)
"""Prints of a demo's market per real second, where nothing else is asked for."""

_WHOLE_DIGITS_MAX = 12
_FIRST_YEAR, _LAST_YEAR = 2000, 2099
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)

T = TypeVar("T")
D = TypeVar("D")


class Run(StrEnum):
    """The runs there are; which one it is when the command line does not say, the house decides."""

    PAPER = "paper"
    DEMO = "demo"
    OWN = "own"


@dataclass(frozen=True, slots=True)
class Options:
    """What was asked for; `run` is None where the command line does not say.

    `speed` is None for no cap. `for_demo` names what was given and means something in a demo only.
    """

    run: Run | None
    prices: Path | None = None
    scale: Decimal = ONE
    bars: int | None = None
    days: int | None = None
    begins: date | None = None
    speed: Decimal | None = SPEED
    fresh: bool = False
    exit_at_end: bool = False
    resume: bool = False
    import_orders: bool = False
    release: tuple[str, ...] = ()
    split: Split | None = None
    overrides: tuple[str, ...] = ()
    for_demo: tuple[str, ...] = ()

    def check_outside_demo(self) -> None:
        """Raise `SetupError` where an option was given that only a demo understands."""
        if self.for_demo:
            faults = (reason("option_needs_demo", option=option) for option in self.for_demo)
            raise SetupError(ExitCode.SETTINGS, *faults)


def _typed(program: str) -> str:
    """Return what is typed for a program of ours."""
    return f"./{program}" if program.endswith(".sh") else program.replace("python", ".venv/bin/python", 1)


class Parser(ArgumentParser):
    """Refuses in the owner's language, without echoing values."""

    def error(self, message: str) -> NoReturn:
        """Refuse as settings are refused, in the owner's language; of what was typed only options are shown."""
        # A value may be a key that stands in the wrong place.
        options = [word.partition("=")[0].rstrip(":,") for word in message.split() if word.startswith("--")]
        raise SetupError(
            ExitCode.SETTINGS, reason("command_line", problem=" ".join(options) or "?", program=_typed(self.prog))
        )


def parser() -> ArgumentParser:
    """Return the options there are."""
    options = Parser(
        prog="run.sh",
        formatter_class=RawDescriptionHelpFormatter,
        description="Trades a grid: with your settings, in a demo, or on a file of candles on paper.",
        epilog="Settings come from --set, the environment and .env; docs/settings.md lists them.\n"
        "Without options: your own bot where there are settings of yours, else the demo.",
        allow_abbrev=False,
    )
    options.add_argument("--demo", action="store_true", help="trade on a simulated exchange, without keys or money")
    options.add_argument(
        "--prices", metavar="FILE", help="candles: time_utc,open,high,low,close,volume (CSV, gzip too); alone: a demo"
    )
    options.add_argument("--paper", action="store_true", help="with --prices: play the file at once, in this process")
    options.add_argument("--scale", metavar="X", help="multiply the file's prices")
    options.add_argument("--bars", metavar="N", help="play only the first N bars of the file")
    options.add_argument("--days", metavar="N", help="a demo on a synthetic market of N days")
    options.add_argument("--from", metavar="YYYY-MM-DD", dest="begins", help="with --days: the first day, in UTC")
    options.add_argument("--speed", metavar="N", help=f"demo: price changes per second, or max (default {SPEED})")
    options.add_argument("--fresh", action="store_true", help="demo: begin anew; the former run is kept as .old")
    options.add_argument("--exit", action="store_true", help="end when the market ends (on paper always)")
    options.add_argument("--resume", action="store_true", help="leave a pause or the safe state")
    options.add_argument("--confirm-split", metavar="N:M", help="the shares were split: N new ones for M old ones")
    options.add_argument("--import-orders", action="store_true", help="take over open orders that the ledger lacks")
    options.add_argument(
        "--release",
        metavar="CELL",
        action="append",
        default=[],
        help="free a cell whose order was lost, after you saw at the broker that it is not there",
    )
    options.add_argument("--set", metavar="NAME=VALUE", action="append", default=[], dest="overrides")
    return options


def read_options(arguments: Sequence[str]) -> Options:
    """Understand a command line; raises `SetupError` with everything that does not go together."""
    given = parser().parse_args(arguments)
    faults = list(_clashes(given))
    options = Options(
        run=_run(given),
        prices=None if given.prices is None else Path(given.prices),
        scale=_read(_scale, given.scale, ONE, faults),
        bars=_read(_bars, given.bars, None, faults),
        days=_read(_days, given.days, None, faults),
        begins=_read(_begin, given.begins, None, faults),
        speed=_read(_speed, given.speed, SPEED, faults),
        fresh=given.fresh,
        exit_at_end=given.exit,
        resume=given.resume,
        import_orders=given.import_orders,
        release=tuple(given.release),
        split=_read(_split, given.confirm_split, None, faults),
        overrides=tuple(given.overrides),
        for_demo=tuple(_given(given, "--speed", "--fresh")),
    )
    if faults:
        raise SetupError(ExitCode.SETTINGS, *faults)
    return options


def _run(given: Namespace) -> Run | None:
    if given.paper:
        return Run.PAPER
    return Run.DEMO if given.demo or given.prices is not None or given.days is not None else None


def _given(given: Namespace, *names: str) -> Iterator[str]:
    """Yield those of some options that stand on the command line."""
    for name in names:
        value = getattr(given, {"--from": "begins"}.get(name, name[2:].replace("-", "_")))
        if value not in (None, False, []):
            yield name


def _clashes(given: Namespace) -> Iterator[Reason]:
    """Name everything that does not go together."""
    if given.paper:
        if given.prices is None:
            yield reason("paper_needs_prices")
        for name in _given(given, "--demo", "--days", "--from", "--speed", "--fresh"):
            yield reason("paper_excludes_demo", option=name)
        for name in _given(given, "--resume", "--import-orders", "--release", "--confirm-split"):
            yield reason("paper_begins_anew", option=name)
        return
    if given.begins is not None and given.days is None:
        yield reason("from_needs_days")
    if given.prices is not None and given.days is not None:
        yield reason("prices_or_days")
    if given.prices is None:
        for name in _given(given, "--scale", "--bars"):
            yield reason("option_needs_prices", option=name)
    if given.import_orders and _run(given) is Run.DEMO:
        yield reason("demo_has_no_orders_to_import")


def _read(read: Callable[[str], T], text: str | None, default: D, faults: list[Reason]) -> T | D:
    """Return what a text means, the default where it is not given; a text that means nothing is a fault."""
    if text is None:
        return default
    try:
        return read(text)
    except Refused as refused:
        faults.append(refused.why)
        return default


def _scale(text: str) -> Decimal:
    if (scale := _number(text)) <= ZERO:
        raise Refused(reason("scale_not_positive", value=shown(text)))
    return scale


def _bars(text: str) -> int:
    if (bars := _whole(text)) < 1:
        raise Refused(reason("bars_not_positive", value=shown(text)))
    return bars


def _days(text: str) -> int:
    if not 1 <= (days := _whole(text)) <= DAYS_MAX:
        raise Refused(reason("days_out_of_range", highest=DAYS_MAX))
    return days


def _begin(text: str) -> date:
    try:
        day = date.fromisoformat(text) if _DAY.fullmatch(text) else None
    except ValueError:
        day = None
    if day is None or not _FIRST_YEAR <= day.year <= _LAST_YEAR:
        raise Refused(reason("from_not_a_day", first=_FIRST_YEAR, last=_LAST_YEAR))
    return day


def _split(text: str) -> Split:
    new, old = (_whole(part) for part in text.split(":")) if text.count(":") == 1 else (0, 0)
    if not new or not old or new == old:
        raise Refused(reason("split_form", value=shown(text)))
    return Split.of(new, old)


def _speed(text: str) -> Decimal | None:
    if text.casefold() == "max":
        return None
    if (speed := _number(text)) <= ZERO:
        raise Refused(reason("speed_not_positive"))
    return speed


def _whole(text: str) -> int:
    """Return a whole number, 0 where the text is none."""
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= _WHOLE_DIGITS_MAX else 0


def _number(text: str) -> Decimal:
    """Return a number, 0 where the text is none."""
    try:
        return exact(text)
    except Refused:
        return ZERO


def overrides_in(arguments: Sequence[str]) -> tuple[str, ...]:
    """Return the settings of a command line that may be faulty: for the language to say so in. Never raises."""
    return tuple(value for name, value in pairwise(arguments) if name == "--set" and "=" in value)
