"""Agreement: whatever differs between our books and the venue's is found and named."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from decimal import Decimal
from itertools import starmap

import pytest

from bot.agreement import Opening, differences
from domain.account import Balance
from domain.book import Book
from domain.instrument import Side
from domain.order import Fill, Order, OrderState
from domain.venue import Execution, VenueOrder
from tests.bot.rig import NOON, SYMBOL, order_of

D = Decimal


@dataclass(frozen=True)
class Entry:
    order: Order
    fee: Decimal


@dataclass(frozen=True)
class Books:
    """Both sides: a filled buy of 2 at 9000, a sell of 2 at 9100 that is half filled."""

    entries: tuple[Entry, ...]
    book: Book
    opening: Opening
    orders: tuple[VenueOrder, ...]
    executions: tuple[Execution, ...]
    balances: tuple[Balance, ...]

    def differences(self) -> tuple[str, ...]:
        return differences(
            self.entries,
            self.book,
            self.opening,
            orders=self.orders,
            executions=self.executions,
            balances=self.balances,
        )


def books() -> Books:
    buy = replace(order_of(1, qty="2", state=OrderState.FILLED, filled="2"), venue_id="v1")
    sell = replace(
        order_of(2, side=Side.SELL, price="9100", qty="2", state=OrderState.PARTIALLY_FILLED, filled="1"), venue_id="v2"
    )
    void = Entry(order_of(3, cell="1.1", state=OrderState.VOID), D(0))
    fills = ((buy, "1"), (buy, "1"), (sell, "1"))
    executions = tuple(starmap(_execution, ((n, order, D(qty)) for n, (order, qty) in enumerate(fills))))
    book = Book()
    for (order, _), execution in zip(fills, executions, strict=True):
        book = book.booked("1.0", order.side, execution.fill)
    entries = (Entry(buy, D(45)), Entry(sell, D("22.75")), void)
    return Books(
        entries,
        book,
        Opening(D(100000), D("0.5")),
        tuple(_shown(entry) for entry in entries if entry.order.venue_id),
        executions,
        (Balance("KRW", D(100000) + book.cash_flow, D(0)), Balance("BTC", D("0.5"), D(1))),
    )


def _execution(number: int, order: Order, qty: Decimal) -> Execution:
    fill = Fill(f"t{number}", order.price, qty, order.price * qty * D("0.0025"), NOON)
    return Execution(order.venue_id or "", order.client_id, order.side, fill)


def _shown(entry: Entry) -> VenueOrder:
    order = entry.order
    return VenueOrder(
        order.venue_id or "",
        order.client_id,
        SYMBOL,
        order.side,
        order.price,
        order.qty,
        order.filled,
        entry.fee,
        order.state,
        NOON,
    )


def test_equal_books_agree_and_what_the_venue_never_had_is_not_looked_for() -> None:
    assert books().differences() == ()


def _with_order(both: Books, **changed: object) -> Books:
    return replace(both, orders=(replace(both.orders[0], **changed), both.orders[1]))  # type: ignore[arg-type]  # each case names its field


_Change = Callable[[Books], Books]
CHANGES: list[tuple[_Change, str]] = [
    (lambda b: _with_order(b, side=Side.SELL), "order v1: side is buy in the ledger, sell at the venue"),
    (lambda b: _with_order(b, price=D("9000.1")), "order v1: price is 9000 in the ledger, 9000.1 at the venue"),
    (lambda b: _with_order(b, qty=D("2.1")), "order v1: qty is 2 in the ledger, 2.1 at the venue"),
    (lambda b: _with_order(b, filled=D(1)), "order v1: filled is 2 in the ledger, 1 at the venue"),
    (lambda b: _with_order(b, fee=D("45.01")), "order v1: fee is 45 in the ledger, 45.01 at the venue"),
    (
        lambda b: _with_order(b, state=OrderState.CANCELED),
        "order v1: state is filled in the ledger, canceled at the venue",
    ),
    (lambda b: replace(b, orders=b.orders[:1]), "order v2: only the ledger has it"),
    (
        lambda b: replace(b, orders=(*b.orders, replace(b.orders[0], order_id="v9"))),
        "order v9: only the venue has it",
    ),
    (
        lambda b: replace(b, executions=b.executions[1:]),
        "order v1: fills of 2 in the ledger, 1 at the venue",
    ),
    (
        lambda b: replace(b, executions=(*b.executions, replace(b.executions[0], order_id="v9"))),
        "order v9: fills of 1 only at the venue",
    ),
    (
        lambda b: replace(b, balances=(replace(b.balances[0], locked=D("0.01")), b.balances[1])),
        "KRW: ledger 91032.25, venue 91032.26",
    ),
    (
        lambda b: replace(b, balances=(b.balances[0], replace(b.balances[1], free=D("0.4")))),
        "BTC: ledger 1.5, venue 1.4",
    ),
    (lambda b: replace(b, opening=Opening(D(100001), D("0.5"))), "KRW: ledger 91033.25, venue 91032.25"),
    (
        lambda b: replace(b, book=replace(b.book, cash_flow=b.book.cash_flow - 1)),
        "KRW: ledger 91031.25, venue 91032.25",
    ),
]


@pytest.mark.parametrize(("change", "told"), CHANGES, ids=[told for _, told in CHANGES])
def test_each_difference_is_found_alone(change: _Change, told: str) -> None:
    assert change(books()).differences() == (told,)


def test_all_differences_are_told_at_once() -> None:
    both = replace(_with_order(books(), fee=D(44)), executions=())

    assert len(both.differences()) == 3
