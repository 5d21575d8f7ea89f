"""The promises that every venue keeps, as tests: a venue's own test inherits them and brings its exchange."""

from datetime import timedelta
from decimal import Decimal

import pytest

from domain.account import Balance
from domain.errors import OrderNotFound, OrderRejected
from domain.exact import ZERO
from domain.instrument import Instrument, Side
from domain.order import OrderState
from domain.venue import CancelAnswer, VenueOrder
from exchanges.base import Exchange

SYMBOL = "KRW-BTC"
_S = OrderState


class Market:
    """The market around an exchange under test; a venue's test says how its prices are moved."""

    def __init__(self, exchange: Exchange) -> None:
        self.exchange = exchange
        self._ids_given = 0

    def client_id(self) -> str:
        """Return an id of ours that no order has yet: bp-1, bp-2 and so on."""
        self._ids_given += 1
        return f"bp-{self._ids_given}"

    def trade_at(self, price: Decimal) -> None:
        """Let the last price become this one."""
        raise NotImplementedError


class ExchangeContract:
    """The account begins with 1,000,000 in cash and 10 coins, or shares; the last price is 10000.

    `symbol`: what is traded. `off_ticks`: prices between two ticks. `time_step`: the finest step in which the venue
    tells times. `codes`: how the codes of its refusals begin.
    """

    symbol = SYMBOL
    off_ticks: tuple[str, ...] = ("9000.5", "10001")
    time_step = timedelta(microseconds=1)
    codes: tuple[str, ...] = ("venue_",)

    def instrument(self, market: Market) -> Instrument:
        return market.exchange.instrument(self.symbol)

    def place(self, market: Market, side: Side = Side.BUY, price: int = 9000, qty: str = "1") -> VenueOrder:
        return market.exchange.place_order(
            self.symbol, side, Decimal(qty), Decimal(price), client_order_id=market.client_id()
        )

    def balances(self, market: Market) -> tuple[Balance, Balance]:
        """Return cash and coins, whichever the venue lists first; it lists nothing else."""
        instrument = self.instrument(market)
        first, second = market.exchange.get_balance()
        assert {first.currency, second.currency} == {instrument.quote, instrument.base}
        return (first, second) if first.currency == instrument.quote else (second, first)

    def test_a_new_order_rests_as_it_was_sent(self, market: Market) -> None:
        order = self.place(market)

        assert (order.symbol, order.side, order.price, order.qty) == (self.symbol, Side.BUY, Decimal(9000), Decimal(1))
        assert (order.state, order.filled, order.fee) == (_S.OPEN, ZERO, ZERO)
        assert order.client_order_id == ("bp-1" if market.exchange.capabilities.client_order_id else None)
        assert market.exchange.get_order(order.order_id) == order
        assert market.exchange.open_orders(self.symbol) == (order,)

    def test_every_order_has_an_id_of_its_own(self, market: Market) -> None:
        ids = [self.place(market, price=9000 + 10 * n).order_id for n in range(5)]

        assert len(set(ids)) == len(ids)
        assert [order.order_id for order in market.exchange.open_orders(self.symbol)] == ids

    @pytest.mark.parametrize(
        ("side", "qty", "price"),
        [
            (Side.BUY, "1.000000001", "9000"),
            (Side.BUY, "0", "9000"),
            (Side.BUY, "0.5", "9000"),
            (Side.BUY, "1000", "9000"),
            (Side.SELL, "11", "11000"),
        ],
    )
    def test_what_is_off_step_too_small_or_not_covered_is_rejected(
        self, market: Market, side: Side, qty: str, price: str
    ) -> None:
        self.refused(market, side, qty, price)

    def test_what_is_off_tick_is_rejected(self, market: Market) -> None:
        for price in self.off_ticks:
            self.refused(market, Side.BUY, "1", price)

    def refused(self, market: Market, side: Side, qty: str, price: str) -> None:
        """Place an order that has to be rejected and to leave nothing behind."""
        before = market.exchange.get_balance()

        with pytest.raises(OrderRejected) as refusal:
            market.exchange.place_order(self.symbol, side, Decimal(qty), Decimal(price))

        assert refusal.value.code.startswith(self.codes)
        assert market.exchange.open_orders(self.symbol) == ()
        assert market.exchange.get_balance() == before

    def test_only_limit_orders_are_taken(self, market: Market) -> None:
        for price, kind in ((None, "limit"), (Decimal(9000), "market")):
            with pytest.raises(OrderRejected):
                market.exchange.place_order(self.symbol, Side.BUY, Decimal(1), price, kind)

    def test_a_canceled_order_rests_no_more_and_frees_what_it_had_locked(self, market: Market) -> None:
        before = market.exchange.get_balance()
        order = self.place(market)

        answer = market.exchange.cancel_order(order.order_id)

        assert answer is CancelAnswer.ACCEPTED
        assert market.exchange.open_orders(self.symbol) == ()
        assert market.exchange.get_order(order.order_id).state is _S.CANCELED
        assert market.exchange.get_balance() == before

    def test_a_cancel_says_what_it_found(self, market: Market) -> None:
        canceled, filled = self.place(market, price=8000), self.place(market, price=9500)
        market.exchange.cancel_order(canceled.order_id)
        market.trade_at(Decimal(9500))

        assert market.exchange.cancel_order(canceled.order_id) is CancelAnswer.ALREADY_CLOSED
        assert market.exchange.cancel_order(filled.order_id) is CancelAnswer.ALREADY_FILLED
        assert market.exchange.cancel_order("no-such-order") is CancelAnswer.UNKNOWN_ORDER

    def test_an_order_that_nobody_placed_is_not_found(self, market: Market) -> None:
        with pytest.raises(OrderNotFound):
            market.exchange.get_order("no-such-order")

    def test_an_order_fills_once_its_price_trades_and_not_before(self, market: Market) -> None:
        buy, sell = self.place(market, price=9500), self.place(market, Side.SELL, 11000)

        market.trade_at(Decimal(10000))
        quiet = market.exchange.open_orders(self.symbol)
        market.trade_at(Decimal(9500))
        market.trade_at(Decimal(11000))

        assert quiet == (buy, sell)
        assert market.exchange.open_orders(self.symbol) == ()
        for order in (buy, sell):
            shown = market.exchange.get_order(order.order_id)
            assert (shown.state, shown.filled) == (_S.FILLED, order.qty)

    def test_executions_since_a_moment_carry_order_price_qty_and_fee(self, market: Market) -> None:
        begin = market.exchange.get_quote(self.symbol).at
        order = self.place(market, price=9500)
        market.trade_at(Decimal(9500))

        (execution,) = market.exchange.fills_since(self.symbol, begin)

        assert (execution.order_id, execution.side) == (order.order_id, Side.BUY)
        assert (execution.fill.price, execution.fill.qty) == (Decimal(9500), Decimal(1))
        assert execution.fill.fee == market.exchange.get_order(order.order_id).fee
        assert execution.fill.fee == self.instrument(market).fee(Side.BUY, Decimal(9500))
        assert market.exchange.fills_since(self.symbol, execution.fill.at) == (execution,)
        assert market.exchange.fills_since(self.symbol, execution.fill.at + self.time_step) == ()

    def test_every_execution_has_an_id_of_its_own(self, market: Market) -> None:
        begin = market.exchange.get_quote(self.symbol).at
        for price in (9500, 9600, 9700):
            self.place(market, price=price)
        market.trade_at(Decimal(9500))

        ids = [execution.fill.fill_id for execution in market.exchange.fills_since(self.symbol, begin)]

        assert len(set(ids)) == 3

    def test_an_order_locks_what_it_may_cost_and_changes_no_total(self, market: Market) -> None:
        cash, coins = self.balances(market)
        self.place(market, price=9000, qty="2")
        self.place(market, Side.SELL, 11000, "3")

        cash_after, coins_after = self.balances(market)

        cost = 18000 + self.instrument(market).fee(Side.BUY, Decimal(18000))
        assert (cash_after.total, coins_after.total) == (cash.total, coins.total)
        assert (cash_after.locked, coins_after.locked) == (cost, Decimal(3))

    def test_a_round_trip_costs_its_fees_and_nothing_else(self, market: Market) -> None:
        begin = market.exchange.get_quote(self.symbol).at
        cash, coins = self.balances(market)
        self.place(market, price=9500)
        market.trade_at(Decimal(9500))
        self.place(market, Side.SELL, 11000)
        market.trade_at(Decimal(11000))

        cash_after, coins_after = self.balances(market)

        fees = sum(execution.fill.fee for execution in market.exchange.fills_since(self.symbol, begin))
        assert cash_after.total == cash.total - 9500 + 11000 - fees
        assert (coins_after.total, cash_after.locked, coins_after.locked) == (coins.total, ZERO, ZERO)

    def test_what_is_locked_cannot_be_spent_twice(self, market: Market) -> None:
        self.place(market, price=9000, qty="100")
        self.place(market, Side.SELL, 11000, "10")

        for side, price in ((Side.BUY, 9010), (Side.SELL, 11010)):
            with pytest.raises(OrderRejected):
                self.place(market, side, price, "20" if side is Side.BUY else "1")

    def test_the_quote_is_the_last_price(self, market: Market) -> None:
        market.trade_at(Decimal(9990))

        quote = market.exchange.get_quote(self.symbol)

        assert (quote.symbol, quote.last) == (self.symbol, Decimal(9990))
        assert (quote.bid is not None) is market.exchange.capabilities.bid_ask

    def test_an_order_is_found_by_our_id_and_an_id_that_nobody_gave_is_not(self, market: Market) -> None:
        if not market.exchange.capabilities.client_order_id:
            pytest.skip("this venue knows nothing of our ids")
        order = self.place(market)

        assert market.exchange.find_order("bp-1") == order
        assert market.exchange.find_order("bp-2") is None
        market.exchange.cancel_order(order.order_id)
        ended = market.exchange.find_order("bp-1")
        assert ended is not None
        assert ended.state is _S.CANCELED

    def test_the_orders_that_ended_are_told_and_those_at_rest_are_not(self, market: Market) -> None:
        begin = market.exchange.get_quote(self.symbol).at
        canceled, filled, _ = (self.place(market, price=price) for price in (8000, 9500, 8500))
        market.exchange.cancel_order(canceled.order_id)
        market.trade_at(Decimal(9500))

        ended = market.exchange.closed_orders(self.symbol, begin)

        states = {order.order_id: order.state for order in ended}
        assert states == {canceled.order_id: _S.CANCELED, filled.order_id: _S.FILLED}
        assert len(ended) == 2

    def test_the_fills_of_an_order_that_is_followed_are_told_once_each(self, market: Market) -> None:
        begin = market.exchange.get_quote(self.symbol).at
        order = self.place(market, price=9500)
        market.exchange.follow(self.symbol, order.order_id)
        market.exchange.follow(self.symbol, order.order_id, ())
        market.trade_at(Decimal(9500))

        (execution,) = market.exchange.fills_since(self.symbol, begin)

        assert (execution.order_id, execution.fill.qty) == (order.order_id, Decimal(1))
        assert market.exchange.fills_since(self.symbol, begin) == (execution,)

    def test_the_terms_asked_for_anew_are_those_it_goes_by(self, market: Market) -> None:
        renewed = market.exchange.refresh_instrument(self.symbol)

        assert renewed.symbol == self.symbol
        assert market.exchange.instrument(self.symbol) == renewed

    def test_nothing_speaks_against_buying_in_a_healthy_market(self, market: Market) -> None:
        assert market.exchange.buying_hold(self.symbol) is None

    def test_an_account_in_order_worries_nobody(self, market: Market) -> None:
        assert market.exchange.concerns() == ()
