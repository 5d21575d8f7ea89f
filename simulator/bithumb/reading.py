"""What the customer may read: balances, fees, one order, lists of orders page by page."""

from __future__ import annotations

import base64
import binascii
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from domain.exact import ZERO, plain
from simulator.bithumb.rows import account_row, market_code, moment, row_v1, row_v2, state_word
from simulator.bithumb.rules import PRICE_UNITS, TOTAL_MIN
from simulator.bithumb.wire import Refused, invalid
from simulator.orders import State
from simulator.venue import CUSTOMER

if TYPE_CHECKING:
    from simulator.bithumb.venue import BithumbVenue
    from simulator.bithumb.wire import Parameters
    from simulator.orders import Order

IDS_MAX = 100
HISTORY_SPAN = timedelta(days=7)


def accounts(venue: BithumbVenue, _: Parameters) -> object:
    """List money, and every coin that the customer has."""
    quote = venue.trading.quote
    coins = [currency for owner, currency in venue.book.purses.by_owner if owner == CUSTOMER and currency != quote]
    held = [currency for currency in coins if venue.book.purses.of(CUSTOMER, currency).total != ZERO]
    return [account_row(venue, currency) for currency in (quote, *held)]


def chance(venue: BithumbVenue, fields: Parameters) -> object:
    """Show fees, minimum and balances of one market."""
    code = known_market(venue, fields.needed("market"))
    settings, trading = venue.settings, venue.trading
    bid: dict[str, Any] = {"currency": trading.quote, "min_total": plain(TOTAL_MIN)}
    ask: dict[str, Any] = {"currency": trading.base, "min_total": plain(TOTAL_MIN)}
    if settings.chance_price_unit:
        bid["price_unit"] = ask["price_unit"] = plain(PRICE_UNITS.at(venue.last))
    return {
        "bid_fee": plain(settings.bid_fee),
        "ask_fee": plain(settings.ask_fee),
        "maker_bid_fee": plain(settings.maker_bid_fee),
        "maker_ask_fee": plain(settings.maker_ask_fee),
        "market": {
            "id": code,
            "name": f"{trading.base}/{trading.quote}",
            "order_types": ["limit"],
            "order_sides": ["ask", "bid"],
            "bid_types": ["limit", "price", "best_ioc", "best_fok", "limit_ioc", "limit_fok", "limit_post_only"],
            "ask_types": ["limit", "market", "best_ioc", "best_fok", "limit_ioc", "limit_fok", "limit_post_only"],
            "bid": bid,
            "ask": ask,
            "max_total": plain(settings.max_total),
            "state": settings.market_state,
        },
        "bid_account": account_row(venue, trading.quote),
        "ask_account": account_row(venue, trading.base),
    }


def known_market(venue: BithumbVenue, code: str) -> str:
    """Return the market's code; refuses any other."""
    if code != market_code(venue):
        raise invalid("market")
    return code


def find_order(venue: BithumbVenue, fields: Parameters, id_name: str) -> Order:
    """Return the order that a request names; the venue's id goes before the client's."""
    order_id, client_id = fields.one(id_name), fields.one("client_order_id")
    if order_id is None and client_id is None:
        raise invalid(f"{id_name} or client_order_id is missing")
    order = venue.find(order_id, client_id)
    if order is None:
        raise Refused(404, "order_not_found", "주문을 찾지 못했습니다.")
    if order.state is State.ACCEPTED:
        raise Refused(422, "order_not_ready", "주문이 아직 준비되지 않았습니다.")
    return order


def order(venue: BithumbVenue, fields: Parameters) -> object:
    """Show one order with its trades."""
    return row_v1(venue, find_order(venue, fields, "uuid"), trades=True)


def orders(venue: BithumbVenue, fields: Parameters) -> object:
    """List orders of the first generation, page by page."""
    states = _states(fields)
    ids, client_ids = fields.many("uuids", IDS_MAX), fields.many("client_order_ids", IDS_MAX)
    limit, page = fields.number("limit", 100, 1, 100), fields.number("page", 1, 1, 10**6)
    found = [
        order
        for order in _visible(venue, fields)
        if state_word(order) in states and _is_asked(order, ids, client_ids if not ids else [])
    ]
    return [row_v1(venue, order) for order in found[(page - 1) * limit : page * limit]]


def search(venue: BithumbVenue, fields: Parameters) -> object:
    """List orders by their ids; what is not found is left out."""
    ids, client_ids = fields.many("order_ids", IDS_MAX), fields.many("client_order_ids", IDS_MAX)
    if not ids and not client_ids:
        raise invalid("order_ids or client_order_ids is missing")
    found = _visible(venue, fields)
    return [row_v2(venue, order) for order in found if _is_asked(order, ids, client_ids if not ids else [])]


