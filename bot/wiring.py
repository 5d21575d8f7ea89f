"""Where the parts meet: settings in, a run with its venue, ledger, desk and loop out."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from bot.agreement import Opening, differences
from bot.clock import PlaybackClock
from bot.engine import Engine
from bot.gate import Caps, OrderGate
from bot.inbox import Inbox
from bot.loop import Loop
from bot.orders import OrderDesk, id_prefix
from bot.places import begin_anew, paper_ledger
from bot.playback import Playback
from bot.risk import Limits
from bot.workers import InlineWorker, VenueCalls
from domain.exact import ZERO, plain
from domain.session import SessionRule
from domain.snapshot import Mode, RunState, iso
from domain.version import VERSION
from exchanges.paper import PaperExchange
from exchanges.registry import venue_rules
from ledger.opening import Identity, open_ledger
from reports.figures import RUN
from strategy.grid.config import Start
from strategy.grid.grid import GridStrategy
from strategy.grid.state import Phase
from strategy.grid.wants import SPARE_RANKS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from datetime import date, datetime
    from decimal import Decimal
    from pathlib import Path

    from bot.settings import Settings
    from domain.decision import Note
    from domain.instrument import Instrument
    from domain.market import Candle
    from ledger.writer import Ledger
    from strategy.grid.state import GridState

KOREAN_DAYS = SessionRule(ZoneInfo("Asia/Seoul"))


@dataclass(slots=True)
class Diary:
    """What the ledger keeps of the run itself, beside orders and fills."""

    instrument: Instrument
    opening: Opening
    started_at: datetime | None = None
    at: datetime | None = None
    bars: int = 0
    last: Decimal | None = None
    state: RunState = RunState.WAITING
    lines: tuple[Decimal, ...] = ()
    differences: tuple[str, ...] | None = None

    def play(self, bars: int, candle: Candle) -> None:
        """Take note of a bar."""
        self.started_at = self.started_at or candle.at
        self.at, self.bars, self.last = candle.at, bars, candle.close

    def row(self) -> dict[str, object]:
        """Return the row, numbers as plain text."""
        return {
            "symbol": self.instrument.symbol,
            "currency": self.instrument.quote,
            "cash_start": plain(self.opening.cash),
            "started_at": None if self.started_at is None else iso(self.started_at),
            "at": None if self.at is None else iso(self.at),
            "bars": self.bars,
            "last": None if self.last is None else plain(self.last),
            "lines": [plain(line) for line in self.lines],
            "state": str(self.state),
            "version": VERSION,
            "report": None,
            "differences": None if self.differences is None else list(self.differences),
        }


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
        self.diary.state = RunState.FINISHED if ended else self._standing()
        self.diary.differences = self._differences()
        self._note_lines()
        with self.ledger.commit() as page:
            page.state(RUN, self.diary.row())
        return ended

    def row(self) -> dict[str, object]:
        """Describe the run as it stands, for the commit at hand."""
        self.diary.state = self._standing()
        self._note_lines()
        return self.diary.row()

    def _grid(self) -> GridState:
        state: GridState = self.playback.loop.state.strategies[self.strategy.symbol]
        return state

    def _note_lines(self) -> None:
        epoch = self._grid().epoch
        self.diary.lines = () if epoch is None else epoch.lines

    def _standing(self) -> RunState:
        grid = self._grid()
        if grid.phase in {Phase.NO_PRICE, Phase.TRIGGER}:
            return RunState.WAITING
        held_back = grid.paused or grid.cash_short or grid.stops.action is not None
        return RunState.PAUSED if held_back else RunState.RUNNING

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
    settings: Settings, candles: Sequence[Candle], tell: Callable[[Note], None], stopped: Callable[[], bool]
) -> Iterator[PaperRun]:
    """Prepare a run on candles with the rules of the chosen venue, in `DATA_DIR/paper`, begun anew."""
    rules = venue_rules(str(settings.exchange))
    instrument = rules.instrument(settings.symbol, settings.fees())
    # What the owner protects is there as well, and is not touched.
    adopts = settings.grid_start is Start.ADOPT and settings.adopt_qty is not None
    holdings = (settings.adopt_qty or ZERO) + settings.protected_qty if adopts else ZERO
    opening = Opening(settings.paper_cash or ZERO, holdings)
    clock = PlaybackClock(candles[0].at)
    identity = Identity(settings.instance, Mode.DRY_RUN, str(settings.exchange))
    with (
        begin_anew(settings.data_dir) as folder,
        open_ledger(paper_ledger(folder, settings.instance), identity, create=True, clock=clock) as ledger,
    ):
        strategy = _strategy(settings, instrument, holdings, always_open=rules.sessions is None)
        paper = PaperExchange(instrument, clock, settings.paper_cash, holdings=holdings, sessions=rules.sessions)
        diary = Diary(instrument, opening)
        yield _assemble(
            settings, strategy, paper, ledger, diary, clock=clock, folder=folder, tell=tell, stopped=stopped
        )


def _strategy(settings: Settings, instrument: Instrument, holdings: Decimal, *, always_open: bool) -> GridStrategy:
    grid = settings.grid(
        strict=False,
        bars=True,
        free_cash=settings.paper_cash,
        adopt_qty=settings.qty_to_adopt(holdings),
    )
    return GridStrategy(instrument, grid, always_open=always_open)


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
    gate = OrderGate(ledger.present, instruments, _caps(settings, free_cash), clock)
    worker = InlineWorker(VenueCalls(paper, clock), inbox.put)
    desk = OrderDesk(ledger, gate, worker, id_prefix(settings.instance), clock, inbox.put)
    limits = Limits(settings.max_order_notional, settings.max_position_notional, free_cash)
    loop = Loop(
        engine,
        engine.begin(),
        desk,
        ledger,
        inbox,
        limits,
        instruments,
        _day_of(paper.market_session(symbol)),
        tell,
        dict,
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
    )
    run = PaperRun(playback, strategy, ledger, diary, folder)
    loop.run_row = run.row
    return run


def _caps(settings: Settings, free_cash: Decimal | None) -> Caps:
    """Return the gate's caps; a venue in this process needs no protection from being asked too fast."""
    return Caps(
        order_notional_max=settings.max_order_notional,
        position_notional_max=settings.max_position_notional,
        open_orders_max=settings.max_open_orders + SPARE_RANKS if settings.max_open_orders else 0,
        free_cash=free_cash,
    )


def _day_of(sessions: SessionRule | None) -> Callable[[datetime], date]:
    """Return how days are told apart in the books: a market's own, else Korea's."""
    rule = sessions or KOREAN_DAYS
    return rule.date_of
