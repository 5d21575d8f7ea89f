"""US shares through KIS as the bot sees them: quotes, orders, fills and balances of one account over its REST door."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from domain.account import Balance
from domain.errors import OrderNotFound, OrderNotReady, VenueError
from domain.exact import ZERO
from domain.instrument import Fees, Side
from domain.money import WonRate
from exchanges.base import Capabilities
from exchanges.kis import calls, parsing
from exchanges.kis.calls import Mode
from exchanges.kis.executions import Executions
from exchanges.kis.keyring import Connection, Surroundings, account_of, quotes_url
from exchanges.kis.lists import OrderLists
from exchanges.kis.placing import Desk, FundsShort
from exchanges.kis.quotes import Quotes, check
from exchanges.kis.rules import RULES
from exchanges.kis.tokens import AppKey
from exchanges.us_hours import us_hours

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from contextlib import AbstractContextManager
    from datetime import datetime, timedelta
    from pathlib import Path

    from domain.clock import Clock
    from domain.instrument import Instrument
    from domain.market import Candle, Quote
    from domain.order import Fill
    from domain.reason import Reason
    from domain.session import MarketHours
    from domain.venue import CancelAnswer, Execution, VenueOrder
    from exchanges.kis.orders import Chain
    from exchanges.kis.parsing import Spendable
    from exchanges.kis.tokens import Secret
    from exchanges.transport import Wait

_STANDARD_FEE = Decimal("0.0025")
_ANY_PRICE = Decimal(1)

# The practice account is allowed one call a second, for everything together.
_EVERY_S = {Mode.LIVE: (1, 3), Mode.PAPER: (3, 5)}


class KisOverseasExchange:
    """One account's US shares, in one of the broker's two worlds; it trades one symbol on one exchange.

    `wait` lets a pause pass, `stopwatch_s` tells real seconds, `jitter_s` gives a chance part of a minute's wait. Files
    in `shared_dir` hold token and pace for all programs on the same key. `quote_keys` are a live pair for prices alone.
    The venue tells no fees: those of `fallback_fees` hold.
    """

    def __init__(
        self,
        app_key: str | Secret,
        app_secret: str | Secret,
        account_no: str | Secret,
        *,
        mode: str,
        exchange_code: str,
        symbol: str,
        clock: Clock,
        wait: Wait,
        shared_dir: Path,
        quote_keys: tuple[str | Secret, str | Secret] | None = None,
        base_url: str | None = None,
        fallback_fees: Fees | None = None,
        hours: MarketHours | None = None,
        use_hashkey: bool = False,
        stopwatch_s: Callable[[], float] | None = None,
        jitter_s: Callable[[], float] | None = None,
        call_every_s: float | None = None,
        quote_every_s: float | None = None,
        connect_s: float = 5.0,
        read_s: float = 10.0,
        total_s: float = 20.0,
    ) -> None:
        """Prepare; the first call connects. Raises `ValueError` for an account, exchange or mode that there is not."""
        world = Mode(mode)
        if exchange_code not in calls.QUOTE_CODES:
            message = f"exchange_code is one of {', '.join(calls.QUOTE_CODES)}"
            raise ValueError(message)

        around = Surroundings(
            clock, wait, shared_dir, jitter_s or (lambda: 0), stopwatch_s, (connect_s, read_s, total_s)
        )
        key = AppKey.of(app_key, app_secret)
        own = Connection(key, world, around, base_url=base_url, call_every_s=call_every_s, use_hashkey=use_hashkey)
        for_quotes = own
        if quote_keys is not None:
            key, url = AppKey.of(*quote_keys), quotes_url(base_url)
            for_quotes = Connection(key, Mode.LIVE, around, base_url=url, call_every_s=quote_every_s)
        self._connections = {own, for_quotes}
        self._account = account_of(account_no)
        self._symbol = symbol
        self._exchange_code = exchange_code
        self._client = own.client
        self._clock = own.server_clock
        self._hours = us_hours() if hours is None else hours
        self._fees = fallback_fees or Fees(buy=_STANDARD_FEE, sell=_STANDARD_FEE)
        apart = for_quotes is not own
        self._quotes = Quotes(for_quotes.client, exchange_code, self._hours, self._clock, own_key=apart)
        self._lists = OrderLists(own.client, self._account, self._hours, self._clock)
        self._executions = Executions(RULES.ticks)
        whose = (("CANO", self._account[0]), ("ACNT_PRDT_CD", self._account[1]), ("OVRS_EXCG_CD", exchange_code))
        self._desk = Desk(own.client, dict(whose), symbol, self._lists, self._hours, self._clock)
        self.capabilities = _capabilities(world, Mode.LIVE if quote_keys is not None else world)

    @property
    def clock_offset(self) -> timedelta:
        """Return how far the venue's clock is ahead of ours, by what its answers say."""
        return self._clock.offset

    @property
    def blocked_until(self) -> datetime | None:
        """Return None: the venue counts calls, and shuts nobody out."""
        return None

    def close(self) -> None:
        """Let the connections go."""
        for each in self._connections:
            each.close()

    def get_quote(self, symbol: str) -> Quote:
        """Return the last trade in dollars, as old as it was seen unchanged; there is no bid and no ask."""
        return self._quotes.last(symbol)

    def candles(self, symbol: str, *, interval_s: int, count: int) -> tuple[Candle, ...]:
        """Return the newest bars, oldest first: days, and with a live key minutes of the regular session.

        Raises `ValueError` for an interval that is not to be had.
        """
        return self._quotes.candles(symbol, interval_s, count)

    def instrument(self, symbol: str) -> Instrument:
        """Return ticks and steps with the fees of the settings."""
        check(symbol)
        return RULES.instrument(symbol, self._fees)

    def refresh_instrument(self, symbol: str) -> Instrument:
        """Return the same: the venue tells neither fees nor ticks."""
        return self.instrument(symbol)

    def buying_hold(self, symbol: str) -> Reason | None:
        """Ask why nothing should be bought now: the venue says that the share is not traded."""
        return self._quotes.hold(symbol)

    def market_session(self, symbol: str) -> MarketHours:
        """Return New York's hours."""
        del symbol
        return self._hours

    def previous_close(self, symbol: str) -> Decimal | None:
        """Ask for the price to which the venue compares today's, adjusted for splits."""
        return self._quotes.price(symbol).base

    def won_rate(self) -> WonRate | None:
        """Ask how many won the broker reckons for a dollar; None where it does not say."""
        rate = self._spendable().rate
        return WonRate(rate, self._clock.now(), "KIS") if rate else None

    def listed_on(self, symbol: str) -> str | None:
        """Ask on which exchange a share is: `NASD`, `NYSE` or `AMEX`; None where it is on none of them."""
        return self._quotes.listed_on(symbol)

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
        """Send a limit order of whole shares once; the venue knows nothing of our id."""
        del client_order_id
        try:
            order = self._desk.place(symbol, side, qty, price, order_type)
        except FundsShort as short:
            refusal = short
        else:
            self._executions.follow(symbol, order.order_id)
            return order
        try:
            spendable = self._spendable(price)
        except VenueError:
            # The refusal stands, whatever became of the question about it.
            raise refusal from None
        raise refusal.explained(spendable, self._cost(price or ZERO, qty))

    def revise_order(self, order_id: str, price: Decimal) -> VenueOrder:
        """Give an order at rest another price; what the venue makes of it has a new id, and goes on under it.

        Raises `OrderRejected` on a refusal and `OutcomeUnknown` where the answer was lost.
        """
        chain = self._lists.of(order_id)
        if chain is None:
            raise OrderNotFound("the venue shows no such order")
        order = self._desk.revise(chain, price)
        self._executions.follow(chain.symbol, order.order_id)
        return order

    def cancel_order(self, order_id: str) -> CancelAnswer:
        """Ask for an order's end; what it had filled by then has to be read afterwards."""
        return self._desk.cancel(order_id)

    def get_order(self, order_id: str) -> VenueOrder:
        """Return one order under the id asked for; raises `OrderNotFound`, which is no proof that it was never placed.

        What was taken in a moment ago and is not listed yet is shown as it was placed; raises `OrderNotReady` where it
        was canceled since: only the list tells what it had filled by then.
        """
        chain = self._lists.of(order_id)
        if chain is not None:
            return chain.shown(order_id, self._fees)
        fresh = self._lists.fresh(order_id)
        if fresh is None:
            raise OrderNotFound("the venue shows no such order")
        if not self._lists.rests(fresh):
            raise OrderNotReady("canceled, and not listed yet")
        return fresh

    def find_order(self, client_order_id: str) -> VenueOrder | None:
        """Raise `OrderNotFound`: the venue knows nothing of our ids."""
        del client_order_id
        raise OrderNotFound("this venue knows nothing of our ids")

    def open_orders(self, symbol: str) -> tuple[VenueOrder, ...]:
        """Return all orders at rest, oldest first, with those that were placed a moment ago."""
        return tuple(self._shown(chain) for chain in self._open(symbol)) + tuple(
            order for order in self._lists.unseen() if order.symbol == symbol and self._lists.rests(order)
        )

    def closed_orders(self, symbol: str, since: datetime) -> tuple[VenueOrder, ...]:
        """Return the orders that ended, of those placed on the market's day of a moment or later."""
        found = self._lists.since(since)
        return tuple(self._shown(chain) for chain in found if chain.symbol == symbol and not chain.is_open)

    def follow(self, symbol: str, order_id: str, booked: Sequence[Fill] = ()) -> None:
        """Let `fills_since` look after an order from before this start, of which so much is booked."""
        self._executions.follow(symbol, order_id, booked)

    def single_look(self) -> AbstractContextManager[None]:
        """Answer questions about orders and fills that are asked within from lists that are fetched once."""
        return self._lists.single_look()

    def fills_since(self, symbol: str, since: datetime) -> tuple[Execution, ...]:
        """Return all executions from a moment on, oldest first, each dated by when it was first seen.

        The venue tells how much of an order is filled and what it came to; what was added since is a fill of its own,
        or two where it came to no price on a tick.
        """
        self._executions.forget_oldest()
        found = {chain.ids: chain for chain in self._lists.since(since) if chain.symbol == symbol}
        listed = {name for ids in found for name in ids}
        for name in sorted(self._executions.unfinished(symbol) - listed):
            chain = self._lists.of(name)
            if chain is not None:
                found[chain.ids] = chain
        now = self._clock.now()
        for chain in found.values():
            self._executions.book(chain, self._name_of(chain), self._fees, now)
        return self._executions.since(symbol, since)

    def get_balance(self) -> tuple[Balance, ...]:
        """Return dollars and the share: free is what may be spent or sold, locked what open orders of it bind."""
        spendable = self._spendable()
        pages = []
        # Live, the first one stands for all of the US; on the practice account it is Nasdaq alone.
        for code in ("NASD",) if self._client.mode is Mode.LIVE else tuple(calls.QUOTE_CODES):
            whose = (("CANO", self._account[0]), ("ACNT_PRDT_CD", self._account[1]), ("OVRS_EXCG_CD", code))
            pages += self._client.pages(calls.BALANCE, *whose, ("TR_CRCY_CD", RULES.currency))
        held = parsing.shares_of(pages, self._symbol)
        resting = [(order.side, order.price, order.qty - order.filled, order.symbol) for order in self._resting()]
        bound = sum((self._cost(price, left) for side, price, left, _ in resting if side is Side.BUY), ZERO)
        offered = sum((left for side, _, left, name in resting if side is Side.SELL and name == self._symbol), ZERO)
        offered = min(offered, held)
        return (
            Balance(RULES.currency, spendable.dollars, bound),
            Balance(self._symbol, held - offered, offered),
        )

    def concerns(self) -> tuple[Reason, ...]:
        """Ask what the owner should see to: a clock that is off, a calendar that the venue contradicts."""
        found = (self._clock.warning(), self._desk.calendar_doubt())
        return tuple(concern for concern in found if concern is not None)

    def _spendable(self, price: Decimal | None = None) -> Spendable:
        at = price or self._quotes.known_price(self._symbol) or _ANY_PRICE
        row = self._client.read(
            calls.SPENDABLE,
            ("CANO", self._account[0]),
            ("ACNT_PRDT_CD", self._account[1]),
            ("OVRS_EXCG_CD", self._exchange_code),
            ("OVRS_ORD_UNPR", self._desk.price_text(at)),
            ("ITEM_CD", self._symbol),
        )
        return parsing.spendable(row)

    def _cost(self, price: Decimal, qty: Decimal) -> Decimal:
        return price * qty * (1 + self._fees.buy)

    def _open(self, symbol: str) -> list[Chain]:
        return [chain for chain in self._lists.resting() if chain.symbol == symbol]

    def _resting(self) -> list[VenueOrder]:
        found = [self._shown(chain) for chain in self._lists.resting()]
        return [*found, *(order for order in self._lists.unseen() if self._lists.rests(order))]

    def _shown(self, chain: Chain) -> VenueOrder:
        return chain.shown(self._name_of(chain), self._fees)

    def _name_of(self, chain: Chain) -> str:
        """Return under which of its ids an order is known to us: the last one that we gave out or were told of."""
        return next((name for name in reversed(chain.ids) if self._executions.follows(name)), chain.ids[0])


def _capabilities(mode: Mode, quotes: Mode) -> Capabilities:
    return Capabilities(
        client_order_id=False,
        sessions=True,
        trade_ids=False,
        bid_ask=False,
        tells_fees=False,
        price_every_s=_EVERY_S[quotes][0],
        orders_every_s=_EVERY_S[mode][1],
    )
