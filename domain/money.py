"""An amount with its currency."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from domain.exact import plain

if TYPE_CHECKING:
    from decimal import Decimal


@dataclass(frozen=True, slots=True)
class Money:
    """An exact amount of one currency (`KRW`, `USD`, a coin)."""

    amount: Decimal
    currency: str

    def __add__(self, other: Money) -> Money:
        """Add two amounts; raises `ValueError` where the currencies differ."""
        return Money(self.amount + self._same(other), self.currency)

    def __sub__(self, other: Money) -> Money:
        """Subtract an amount; raises `ValueError` where the currencies differ."""
        return Money(self.amount - self._same(other), self.currency)

    def __neg__(self) -> Money:
        """Turn a gain into a loss."""
        return Money(-self.amount, self.currency)

    def __str__(self) -> str:
        """Show the amount in plain notation before its currency."""
        return f"{plain(self.amount)} {self.currency}"

    def _same(self, other: Money) -> Decimal:
        if other.currency != self.currency:
            message = f"{self.currency} and {other.currency} do not add up without a rate"
            raise ValueError(message)
        return other.amount
