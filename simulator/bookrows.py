"""Orders and purses as plain rows: what is saved, and what the judge is shown."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any

from domain.clock import iso
from domain.exact import plain
from domain.instrument import Side
from simulator.market import Commanded, Print
from simulator.orders import Kind, Order, State, TimeInForce, Trade
from simulator.purses import Purse, Purses

Row = dict[str, Any]


def order_row(order: Order) -> Row:
    """Return an order with its trades; numbers as plain text, times ISO UTC."""
    return {
        "number": order.number,
        "order_id": order.order_id,
        "client_order_id": order.client_id,
        "owner": order.owner,
        "side": str(order.side),
        "order_type": str(order.kind),
        "time_in_force": None if order.tif is None else str(order.tif),
        "price": _text(order.price),
        "volume": _text(order.volume),
        "state": str(order.state),
        "executed_volume": plain(order.executed),
        "executed_funds": plain(order.funds),
        "paid_fee": plain(order.paid_fee),
        "locked": plain(order.locked),
        "cancel_type": order.cancel_type,
        "canceling_order_id": order.met_id,
        "created_at": iso(order.created_at),
        "ready_at": iso(order.ready_at),
        "cancel_at": None if order.cancel_at is None else iso(order.cancel_at),
        "closed_at": None if order.closed_at is None else iso(order.closed_at),
        "maker_rate": plain(order.maker_rate),
        "taker_rate": plain(order.taker_rate),
        "entered": order.entered,
        "doomed": order.doomed,
        "trades": [_trade_row(trade) for trade in order.trades],
    }


def order_from(row: Row) -> Order:
    """Read an order back."""
    return Order(
        number=row["number"],
        order_id=row["order_id"],
        owner=row["owner"],
        client_id=row["client_order_id"],
        side=Side(row["side"]),
        kind=Kind(row["order_type"]),
        tif=None if row["time_in_force"] is None else TimeInForce(row["time_in_force"]),
        price=_number(row["price"]),
        volume=_number(row["volume"]),
        maker_rate=Decimal(row["maker_rate"]),
        taker_rate=Decimal(row["taker_rate"]),
        created_at=datetime.fromisoformat(row["created_at"]),
        ready_at=datetime.fromisoformat(row["ready_at"]),
        state=State(row["state"]),
        executed=Decimal(row["executed_volume"]),
        funds=Decimal(row["executed_funds"]),
        paid_fee=Decimal(row["paid_fee"]),
        locked=Decimal(row["locked"]),
        cancel_type=row["cancel_type"],
        met_id=row["canceling_order_id"],
        cancel_at=_moment(row["cancel_at"]),
        closed_at=_moment(row["closed_at"]),
        doomed=row["doomed"],
        entered=row["entered"],
        trades=[_trade_from(trade) for trade in row["trades"]],
    )


def purse_rows(purses: Purses) -> list[Row]:
    """Return every purse."""
    return [
        {
            "owner": owner,
            "currency": currency,
            "free": plain(purse.free),
            "locked": plain(purse.locked),
            "average": plain(purse.average),
        }
        for (owner, currency), purse in purses.by_owner.items()
    ]


def restore_purses(purses: Purses, rows: list[Row], deposited: dict[str, str]) -> None:
    """Put saved purses back."""
    purses.by_owner.clear()
    for row in rows:
        purse = Purse(Decimal(row["free"]), Decimal(row["locked"]), Decimal(row["average"]))
        purses.by_owner[row["owner"], row["currency"]] = purse
    purses.deposited.clear()
    purses.deposited.update({currency: Decimal(amount) for currency, amount in deposited.items()})


def print_row(printed: Print) -> Row:
    """Return a print."""
    return {
        "at": iso(printed.at),
        "price": plain(printed.price),
        "volume": plain(printed.volume),
        "jump": printed.jump,
    }


def commanded_row(commanded: Commanded) -> Row:
    """Return a print that came on command."""
    return {"behind": commanded.behind, **print_row(commanded.printed)}


def commanded_from(row: Row) -> Commanded:
    """Read a print that came on command back."""
    at = datetime.fromisoformat(row["at"])
    return Commanded(row["behind"], Print(at, Decimal(row["price"]), Decimal(row["volume"]), row["jump"]))


def _trade_row(trade: Trade) -> Row:
    return {
        "trade_id": trade.trade_id,
        "price": plain(trade.price),
        "volume": plain(trade.qty),
        "funds": plain(trade.funds),
        "fee": plain(trade.fee),
        "maker": trade.maker,
        "at": iso(trade.at),
    }


def _trade_from(row: Row) -> Trade:
    at = datetime.fromisoformat(row["at"])
    return Trade(row["trade_id"], Decimal(row["price"]), Decimal(row["volume"]), Decimal(row["fee"]), row["maker"], at)


def _text(number: Decimal | None) -> str | None:
    return None if number is None else plain(number)


def _number(text: str | None) -> Decimal | None:
    return None if text is None else Decimal(text)


def _moment(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)
