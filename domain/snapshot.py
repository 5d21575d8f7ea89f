"""What the faces read: one immutable picture of a run, and its summary in plain notation."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from domain.clock import iso
from domain.exact import plain

if TYPE_CHECKING:
    from datetime import datetime
    from decimal import Decimal

    from domain.money import WonProfit

SCHEMA = 1
"""Version of the summary's form."""


class Mode(StrEnum):
    """With what a run trades; real money only in `live`."""

    LIVE = "live"
    MOCK = "mock"
    DRY_RUN = "dry_run"
    DEMO = "demo"
    BACKTEST = "backtest"


class RunState(StrEnum):
    """How a run stands."""

    SETUP = "setup"
    WAITING = "waiting"
    RUNNING = "running"
    PAUSED = "paused"
    HALTED = "halted"
    SAFE = "safe"
    FINISHED = "finished"


class PriceSource(StrEnum):
    """Where the prices of a run come from: a real market now, a file of candles, or a market made up by us."""

    LIVE = "live"
    RECORDED = "recorded"
    SYNTHETIC = "synthetic"


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Figures of a run at one moment, amounts in `currency`; `last` is the price they are taken at.

    `won`: the same profit in won; None where the currency is the won itself.
    """

    exchange: str
    instance: str
    mode: Mode
    symbol: str
    currency: str
    started_at: datetime | None
    at: datetime | None
    bars: int | None
    last: Decimal | None
    orders: int
    buys: int
    sells: int
    cycles: int
    open_orders: int
    position: Decimal
    cash: Decimal
    fees: Decimal
    matched_pnl: Decimal
    inventory_pnl: Decimal
    lines: tuple[Decimal, ...]
    state: RunState
    version: str
    report: str | None = None
    differences: tuple[str, ...] | None = None
    prices: PriceSource = PriceSource.LIVE
    fees_estimated: bool = False
    won: WonProfit | None = None

    @property
    def equity(self) -> Decimal:
        """Return cash and position at the last price."""
        return self.cash if self.last is None else self.cash + self.position * self.last

    @property
    def total_pnl(self) -> Decimal:
        """Return Matched and Inventory together."""
        return self.matched_pnl + self.inventory_pnl

    @property
    def total_pnl_krw(self) -> Decimal | None:
        """Return Total in won; None while that is not known."""
        if self.currency == "KRW":
            return self.total_pnl
        total = None if self.won is None else self.won.total
        return None if total is None else total.total

    def summary(self) -> dict[str, object]:
        """Return the summary: money, prices and quantities as plain text, counts as integers, times ISO UTC."""
        total_krw = self.total_pnl_krw
        return {
            "schema": SCHEMA,
            "exchange": self.exchange,
            "instance": self.instance,
            "mode": str(self.mode),
            "symbol": self.symbol,
            "currency": self.currency,
            "started_at": None if self.started_at is None else iso(self.started_at),
            "at": None if self.at is None else iso(self.at),
            "bars": self.bars,
            "orders": self.orders,
            "fills": self.buys + self.sells,
            "buys": self.buys,
            "sells": self.sells,
            "cycles": self.cycles,
            "open_orders": self.open_orders,
            "position": plain(self.position),
            "cash": plain(self.cash),
            "equity": plain(self.equity),
            "fees": plain(self.fees),
            "matched_pnl": plain(self.matched_pnl),
            "inventory_pnl": plain(self.inventory_pnl),
            "total_pnl": plain(self.total_pnl),
            "total_pnl_krw": None if total_krw is None else plain(total_krw),
            "lines": [plain(line) for line in self.lines],
            "state": str(self.state),
            "version": self.version,
            "report": self.report,
            **self._agreement(),
        }

    def _agreement(self) -> dict[str, object]:
        if self.differences is None:
            return {}
        return {"ledger_agrees_with_exchange": not self.differences, "differences": list(self.differences)}
