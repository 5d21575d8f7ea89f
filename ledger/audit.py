"""Rebuilds every book from fills, adjustments and splits, and compares it, to the last unit, with what is stored."""

from __future__ import annotations

from collections import Counter
from heapq import merge
from operator import attrgetter
from typing import TYPE_CHECKING

from domain.book import Book
from domain.commands import MoveLots
from domain.errors import IllegalTransition, SetupError
from domain.exact import ZERO
from domain.money import WonRate
from domain.order import NEXT, OrderState
from domain.reason import Reason, reason
from domain.rescale import rescaled
from ledger.records import DayRecord, FillRecord, FillSum
from ledger.rescales import RescaleRecord

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date
    from decimal import Decimal

    from ledger.reader import Reader
    from ledger.records import AdjustmentRecord, OrderRecord

    Entry = FillRecord | AdjustmentRecord | RescaleRecord

_NEVER_FILLED = {OrderState.PENDING, OrderState.SUBMITTED, OrderState.UNKNOWN, OrderState.VOID}
_MONEY_FIELDS = ("cash_flow", "fees", "matched", "adopted_cost", "won.price", "won.fx", "won.cross")
_BOOK_FIELDS = (*_MONEY_FIELDS, "buys", "sells", "cycles", "unrated")
_DAY_FIELDS = tuple(name for name in DayRecord.__slots__ if name not in {"symbol", "day"})


def audit(reader: Reader) -> list[Reason]:
    """Return everything in which the ledger does not agree with itself; nothing where it is sound."""
    try:
        with reader.frozen() as same:
            return list(_Audit(same).differences())
    except SetupError as error:
        return list(error.faults)


