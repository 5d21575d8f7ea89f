"""Gathers prices and the book into buckets of time, as they come: charts and drawdown, however long a run is."""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from operator import attrgetter
from typing import TYPE_CHECKING, Protocol

from domain.events import QuoteReceived
from domain.mark import DAY_S, STEPS, Deepest, Mark, drawdown_row

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from decimal import Decimal

    from domain.book import Book
    from domain.events import Event
    from domain.market import Candle
    from domain.session import SessionRule

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_DAY = timedelta(days=1)

_at_of, _high_of, _low_of, _close_of = (attrgetter(name) for name in ("at", "high", "low", "close"))


class Page(Protocol):
    """The part of a ledger's page that marks are written on."""

    def mark(self, symbol: str, mark: Mark) -> None:
        """Write a bucket of prices, in the place of the one that is stored for its time."""
        ...

    def forget_marks(self, symbol: str, step_s: int, before: datetime) -> None:
        """Remove the stored buckets of a step that began before a moment."""
        ...

    def state(self, name: str, body: Mapping[str, object] | None) -> None:
        """Write, or remove, a row of remembered state."""
        ...


class Former(Protocol):
    """The part of a ledger's reader that marks go on from."""

    def newest_mark(self, symbol: str, step_s: int) -> Mark | None:
        """Return the newest bucket of a step."""
        ...

    def state(self, name: str) -> Mapping[str, str] | None:
        """Return a row of remembered state."""
        ...


@dataclass(slots=True)
class _Bucket:
    """One bucket in the making; its book is the one that stood at the last price, or as it was restored."""

    at: datetime
    ends_at: datetime
    open: Decimal
    high: Decimal
    low: Decimal
    close: Decimal
    book: Book | Mark

    def price(self, price: Decimal, book: Book) -> None:
        self.high, self.low = max(self.high, price), min(self.low, price)
        self.close, self.book = price, book

    def play(self, candles: Sequence[Candle], book: Book, within: tuple[Decimal, Decimal]) -> None:
        """Take in bars whose prices all lie within those two; where the bucket reaches further, they say nothing."""
        if within[0] < self.low or within[1] > self.high:
            highest, lowest = max(map(_high_of, candles)), min(map(_low_of, candles))
            self.high, self.low = max(self.high, highest), min(self.low, lowest)
        self.close, self.book = candles[-1].close, book


@dataclass(slots=True)
class _Series:
    """The buckets of one step: the one in the making, and those that are over and not written yet."""

    step_s: int
    keep: int | None
    days: SessionRule
    bucket: _Bucket | None = None
    over: list[_Bucket] = field(default_factory=list)
    needed_from: datetime = _EPOCH

    def begin(self, mark: Mark) -> None:
        """Go on with what was written last."""
        _, ends_at = self._bounds(mark.at)
        self.bucket = _Bucket(mark.at, ends_at, mark.open, mark.high, mark.low, mark.close, mark)

    def see(self, at: datetime, price: Decimal, book: Book) -> _Bucket | None:
        """Take in a price, and return the bucket that is over by it.

        One from shortly before the bucket in the making, as when a clock is set back, counts in that bucket. A bucket
        that lies further ahead was begun by a clock that was wrong: it is dropped, or nothing would count until then.
        """
        before = self.bucket
        if before is not None and before.at - at > timedelta(seconds=self.step_s):
            before = self.bucket = None
        if before is not None and at < before.ends_at:
            before.price(price, book)
            return None
        self._open(at, (price, price, price, price), book)
        return before

    def booked(self, at: datetime, book: Book) -> None:
        """Take in what the book is; after the end of the bucket in the making it says nothing of that."""
        if self.bucket is not None and at < self.bucket.ends_at:
            self.bucket.book = book

    def play(
        self, candles: Sequence[Candle], first: int, last: int, book: Book, within: tuple[Decimal, Decimal]
    ) -> None:
        """Take in bars; those that nobody will ask for any more are passed over."""
        if candles[last - 1].at < self.needed_from:
            return
        index = bisect_left(candles, self.needed_from, first, last, key=_at_of)
        while index < last:
            bar, bucket = candles[index], self.bucket
            if bucket is None or bar.at >= bucket.ends_at:
                bucket = self._open(bar.at, (bar.open, bar.high, bar.low, bar.close), book)
                index += 1
            elif index == first:
                bucket.play((bar,), book, (bar.low, bar.high))
                index += 1
            end = last
            if candles[last - 1].at >= bucket.ends_at:
                end = bisect_left(candles, bucket.ends_at, index, last, key=_at_of)
            if index < end:
                bucket.play(candles[index:end], book, within)
            index = end

    def keep_until(self, ends_at: datetime) -> None:
        """Know when the last bar comes: what is too old by then is not needed now."""
        if self.keep is not None:
            self.needed_from = self._kept_from(self._bounds(ends_at)[0], self.keep)

    def write(self, symbol: str, page: Page) -> None:
        """Write the buckets that are over, and take away what is too old by them."""
        kept_from = self.needed_from
        if self.over and self.bucket is not None and self.keep is not None:
            kept_from = self._kept_from(self.bucket.at, self.keep)
            page.forget_marks(symbol, self.step_s, kept_from)
        for bucket in self.over:
            if bucket.at >= kept_from:
                page.mark(symbol, self._mark(bucket))
        self.over.clear()

    def write_unfinished(self, symbol: str, page: Page) -> None:
        """Write the bucket in the making as it is."""
        if self.bucket is not None:
            page.mark(symbol, self._mark(self.bucket))

    def _open(self, at: datetime, prices: tuple[Decimal, Decimal, Decimal, Decimal], book: Book) -> _Bucket:
        if self.bucket is not None:
            self.over.append(self.bucket)
        begins_at, ends_at = self._bounds(at)
        self.bucket = _Bucket(begins_at, ends_at, *prices, book)
        return self.bucket

    def _bounds(self, at: datetime) -> tuple[datetime, datetime]:
        if self.step_s == DAY_S:
            day = self.days.date_of(at)
            return self.days.midnight_of(day), self.days.midnight_of(day + _DAY)
        step = timedelta(seconds=self.step_s)
        begins_at = at - (at - _EPOCH) % step
        return begins_at, begins_at + step

    def _kept_from(self, newest_at: datetime, keep: int) -> datetime:
        return newest_at - (keep - 1) * timedelta(seconds=self.step_s)

    def _mark(self, bucket: _Bucket) -> Mark:
        book = bucket.book
        return Mark(
            bucket.at,
            self.step_s,
            bucket.open,
            bucket.high,
            bucket.low,
            bucket.close,
            cash_flow=book.cash_flow,
            position=book.position,
            cost=book.cost,
            matched=book.matched,
            adopted_cost=book.adopted_cost,
        )


