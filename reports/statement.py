"""Everything that a report shows, gathered from one moment of the ledger by a bounded number of bounded questions."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from domain.book import DUST
from domain.mark import DAY_S, Deepest, drawdown_row
from domain.snapshot import PriceSource, RunState
from domain.view import SessionSeen
from ledger.columns import ReasonText
from reports import history
from reports.cells import cells_of
from reports.figures import RUN, described
from reports.formulas import BreakEvens, Held, Yields, break_evens, days_between, held, lot_break_even, ratio, yields
from reports.legs import CycleShown, cycle_shown

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date, tzinfo

    from domain.book import Book, Lot
    from domain.mark import Mark
    from domain.reason import Reason
    from domain.session import MarketHours
    from domain.snapshot import Snapshot
    from ledger.reader import Reader
    from ledger.records import DecisionRecord, FillRecord, OrderRecord
    from reports.cells import CellShown
    from reports.history import DayShown

SAFE = "safe"
"""The row of the ledger that says why no new order may be placed."""

CELLS_MAX = 60
LOTS_MAX = 80
ORDERS_MAX = 60
CYCLES_MAX = 30
DECISIONS_MAX = 40
WARNINGS_MAX = 30
FILLS_MAX = 300
FORMER_MAX = 10
"""A page stays of one size, however long the run."""

_WHY = ReasonText()


@dataclass(frozen=True, slots=True)
class LotShown:
    """One lot with the price at which its sale comes out even, where the fee of a sale is known."""

    slot: str
    lot: Lot
    break_even: Decimal | None


@dataclass(frozen=True, slots=True)
class FormerMarket:
    """A market that this ledger traded before, by its book."""

    symbol: str
    book: Book


@dataclass(frozen=True, slots=True)
class Course:
    """How the run went: `whole` all of it, `recent` the part whose prices are drawn, `fills` those of that part.

    `start` is the grid's capital, `first` the price at the run's start; None where they are not known.
    """

    whole: Sequence[Mark] = ()
    recent: Sequence[Mark] = ()
    fills: Sequence[FillRecord] = ()
    start: Decimal | None = None
    first: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Counted:
    """How many there are of what is shown only in part."""

    cells: int
    lots: int
    orders: int


@dataclass(frozen=True, slots=True)
class Statement:
    """All figures of a report at one moment; lists of what happened are newest first, cells highest first."""

    snapshot: Snapshot
    made_at: datetime | None
    standing: tuple[Reason, ...]
    seen_at: datetime | None
    unlimited: bool
    fee_buy: Decimal | None
    fee_sell: Decimal | None
    capital: Decimal | None
    book: Book
    days_run: Decimal | None
    yields: Yields
    break_evens: BreakEvens
    held: Held | None
    deepest: Deepest | None
    today: DayShown | None
    days: Sequence[DayShown]
    course: Course
    cells: Sequence[CellShown]
    orders: Sequence[OrderRecord]
    lots: Sequence[LotShown]
    cycles: Sequence[CycleShown]
    decisions: Sequence[DecisionRecord]
    warnings: Sequence[DecisionRecord]
    former: Sequence[FormerMarket]
    counted: Counted
    session: SessionSeen | None = None

    @property
    def total(self) -> Decimal:
        """Return Total."""
        return self.snapshot.total_pnl

    @property
    def rate_age(self) -> timedelta | None:
        """Return how old the rate of the won is where the report is made; None where there is none."""
        rate = None if self.snapshot.won is None else self.snapshot.won.rate
        # A market of ours has a time of its own: there the rate is as old as it was at the last price.
        is_now = self.snapshot.prices is PriceSource.LIVE and self.made_at is not None
        now = self.made_at if is_now else self.snapshot.at
        return None if rate is None or now is None else max(now - rate.at, timedelta(0))

    @property
    def deepest_part(self) -> Decimal | None:
        """Return the greatest fall of Total as a part of the grid's capital."""
        if self.deepest is None or self.capital is None:
            return None
        return ratio(-self.deepest.fall, self.capital)

    @property
    def only_dust(self) -> bool:
        """Whether all that is held is too little to sell."""
        return set(self.book.lots) == {DUST}


