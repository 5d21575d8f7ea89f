"""Every price ends in its bucket, with the book as it stood: brute force, restarts and skipped bars agree."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import groupby, pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.marks import Marks
from bot.playback import Playback
from bot.wiring.parts import KOREAN_DAYS
from domain.book import Book, Lot
from domain.events import QuoteReceived, SessionOpened
from domain.exact import ZERO
from domain.mark import DAY_S, STEPS, Deepest, Mark, drawdown_row
from domain.market import Candle, Quote
from ledger.opening import open_reader
from ledger.places import SqlitePlace
from tests.bot.rehearsal import Rehearsal, candles_of
from tests.ledger.desk import Desk
from tests.oracle.market import random_case

SYMBOL = "KRW-BTC"
# 23:58:30 in Korea.
BEGIN = datetime(2026, 3, 4, 14, 58, 30, tzinfo=UTC)
MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass
class Store:
    """What a ledger keeps of marks."""

    rows: dict[tuple[int, datetime], Mark] = field(default_factory=dict)
    states: dict[str, dict[str, str]] = field(default_factory=dict)

    def mark(self, symbol: str, mark: Mark) -> None:
        self.rows[mark.step_s, mark.at] = mark

    def forget_marks(self, symbol: str, step_s: int, before: datetime) -> None:
        self.rows = {key: mark for key, mark in self.rows.items() if key[0] != step_s or key[1] >= before}

    def state(self, name: str, body: Mapping[str, object] | None) -> None:
        self.states[name] = {key: str(value) for key, value in (body or {}).items()}

    def marks(self, step_s: int) -> list[Mark]:
        return [mark for key, mark in sorted(self.rows.items()) if key[0] == step_s]

    def deepest(self) -> Deepest:
        (row,) = self.states.values()
        return Deepest.of(row)


@dataclass
class Former:
    """Reads what a store keeps."""

    store: Store

    def newest_mark(self, symbol: str, step_s: int) -> Mark | None:
        return max(self.store.marks(step_s), key=lambda mark: mark.at, default=None)

    def state(self, name: str) -> dict[str, str] | None:
        return self.store.states.get(name)


def bucket_of(at: datetime, step_s: int) -> datetime:
    if step_s == DAY_S:
        return KOREAN_DAYS.midnight_of(KOREAN_DAYS.date_of(at))
    return at - (at - EPOCH) % timedelta(seconds=step_s)


def book_of(number: int) -> Book:
    """Return a book that no other number has."""
    lot = Lot(Decimal(number % 7), Decimal(100), Decimal("0.5"))
    return Book(Decimal(-number), ZERO, Decimal(number) / 4, Decimal(number % 3), {"c1": (lot,), "c2": (lot,)})


def figures(book: Book) -> tuple[Decimal, ...]:
    return book.cash_flow, book.position, book.cost, book.matched, book.adopted_cost


def marked(mark: Mark) -> tuple[Decimal, ...]:
    return mark.cash_flow, mark.position, mark.cost, mark.matched, mark.adopted_cost


@dataclass(frozen=True)
class Seen:
    """A price, or a booking, so many seconds after the one before; a clock that is corrected goes back."""

    after_s: int
    price: Decimal
    is_price: bool


PRICES = st.integers(min_value=90, max_value=110).map(Decimal)
SEEN = st.builds(
    Seen, st.one_of(st.integers(-5, 90), st.integers(600, 90_000)), PRICES, st.sampled_from([True, True, True, False])
)


def heard(marks: Marks, at: datetime, number: int, seen: Seen) -> None:
    quote = QuoteReceived(Quote(SYMBOL, seen.price, at), at)
    marks.hear(quote if seen.is_price else SessionOpened(SYMBOL, at.date(), at), book_of(number))


def live(steps: Sequence[Seen], restarts: frozenset[int] = frozenset()) -> Store:
    """Let a bot hear it all, stopping and starting after the steps of those numbers."""
    store, at = Store(), BEGIN
    marks = Marks.restored(SYMBOL, KOREAN_DAYS, Former(store))
    for number, seen in enumerate(steps):
        at += timedelta(seconds=seen.after_s)
        heard(marks, at, number, seen)
        if marks.due():
            marks.write(store)
        if number in restarts:
            marks.close(store)
            marks = Marks.restored(SYMBOL, KOREAN_DAYS, Former(store))
    marks.close(store)
    return store


@given(steps=st.lists(SEEN, max_size=40))
def test_a_bucket_has_the_prices_of_its_time_and_the_book_of_its_end(steps: list[Seen]) -> None:
    store = live(steps)

    for step_s, _ in STEPS:
        wanted: dict[datetime, list[Decimal]] = {}
        books: dict[datetime, Book] = {}
        at, bucket = BEGIN, EPOCH
        for number, seen in enumerate(steps):
            at += timedelta(seconds=seen.after_s)
            if seen.is_price:
                bucket = max(bucket, bucket_of(at, step_s))
                wanted.setdefault(bucket, []).append(seen.price)
            if bucket in wanted and bucket_of(at, step_s) <= bucket:
                books[bucket] = book_of(number)
        marks = store.marks(step_s)
        kept = [each for each in wanted if not marks or each >= marks[0].at]
        assert [mark.at for mark in marks] == kept
        for mark in marks:
            prices = wanted[mark.at]
            assert (mark.open, mark.high, mark.low, mark.close) == (prices[0], max(prices), min(prices), prices[-1])
            assert marked(mark) == figures(books[mark.at])


@given(steps=st.lists(SEEN, max_size=30), restarts=st.frozensets(st.integers(0, 29)))
def test_restarts_leave_the_same_marks_as_no_restart(steps: list[Seen], restarts: frozenset[int]) -> None:
    again, never = live(steps, restarts), live(steps)

    assert again.rows == never.rows
    assert again.states == never.states


def test_old_buckets_are_forgotten_and_days_are_not() -> None:
    store = live([Seen(60, Decimal(100 + n % 5), is_price=True) for n in range(3000)])

    assert len(store.marks(60)) == 720
    assert len(store.marks(900)) == 3000 // 15 + 1
    assert [mark.at for mark in store.marks(DAY_S)] == [datetime(2026, 3, day, 15, tzinfo=UTC) for day in (3, 4, 5, 6)]
    store = live([Seen(3600, Decimal(100), is_price=True) for _ in range(1200)])
    assert [len(store.marks(step_s)) for step_s in (60, 900, 3600, DAY_S)] == [12, 168, 1080, 50]


def test_a_bot_that_is_killed_loses_no_more_than_the_minute_at_hand() -> None:
    store = Store()
    marks = Marks.restored(SYMBOL, KOREAN_DAYS, Former(store))
    for number, price in enumerate((100, 130, 70, 100, 500)):
        marks.see(BEGIN + (number + 3) * MINUTE, Decimal(price), Book())
        if marks.due() and price != 500:
            marks.write(store)

    marks = Marks.restored(SYMBOL, KOREAN_DAYS, Former(store))
    marks.see(BEGIN + 10 * MINUTE, Decimal(101), Book())
    marks.close(store)

    (day,) = store.marks(DAY_S)
    assert [day.open, day.high, day.low, day.close] == [100, 130, 70, 101]


def test_the_fall_is_looked_at_when_a_minute_is_over() -> None:
    held = Book(cash_flow=Decimal(-100), lots={"c1": (Lot(Decimal(1), Decimal(100), ZERO),)})
    prices, begin = [100, 110, 50, 105, 99, 120], BEGIN.replace(second=0)
    store, marks = Store(), Marks(SYMBOL, KOREAN_DAYS)
    for number, price in enumerate(prices):
        marks.see(begin + number * MINUTE / 2, Decimal(price), held)
    assert marks.due()
    marks.close(store)
    assert not marks.due()

    # Two prices a minute: 50 was the end of none, and the last minute is not over.
    deepest = store.deepest()
    assert (deepest.peak, deepest.low, deepest.top) == (Decimal(10), Decimal(5), Decimal(10))
    for minute in (9, 10):
        marks.see(begin + minute * MINUTE, Decimal(90), held)
    marks.close(store)
    deepest = store.deepest()
    assert (deepest.peak, deepest.peak_at) == (Decimal(20), begin + 2 * MINUTE)
    assert (deepest.low, deepest.low_at) == (Decimal(-10), begin + 9 * MINUTE)


def candles(closes: Sequence[Decimal], step: timedelta) -> list[Candle]:
    """Return bars that open where the one before closed; each reaches one above and one below."""
    bars = []
    for number, (opens, close) in enumerate(pairwise(closes)):
        high, low = max(opens, close) + 1, min(opens, close) - 1
        bars.append(Candle(BEGIN + number * step, opens, high, low, close, ZERO))
    return bars


@given(
    closes=st.lists(PRICES, min_size=2, max_size=60),
    step_s=st.sampled_from([60, 300, 3600, DAY_S, 3 * DAY_S]),
    cuts=st.frozensets(st.integers(1, 58)),
    wider=st.integers(0, 1),
)
def test_a_stretch_of_bars_counts_as_each_of_them_would(
    closes: list[Decimal], step_s: int, cuts: frozenset[int], wider: int
) -> None:
    bars = candles(closes, timedelta(seconds=step_s))
    edges = sorted({0, len(bars), *(cut for cut in cuts if cut < len(bars))})
    whole, single, store, one_by_one = Marks(SYMBOL, KOREAN_DAYS), Marks(SYMBOL, KOREAN_DAYS), Store(), Store()
    whole.keep_until(bars[-1].at)
    books = {}
    for first, last in pairwise(edges):
        rest = bars[first + 1 : last] or [bars[first]]
        within = (min(bar.low for bar in rest) - wider, max(bar.high for bar in rest) + wider)
        whole.bars(bars, first, last, book_of(first), within)
        for index in range(first, last):
            books[index] = book_of(first)
            single.bars(bars, index, index + 1, books[index], (ZERO, ZERO))
    whole.close(store)
    single.close(one_by_one)

    assert store.rows == one_by_one.rows
    assert store.deepest() == one_by_one.deepest()
    for each_s, _ in STEPS:
        spans = groupby(enumerate(bars), key=lambda each: bucket_of(each[1].at, each_s))
        wanted = {at: list(group) for at, group in spans}
        for mark in store.marks(each_s):
            inside = [bar for _, bar in wanted[mark.at]]
            assert (mark.open, mark.close) == (inside[0].open, inside[-1].close)
            assert (mark.high, mark.low) == (max(bar.high for bar in inside), min(bar.low for bar in inside))
            assert marked(mark) == figures(books[wanted[mark.at][-1][0]])
    deepest = Deepest.begun(BEGIN)
    for index, bar in enumerate(bars):
        deepest = deepest.seen(books[index].total(bar.close), bar.at)
    assert store.deepest().fall == deepest.fall


def played(
    settings: Mapping[str, str], bars: list[Candle], *, skips: bool, stop_after: int = 10**9
) -> tuple[Rehearsal, Store]:
    """Play bars with marks; they are written at the end."""
    rehearsal = Rehearsal(settings, skips=skips)
    marks, store, count = Marks(rehearsal.symbol, KOREAN_DAYS), Store(), []
    playback = Playback(
        rehearsal.loop,
        rehearsal.paper,
        rehearsal.clock,
        rehearsal.symbol,
        rehearsal.paper.market_session(rehearsal.symbol),
        (lambda: rehearsal.strategy.quiet(rehearsal.grid)) if skips else (lambda: None),
        lambda number, _: count.append(number),
        lambda: len(count) == stop_after,
        marks,
    )
    playback.run(bars)
    marks.close(store)
    return rehearsal, store


@pytest.mark.parametrize("seed", [2000, 2001, 2003, 2008, 2100])
def test_skipped_bars_are_marked_as_if_they_had_been_played(seed: int) -> None:
    random_bars, settings_of_case = random_case(seed)
    bars = candles_of(random_bars)

    rehearsal, skipping = played(settings_of_case, bars, skips=True)
    _, every = played(settings_of_case, bars, skips=False)

    assert skipping.rows == every.rows
    assert skipping.deepest() == every.deepest()
    days = skipping.marks(DAY_S)
    assert marked(days[-1]) == figures(rehearsal.grid.book)
    assert max(mark.high for mark in days) == max(bar.high for bar in bars)
    assert min(mark.low for mark in days) == min(bar.low for bar in bars)


def test_a_run_that_was_stopped_has_marked_what_it_played() -> None:
    bars = candles([Decimal(price) for price in (10000, 10000, 9990, 9000, 9990, 9000)], MINUTE)

    _, store = played({"GRID_ANCHOR": "10000"}, bars, skips=False, stop_after=3)
    _, unbegun = played({"GRID_ANCHOR": "10000"}, bars, skips=True, stop_after=0)

    assert [mark.close for mark in store.marks(60)] == [bar.close for bar in bars[:3]]
    assert unbegun.rows == {}


@settings(max_examples=5, deadline=None)
@given(steps=st.lists(SEEN, min_size=1, max_size=15))
def test_marks_go_through_a_ledger_and_back(steps: list[Seen], tmp_path_factory: pytest.TempPathFactory) -> None:
    place = SqlitePlace(Path(tmp_path_factory.mktemp("marks")) / "dry_run")
    with Desk.at(place) as desk:
        at, marks = BEGIN, Marks.restored(SYMBOL, KOREAN_DAYS, desk.ledger.reader)
        for number, seen in enumerate(steps):
            at += timedelta(seconds=seen.after_s)
            heard(marks, at, number, seen)
            with desk.ledger.commit() as page:
                marks.close(page)
            desk.reopen()
            marks = Marks.restored(SYMBOL, KOREAN_DAYS, desk.ledger.reader)
    reader = open_reader(place)
    kept = {step_s: reader.marks(SYMBOL, step_s) for step_s, _ in STEPS}
    row = reader.state(drawdown_row(SYMBOL))
    reader.close()

    wanted = live(steps)
    assert kept == {step_s: wanted.marks(step_s) for step_s, _ in STEPS}
    assert row == wanted.states.get(drawdown_row(SYMBOL))


def test_a_clock_that_was_far_ahead_for_a_moment_does_not_stop_the_charts() -> None:
    marks = Marks(SYMBOL, KOREAN_DAYS)
    store = Store()
    marks.see(BEGIN, Decimal(100), Book())
    marks.see(BEGIN + 400 * DAY, Decimal(101), Book())
    for minute in range(1, 4):
        marks.see(BEGIN + minute * MINUTE, Decimal(101 + minute), Book())
    marks.close(store)

    newest = [store.marks(step_s)[-1] for step_s, _ in STEPS]

    assert [mark.close for mark in newest] == [Decimal(104)] * len(STEPS)
    assert max(mark.at for mark in store.rows.values()) <= BEGIN + 3 * MINUTE
