"""The market's trades so far, summed up by minute and by local day as they are printed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from domain.exact import ZERO

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime, tzinfo
    from decimal import Decimal

    from simulator.market import Print

MINUTE = timedelta(minutes=1)


@dataclass(slots=True)
class Span:
    """What was traded from `begins_at` on; `funds` is the sum of price times quantity."""

    begins_at: datetime
    open: Decimal
    high: Decimal
    low: Decimal
    close: Decimal
    volume: Decimal
    funds: Decimal
    last_at: datetime

    def merge(self, other: Span) -> None:
        """Add what came later."""
        self.high, self.low = max(self.high, other.high), min(self.low, other.low)
        self.close, self.last_at = other.close, other.last_at
        self.volume += other.volume
        self.funds += other.funds

    def copy(self, begins_at: datetime) -> Span:
        """Return the same trades as a span with another begin."""
        return Span(begins_at, self.open, self.high, self.low, self.close, self.volume, self.funds, self.last_at)


class Tape:
    """Minutes and days, oldest first; a minute without a trade is not there."""

    def __init__(self, zone: tzinfo) -> None:
        self._zone = zone
        self.minutes: list[Span] = []
        self.days: list[Span] = []

    def hear(self, printed: Print) -> None:
        """Add one trade of the market."""
        price, volume = printed.price, printed.volume
        span = Span(printed.at, price, price, price, price, volume, price * volume, printed.at)
        _merge(self.minutes, span, self.minute_of(printed.at))
        _merge(self.days, span, self.day_of(printed.at))

    def minute_of(self, at: datetime) -> datetime:
        """Return the begin of the minute of a moment."""
        return at.replace(second=0, microsecond=0)

    def day_of(self, at: datetime) -> datetime:
        """Return the begin of the local day of a moment."""
        return at.astimezone(self._zone).replace(hour=0, minute=0, second=0, microsecond=0)

    def newest(self, begin_of: Callable[[datetime], datetime], before: datetime | None) -> Iterator[Span]:
        """Give spans newest first, minutes put together by the begin they fall under; only begins before a moment."""
        whole: Span | None = None
        for minute in reversed(self.minutes):
            begins_at = begin_of(minute.begins_at)
            if before is not None and begins_at >= before:
                continue
            if whole is None or whole.begins_at != begins_at:
                if whole is not None:
                    yield whole
                whole = minute.copy(begins_at)
            else:
                earlier = minute.copy(begins_at)
                earlier.merge(whole)
                whole = earlier
        if whole is not None:
            yield whole

    def since(self, moment: datetime) -> tuple[Decimal, Decimal]:
        """Sum volume and funds of the minutes from a moment on."""
        volume = funds = ZERO
        for minute in reversed(self.minutes):
            if minute.begins_at < moment:
                break
            volume += minute.volume
            funds += minute.funds
        return volume, funds


def _merge(spans: list[Span], span: Span, begins_at: datetime) -> None:
    if spans and spans[-1].begins_at == begins_at:
        spans[-1].merge(span)
    else:
        spans.append(span.copy(begins_at))
