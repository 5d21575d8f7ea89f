"""What the ledger remembers, as values of the trade; nothing here writes or takes a lock."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any, TypeVar

from sqlalchemy import Integer, bindparam, cast, func, select, type_coerce

from domain.instrument import Side
from ledger.columns import BodyText, Count, Word, Words
from ledger.cycles import newest_cycles
from ledger.driver import Pool
from ledger.records import (
    DayRecord,
    FillSum,
    adjustment_of,
    book_of,
    decision_of,
    fill_of,
    lots_of,
    mark_of,
    order_of,
)
from ledger.rescales import RESCALES_AFTER, RESCALES_OF, rescale_of
from ledger.schema import (
    IS_WARNING,
    adjustments,
    days,
    decisions,
    fills,
    lots,
    marks,
    meta,
    orders,
    state,
    tallies,
    transitions,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import date, datetime

    from sqlalchemy import Column, ColumnElement, Label, Select

    from domain.book import Book
    from domain.mark import Mark
    from domain.order import Fill, Order
    from ledger.driver import Driver, Row
    from ledger.records import AdjustmentRecord, CycleRecord, DecisionRecord, FillRecord, OrderRecord
    from ledger.rescales import RescaleRecord

T = TypeVar("T")

PAGE_ROWS = 2000
"""A long table is read in parts of this many rows, so that memory does not grow with the years."""

_SYMBOL: ColumnElement[str] = bindparam("symbol", type_=Words())
_SLOT: ColumnElement[str] = bindparam("slot", type_=Words())
_LIMIT: ColumnElement[int] = bindparam("limit", type_=Integer())
_AFTER: ColumnElement[int] = bindparam("after", type_=Integer())


def _sum(count: Column[Any]) -> Label[Any]:
    # Cast: PostgreSQL takes the sum of whole numbers for a number with decimals.
    return cast(func.coalesce(func.sum(count), 0), Count()).label(count.name)


ORDER_BY_SEQ = select(orders).where(orders.c.seq == bindparam("seq"))
_ORDER_BY_CLIENT_ID = select(orders).where(orders.c.client_id == bindparam("client_id"))
# Not sorted here: to sort them SQLite would walk over all orders ever, instead of the index of the open ones.
_OPEN_ORDERS = select(orders).where(orders.c.closed_at.is_(None))
_ORDERS_AFTER = select(orders).where(orders.c.seq > _AFTER).order_by(orders.c.seq).limit(_LIMIT)
_NEWEST_ORDERS = select(orders).order_by(orders.c.seq.desc()).limit(_LIMIT)
_TALLIES = select(tallies)
_ACCEPTED = select(func.max(tallies.c.orders).label("n")).where(tallies.c.symbol == _SYMBOL)
_ATTEMPT = select(func.max(orders.c.attempt).label("n")).where(
    orders.c.symbol == _SYMBOL,
    # Between these two stand the attempts of one key: the unique index finds them without a search.
    orders.c.intent_key >= bindparam("low", type_=Words()),
    orders.c.intent_key < bindparam("high", type_=Words()),
    orders.c.slot == _SLOT,
    orders.c.side == bindparam("side", type_=Word(Side)),
    orders.c.session.is_not_distinct_from(bindparam("session", type_=orders.c.session.type)),
)
_SENDS = select(func.count().label("n")).where(orders.c.sent_at >= bindparam("at", type_=orders.c.sent_at.type))
_CREATES = select(func.count().label("n")).where(
    orders.c.symbol == _SYMBOL,
    orders.c.slot == _SLOT,
    orders.c.created_at >= bindparam("at", type_=orders.c.created_at.type),
    orders.c.sent_at.is_not(None),
)
_VENUE_IDS = select(orders.c.venue_id, orders.c.client_id).where(
    orders.c.symbol == _SYMBOL,
    orders.c.venue_id.is_not(None),
    orders.c.created_at >= bindparam("at", type_=orders.c.created_at.type),
)
_NEWEST_FILLS = select(fills).order_by(fills.c.entry.desc()).limit(_LIMIT)
_FILLS_AFTER = select(fills).where(fills.c.entry > _AFTER).order_by(fills.c.entry).limit(_LIMIT)
_FILLS_OF = (
    select(fills).where(fills.c.order_seq == bindparam("seq", type_=fills.c.order_seq.type)).order_by(fills.c.entry)
)
_FILL = select(fills.c.entry).where(fills.c.symbol == _SYMBOL, fills.c.fill_id == bindparam("fill_id"))
_ADJUSTMENTS_AFTER = select(adjustments).where(adjustments.c.entry > _AFTER).order_by(adjustments.c.entry).limit(_LIMIT)
_TRANSITIONS_AFTER = select(transitions).where(transitions.c.id > _AFTER).order_by(transitions.c.id).limit(_LIMIT)
_DAYS = select(days).where(days.c.symbol == _SYMBOL).order_by(days.c.day)
_NEWEST_DAYS = select(days).where(days.c.symbol == _SYMBOL).order_by(days.c.day.desc()).limit(_LIMIT)
_ADDED = select(
    *(days.c[name] for name in ("cash_flow", "fees", "matched", "adopted_cost", "won_price", "won_fx", "won_cross"))
).where(days.c.symbol == _SYMBOL)
_COUNTED = select(*map(_sum, (days.c.buys, days.c.sells, days.c.cycles, days.c.unrated))).where(
    days.c.symbol == _SYMBOL
)
_DAY = select(days).where(days.c.symbol == _SYMBOL, days.c.day == bindparam("day"))
_LOTS = select(lots).where(lots.c.symbol == _SYMBOL).order_by(lots.c.slot, lots.c.n)
_SYMBOLS = select(days.c.symbol).union(select(lots.c.symbol)).subquery()
_ALL_SYMBOLS = select(_SYMBOLS.c.symbol).order_by(_SYMBOLS.c.symbol)
_NEWEST_DECISIONS = select(decisions).order_by(decisions.c.id.desc()).limit(_LIMIT)
_NEWEST_WARNINGS = select(decisions).where(IS_WARNING).order_by(decisions.c.id.desc()).limit(_LIMIT)
_OF_STEP = (marks.c.symbol == _SYMBOL, marks.c.step_s == bindparam("step_s"))
_MARKS = select(marks).where(*_OF_STEP).order_by(marks.c.at)
_OLDEST_MARK = _MARKS.limit(1)
_NEWEST_MARKS = select(marks).where(*_OF_STEP).order_by(marks.c.at.desc()).limit(_LIMIT)
_PLACES = select(marks.c.at, func.row_number().over(order_by=marks.c.at.desc()).label("n")).where(*_OF_STEP).subquery()
_EACH_NTH = select(_PLACES.c.at).where((_PLACES.c.n - 1) % bindparam("every", type_=Integer()) == 0)
_THINNED_MARKS = _MARKS.where(marks.c.at.in_(_EACH_NTH))
_BODY = type_coerce(state.c.body, BodyText()).label("body")
_DECISIONS_AFTER = select(decisions).where(decisions.c.id > _AFTER).order_by(decisions.c.id).limit(_LIMIT)
_STATE = select(_BODY).where(state.c.name == bindparam("name"))
_STATES = (
    select(state.c.name, _BODY)
    .where(func.substr(state.c.name, 1, bindparam("length", type_=Integer())) == bindparam("prefix", type_=Words()))
    .order_by(state.c.name)
)
_STATE_TEXTS = select(state)
_META = select(meta)
_TWICE = (
    select(fills.c.symbol, fills.c.fill_id, func.count().label("n"))
    .group_by(fills.c.symbol, fills.c.fill_id)
    .having(func.count() > 1)
)


class Reader:
    """Reads what is committed; beside the writer, or on connections of its own."""

    def __init__(self, source: Driver | Pool) -> None:
        """Know where to ask."""
        self._source = source

    @contextlib.contextmanager
    def frozen(self) -> Iterator[Reader]:
        """Lend a reader whose answers all belong to the same moment."""
        with self._source.snapshot() as driver:
            yield Reader(driver)

    def close(self) -> None:
        """Close the connections of its own; the writer's stays."""
        if isinstance(self._source, Pool):
            self._source.close()

    def meta(self) -> dict[str, str]:
        """Return whose ledger it is."""
        return {row["key"]: row["value"] for row in self._read(_META)}

    def orders(self) -> list[Order]:
        """Return every order, oldest first."""
        return [record.order for record in self.each_order()]

    def records(self, limit: int) -> list[OrderRecord]:
        """Return the newest orders with fee, times and reason, newest first."""
        return [order_of(row) for row in self._read(_NEWEST_ORDERS, limit=limit)]

    def open_records(self) -> list[OrderRecord]:
        """Return the orders of which something is still expected, with all that is known of them, oldest first."""
        return sorted(map(order_of, self._read(_OPEN_ORDERS)), key=lambda record: record.order.seq)

    def open_orders(self) -> list[Order]:
        """Return the orders of which something is still expected, oldest first."""
        return [record.order for record in self.open_records()]

    def order(self, client_id: str) -> Order | None:
        """Return one order by the id that was sent."""
        found = self._read(_ORDER_BY_CLIENT_ID, client_id=client_id)
        return order_of(found[0]).order if found else None

    def record(self, seq: int) -> OrderRecord | None:
        """Return one order by its sequence."""
        found = self._read(ORDER_BY_SEQ, seq=seq)
        return order_of(found[0]) if found else None

    def accepted(self, symbol: str) -> int:
        """Return how many orders the venue ever accepted; they are tallied as they come, not counted here."""
        return self._count(_ACCEPTED, symbol=symbol)

    def tallies(self) -> dict[str, int]:
        """Return for each symbol how many orders its venue ever accepted."""
        return {row["symbol"]: row["orders"] for row in self._read(_TALLIES)}

    def last_attempt(  # noqa: PLR0917  # the parts of an intent key in their order
        self, symbol: str, epoch: int, slot: str, side: Side, cycle: int, session: date | None = None
    ) -> int:
        """Return the highest attempt of an intent key; 0 where there was none, so the first attempt is 1."""
        key = f"{epoch}/{slot}/{side}/{cycle}"
        # "0" is the character after "/".
        named = {"symbol": symbol, "slot": slot, "side": side, "session": session}
        return self._count(_ATTEMPT, low=f"{key}/", high=f"{key}0", **named)

    def sends_since(self, at: datetime) -> int:
        """Count the orders handed to the venue since a moment, that moment included."""
        return self._count(_SENDS, at=at)

    def creates_since(self, symbol: str, slot: str, at: datetime) -> int:
        """Count the intents of a slot since a moment that were handed to the venue; what never left is not counted."""
        return self._count(_CREATES, symbol=symbol, slot=slot, at=at)

    def has_fill(self, symbol: str, fill_id: str) -> bool:
        """Say whether an execution is booked."""
        return bool(self._read(_FILL, symbol=symbol, fill_id=fill_id))

    def venue_ids_since(self, symbol: str, at: datetime) -> dict[str, str]:
        """Return our ids of the orders written since a moment, that moment included, by the venue's."""
        return {row["venue_id"]: row["client_id"] for row in self._read(_VENUE_IDS, symbol=symbol, at=at)}

    def fills(self, limit: int) -> list[FillRecord]:
        """Return the newest executions, newest first."""
        return [fill_of(row) for row in self._read(_NEWEST_FILLS, limit=limit)]

    def fills_of(self, order_seq: int) -> list[Fill]:
        """Return the executions of one order, in the order of booking; looks through all fills."""
        return [fill_of(row).fill for row in self._read(_FILLS_OF, seq=order_seq)]

    def cycles(self, symbol: str, limit: int) -> list[CycleRecord]:
        """Return the newest closed cycles with what was bought and sold in them, newest first; sold dust is none."""
        with self._source.snapshot() as driver:
            return newest_cycles(driver, symbol, lots_of(driver.read(_LOTS, symbol=symbol)), limit)

    def fill_sums(self) -> dict[str, FillSum]:
        """Return what was executed of each order, by client id; reads every fill."""
        with self.frozen() as same:
            sums: dict[int, FillSum] = {}
            for record in same.each_fill():
                sums[record.order_seq] = sums.get(record.order_seq, FillSum()).added(record.fill)
            return {
                record.order.client_id: sums[record.order.seq]
                for record in same.each_order()
                if record.order.seq in sums
            }

    def symbols(self) -> list[str]:
        """Return every symbol that was ever booked."""
        return [row["symbol"] for row in self._read(_ALL_SYMBOLS)]

    def days(self, symbol: str) -> list[DayRecord]:
        """Return the roll-up of each day, oldest first."""
        return [DayRecord(**row) for row in self._read(_DAYS, symbol=symbol)]

    def newest_days(self, symbol: str, limit: int) -> list[DayRecord]:
        """Return the roll-up of the newest days, newest first."""
        return [DayRecord(**row) for row in self._read(_NEWEST_DAYS, symbol=symbol, limit=limit)]

    def day(self, symbol: str, day: date) -> DayRecord | None:
        """Return the roll-up of one day."""
        found = self._read(_DAY, symbol=symbol, day=day)
        return DayRecord(**found[0]) if found else None

    def book(self, symbol: str) -> Book:
        """Return the book, from days and lots alone."""
        with self._source.snapshot() as driver:
            added, (counted,) = driver.read(_ADDED, symbol=symbol), driver.read(_COUNTED, symbol=symbol)
            return book_of(added, counted, lots_of(driver.read(_LOTS, symbol=symbol)))

    def decisions(self, limit: int) -> list[DecisionRecord]:
        """Return the newest decisions and refusals, newest first."""
        return [decision_of(row) for row in self._read(_NEWEST_DECISIONS, limit=limit)]

    def warnings(self, limit: int) -> list[DecisionRecord]:
        """Return the newest decisions that were told as warnings, newest first."""
        return [decision_of(row) for row in self._read(_NEWEST_WARNINGS, limit=limit)]

    def marks(self, symbol: str, step_s: int) -> list[Mark]:
        """Return the buckets of a step that are kept, oldest first; the newest may not be over."""
        return [mark_of(row) for row in self._read(_MARKS, symbol=symbol, step_s=step_s)]

    def thinned_marks(self, symbol: str, step_s: int, every: int) -> list[Mark]:
        """Return the newest bucket of a step and each so manieth before it, oldest first."""
        return [mark_of(row) for row in self._read(_THINNED_MARKS, symbol=symbol, step_s=step_s, every=every)]

    def newest_marks(self, symbol: str, step_s: int, limit: int) -> list[Mark]:
        """Return the newest buckets of a step, oldest first."""
        return [mark_of(row) for row in reversed(self._read(_NEWEST_MARKS, symbol=symbol, step_s=step_s, limit=limit))]

    def newest_mark(self, symbol: str, step_s: int) -> Mark | None:
        """Return the newest bucket of a step."""
        found = self.newest_marks(symbol, step_s, 1)
        return found[0] if found else None

    def oldest_mark(self, symbol: str, step_s: int) -> Mark | None:
        """Return the oldest bucket of a step that is kept."""
        found = self._read(_OLDEST_MARK, symbol=symbol, step_s=step_s)
        return mark_of(found[0]) if found else None

    def state(self, name: str) -> dict[str, Any] | None:
        """Return one state of a strategy or a run."""
        found = self._read(_STATE, name=name)
        return dict(found[0]["body"]) if found else None

    def states(self, prefix: str = "") -> dict[str, dict[str, Any]]:
        """Return every state whose name begins so."""
        return {row["name"]: row["body"] for row in self._read(_STATES, prefix=prefix, length=len(prefix))}

    def state_texts(self) -> dict[str, str]:
        """Return every state as it is stored."""
        return {row["name"]: row["body"] for row in self._read(_STATE_TEXTS)}

    def fills_twice(self) -> list[tuple[str, str]]:
        """Return the executions that are booked more than once, by symbol and id."""
        return [(row["symbol"], row["fill_id"]) for row in self._read(_TWICE)]

    def each_order(self) -> Iterator[OrderRecord]:
        """Give every order, oldest first."""
        return self._each(_ORDERS_AFTER, "seq", order_of)

    def each_fill(self) -> Iterator[FillRecord]:
        """Give every execution in the order of booking."""
        return self._each(_FILLS_AFTER, "entry", fill_of)

    def each_adjustment(self) -> Iterator[AdjustmentRecord]:
        """Give every move and adoption in the order of booking."""
        return self._each(_ADJUSTMENTS_AFTER, "entry", adjustment_of)

    def each_rescale(self) -> Iterator[RescaleRecord]:
        """Give every split in the order of booking."""
        return self._each(RESCALES_AFTER, "entry", rescale_of)

    def rescales(self, symbol: str) -> list[RescaleRecord]:
        """Return the splits of a symbol, oldest first."""
        return [rescale_of(row) for row in self._read(RESCALES_OF, symbol=symbol)]

    def each_transition(self) -> Iterator[Row]:
        """Give every step of every order as its row, in the order of booking."""
        return self._each(_TRANSITIONS_AFTER, "id", dict)

    def each_decision(self) -> Iterator[DecisionRecord]:
        """Give every decision, oldest first."""
        return self._each(_DECISIONS_AFTER, "id", decision_of)

    def _read(self, statement: Select[Any], **values: object) -> list[Row]:
        with self._source.connected() as driver:
            return driver.read(statement, **values)

    def _count(self, statement: Select[Any], **values: object) -> int:
        return int(self._read(statement, **values)[0]["n"] or 0)

    def _each(self, statement: Select[Any], key: str, read: Callable[[Row], T]) -> Iterator[T]:
        after = -1
        while rows := self._read(statement, after=after, limit=PAGE_ROWS):
            yield from map(read, rows)
            after = rows[-1][key]