def statement_of(reader: Reader, at: datetime | None = None, hours: MarketHours | None = None) -> Statement:
    """Gather a statement from a frozen reader; `at` is when it is made. Raises `LookupError` where nothing has run.

    `hours`: when the market trades; None where it never closes.
    """
    run = reader.state(RUN)
    if run is None:
        raise LookupError(RUN)
    symbol = run["symbol"]
    book, open_records = reader.book(symbol), reader.open_records()
    shown = described(reader.meta(), run, book, orders=reader.accepted(symbol), open_orders=len(open_records))
    fee_sell, capital = _number(run.get("fee_sell")), _number(run.get("capital"))
    course = _course(reader, shown, capital)
    zone = history.market_zone(shown.currency)
    days = _days(reader, shown, zone)
    days_run = None if shown.started_at is None or shown.at is None else days_between(shown.started_at, shown.at)
    cells = reader.states(f"cell/{symbol}/")
    lots = _lots(book, fee_sell)
    return Statement(
        snapshot=shown,
        made_at=at,
        standing=_standing(run, reader.state(SAFE)),
        seen_at=_moment(run.get("seen_at")),
        unlimited=run["unlimited"],
        fee_buy=_number(run.get("fee_buy")),
        fee_sell=fee_sell,
        capital=capital,
        book=book,
        days_run=days_run,
        yields=yields(book, shown.last, capital, days_run),
        break_evens=BreakEvens() if fee_sell is None else break_evens(book, fee_sell),
        held=_held(course, shown.last),
        deepest=_deepest(reader, shown),
        today=_today(days, None if shown.at is None else shown.at.astimezone(zone).date()),
        days=days,
        course=course,
        cells=cells_of(cells, book, shown.last, CELLS_MAX),
        orders=sorted(open_records, key=lambda record: record.order.price, reverse=True)[:ORDERS_MAX],
        lots=lots[:LOTS_MAX],
        cycles=[cycle_shown(record) for record in reader.cycles(symbol, CYCLES_MAX)],
        decisions=reader.decisions(DECISIONS_MAX),
        warnings=reader.warnings(WARNINGS_MAX),
        former=_former(reader, symbol),
        counted=Counted(len(cells), len(lots), len(open_records)),
        session=_session(shown, at, hours),
    )


def _session(shown: Snapshot, at: datetime | None, hours: MarketHours | None) -> SessionSeen | None:
    """Return which session runs; None for a run that is over."""
    if at is None or hours is None or shown.state is RunState.FINISHED:
        return None
    return SessionSeen.at(hours, at)


def _days(reader: Reader, shown: Snapshot, zone: tzinfo) -> list[DayShown]:
    # One mark more than days: each is compared with the one before it.
    marks = reader.newest_marks(shown.symbol, DAY_S, history.DAYS_MAX + 1)
    rolled = reader.newest_days(shown.symbol, history.DAYS_MAX)
    return history.days_shown(rolled, marks, zone, shown.started_at, shown.total_pnl)


def _course(reader: Reader, shown: Snapshot, capital: Decimal | None) -> Course:
    if shown.started_at is None or shown.at is None:
        return Course(start=capital)
    whole = history.course(reader, shown.symbol, shown.started_at, shown.at)
    recent = history.recent(reader, shown.symbol, whole)
    splits = reader.rescales(shown.symbol)
    fills = [
        history.in_new_shares(record, splits)
        for record in reader.fills(FILLS_MAX)
        if record.symbol == shown.symbol and recent and record.fill.at >= recent[0].at
    ]
    # The price at the start is known only where the marks reach back to it.
    oldest = reader.oldest_mark(shown.symbol, DAY_S)
    first = oldest.open if oldest is not None and oldest.at <= shown.started_at else None
    return Course(whole, recent, fills, capital, first)


def _held(course: Course, last: Decimal | None) -> Held | None:
    if not course.start or course.first is None or last is None:
        return None
    return held(course.start, course.first, last)


def _deepest(reader: Reader, shown: Snapshot) -> Deepest | None:
    """Return the greatest fall of Total, this moment included: the ledger looks at the end of each minute."""
    row = reader.state(drawdown_row(shown.symbol))
    if shown.at is None or shown.last is None:
        return None if row is None else Deepest.of(row)
    begun = Deepest.begun(shown.started_at or shown.at) if row is None else Deepest.of(row)
    return begun.seen(shown.total_pnl, shown.at)


def _standing(run: Mapping[str, Any], safe: Mapping[str, Any] | None) -> tuple[Reason, ...]:
    """Return why the bot does not trade as it otherwise would, the gravest first."""
    told = [_WHY.parsed(text) for text in run.get("standing", ())]
    grave = [] if safe is None else [_WHY.parsed(safe["why"])]
    return tuple(grave + [why for why in told if why not in grave])


def _lots(book: Book, fee_sell: Decimal | None) -> list[LotShown]:
    """Return all lots, the dearest first."""
    lots = [
        LotShown(slot, lot, None if fee_sell is None else lot_break_even(lot, fee_sell))
        for slot, held_lots in book.lots.items()
        for lot in held_lots
    ]
    return sorted(lots, key=lambda shown: (shown.lot.price, shown.slot), reverse=True)


def _today(days: Sequence[DayShown], today: date | None) -> DayShown | None:
    return next((day for day in days if day.day == today), None)


def _former(reader: Reader, symbol: str) -> list[FormerMarket]:
    others = [other for other in reader.symbols() if other != symbol]
    return [FormerMarket(other, reader.book(other)) for other in others[:FORMER_MAX]]


def _number(text: str | None) -> Decimal | None:
    return None if text is None else Decimal(text)


def _moment(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)
