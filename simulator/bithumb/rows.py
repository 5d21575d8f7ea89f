"""Orders and accounts as the two generations of the private wire show them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from domain.exact import plain
from simulator.bithumb.rules import word
from simulator.bithumb.wire import kst
from simulator.orders import Kind, State
from simulator.venue import CUSTOMER

if TYPE_CHECKING:
    from datetime import datetime

    from simulator.bithumb.settings import Settings
    from simulator.bithumb.venue import BithumbVenue
    from simulator.orders import Order

Row = dict[str, Any]

STP_TYPE = "cancel_taker"
_STATES = {State.ACCEPTED: "wait", State.WAIT: "wait", State.DONE: "done", State.CANCEL: "cancel"}


def market_code(venue: BithumbVenue) -> str:
    """Name the market: quote first."""
    return f"{venue.trading.quote}-{venue.trading.base}"


def state_word(order: Order) -> str:
    """Name the state; a partly filled order still waits."""
    return _STATES[order.state]


def moment(settings: Settings, at: datetime) -> str:
    """Write a time as the private pages do."""
    return kst(at, ms=settings.times_with_ms)


def row_v2(venue: BithumbVenue, order: Order) -> Row:
    """Show an order as the second generation's lists do."""
    head = {"order_id": order.order_id, "client_order_id": order.client_id}
    return _row(venue, order, head, "order_type", "canceling_order_id")


def row_v1(venue: BithumbVenue, order: Order, *, trades: bool = False) -> Row:
    """Show an order as the first generation does; one order alone comes with its trades."""
    head = {"uuid": order.order_id, "client_order_id": order.client_id}
    row = _row(venue, order, head, "ord_type", "canceling_uuid")
    if trades:
        row["trades"] = [
            {
                "market": market_code(venue),
                "uuid": trade.trade_id,
                "price": plain(trade.price),
                "volume": plain(trade.qty),
                "funds": plain(trade.funds),
                "side": word(order.side),
                "created_at": moment(venue.settings, trade.at),
            }
            for trade in order.trades
        ]
    return row


def ack(venue: BithumbVenue, order: Order) -> Row:
    """Acknowledge a placement: no price, volume or state."""
    row: Row = {
        "order_id": order.order_id,
        "market": market_code(venue),
        "side": word(order.side),
        "order_type": str(order.kind),
        "created_at": moment(venue.settings, order.created_at),
        "stp_type": STP_TYPE,
    }
    if order.client_id is not None:
        row["client_order_id"] = order.client_id
    if order.tif is not None:
        row["time_in_force"] = str(order.tif)
    return row


def account_row(venue: BithumbVenue, currency: str) -> Row:
    """Show what the customer has of one currency."""
    purse = venue.book.purses.of(CUSTOMER, currency)
    return {
        "currency": currency,
        "balance": plain(purse.free),
        "locked": plain(purse.locked),
        "avg_buy_price": plain(purse.average),
        "avg_buy_price_modified": False,
        "unit_currency": venue.trading.quote,
    }


def _row(venue: BithumbVenue, order: Order, head: Row, type_name: str, met_name: str) -> Row:
    """Build a row; what has no value is missing or null, as set."""
    settings = venue.settings
    volume = None if order.is_money else order.volume
    row: Row = head | {
        "side": word(order.side),
        type_name: str(order.kind),
        "price": None if order.price is None or order.kind is Kind.MARKET else plain(order.price),
        "state": state_word(order),
        "market": market_code(venue),
        "created_at": moment(settings, order.created_at),
        "volume": None if volume is None else plain(volume),
        "remaining_volume": None if volume is None else plain(order.remaining),
        "reserved_fee": plain(order.reserved_fee),
        "remaining_fee": plain(order.remaining_fee),
        "paid_fee": plain(order.paid_fee),
        "locked": plain(order.locked),
        "executed_volume": plain(order.executed),
        "executed_funds": plain(order.funds),
        "trades_count": len(order.trades),
        "stp_type": STP_TYPE,
        "time_in_force": None if order.tif is None else str(order.tif),
        "cancel_type": order.cancel_type,
        met_name: order.met_id,
    }
    lacking = () if order.is_open else settings.done_rows_lack
    keep_nulls = settings.absent_as == "null"
    return {name: value for name, value in row.items() if name not in lacking and (keep_nulls or value is not None)}