def pending(venue: BithumbVenue, fields: Parameters) -> object:
    """List open orders, cursor by cursor."""
    state = fields.choice("state", "wait", "watch")
    found = [order for order in _visible(venue, fields) if order.state is State.WAIT and state == "wait"]
    return _page(venue, fields, found, fields.number("limit", 100, 1, 100))


def history(venue: BithumbVenue, fields: Parameters) -> object:
    """List closed orders of at most seven days, cursor by cursor."""
    single, several = fields.one("state"), fields.many("states", 2)
    wanted = set(several) or ({single} if single else {"done", "cancel"})
    if (single and several) or not wanted <= {"done", "cancel"}:
        raise invalid("state")
    begins_at, ends_at = _span(venue, fields)
    by_close = venue.settings.history_by == "closed"
    found = []
    for order in _visible(venue, fields):
        at = order.closed_at if by_close else order.created_at
        if state_word(order) in wanted and at is not None and begins_at <= at <= ends_at:
            found.append(order)
    return _page(venue, fields, found, fields.number("limit", 100, 1, 1000))


def api_keys(venue: BithumbVenue, _: Parameters) -> object:
    """Tell when the customer's key ends."""
    return [{"access_key": venue.keys.access_key, "expire_at": moment(venue.settings, venue.key_expire_at)}]


def wallet_status(venue: BithumbVenue, _: Parameters) -> object:
    """Tell that deposits and withdrawals work."""
    return [
        {
            "currency": venue.trading.base,
            "wallet_state": "working",
            "block_state": "normal",
            "block_height": None,
            "block_updated_at": None,
            "block_elapsed_minutes": None,
            "net_type": venue.trading.base,
            "network_name": venue.trading.base,
        }
    ]


def _visible(venue: BithumbVenue, fields: Parameters) -> list[Order]:
    """Return the orders that the venue shows already, in the order asked for."""
    market = fields.one("market")
    if market is not None:
        known_market(venue, market)
    newest_first = fields.choice("order_by", "desc", "asc") == "desc"
    shown = [order for order in venue.book.orders.values() if order.state is not State.ACCEPTED]
    return sorted(shown, key=lambda order: order.number, reverse=newest_first)


def _states(fields: Parameters) -> set[str]:
    single, several = fields.one("state"), fields.many("states", 4)
    states = set(several) or {single or "wait"}
    mixed = "watch" in states and len(states) > 1
    if (single and several) or mixed or not states <= {"wait", "watch", "done", "cancel"}:
        raise invalid("state")
    return states


def _is_asked(order: Order, ids: list[str], client_ids: list[str]) -> bool:
    if ids:
        return order.order_id in ids
    return not client_ids or order.client_id in client_ids


def _span(venue: BithumbVenue, fields: Parameters) -> tuple[datetime, datetime]:
    begin, end = (_moment(fields.one(name)) for name in ("start_time", "end_time"))
    if end is None:
        end = venue.now() if begin is None else begin + HISTORY_SPAN
    if begin is None:
        begin = end - HISTORY_SPAN
    if begin > end or end - begin > HISTORY_SPAN:
        raise invalid("start_time and end_time are more than 7 days apart")
    return begin, end


def _moment(text: str | None) -> datetime | None:
    if text is None:
        return None
    if not (text.isascii() and text.isdigit()) or len(text) != len("1763640000000"):
        raise invalid("a time is no whole number of milliseconds")
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=int(text))


def _page(venue: BithumbVenue, fields: Parameters, found: list[Order], limit: int) -> object:
    """Cut a page; the cursor names the last order shown and what was asked."""
    asked = sha256(repr([pair for pair in fields.pairs if pair[0] not in {"next_key", "limit"}]).encode()).digest()[:6]
    cursor = fields.one("next_key")
    if cursor is not None:
        last = _last_shown(cursor, asked)
        upwards = fields.one("order_by") == "asc"
        found = [order for order in found if (order.number > last if upwards else order.number < last)]
    page = found[:limit]
    more = len(found) > limit
    next_key = base64.b64encode(asked + page[-1].number.to_bytes(8, "big")).decode() if more else None
    return {"data": [row_v2(venue, order) for order in page], "has_next": more, "next_key": next_key}


def _last_shown(cursor: str, asked: bytes) -> int:
    try:
        told = base64.b64decode(cursor, validate=True)
    except binascii.Error:
        raise invalid("next_key") from None
    if told[: len(asked)] != asked or len(told) != len(asked) + 8:
        raise invalid("next_key belongs to another request")
    return int.from_bytes(told[len(asked) :], "big")
