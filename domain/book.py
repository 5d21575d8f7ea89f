"""Profit by lot: every sale is set against the lots of its own slot, to the last unit, in its currency and in won."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from domain.errors import IllegalTransition
from domain.exact import ZERO, portion
from domain.instrument import Side
from domain.money import WonEffects

if TYPE_CHECKING:
    from collections.abc import Mapping
    from decimal import Decimal

    from domain.money import WonRate
    from domain.order import Fill

DUST = "dust"
"""The slot of remainders too small to sell; they count in the position and in Inventory, never as held."""


_NO_EFFECTS = WonEffects()


@dataclass(frozen=True, slots=True)
class Lot:
    """A quantity bought at one price; `fee` is what is left of the fee of its purchase.

    `won`: how many won a unit of the currency was worth when it was bought; None in a won market, or where none knew.
    """

    qty: Decimal
    price: Decimal
    fee: Decimal
    won: Decimal | None = None

    @property
    def cost(self) -> Decimal:
        """Return what the lot cost, its fee included."""
        return self.qty * self.price + self.fee

    def split(self, qty: Decimal) -> tuple[Lot, Lot]:
        """Take a quantity off; the two parts cost exactly what the lot did."""
        fee = portion(self.fee, qty, self.qty)
        return replace(self, qty=qty, fee=fee), replace(self, qty=self.qty - qty, fee=self.fee - fee)

    def in_won(self, value: Decimal, rate: Decimal) -> WonEffects | None:
        """Return what it has brought in won where it is worth `value` at a rate; None where its own is not known."""
        return None if self.won is None else WonEffects.of(self.cost, value, self.won, rate)


@dataclass(frozen=True, slots=True)
class Book:
    """All that one symbol earned and holds, in its quote currency.

    `cash_flow` is what trading added to the cash; `adopted_cost` the cost of lots that were taken over, not bought.
    `Total = cash_flow + position · last - adopted_cost = matched + inventory`, always and exactly.

    `rate` is what a unit of the currency is worth in won when the next booking is made: no part of what was booked, and
    None in a won market. `won` is what the sales have brought in won, without the `unrated` ones: those for which, or
    for a lot of which, no rate was known.
    """

    cash_flow: Decimal = ZERO
    fees: Decimal = ZERO
    matched: Decimal = ZERO
    adopted_cost: Decimal = ZERO
    lots: Mapping[str, tuple[Lot, ...]] = field(default_factory=dict)
    buys: int = 0
    sells: int = 0
    cycles: int = 0
    won: WonEffects = _NO_EFFECTS
    unrated: int = 0
    rate: WonRate | None = field(default=None, compare=False)

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

    @property
    def won_matched(self) -> WonEffects | None:
        """Return what all sales have brought in won; None where it is not known of each."""
        return None if self.unrated else self.won

    def won_inventory(self, last: Decimal, rate: Decimal) -> WonEffects | None:
        """Return what the open lots have brought in won at a price and a rate; None where it is not known of each."""
        sums = _NO_EFFECTS
        for slot in self.lots.values():
            for lot in slot:
                effects = lot.in_won(lot.qty * last, rate)
                if effects is None:
                    return None
                sums += effects
        return sums

    def rated(self, rate: WonRate | None) -> Book:
        """Return the same book, whose next bookings are made at another rate."""
        return replace(self, rate=rate)

    def booked(self, slot: str, side: Side, fill: Fill) -> Book:
        """Book one execution; raises `IllegalTransition` when a sale exceeds what its slot holds."""
        if side is Side.BUY:
            return self._bought(slot, fill)
        return self._sold(slot, fill)

    def adopted(self, slot: str, qty: Decimal, price: Decimal) -> Book:
        """Take over a holding at a price, without a purchase."""
        lot = Lot(qty, price, ZERO, self._won_now)
        return replace(self, adopted_cost=self.adopted_cost + lot.cost, lots=self._added(slot, (lot,)))

    def moved(self, slot: str, to: str, qty: Decimal, *, closes_cycle: bool = False) -> Book:
        """Move the oldest lots of a slot to another; raises `IllegalTransition` when it holds less."""
        taken, rest = self._take(slot, qty)
        lots = self._with(slot, rest)
        lots = {**lots, to: (*lots.get(to, ()), *taken)}
        return replace(self, lots=lots, cycles=self.cycles + closes_cycle)

    def _bought(self, slot: str, fill: Fill) -> Book:
        lot = Lot(fill.qty, fill.price, fill.fee, self._won_now)
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
        won = self._won_of(taken, fill.qty, proceeds)
        return replace(
            self,
            cash_flow=self.cash_flow + proceeds,
            fees=self.fees + fill.fee,
            matched=self.matched + proceeds - sum((lot.cost for lot in taken), ZERO),
            lots=self._with(slot, rest),
            sells=self.sells + 1,
            cycles=self.cycles + (not rest),
            won=self.won if won is None else self.won + won,
            unrated=self.unrated + (won is None),
        )

    @property
    def _won_now(self) -> Decimal | None:
        return None if self.rate is None else self.rate.rate

    def _won_of(self, sold: tuple[Lot, ...], qty: Decimal, proceeds: Decimal) -> WonEffects | None:
        """Return what a sale brings in won; its proceeds are split by quantity, and the last lot takes the rest."""
        if self.rate is None:
            return None
        sums = _NO_EFFECTS
        for lot in sold:
            part = portion(proceeds, lot.qty, qty)
            effects = lot.in_won(part, self.rate.rate)
            if effects is None:
                return None
            sums, qty, proceeds = sums + effects, qty - lot.qty, proceeds - part
        return sums

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
