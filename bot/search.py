"""How a lost order is looked for at a venue that knows nothing of our ids, and when it is given up."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING

from bot.inquiry import ABSENCES_MIN
from bot.trail import EARLIEST, LATEST
from domain.events import OrderEnded, OrderFrozen
from domain.order import OrderState
from domain.reason import reason

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from datetime import datetime
    from decimal import Decimal

    from bot.inquiry import Inquiry
    from bot.trail import Trail
    from domain.order import Order
    from domain.reason import Figure
    from domain.session import MarketHours
    from domain.venue import VenueOrder

FINAL_AFTER = timedelta(minutes=6)
"""So long after the close the day's list counts as final; the venue may list what happened late."""
LOOKS_BACK = timedelta(days=5)
"""How far back lists are fetched; what is lost for longer waits for its owner, and not for ever longer lists."""
_FROZEN_PAUSE = timedelta(minutes=1)
_CLOSED_PAUSE = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Trace:
    """What one complete look, taken `at` a moment, told of an order that is looked for.

    `candidates` may be it. `listed` is the list itself, as far as it matters whether it changes. `held` is what the
    account has of the share; asked for once the list counts as final, else None.
    """

    candidates: tuple[VenueOrder, ...]
    listed: tuple[tuple[str, OrderState, Decimal], ...]
    held: Decimal | None
    at: datetime

    def confirms(self, former: Trace | None) -> bool:
        """Whether a former final look, long enough ago for a list that lags, told the same."""
        if former is None or former.held is None or self.at - former.at < _CLOSED_PAUSE:
            return False
        return (self.candidates, self.listed, self.held) == (former.candidates, former.listed, former.held)


@dataclass(frozen=True, slots=True)
class Search:
    """Looks for lost orders by what they asked for and when they left.

    `base` is the share that is traded. `hours` is None where orders outlive the day. `expected` tells what the account
    has of the share if none of the lost orders was executed.
    """

    trail: Trail
    base: str
    hours: MarketHours | None
    expected: Callable[[], Decimal]

    def since(self, orders: Iterable[Order], at: datetime) -> datetime:
        """Return from when on the venue's lists are needed to look for some orders."""
        left = (self.trail.left_at(order.client_id) for order in orders)
        earliest = min([moment for moment in left if moment is not None] + [at])
        return max(earliest, at - LOOKS_BACK) - EARLIEST

    def trace(self, order: Order, shown: Sequence[VenueOrder], held: Decimal | None, at: datetime) -> Trace:
        """Look for one order in a complete list."""
        rows = (row for row in shown if self._may_matter(order, row))
        listed = tuple(sorted((row.order_id, row.state, row.filled) for row in rows))
        return Trace(self.trail.candidates(order, shown), listed, held, at)

    def _may_matter(self, order: Order, row: VenueOrder) -> bool:
        """Whether a row is of the order's own day: what is traded on the days after it proves nothing for it."""
        return self.hours is None or order.key.session in {None, self.hours.date_of(row.at)}

    def is_final(self, order: Order, at: datetime) -> bool:
        """Whether the order's day is over and its list final; of what left too long ago no list is fetched."""
        day = order.key.session
        if self._is_left_to_owner(order, at):
            return False
        return day is not None and self.hours is not None and self.hours.is_over(day, at - FINAL_AFTER)

    def counted(self, order: Order, inquiry: Inquiry, trace: Trace, at: datetime) -> Inquiry:
        """Count a look; what is frozen is looked for less often, and after the close hardly ever."""
        found = len(trace.candidates)
        inquiry = inquiry.in_vain(at) if not found else replace(inquiry, asked_at=at)
        if trace.held is not None or self._is_left_to_owner(order, at):
            return replace(inquiry, pause=_CLOSED_PAUSE, final_looks=inquiry.final_looks + 1)
        return replace(inquiry, pause=_FROZEN_PAUSE) if self._is_given_up(order, inquiry, trace, at) else inquiry

    def verdict(
        self, order: Order, inquiry: Inquiry, trace: Trace, former: Trace | None, at: datetime
    ) -> OrderFrozen | OrderEnded | None:
        """Say what a look means for an order that it did not find: nothing yet, the freeze, or the proof of absence.

        The proof: after the close two equal complete lists lack it, and the account holds what it would without it.
        """
        if len(trace.candidates) == 1:
            return None
        if not trace.candidates and trace.confirms(former):
            if trace.held == self.expected():
                return OrderEnded(order.client_id, OrderState.VOID, reason("absent_after_close"), at)
            why = reason("frozen_holdings_differ", slot=order.cell, held=trace.held or 0, expected=self.expected())
            return OrderFrozen(order.client_id, why, at)
        if not self._is_given_up(order, inquiry, trace, at):
            return None
        figures: dict[str, Figure] = {
            "slot": order.cell,
            "side": str(order.side),
            "price": order.price,
            "qty": order.qty,
        }
        if trace.candidates:
            return OrderFrozen(order.client_id, reason("frozen_ambiguous", count=len(trace.candidates), **figures), at)
        return OrderFrozen(order.client_id, reason("frozen_not_found", **figures), at)

    def _is_left_to_owner(self, order: Order, at: datetime) -> bool:
        left_at = self.trail.left_at(order.client_id)
        return left_at is not None and at - left_at > LOOKS_BACK

    def _is_given_up(self, order: Order, inquiry: Inquiry, trace: Trace, at: datetime) -> bool:
        """Whether nothing should wait for this order any longer, though nothing is proven."""
        if len(trace.candidates) > 1:
            return True
        left_at = self.trail.left_at(order.client_id)
        return len(inquiry.absent_at) >= ABSENCES_MIN and (left_at is None or at - left_at >= LATEST)
