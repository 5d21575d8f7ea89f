"""The ladder as its owner sees it, from the rows in which the grid remembers its cells."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from ledger.columns import ReasonText
from strategy.grid.state import CellState

if TYPE_CHECKING:
    from collections.abc import Mapping

    from domain.book import Book
    from domain.reason import Reason

_WHY = ReasonText()


@dataclass(frozen=True, slots=True)
class CellShown:
    """One cell; `order_price` is what it has resting, `held` what it holds, `why` the reason of how it stands."""

    key: str
    buy_price: Decimal
    sell_price: Decimal
    qty: Decimal
    state: CellState
    order_price: Decimal | None
    held: Decimal
    cycle: int
    legacy: bool
    why: Reason | None


def cells_of(rows: Mapping[str, Mapping[str, Any]], book: Book, last: Decimal | None, most: int) -> list[CellShown]:
    """Return the cells nearest to the last price, highest first."""
    cells = [(Decimal(row["buy_price"]), row) for row in rows.values()]
    if last is not None and len(cells) > most:
        # The busy ones among them stay, however far the price has gone.
        cells.sort(key=lambda cell: (cell[1]["order"] is None and cell[1]["key"] not in book.lots, abs(cell[0] - last)))
    shown = [_cell(row, book) for _, row in cells[:most]]
    shown.sort(key=lambda cell: (cell.buy_price, cell.key), reverse=True)
    return shown


def _cell(row: Mapping[str, Any], book: Book) -> CellShown:
    order, why = row["order"], row["why"]
    held = book.held(row["key"])
    return CellShown(
        key=row["key"],
        buy_price=Decimal(row["buy_price"]),
        sell_price=Decimal(row["sell_price"]),
        qty=Decimal(row["qty"]),
        state=_state(row, is_held=bool(held)),
        order_price=None if order is None else Decimal(order["price"]),
        held=held,
        cycle=row["cycle"],
        legacy=row["legacy"],
        why=None if why is None else _WHY.parsed(why),
    )


def _state(row: Mapping[str, Any], *, is_held: bool) -> CellState:
    if row["frozen"]:
        return CellState.FROZEN
    if row["order"] is not None:
        return CellState.BUYING if row["order"]["side"] == "buy" else CellState.SELLING
    return CellState.HELD if is_held else CellState.EMPTY
