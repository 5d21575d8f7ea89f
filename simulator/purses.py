"""Who owns what: free and locked amounts by owner and currency, and the proof that nothing appears or vanishes."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from domain.exact import ZERO

if TYPE_CHECKING:
    from decimal import Decimal

OUTSIDE = "outside"
"""The rest of the world: it trades with us without limit, and its purse may be negative."""

FEES = "fees"
"""What the venue took."""


class BooksBroken(Exception):
    """The venue's own bookkeeping is wrong."""


@dataclass(slots=True)
class Purse:
    """One owner's amount of one currency; `average` is the average price it was bought at."""

    free: Decimal = ZERO
    locked: Decimal = ZERO
    average: Decimal = ZERO

    @property
    def total(self) -> Decimal:
        """Return free and locked together."""
        return self.free + self.locked


class Purses:
    """All purses; what came in from nowhere stands in `deposited`."""

    def __init__(self) -> None:
        self.by_owner: dict[tuple[str, str], Purse] = {}
        self.deposited: dict[str, Decimal] = defaultdict(lambda: ZERO)

    def of(self, owner: str, currency: str) -> Purse:
        """Return a purse to look into."""
        return self.by_owner.get((owner, currency), Purse())

    def deposit(self, owner: str, currency: str, amount: Decimal) -> None:
        """Add an amount from nowhere; a negative one is a withdrawal."""
        self.add(owner, currency, amount)
        self.deposited[currency] += amount

    def add(self, owner: str, currency: str, amount: Decimal) -> None:
        """Change a free amount; only the world outside may owe."""
        if self.of(owner, currency).free + amount < 0 and owner != OUTSIDE:
            raise BooksBroken(f"{owner} would owe {currency}")
        if amount:
            self._own(owner, currency).free += amount

    def set_average(self, owner: str, currency: str, average: Decimal) -> None:
        """Note the average price at which a currency was bought."""
        self._own(owner, currency).average = average

    def lock(self, owner: str, currency: str, amount: Decimal) -> None:
        """Move an amount from free to locked; negative: back."""
        if self.of(owner, currency).locked + amount < 0:
            raise BooksBroken(f"{owner} would have less than nothing locked in {currency}")
        self.add(owner, currency, -amount)
        if amount:
            self._own(owner, currency).locked += amount

    def check(self) -> None:
        """Raise `BooksBroken` where a currency's sum is not what was deposited."""
        sums: dict[str, Decimal] = defaultdict(lambda: ZERO)
        for (owner, currency), purse in self.by_owner.items():
            sums[currency] += purse.total
            if owner != OUTSIDE and (purse.free < 0 or purse.locked < 0):
                raise BooksBroken(f"{owner} owes {currency}")
        for currency in {*sums, *self.deposited}:
            came_in = self.deposited.get(currency, ZERO)
            if sums[currency] != came_in:
                raise BooksBroken(f"{sums[currency]} {currency} exist, {came_in} came in")

    def _own(self, owner: str, currency: str) -> Purse:
        return self.by_owner.setdefault((owner, currency), Purse())
