"""A split of shares: how many new ones stand for how many old ones, and what that makes of prices and quantities."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from math import gcd

from domain.exact import portion


@dataclass(frozen=True, slots=True)
class Split:
    """`new` shares in the place of `old` ones, in lowest terms: 10 for 1, and 1 for 10 in a reverse split."""

    new: int
    old: int

    @classmethod
    def of(cls, new: int, old: int) -> Split:
        """Return it in lowest terms; both numbers are above 0."""
        common = gcd(new, old)
        return cls(new // common, old // common)

    def __str__(self) -> str:
        """Write it as its owner types it: `10:1`."""
        return f"{self.new}:{self.old}"

    def price(self, price: Decimal) -> Decimal:
        """Return what a price of an old share is for a new one; to 8 decimals where the division does not end."""
        return portion(price, Decimal(self.old), Decimal(self.new))

    def qty(self, qty: Decimal) -> Decimal:
        """Return how many new shares stand for so many old ones, fractions included; rounded as prices are."""
        return portion(qty, Decimal(self.new), Decimal(self.old))
