"""The launcher: `python -m bot`, the one way in."""

from __future__ import annotations

import json
import os
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from bot.exits import run_guarded
from bot.logs import start_logging
from bot.options import overrides_in, read_options
from bot.places import DOTENV, ha_options, paper_folder
from bot.pricefile import read_prices
from bot.sources import language_wanted, load_settings
from bot.wiring import paper_run
from domain.errors import ExitCode
from domain.exact import ZERO
from domain.reason import reason
from domain.snapshot import iso
from reports.figures import snapshot
from reports.wording import Wording

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from types import FrameType

    from bot.options import Options
    from bot.pricefile import PriceFile
    from bot.settings import Settings
    from domain.decision import Note
    from domain.reason import Reason


class _StopRequest:
    """Set by Ctrl-C or SIGTERM; the run ends between two bars."""

    def __init__(self) -> None:
        self.came = False
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self._take)

    def _take(self, number: int, frame: FrameType | None) -> None:
        del number, frame
        self.came = True


class _Teller:
    """Says on stderr what the owner has to know at once; of warnings of one kind the first, the ledger has them all."""

    def __init__(self, wording: Wording) -> None:
        self._wording = wording
        self._warned: set[str] = set()

    def say(self, why: Reason) -> None:
        """Say a reason in the owner's language."""
        sys.stderr.write(f"{self._wording.sentence(why)}\n")
        sys.stderr.flush()

    def warn(self, note: Note) -> None:
        """Say a warning, so that it cannot be overlooked."""
        if note.why.code not in self._warned:
            self._warned.add(note.why.code)
            self.say(reason("warning", sentence=self._wording.sentence(note.why)))


def run(arguments: Sequence[str], wording: Wording) -> int:
    """Do what was asked for; raises `SetupError` where it cannot be done."""
    options = read_options(arguments)
    settings = load_settings(
        overrides=options.overrides,
        options=ha_options(os.environ),
        environ=os.environ,
        dotenv=DOTENV,
    )
    start_logging(settings.log_format, settings.secrets())
    teller = _Teller(wording)
    for warning in (*settings.warnings, *_not_used(settings)):
        teller.say(warning)
    return _run_on_paper(settings, options, teller)


def _not_used(settings: Settings) -> Iterator[Reason]:
    """Say what an owner may believe to count, and does not."""
    here = Path.cwd() / ".env"
    if here.exists() and here.resolve() != DOTENV:
        yield reason("env_file_elsewhere", found=str(here), used=str(DOTENV))
    if settings.database_url is not None:
        yield reason("database_not_on_paper")


def _run_on_paper(settings: Settings, options: Options, teller: _Teller) -> int:
    prices = read_prices(options.prices, scale=options.scale, bars=options.bars)
    _tell_gaps(prices, teller)
    stop = _StopRequest()
    with paper_run(settings, prices.candles, teller.warn, lambda: stop.came) as paper:
        teller.say(_echo(settings, paper_folder(settings.data_dir)))
        ended = paper.play(prices.candles)
        shown = snapshot(paper.ledger.reader)
    if not ended:
        teller.say(reason("stopped_early", bars=paper.diary.bars, all=len(prices.candles)))
    elif shown is not None:
        if not shown.lines:
            teller.say(reason("never_began", trigger=settings.grid_trigger_price or ZERO))
        sys.stdout.write(json.dumps(shown.summary(), ensure_ascii=False) + "\n")
    if paper.diary.differences:
        teller.say(reason("books_disagree", count=len(paper.diary.differences), first=paper.diary.differences[0]))
        return ExitCode.OUR_FAULT
    return ExitCode.OK


def _echo(settings: Settings, folder: Path) -> Reason:
    return reason(
        "paper_begins",
        exchange=str(settings.exchange),
        symbol=settings.symbol,
        size=settings.order_size,
        steps=settings.grid_steps,
        folder=str(folder),
    )


def _tell_gaps(prices: PriceFile, teller: _Teller) -> None:
    if not prices.gaps:
        return
    begin, end = max(prices.gaps, key=lambda gap: gap[1] - gap[0])
    teller.say(reason("prices_gaps", count=len(prices.gaps), from_at=iso(begin), to_at=iso(end)))


def main() -> int:
    """Run, and end as the table of exit codes says."""
    if sys.stdout is None:
        # Started with a closed stdout: the run is worth its ledger all the same.
        sys.stdout = Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115 - it stays open to the end
    arguments = sys.argv[1:]
    language = language_wanted(
        overrides=overrides_in(arguments), options=ha_options(os.environ), environ=os.environ, dotenv=DOTENV
    )
    wording = Wording(language)
    return run_guarded(lambda: run(arguments, wording), wording)


if __name__ == "__main__":
    sys.exit(main())
