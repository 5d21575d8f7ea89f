"""What an account holds of one currency or coin."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from decimal import Decimal


@dataclass(frozen=True, slots=True)
class Balance:
    """Free and locked (in open orders) amount of one currency, coin or share."""

    currency: str
    free: Decimal
    locked: Decimal

    @property
    def total(self) -> Decimal:
        """Return free and locked together."""
        return self.free + self.locked
