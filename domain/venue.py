"""What a venue answers: its own view of an order, an execution, a cancel."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime
    from decimal import Decimal

    from domain.instrument import Side
    from domain.order import Fill, OrderState


@dataclass(frozen=True, slots=True)
class VenueOrder:
    """One order as the venue's books show it; `fee` is what its fills cost so far, in the quote currency."""

    order_id: str
    client_order_id: str | None
    symbol: str
    side: Side
    price: Decimal
    qty: Decimal
    filled: Decimal
    fee: Decimal
    state: OrderState
    at: datetime


@dataclass(frozen=True, slots=True)
class Execution:
    """One fill with the order it belongs to."""

    order_id: str
    client_order_id: str | None
    side: Side
    fill: Fill


class CancelAnswer(StrEnum):
    """What came of a request to cancel."""

    ACCEPTED = "accepted"
    ALREADY_FILLED = "already_filled"
    ALREADY_CLOSED = "already_closed"
    UNKNOWN_ORDER = "unknown_order"
