"""Every route of the venue, and the order in which a request is judged."""

from __future__ import annotations

import re
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from simulator.bithumb import candles, public, reading, writing
from simulator.bithumb.auth import Gatekeeper
from simulator.bithumb.rates import RateJudge
from simulator.bithumb.rows import market_code
from simulator.bithumb.rules import PLACE_FIELDS
from simulator.bithumb.wire import Parameters, Refused, invalid, reply
from simulator.calls import Answer

if TYPE_CHECKING:
    from collections.abc import Callable

    from simulator.bithumb.venue import BithumbVenue
    from simulator.calls import Call
    from simulator.faults import Fault

    Handler = Callable[[BithumbVenue, Parameters], object]


@dataclass(frozen=True, slots=True)
class Route:
    """One method and path; `scope` is what a key must allow, none where the route is public or asks for any key."""

    name: str
    method: str
    path: str
    group: str
    handler: Handler
    scope: str | None = None
    fields: frozenset[str] = frozenset()
    private: bool = True
    legacy: bool = False

    @property
    def asks_prices(self) -> bool:
        """Whether it tells what the market does."""
        return self.group in {"ticker", "orderbook", "trades", "candles"}

    @property
    def asks_orders(self) -> bool:
        """Whether it tells how the customer's own orders stand."""
        return self.scope == "order_read"


def _private(name: str, verb: str, group: str, handler: Handler, scope: str | None, *known: str) -> Route:
    method, path = verb.split(" ")
    return Route(name, method, path, group, handler, scope, frozenset(" ".join(known).split()))


def _public(name: str, path: str, group: str, handler: Handler) -> Route:
    return Route(name, "GET", path, group, handler, private=False)


def _minutes(unit: int) -> Handler:
    return lambda venue, fields: candles.minutes(venue, fields, unit)


def _fee_of_transfers(venue: BithumbVenue, _: Parameters) -> object:
    return [{"currency": venue.trading.base, "networks": []}]


_LIST = "market state states limit order_by next_key"
_PLACE = " ".join(PLACE_FIELDS)
ROUTES: tuple[Route, ...] = (
    _public("markets", "/v1/market/all", "other", public.markets),
    _public("ticker", "/v1/ticker", "ticker", public.ticker),
    _public("orderbook", "/v1/orderbook", "orderbook", public.orderbook),
    _public("trades", "/v1/trades/ticks", "trades", public.trades),
    *(_public("candles", f"/v1/candles/minutes/{unit}", "candles", _minutes(unit)) for unit in candles.MINUTES),
    _public("candles", "/v1/candles/days", "candles", candles.days),
    _public("candles", "/v1/candles/weeks", "candles", candles.weeks),
    _public("candles", "/v1/candles/months", "candles", candles.months),
    _public("warnings", "/v1/market/virtual_asset_warning", "other", public.warnings),
    _public("notices", "/v1/notices", "other", public.notices),
    _public("transfer_fee", "/v2/fee/inout/[A-Z0-9]+", "other", _fee_of_transfers),
    _private("accounts", "GET /v1/accounts", "private", reading.accounts, "asset_read"),
    _private("chance", "GET /v1/orders/chance", "private", reading.chance, "asset_read", "market"),
    _private("order", "GET /v1/order", "private", reading.order, "order_read", "uuid client_order_id"),
    _private(
        "orders",
        "GET /v1/orders",
        "private",
        reading.orders,
        "order_read",
        "market state states uuids client_order_ids page limit order_by",
    ),
    _private(
        "search",
        "POST /v2/orders/search",
        "private",
        reading.search,
        "order_read",
        "market order_ids client_order_ids order_by",
    ),
    _private("pending", "GET /v2/orders/pending", "private", reading.pending, "order_read", _LIST),
    _private(
        "history", "GET /v2/orders/history", "private", reading.history, "order_read", f"{_LIST} start_time end_time"
    ),
    _private("place", "POST /v2/orders", "place", writing.place, "order", _PLACE),
    _private("cancel", "DELETE /v2/order", "cancel", writing.cancel, "order", "order_id client_order_id"),
    _private(
        "cancel_many",
        "POST /v2/orders/cancel",
        "batch",
        writing.cancel_many,
        "order",
        "order_ids client_order_ids",
    ),
    _private("place_batch", "POST /v2/orders/batch", "batch", writing.place_batch, "order", "batch_orders"),
    _private("api_keys", "GET /v1/api_keys", "private", reading.api_keys, None),
    _private("wallet_status", "GET /v1/status/wallet", "private", reading.wallet_status, "asset_read"),
    Route(
        *("place", "POST", "/v1/orders", "place", writing.place_v1, "order"),
        fields=PLACE_FIELDS - {"order_type"} | {"ord_type"},
        legacy=True,
    ),
    Route(
        *("cancel", "DELETE", "/v1/order", "cancel", writing.cancel_v1, "order"),
        fields=frozenset({"uuid", "client_order_id"}),
        legacy=True,
    ),
)
ROUTE_NAMES = frozenset(route.name for route in ROUTES)


