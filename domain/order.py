"""An order's life: its states, its legal transitions, and the key that makes it unique."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING

from domain.errors import IllegalTransition
from domain.exact import ZERO

if TYPE_CHECKING:
    from datetime import date, datetime
    from decimal import Decimal

    from domain.instrument import Side


class OrderState(StrEnum):
    """Where an order stands; what each means is written in docs/orders.md."""

    PENDING = "pending"
    SUBMITTED = "submitted"
    UNKNOWN = "unknown"
    OPEN = "open"
    PARTIALLY_FILLED = "partially_filled"
    CANCEL_PENDING = "cancel_pending"
    FILLED = "filled"
    CANCELED = "canceled"
    REJECTED = "rejected"
    EXPIRED = "expired"
    VOID = "void"


_S = OrderState
_ENDED_AT_VENUE = frozenset({_S.FILLED, _S.CANCELED, _S.EXPIRED, _S.REJECTED})
RESTING = frozenset({_S.OPEN, _S.PARTIALLY_FILLED})
"""States in which the venue has an order, and nobody has asked for its end."""

WITH_VENUE = RESTING | {_S.CANCEL_PENDING}
"""States in which the venue has an order that may still be executed."""

CLOSED = _ENDED_AT_VENUE | {_S.VOID}
"""States in which nothing more is expected."""

NEXT: dict[OrderState, frozenset[OrderState]] = {
    _S.PENDING: frozenset({_S.SUBMITTED, _S.VOID}),
    _S.SUBMITTED: RESTING | {_S.FILLED, _S.CANCELED, _S.REJECTED, _S.UNKNOWN, _S.VOID},
    _S.UNKNOWN: RESTING | CLOSED,
    _S.OPEN: _ENDED_AT_VENUE | {_S.CANCEL_PENDING, _S.PARTIALLY_FILLED},
    _S.PARTIALLY_FILLED: _ENDED_AT_VENUE | {_S.CANCEL_PENDING, _S.PARTIALLY_FILLED},
    # A cancel that came to nothing puts the order back where it was.
    _S.CANCEL_PENDING: _ENDED_AT_VENUE | RESTING | {_S.CANCEL_PENDING},
    _S.FILLED: frozenset(),
    # A fill that is reported late is booked all the same; the state follows the venue when it is full.
    _S.CANCELED: frozenset({_S.CANCELED, _S.FILLED}),
    _S.REJECTED: frozenset({_S.REJECTED, _S.FILLED}),
    _S.EXPIRED: frozenset({_S.EXPIRED, _S.FILLED}),
    # The venue shows an order that was proven absent: its true state wins.
    _S.VOID: RESTING | _ENDED_AT_VENUE,
}

_AFTER_PART = {
    _S.SUBMITTED: _S.PARTIALLY_FILLED,
    _S.UNKNOWN: _S.PARTIALLY_FILLED,
    _S.OPEN: _S.PARTIALLY_FILLED,
    _S.PARTIALLY_FILLED: _S.PARTIALLY_FILLED,
    _S.CANCEL_PENDING: _S.CANCEL_PENDING,
    _S.CANCELED: _S.CANCELED,
    _S.REJECTED: _S.REJECTED,
    _S.EXPIRED: _S.EXPIRED,
    _S.VOID: _S.PARTIALLY_FILLED,
}


@dataclass(frozen=True, slots=True)
class IntentKey:
    """What makes an intent unique; never sent to a venue."""

    epoch: int
    cell: str
    side: Side
    cycle: int
    attempt: int
    session: date | None = None

    def __str__(self) -> str:
        """Write the key as the journal stores it."""
        text = f"{self.epoch}/{self.cell}/{self.side}/{self.cycle}/{self.attempt}"
        return text if self.session is None else f"{text}/{self.session.isoformat()}"


@dataclass(frozen=True, slots=True)
class Fill:
    """One execution; price and fee in the quote currency, `fee` negative for a rebate.

    `fill_id` is the venue's trade id, else `<order id>#<cumulative qty>`: the same execution is never booked twice.
    """

    fill_id: str
    price: Decimal
    qty: Decimal
    fee: Decimal
    at: datetime

    @property
    def notional(self) -> Decimal:
        """Return price times quantity."""
        return self.price * self.qty


@dataclass(frozen=True, slots=True)
class Order:
    """One limit order of ours, from the intent to its end."""

    seq: int
    client_id: str
    key: IntentKey
    symbol: str
    side: Side
    price: Decimal
    qty: Decimal
    state: OrderState = OrderState.PENDING
    filled: Decimal = ZERO
    venue_id: str | None = None

    @property
    def cell(self) -> str:
        """Return the grid cell, or other slot, that the order serves."""
        return self.key.cell

    @property
    def remaining(self) -> Decimal:
        """Return the quantity not executed yet."""
        return self.qty - self.filled

    @property
    def is_closed(self) -> bool:
        """Whether nothing more is expected of it."""
        return self.state in CLOSED

    def advance(self, state: OrderState, *, venue_id: str | None = None) -> Order:
        """Move to a state; raises `IllegalTransition` where the life of an order has no such step."""
        if state not in NEXT[self.state]:
            message = f"{self.client_id}: {self.state} cannot become {state}"
            raise IllegalTransition(message)
        return replace(self, state=state, venue_id=venue_id or self.venue_id)

    def with_fill(self, qty: Decimal) -> Order:
        """Book an execution; raises `IllegalTransition` when it is more than was ordered or was never sent."""
        filled = self.filled + qty
        if qty <= 0 or filled > self.qty or self.state not in _AFTER_PART:
            message = f"{self.client_id}: cannot fill {qty} of {self.remaining} while {self.state}"
            raise IllegalTransition(message)
        state = OrderState.FILLED if filled == self.qty else _AFTER_PART[self.state]
        return replace(self, filled=filled, state=state)


_DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"


def client_id(prefix: str, seq: int) -> str:
    """Return the id sent to the venue: the instance's prefix and the journal sequence in base 36."""
    digits = ""
    while seq:
        seq, digit = divmod(seq, 36)
        digits = _DIGITS[digit] + digits
    return f"{prefix}-{digits or '0'}"
