"""One run of our whole engine on bars: strategy, risk, order desk and paper venue, without books."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING

from benchmarks.bars import BEGINS_AT, MINUTE
from benchmarks.outcome import Outcome, digest, peak_rss_mib
from bot.clock import PlaybackClock
from bot.engine import Engine
from bot.inbox import Inbox
from bot.loop import Loop
from bot.orders import OrderDesk, id_prefix
from bot.playback import Playback
from bot.pricefile import read_prices
from bot.risk import Limits
from bot.unwritten import OpenGate, UnwrittenLedger
from bot.workers import InlineWorker, VenueCalls
from domain.instrument import Fees
from exchanges.paper import PaperExchange
from exchanges.registry import venue_rules
from strategy.grid.config import Follow, GridSettings, OrderSize, SizeUnit, Start
from strategy.grid.grid import GridStrategy

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bot.playback import Bounds
    from domain.market import Candle
    from strategy.grid.state import GridState

FEE = Decimal("0.0005")
STEPS = 20

# Every cell has an order at rest from the close of the first bar on, as other engines would have it: 20 buys below, and
# above 20 sells of one coin each that was taken over.
SETTINGS = GridSettings(
    steps=STEPS,
    steps_above=STEPS,
    gap=Decimal("0.005"),
    size=OrderSize(Decimal(1), SizeUnit.BASE),
    start=Start.ADOPT,
    adopt_qty=Decimal(STEPS),
    follow=Follow.OFF,
    open_orders_max=0,
    bars=True,
    own_cross=True,
)


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """The parts of a run that are looked at afterwards."""

    loop: Loop
    paper: PaperExchange
    playback: Playback
    symbol: str

    @property
    def grid(self) -> GridState:
        """Return where the grid stands."""
        state: GridState = self.loop.state.strategies[self.symbol]
        return state


def assemble(candles: Sequence[Candle], *, every_bar: bool) -> Rehearsal:
    """Put the real parts together; with `every_bar` no bar is skipped, however quiet."""
    rules = venue_rules("BITHUMB")
    instrument = rules.instrument("KRW-BTC", Fees(FEE, FEE))
    strategy = GridStrategy(instrument, SETTINGS)
    symbol = strategy.symbol
    clock = PlaybackClock(candles[0].at)
    paper = PaperExchange(instrument, clock, None, holdings=SETTINGS.adopt_qty)
    engine, inbox, ledger = Engine({symbol: strategy}), Inbox(), UnwrittenLedger()
    worker = InlineWorker(VenueCalls(paper, clock), inbox.put)
    desk = OrderDesk(ledger, OpenGate(), worker, id_prefix("race"), clock, inbox.put)
    loop = Loop(
        engine,
        engine.begin(),
        desk,
        ledger,
        inbox,
        Limits(),
        {symbol: instrument},
        day_of=lambda at: at.date(),
        tell=lambda _: None,
        run_row=lambda _: {},
    )

    def quiet() -> Bounds:
        return None if every_bar else strategy.quiet(loop.state.strategies[symbol])

    playback = Playback(loop, paper, clock, symbol, None, quiet, _untold, lambda: False)
    return Rehearsal(loop, paper, playback, symbol)


def _untold(bars: int, candle: Candle) -> None:
    """Keep progress to ourselves."""


def run(file: Path, *, every_bar: bool) -> Outcome:
    """Play a file of candles; reading it is not timed."""
    candles = read_prices(file).candles
    rehearsal = assemble(candles, every_bar=every_bar)
    begun = perf_counter()
    rehearsal.playback.run(candles)
    seconds = perf_counter() - begun
    book = rehearsal.grid.book
    executions = rehearsal.paper.all_executions()
    return Outcome(
        seconds=seconds,
        peak_rss_mib=peak_rss_mib(),
        buys=book.buys,
        sells=book.sells,
        fills_sha256=digest(
            ((done.fill.at - BEGINS_AT) // MINUTE, str(done.side), int(done.fill.price)) for done in executions
        ),
        position=int(book.position - SETTINGS.adopt_qty),
        worth=float(book.cash_flow + (book.position - SETTINGS.adopt_qty) * candles[-1].close),
        resting=len(rehearsal.paper.open_orders(rehearsal.symbol)),
        cells=[(int(cell.buy_price), int(cell.sell_price)) for cell in rehearsal.grid.cells],
    )


if __name__ == "__main__":
    sys.stdout.write(run(Path(sys.argv[1]), every_bar="--every-bar" in sys.argv).written() + "\n")
