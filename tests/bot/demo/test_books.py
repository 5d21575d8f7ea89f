"""The simulator's books in our words: they say what the exchange's own adapter hears over the wire."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from bot.clock import MarketClock
from bot.demo.books import books_from
from domain.account import Balance
from domain.instrument import Side
from domain.order import OrderState
from exchanges.bithumb import BithumbExchange
from tests.bot.demo.markets import FALL, SYMBOL, Markets, recorded
from tests.exchanges.bithumb_desk import Nonces

if TYPE_CHECKING:
    from pathlib import Path

    from bot.demo.process import Market

BEGIN = datetime(2026, 3, 2, tzinfo=UTC)
D = Decimal


def exchange_on(market: Market, clock: MarketClock) -> BithumbExchange:
    return BithumbExchange(
        market.keys["access_key"],
        market.keys["secret_key"],
        base_url=market.url,
        clock=clock,
        wait=clock.wait,
        nonce=Nonces(),
        stopwatch_s=time.monotonic,
    )


def test_orders_fills_and_balances_are_those_that_the_adapter_hears(tmp_path: Path, markets: Markets) -> None:
    # A print fills no more than its volume, a quarter of the bar's: the largest order fills in part.
    market = markets.open(tmp_path / "demo", recorded(tmp_path / "prices.csv", FALL.replace(",4\n", ",8\n")))
    market.door.settings({"print_volume": "candle"})
    market.door.deposit("BTC", D(3))
    clock = MarketClock(market.door, market.told)
    exchange = exchange_on(market, clock)
    for number, (side, price, qty) in enumerate(
        (
            (Side.BUY, "9600", "1"),
            (Side.BUY, "9500", "50"),
            (Side.BUY, "9400", "0.6"),
            (Side.BUY, "8000", "2"),
            (Side.SELL, "11000", "0.7"),
        )
    ):
        exchange.place_order(SYMBOL, side, D(qty), D(price), client_order_id=f"c-{number}")
    while clock.step(None).played < 8:
        exchange.get_quote(SYMBOL)
    exchange.cancel_order(next(o.order_id for o in market.door.books().orders if o.client_order_id == "c-3"))

    books = market.door.books()
    heard = [exchange.get_order(order.order_id) for order in books.orders]
    executions = exchange.fills_since(SYMBOL, BEGIN)
    balances = {balance.currency: balance for balance in exchange.get_balance()}
    exchange.close()

    assert [order.state for order in books.orders] == [
        OrderState.FILLED,
        OrderState.PARTIALLY_FILLED,
        OrderState.OPEN,
        OrderState.CANCELED,
        OrderState.OPEN,
    ]
    assert list(books.orders) == heard
    assert {
        (each.order_id, each.client_order_id, each.side, each.fill.price, each.fill.qty) for each in books.executions
    } == {(each.order_id, each.client_order_id, each.side, each.fill.price, each.fill.qty) for each in executions}
    assert sum(each.fill.fee for each in books.executions) == sum(order.fee for order in books.orders) > 0
    assert books.balances == (balances["KRW"], balances["BTC"])
    assert (books.deposited["BTC"], books.broken) == (D(3), None)


def row(**changes: object) -> dict[str, object]:
    made: dict[str, object] = {
        "order_id": "C1",
        "client_order_id": None,
        "side": "buy",
        "price": "9000",
        "volume": "2",
        "state": "wait",
        "executed_volume": "0",
        "paid_fee": "0",
        "created_at": "2026-03-02T00:00:00Z",
        "trades": [],
    }
    return made | changes


def answer(*orders: dict[str, object]) -> dict[str, object]:
    return {"market": SYMBOL, "orders": list(orders), "accounts": {}, "deposited": {}, "broken": None}


@pytest.mark.parametrize(
    ("name", "executed", "state"),
    [
        ("accepted", "0", OrderState.OPEN),
        ("wait", "0", OrderState.OPEN),
        ("wait", "1.5", OrderState.PARTIALLY_FILLED),
        ("done", "2", OrderState.FILLED),
        ("cancel", "0", OrderState.CANCELED),
        ("cancel", "1.5", OrderState.CANCELED),
        ("cancel", "2", OrderState.FILLED),
    ],
)
def test_a_state_is_read_with_what_was_executed(name: str, executed: str, state: OrderState) -> None:
    [order] = books_from(answer(row(state=name, executed_volume=executed))).orders

    assert (order.state, order.filled, order.side) == (state, D(executed), Side.BUY)


def test_an_order_of_somebody_else_that_names_no_price_is_shown_all_the_same() -> None:
    [order] = books_from(answer(row(price=None, volume=None, executed_volume="1", state="done"))).orders

    assert (order.order_id, order.price, order.qty) == ("C1", D(0), D(0))


def test_who_owns_nothing_has_a_balance_of_nothing() -> None:
    assert books_from(answer()).balances == (Balance("KRW", D(0), D(0)), Balance("BTC", D(0), D(0)))


def test_a_state_that_is_not_known_is_not_guessed() -> None:
    with pytest.raises(ValueError, match="lost"):
        books_from(answer(row(state="lost")))
