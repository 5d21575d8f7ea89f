"""Bithumb as the bot sees it: quotes, orders, fills and balances over its REST interface, version 2.1.5."""

from __future__ import annotations

import re
from contextlib import nullcontext, suppress
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

from domain.errors import AuthRefused, OrderNotFound, OrderNotReady, OrderRejected, OutcomeUnknown, VenueUnavailable
from domain.exact import ZERO, plain
from domain.instrument import Fees
from domain.order import OrderState
from domain.reason import reason
from domain.venue import CancelAnswer, VenueOrder
from exchanges.base import Capabilities
from exchanges.bithumb import client as calls
from exchanges.bithumb import parsing
from exchanges.bithumb.cautions import ending_key, hold_on
from exchanges.bithumb.client import BASE_URL, PER_SECOND, Client
from exchanges.bithumb.executions import Executions
from exchanges.bithumb.fields import KST
from exchanges.bithumb.orders import OrderLists
from exchanges.bithumb.rules import RULES
from exchanges.bithumb.signing import Keys
from exchanges.refusals import NoSuchMarket, Refused
from exchanges.throttle import Throttle
from exchanges.transport import Door, Unreadable

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from contextlib import AbstractContextManager
    from datetime import datetime

    from domain.account import Balance
    from domain.clock import Clock
    from domain.instrument import Instrument, Side
    from domain.market import Candle, Quote
    from domain.money import WonRate
    from domain.order import Fill
    from domain.reason import Reason
    from domain.session import SessionRule
    from domain.venue import Execution
    from exchanges.bithumb.parsing import Market, MarketWarning, OrderRow
    from exchanges.bithumb.signing import Secret
    from exchanges.transport import Wait

CANDLES_PER_PAGE = 200
_STANDARD_FEE = Decimal("0.0025")  # without an enrolment
_LOOK_BACK = timedelta(days=7)
_MARGIN = timedelta(minutes=1)
_MINUTE_S = 60
_UNITS = {_MINUTE_S * unit: f"minutes/{unit}" for unit in (1, 3, 5, 10, 15, 30, 60, 240)} | {
    86_400: "days",
    604_800: "weeks",
}

_SYMBOL = re.compile(r"KRW-[A-Z0-9]{1,20}")
_CLIENT_ID = re.compile(r"[A-Za-z0-9_-]{1,36}")
_ORDER_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")
_SIDE_NAMES = {side: name for name, side in parsing.SIDES.items()}


