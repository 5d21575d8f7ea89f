"""What can be traded, in which steps of price and quantity, and what a trade costs."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from domain.exact import ZERO

if TYPE_CHECKING:
    from decimal import Decimal


class Side(StrEnum):
    """Which way an order goes."""

    BUY = "buy"
    SELL = "sell"


BUY, SELL = Side
"""The same, for walks over all cells: before Python 3.12 a member costs ten times as much through its class."""


@dataclass(frozen=True, slots=True)
class TickTable:
    """Price steps by band: `(lower bound, tick)`, bounds ascending from 0, each band open at its top.

    Every bound is a multiple of the tick on both of its sides, so that rounding up may land on it.
    """

    bands: tuple[tuple[Decimal, Decimal], ...]

    def at(self, price: Decimal) -> Decimal:
        """Return the tick of the band that holds the price."""
        for lower, tick in reversed(self.bands):
            if price >= lower:
                return tick
        return self.bands[0][1]

    def down(self, price: Decimal) -> Decimal:
        """Round down to the tick of the price's own band; the result may be zero."""
        tick = self.at(price)
        return price // tick * tick

    def up(self, price: Decimal) -> Decimal:
        """Round up to the tick of the price's own band."""
        tick = self.at(price)
        lower = price // tick * tick
        return lower if lower == price else lower + tick

    def below(self, price: Decimal, steps: int = 1) -> Decimal:
        """Go down from a price on the ladder, at a band's edge by the lower band's tick."""
        for _ in range(steps):
            price -= next((tick for lower, tick in reversed(self.bands) if price > lower), self.bands[0][1])
        return price

    def above(self, price: Decimal, steps: int = 1) -> Decimal:
        """Go up from a price on the ladder, at a band's edge by the upper band's tick."""
        for _ in range(steps):
            price += self.at(price)
        return price


@dataclass(frozen=True, slots=True)
class Fees:
    """Rates of a trade's notional, as fractions: 0.0025 is 0.25 %. A negative rate is a rebate."""

    buy: Decimal
    sell: Decimal
    sell_tax: Decimal = ZERO

    def rate(self, side: Side) -> Decimal:
        """Return what a side costs; the tax counts into the sale."""
        return self.buy if side is Side.BUY else self.sell + self.sell_tax


@dataclass(frozen=True, slots=True)
class Instrument:
    """One tradable thing on one venue.

    `qty_step` is 1 for stocks (whole shares) and a small fraction for coins; `notional_min` is in the quote currency.
    """

    symbol: str
    base: str
    quote: str
    ticks: TickTable
    qty_step: Decimal
    notional_min: Decimal
    fees: Fees

    @property
    def whole_shares(self) -> bool:
        """Whether the quantity is counted in shares."""
        return self.qty_step == 1

    def round_qty(self, qty: Decimal) -> Decimal:
        """Round down to what the venue accepts; the result may be zero."""
        return qty // self.qty_step * self.qty_step

    def round_price(self, side: Side, price: Decimal) -> Decimal:
        """Round a buy down and a sell up to the tick of the band of the price as given."""
        return self.ticks.down(price) if side is Side.BUY else self.ticks.up(price)

    def fee(self, side: Side, notional: Decimal) -> Decimal:
        """Return fee and tax of a trade, unrounded, in the quote currency."""
        return notional * self.fees.rate(side)

    def placeable(self, price: Decimal, qty: Decimal) -> bool:
        """Whether the venue takes an order of this size."""
        return price > 0 and qty > 0 and price * qty >= self.notional_min
