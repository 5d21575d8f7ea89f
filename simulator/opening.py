"""How a venue is opened from the command line: what all have in common, and what each brings."""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from simulator.admin import Commands
    from simulator.saving import Change
    from simulator.server import VenueDoor
    from simulator.venue import Venue


@dataclass(frozen=True, slots=True)
class Opened:
    """A venue and its wire; `line` is what its customer has to know, beside the address and the admin token."""

    venue: Venue
    door: VenueDoor
    route_names: frozenset[str]
    commands: Commands
    line: dict[str, str]


class Opener(Protocol):
    """Opens one kind of venue."""

    def add_options(self, parser: argparse.ArgumentParser) -> None:
        """Add what this venue can be told beyond the common options."""
        ...

    def flaw(self, options: argparse.Namespace) -> str | None:
        """Say what is wrong with the options; none where nothing is."""
        ...

    def open(self, options: argparse.Namespace, known: Change | None) -> Opened:
        """Make the venue, with the keys of its saved books where there are any. Raises `CandlesUnfit`."""
        ...


def add_common_options(parser: argparse.ArgumentParser, *, centre: Decimal, begins: datetime, cash: Decimal) -> None:
    """Add what every venue can be told."""
    parser.add_argument("--port", type=int, default=0, help="0: any free one")
    parser.add_argument("--state", type=Path, required=True, help="folder of the saved books")
    parser.add_argument("--prices", type=Path, help="candle CSV, plain or gzip: time_utc,open,high,low,close,volume")
    parser.add_argument("--scale", type=positive, default=Decimal(1), help="multiplies the prices of the file")
    parser.add_argument("--bars", type=int, help="play only the first bars")
    parser.add_argument("--seed", default="1", help="of the synthetic market")
    parser.add_argument("--centre", type=positive, default=centre, help="price of the synthetic market")
    parser.add_argument("--begins", type=day, default=begins, metavar="YYYY-MM-DD", help="of the synthetic market")
    parser.add_argument("--cash", type=positive, default=cash)
    parser.add_argument("--speed", default="8", help="prints per real second, or max")
    parser.add_argument(
        "--linger", type=int, default=0, help="end after so many real seconds without an admin request; 0: never"
    )


def common_flaw(options: argparse.Namespace) -> str | None:
    """Say what is wrong with the common options."""
    if options.speed != "max":
        try:
            positive(options.speed)
        except argparse.ArgumentTypeError as error:
            return f"--speed: {error}"
    if options.bars is not None and options.bars < 1:
        return "--bars is at least 1"
    if options.linger < 0:
        return "--linger is 0 or more seconds"
    return None


def positive(text: str) -> Decimal:
    """Read a positive number."""
    try:
        number = Decimal(text)
    except InvalidOperation:
        raise argparse.ArgumentTypeError("no number") from None
    if not number.is_finite() or number <= 0:
        raise argparse.ArgumentTypeError("not positive")
    return number


def day(text: str) -> datetime:
    """Read a date as the moment at which it begins in UTC."""
    try:
        begin = date.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError("no date") from None
    return datetime.combine(begin, time(), UTC)
