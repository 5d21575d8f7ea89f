"""Finds the newest closed cycles with both their legs; what it reads does not grow with the ledger."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, replace
from heapq import merge
from typing import TYPE_CHECKING

from sqlalchemy import Integer, bindparam, func, select

from domain.book import DUST, Lot
from domain.commands import AdoptLot
from domain.errors import IllegalTransition
from domain.exact import ZERO
from domain.instrument import Side
from ledger.columns import Words
from ledger.records import AdjustmentRecord, CycleRecord, FillRecord, adjustment_of, fill_of
from ledger.rescales import RESCALES_OF, RescaleRecord, rescale_of
from ledger.schema import adjustments, fills, orders

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from decimal import Decimal

    from sqlalchemy import ColumnElement, Select

    from ledger.driver import Driver

OfSlot = FillRecord | AdjustmentRecord
Entry = OfSlot | RescaleRecord

_SLOT_ROWS = 4
_JOURNAL_ROWS = 128
_NEWEST = 2**62
"""No entry has so high a number."""

_SYMBOL: ColumnElement[str] = bindparam("symbol", type_=Words())
_SLOT: ColumnElement[str] = bindparam("slot", type_=Words())
_BEFORE: ColumnElement[int] = bindparam("before", type_=fills.c.entry.type)
_FROM: ColumnElement[int] = bindparam("first", type_=fills.c.entry.type)
_LIMIT: ColumnElement[int] = bindparam("limit", type_=Integer())

_FILLS = (
    select(fills)
    .where(fills.c.symbol == _SYMBOL, fills.c.entry < _BEFORE)
    .order_by(fills.c.symbol.desc(), fills.c.entry.desc())
    .limit(_LIMIT)
)
_FILLS_OF_SLOT = (
    select(fills)
    .where(fills.c.symbol == _SYMBOL, fills.c.slot == _SLOT, fills.c.entry < _BEFORE)
    .order_by(fills.c.symbol.desc(), fills.c.slot.desc(), fills.c.entry.desc())
    .limit(_LIMIT)
)
_BETWEEN = (adjustments.c.symbol == _SYMBOL, adjustments.c.entry >= _FROM, adjustments.c.entry < _BEFORE)
_NEWEST_FIRST = adjustments.c.entry.desc()
_MOVES = select(adjustments).where(*_BETWEEN).order_by(adjustments.c.symbol.desc(), _NEWEST_FIRST)
_MOVES_FROM_SLOT = select(adjustments).where(adjustments.c.slot == _SLOT, *_BETWEEN).order_by(_NEWEST_FIRST)
_MOVES_TO_SLOT = (
    select(adjustments)
    .where(adjustments.c.to_slot == _SLOT, adjustments.c.slot != _SLOT, *_BETWEEN)
    .order_by(_NEWEST_FIRST)
)
_NEWEST_MOVE = select(func.max(adjustments.c.entry).label("entry")).where(adjustments.c.symbol == _SYMBOL)
_CYCLE = select(orders.c.cycle).where(orders.c.seq == bindparam("seq", type_=orders.c.seq.type))


def newest_cycles(driver: Driver, symbol: str, lots: Mapping[str, tuple[Lot, ...]], limit: int) -> list[CycleRecord]:
    """Return the newest cycles; `lots` is what the book holds now, from which the walk back begins.

    Raises `IllegalTransition` where the journal cannot have happened, which the audit tells in full.
    """
    tracer = _Tracer(driver, symbol)
    held = {slot: sum((lot.qty for lot in each), ZERO) for slot, each in lots.items()}
    found: list[CycleRecord] = []
    for entry in tracer.journal():
        if len(found) >= limit:
            break
        if isinstance(entry, RescaleRecord):
            held = {slot: sum((lot.qty for lot in each), ZERO) for slot, each in entry.before}
            continue
        slot = _slot_of(entry)
        if slot != DUST and _closes(entry, held.get(slot, ZERO)):
            cycle = tracer.cycle(slot, entry.entry, held.get(slot, ZERO))
            if cycle.sells:
                found.append(cycle)
        for changed, qty in _changes(entry):
            held[changed] = held.get(changed, ZERO) - qty
    return found


@dataclass(frozen=True, slots=True)
class _Part:
    """A lot, or a part of one, and the purchase it came from; none where it was taken over."""

    lot: Lot
    bought: FillRecord | None


class _Tracer:
    """Walks back through the journal of one symbol, and forward again to see which lot went where."""

    def __init__(self, driver: Driver, symbol: str) -> None:
        self._driver = driver
        self._symbol = symbol
        self._moved: dict[int, tuple[_Part, ...]] = {}
        self._rescales = [rescale_of(row) for row in reversed(driver.read(RESCALES_OF, symbol=symbol))]
        # Moves are rare, and where there is none it need not be asked for them.
        self._newest_move: int = driver.read(_NEWEST_MOVE, symbol=symbol)[0]["entry"] or 0

    def journal(self) -> Iterator[Entry]:
        """Give every entry, newest first."""
        return self._walk(_FILLS, (_MOVES,), "", _NEWEST, _JOURNAL_ROWS)

    def cycle(self, slot: str, last: int, held: Decimal) -> CycleRecord:
        """Return the cycle that an entry closed; `held` is what it left in the slot."""
        entries: list[Entry] = []
        for entry in self._of_slot(slot, last):
            entries.append(entry)
            if isinstance(entry, RescaleRecord):
                # It counted every lot anew, and handed parts of some on: none is followed back to its purchase.
                break
            held -= sum((qty for changed, qty in _changes(entry) if changed == slot), ZERO)
            if not held:
                break
        sold = self._replay(slot, reversed(entries))
        sells = tuple(entry for entry in reversed(entries) if isinstance(entry, FillRecord) and entry.side is Side.SELL)
        number = self._driver.read(_CYCLE, seq=sells[-1].order_seq)[0]["cycle"] if sells else 0
        return CycleRecord(slot, number, _purchases(sold), sells, sum((part.lot.cost for part in sold), ZERO))

    def _of_slot(self, slot: str, last: int) -> Iterator[Entry]:
        return self._walk(_FILLS_OF_SLOT, (_MOVES_FROM_SLOT, _MOVES_TO_SLOT), slot, last + 1, _SLOT_ROWS)

    def _walk(
        self,
        executions: Select[FillRecord],
        moves: tuple[Select[AdjustmentRecord], ...],
        slot: str,
        before: int,
        limit: int,
    ) -> Iterator[Entry]:
        asked = {"symbol": self._symbol} | ({"slot": slot} if slot else {})
        while before:
            filled: list[Entry] = [
                fill_of(row) for row in self._driver.read(executions, before=before, limit=limit, **asked)
            ]
            # A full page ends somewhere in the journal; one that is not full reaches its beginning.
            first = filled[-1].entry if len(filled) == limit else 0
            moved: list[list[Entry]] = [
                [adjustment_of(row) for row in self._driver.read(each, before=before, first=first, **asked)]
                for each in (moves if first <= self._newest_move else ())
            ]
            split = [each for each in self._rescales if first <= each.entry < before]
            yield from merge(filled, *moved, split, key=_place, reverse=True)
            before = first

    def _replay(self, slot: str, entries: Iterable[Entry]) -> list[_Part]:
        """Let a slot's entries happen again, first in first out as in the book; returns what was sold."""
        queue: deque[_Part] = deque()
        sold: list[_Part] = []
        for entry in entries:
            if isinstance(entry, RescaleRecord):
                queue = deque(_Part(lot, None) for lot in entry.after.lots.get(slot, ()))
            elif isinstance(entry, FillRecord):
                fill = entry.fill
                if entry.side is Side.SELL:
                    sold += _taken(queue, fill.qty)
                else:
                    queue.append(_Part(Lot(fill.qty, fill.price, fill.fee), entry))
            elif isinstance(entry.command, AdoptLot):
                queue.append(_Part(Lot(entry.command.qty, entry.command.price, ZERO), None))
            else:
                if entry.command.slot == slot:
                    self._moved[entry.entry] = _taken(queue, entry.command.qty)
                if entry.command.to == slot:
                    queue.extend(self._parts_of(entry))
        return sold

    def _parts_of(self, move: AdjustmentRecord) -> tuple[_Part, ...]:
        """Return what a move brought.

        Its slot is followed from the first entry on: only the start's, which lives as long as one order, is moved from.
        """
        if move.entry not in self._moved:
            slot = move.command.slot
            self._replay(slot, reversed(list(self._of_slot(slot, move.entry))))
        return self._moved[move.entry]


