"""What was told of each order's fills: the venue knows only how many shares by now, and what they came to."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from domain.exact import ONE, ZERO, plain
from domain.order import CLOSED, Fill
from domain.venue import Execution

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime
    from decimal import Decimal

    from domain.instrument import Fees, TickTable
    from exchanges.kis.orders import Chain

ORDERS_MAX = 5000


@dataclass(slots=True)
class _Told:
    """How much of one order is booked or told."""

    symbol: str
    qty: Decimal = ZERO
    amount: Decimal = ZERO
    whole: bool = False
    executions: list[Execution] = field(default_factory=list)


class Executions:
    """The memory behind `fills_since`. One thread reads fills; another may meanwhile place an order."""

    def __init__(self, ticks: TickTable) -> None:
        """Begin with nothing told."""
        self._ticks = ticks
        self._orders: dict[str, _Told] = {}

    def follow(self, symbol: str, order_id: str, booked: Sequence[Fill] = ()) -> None:
        """Look after an order of which so much is booked already."""
        told = self._orders.setdefault(order_id, _Told(symbol))
        qty = sum((fill.qty for fill in booked), ZERO)
        if qty > told.qty:
            told.qty, told.amount = qty, sum((fill.notional for fill in booked), ZERO)

    def follows(self, order_id: str) -> bool:
        """Whether an order is looked after under this id."""
        return order_id in self._orders

    def unfinished(self, symbol: str) -> frozenset[str]:
        """Return the orders whose end, or last fill, was not seen yet."""
        return frozenset(name for name, told in tuple(self._orders.items()) if told.symbol == symbol and not told.whole)

    def book(self, chain: Chain, name: str, fees: Fees, now: datetime) -> None:
        """Take in how far an order is; what was added since becomes one fill, or two on neighbouring ticks."""
        self.follow(chain.symbol, name)
        told = self._orders[name]
        # A revised order goes on where it stood under its former number.
        former = max((self._orders[each] for each in chain.ids if each in self._orders), key=lambda each: each.qty)
        if former.qty > told.qty:
            told.qty, told.amount = former.qty, former.amount
        qty, amount = chain.filled - told.qty, chain.amount - told.amount
        # Of what has no price yet nothing is told: the next look will have it. Less than before is no news at all.
        if qty > 0 and amount > 0:
            for part, price in parts(qty, amount, self._ticks):
                told.qty += part
                told.amount += part * price
                fee = part * price * fees.rate(chain.side)
                fill = Fill(f"{name}#{plain(told.qty)}", price, part, fee, now)
                told.executions.append(Execution(name, None, chain.side, fill))
        told.whole = chain.state in CLOSED and told.qty >= chain.filled
        for each in chain.ids:
            if each != name and each in self._orders:
                self._orders[each].whole = told.whole

    def since(self, symbol: str, since: datetime) -> tuple[Execution, ...]:
        """Return what is known from a moment on, oldest first."""
        found = [
            execution
            for told in tuple(self._orders.values())
            if told.symbol == symbol
            for execution in tuple(told.executions)
            if execution.fill.at >= since
        ]
        return tuple(sorted(found, key=lambda execution: execution.fill.at))

    def forget_oldest(self) -> None:
        """Keep the memory small: the oldest orders that are over go first."""
        surplus = len(self._orders) - ORDERS_MAX
        over = [name for name, told in tuple(self._orders.items()) if told.whole]
        for name in over[: max(surplus, 0)]:
            del self._orders[name]


def parts(qty: Decimal, amount: Decimal, ticks: TickTable) -> tuple[tuple[Decimal, Decimal], ...]:
    """Return quantities and prices that come to exactly this amount: one price where there is one, else two.

    The prices are neighbours on the ticks; where the venue executed between them, on the finest step of the amount.
    """
    for unit in _units(qty, amount, ticks):
        lower = amount // (qty * unit) * unit
        above = (amount - lower * qty) / unit
        if lower <= 0 or above % 1:
            continue
        made = ((qty - above, lower), (above, lower + unit))
        return tuple((part, price) for part, price in made if part)
    return ((qty, amount / qty),)


def _units(qty: Decimal, amount: Decimal, ticks: TickTable) -> Iterator[Decimal]:
    yield ticks.at(amount / qty)
    exponent = amount.as_tuple().exponent
    if isinstance(exponent, int):
        for digits in range(4, max(-exponent, 4) + 1):
            yield ONE.scaleb(-digits)
