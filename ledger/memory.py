"""What the writer keeps at hand, so that a commit asks the database nothing."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from sqlalchemy import func, select

from domain.book import Book
from ledger.schema import adjustments, decisions, fills, orders, rescales, transitions

if TYPE_CHECKING:
    from datetime import date, datetime

    from domain.order import Order
    from ledger.driver import Driver
    from ledger.reader import Reader
    from ledger.records import DayRecord, OrderRecord

CLOSED_KEPT = 256
"""So many closed orders stay at hand, for a fill that is reported late."""

_LAST = select(
    select(func.max(orders.c.seq)).scalar_subquery().label("order"),
    select(func.max(fills.c.entry)).scalar_subquery().label("fill"),
    select(func.max(adjustments.c.entry)).scalar_subquery().label("adjustment"),
    select(func.max(rescales.c.entry)).scalar_subquery().label("rescale"),
    select(func.max(transitions.c.id)).scalar_subquery().label("transition"),
    select(func.max(decisions.c.id)).scalar_subquery().label("decision"),
)


@dataclass(slots=True)
class Numbers:
    """The last number given of each sequence."""

    order: int = 0
    entry: int = 0
    transition: int = 0
    decision: int = 0


@dataclass(slots=True)
class Memory:
    """The committed present: open orders, books, the days at hand, states, and the numbers given."""

    reader: Reader
    numbers: Numbers
    newest_order: int
    open_orders: dict[int, OrderRecord]
    books: dict[str, Book]
    states: dict[str, str]
    tallies: dict[str, int]
    closed_orders: dict[int, OrderRecord] = field(default_factory=dict)
    days: dict[tuple[str, date], DayRecord | None] = field(default_factory=dict)

    def order(self, seq: int) -> OrderRecord | None:
        """Return an order as it is committed."""
        if seq > self.newest_order:
            return None
        return self.open_orders.get(seq) or self.closed_orders.get(seq) or self.reader.record(seq)

    def book(self, symbol: str) -> Book:
        """Return a book as it is committed."""
        return self.books.get(symbol) or Book()

    def day(self, symbol: str, day: date) -> DayRecord | None:
        """Return a day's roll-up as it is committed."""
        key = (symbol, day)
        if key not in self.days:
            self.days[key] = self.reader.day(symbol, day)
        return self.days[key]

    def keep_order(self, record: OrderRecord) -> None:
        """Take over what was committed of an order."""
        seq = record.order.seq
        self.newest_order = max(self.newest_order, seq)
        self.open_orders.pop(seq, None)
        self.closed_orders.pop(seq, None)
        if not record.order.is_closed:
            self.open_orders[seq] = record
            return
        self.closed_orders[seq] = record
        if len(self.closed_orders) > CLOSED_KEPT:
            del self.closed_orders[next(iter(self.closed_orders))]


@dataclass(frozen=True, slots=True)
class Present:
    """The journal as it is committed, at hand: what the order gate asks before every order."""

    memory: Memory

    def open_orders(self) -> list[Order]:
        """Return the orders of which something is still expected, oldest first."""
        return [record.order for _, record in sorted(self.memory.open_orders.items())]

    def book(self, symbol: str) -> Book:
        """Return the book; to read it anew from every day would cost more with each."""
        return self.memory.book(symbol)

    def accepted(self, symbol: str) -> int:
        """Return how many orders the venue ever accepted."""
        return self.memory.tallies.get(symbol, 0)

    def has_state(self, name: str) -> bool:
        """Whether a row of remembered state is there."""
        return name in self.memory.states

    def sends_since(self, at: datetime) -> int:
        """Count the orders that left."""
        return self.memory.reader.sends_since(at)

    def creates_since(self, symbol: str, slot: str, at: datetime) -> int:
        """Count the orders of a slot that left."""
        return self.memory.reader.creates_since(symbol, slot, at)


def remembered(driver: Driver, reader: Reader) -> Memory:
    """Load the present; its cost grows with the days, not with the fills."""
    # A state that cannot be read is found here, before anything is decided by it.
    reader.states()
    last = {name: number or 0 for name, number in driver.read(_LAST)[0].items()}
    return Memory(
        reader=reader,
        numbers=Numbers(
            last["order"],
            max(last[kind] for kind in ("fill", "adjustment", "rescale")),
            last["transition"],
            last["decision"],
        ),
        newest_order=last["order"],
        open_orders={record.order.seq: record for record in reader.open_records()},
        books={symbol: reader.book(symbol) for symbol in reader.symbols()},
        states=reader.state_texts(),
        tallies=reader.tallies(),
    )
