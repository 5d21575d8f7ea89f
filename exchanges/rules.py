"""The standing rules of a venue: ticks, steps, minimum and sessions, known without asking it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from domain.instrument import Instrument

if TYPE_CHECKING:
    from decimal import Decimal

    from domain.instrument import Fees, TickTable
    from domain.session import SessionRule


@dataclass(frozen=True, slots=True)
class VenueRules:
    """Rules that hold for every instrument of one market; `notional_min` is in its currency."""

    currency: str
    ticks: TickTable
    qty_step: Decimal
    notional_min: Decimal
    sessions: SessionRule | None

    def instrument(self, symbol: str, fees: Fees) -> Instrument:
        """Describe an instrument; a coin's symbol is `<currency>-<coin>`, a share's is its ticker."""
        base = symbol.rpartition("-")[2]
        return Instrument(symbol, base, self.currency, self.ticks, self.qty_step, self.notional_min, fees)
