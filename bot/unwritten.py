"""A ledger that forgets and a gate that lets pass: for rehearsals that leave no books, such as backtests."""

from __future__ import annotations

from collections import Counter
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import date, datetime

    from domain.book import Book
    from domain.commands import AdoptLot, MoveLots
    from domain.decision import Note
    from domain.instrument import Side
    from domain.order import Fill, Order
    from domain.reason import Reason


class UnwrittenLedger:
    """Counts, and keeps nothing."""

    def __init__(self) -> None:
        """Begin with no order."""
        self._orders = 0
        self._attempts: Counter[tuple[object, ...]] = Counter()

    @contextmanager
    def commit(self) -> Iterator[UnwrittenLedger]:
        """Open a page that is thrown away."""
        yield self

    def next_order_seq(self) -> int:
        """Return the number of the next order."""
        self._orders += 1
        return self._orders

    def last_attempt(
        self, symbol: str, epoch: int, slot: str, side: Side, cycle: int, session: date | None
    ) -> int:
        """Return how often this intent was asked about before."""
        key = (symbol, epoch, slot, side, cycle, session)
        self._attempts[key] += 1
        return self._attempts[key] - 1

    def has_fill(self, symbol: str, fill_id: str) -> bool:
        """Take every execution for new: the paper venue tells each once."""
        del symbol, fill_id
        return False

    def recall(self, client_id: str) -> Order | None:
        """Know of no order that is closed."""
        del client_id
        return None

    def order(self, order: Order, at: datetime, why: Reason | None = None) -> None:
        """Forget an order."""

    def fill(self, order: Order, fill: Fill, before: Book, after: Book, day: date) -> None:
        """Forget a fill."""

    def move(self, command: MoveLots, at: datetime, before: Book, after: Book, day: date) -> None:
        """Forget a move."""

    def adopt(self, command: AdoptLot, at: datetime, before: Book, after: Book, day: date) -> None:
        """Forget an adoption."""

    def decision(self, at: datetime, symbol: str, note: Note, order_seq: int | None = None) -> None:
        """Forget a decision."""

    def state(self, name: str, body: Mapping[str, object] | None) -> None:
        """Forget a state."""


class OpenGate:
    """Lets every order pass."""

    def check(self, order: Order) -> Reason | None:
        """Refuse nothing."""
        del order
        return None
