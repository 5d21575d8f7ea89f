"""A run on recorded candles: settings in; venue, ledger, desk and loop in this process out."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bot.agreement import Opening, differences
from bot.clock import PlaybackClock
from bot.diary import Diary
from bot.engine import Engine
from bot.gate import OrderGate
from bot.inbox import Inbox
from bot.loop import Loop
from bot.marks import Marks
from bot.orders import OrderDesk, id_prefix
from bot.places import begin_anew, paper_ledger
from bot.playback import Playback
from bot.wiring.parts import KOREAN_DAYS, caps_of, day_of, limits_of, paper_holdings
from bot.workers import InlineWorker, VenueCalls
from domain.exact import ZERO
from domain.snapshot import Mode, PriceSource, RunState
from exchanges.paper import PaperExchange
from exchanges.registry import venue_rules
from ledger.opening import Identity, open_ledger
from reports.figures import RUN
from strategy.grid.grid import GridStrategy

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from bot.settings import Settings
    from domain.decision import Note
    from domain.market import Candle
    from ledger.writer import Ledger


@dataclass(slots=True)
class PaperRun:
    """A grid on recorded candles, in this process, with books of its own."""

    playback: Playback
    strategy: GridStrategy
    ledger: Ledger
    diary: Diary
    folder: Path

    def play(self, candles: Sequence[Candle]) -> bool:
        """Play all candles and close the books; returns whether the end was reached."""
        self.playback.run(candles)
        ended = self.diary.bars == len(candles)
        self.diary.row_of(self.playback.loop.state)
        if ended:
            self.diary.state = RunState.FINISHED
        self.diary.differences = self._differences()
        with self.ledger.commit() as page:
            page.state(RUN, self.diary.row())
            if self.playback.marks is not None:
                self.playback.marks.close(page)
        return ended

    def _differences(self) -> tuple[str, ...]:
        paper, symbol = self.playback.paper, self.strategy.symbol
        reader = self.ledger.reader
        return differences(
            reader.each_order(),
            reader.book(symbol),
            self.diary.opening,
            orders=paper.all_orders(),
            executions=paper.all_executions(),
            balances=paper.get_balance(),
        )


@contextmanager
def paper_run(
    settings: Settings,
    candles: Sequence[Candle],
    tell: Callable[[Note], None],
    stopped: Callable[[], bool],
    report: str | None = None,
) -> Iterator[PaperRun]:
    """Prepare a run on candles with the rules of the chosen venue, in `DATA_DIR/paper`, begun anew.

    `report` is where its report will be, as its books say it.
    """
    rules = venue_rules(str(settings.exchange))
    instrument = rules.instrument(settings.symbol, settings.fees())
    holdings = paper_holdings(settings)
    opening = Opening(settings.paper_cash or ZERO, holdings)
    clock = PlaybackClock(candles[0].at)
    identity = Identity(settings.instance, Mode.DRY_RUN, str(settings.exchange))
    with (
        begin_anew(settings.data_dir) as folder,
        open_ledger(paper_ledger(folder, settings.instance), identity, create=True, clock=clock) as ledger,
    ):
        grid = settings.grid(
            strict=False, bars=True, free_cash=settings.paper_cash, adopt_qty=settings.qty_to_adopt(holdings)
        )
        strategy = GridStrategy(instrument, grid, always_open=rules.sessions is None)
        paper = PaperExchange(instrument, clock, settings.paper_cash, holdings=holdings, sessions=rules.sessions)
        diary = Diary(
            settings.symbol, {settings.symbol: instrument}, opening, bars=0, prices=PriceSource.RECORDED, report=report
        )
        yield _assemble(
            settings, strategy, paper, ledger, diary, clock=clock, folder=folder, tell=tell, stopped=stopped
        )


def _assemble(
    settings: Settings,
    strategy: GridStrategy,
    paper: PaperExchange,
    ledger: Ledger,
    diary: Diary,
    *,
    clock: PlaybackClock,
    folder: Path,
    tell: Callable[[Note], None],
    stopped: Callable[[], bool],
) -> PaperRun:
    symbol = strategy.symbol
    instruments = {symbol: strategy.instrument}
    engine = Engine({symbol: strategy})
    inbox = Inbox()
    free_cash = strategy.settings.free_cash
    gate = OrderGate(ledger.present, instruments, caps_of(settings, free_cash), clock)
    worker = InlineWorker(VenueCalls(paper, clock), inbox.put)
    desk = OrderDesk(ledger, gate, worker, id_prefix(settings.instance), clock, inbox.put)
    limits = limits_of(settings, free_cash)
    loop = Loop(
        engine,
        engine.begin(),
        desk,
        ledger,
        inbox,
        limits,
        instruments,
        day_of(paper.market_session(symbol)),
        tell,
        diary.row_of,
    )
    playback = Playback(
        loop,
        paper,
        clock,
        symbol,
        paper.market_session(symbol),
        lambda: strategy.quiet(loop.state.strategies[symbol]),
        diary.play,
        stopped,
        Marks(symbol, paper.market_session(symbol) or KOREAN_DAYS),
    )
    return PaperRun(playback, strategy, ledger, diary, folder)
