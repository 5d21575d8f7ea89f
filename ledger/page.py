"""One page of the ledger: everything that one event changes, gathered first and written at once."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from sqlalchemy import bindparam, delete, insert, update

from domain.commands import AdoptLot, MoveLots, RescaleLots
from domain.errors import IllegalTransition
from domain.exact import ZERO
from domain.mark import STEPS, Mark
from domain.order import OrderState
from ledger.columns import BodyText
from ledger.records import DayRecord, OrderRecord
from ledger.rescales import rescale_row
from ledger.schema import (
    adjustments,
    days,
    decisions,
    fills,
    lots,
    marks,
    orders,
    rescales,
    state,
    tallies,
    transitions,
)

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date, datetime
    from decimal import Decimal

    from sqlalchemy import Insert, Table, Update

    from domain.book import Book
    from domain.decision import Note
    from domain.order import Fill, Order
    from domain.reason import Reason
    from ledger.driver import Driver
    from ledger.memory import Memory

_ORDER_CHANGES = ("state", "filled", "venue_id", "fee", "accepted", "sent_at", "closed_at")
_DAY_KEY = ("symbol", "day")


def _insert(table: Table) -> Insert:
    return insert(table).values({column.name: bindparam(column.name, type_=column.type) for column in table.c})


def _update(table: Table, key: tuple[str, ...], names: tuple[str, ...]) -> Update:
    found = [table.c[name] == bindparam(f"key_{name}", type_=table.c[name].type) for name in key]
    return update(table).where(*found).values({name: bindparam(name, type_=table.c[name].type) for name in names})


_INSERT_ORDER = _insert(orders)
_UPDATE_ORDER = _update(orders, ("seq",), _ORDER_CHANGES)
_INSERT_TRANSITION = _insert(transitions)
_INSERT_FILL = _insert(fills)
_INSERT_ADJUSTMENT = _insert(adjustments)
_INSERT_RESCALE = _insert(rescales)
_INSERT_DAY = _insert(days)
_UPDATE_DAY = _update(days, _DAY_KEY, tuple(column.name for column in days.c if column.name not in _DAY_KEY))
_INSERT_LOT = _insert(lots)
_DELETE_LOTS = delete(lots).where(lots.c.symbol == bindparam("symbol"), lots.c.slot == bindparam("slot"))
_INSERT_DECISION = _insert(decisions)
_INSERT_STATE = _insert(state)
_UPDATE_STATE = _update(state, ("name",), ("body",))
_DELETE_STATE = delete(state).where(state.c.name == bindparam("name"))

_INSERT_MARK = _insert(marks)
_DELETE_MARK = delete(marks).where(*(marks.c[name] == bindparam(name) for name in ("symbol", "step_s", "at")))
_FORGET_MARKS = delete(marks).where(
    marks.c.symbol == bindparam("symbol"),
    marks.c.step_s == bindparam("step_s"),
    marks.c.at < bindparam("before", type_=marks.c.at.type),
)
_INSERT_TALLY = _insert(tallies)
_UPDATE_TALLY = _update(tallies, ("symbol",), ("orders",))

_BODY = BodyText()

_Rows = list[dict[str, Any]]


class Page:
    """What is to be committed together. Nothing reaches the disk, or the ledger's memory, before the page ends well."""

    def __init__(self, memory: Memory) -> None:
        """Begin with nothing written."""
        self._memory = memory
        self._orders: dict[int, OrderRecord] = {}
        self._filled: dict[int, Decimal] = {}
        self._books: dict[str, Book] = {}
        self._days: dict[tuple[str, date], DayRecord] = {}
        self._states: dict[str, str | None] = {}
        self._fill_ids: set[tuple[str, str]] = set()
        self._transitions: _Rows = []
        self._fills: _Rows = []
        self._adjustments: _Rows = []
        self._rescales: _Rows = []
        self._decisions: _Rows = []
        self._tallies: dict[str, int] = {}
        self._marks: dict[tuple[str, int, datetime], Mark] = {}
        self._forgotten: _Rows = []

    @property
    def is_blank(self) -> bool:
        """Whether nothing was written, so that nothing need be committed."""
        written = self._orders or self._books or self._decisions or self._states
        return not (written or self._marks or self._forgotten)

    def order(self, order: Order, at: datetime, why: Reason | None = None) -> None:
        """Write a new order, or the step that a known one took; `why` is kept with both."""
        known = self._order(order.seq)
        if known is None:
            known = OrderRecord(order, at, why)
        elif known.order == order:
            return
        else:
            _refuse_another(known.order, order)
        self._step(order, at, why)
        if order.venue_id is not None and not known.accepted:
            self._tallies[order.symbol] = self._tallies.get(order.symbol, 0) + 1
        self._orders[order.seq] = replace(
            known,
            order=order,
            accepted=known.accepted or order.venue_id is not None,
            sent_at=known.sent_at or (at if order.state is OrderState.SUBMITTED else None),
            closed_at=(known.closed_at or at) if order.is_closed else None,
        )

    def fill(self, order: Order, fill: Fill, before: Book, after: Book, day: date) -> None:
        """Book one execution; the order's own step is written with `order`, on the same page."""
        known = self._order(order.seq)
        if known is None:
            raise IllegalTransition(f"{order.client_id}: filled, but never written")
        _refuse_another(known.order, order)
        if self.has_fill(order.symbol, fill.fill_id):
            raise IllegalTransition(f"{order.symbol}: fill {fill.fill_id} is booked already")
        self._booking(order.symbol, before, after, day)
        self._fill_ids.add((order.symbol, fill.fill_id))
        self._filled[order.seq] = self._filled.get(order.seq, ZERO) + fill.qty
        self._orders[order.seq] = replace(known, fee=known.fee + fill.fee)
        self._fills.append(
            {
                "entry": self._entry(),
                "symbol": order.symbol,
                "fill_id": fill.fill_id,
                "order_seq": order.seq,
                "slot": order.cell,
                "side": order.side,
                "price": fill.price,
                "qty": fill.qty,
                "fee": fill.fee,
                "at": fill.at,
                "day": day,
                "earned": after.matched - before.matched,
                "won": _won_of(before),
            }
        )

    def adjust(
        self, command: MoveLots | AdoptLot | RescaleLots, at: datetime, before: Book, after: Book, day: date
    ) -> None:
        """Book a quantity that went from one slot to another, a holding that was taken over, or a split.

        A split counts the marks of former prices anew as well: a chart must not show a fall that there was not.
        """
        if not isinstance(command, RescaleLots):
            self._adjust(command, at, before, after, day)
            return
        self._booking(command.symbol, before, after, day)
        self._rescales.append(rescale_row(self._entry(), command, at, before, day))
        for step_s, _ in STEPS:
            for mark in self._memory.reader.marks(command.symbol, step_s):
                self.mark(command.symbol, mark.rescaled(command.split))

    def decision(self, at: datetime, symbol: str, note: Note, order_seq: int | None = None) -> None:
        """Write why something was done, or not done."""
        self._memory.numbers.decision += 1
        self._decisions.append(
            {
                "id": self._memory.numbers.decision,
                "at": at,
                "symbol": symbol,
                "slot": note.slot,
                "code": note.why.code,
                "figures": note.why.figures,
                "weight": note.weight,
                "order_seq": order_seq,
            }
        )

    def state(self, name: str, body: Mapping[str, object] | None) -> None:
        """Write the state of a strategy or a run; `None` forgets it, one that is stored already costs nothing."""
        text = None if body is None else _BODY.written(body)
        if text == self._memory.states.get(name):
            self._states.pop(name, None)
        else:
            self._states[name] = text

    def mark(self, symbol: str, mark: Mark) -> None:
        """Write a bucket of prices, in the place of the one that is stored for its time."""
        self._marks[symbol, mark.step_s, mark.at] = mark

    def forget_marks(self, symbol: str, step_s: int, before: datetime) -> None:
        """Remove the stored buckets of a step that began before a moment."""
        self._forgotten.append({"symbol": symbol, "step_s": step_s, "before": before})

    def has_fill(self, symbol: str, fill_id: str) -> bool:
        """Say whether an execution is booked, here or before."""
        return (symbol, fill_id) in self._fill_ids or self._memory.reader.has_fill(symbol, fill_id)

    def write(self, driver: Driver) -> None:
        """Write everything inside the transaction at hand; raises `IllegalTransition` where it does not agree."""
        self._refuse_unexplained_fills()
        self._write_orders(driver)
        driver.write(_INSERT_TRANSITION, *self._transitions)
        driver.write(_INSERT_FILL, *self._fills)
        driver.write(_INSERT_ADJUSTMENT, *self._adjustments)
        driver.write(_INSERT_RESCALE, *self._rescales)
        self._write_days(driver)
        for symbol, book in self._books.items():
            _write_lots(driver, symbol, self._memory.book(symbol), book)
        driver.write(_INSERT_DECISION, *self._decisions)
        self._write_states(driver)
        self._write_tallies(driver)
        self._write_marks(driver)

    def remember(self) -> None:
        """Take over into the ledger's memory what is now committed."""
        for record in self._orders.values():
            self._memory.keep_order(record)
        self._memory.books.update(self._books)
        self._memory.days.update(self._days)
        for name, text in self._states.items():
            if text is None:
                self._memory.states.pop(name, None)
            else:
                self._memory.states[name] = text
        for symbol in self._tallies:
            self._memory.tallies[symbol] = self._tally(symbol)

    def _order(self, seq: int) -> OrderRecord | None:
        return self._orders.get(seq) or self._memory.order(seq)

    def _entry(self) -> int:
        self._memory.numbers.entry += 1
        return self._memory.numbers.entry

    def _step(self, order: Order, at: datetime, why: Reason | None) -> None:
        numbers = self._memory.numbers
        numbers.transition += 1
        numbers.order = max(numbers.order, order.seq)
        self._transitions.append(
            {
                "id": numbers.transition,
                "order_seq": order.seq,
                "at": at,
                "state": order.state,
                "filled": order.filled,
                "why": why,
            }
        )

    def _adjust(self, command: MoveLots | AdoptLot, at: datetime, before: Book, after: Book, day: date) -> None:
        self._booking(command.symbol, before, after, day)
        move = command if isinstance(command, MoveLots) else None
        self._adjustments.append(
            {
                "entry": self._entry(),
                "symbol": command.symbol,
                "slot": command.slot,
                "to_slot": move.to if move else None,
                "qty": command.qty,
                "price": command.price if isinstance(command, AdoptLot) else None,
                "closes_cycle": move is not None and move.closes_cycle,
                "at": at,
                "day": day,
                "won": None if move else _won_of(before),
            }
        )

    def _booking(self, symbol: str, before: Book, after: Book, day: date) -> None:
        known = self._books.get(symbol) or self._memory.book(symbol)
        if before is not known and before != known:
            raise IllegalTransition(f"{symbol}: a booking begins with another book than the ledger's")
        self._books[symbol] = after
        key = (symbol, day)
        rolled = self._days.get(key) or self._memory.day(symbol, day) or DayRecord(symbol, day)
        self._days[key] = rolled.added(before, after).left(after)

    def _refuse_unexplained_fills(self) -> None:
        for seq, record in self._orders.items():
            known = self._memory.order(seq)
            more = record.order.filled - (known.order.filled if known else ZERO)
            booked = self._filled.get(seq, ZERO)
            if more != booked:
                raise IllegalTransition(f"{record.order.client_id}: filled by {more} more, but {booked} is booked")

    def _write_orders(self, driver: Driver) -> None:
        # First what is known: an order that closes makes room in its slot for a new one of the same page.
        new = []
        for seq, record in self._orders.items():
            if self._memory.order(seq) is None:
                new.append(record.row())
            else:
                driver.write(_UPDATE_ORDER, {"key_seq": seq, **record.changes()})
        driver.write(_INSERT_ORDER, *new)

    def _write_days(self, driver: Driver) -> None:
        for (symbol, day), rolled in self._days.items():
            row = rolled.row()
            if self._memory.day(symbol, day) is None:
                driver.write(_INSERT_DAY, row)
            else:
                driver.write(_UPDATE_DAY, {"key_symbol": symbol, "key_day": day, **row})

    def _write_states(self, driver: Driver) -> None:
        for name, text in self._states.items():
            if text is None:
                driver.write(_DELETE_STATE, {"name": name})
            elif name in self._memory.states:
                driver.write(_UPDATE_STATE, {"key_name": name, "body": text})
            else:
                driver.write(_INSERT_STATE, {"name": name, "body": text})

    def _tally(self, symbol: str) -> int:
        return self._memory.tallies.get(symbol, 0) + self._tallies[symbol]

    def _write_tallies(self, driver: Driver) -> None:
        for symbol in self._tallies:
            if symbol in self._memory.tallies:
                driver.write(_UPDATE_TALLY, {"key_symbol": symbol, "orders": self._tally(symbol)})
            else:
                driver.write(_INSERT_TALLY, {"symbol": symbol, "orders": self._tally(symbol)})

    def _write_marks(self, driver: Driver) -> None:
        driver.write(_FORGET_MARKS, *self._forgotten)
        rows = [
            {"symbol": symbol, **{name: getattr(mark, name) for name in Mark.__slots__}}
            for (symbol, _, _), mark in self._marks.items()
        ]
        driver.write(_DELETE_MARK, *rows)
        driver.write(_INSERT_MARK, *rows)


