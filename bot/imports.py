"""Takes over orders that bear our name and that the ledger does not know: after a restored backup, or a move."""

from __future__ import annotations

from typing import TYPE_CHECKING

from domain.book import DUST
from domain.instrument import Side
from domain.order import IntentKey, Order

if TYPE_CHECKING:
    from domain.venue import VenueOrder
    from ledger.reader import Reader
    from strategy.grid.state import Cell, GridState

_BASE_36 = 36


def number_of(client_id: str) -> int | None:
    """Return the journal number that a client id ends with; None where it is none of ours after all."""
    try:
        return int(client_id.rpartition("-")[2], _BASE_36)
    except ValueError:
        return None


def taken_over(shown: VenueOrder, grid: GridState, reader: Reader) -> Order | None:
    """Return the order as our journal would have it, not yet accepted; None where it cannot be one of ours.

    It goes to the cell whose order it must have been. Where there is none it gets a slot of its own, which no cell
    serves: the grid then takes it back.
    """
    client_id = shown.client_order_id or ""
    seq = number_of(client_id)
    if seq is None:
        return None
    cell = next((cell for cell in grid.slots() if _fits(shown, cell, grid)), None)
    if cell is None and shown.side is Side.SELL and grid.book.held(DUST) < shown.qty:
        # Nobody knows what it sells.
        return None
    if cell is None:
        key = IntentKey(0, f"import.{seq}", shown.side, 0, 1)
    else:
        epoch = int(cell.key.partition(".")[0])
        attempt = 1 + reader.last_attempt(shown.symbol, epoch, cell.key, shown.side, cell.cycle)
        key = IntentKey(epoch, cell.key, shown.side, cell.cycle, attempt)
    return Order(seq, client_id, key, shown.symbol, shown.side, shown.price, shown.qty)


def _fits(shown: VenueOrder, cell: Cell, grid: GridState) -> bool:
    held = grid.book.held(cell.key)
    if cell.order is not None or cell.frozen:
        return False
    if shown.side is Side.BUY:
        return not held and not cell.legacy and (shown.price, shown.qty) == (cell.buy_price, cell.qty)
    return (shown.price, shown.qty) == (cell.sell_price, held)