class BithumbExchange:
    """One account on Bithumb's won markets; without keys only prices.

    `wait` lets a pause pass, `nonce` gives a new UUID at every call, `stopwatch_s` tells real seconds. The fees of
    `fallback_fees` hold where the venue does not tell them.
    """

    capabilities = Capabilities(client_order_id=True, sessions=False, trade_ids=True, bid_ask=True)

    def __init__(
        self,
        access_key: str | Secret | None,
        secret_key: str | Secret | None,
        *,
        clock: Clock,
        wait: Wait,
        nonce: Callable[[], str],
        base_url: str = BASE_URL,
        fallback_fees: Fees | None = None,
        blocked_until: datetime | None = None,
        stopwatch_s: Callable[[], float] | None = None,
        connect_s: float = 5.0,
        read_s: float = 10.0,
        total_s: float = 20.0,
    ) -> None:
        """Prepare; the first call connects."""
        self._keys = Keys(access_key, secret_key) if access_key and secret_key else None
        self._door = Door(
            base_url, clock, wait, connect_s=connect_s, read_s=read_s, total_s=total_s, stopwatch_s=stopwatch_s
        )
        self._throttle = Throttle(clock, wait, PER_SECOND, blocked_until)
        self._client = Client(self._door, self._throttle, self._keys, nonce)
        self._lists = OrderLists(self._client, self._door.server_clock)
        self._fallback_fees = fallback_fees or Fees(buy=_STANDARD_FEE, sell=_STANDARD_FEE)
        self._executions = Executions()
        self._instruments: dict[str, Instrument] = {}
        self._looked_back: set[str] = set()

    @property
    def clock_offset(self) -> timedelta:
        """Return how far the venue's clock is ahead of ours, by what its answers say."""
        return self._door.server_clock.offset

    def close(self) -> None:
        """Let the connections go."""
        self._door.close()

    def clock_warning(self) -> Reason | None:
        """Tell the owner when the machine's clock is off; calls are signed with the venue's time all the same."""
        return self._door.server_clock.warning()

    @property
    def blocked_until(self) -> datetime | None:
        """Return until when no call is made because the venue shut our address out."""
        return self._throttle.blocked_until

    def get_quote(self, symbol: str) -> Quote:
        """Return the last trade with the best bid and ask."""
        _check(symbol)
        tickers = self._client.read(calls.TICKER, ("markets", symbol))
        books = self._client.read(calls.ORDERBOOK, ("markets", symbol))
        return parsing.quote(tickers, books, symbol, self._door.server_clock.now())

    def candles(self, symbol: str, *, interval_s: int, count: int) -> tuple[Candle, ...]:
        """Return the newest bars, oldest first; the last one is still running, and minutes without a trade are missing.

        Raises `ValueError` for an interval that the venue does not have.
        """
        _check(symbol)
        if interval_s not in _UNITS:
            message = f"no bars of {interval_s} s; there are {', '.join(map(str, _UNITS))}"
            raise ValueError(message)
        bars: dict[datetime, Candle] = {}
        while len(bars) < count:
            params = [("market", symbol), ("count", str(min(count - len(bars), CANDLES_PER_PAGE)))]
            if bars:
                # Exclusive, and Korean wall clock without a zone: the venue refuses one.
                params.insert(1, ("to", min(bars).astimezone(KST).replace(tzinfo=None).isoformat(timespec="seconds")))
            page = parsing.candles(self._client.read(calls.candles_of(_UNITS[interval_s]), *params))
            before = len(bars)
            bars |= {bar.at: bar for bar in page}
            if len(bars) == before:
                break
        return tuple(bars[at] for at in sorted(bars)[-count:]) if count > 0 else ()

    def instrument(self, symbol: str) -> Instrument:
        """Return ticks, steps, minimum and fees as they were when last read."""
        return self._instruments.get(symbol) or self.refresh_instrument(symbol)

    def refresh_instrument(self, symbol: str) -> Instrument:
        """Ask for fees and minimum anew; the fee of an enrolment lapses under a running bot."""
        _check(symbol)
        instrument = RULES.instrument(symbol, self._fallback_fees)
        if self._keys is not None:
            told = parsing.chance(self._client.read(calls.CHANCE, ("market", symbol)))
            fees = self._fallback_fees
            instrument = replace(
                instrument,
                notional_min=RULES.notional_min if told.notional_min is None else told.notional_min,
                fees=Fees(
                    buy=fees.buy if told.bid_fee is None else told.bid_fee,
                    sell=fees.sell if told.ask_fee is None else told.ask_fee,
                ),
            )
        self._instruments[symbol] = instrument
        return instrument

    def market_session(self, symbol: str) -> SessionRule | None:
        """Return None: coins trade around the clock."""
        del symbol
        return RULES.sessions

    def previous_close(self, symbol: str) -> Decimal | None:
        """Return None: nobody splits a coin."""
        del symbol
        return None

    def won_rate(self) -> WonRate | None:
        """Return None: prices are in won."""
        return None

    def markets(self) -> tuple[Market, ...]:
        """Return all markets with the venue's mark of caution."""
        return parsing.markets(self._client.read(calls.MARKETS, ("isDetails", "true")))

    def warnings(self, symbol: str) -> tuple[MarketWarning, ...]:
        """Return what the venue warns of in one market."""
        _check(symbol)
        return tuple(each for each in parsing.warnings(self._client.read(calls.WARNINGS)) if each.symbol == symbol)

    def buying_hold(self, symbol: str) -> Reason | None:
        """Ask why nothing should be bought now: the market is gone or halted, or the venue warns of it."""
        _check(symbol)
        state = None
        if self._keys is not None:
            state = parsing.chance(self._client.read(calls.CHANCE, ("market", symbol))).state
        try:
            warned = self.warnings(symbol)
        except Refused:
            # A page of warnings that is no more must not keep the bot from trading; the list of markets warns as well.
            warned = ()
        return hold_on(symbol, self.markets(), warned, state, self._door.server_clock.now())

    def concerns(self) -> tuple[Reason, ...]:
        """Ask what the owner should see to: a key that ends soon, a clock that is off."""
        ends_at = None
        # A key without the right to read of keys says nothing of the clock.
        with suppress(VenueUnavailable, AuthRefused):
            ends_at = None if self._keys is None else self.key_expires_at()
        found = (ending_key(ends_at, self._door.server_clock.now()), self.clock_warning())
        return tuple(concern for concern in found if concern is not None)

    def key_expires_at(self) -> datetime | None:
        """Return when our key ends; None where the venue does not list it."""
        listed = self._client.read(calls.API_KEYS)
        return None if self._keys is None else parsing.key_expiry(listed, self._keys.access)

    def place_order(
        self,
        symbol: str,
        side: Side,
        qty: Decimal,
        price: Decimal | None = None,
        order_type: str = "limit",
        *,
        client_order_id: str | None = None,
    ) -> VenueOrder:
        """Send a limit order once; the venue only confirms that it took it in, its fate has to be read."""
        if order_type != "limit" or price is None:
            raise OrderRejected(order_type, code="bithumb_limit_orders_only")
        if not _SYMBOL.fullmatch(symbol) or qty <= 0 or price <= 0:
            raise OrderRejected(symbol, code="bithumb_order_malformed")
        named = []
        if client_order_id is not None:
            if not _CLIENT_ID.fullmatch(client_order_id):
                raise OrderRejected("client order id", code="bithumb_order_malformed")
            named.append(("client_order_id", client_order_id))
        value = self._client.write(
            calls.PLACE,
            ("market", symbol),
            ("side", _SIDE_NAMES[side]),
            ("order_type", "limit"),
            ("price", plain(price)),
            ("volume", plain(qty)),
            *named,
        )
        try:
            placed = parsing.placed(value, symbol, side)
        except Unreadable as lost:
            message = str(lost)
        else:
            if placed.client_order_id in {None, client_order_id}:
                at = placed.at or self._door.server_clock.now()
                self._executions.follow(symbol, placed.order_id, {})
                return VenueOrder(
                    placed.order_id, client_order_id, symbol, side, price, qty, ZERO, ZERO, OrderState.OPEN, at
                )
            message = "placed: another order's answer"
        raise OutcomeUnknown(message)

    def cancel_order(self, order_id: str) -> CancelAnswer:
        """Ask for an order's end; what it had filled by then has to be read afterwards."""
        return self._cancel("order_id", order_id)

    def cancel_by_client_id(self, client_order_id: str) -> CancelAnswer:
        """Ask for the end of an order whose venue id is not known."""
        return self._cancel("client_order_id", client_order_id)

    def get_order(self, order_id: str) -> VenueOrder:
        """Return one order; raises `OrderNotFound`, which is no proof that it was never placed."""
        return self._order("uuid", order_id).order

    def find_order(self, client_order_id: str) -> VenueOrder | None:
        """Look an order up by our id; None only where a readable answer says that there is none.

        Raises `OrderNotReady` where the venue has it and is still taking it in: it exists.
        """
        try:
            return self._order("client_order_id", client_order_id).order
        except OrderNotFound:
            return None

    def open_orders(self, symbol: str) -> tuple[VenueOrder, ...]:
        """Return all orders at rest."""
        _check(symbol)
        return tuple(row.order for row in self._lists.open(symbol))

    def closed_orders(self, symbol: str, since: datetime) -> tuple[VenueOrder, ...]:
        """Return the orders done or canceled since a moment, by the venue's own dating of its history."""
        _check(symbol)
        return tuple(row.order for row in self._lists.closed(symbol, since))

    def follow(self, symbol: str, order_id: str, booked: Sequence[Fill] = ()) -> None:
        """Let `fills_since` look after an order from before this start, of which so much is booked."""
        self._executions.follow(symbol, order_id, {fill.fill_id: fill.fee for fill in booked})

    def single_look(self) -> AbstractContextManager[None]:
        """Ask every question anew: each has a path of its own here."""
        return nullcontext()

    def fills_since(self, symbol: str, since: datetime) -> tuple[Execution, ...]:
        """Return all executions from a moment on, oldest first, to the second in which they happened.

        The venue lists trades by order only, so the orders at rest, those that ended lately and those followed are
        looked at. An order placed more than a week before this start that ended before it has to be followed first.
        """
        _check(symbol)
        self._executions.forget_oldest()
        resting = self._lists.open(symbol)
        margin = _MARGIN if symbol in self._looked_back else _LOOK_BACK
        rows = (*self._lists.closed(symbol, since - margin), *resting)
        looks = {row.order.order_id for row in rows if self._executions.needs_look(row)}
        # What we saw and see no more has ended, whatever the history says.
        looks |= self._executions.unfinished(symbol) - {row.order.order_id for row in rows}
        for order_id in sorted(looks):
            self._look(symbol, order_id)
        for row in resting:
            self._executions.follow(symbol, row.order.order_id, {})
        self._looked_back.add(symbol)
        return self._executions.since(symbol, since.replace(microsecond=0))

    def get_balance(self) -> tuple[Balance, ...]:
        """Return every currency and coin of the account."""
        return parsing.balances(self._client.read(calls.ACCOUNTS))

    def _look(self, symbol: str, order_id: str) -> None:
        try:
            row = self._order("uuid", order_id)
        except (OrderNotFound, OrderNotReady):
            # Neither proves anything; it is looked at again with the next call.
            return
        fees = (self._instruments.get(symbol) or RULES.instrument(symbol, self._fallback_fees)).fees
        self._executions.book(row, fees, self._door.server_clock.now())

    def _order(self, key: str, value: str) -> OrderRow:
        if not _ORDER_ID.fullmatch(value):
            raise OrderNotFound(f"no order has such an id ({key})")
        row = parsing.order_row(self._client.read(calls.ORDER, (key, value)), self._door.server_clock.now())
        shown = row.order.order_id if key == "uuid" else row.order.client_order_id
        if shown not in {None, value}:
            raise Unreadable("order: another than asked for")
        return row

    def _cancel(self, key: str, value: str) -> CancelAnswer:
        if not _ORDER_ID.fullmatch(value):
            return CancelAnswer.UNKNOWN_ORDER
        try:
            self._client.write(calls.CANCEL, (key, value))
        except OrderNotFound:
            pass
        else:
            return CancelAnswer.ACCEPTED
        # "Not found" also stands for "not at rest any more": what the order says of itself decides.
        try:
            order = self._order("uuid" if key == "order_id" else key, value).order
        except OrderNotFound:
            return CancelAnswer.UNKNOWN_ORDER
        if order.state is OrderState.FILLED:
            return CancelAnswer.ALREADY_FILLED
        if order.state is OrderState.CANCELED:
            return CancelAnswer.ALREADY_CLOSED
        raise Refused("cancel: not found, yet at rest", why=reason("bithumb_cancel_refused"))


def _check(symbol: str) -> None:
    if not _SYMBOL.fullmatch(symbol):
        raise NoSuchMarket("no won market has such a name", why=reason("bithumb_market_unknown"))
