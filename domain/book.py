"""Profit by lot: every sale is set against the lots of its own slot, to the last unit."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from domain.errors import IllegalTransition
from domain.exact import ZERO, portion
from domain.instrument import Side

if TYPE_CHECKING:
    from collections.abc import Mapping
    from decimal import Decimal

    from domain.order import Fill

DUST = "dust"
"""The slot of remainders too small to sell; they count in the position and in Inventory, never as held."""


@dataclass(frozen=True, slots=True)
class Lot:
    """A quantity bought at one price; `fee` is what is left of the fee of its purchase."""

    qty: Decimal
    price: Decimal
    fee: Decimal

    @property
    def cost(self) -> Decimal:
        """Return what the lot cost, its fee included."""
        return self.qty * self.price + self.fee

    def split(self, qty: Decimal) -> tuple[Lot, Lot]:
        """Take a quantity off; the two parts cost exactly what the lot did."""
        fee = portion(self.fee, qty, self.qty)
        return Lot(qty, self.price, fee), Lot(self.qty - qty, self.price, self.fee - fee)


@dataclass(frozen=True, slots=True)
class Book:
    """All that one symbol earned and holds, in its quote currency.

    `cash_flow` is what trading added to the cash; `adopted_cost` the cost of lots that were taken over, not bought.
    `Total = cash_flow + position · last - adopted_cost = matched + inventory`, always and exactly.
    """

    cash_flow: Decimal = ZERO
    fees: Decimal = ZERO
    matched: Decimal = ZERO
    adopted_cost: Decimal = ZERO
    lots: Mapping[str, tuple[Lot, ...]] = field(default_factory=dict)
    buys: int = 0
    sells: int = 0
    cycles: int = 0

    @property
    def position(self) -> Decimal:
        """Return the quantity of all lots, dust included."""
        return sum((lot.qty for slot in self.lots.values() for lot in slot), ZERO)

    @property
    def cost(self) -> Decimal:
        """Return what all lots cost, their fees included."""
        return sum((lot.cost for slot in self.lots.values() for lot in slot), ZERO)

    def held(self, slot: str) -> Decimal:
        """Return the quantity of one slot."""
        return sum((lot.qty for lot in self.lots.get(slot, ())), ZERO)

    def inventory(self, last: Decimal) -> Decimal:
        """Return the open lots at the last price less their cost; no fee of a future sale."""
        return self.position * last - self.cost

    def total(self, last: Decimal) -> Decimal:
        """Return the profit since the beginning, from the cash side alone."""
        return self.cash_flow + self.position * last - self.adopted_cost

    def booked(self, slot: str, side: Side, fill: Fill) -> Book:
        """Book one execution; raises `IllegalTransition` when a sale exceeds what its slot holds."""
        if side is Side.BUY:
            return self._bought(slot, fill)
        return self._sold(slot, fill)

    def adopted(self, slot: str, qty: Decimal, price: Decimal) -> Book:
        """Take over a holding at a price, without a purchase."""
        lot = Lot(qty, price, ZERO)
        return replace(self, adopted_cost=self.adopted_cost + lot.cost, lots=self._added(slot, (lot,)))

    def moved(self, slot: str, to: str, qty: Decimal, *, closes_cycle: bool = False) -> Book:
        """Move the oldest lots of a slot to another; raises `IllegalTransition` when it holds less."""
        taken, rest = self._take(slot, qty)
        lots = self._with(slot, rest)
        lots = {**lots, to: (*lots.get(to, ()), *taken)}
        return replace(self, lots=lots, cycles=self.cycles + closes_cycle)

    def _bought(self, slot: str, fill: Fill) -> Book:
        lot = Lot(fill.qty, fill.price, fill.fee)
        return replace(
            self,
            cash_flow=self.cash_flow - lot.cost,
            fees=self.fees + fill.fee,
            lots=self._added(slot, (lot,)),
            buys=self.buys + 1,
        )

    def _sold(self, slot: str, fill: Fill) -> Book:
        taken, rest = self._take(slot, fill.qty)
        proceeds = fill.notional - fill.fee
        return replace(
            self,
            cash_flow=self.cash_flow + proceeds,
            fees=self.fees + fill.fee,
            matched=self.matched + proceeds - sum((lot.cost for lot in taken), ZERO),
            lots=self._with(slot, rest),
            sells=self.sells + 1,
            cycles=self.cycles + (not rest),
        )

    def _take(self, slot: str, qty: Decimal) -> tuple[tuple[Lot, ...], tuple[Lot, ...]]:
        taken: list[Lot] = []
        rest = list(self.lots.get(slot, ()))
        missing = qty
        while missing > 0 and rest:
            lot = rest.pop(0)
            if lot.qty > missing:
                lot, left = lot.split(missing)
                rest.insert(0, left)
            taken.append(lot)
            missing -= lot.qty
        if missing:
            message = f"slot {slot} lacks {missing} of {qty}"
            raise IllegalTransition(message)
        return tuple(taken), tuple(rest)

    def _added(self, slot: str, lots: tuple[Lot, ...]) -> dict[str, tuple[Lot, ...]]:
        return {**self.lots, slot: (*self.lots.get(slot, ()), *lots)}

    def _with(self, slot: str, lots: tuple[Lot, ...]) -> dict[str, tuple[Lot, ...]]:
        others = {name: held for name, held in self.lots.items() if name != slot}
        return {**others, slot: lots} if lots else others