class _Audit:
    """One pass over the journal; what it remembers grows with orders and days, not with fills."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self._books: dict[str, Book] = {}
        self._days: dict[tuple[str, date], DayRecord] = {}
        self._left: dict[tuple[str, date], Book] = {}
        self._sums: dict[int, FillSum] = {}
        self._served: dict[int, set[tuple[str, str, str]]] = {}
        self._steps: dict[int, tuple[OrderState, Decimal]] = {}
        self._accepted: Counter[str] = Counter()

    def differences(self) -> Iterator[Reason]:
        """Give each difference as it is found."""
        yield from self._replay()
        yield from (reason("audit_fill_twice", symbol=symbol, fill=fill) for symbol, fill in self._reader.fills_twice())
        yield from self._read_the_rest()
        yield from self._follow_steps()
        yield from self._compare_orders()
        yield from self._compare_tallies()
        for symbol in sorted({*self._reader.symbols(), *self._books}):
            yield from self._compare_book(symbol)
            yield from self._compare_days(symbol)

    def _compare_tallies(self) -> Iterator[Reason]:
        stored = self._reader.tallies()
        for symbol in sorted({*stored, *self._accepted}):
            has, wants = stored.get(symbol, 0), self._accepted[symbol]
            if has != wants:
                yield reason("audit_tally_differs", symbol=symbol, stored=has, rebuilt=wants)

    def _replay(self) -> Iterator[Reason]:
        journal: Iterator[Entry] = merge(
            self._reader.each_fill(), self._reader.each_adjustment(), self._reader.each_rescale(), key=_place
        )
        last = 0
        for entry in journal:
            if entry.entry != last + 1:
                yield reason("audit_entry_gap", after=last, found=entry.entry)
            last = entry.entry
            before = self._books.get(entry.symbol, Book())
            try:
                after = self._booked(before, entry)
            except IllegalTransition as error:
                yield reason("audit_entry_unbookable", entry=entry.entry, symbol=entry.symbol, what=str(error))
                continue
            key = (entry.symbol, entry.day)
            earned, stored = after.matched - before.matched, _earned_by(entry)
            if stored not in {None, earned}:
                yield reason(
                    "audit_earned_differs", symbol=entry.symbol, entry=entry.entry, stored=stored, rebuilt=earned
                )
            self._books[entry.symbol] = self._left[key] = after
            self._days[key] = self._days.get(key, DayRecord(*key)).added(before, after)

    def _booked(self, before: Book, entry: Entry) -> Book:
        before = before.rated(_rate_of(entry))
        if isinstance(entry, FillRecord):
            seq = entry.order_seq
            self._sums[seq] = self._sums.get(seq, FillSum()).added(entry.fill)
            self._served.setdefault(seq, set()).add((entry.symbol, entry.slot, entry.side))
            return before.booked(entry.slot, entry.side, entry.fill)
        if isinstance(entry, RescaleRecord):
            return _rescaled(before, entry)
        command = entry.command
        if isinstance(command, MoveLots):
            return before.moved(command.slot, command.to, command.qty, closes_cycle=command.closes_cycle)
        return before.adopted(command.slot, command.qty, command.price)

    def _read_the_rest(self) -> Iterator[Reason]:
        # What cannot be read ends the audit with its own reason.
        self._reader.states()
        last = 0
        for decision in self._reader.each_decision():
            if decision.id != last + 1:
                yield reason("audit_decision_gap", after=last, found=decision.id)
            last = decision.id

    def _follow_steps(self) -> Iterator[Reason]:
        last = 0
        for row in self._reader.each_transition():
            if row["id"] != last + 1:
                yield reason("audit_step_gap", after=last, found=row["id"])
            last = row["id"]
            seq, state = row["order_seq"], row["state"]
            former = self._steps.get(seq)
            if former is not None and state is not former[0] and state not in _REACHABLE[former[0]]:
                yield reason("audit_step_illegal", order=seq, before=str(former[0]), after=str(state))
            self._steps[seq] = (state, row["filled"])

    def _compare_orders(self) -> Iterator[Reason]:
        open_in: dict[tuple[str, str], str] = {}
        for record in self._reader.each_order():
            order = record.order
            self._accepted[order.symbol] += record.accepted
            yield from self._compare_order(record)
            if not order.is_closed:
                other = open_in.setdefault((order.symbol, order.cell), order.client_id)
                if other != order.client_id:
                    yield reason(
                        "audit_two_open_orders",
                        symbol=order.symbol,
                        slot=order.cell,
                        first=other,
                        second=order.client_id,
                    )
        for seq in sorted({*self._sums, *self._steps}):
            yield reason("audit_order_missing", order=seq)

    def _compare_order(self, record: OrderRecord) -> Iterator[Reason]:
        order = record.order
        name = order.client_id
        booked = self._sums.pop(order.seq, FillSum())
        if booked.qty != order.filled or order.filled > order.qty:
            yield reason("audit_filled_differs", order=name, qty=order.qty, filled=order.filled, fills=booked.qty)
        if booked.fee != record.fee:
            yield reason("audit_fee_differs", order=name, fee=record.fee, fills=booked.fee)
        if self._served.pop(order.seq, set()) - {(order.symbol, order.cell, order.side)}:
            yield reason("audit_fill_of_another", order=name)
        if self._steps.pop(order.seq, None) != (order.state, order.filled):
            yield reason("audit_steps_differ", order=name, state=str(order.state), filled=order.filled)
        if not _agrees(record):
            yield reason("audit_state_illegal", order=name, state=str(order.state), filled=order.filled, qty=order.qty)

    def _compare_book(self, symbol: str) -> Iterator[Reason]:
        stored, rebuilt = self._reader.book(symbol), self._books.get(symbol, Book())
        for name in _BOOK_FIELDS:
            has, wants = attrgetter(name)(stored), attrgetter(name)(rebuilt)
            if has != wants:
                yield reason("audit_book_differs", symbol=symbol, field=name, stored=has, rebuilt=wants)
        for slot in sorted({*stored.lots, *rebuilt.lots}):
            if stored.lots.get(slot, ()) != rebuilt.lots.get(slot, ()):
                yield reason(
                    "audit_lots_differ",
                    symbol=symbol,
                    slot=slot,
                    stored=stored.held(slot),
                    rebuilt=rebuilt.held(slot),
                )

    def _compare_days(self, symbol: str) -> Iterator[Reason]:
        stored = {record.day: record for record in self._reader.days(symbol)}
        rebuilt = {key[1]: day.left(self._left[key]) for key, day in self._days.items() if key[0] == symbol}
        for day in sorted({*stored, *rebuilt}):
            blank = DayRecord(symbol, day)
            has, wants = stored.get(day, blank), rebuilt.get(day, blank)
            for name in _DAY_FIELDS:
                if getattr(has, name) != getattr(wants, name):
                    yield reason(
                        "audit_day_differs",
                        symbol=symbol,
                        day=day.isoformat(),
                        field=name,
                        stored=getattr(has, name),
                        rebuilt=getattr(wants, name),
                    )


def _place(entry: Entry) -> int:
    return entry.entry


def _rescaled(before: Book, entry: RescaleRecord) -> Book:
    if dict(entry.before) != before.lots:
        raise IllegalTransition("the split is of other lots than there were")
    command = entry.command
    return rescaled(before, command.split, command.slots, command.step, command.price)


def _rate_of(entry: Entry) -> WonRate | None:
    at = entry.fill.at if isinstance(entry, FillRecord) else entry.at
    return None if entry.won is None else WonRate(entry.won, at, "ledger")


def _earned_by(entry: Entry) -> Decimal | None:
    return entry.earned if isinstance(entry, FillRecord) else None


def _agrees(record: OrderRecord) -> bool:
    """Say whether state, quantity and times of an order can stand together."""
    order = record.order
    full = order.filled == order.qty
    return (
        order.qty > 0
        and order.filled >= 0
        and (order.state is OrderState.FILLED) == full
        and not (order.state in _NEVER_FILLED and order.filled > ZERO)
        and not (order.state is OrderState.PARTIALLY_FILLED and order.filled == ZERO)
        and (record.closed_at is not None) == order.is_closed
        and (record.accepted or order.venue_id is None)
    )


def _reachable() -> dict[OrderState, frozenset[OrderState]]:
    """Return where each state may lead in the end: one page may hold several steps of an order."""
    found = dict(NEXT)
    for _ in OrderState:
        found = {state: ways.union(*(found[way] for way in ways)) for state, ways in found.items()}
    return found


_REACHABLE = _reachable()
