"""Do our books agree with the venue's: order by order, fill sums, balances, to the last unit."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from domain.exact import ZERO, plain
from domain.instrument import Side

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from decimal import Decimal

    from domain.account import Balance
    from domain.book import Book
    from domain.order import Order
    from domain.venue import Execution, VenueOrder


class OrderEntry(Protocol):
    """An order of the ledger, and what its fills cost."""

    @property
    def order(self) -> Order:
        """Return the order."""
        ...

    @property
    def fee(self) -> Decimal:
        """Return the sum of its fees."""
        ...


@dataclass(frozen=True, slots=True)
class Opening:
    """What the account held before the first order."""

    cash: Decimal
    holdings: Decimal


def differences(
    entries: Iterable[OrderEntry],
    book: Book,
    opening: Opening,
    *,
    orders: Sequence[VenueOrder],
    executions: Iterable[Execution],
    balances: Sequence[Balance],
    gained: Decimal = ZERO,
) -> tuple[str, ...]:
    """Return what differs, in plain words and figures; empty when the books agree.

    `balances` are the venue's cash and holdings, in this order; `gained` is by how much splits changed what the bot
    holds.
    """
    ours = {order_id: entry for entry in entries if (order_id := entry.order.venue_id) is not None}
    theirs = {order.order_id: order for order in orders}
    found = list(_orders_differ(ours, theirs))
    found += _fills_differ(ours, executions)
    bought = sum((_signed(entry.order) for entry in ours.values()), ZERO)
    expected = (opening.cash + book.cash_flow, opening.holdings + bought + gained)
    for balance, amount in zip(balances, expected, strict=True):
        if balance.total != amount:
            found.append(f"{balance.currency}: ledger {plain(amount)}, venue {plain(balance.total)}")
    return tuple(found)


def _signed(order: Order) -> Decimal:
    return order.filled if order.side is Side.BUY else -order.filled


def _orders_differ(ours: Mapping[str, OrderEntry], theirs: Mapping[str, VenueOrder]) -> Iterator[str]:
    for order_id in sorted(theirs.keys() - ours.keys()):
        yield f"order {order_id}: only the venue has it"
    for order_id, entry in ours.items():
        venue = theirs.get(order_id)
        if venue is None:
            yield f"order {order_id}: only the ledger has it"
            continue
        order = entry.order
        pairs = (
            ("side", order.side, venue.side),
            ("price", order.price, venue.price),
            ("qty", order.qty, venue.qty),
            ("filled", order.filled, venue.filled),
            ("fee", entry.fee, venue.fee),
            ("state", order.state, venue.state),
        )
        for name, mine, its in pairs:
            if mine != its:
                yield f"order {order_id}: {name} is {mine} in the ledger, {its} at the venue"


def _fills_differ(ours: Mapping[str, OrderEntry], executions: Iterable[Execution]) -> Iterator[str]:
    sums: dict[str, Decimal] = {}
    for execution in executions:
        sums[execution.order_id] = sums.get(execution.order_id, ZERO) + execution.fill.qty
    for order_id, entry in ours.items():
        filled = sums.pop(order_id, ZERO)
        if filled != entry.order.filled:
            yield f"order {order_id}: fills of {plain(entry.order.filled)} in the ledger, {plain(filled)} at the venue"
    for order_id, filled in sums.items():
        yield f"order {order_id}: fills of {plain(filled)} only at the venue"
