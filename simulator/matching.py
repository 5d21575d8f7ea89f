"""One price-time matching core, exact to the last digit: it locks, trades, charges fees and can prove its books."""

from __future__ import annotations

from bisect import insort
from decimal import Decimal
from typing import TYPE_CHECKING, NamedTuple

from domain.exact import ZERO
from domain.instrument import Side
from simulator.orders import Kind, State, TimeInForce, Trade
from simulator.purses import FEES, OUTSIDE, BooksBroken, Purses

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from simulator.liquidity import Liquidity
    from simulator.market import Print
    from simulator.orders import Order

QTY_STEP = Decimal("1e-8")
_AVERAGE_UNIT = Decimal("1e-8")


class InsufficientFunds(Exception):
    """The owner has less than the order must lock."""


class _Offer(NamedTuple):
    """What stands opposite an incoming order: a resting order, or a level of the world outside."""

    price: Decimal
    size: Decimal | None
    resting: Order | None


class Book:
    """The orders of one market `base`/`quote`; `touched` collects what has changed since it was last cleared."""

    def __init__(self, base: str, quote: str, doom: str = "stp_cancel") -> None:
        self.base = base
        self.quote = quote
        self._doom = doom
        self.purses = Purses()
        self.orders: dict[str, Order] = {}
        self.open_orders: dict[str, Order] = {}
        """Those of them that may still trade, in the order of acceptance."""
        self.touched: set[str] = set()
        self.trades_made = 0
        self._resting: dict[Side, list[tuple[Decimal, int, str]]] = {Side.BUY: [], Side.SELL: []}
        self._entered = 0

    def accept(self, order: Order) -> None:
        """Take an order into the books and lock what it needs; raises `InsufficientFunds`."""
        if self.purses.of(order.owner, self._given(order)).free < order.lock_wanted():
            raise InsufficientFunds
        self.orders[order.order_id] = self.open_orders[order.order_id] = order
        self._relock(order)

    def restore(self, order: Order) -> None:
        """Put an order from saved books back; purses and the count of trades are restored apart."""
        self.orders[order.order_id] = order
        self._entered = max(self._entered, order.entered)
        if order.is_open:
            self.open_orders[order.order_id] = order
        if order.state is State.WAIT:
            self._queue(order)

    def resting(self, side: Side) -> Iterator[Order]:
        """Give the orders of one side in the order in which they are served."""
        return (self.orders[order_id] for _, _, order_id in tuple(self._resting[side]))

    def activate(self, order: Order, outside: Liquidity, now: datetime) -> None:
        """Let an accepted order trade against what stands opposite, then rest or end."""
        if order.doomed:
            opposite = next(self.resting(_other(order.side)), None)
            self._end(order, State.CANCEL, now, self._doom, None if opposite is None else opposite.order_id)
            return
        first = next(self._offers(order, outside), None)
        blocked = order.tif is TimeInForce.POST_ONLY and first is not None
        if blocked or (order.tif is TimeInForce.FOK and not self._fillable(order, outside)):
            self._end(order, State.CANCEL, now, "tif_cancel")
            return
        own = self._take(order, outside, now)
        if not order.is_open:
            return
        if own is not None:
            self._end(order, State.CANCEL, now, "stp_cancel", own.order_id)
        elif order.kind is Kind.LIMIT and order.tif in {None, TimeInForce.POST_ONLY}:
            order.state = State.WAIT
            self._rest(order)
        elif order.executed:
            self._end(order, State.DONE, now)
        else:
            self._end(order, State.CANCEL, now, "tif_cancel")

    def cancel(self, order: Order, now: datetime, cancel_type: str | None) -> None:
        """End an open order and give back what it locks."""
        self._end(order, State.CANCEL, now, cancel_type)

    def expire(self, order: Order, now: datetime) -> None:
        """End an open order whose day is over, and give back what it locks."""
        self._end(order, State.EXPIRED, now)

    def hear(self, printed: Print, now: datetime, *, limited: bool, better: bool) -> None:
        """Fill the resting orders that a trade of the market touches.

        A print at an order's price, or through it, fills it at its own price; where the print jumped there and
        `better` is set, at the print's. `limited`: no more than the print's volume, best price and oldest first.
        """
        left = printed.volume
        for side in (Side.BUY, Side.SELL):
            for order in self.resting(side):
                own = order.price or ZERO
                touched = own >= printed.price if side is Side.BUY else own <= printed.price
                qty = min(order.remaining, left) if limited else order.remaining
                if not touched or qty <= 0:
                    break
                price = printed.price if printed.jump and better else own
                self._execute(order, price, qty, self._next_trade_id(), now, maker=True)
                self._face_outside(side, price, qty)
                left -= qty

    def check(self) -> None:
        """Prove the books: sums conserved, nobody owes, locks equal what the orders hold. Raises `BooksBroken`."""
        self.purses.check()
        locks: dict[tuple[str, str], Decimal] = {}
        for order in self.orders.values():
            key = (order.owner, self._given(order))
            locks[key] = locks.get(key, ZERO) + order.locked
            if order.volume is not None and order.executed > order.volume:
                raise BooksBroken(f"{order.order_id} executed more than was ordered")
            if sum((trade.qty for trade in order.trades), ZERO) != order.executed:
                raise BooksBroken(f"{order.order_id}: its trades do not add up")
        for (owner, currency), purse in self.purses.by_owner.items():
            if purse.locked != locks.get((owner, currency), ZERO):
                raise BooksBroken(f"{owner} has {purse.locked} {currency} locked without an order")

    def _offers(self, order: Order, outside: Liquidity) -> Iterator[_Offer]:
        """Give what the order could take within its limit, best price first; a resting order before the world."""
        opposite = [_Offer(o.price or ZERO, o.remaining, o) for o in self.resting(_other(order.side))]
        levels = [_Offer(price, size, None) for price, size in outside.levels(order.side)]
        sign = 1 if order.side is Side.BUY else -1
        offers = sorted(opposite + levels, key=lambda offer: (sign * offer.price, offer.resting is None))
        for offer in offers:
            if order.limit is not None and sign * offer.price > sign * order.limit:
                return
            if order.kind is Kind.BEST and offer.price != offers[0].price:
                return
            yield offer

    def _fillable(self, order: Order, outside: Liquidity) -> bool:
        wanted = order.price or ZERO if order.is_money else order.remaining
        for offer in self._offers(order, outside):
            if offer.resting is not None and offer.resting.owner == order.owner:
                return False
            if offer.size is None:
                return True
            wanted -= offer.size * offer.price if order.is_money else offer.size
            if wanted <= 0:
                return True
        return False

    def _take(self, order: Order, outside: Liquidity, now: datetime) -> Order | None:
        """Trade with the offers until the order is full or they end; returns the own order that is in the way."""
        for offer in self._offers(order, outside):
            if offer.resting is not None and offer.resting.owner == order.owner:
                return offer.resting
            wanted = self._wanted(order, offer.price)
            qty = wanted if offer.size is None else min(wanted, offer.size)
            if qty <= 0:
                break
            trade_id = self._next_trade_id()
            if offer.resting is None:
                outside.take(order.side, offer.price, qty)
                self._face_outside(order.side, offer.price, qty)
            else:
                self._execute(offer.resting, offer.price, qty, trade_id, now, maker=True)
            self._execute(order, offer.price, qty, trade_id, now, maker=False)
            if not order.is_open:
                break
        return None

    def _wanted(self, order: Order, price: Decimal) -> Decimal:
        if not order.is_money or order.price is None:
            return order.remaining
        return (order.price - order.funds) / price // QTY_STEP * QTY_STEP

    def _execute(
        self, order: Order, price: Decimal, qty: Decimal, trade_id: str, now: datetime, *, maker: bool
    ) -> None:
        """Book one side of a trade: what is given leaves the lock, what is got comes in less the fee."""
        funds = price * qty
        fee = funds * (order.maker_rate if maker else order.taker_rate)
        order.trades.append(Trade(trade_id, price, qty, fee, maker, now))
        order.executed += qty
        order.funds += funds
        order.paid_fee += fee
        self._relock(order)
        if order.side is Side.BUY:
            self._average(order.owner, funds, qty)
            self.purses.add(order.owner, self.quote, -(funds + fee))
            self.purses.add(order.owner, self.base, qty)
        else:
            self.purses.add(order.owner, self.base, -qty)
            self.purses.add(order.owner, self.quote, funds - fee)
        self.purses.add(FEES, self.quote, fee)
        if order.volume is not None and order.executed == order.volume:
            self._end(order, State.DONE, now)

    def _average(self, owner: str, funds: Decimal, qty: Decimal) -> None:
        purse = self.purses.of(owner, self.base)
        average = (purse.average * purse.total + funds) / (purse.total + qty)
        self.purses.set_average(owner, self.base, average.quantize(_AVERAGE_UNIT))

    def _face_outside(self, ours: Side, price: Decimal, qty: Decimal) -> None:
        """Book the world's side of a trade with an order of this side."""
        sign = 1 if ours is Side.BUY else -1
        self.purses.add(OUTSIDE, self.base, -sign * qty)
        self.purses.add(OUTSIDE, self.quote, sign * price * qty)

    def _end(
        self, order: Order, state: State, now: datetime, cancel_type: str | None = None, met_id: str | None = None
    ) -> None:
        if order.state is State.WAIT:
            entries = self._resting[order.side]
            place = next(index for index, entry in enumerate(entries) if entry[2] == order.order_id)
            del entries[place]
        order.state, order.closed_at, order.cancel_type, order.met_id = state, now, cancel_type, met_id
        self.open_orders.pop(order.order_id, None)
        self._relock(order)

    def _rest(self, order: Order) -> None:
        self._entered += 1
        order.entered = self._entered
        self._queue(order)
        self.touched.add(order.order_id)

    def _queue(self, order: Order) -> None:
        price = order.price or ZERO
        rank = -price if order.side is Side.BUY else price
        insort(self._resting[order.side], (rank, order.entered, order.order_id))

    def _relock(self, order: Order) -> None:
        wanted = order.lock_wanted() if order.is_open else ZERO
        self.purses.lock(order.owner, self._given(order), wanted - order.locked)
        order.locked = wanted
        self.touched.add(order.order_id)

    def _given(self, order: Order) -> str:
        return self.quote if order.side is Side.BUY else self.base

    def _next_trade_id(self) -> str:
        self.trades_made += 1
        return f"C0102{self.trades_made:015d}"


def _other(side: Side) -> Side:
    return Side.SELL if side is Side.BUY else Side.BUY
