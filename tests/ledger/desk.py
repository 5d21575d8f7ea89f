"""A small desk that trades on a ledger as the bot does, and knows what the books should be."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

from domain.book import Book
from domain.commands import AdoptLot, MoveLots, RescaleLots
from domain.instrument import Side
from domain.order import Fill, IntentKey, Order, OrderState, client_id
from domain.reason import reason
from domain.rescale import rescaled
from domain.snapshot import Mode
from ledger.migrating import HISTORY
from ledger.opening import Identity, open_ledger

if TYPE_CHECKING:
    from typing import Self

    from domain.split import Split
    from ledger.migrating import History
    from ledger.places import Place
    from ledger.writer import Ledger

MORNING = datetime(2026, 11, 20, 1, 2, 3, 4, tzinfo=UTC)
IDENTITY = Identity("bithumb_bot", Mode.DRY_RUN, "BITHUMB")
SYMBOL = "KRW-BTC"


class FixedClock:
    """Always tells the same time."""

    def now(self) -> datetime:
        return MORNING


def opened(place: Place, *, create: bool = True, history: History = HISTORY) -> Ledger:
    """Open a ledger as the bot of these tests."""
    return open_ledger(place, IDENTITY, create=create, clock=FixedClock(), history=history)


class Desk:
    """Takes orders through all their steps, a page for each; `books` is what should be stored."""

    def __init__(self, place: Place, ledger: Ledger) -> None:
        self.place = place
        self.ledger = ledger
        self.books: dict[str, Book] = {}
        self.now = MORNING

    @classmethod
    def at(cls, place: Place) -> Self:
        return cls(place, opened(place))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.ledger.close()

    def reopen(self) -> None:
        """Close the ledger and open it again, as a restart does."""
        self.ledger.close()
        self.ledger = opened(self.place, create=False)

    def book(self, symbol: str = SYMBOL) -> Book:
        return self.books.get(symbol, Book())

    def later(self) -> datetime:
        """Let a second pass."""
        self.now += timedelta(seconds=1)
        return self.now

    def intent(self, side: Side, price: str, qty: str, slot: str = "c1", symbol: str = SYMBOL) -> Order:
        """Return an order that is written nowhere yet."""
        seq = self.ledger.next_order_seq()
        key = IntentKey(1, slot, side, seq, 1)
        return Order(seq, client_id("bp0a1b2c", seq), key, symbol, side, Decimal(price), Decimal(qty))

    def write(self, order: Order) -> Order:
        """Write an order's step on a page of its own."""
        with self.ledger.commit() as page:
            page.order(order, self.later())
        return order

    def rest(self, side: Side, price: str, qty: str, slot: str = "c1", symbol: str = SYMBOL) -> Order:
        """Place an order that the venue takes."""
        order = self.intent(side, price, qty, slot, symbol)
        with self.ledger.commit() as page:
            page.order(order, self.later(), reason("rung_wanted", price=order.price))
        order = self.write(order.advance(OrderState.SUBMITTED))
        return self.write(order.advance(OrderState.OPEN, venue_id=f"v-{symbol}-{order.seq}"))

    def fill(self, order: Order, qty: str, fee: str = "0", price: str | None = None) -> Order:
        """Report one execution of an order."""
        at = self.later()
        filled = order.with_fill(Decimal(qty))
        paid = order.price if price is None else Decimal(price)
        fill = Fill(f"{order.venue_id}#{filled.filled}", paid, Decimal(qty), Decimal(fee), at)
        before = self.book(order.symbol)
        after = before.booked(order.cell, order.side, fill)
        with self.ledger.commit() as page:
            page.order(filled, at)
            page.fill(filled, fill, before, after, at.date())
        self.books[order.symbol] = after
        return filled

    def buy(self, price: str, qty: str, fee: str = "0", slot: str = "c1", symbol: str = SYMBOL) -> Order:
        """Buy a lot at once."""
        return self.fill(self.rest(Side.BUY, price, qty, slot, symbol), qty, fee)

    def sell(self, price: str, qty: str, fee: str = "0", slot: str = "c1", symbol: str = SYMBOL) -> Order:
        """Sell a lot at once."""
        return self.fill(self.rest(Side.SELL, price, qty, slot, symbol), qty, fee)

    def move(self, slot: str, to: str, qty: str, *, closes_cycle: bool = False) -> None:
        """Move lots from slot to slot."""
        command = MoveLots(SYMBOL, slot, to, Decimal(qty), closes_cycle)
        before = self.book()
        after = before.moved(slot, to, command.qty, closes_cycle=closes_cycle)
        with self.ledger.commit() as page:
            page.adjust(command, self.later(), before, after, self.now.date())
        self.books[SYMBOL] = after

    def adopt(self, slot: str, qty: str, price: str) -> None:
        """Take over a holding."""
        command = AdoptLot(SYMBOL, slot, Decimal(qty), Decimal(price))
        before = self.book()
        after = before.adopted(slot, command.qty, command.price)
        with self.ledger.commit() as page:
            page.adjust(command, self.later(), before, after, self.now.date())
        self.books[SYMBOL] = after

    def split(self, split: Split, price: str, *slots: str) -> None:
        """Split the shares; the slots that hold something hand their fractions on in this order."""
        command = RescaleLots(SYMBOL, split, slots, Decimal(1), Decimal(price))
        before = self.book()
        after = rescaled(before, split, slots, command.step, command.price)
        with self.ledger.commit() as page:
            page.adjust(command, self.later(), before, after, self.now.date())
        self.books[SYMBOL] = after
