"""A run's page, its twin and its summary, from its ledger alone: `python -m tools.report`."""

from __future__ import annotations

import json
import os
import sys
from argparse import ArgumentTypeError
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from bot.clock import SystemClock
from bot.exits import run_guarded
from bot.options import Parser
from bot.places import DOTENV, ha_options, last_paper_ledger, on_disk, own_ledger
from bot.sources import language_wanted, load_settings
from bot.wiring.parts import hours_of
from domain.errors import ExitCode, SetupError
from domain.reason import reason
from domain.snapshot import Mode
from ledger.audit import audit
from ledger.opening import open_reader
from ledger.places import PostgresPlace, SqlitePlace
from reports.places import report_name
from reports.statement import statement_of
from reports.wording import LANGUAGES, Wording
from reports.writing import write_statement

if TYPE_CHECKING:
    from argparse import Namespace

    from bot.settings import Settings
    from domain.reason import Reason
    from domain.session import MarketHours
    from ledger.places import Place
    from ledger.reader import Reader
    from reports.statement import Statement


@dataclass(frozen=True, slots=True)
class Found:
    """A ledger; `folder` is where its reports go, `chosen` why it was taken where none was named.

    `hours`: when the market of the owner's bot trades; None where it never closes, and of any other run.
    """

    place: Place
    reader: Reader
    folder: Path
    chosen: Reason | None = None
    hours: MarketHours | None = None


def _count(text: str) -> int:
    if not text.isdecimal():
        raise ArgumentTypeError("a number, 0 or more")
    return int(text)


def _options() -> Parser:
    options = Parser(prog="python -m tools.report", description="Writes a run's report from its ledger alone.")
    options.add_argument(
        "--ledger",
        metavar="FOLDER",
        help="the folder of a ledger; default: the bot's own, else the newest demo, else the last run on paper",
    )
    options.add_argument("--out", metavar="FOLDER", help="where to write; default: the folder reports beside the run")
    options.add_argument("--language", choices=LANGUAGES, help="default: LANGUAGE of the settings")
    options.add_argument(
        "--decisions", metavar="N", type=_count, default=0, help="also the newest N decisions, in sentences"
    )
    options.add_argument(
        "--orders", metavar="N", type=_count, default=0, help="also the newest N orders, with their reasons"
    )
    return options


def _found(given: Namespace) -> Found:
    if given.ledger is not None:
        place = SqlitePlace(Path(given.ledger))
        reader = open_reader(place)
        return Found(place, reader, _beside(place, reader.meta()))
    settings = load_settings(options=ha_options(os.environ), environ=os.environ, dotenv=DOTENV)
    own = _own(settings)
    if own is not None:
        return own
    demo = _newest_demo(settings.data_dir)
    place = demo or last_paper_ledger(settings.data_dir, settings.instance)
    chosen = reason("report_of_demo", path=place.where) if demo else reason("report_of_paper", path=place.where)
    reader = open_reader(place)
    return Found(place, reader, _beside(place, reader.meta()), chosen)


def _own(settings: Settings) -> Found | None:
    """Return the ledger of the owner's bot, if it has begun one."""
    place = own_ledger(settings, settings.mode)
    if isinstance(place, SqlitePlace) and not place.file.exists():
        return None
    try:
        reader = open_reader(place)
    except SetupError as refusal:
        if isinstance(place, PostgresPlace) and [why.code for why in refusal.faults] == ["ledger_missing"]:
            return None
        raise
    chosen = reason("report_of_own", path=place.where)
    return Found(place, reader, settings.data_dir / "reports", chosen, hours_of(settings))


def _newest_demo(data_dir: Path) -> SqlitePlace | None:
    places = [SqlitePlace(file.parent) for file in data_dir.glob(f"demo/*/*/{Mode.DEMO}/ledger.sqlite3")]
    current = [place for place in places if place.folder.parents[1].suffix != ".old"]
    return max(current, key=_written_at, default=None)


def _written_at(place: SqlitePlace) -> int:
    return max(file.stat().st_mtime_ns for file in (place.file, place.wal) if file.exists())


def _beside(place: SqlitePlace, identity: dict[str, str]) -> Path:
    """Return the folder of reports of the run that a ledger belongs to; of one that lies elsewhere, a folder in its."""
    folder = place.folder.resolve()
    in_its_run = (folder.parent.name, folder.name) == (identity["instance"], identity["mode"])
    return (folder.parents[1] if in_its_run else folder) / "reports"


def run(given: Namespace, wording: Wording) -> int:
    """Check the ledger, write the report and print the summary; raises `SetupError` with what stands in the way."""
    found = _found(given)
    try:
        with found.reader.frozen() as frozen:
            statement = _sound(frozen, found, wording)
            _tell(frozen, given, wording)
    finally:
        found.reader.close()
    if found.chosen is not None:
        sys.stderr.write(f"{wording.sentence(found.chosen)}\n")
    sys.stdout.write(json.dumps(statement.snapshot.summary(), ensure_ascii=False) + "\n")
    sys.stdout.flush()
    shown = statement.snapshot
    folder = found.folder if given.out is None else Path(given.out)
    with on_disk(folder):
        page = write_statement(statement, folder, report_name(shown.exchange, shown.instance), wording)
    sys.stderr.write(f"{wording.sentence(reason('report_written', path=str(page)))}\n")
    return ExitCode.OK


def _sound(reader: Reader, found: Found, wording: Wording) -> Statement:
    """Return the statement of a ledger that agrees with itself."""
    faults = audit(reader)
    if faults:
        first = wording.sentence(faults[0])
        raise SetupError(
            ExitCode.LEDGER, reason("ledger_unsound", path=found.place.where, count=len(faults), first=first)
        )
    try:
        return statement_of(reader, SystemClock().now(), found.hours)
    except LookupError:
        raise SetupError(ExitCode.LEDGER, reason("ledger_empty")) from None


def _tell(reader: Reader, given: Namespace, wording: Wording) -> None:
    for record in reversed(reader.records(given.orders) if given.orders else []):
        order = record.order
        why = "" if record.why is None else wording.sentence(record.why)
        sys.stdout.write(f"{record.created_at.isoformat()} {order.client_id} {order.cell} {order.state}: {why}\n")
    for decision in reversed(reader.decisions(given.decisions) if given.decisions else []):
        sys.stdout.write(f"{decision.at.isoformat()} {decision.note.slot}: {wording.sentence(decision.note.why)}\n")


def main() -> int:
    """Write the report and end as the table of exit codes says."""
    wanted = language_wanted(options=ha_options(os.environ), environ=os.environ, dotenv=DOTENV)

    def reported() -> int:
        given = _options().parse_args()
        return run(given, Wording(given.language or wanted))

    return run_guarded(reported, Wording(wanted))


if __name__ == "__main__":
    sys.exit(main())
