"""What the customer may do: place and cancel, one by one and many at once."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from simulator.bithumb.reading import find_order, known_market
from simulator.bithumb.rows import ack, moment, row_v1
from simulator.bithumb.rules import PLACE_FIELDS, read_wish, word
from simulator.bithumb.wire import Parameters, Refused, invalid
from simulator.matching import InsufficientFunds

if TYPE_CHECKING:
    from simulator.bithumb.venue import BithumbVenue
    from simulator.orders import Order

MANY_MAX = 30
BATCH_MAX = 20


def place(venue: BithumbVenue, fields: Parameters, *, doomed: bool = False) -> object:
    """Accept one order and acknowledge it."""
    return ack(venue, _place(venue, fields, doomed=doomed))


def place_v1(venue: BithumbVenue, fields: Parameters) -> object:
    """Accept one order as the first generation did, and show it whole."""
    return row_v1(venue, _place(venue, fields, "ord_type"), trades=True)


def place_batch(venue: BithumbVenue, fields: Parameters) -> object:
    """Accept several orders, each on its own."""
    batch = [value for key, value in fields.pairs if key == "batch_orders"]
    if len(batch) != 1 or not isinstance(batch[0], list) or not 1 <= len(batch[0]) <= BATCH_MAX:
        raise invalid("batch_orders")
    return {"batch_orders_response": [_place_of_batch(venue, item) for item in batch[0]]}


def cancel(venue: BithumbVenue, fields: Parameters) -> object:
    """Accept the cancel of one open order."""
    return _cancel(venue, fields)


def cancel_v1(venue: BithumbVenue, fields: Parameters) -> object:
    """Accept a cancel as the first generation did, and show the order whole."""
    order = _open(find_order(venue, fields, "uuid"))
    venue.cancel(order)
    return row_v1(venue, order, trades=True)


def cancel_many(venue: BithumbVenue, fields: Parameters) -> object:
    """Accept the cancels of several orders, each on its own."""
    done: list[dict[str, Any]] = []
    failed: list[dict[str, Any]] = []
    ids, client_ids = fields.many("order_ids", MANY_MAX), fields.many("client_order_ids", MANY_MAX)
    if not ids and not client_ids:
        raise invalid("order_ids or client_order_ids is missing")
    name = "order_id" if ids else "client_order_id"
    for value in ids or client_ids:
        try:
            done.append(_cancel(venue, Parameters([(name, value)], "", "")))
        except Refused as refused:
            failed.append({name: value, "error": {"name": refused.name, "message": refused.message}})
    return {"success": done, "fail": failed}


def _place(venue: BithumbVenue, fields: Parameters, type_field: str = "order_type", *, doomed: bool = False) -> Order:
    if type_field == "order_type" and any(key == "ord_type" for key, _ in fields.pairs):
        raise invalid("ord_type belongs to the first generation")
    known_market(venue, fields.needed("market"))
    client_id = fields.one("client_order_id")
    earlier = venue.find(None, client_id)
    if earlier is not None:
        venue.repeats += 1
        if venue.settings.repeat_client_id == "same_order":
            return earlier
        raise Refused(400, venue.settings.names["client_id_repeated"], "client_order_id was used before")
    wish = read_wish(venue, fields, type_field)
    try:
        return venue.place(replace(wish, doomed=doomed))
    except InsufficientFunds:
        name = venue.settings.names[f"insufficient_funds_{word(wish.side)}"]
        raise Refused(400, name, "주문가능한 금액이 부족합니다.") from None


def _place_of_batch(venue: BithumbVenue, item: object) -> dict[str, Any]:
    pairs = item if isinstance(item, list) and all(isinstance(pair, tuple) for pair in item) else []
    fields = Parameters(pairs, "", "")
    try:
        fields.refuse_others(PLACE_FIELDS)
        return ack(venue, _place(venue, fields))
    except Refused as refused:
        told = [value for key, value in pairs if key == "client_order_id"]
        row: dict[str, Any] = {"client_order_id": told[0]} if told else {}
        return row | {"name": refused.name, "message": refused.message}


def _cancel(venue: BithumbVenue, fields: Parameters) -> dict[str, Any]:
    order = _open(find_order(venue, fields, "order_id"))
    venue.cancel(order)
    row = {"order_id": order.order_id, "created_at": moment(venue.settings, order.created_at)}
    return row if order.client_id is None else row | {"client_order_id": order.client_id}


def _open(order: Order) -> Order:
    """Return the order if it can be canceled; one that was filled meanwhile is `not found`, too."""
    if not order.is_open:
        raise Refused(404, "order_not_found", "주문을 찾지 못했습니다.")
    return order
