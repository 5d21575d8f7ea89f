"""What one decision gathers on its way: commands and notes."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from domain.book import DUST
from domain.commands import AdoptLot, CancelOrder, MoveLots, PlaceOrder
from domain.decision import Note, Weight

if TYPE_CHECKING:
    from datetime import date
    from decimal import Decimal

    from domain.commands import Command
    from domain.instrument import Side
    from domain.reason import Reason
    from strategy.grid.state import GridState


@dataclass(slots=True)
class Turn:
    """A decision in the making; it lives within one call."""

    symbol: str
    session: date | None = None
    commands: list[Command] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)

    def note(self, slot: str, why: Reason) -> None:
        """Say why."""
        self.notes.append(Note(slot, why))

    def warn(self, slot: str, why: Reason) -> None:
        """Say why, loudly."""
        self.notes.append(Note(slot, why, Weight.WARNING))

    def place(
        self, slot: str, side: Side, price: Decimal, qty: Decimal, *, epoch: int, cycle: int, why: Reason
    ) -> None:
        """Ask for an order; its reason is booked with it, once risk has let it pass."""
        self.commands.append(PlaceOrder(self.symbol, slot, side, price, qty, epoch, cycle, why, self.session))

    def cancel(self, slot: str, why: Reason) -> None:
        """Ask for the end of an order."""
        self.commands.append(CancelOrder(self.symbol, slot, why))
        self.note(slot, why)

    def move_lots(self, state: GridState, slot: str, to: str, qty: Decimal) -> GridState:
        """Book a quantity to another slot."""
        self.commands.append(MoveLots(self.symbol, slot, to, qty))
        return replace(state, book=state.book.moved(slot, to, qty))

    def to_dust(self, state: GridState, slot: str, *, closes_cycle: bool) -> GridState:
        """Book what a slot holds as dust."""
        qty = state.book.held(slot)
        self.commands.append(MoveLots(self.symbol, slot, DUST, qty, closes_cycle))
        return replace(state, book=state.book.moved(slot, DUST, qty, closes_cycle=closes_cycle))

    def adopt(self, state: GridState, slot: str, qty: Decimal, price: Decimal) -> GridState:
        """Take a holding over."""
        self.commands.append(AdoptLot(self.symbol, slot, qty, price))
        return replace(state, book=state.book.adopted(slot, qty, price))
