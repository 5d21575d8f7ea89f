"""A grid on candles through the real loop and the paper venue, without a ledger: what the oracle is compared with."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from decimal import Decimal
from fractions import Fraction

from bot.clock import PlaybackClock
from bot.engine import Engine
from bot.inbox import Inbox
from bot.loop import Loop
from bot.orders import OrderDesk
from bot.playback import Playback
from bot.risk import Limits
from bot.settings import Settings
from bot.sources import load_settings
from bot.unwritten import OpenGate, UnwrittenLedger
from bot.workers import InlineWorker, VenueCalls
from domain.decision import Note
from domain.errors import GridRefused
from domain.exact import ZERO
from domain.market import Candle
from exchanges.paper import PaperExchange
from exchanges.registry import venue_rules
from strategy.grid.config import Start
from strategy.grid.grid import GridStrategy
from strategy.grid.state import GridState
from tests.oracle.grid import Bar

_BEGIN = datetime(2025, 1, 1, tzinfo=UTC)

FIGURES = (
    "bars orders fills buys sells cycles open_orders position cash equity fees "
    "matched_pnl inventory_pnl total_pnl lines"
).split()
"""What the engine and the oracle both tell of a run."""


def candles_of(bars: Sequence[Bar]) -> list[Candle]:
    return [Candle(bar.at, bar.open, bar.high, bar.low, bar.close, ZERO) for bar in bars]


def unheard(note: Note) -> None:
    """Tell nobody."""


def exact(figures: Mapping[str, object]) -> dict[str, object]:
    """Figures to compare, whether they come as counts, numbers or plain text; a refusal is told without its words."""
    if "refused" in figures:
        return {"refused": True}
    return {name: _exact(figures[name]) for name in FIGURES}


def _exact(value: object) -> object:
    if isinstance(value, list):
        return [_exact(line) for line in value]
    assert isinstance(value, int | str | Decimal | Fraction)
    return Fraction(value)


@dataclass
class Rehearsal:
    """One run with the settings of an oracle's case; `skips` is off to play every bar."""

    settings: Mapping[str, str]
    skips: bool = True

    def __post_init__(self) -> None:
        texts = dict(self.settings)
        own_cross = texts.pop("SELF_CROSS", "never") == "allow"
        read = load_settings(environ=texts)
        self.cash = read.paper_cash or ZERO
        rules = venue_rules(str(read.exchange))
        instrument = rules.instrument(read.symbol, read.fees())
        self.strategy = _strategy_of(read, own_cross=own_cross)
        holdings = self.strategy.settings.adopt_qty if read.grid_start is Start.ADOPT else ZERO
        self.clock = PlaybackClock(_BEGIN)
        self.paper = PaperExchange(instrument, self.clock, read.paper_cash, holdings=holdings, sessions=rules.sessions)
        inbox, ledger = Inbox(), UnwrittenLedger()
        worker = InlineWorker(VenueCalls(self.paper, self.clock), inbox.put)
        engine = Engine({self.symbol: self.strategy})
        self.loop = Loop(
            engine=engine,
            state=engine.begin(),
            desk=OrderDesk(ledger, OpenGate(), worker, "bptest", self.clock, inbox.put),
            ledger=ledger,
            inbox=inbox,
            limits=Limits(free_cash=self.strategy.settings.free_cash),
            instruments={self.symbol: instrument},
            day_of=lambda at: at.date(),
            tell=unheard,
            run_row=lambda _: {},
        )
        self.bars_played = 0

    @property
    def symbol(self) -> str:
        return self.strategy.symbol

    @property
    def grid(self) -> GridState:
        state = self.loop.state.strategies[self.symbol]
        assert isinstance(state, GridState)
        return state

    def run(self, candles: Sequence[Candle]) -> dict[str, object]:
        """Play all candles; the figures, or `{"refused": why}`."""
        playback = Playback(
            self.loop,
            self.paper,
            self.clock,
            self.symbol,
            self.paper.market_session(self.symbol),
            (lambda: self.strategy.quiet(self.grid)) if self.skips else (lambda: None),
            self._count,
            lambda: False,
        )
        try:
            playback.run(candles)
        except GridRefused as refusal:
            return {"refused": str(refusal)}
        return self._figures(len(candles), candles[-1].close)

    def _count(self, bars: int, candle: Candle) -> None:
        self.bars_played += 1

    def _figures(self, bars: int, last: Decimal) -> dict[str, object]:
        book, epoch = self.grid.book, self.grid.epoch
        cash = self.cash + book.cash_flow
        return {
            "bars": bars,
            "orders": len(self.paper.all_orders()),
            "fills": book.buys + book.sells,
            "buys": book.buys,
            "sells": book.sells,
            "cycles": book.cycles,
            "open_orders": len(self.paper.open_orders(self.symbol)),
            "position": book.position,
            "cash": cash,
            "equity": cash + book.position * last,
            "fees": book.fees,
            "matched_pnl": book.matched,
            "inventory_pnl": book.inventory(last),
            "total_pnl": book.total(last),
            "lines": [] if epoch is None else list(epoch.lines),
        }


def _strategy_of(read: Settings, *, own_cross: bool) -> GridStrategy:
    rules = venue_rules(str(read.exchange))
    grid = read.grid(strict=False, bars=True, free_cash=read.paper_cash, adopt_qty=read.adopt_qty or ZERO)
    instrument = rules.instrument(read.symbol, read.fees())
    return GridStrategy(instrument, replace(grid, own_cross=own_cross), always_open=rules.sessions is None)
