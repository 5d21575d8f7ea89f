"""A closed cycle with both of its legs, each summed up from its fills."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from domain.exact import ZERO
from reports.formulas import ratio

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from decimal import Decimal

    from ledger.records import CycleRecord, FillRecord


@dataclass(frozen=True, slots=True)
class Leg:
    """All purchases, or all sales, of one cycle; `price` is their mean by quantity."""

    begin_at: datetime
    end_at: datetime
    price: Decimal
    qty: Decimal
    fee: Decimal


@dataclass(frozen=True, slots=True)
class CycleShown:
    """One cycle and what it earned; `buy` is None where the lot was taken over."""

    slot: str
    cycle: int
    buy: Leg | None
    sell: Leg | None
    earned: Decimal

    @property
    def fees(self) -> Decimal:
        """Return the fees of both legs."""
        return sum((leg.fee for leg in (self.buy, self.sell) if leg is not None), ZERO)


def cycle_shown(record: CycleRecord) -> CycleShown:
    """Sum up one cycle."""
    return CycleShown(record.slot, record.cycle, _leg(record.buys), _leg(record.sells), record.earned)


def _leg(fills: Sequence[FillRecord]) -> Leg | None:
    if not fills:
        return None
    times = [record.fill.at for record in fills]
    qty = sum((record.fill.qty for record in fills), ZERO)
    notional = sum((record.fill.notional for record in fills), ZERO)
    fee = sum((record.fill.fee for record in fills), ZERO)
    return Leg(min(times), max(times), ratio(notional, qty) or ZERO, qty, fee)