class BithumbDoor:
    """Answers calls; everything it accepts is in the books when it returns."""

    def __init__(self, venue: BithumbVenue) -> None:
        self._venue = venue
        self._gatekeeper = Gatekeeper(venue)
        self._rates = RateJudge(venue)

    def route_name(self, call: Call) -> str | None:
        """Name the route of a call; none where there is no such route."""
        route = self._route(call)
        return None if route is None else route.name

    def answer(self, call: Call, fault: Fault | None = None) -> Answer:
        """Judge a call, do what it asks and save it."""
        route = self._route(call)
        if route is None:
            answer = reply({"name": "not_found", "message": "No Route matched with those values"}, 404)
        else:
            answer = self._answered(route, call, fault)
            self._venue.requests[f"{route.name} {answer.status}"] += 1
            self._note_asked(route)
        self._venue.commit()
        return answer

    def note_failed(self, call: Call, status: str) -> None:
        """Count a call that a fault keeps from being answered."""
        route = self._route(call)
        if route is not None:
            self._venue.requests[f"{route.name} {status}"] += 1
            self._note_asked(route)
        self._venue.commit()

    def failure(self, status: int, name: str | None, message: str | None) -> Answer:
        """Return an error body as the venue would write it."""
        usual = (
            self._venue.settings.names["too_many_requests"]
            if status == HTTPStatus.TOO_MANY_REQUESTS
            else "server_error"
        )
        return Refused(status, name or usual, message or "").answer()

    def _route(self, call: Call) -> Route | None:
        for route in ROUTES:
            if route.method == call.method and re.fullmatch(route.path, call.path):
                return route if not route.legacy or self._venue.settings.legacy_v1_orders else None
        return None

    def _note_asked(self, route: Route) -> None:
        self._venue.prices_asked += route.asks_prices
        self._venue.orders_asked += route.asks_orders

    def _answered(self, route: Route, call: Call, fault: Fault | None) -> Answer:
        headers: dict[str, str] = {}
        try:
            headers = self._rates.count(call.ip, route.group)
            payload = self._judged(route, call, fault)
        except Refused as refused:
            answer = refused.answer()
            return Answer(answer.status, answer.body, headers | answer.headers)
        if fault is not None and fault.kind == "duplicate_fill_report":
            payload = _with_fills_twice(payload)
        return reply(payload, 200, headers)

    def _judged(self, route: Route, call: Call, fault: Fault | None) -> object:
        """Judge in the venue's order: token, time, hash, key, then the fields, then the order itself."""
        if not route.private:
            return route.handler(self._venue, Parameters.of_query(call.query))
        fields = self._fields(call)
        self._gatekeeper.admit(call, fields, route.scope)
        if fields is None:
            raise invalid("the body is no JSON object")
        if self._venue.settings.strict_parameters and "ord_type" not in dict(fields.pairs):
            fields.refuse_others(route.fields)
        if route.group in {"place", "cancel"}:
            self._rates.count_asset(call.ip, market_code(self._venue))
        match None if fault is None else fault.kind:
            case "reject":
                raise Refused((fault and fault.status) or 400, (fault and fault.name) or "invalid_parameter")
            case "not_ready":
                raise Refused(422, "order_not_ready", "주문이 아직 준비되지 않았습니다.")
            case "stp" if route.name == "place":
                return writing.place(self._venue, fields, doomed=True)
            case _:
                return route.handler(self._venue, fields)

    def _fields(self, call: Call) -> Parameters | None:
        if call.method != "POST":
            return Parameters.of_query(call.query)
        if not call.headers.get("content-type", "").startswith("application/json"):
            return None
        try:
            return Parameters.of_body(call.body)
        except (ValueError, RecursionError):
            return None


def _with_fills_twice(payload: object) -> object:
    """Report every trade of an order twice, under the same id."""
    if not isinstance(payload, dict):
        return payload
    trades: list[Any] = payload.get("trades", [])
    return payload | {"trades": [trade for trade in trades for _ in range(2)]} if trades else payload
