"""A ledger that forgets and a gate that lets pass: for rehearsals that leave no books, such as backtests."""

from __future__ import annotations

from collections import Counter
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import date, datetime

    from domain.book import Book
    from domain.commands import AdoptLot, MoveLots, RescaleLots
    from domain.decision import Note
    from domain.instrument import Side
    from domain.mark import Mark
    from domain.order import Fill, Order
    from domain.reason import Reason


class UnwrittenLedger:
    """Counts, and keeps nothing."""

    def __init__(self) -> None:
        self.reader = UnwrittenReader()
        self._orders = 0

    @contextmanager
    def commit(self) -> Iterator[BlankPage]:
        """Open a page that is thrown away."""
        yield BlankPage()

    def next_order_seq(self) -> int:
        """Return the number of the next order."""
        self._orders += 1
        return self._orders

    def has_fill(self, symbol: str, fill_id: str) -> bool:
        """Take every execution for new: the paper venue tells each once."""
        del symbol, fill_id
        return False


class UnwrittenReader:
    """Remembers attempts, and no order that is closed."""

    def __init__(self) -> None:
        self._attempts: Counter[tuple[object, ...]] = Counter()

    def last_attempt(  # noqa: PLR0917  # the parts of an intent key in their order
        self, symbol: str, epoch: int, slot: str, side: Side, cycle: int, session: date | None
    ) -> int:
        """Return how often this intent was asked about before."""
        key = (symbol, epoch, slot, side, cycle, session)
        self._attempts[key] += 1
        return self._attempts[key] - 1

    def order(self, client_id: str) -> Order | None:
        """Know of none."""
        del client_id
        return None

    def state(self, name: str) -> dict[str, Any] | None:
        """Remember nothing."""
        del name
        return None


class BlankPage:
    """Takes everything, and keeps nothing."""

    def order(self, order: Order, at: datetime, why: Reason | None = None) -> None:
        """Forget an order."""

    def fill(self, order: Order, fill: Fill, before: Book, after: Book, day: date) -> None:
        """Forget a fill."""

    def adjust(
        self, command: MoveLots | AdoptLot | RescaleLots, at: datetime, before: Book, after: Book, day: date
    ) -> None:
        """Forget what was moved, taken over or split."""

    def decision(self, at: datetime, symbol: str, note: Note, order_seq: int | None = None) -> None:
        """Forget a decision."""

    def mark(self, symbol: str, mark: Mark) -> None:
        """Forget a bucket of prices."""

    def forget_marks(self, symbol: str, step_s: int, before: datetime) -> None:
        """Have none to forget."""

    def state(self, name: str, body: Mapping[str, object] | None) -> None:
        """Forget a state."""


class OpenGate:
    """Lets every order pass."""

    def check(self, order: Order) -> Reason | None:
        """Refuse nothing."""
        del order
        return None
