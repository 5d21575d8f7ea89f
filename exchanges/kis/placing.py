"""Orders on their way to the venue: what is checked before, what is sent, and what the answer means."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

from domain.errors import MarketClosed, OrderRejected, OutcomeUnknown
from domain.exact import ZERO, plain
from domain.instrument import Side
from domain.order import OrderState
from domain.reason import reason
from domain.venue import CancelAnswer, VenueOrder
from exchanges.kis import calls
from exchanges.kis.fields import KST, korean_moment, output_of, serial, text
from exchanges.kis.orders import CANCEL, REVISE, day_in, id_of, number_in
from exchanges.kis.rules import RULES
from exchanges.refusals import Refused
from exchanges.transport import Unreadable

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from domain.reason import Reason
    from domain.session import MarketHours
    from exchanges.kis.client import Client
    from exchanges.kis.lists import OrderLists
    from exchanges.kis.orders import Chain
    from exchanges.kis.parsing import Spendable
    from exchanges.transport import ServerClock

_LIMIT = "00"
_BY_BROKER = "0"
_LOWEST = Decimal("0.01")  # dollars; under it nothing is taken online
_DIGITS = 10
_ONE_DAY = timedelta(days=1)


class FundsShort(OrderRejected):
    """A purchase that the dollars at hand do not cover."""

    def explained(self, spendable: Spendable, needed: Decimal) -> OrderRejected:
        """Say what the owner can do: change won into dollars, or let the won that are there count."""
        figures = {"needed": needed, "dollars": spendable.dollars}
        if spendable.with_won >= needed:
            return OrderRejected(str(self), why=reason("kis_dollars_short_won_there", **figures))
        return OrderRejected(str(self), why=reason("kis_dollars_short", **figures))


class Desk:
    """Places, revises and cancels the orders of one symbol."""

    def __init__(  # noqa: PLR0917  # the parts it stands on
        self,
        client: Client,
        whose: Mapping[str, str],
        symbol: str,
        lists: OrderLists,
        hours: MarketHours,
        clock: ServerClock,
    ) -> None:
        """Remember whom to send to; `whose` names account and exchange as every order does."""
        self._client = client
        self._whose = whose
        self._symbol = symbol
        self._lists = lists
        self._hours = hours
        self._clock = clock
        self._closed_at: datetime | None = None

    def place(self, symbol: str, side: Side, qty: Decimal, price: Decimal | None, order_type: str) -> VenueOrder:
        """Send a limit order once; raises as `Trading.place_order` says."""
        if order_type != "limit" or price is None:
            raise OrderRejected(order_type, code="kis_limit_orders_only")
        if symbol != self._symbol:
            raise OrderRejected(symbol, code="kis_other_symbol")
        if qty <= 0 or qty % 1:
            raise OrderRejected(plain(qty), code="kis_whole_shares_only")
        _check_price(price)
        body = {
            **self._whose,
            "PDNO": symbol,
            "ORD_QTY": plain(qty),
            "OVRS_ORD_UNPR": self.price_text(price),
            "CTAC_TLNO": "",
            "MGCO_APTM_ODNO": "",
            **({} if side is Side.BUY else {"SLL_TYPE": "00"}),
            "ORD_SVR_DVSN_CD": _BY_BROKER,
            "ORD_DVSN": _LIMIT,
        }
        try:
            answer = self._client.write(calls.PLACE[calls.US, side], body)
        except MarketClosed:
            self._closed_at = self._clock.now()
            raise
        except OrderRejected as refusal:
            if side is Side.BUY and refusal.code == "kis_funds_short":
                raise FundsShort(str(refusal), why=refusal.why) from None
            raise
        number, at = self._taken_in(answer)
        order_id = id_of(self._hours.date_of(at), number)
        order = VenueOrder(order_id, None, symbol, side, price, qty, ZERO, ZERO, OrderState.OPEN, at)
        self._lists.placed(order)
        return order

    def revise(self, chain: Chain, price: Decimal) -> VenueOrder:
        """Give the rest of an order another price; raises as `place`."""
        _check_price(price)
        left = chain.qty - chain.filled
        answer = self._client.write(
            calls.CHANGE[calls.US], self._change(REVISE, chain.ids[-1], plain(left), self.price_text(price))
        )
        number, at = self._taken_in(answer)
        order_id = id_of(self._hours.date_of(at), number)
        order = VenueOrder(
            order_id, None, chain.symbol, chain.side, price, chain.qty, chain.filled, ZERO, chain.state, at
        )
        self._lists.revised(chain.ids[-1], order)
        return order

    def cancel(self, order_id: str) -> CancelAnswer:
        """Ask for an order's end; a refusal is judged by what the order says of itself."""
        day = day_in(order_id)
        if day is None:
            return CancelAnswer.UNKNOWN_ORDER
        if day != self._hours.date_of(self._clock.now()):
            # The venue's numbers begin anew every day: today this one may be another order's.
            return self._found(order_id, None)
        newest = self._lists.newest(order_id)
        try:
            self._client.write(calls.CHANGE[calls.US], self._change(CANCEL, newest, "0", "0"))
        except (OrderRejected, MarketClosed) as refusal:
            refused = refusal
        else:
            self._lists.canceled(order_id)
            return CancelAnswer.ACCEPTED
        self._lists.forget_look()
        return self._found(order_id, refused)

    def calendar_doubt(self) -> Reason | None:
        """Tell that the venue called the market closed today while by our calendar it was open."""
        at = self._closed_at
        if at is None or self._hours.regular_at(at) is None or self._clock.now() - at > _ONE_DAY:
            return None
        return reason("kis_calendar_doubt", day=self._hours.date_of(at).isoformat())

    @staticmethod
    def price_text(price: Decimal) -> str:
        """Write a price with as many digits as its tick has."""
        return f"{price.quantize(RULES.ticks.at(price)):f}"

    def _found(self, order_id: str, refusal: OrderRejected | MarketClosed | None) -> CancelAnswer:
        chain = self._lists.of(order_id)
        if chain is None:
            if refusal is not None and self._lists.fresh(order_id) is not None:
                raise self._not_canceled(refusal)
            return CancelAnswer.UNKNOWN_ORDER
        if chain.state is OrderState.FILLED:
            return CancelAnswer.ALREADY_FILLED
        if chain.is_open and not chain.settled:
            raise self._not_canceled(refusal)
        return CancelAnswer.ALREADY_CLOSED

    @staticmethod
    def _not_canceled(refusal: OrderRejected | MarketClosed | None) -> Refused | MarketClosed:
        if isinstance(refusal, MarketClosed):
            return refusal
        why = None if refusal is None else refusal.why
        return Refused("cancel: refused, yet at rest", why=why or reason("kis_cancel_refused"))

    def _change(self, what: str, order_id: str, qty: str, price: str) -> dict[str, str]:
        return {
            **self._whose,
            "PDNO": self._symbol,
            "ORGN_ODNO": f"{number_in(order_id):0{_DIGITS}}",
            "RVSE_CNCL_DVSN_CD": what,
            "ORD_QTY": qty,
            "OVRS_ORD_UNPR": price,
            "MGCO_APTM_ODNO": "",
            "ORD_SVR_DVSN_CD": _BY_BROKER,
        }

    def _taken_in(self, answer: Mapping[str, object]) -> tuple[int, datetime]:
        """Return number and time of an order that was taken in; without a number nobody knows which one it is."""
        try:
            row = output_of(answer, "order")
            number, hour = serial(row, "ODNO") or serial(row, "odno"), text(row, "ORD_TMD") or text(row, "ord_tmd")
        except Unreadable as lost:
            number, hour, message = 0, "", str(lost)
        else:
            message = "order: taken in without a number"
        if not number:
            raise OutcomeUnknown(message)
        now = self._clock.now()
        today = now.astimezone(KST).date()
        moments = (korean_moment(today + ahead * _ONE_DAY, hour) for ahead in (-1, 0, 1))
        # Around midnight our date may not be theirs yet.
        return number, min((at for at in moments if at is not None), key=lambda at: abs(at - now), default=now)


def _check_price(price: Decimal) -> None:
    if price < _LOWEST:
        raise OrderRejected(plain(price), why=reason("kis_price_too_low", msg_cd="-"))
    if RULES.ticks.down(price) != price:
        raise OrderRejected(plain(price), why=reason("kis_price_off_tick", msg_cd="-"))
