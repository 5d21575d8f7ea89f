"""A demo from start to last line: a market of our own, played over real HTTP."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.demo.door import VenueGone
from bot.demo.folder import endless_folder, run_folder
from bot.demo.fresh import set_aside
from bot.demo.venues import DEMO_VENUES
from bot.demo.wanted import MarketWanted, drawn_prices, endless_prices, recorded_prices
from bot.launch.telling import print_line
from bot.pricefile import read_prices
from bot.recovery import Interrupted
from bot.wiring.demo import demo_run
from bot.wiring.faces import Faces
from bot.workers import Alarm
from domain.errors import ExitCode
from domain.exact import ZERO
from domain.reason import reason
from reports.figures import snapshot_of

if TYPE_CHECKING:
    from bot.demo.folder import DemoFolder
    from bot.demo.wanted import Prices
    from bot.engine import FillBooked
    from bot.launch.telling import StopRequest, Teller
    from bot.options import Options
    from bot.settings import Settings
    from domain.snapshot import Snapshot

_LOOK_UP_S = 1
_REPORT_MAX_S = 60.0
_REPORT_AT_STOP_MAX_S = 3.0
"""How long the last report is waited for: without hurry at the market's end, else within what a stop may take."""


def run_demo(settings: Settings, options: Options, teller: Teller, stop: StopRequest) -> int:
    """Trade until the market ends or the owner stops; returns the exit code."""
    prices = _prices(settings, options, teller)
    folder = endless_folder(settings) if prices.bars is None else run_folder(settings, prices)
    if options.fresh:
        set_aside(folder)
    venue = DEMO_VENUES[settings.exchange]
    cash = settings.paper_cash or ZERO
    wanted = MarketWanted(settings.symbol, prices, cash, options.speed, venue, venue.options(settings))
    faces = Faces.of(settings, folder.ledger, folder.path, teller.wording)
    faces.opened = teller.look_here
    try:
        return _shown(settings, options, folder, wanted, faces, teller=teller, stop=stop)
    except Interrupted:
        teller.say(reason("stopped_at_start"))
        return ExitCode.OK
    except VenueGone as gone:
        teller.say(gone.why)
        return ExitCode.OUR_FAULT
    finally:
        faces.close()


def _shown(
    settings: Settings,
    options: Options,
    folder: DemoFolder,
    wanted: MarketWanted,
    faces: Faces,
    *,
    teller: Teller,
    stop: StopRequest,
) -> int:
    ended, shown = _played(settings, options, folder, wanted, faces, teller=teller, stop=stop)
    faces.last_report(_REPORT_MAX_S if ended else _REPORT_AT_STOP_MAX_S)
    if ended:
        print_line(shown)
    else:
        fills = shown.buys + shown.sells
        teller.say(reason("demo_stopped", fills=fills, total=shown.total_pnl, currency=shown.currency))
    if shown.differences:
        teller.say(reason("books_disagree", count=len(shown.differences), first=shown.differences[0]))
        return ExitCode.OUR_FAULT
    if ended and not options.exit_at_end:
        _stay(teller, stop)
    return ExitCode.OK


def _played(
    settings: Settings,
    options: Options,
    folder: DemoFolder,
    wanted: MarketWanted,
    faces: Faces,
    *,
    teller: Teller,
    stop: StopRequest,
) -> tuple[bool, Snapshot]:
    # Who waits for the last line has no eye for the fills.
    watch = _look_away if options.exit_at_end else teller.fill
    with demo_run(settings, folder, wanted, tell=teller.warn, watch=watch, stopped=stop, faces=faces) as (
        demo,
        patience,
    ):
        code = "demo_synthetic" if options.prices is None else "demo_recorded"
        teller.say(
            reason(
                code,
                exchange=str(settings.exchange),
                symbol=settings.symbol,
                size=teller.size(settings),
                steps=settings.grid_steps,
                folder=str(folder.path),
            )
        )
        ended = demo.play(patience, stop, resume=options.resume, release=options.release, split=options.split)
        return ended, snapshot_of(demo.run.ledger.reader)


def _stay(teller: Teller, stop: StopRequest) -> None:
    """Remain after the market's end, for whoever wants to look, until the owner stops."""
    teller.say(reason("demo_ended"))
    alarm = Alarm()
    stop.then(alarm.ring)
    while not stop():
        alarm.wait(_LOOK_UP_S)


def _prices(settings: Settings, options: Options, teller: Teller) -> Prices:
    if options.prices is not None:
        read = read_prices(options.prices, scale=options.scale, bars=options.bars)
        teller.gaps(read)
        return recorded_prices(
            options.prices, read.candles, scale=options.scale, bars=options.bars, exchange=settings.exchange
        )
    if options.days is not None:
        return drawn_prices(options.days, options.begins, settings.exchange)
    return endless_prices(settings.exchange)


def _look_away(booked: FillBooked) -> None:
    """Say nothing."""
