"""A run on recorded candles in this process, from start to last line."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.launch.telling import print_line
from bot.places import paper_folder, paper_ledger
from bot.pricefile import read_prices
from bot.wiring.faces import Faces
from bot.wiring.paper import paper_run
from domain.errors import ExitCode
from domain.exact import ZERO
from domain.reason import reason
from reports.figures import snapshot

if TYPE_CHECKING:
    from pathlib import Path

    from bot.launch.telling import StopRequest, Teller
    from bot.options import Options
    from bot.settings import Settings
    from domain.reason import Reason


def run_on_paper(settings: Settings, options: Options, path: Path, teller: Teller, stop: StopRequest) -> int:
    """Play the file and print the last line; returns the exit code."""
    if settings.database_url is not None:
        teller.say(reason("database_not_on_paper"))
    prices = read_prices(path, scale=options.scale, bars=options.bars)
    teller.gaps(prices)
    folder = paper_folder(settings.data_dir)
    faces = Faces.of(settings, paper_ledger(folder, settings.instance), folder, teller.wording)
    with paper_run(settings, prices.candles, teller.warn, stop, report=faces.report_shown) as paper:
        teller.say(_echo(settings, teller.size(settings), folder))
        ended = paper.play(prices.candles)
        shown = snapshot(paper.ledger.reader)
    faces.write_report()
    if not ended:
        teller.say(reason("stopped_early", bars=paper.diary.bars or 0, all=len(prices.candles)))
    elif shown is not None:
        if not shown.lines:
            teller.say(reason("never_began", trigger=settings.grid_trigger_price or ZERO))
        print_line(shown)
    if paper.diary.differences:
        teller.say(reason("books_disagree", count=len(paper.diary.differences), first=paper.diary.differences[0]))
        return ExitCode.OUR_FAULT
    return ExitCode.OK


def _echo(settings: Settings, size: str, folder: Path) -> Reason:
    return reason(
        "paper_begins",
        exchange=str(settings.exchange),
        symbol=settings.symbol,
        size=size,
        steps=settings.grid_steps,
        folder=str(folder),
    )