def _refuse_another(known: Order, order: Order) -> None:
    """Refuse an order that is not the one of its sequence: what was decided does not change, nor the venue's id."""
    if replace(order, state=known.state, filled=known.filled, venue_id=known.venue_id) != known:
        raise IllegalTransition(f"{order.client_id}: is not order {known.seq} of the ledger")
    if known.venue_id not in {None, order.venue_id}:
        raise IllegalTransition(f"{order.client_id}: the venue's id changed")
    if order.filled < known.filled:
        raise IllegalTransition(f"{order.client_id}: filled became less")


def _won_of(book: Book) -> Decimal | None:
    return None if book.rate is None else book.rate.rate


def _write_lots(driver: Driver, symbol: str, before: Book, after: Book) -> None:
    for slot in {**before.lots, **after.lots}:
        had, has = before.lots.get(slot, ()), after.lots.get(slot, ())
        if had == has:
            continue
        if had:
            driver.write(_DELETE_LOTS, {"symbol": symbol, "slot": slot})
        driver.write(
            _INSERT_LOT,
            *(
                {
                    "symbol": symbol,
                    "slot": slot,
                    "n": n,
                    "qty": lot.qty,
                    "price": lot.price,
                    "fee": lot.fee,
                    "won": lot.won,
                }
                for n, lot in enumerate(has)
            ),
        )