def _place(entry: Entry) -> int:
    return entry.entry


def _slot_of(entry: OfSlot) -> str:
    return entry.slot if isinstance(entry, FillRecord) else entry.command.slot


def _closes(entry: OfSlot, held: Decimal) -> bool:
    """Whether an entry that left so much in its slot closed a cycle."""
    if isinstance(entry, FillRecord):
        return entry.side is Side.SELL and not held
    return not isinstance(entry.command, AdoptLot) and entry.command.closes_cycle


def _changes(entry: OfSlot) -> tuple[tuple[str, Decimal], ...]:
    """Return what an entry added to which slot."""
    if isinstance(entry, FillRecord):
        return ((entry.slot, entry.fill.qty if entry.side is Side.BUY else -entry.fill.qty),)
    command = entry.command
    if isinstance(command, AdoptLot):
        return ((command.slot, command.qty),)
    return (command.slot, -command.qty), (command.to, command.qty)


def _taken(queue: deque[_Part], qty: Decimal) -> tuple[_Part, ...]:
    """Take the oldest lots as the book does, so that fees are divided alike."""
    taken: list[_Part] = []
    missing = qty
    while missing > 0:
        if not queue:
            raise IllegalTransition(f"the journal sells or moves {missing} that was neither bought nor taken over")
        part = queue.popleft()
        if part.lot.qty > missing:
            lot, left = part.lot.split(missing)
            queue.appendleft(replace(part, lot=left))
            part = replace(part, lot=lot)
        taken.append(part)
        missing -= part.lot.qty
    return tuple(taken)


def _purchases(parts: Iterable[_Part]) -> tuple[FillRecord, ...]:
    """Return each purchase with the quantity and the fee of what was taken of it."""
    found: dict[int, FillRecord] = {}
    for part in parts:
        if part.bought is None:
            continue
        former = found.get(part.bought.entry)
        qty, fee = (ZERO, ZERO) if former is None else (former.fill.qty, former.fill.fee)
        fill = replace(part.bought.fill, qty=qty + part.lot.qty, fee=fee + part.lot.fee)
        found[part.bought.entry] = replace(part.bought, fill=fill)
    return tuple(found.values())
