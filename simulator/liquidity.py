"""The rest of the world's order book: levels around the last price, made up, with the depth the settings say."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from domain.exact import ZERO
from domain.instrument import Side

if TYPE_CHECKING:
    from collections.abc import Iterator
    from decimal import Decimal

    from domain.instrument import TickTable

LEVELS = 30


@dataclass(slots=True)
class Liquidity:
    """Levels on both sides of one last price; `depth` is the quantity of each level, none for no end.

    The best bid is the last price rounded down to a tick. What was taken is gone until the next print.
    """

    last: Decimal
    ticks: TickTable
    spread_ticks: int
    depth: Decimal | None
    taken: dict[tuple[Side, Decimal], Decimal] = field(default_factory=dict)

    def levels(self, taker: Side) -> Iterator[tuple[Decimal, Decimal | None]]:
        """Give what an incoming order of this side could take, best price first."""
        bid = self.ticks.down(self.last)
        price = self.ticks.above(bid, self.spread_ticks) if taker is Side.BUY else bid
        for _ in range(LEVELS):
            if price <= 0:
                return
            size = None if self.depth is None else self.depth - self.taken.get((taker, price), ZERO)
            if size is None or size > 0:
                yield price, size
            price = self.ticks.above(price) if taker is Side.BUY else self.ticks.below(price)

    def take(self, taker: Side, price: Decimal, qty: Decimal) -> None:
        """Remember that a quantity of a level is gone."""
        self.taken[taker, price] = self.taken.get((taker, price), ZERO) + qty
