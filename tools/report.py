"""The summary of a run from its ledger alone: `python -m tools.report`."""

from __future__ import annotations

import json
import os
import sys
from argparse import ArgumentTypeError
from pathlib import Path
from typing import TYPE_CHECKING

from bot.exits import run_guarded
from bot.options import Parser
from bot.places import DOTENV, ha_options, last_paper_ledger
from bot.sources import language_wanted, load_settings
from domain.errors import ExitCode, SetupError
from domain.reason import reason
from ledger.audit import audit
from ledger.opening import open_reader
from ledger.places import SqlitePlace
from reports.figures import snapshot
from reports.wording import Wording

if TYPE_CHECKING:
    from argparse import Namespace

    from ledger.places import Place
    from ledger.reader import Reader


def _count(text: str) -> int:
    if not text.isdecimal():
        raise ArgumentTypeError("a number, 0 or more")
    return int(text)


def _options() -> Parser:
    options = Parser(prog="python -m tools.report", description="Prints a run's figures from its ledger alone.")
    options.add_argument("--ledger", metavar="FOLDER", help="the folder of a ledger; default: the last run on paper")
    options.add_argument(
        "--decisions", metavar="N", type=_count, default=0, help="also the newest N decisions, in sentences"
    )
    options.add_argument(
        "--orders", metavar="N", type=_count, default=0, help="also the newest N orders, with their reasons"
    )
    return options


def _place(given: Namespace) -> Place:
    if given.ledger is not None:
        return SqlitePlace(Path(given.ledger))
    settings = load_settings(options=ha_options(os.environ), environ=os.environ, dotenv=DOTENV)
    return last_paper_ledger(settings.data_dir, settings.instance)


def run(given: Namespace, wording: Wording) -> int:
    """Check the ledger and print its figures; raises `SetupError` where there is none or it is not sound."""
    place = _place(given)
    reader = open_reader(place)
    try:
        with reader.frozen() as frozen:
            faults = audit(frozen)
            if faults:
                first = wording.sentence(faults[0])
                why = reason("ledger_unsound", path=place.where, count=len(faults), first=first)
                raise SetupError(ExitCode.LEDGER, why)
            shown = snapshot(frozen)
            if shown is None:
                raise SetupError(ExitCode.LEDGER, reason("ledger_empty"))
            _tell(frozen, given, wording)
    finally:
        reader.close()
    sys.stdout.write(json.dumps(shown.summary(), ensure_ascii=False) + "\n")
    return ExitCode.OK


def _tell(reader: Reader, given: Namespace, wording: Wording) -> None:
    for record in reversed(reader.records(given.orders) if given.orders else []):
        order = record.order
        why = "" if record.why is None else wording.sentence(record.why)
        sys.stdout.write(f"{record.created_at.isoformat()} {order.client_id} {order.cell} {order.state}: {why}\n")
    for decision in reversed(reader.decisions(given.decisions) if given.decisions else []):
        sys.stdout.write(f"{decision.at.isoformat()} {decision.note.slot}: {wording.sentence(decision.note.why)}\n")


def main() -> int:
    """Print the report and end as the table of exit codes says."""
    wording = Wording(language_wanted(options=ha_options(os.environ), environ=os.environ, dotenv=DOTENV))
    return run_guarded(lambda: run(_options().parse_args(), wording), wording)


if __name__ == "__main__":
    sys.exit(main())
