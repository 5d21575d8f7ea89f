"""The owner's bot from start to stop: what it trades with is said first, and never in doubt."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.recovery import Interrupted
from bot.wiring.own import live_left_open, own_run
from domain.decision import Note, Weight
from domain.errors import ExitCode
from domain.reason import reason
from domain.snapshot import Mode
from reports.figures import snapshot

if TYPE_CHECKING:
    from bot.launch.telling import StopRequest, Teller
    from bot.options import Options
    from bot.settings import Settings


def run_own(settings: Settings, options: Options, teller: Teller, stop: StopRequest) -> int:
    """Trade until the owner stops; returns the exit code."""
    if settings.mode is Mode.DRY_RUN and (left := live_left_open(settings)):
        orders, held, base = left
        teller.warn(Note("grid", reason("dry_beside_live", orders=orders, held=held, base=base), Weight.WARNING))
    try:
        with own_run(settings, teller.warn, teller.fill, stop) as (own, patience):
            teller.say(
                reason(
                    "live_begins" if settings.mode is Mode.LIVE else "dry_run_begins",
                    exchange=str(settings.exchange),
                    symbol=settings.symbol,
                    size=settings.order_size,
                    steps=settings.grid_steps,
                )
            )
            own.trade(patience, stop, resume=options.resume, import_orders=options.import_orders)
            shown = snapshot(own.run.ledger.reader)
    except Interrupted:
        return ExitCode.OK
    if shown is not None:
        fills = shown.buys + shown.sells
        teller.say(reason("own_stopped", fills=fills, total=shown.total_pnl, currency=shown.currency))
        if shown.differences:
            teller.say(reason("books_disagree", count=len(shown.differences), first=shown.differences[0]))
            return ExitCode.OUR_FAULT
    return ExitCode.OK
