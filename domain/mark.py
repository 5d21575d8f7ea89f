"""Prices and the book in buckets of time: what a chart and a drawdown are drawn from, however many prices came."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING

from domain.clock import iso
from domain.exact import ZERO, plain

if TYPE_CHECKING:
    from collections.abc import Mapping

    from domain.split import Split

DAY_S = 86400
"""The step whose buckets begin at a market's own midnight and are as long as its day is."""

STEPS: tuple[tuple[int, int | None], ...] = ((60, 720), (900, 672), (3600, 1080), (DAY_S, None))
"""How long a bucket is, in seconds, and how many steps back buckets are kept; None keeps all."""


@dataclass(frozen=True, slots=True)
class Mark:
    """One bucket of `step_s` seconds that begins at `at`: its prices, and the book as it stood at its end.

    Money is in the quote currency; `cost` is what the open lots cost, `matched` what was earned by then.
    """

    at: datetime
    step_s: int
    open: Decimal
    high: Decimal
    low: Decimal
    close: Decimal
    cash_flow: Decimal
    position: Decimal
    cost: Decimal
    matched: Decimal
    adopted_cost: Decimal

    @property
    def total(self) -> Decimal:
        """Return the profit since the beginning, at the bucket's last price."""
        return self.cash_flow + self.position * self.close - self.adopted_cost

    def rescaled(self, split: Split) -> Mark:
        """Return the bucket in the new shares of a split: prices and position change, money does not."""
        return replace(
            self,
            open=split.price(self.open),
            high=split.price(self.high),
            low=split.price(self.low),
            close=split.price(self.close),
            position=split.qty(self.position),
        )


@dataclass(frozen=True, slots=True)
class Deepest:
    """The greatest fall of Total from its highest so far: from `peak` to `low`, in the quote currency.

    `top` is the highest of all, from which the next fall is measured. Total begins at 0.
    """

    peak: Decimal
    peak_at: datetime
    low: Decimal
    low_at: datetime
    top: Decimal
    top_at: datetime

    @classmethod
    def begun(cls, at: datetime) -> Deepest:
        """Begin where nothing has been earned or lost."""
        return cls(ZERO, at, ZERO, at, ZERO, at)

    @classmethod
    def of(cls, row: Mapping[str, str]) -> Deepest:
        """Read what `row` wrote."""
        moment = datetime.fromisoformat
        return cls(
            peak=Decimal(row["peak"]),
            peak_at=moment(row["peak_at"]),
            low=Decimal(row["low"]),
            low_at=moment(row["low_at"]),
            top=Decimal(row["top"]),
            top_at=moment(row["top_at"]),
        )

    @property
    def fall(self) -> Decimal:
        """Return how much was lost between the two; 0 where Total has never fallen."""
        return self.peak - self.low

    def seen(self, total: Decimal, at: datetime) -> Deepest:
        """Take in what Total is at a moment; the same one twice changes nothing."""
        if total > self.top:
            return replace(self, top=total, top_at=at)
        if self.top - total > self.fall:
            return replace(self, peak=self.top, peak_at=self.top_at, low=total, low_at=at)
        return self

    def is_untouched_between(self, lowest: Decimal, highest: Decimal) -> bool:
        """Whether no Total between these two would change anything."""
        return highest <= self.top and self.top - lowest <= self.fall

    def row(self) -> dict[str, str]:
        """Write it as a row of remembered state: money in plain notation, times in ISO UTC."""
        return {
            "peak": plain(self.peak),
            "peak_at": iso(self.peak_at),
            "low": plain(self.low),
            "low_at": iso(self.low_at),
            "top": plain(self.top),
            "top_at": iso(self.top_at),
        }


def drawdown_row(symbol: str) -> str:
    """Return the name of the row in which the greatest fall of a symbol's Total stands."""
    return f"drawdown/{symbol}"
