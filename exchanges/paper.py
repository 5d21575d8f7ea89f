"""A venue in this process, for dry runs and recorded candles: exact books, no order book."""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import replace
from typing import TYPE_CHECKING

from domain.account import Balance
from domain.errors import OrderNotFound, OrderRejected, VenueUnavailable
from domain.exact import ZERO
from domain.instrument import BUY, Side
from domain.market import Candle, Quote
from domain.order import CLOSED, Fill, OrderState
from domain.venue import CancelAnswer, Execution, VenueOrder
from exchanges.base import Capabilities

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from contextlib import AbstractContextManager
    from datetime import datetime
    from decimal import Decimal

    from domain.clock import Clock
    from domain.instrument import Instrument
    from domain.money import WonRate
    from domain.reason import Reason
    from domain.session import SessionRule


class PaperExchange:
    """One instrument, one account. A resting order fills as soon as a price touches it, at its own price or better.

    `cash` is what the account begins with, None for an account without limit, which begins at 0 and may go below.
    A last price counts as a bar of one price.
    """

    def __init__(
        self,
        instrument: Instrument,
        clock: Clock,
        cash: Decimal | None,
        *,
        holdings: Decimal = ZERO,
        sessions: SessionRule | None = None,
    ) -> None:
        """Open the account."""
        self.capabilities = Capabilities(
            client_order_id=True, sessions=sessions is not None, trade_ids=True, bid_ask=False
        )
        self._instrument = instrument
        self._clock = clock
        self._sessions = sessions
        self._unlimited = cash is None
        self._cash = cash or ZERO
        self._base = holdings
        self._cash_locked = ZERO
        self._base_locked = ZERO
        self._orders: dict[str, VenueOrder] = {}
        self._resting: dict[str, VenueOrder] = {}
        self._ended_at: dict[str, datetime] = {}
        self._executions: list[Execution] = []
        self._orders_numbered = 0
        self._fills_numbered = 0
        self._last: Decimal | None = None

    def restore(self, orders: Iterable[VenueOrder], executions: Iterable[Execution]) -> None:
        """Take the account up where a former run left it; only before the first order.

        `orders` are all that it ever took, in the order of placing, and `executions` all there were, oldest first. Of
        an order that ended without a fill nobody wrote down when; it counts as ended when it was placed.
        """
        for order in orders:
            self._orders[order.order_id] = order
            if order.state in CLOSED:
                self._ended_at[order.order_id] = order.at
            else:
                self._resting[order.order_id] = order
                self._lock(order, order.qty - order.filled)
        for execution in executions:
            self._executions.append(execution)
            self._pay(execution.side, execution.fill)
            if execution.order_id in self._ended_at:
                self._ended_at[execution.order_id] = execution.fill.at
        self._orders_numbered = _highest(self._orders)
        self._fills_numbered = _highest(execution.fill.fill_id for execution in self._executions)

    @property
    def blocked_until(self) -> datetime | None:
        """Return None: nobody is shut out here."""
        return None

    def play(self, candle: Candle) -> tuple[Execution, ...]:
        """Trade one bar: every order at rest that it touches fills, at the open where that is better."""
        self._last = candle.close
        touched = [order for order in self._resting.values() if _touches(order, candle)]
        return tuple(self._fill(order, candle) for order in touched)

    def see(self, price: Decimal) -> tuple[Execution, ...]:
        """Trade one last price."""
        return self.play(Candle(self._clock.now(), price, price, price, price, ZERO))

    def end_session(self) -> tuple[VenueOrder, ...]:
        """Let every order at rest expire, as day orders do."""
        return tuple(self._close(order, OrderState.EXPIRED) for order in tuple(self._resting.values()))

    def rescale(self, gained: Decimal, paid_out: Decimal) -> None:
        """Let a split change the holdings by so much, and pay for the fraction of a share; no order may be at rest."""
        self._base += gained
        self._cash += paid_out

    def all_orders(self) -> tuple[VenueOrder, ...]:
        """Return every order there ever was, in the order of placing: the books to compare a ledger with."""
        return tuple(self._orders.values())

    def all_executions(self) -> tuple[Execution, ...]:
        """Return every execution there ever was, oldest first."""
        return tuple(self._executions)

    def get_quote(self, symbol: str) -> Quote:
        """Return the last price seen; raises `VenueUnavailable` before the first."""
        if self._last is None:
            raise VenueUnavailable(symbol)
        return Quote(symbol, self._last, self._clock.now())

    def candles(self, symbol: str, *, interval_s: int, count: int) -> tuple[Candle, ...]:
        """Return none: the paper venue keeps no history."""
        del symbol, interval_s, count
        return ()

    def instrument(self, symbol: str) -> Instrument:
        """Return the rules it was opened with."""
        del symbol
        return self._instrument

    def refresh_instrument(self, symbol: str) -> Instrument:
        """Return the rules it was opened with; they never change."""
        return self.instrument(symbol)

    def buying_hold(self, symbol: str) -> Reason | None:
        """Return None: the paper venue warns of nothing."""
        del symbol
        return None

    def market_session(self, symbol: str) -> SessionRule | None:
        """Return the rule it was opened with."""
        del symbol
        return self._sessions

    def previous_close(self, symbol: str) -> Decimal | None:
        """Return None: what is split is split at a real venue."""
        del symbol
        return None

    def won_rate(self) -> WonRate | None:
        """Return None: nobody changes money here."""
        return None

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
        """Take a limit order; raises `OrderRejected` where a venue would refuse it."""
        if order_type != "limit" or price is None:
            raise OrderRejected(order_type, code="venue_limit_orders_only")
        self._check(side, qty, price)
        self._orders_numbered += 1
        order_id = f"paper-{self._orders_numbered}"
        order = VenueOrder(
            order_id, client_order_id, symbol, side, price, qty, ZERO, ZERO, OrderState.OPEN, self._clock.now()
        )
        self._lock(order, qty)
        self._orders[order_id] = self._resting[order_id] = order
        return order

    def cancel_order(self, order_id: str) -> CancelAnswer:
        """Take an order back."""
        order = self._orders.get(order_id)
        if order is None:
            return CancelAnswer.UNKNOWN_ORDER
        if order.state is OrderState.FILLED:
            return CancelAnswer.ALREADY_FILLED
        if order_id not in self._resting:
            return CancelAnswer.ALREADY_CLOSED
        self._close(order, OrderState.CANCELED)
        return CancelAnswer.ACCEPTED

    def get_order(self, order_id: str) -> VenueOrder:
        """Return one order; raises `OrderNotFound`."""
        if order_id not in self._orders:
            raise OrderNotFound(order_id)
        return self._orders[order_id]

    def find_order(self, client_order_id: str) -> VenueOrder | None:
        """Return the order that was placed under an id of ours."""
        return next((order for order in self._orders.values() if order.client_order_id == client_order_id), None)

    def open_orders(self, symbol: str) -> tuple[VenueOrder, ...]:
        """Return the orders at rest."""
        return tuple(order for order in self._resting.values() if order.symbol == symbol)

    def closed_orders(self, symbol: str, since: datetime) -> tuple[VenueOrder, ...]:
        """Return the orders that ended since a moment."""
        return tuple(
            order
            for order in self._orders.values()
            if order.symbol == symbol and order.state in CLOSED and self._ended_at[order.order_id] >= since
        )

    def follow(self, symbol: str, order_id: str, booked: Sequence[Fill] = ()) -> None:
        """Do nothing: the paper venue lists the executions of its account."""

    def single_look(self) -> AbstractContextManager[None]:
        """Ask every question anew: an answer costs nothing here."""
        return nullcontext()

    def fills_since(self, symbol: str, since: datetime) -> tuple[Execution, ...]:
        """Return the executions from a moment on."""
        return tuple(
            execution
            for execution in self._executions
            if execution.fill.at >= since and self._orders[execution.order_id].symbol == symbol
        )

    def get_balance(self) -> tuple[Balance, ...]:
        """Return cash and holdings."""
        instrument = self._instrument
        return (
            Balance(instrument.quote, self._cash - self._cash_locked, self._cash_locked),
            Balance(instrument.base, self._base - self._base_locked, self._base_locked),
        )

    def concerns(self) -> tuple[Reason, ...]:
        """Return nothing: there is no key to end, and no clock but ours."""
        return ()

    def _check(self, side: Side, qty: Decimal, price: Decimal) -> None:
        instrument = self._instrument
        if instrument.ticks.down(price) != price:
            raise OrderRejected(str(price), code="venue_price_off_tick")
        if instrument.round_qty(qty) != qty or not instrument.placeable(price, qty):
            raise OrderRejected(str(qty), code="venue_size_refused")
        if side is Side.SELL:
            enough = qty <= self._base - self._base_locked
        else:
            enough = self._unlimited or _cost(instrument, price, qty) <= self._cash - self._cash_locked
        if not enough:
            raise OrderRejected(str(qty), code="venue_funds_short")

    def _lock(self, order: VenueOrder, qty: Decimal) -> None:
        if order.side is Side.BUY:
            self._cash_locked += _cost(self._instrument, order.price, qty)
        else:
            self._base_locked += qty

    def _close(self, order: VenueOrder, state: OrderState) -> VenueOrder:
        self._lock(order, order.filled - order.qty)
        closed = replace(order, state=state)
        self._keep(closed)
        return closed

    def _fill(self, order: VenueOrder, candle: Candle) -> Execution:
        is_buy = order.side is Side.BUY
        price = min(order.price, candle.open) if is_buy else max(order.price, candle.open)
        fee = self._instrument.fee(order.side, price * order.qty)
        self._lock(order, -order.qty)
        self._keep(replace(order, filled=order.qty, fee=fee, state=OrderState.FILLED))
        self._fills_numbered += 1
        fill = Fill(f"paper-fill-{self._fills_numbered}", price, order.qty, fee, self._clock.now())
        self._pay(order.side, fill)
        execution = Execution(order.order_id, order.client_order_id, order.side, fill)
        self._executions.append(execution)
        return execution

    def _keep(self, ended: VenueOrder) -> None:
        del self._resting[ended.order_id]
        self._orders[ended.order_id] = ended
        self._ended_at[ended.order_id] = self._clock.now()

    def _pay(self, side: Side, fill: Fill) -> None:
        sign = 1 if side is Side.BUY else -1
        self._cash -= sign * fill.notional + fill.fee
        self._base += sign * fill.qty


def _highest(ids: Iterable[str]) -> int:
    return max((int(name.rpartition("-")[2]) for name in ids), default=0)


def _touches(order: VenueOrder, candle: Candle) -> bool:
    return candle.low <= order.price if order.side is BUY else candle.high >= order.price


def _cost(instrument: Instrument, price: Decimal, qty: Decimal) -> Decimal:
    notional = price * qty
    return notional + instrument.fee(Side.BUY, notional)
