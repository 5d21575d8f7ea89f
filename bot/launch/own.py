"""The owner's bot from start to stop: what it trades with is said first, and never in doubt."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.places import own_ledger
from bot.recovery import Interrupted
from bot.wiring.faces import Faces
from bot.wiring.own import live_left_open, own_run
from domain.decision import Note, Weight
from domain.errors import ExitCode
from domain.reason import reason
from domain.snapshot import Mode
from domain.view import SessionSeen
from reports.figures import snapshot

if TYPE_CHECKING:
    from bot.launch.telling import StopRequest, Teller
    from bot.options import Options
    from bot.settings import Settings

_BEGINS = {Mode.LIVE: "live_begins", Mode.MOCK: "mock_begins", Mode.DRY_RUN: "dry_run_begins"}
_REPORT_MAX_S = 2.0
"""How long the last report is waited for: a container is given 8 s to end, the order in flight the most of it."""


def run_own(settings: Settings, options: Options, teller: Teller, stop: StopRequest) -> int:
    """Trade until the owner stops; returns the exit code."""
    left = live_left_open(settings) if settings.mode is Mode.DRY_RUN else None
    beside = None if left is None else reason("dry_beside_live", orders=left[0], held=left[1], base=left[2])
    if beside is not None:
        teller.warn(Note("grid", beside, Weight.WARNING))
    faces = Faces.of(settings, own_ledger(settings, settings.mode), settings.data_dir, teller.wording)
    faces.opened = teller.look_here
    try:
        with own_run(settings, teller.warn, teller.fill, stop, faces) as (own, patience):
            teller.say(
                reason(
                    _BEGINS[settings.mode],
                    exchange=str(settings.exchange),
                    symbol=settings.symbol,
                    size=teller.size(own.run.settings),
                    steps=settings.grid_steps,
                )
            )
            if own.run.sessions is not None:
                teller.say(SessionSeen.at(own.run.sessions.hours, own.run.venue.clock.now()).told)
            if beside is not None:
                # Booked as well, so that page and report say it.
                own.raise_concern(beside)
            own.trade(
                patience,
                stop,
                resume=options.resume,
                import_orders=options.import_orders,
                release=options.release,
                split=options.split,
            )
            shown = snapshot(own.run.ledger.reader)
        faces.last_report(_REPORT_MAX_S)
    except Interrupted:
        teller.say(reason("stopped_at_start"))
        return ExitCode.OK
    finally:
        faces.close()
    if shown is not None:
        fills = shown.buys + shown.sells
        total, at_rest = shown.total_pnl, shown.open_orders
        teller.say(reason("own_stopped", fills=fills, total=total, currency=shown.currency, open=at_rest))
        if shown.differences:
            teller.say(reason("books_disagree", count=len(shown.differences), first=shown.differences[0]))
            return ExitCode.OUR_FAULT
    return ExitCode.OK
