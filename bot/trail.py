"""What it takes to find an order again at a venue that knows nothing of our ids: when it left, and what is ours."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

    from domain.order import Order
    from domain.venue import VenueOrder
    from ledger.records import OrderRecord

EARLIEST = timedelta(seconds=2)
"""The venue's clock may be so far behind ours when it dates an order."""
LATEST = timedelta(seconds=60)
"""So long after it left an order may be dated."""
_IDS_KEPT = timedelta(days=2)


class Written(Protocol):
    """What the ledger tells of orders."""

    def open_records(self) -> Iterable[OrderRecord]:
        """Return the orders that are not closed, with what is known beyond them."""
        ...

    def venue_ids_since(self, symbol: str, at: datetime) -> Mapping[str, str]:
        """Return our ids of the orders written since a moment, by the venue's."""
        ...


@dataclass(slots=True)
class Trail:
    """Grows with every order that leaves and every id that comes back; only the loop adds to it."""

    _left_at: dict[str, datetime] = field(default_factory=dict)
    _owned: set[str] = field(default_factory=set)
    _recent: dict[str, str] = field(default_factory=dict)

    @classmethod
    def restored(cls, reader: Written, symbol: str, now: datetime) -> Trail:
        """Read what is needed of the ledger: orders that have left, and the ids of those around them."""
        left_at = {record.order.client_id: record.sent_at for record in reader.open_records() if record.sent_at}
        since = min([*left_at.values(), now]) - _IDS_KEPT
        recent = reader.venue_ids_since(symbol, now - _IDS_KEPT)
        return cls(left_at, set(reader.venue_ids_since(symbol, since)), dict(recent))

    def leaves(self, client_id: str, at: datetime) -> None:
        """Take note of when an order was handed to the wire."""
        self._left_at[client_id] = at

    def owns(self, venue_id: str, client_id: str) -> None:
        """Take note of an order of ours at the venue; it is looked for by its id from now on."""
        self._left_at.pop(client_id, None)
        self._owned.add(venue_id)
        self._recent[venue_id] = client_id

    def owner(self, venue_id: str) -> str | None:
        """Return our id of an order of the venue, closed or not; None where it is not ours, or too long ago."""
        return self._recent.get(venue_id)

    def recent(self) -> tuple[str, ...]:
        """Return our ids of the orders whose late fills would be known as ours."""
        return tuple(self._recent.values())

    def left_at(self, client_id: str) -> datetime | None:
        """Return when an order left; None for one of before the ledger."""
        return self._left_at.get(client_id)

    def candidates(self, order: Order, shown: Iterable[VenueOrder]) -> tuple[VenueOrder, ...]:
        """Return the orders that nobody owns and that may be this one: asked for the same, at the time it left."""
        left_at = self._left_at.get(order.client_id)
        if left_at is None:
            return ()
        asked = (order.symbol, order.side, order.price, order.qty)
        return tuple(
            row
            for row in shown
            if (row.symbol, row.side, row.price, row.qty) == asked
            and left_at - EARLIEST <= row.at <= left_at + LATEST
            and row.order_id not in self._owned
        )
