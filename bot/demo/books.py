"""The simulator's own books, in the words in which ours are compared with them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from domain.account import Balance
from domain.exact import ZERO
from domain.instrument import Side
from domain.order import Fill, OrderState
from domain.venue import Execution, VenueOrder

if TYPE_CHECKING:
    from collections.abc import Mapping

    Row = Mapping[str, Any]

_OPEN = frozenset({"accepted", "wait"})
_CLOSED = frozenset({"done", "cancel"})


@dataclass(frozen=True, slots=True)
class VenueBooks:
    """Everything the market's process has in its books; `balances` are cash and coins, in this order.

    `deposited` is what the account was given, by currency; `broken` says what is wrong with the books themselves.
    """

    orders: tuple[VenueOrder, ...]
    executions: tuple[Execution, ...]
    balances: tuple[Balance, Balance]
    deposited: Mapping[str, Decimal]
    broken: str | None


def books_from(answer: Row) -> VenueBooks:
    """Read the judge's view; raises `LookupError`, `TypeError` or `ValueError` for anything else."""
    symbol = str(answer["market"])
    # A coin is named after its currency, `KRW-BTC`; a share by its ticker alone, and traded in dollars.
    quote, _, base = symbol.partition("-") if "-" in symbol else ("USD", "", symbol)
    rows: list[Row] = answer["orders"]
    return VenueBooks(
        orders=tuple(_order(row, symbol) for row in rows),
        executions=tuple(_execution(row, trade) for row in rows for trade in row["trades"]),
        balances=(_balance(answer["accounts"], quote), _balance(answer["accounts"], base)),
        deposited={currency: Decimal(amount) for currency, amount in answer["deposited"].items()},
        broken=answer["broken"],
    )


def _order(row: Row, symbol: str) -> VenueOrder:
    # Only what somebody else has placed lacks a price or a quantity; it is told apart by its id.
    qty, filled = Decimal(row["volume"] or ZERO), Decimal(row["executed_volume"])
    return VenueOrder(
        order_id=row["order_id"],
        client_order_id=row["client_order_id"],
        symbol=symbol,
        side=Side(row["side"]),
        price=Decimal(row["price"] or ZERO),
        qty=qty,
        filled=filled,
        fee=Decimal(row["paid_fee"]),
        state=_state(row["state"], filled, qty),
        at=datetime.fromisoformat(row["created_at"]),
    )


def _state(name: str, filled: Decimal, qty: Decimal) -> OrderState:
    if name in _OPEN:
        return OrderState.PARTIALLY_FILLED if filled else OrderState.OPEN
    if name in _CLOSED:
        return OrderState.FILLED if 0 < qty <= filled else OrderState.CANCELED
    if name == OrderState.EXPIRED:
        return OrderState.EXPIRED
    raise ValueError(name)


def _execution(row: Row, trade: Row) -> Execution:
    fill = Fill(
        fill_id=trade["trade_id"],
        price=Decimal(trade["price"]),
        qty=Decimal(trade["volume"]),
        fee=Decimal(trade["fee"]),
        at=datetime.fromisoformat(trade["at"]),
    )
    return Execution(row["order_id"], row["client_order_id"], Side(row["side"]), fill)


def _balance(accounts: Mapping[str, Row], currency: str) -> Balance:
    purse = accounts.get(currency, {"free": "0", "locked": "0"})
    return Balance(currency, Decimal(purse["free"]), Decimal(purse["locked"]))