class Marks:
    """The buckets of one symbol and its deepest fall; `days` tells at which midnight a day begins.

    The fall is looked at when a minute is over, and in a run on bars at the end of each bar, dated by its beginning.
    """

    def __init__(
        self, symbol: str, days: SessionRule, newest: Sequence[Mark] = (), deepest: Deepest | None = None
    ) -> None:
        """Go on from what was written last, if anything was: the newest bucket of each step, and the deepest fall."""
        self.symbol = symbol
        self.deepest = deepest
        self._series = [_Series(step_s, keep, days) for step_s, keep in STEPS]
        self._finest = self._series[0]
        # A position is the sum of all lots: it is added up once for each book, not once for each bar.
        self._standing: tuple[Book, Decimal, Decimal] | None = None
        by_step = {mark.step_s: mark for mark in newest}
        for series in self._series:
            if series.step_s in by_step:
                series.begin(by_step[series.step_s])

    @classmethod
    def restored(cls, symbol: str, days: SessionRule, reader: Former) -> Marks:
        """Go on from a ledger."""
        newest = [reader.newest_mark(symbol, step_s) for step_s, _ in STEPS]
        row = reader.state(drawdown_row(symbol))
        return cls(symbol, days, [mark for mark in newest if mark], None if row is None else Deepest.of(row))

    def hear(self, event: Event, book: Book) -> None:
        """Take in what an event says: a price, or that the book is now this one."""
        if isinstance(event, QuoteReceived) and event.quote.symbol == self.symbol:
            self.see(event.at, event.quote.last, book)
        else:
            for series in self._series:
                series.booked(event.at, book)

    def see(self, at: datetime, price: Decimal, book: Book) -> None:
        """Take in a price of this moment, and the book as it is with it."""
        if self.deepest is None:
            self.deepest = Deepest.begun(at)
        for series in self._series:
            over = series.see(at, price, book)
            if over is not None and series is self._finest:
                total = over.book.cash_flow + over.book.position * over.close - over.book.adopted_cost
                self.deepest = self.deepest.seen(total, over.at)

    def keep_until(self, ends_at: datetime) -> None:
        """Know when the last bar of a run comes, so that no bucket is made that would be too old by then."""
        for series in self._series:
            series.keep_until(ends_at)

    def bars(
        self, candles: Sequence[Candle], first: int, last: int, book: Book, within: tuple[Decimal, Decimal]
    ) -> None:
        """Take in `candles[first:last]`, the book as it stood at the end of each of them.

        All but the first lie within two prices, which saves looking at each.
        """
        for series in self._series:
            series.play(candles, first, last, book, within)
        if self._standing is None or self._standing[0] is not book:
            self._standing = book, book.cash_flow - book.adopted_cost, book.position
        _, money, position = self._standing
        bar = candles[first]
        deepest = (self.deepest or Deepest.begun(bar.at)).seen(money + position * bar.close, bar.at)
        if last - first > 1:
            lowest, highest = (money + position * price for price in within)
            if not deepest.is_untouched_between(lowest, highest):
                deepest = _deepened(deepest, candles[first + 1 : last], money, position)
        self.deepest = deepest

    def due(self) -> bool:
        """Whether a minute is over that is not written yet."""
        return bool(self._finest.over)

    def write(self, page: Page) -> None:
        """Write what is over; longer buckets also as they stand, so that a killed bot loses a minute and no more."""
        for series in self._series:
            series.write(self.symbol, page)
            if series is not self._finest:
                series.write_unfinished(self.symbol, page)
        if self.deepest is not None:
            page.state(drawdown_row(self.symbol), self.deepest.row())

    def close(self, page: Page) -> None:
        """Write everything at a stop; the next start goes on in the middle of each bucket."""
        self.write(page)
        self._finest.write_unfinished(self.symbol, page)


def _deepened(deepest: Deepest, candles: Sequence[Candle], money: Decimal, position: Decimal) -> Deepest:
    """Take in the closes of bars during which the book did not change."""
    highest, lowest = max(candles, key=_close_of), min(candles, key=_close_of)
    top, bottom = money + position * highest.close, money + position * lowest.close
    if max(top, deepest.top) - bottom <= deepest.fall:
        # However they follow each other, they fall no deeper.
        return deepest.seen(top, highest.at)
    for bar in candles:
        deepest = deepest.seen(money + position * bar.close, bar.at)
    return deepest
