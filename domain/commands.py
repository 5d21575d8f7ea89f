"""Wishes, in the imperative: what a strategy asks for; risk, the gate or the venue may refuse."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import date
    from decimal import Decimal

    from domain.instrument import Side
    from domain.reason import Reason
    from domain.split import Split


@dataclass(frozen=True, slots=True)
class PlaceOrder:
    """Let a limit order rest for a slot; `price` in the quote currency, on its tick.

    `session` is the market's day for orders that end with it.
    """

    symbol: str
    slot: str
    side: Side
    price: Decimal
    qty: Decimal
    epoch: int
    cycle: int
    why: Reason
    session: date | None = None


@dataclass(frozen=True, slots=True)
class CancelOrder:
    """Take the order of a slot back."""

    symbol: str
    slot: str
    why: Reason


@dataclass(frozen=True, slots=True)
class MoveLots:
    """Book a quantity from one slot to another (a cell's share of a purchase, dust)."""

    symbol: str
    slot: str
    to: str
    qty: Decimal
    closes_cycle: bool = False


@dataclass(frozen=True, slots=True)
class AdoptLot:
    """Take over a holding that was not bought by the bot."""

    symbol: str
    slot: str
    qty: Decimal
    price: Decimal


@dataclass(frozen=True, slots=True)
class RescaleLots:
    """Count everything that is held in the new shares of a split, in whole steps of `step`.

    `slots` are those that hold something: a fraction is handed on from each to the next, and what the last one leaves
    is paid out at `price`, in the quote currency for a new share.
    """

    symbol: str
    split: Split
    slots: tuple[str, ...]
    step: Decimal
    price: Decimal


Command = PlaceOrder | CancelOrder | MoveLots | AdoptLot | RescaleLots
