"""What a strategy remembers, as rows of the ledger and back: one for the grid, one for every cell that changed."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal
from operator import attrgetter
from typing import TYPE_CHECKING, Any

from pydantic import TypeAdapter

from domain.clock import iso
from domain.exact import plain
from ledger.columns import ReasonText
from strategy.grid.state import Cell, Epoch, GridState, Move, Phase, StartOrder, Stops

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from domain.book import Book
    from domain.events import Dial, DialTurned
    from domain.reason import Reason

Row = tuple[str, "dict[str, Any] | None"]

_HEAD: dict[str, TypeAdapter[Any]] = {
    "phase": TypeAdapter(Phase),
    "epoch": TypeAdapter(Epoch | None),
    "first": TypeAdapter(Decimal | None),
    "start": TypeAdapter(StartOrder | None),
    "moving": TypeAdapter(Move | None),
    "stops": TypeAdapter(Stops),
    "peak": TypeAdapter(Decimal),
    "paused": TypeAdapter(bool),
    "cash_short": TypeAdapter(bool),
    "session": TypeAdapter(date | None),
    "session_open": TypeAdapter(bool),
    "gap_due": TypeAdapter(bool),
    "sized_on": TypeAdapter(date | None),
    "follow_refused": TypeAdapter(bool),
}
"""Every field of the state but the book (the ledger's own), the cells (a row each), prices and terms (asked anew) and
what follows from them."""

_head_of = attrgetter(*_HEAD)
_CELL = TypeAdapter(Cell)
_WHY = ReasonText()


def changed_rows(symbol: str, before: GridState | None, after: GridState) -> Iterator[Row]:
    """Yield the rows that differ between two states; None where a row is to go."""
    if before is after:
        return
    if before is None or _head_of(before) != _head_of(after):
        head = {name: kind.dump_python(getattr(after, name), mode="json") for name, kind in _HEAD.items()}
        yield _head_name(symbol), head
    old = {} if before is None else {cell.key: cell for cell in before.slots()}
    for cell in after.slots():
        former = old.pop(cell.key, None)
        # A cell that was asked for and refused at once is another object and the same cell.
        if former is not cell and former != cell:
            yield _cell_name(symbol, cell.key), _cell_row(cell)
    for key in old:
        yield _cell_name(symbol, key), None


def restored(symbol: str, rows: Mapping[str, Mapping[str, Any]], book: Book) -> GridState | None:
    """Rebuild a state from its rows, or None where there are none; prices are unknown until the next one comes."""
    head = rows.get(_head_name(symbol))
    if head is None:
        return None
    state = GridState(book=book, **{name: kind.validate_python(head[name]) for name, kind in _HEAD.items()})
    prefix = _cell_name(symbol, "")
    cells = [_restored_cell(body) for name, body in rows.items() if name.startswith(prefix)]
    cells.sort(key=lambda cell: [int(part) for part in cell.key.split(".")])
    return replace(
        state,
        cells=tuple(cell for cell in cells if not cell.legacy),
        legacy=tuple(cell for cell in cells if cell.legacy),
    )


def safe_row(why: Reason | None, doubts: Collection[str]) -> dict[str, Any] | None:
    """Return why no new order may be placed, and all that was doubted, as a row; None where orders may be placed."""
    return None if why is None else {"why": _WHY.written(why), "doubts": sorted(doubts)}


def restored_safe(row: Mapping[str, Any] | None) -> tuple[Reason | None, frozenset[str]]:
    """Read that row back."""
    return (None, frozenset()) if row is None else (_WHY.parsed(row["why"]), frozenset(row["doubts"]))


def blocked_row(until: datetime) -> dict[str, Any]:
    """Return until when the venue must not be called, as a row."""
    return {"until": iso(until)}


def restored_blocked(row: Mapping[str, Any] | None) -> datetime | None:
    """Read that row back."""
    return None if row is None else datetime.fromisoformat(row["until"])


def dial_name(symbol: str, dial: Dial) -> str:
    """Return the name of the row that keeps how the owner set a dial of a market."""
    return f"dial/{symbol}/{dial}"


def dial_row(event: DialTurned) -> dict[str, Any]:
    """Return how the owner set a dial, and what the settings said then, as a row."""
    return {"value": plain(event.value), "instead_of": plain(event.instead_of)}


def restored_dial(row: Mapping[str, Any] | None, setting: Decimal) -> Decimal:
    """Read that row back: the owner's dial, unless the setting itself was changed since."""
    return Decimal(row["value"]) if row is not None and dial_stands(row, setting) else setting


def dial_stands(row: Mapping[str, Any] | None, setting: Decimal) -> bool:
    """Whether a dial was turned while the setting was what it is now."""
    return row is not None and Decimal(row["instead_of"]) == setting


def _cell_row(cell: Cell) -> dict[str, Any]:
    row: dict[str, Any] = _CELL.dump_python(replace(cell, why=None), mode="json")
    # The ledger's own form of a reason tells a number from a text.
    row["why"] = None if cell.why is None else _WHY.written(cell.why)
    return row


def _restored_cell(row: Mapping[str, Any]) -> Cell:
    cell: Cell = _CELL.validate_python({**row, "why": None})
    return cell if row["why"] is None else replace(cell, why=_WHY.parsed(row["why"]))


def _head_name(symbol: str) -> str:
    return f"grid/{symbol}"


def _cell_name(symbol: str, key: str) -> str:
    return f"cell/{symbol}/{key}"
