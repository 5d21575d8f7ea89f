"""What was told of each order's trades, so that every fill has one id and one fee for ever."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from domain.exact import ZERO, portion
from domain.order import CLOSED, Fill
from domain.venue import Execution

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime
    from decimal import Decimal

    from domain.instrument import Fees
    from exchanges.bithumb.parsing import OrderRow, Trade

ORDERS_MAX = 5000


@dataclass(slots=True)
class _Told:
    """One order's trades so far; `fees` holds what was booked for a trade, told by us or handed in."""

    symbol: str
    whole: bool = False
    fees: dict[str, Decimal] = field(default_factory=dict)
    executions: dict[str, Execution] = field(default_factory=dict)


class Executions:
    """The memory behind `fills_since`: the venue lists no trades of an account, only those of one order.

    One thread reads fills; another may meanwhile place an order and have it followed, so nothing here walks over the
    live dictionary.
    """

    def __init__(self) -> None:
        """Begin with nothing told."""
        self._orders: dict[str, _Told] = {}

    def follow(self, symbol: str, order_id: str, fees: Mapping[str, Decimal]) -> None:
        """Look after an order from before our start, with the fees already booked by trade id."""
        told = self._orders.setdefault(order_id, _Told(symbol))
        if fees:
            told.fees = {**fees, **told.fees}

    def unfinished(self, symbol: str) -> frozenset[str]:
        """Return the orders whose end, or last trade, was not seen yet."""
        return frozenset(
            order_id for order_id, told in tuple(self._orders.items()) if told.symbol == symbol and not told.whole
        )

    def needs_look(self, row: OrderRow) -> bool:
        """Whether an order may have trades that were not told yet."""
        told = self._orders.get(row.order.order_id)
        if told is None:
            return row.told_filled is None or row.order.filled > 0
        known = sum((execution.fill.qty for execution in told.executions.values()), ZERO)
        return not told.whole and (row.told_filled is None or row.order.filled > known)

    def book(self, row: OrderRow, fees: Fees, now: datetime) -> None:
        """Take in one order with its trades; the rise of its fee is split over the new ones by their funds."""
        order = row.order
        told = self._orders.setdefault(order.order_id, _Told(order.symbol))
        new = sorted(
            (trade for trade in row.trades if trade.trade_id not in told.executions),
            key=lambda trade: (trade.at or now, trade.trade_id),
        )
        unpaid = [trade for trade in new if trade.trade_id not in told.fees]
        told.fees |= zip((trade.trade_id for trade in unpaid), self._parts(row, told, unpaid, fees), strict=True)
        for trade in new:
            fill = Fill(trade.trade_id, trade.price, trade.qty, told.fees[trade.trade_id], trade.at or now)
            told.executions[trade.trade_id] = Execution(order.order_id, order.client_order_id, order.side, fill)
        told.whole = order.state in CLOSED and row.traded >= order.filled

    def since(self, symbol: str, since: datetime) -> tuple[Execution, ...]:
        """Return what is known from a moment on, oldest first."""
        found = [
            execution
            for told in tuple(self._orders.values())
            if told.symbol == symbol
            for execution in told.executions.values()
            if execution.fill.at >= since
        ]
        return tuple(sorted(found, key=lambda execution: (execution.fill.at, execution.fill.fill_id)))

    def forget_oldest(self) -> None:
        """Keep the memory small: the oldest orders that are over go first."""
        surplus = len(self._orders) - ORDERS_MAX
        over = [order_id for order_id, told in tuple(self._orders.items()) if told.whole]
        for order_id in over[: max(surplus, 0)]:
            del self._orders[order_id]

    @staticmethod
    def _parts(row: OrderRow, told: _Told, unpaid: Sequence[Trade], fees: Fees) -> tuple[Decimal, ...]:
        funds = [trade.funds for trade in unpaid]
        if row.fee is None:
            # The answer lacks the fee, as finished orders' answers did at times: it is what the rate makes of it.
            return tuple(part * fees.rate(row.order.side) for part in funds)
        return split_fee(row.fee - sum(told.fees.values(), ZERO), funds)


def split_fee(fee: Decimal, funds: Sequence[Decimal]) -> tuple[Decimal, ...]:
    """Split a fee by funds, each part exact or rounded to 8 decimals; the last takes the rest."""
    if not funds:
        return ()
    whole = sum(funds, ZERO)
    parts = [portion(fee, part, whole) if whole else ZERO for part in funds[:-1]]
    return (*parts, fee - sum(parts, ZERO))
