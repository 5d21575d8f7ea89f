"""What the ledger keeps of the run itself, beside orders and fills: one row, for reports from the ledger alone."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from bot.standing import standing
from domain.clock import iso
from domain.exact import plain
from domain.instrument import Side
from domain.snapshot import PriceSource, RunState
from domain.version import VERSION
from ledger.columns import ReasonText
from reports.figures import rate_of
from strategy.grid.state import Phase

if TYPE_CHECKING:
    from collections.abc import Mapping, MutableMapping

    from bot.agreement import Opening
    from bot.engine import EngineState
    from domain.instrument import Instrument
    from domain.market import Candle
    from domain.money import WonRate
    from domain.reason import Reason
    from strategy.grid.state import GridState

_WHY = ReasonText()


@dataclass(slots=True)
class Diary:
    """The run as it stands; `bars` is None where none are played. `seen_at` is the engine's, as it was written last.

    `instruments` may be renewed under a running bot. `unlimited`: the account, on paper, has no limit, and begins at 0.
    `fees_estimated`: the venue does not tell what a fill cost. `report` is where the report goes, relative to
    `DATA_DIR`; None where none is written.
    """

    symbol: str
    instruments: MutableMapping[str, Instrument]
    opening: Opening
    started_at: datetime | None = None
    at: datetime | None = None
    bars: int | None = None
    unlimited: bool = False
    prices: PriceSource = PriceSource.LIVE
    fees_estimated: bool = False
    report: str | None = None
    last: Decimal | None = None
    state: RunState = RunState.WAITING
    lines: tuple[Decimal, ...] = ()
    capital: Decimal | None = None
    standing: tuple[Reason, ...] = ()
    seen_at: datetime | None = None
    differences: tuple[str, ...] | None = None
    rate: WonRate | None = None
    _written: tuple[tuple[Decimal, ...], list[str]] = field(default=((), []), init=False, repr=False)
    """The lines as they were written last: the row is written with every fill, the lines change once in an epoch."""

    def go_on_from(self, row: Mapping[str, Any] | None) -> None:
        """Take over what a former start wrote, if there was one; its cash is part of the opening."""
        if row is None:
            return
        self.started_at, self.at = _moment(row["started_at"]), _moment(row["at"])
        self.bars, self.last = row["bars"], None if row["last"] is None else Decimal(row["last"])
        self.seen_at, self.state = _moment(row["seen_at"]), RunState(row["state"])
        # Rows from before there were rates do not say.
        self.rate = rate_of(row.get("rate"))

    def play(self, bars: int, candle: Candle) -> None:
        """Take note of a bar."""
        self.started_at = self.started_at or candle.at
        self.at, self.bars, self.last = candle.at, bars, candle.close

    def begin(self, at: datetime) -> None:
        """Take note of the first start of all; a later one changes nothing."""
        self.started_at = self.started_at or at

    def row_of(self, state: EngineState) -> dict[str, object]:
        """Describe the run by a state, and return the row, numbers as plain text."""
        self.see(state)
        return self.row()

    def see(self, state: EngineState) -> None:
        """Describe the run by a state."""
        grid: GridState = state.strategies[self.symbol]
        self.lines, self.capital = ((), None) if grid.epoch is None else (grid.epoch.lines, grid.epoch.capital)
        self.last = grid.last or self.last
        if self.bars is None and grid.last:
            # Without bars the run stands at the time of its last price.
            self.at = grid.at
        self.seen_at = state.seen_at or self.seen_at
        self.rate = grid.book.rate or self.rate
        self.standing = standing(state, self.symbol)
        self.state = RunState.SAFE if state.safe is not None else _run_state(grid, self.standing)

    def row(self) -> dict[str, object]:
        """Return the row as described last."""
        instrument = self.instruments[self.symbol]
        return {
            "symbol": self.symbol,
            "currency": instrument.quote,
            "cash_start": plain(self.opening.cash),
            "holdings_start": plain(self.opening.holdings),
            "unlimited": self.unlimited,
            "prices": str(self.prices),
            "fee_buy": plain(instrument.fees.rate(Side.BUY)),
            "fee_sell": plain(instrument.fees.rate(Side.SELL)),
            "fees_estimated": self.fees_estimated,
            "capital": None if self.capital is None else plain(self.capital),
            "started_at": _text(self.started_at),
            "at": _text(self.at),
            "bars": self.bars,
            "last": None if self.last is None else plain(self.last),
            "lines": self._lines(),
            "state": str(self.state),
            "standing": [_WHY.written(why) for why in self.standing],
            "version": VERSION,
            "report": self.report,
            "seen_at": _text(self.seen_at),
            "differences": None if self.differences is None else list(self.differences),
            "rate": None if self.rate is None else self.rate.row(),
        }

    def _lines(self) -> list[str]:
        if self._written[0] is not self.lines:
            self._written = self.lines, [plain(line) for line in self.lines]
        return self._written[1]


def _run_state(grid: GridState, held_back_by: tuple[Reason, ...]) -> RunState:
    if grid.phase in {Phase.NO_PRICE, Phase.TRIGGER}:
        return RunState.WAITING
    return RunState.PAUSED if held_back_by else RunState.RUNNING


def _text(at: datetime | None) -> str | None:
    return None if at is None else iso(at)


def _moment(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)
