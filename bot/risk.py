"""May this order be placed: caps and cash, judged from what the engine knows, in pure functions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from domain.exact import ZERO
from domain.instrument import Side
from domain.reason import Reason, reason

if TYPE_CHECKING:
    from decimal import Decimal

    from bot.engine import EngineState
    from domain.commands import PlaceOrder
    from domain.instrument import Instrument


@dataclass(frozen=True, slots=True)
class Limits:
    """The owner's caps, in the quote currency; None where there is none.

    `free_cash` is what the account had free at the first start, less the reserve; None for an account without limit.
    """

    order_notional_max: Decimal | None = None
    position_notional_max: Decimal | None = None
    free_cash: Decimal | None = None


def judge(state: EngineState, wish: PlaceOrder, limits: Limits, instrument: Instrument) -> Reason | None:
    """Return why an order may not be placed, or None when it may."""
    if state.safe is not None:
        return reason("safe_no_orders")
    if wish.side is Side.SELL:
        # A cap on orders holds purchases back; a sale only ever answers one, at a higher price.
        return _judge_sale(state, wish, instrument)
    notional = wish.price * wish.qty
    if limits.order_notional_max is not None and notional > limits.order_notional_max:
        return reason("order_over_cap", notional=notional, limit=limits.order_notional_max, currency=instrument.quote)
    return _judge_buy(state, wish, limits, instrument)


def _judge_sale(state: EngineState, wish: PlaceOrder, instrument: Instrument) -> Reason | None:
    owned = state.strategies[wish.symbol].book.held(wish.slot)
    if wish.qty <= owned:
        return None
    return reason("sells_more_than_owned", qty=wish.qty, owned=owned, base=instrument.base)


def _judge_buy(state: EngineState, wish: PlaceOrder, limits: Limits, instrument: Instrument) -> Reason | None:
    if limits.position_notional_max is None and limits.free_cash is None:
        return None
    waiting = _notional_of_open_buys(state, wish.symbol)
    notional = wish.price * wish.qty
    book = state.strategies[wish.symbol].book
    if limits.position_notional_max is not None:
        position = book.cost + waiting + notional
        if position > limits.position_notional_max:
            return reason(
                "position_over_cap", position=position, limit=limits.position_notional_max, currency=instrument.quote
            )
    if limits.free_cash is None:
        return None
    free = limits.free_cash + book.cash_flow - waiting - instrument.fee(Side.BUY, waiting)
    needed = notional + instrument.fee(Side.BUY, notional)
    if needed <= free:
        return None
    return reason("cash_does_not_reach", needed=needed, free=free, currency=instrument.quote)


def _notional_of_open_buys(state: EngineState, symbol: str) -> Decimal:
    buys = (order for order in state.orders.values() if order.side is Side.BUY and order.symbol == symbol)
    return sum((order.price * order.remaining for order in buys), ZERO)
