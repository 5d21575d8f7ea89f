"""Fills made of how far an order is: exact to the cent, told once, each with one id for ever."""

from datetime import timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.order import Fill
from exchanges.kis import KisOverseasExchange
from exchanges.kis.executions import parts
from exchanges.kis.rules import RULES
from tests.exchanges.kis.desk import LIST, OPEN, SYMBOL, filled, fine, row
from tests.exchanges.stub import HandClock, Stub

D = Decimal
ID = "2026-03-05-40840"


def told(exchange: KisOverseasExchange) -> list[tuple[str, Decimal, Decimal]]:
    fills = [execution.fill for execution in exchange.fills_since(SYMBOL, OPEN)]
    return [(fill.fill_id, fill.price, fill.qty) for fill in fills]


def test_what_was_added_since_is_a_fill_named_after_how_far_the_order_is(
    exchange: KisOverseasExchange, stub: Stub
) -> None:
    stub.says("GET", LIST, fine([row()]), fine([filled(1, "90.00000")]), fine([filled(3, "269.98000")]))

    assert told(exchange) == []
    assert told(exchange) == [(f"{ID}#1", D(90), D(1))]
    assert told(exchange) == [(f"{ID}#1", D(90), D(1)), (f"{ID}#3", D("89.99"), D(2))]
    assert told(exchange) == [(f"{ID}#1", D(90), D(1)), (f"{ID}#3", D("89.99"), D(2))]


def test_a_fill_is_dated_by_when_it_was_first_seen_and_costs_the_fees_of_the_settings(
    exchange: KisOverseasExchange, stub: Stub, clock: HandClock
) -> None:
    stub.says("GET", LIST, fine([filled(3, "270")]))

    (first,) = exchange.fills_since(SYMBOL, OPEN - timedelta(hours=1))
    clock.at += timedelta(minutes=5)
    (again,) = exchange.fills_since(SYMBOL, first.fill.at)

    assert first == again
    assert first.fill.fee == D("270") * D("0.0025") == exchange.get_order(ID).fee
    assert exchange.fills_since(SYMBOL, first.fill.at + timedelta(microseconds=1)) == ()


def test_an_amount_between_two_ticks_becomes_two_fills_that_come_to_it_exactly(
    exchange: KisOverseasExchange, stub: Stub
) -> None:
    stub.says("GET", LIST, fine([filled(3, "269.99000")]))

    assert told(exchange) == [(f"{ID}#1", D("89.99"), D(1)), (f"{ID}#3", D("90.00"), D(2))]


@given(qty=st.integers(1, 5000), amount=st.decimals(min_value="0.01", max_value=10**7, places=5, allow_nan=False))
def test_the_parts_come_to_the_amount_whatever_it_is(qty: int, amount: Decimal) -> None:
    made = parts(D(qty), amount, RULES.ticks)

    if amount >= qty * D("0.00001"):
        assert sum(part * price for part, price in made) == amount
    assert sum(part for part, _ in made) == qty
    assert len(made) <= 2
    assert all(part > 0 and part % 1 == 0 for part, _ in made)


def test_an_order_from_before_goes_on_where_it_is_booked(exchange: KisOverseasExchange, stub: Stub) -> None:
    stub.says("GET", LIST, fine([filled(3, "269.98")]))
    exchange.follow(SYMBOL, ID, (Fill(f"{ID}#1", D(90), D(1), D("0.225"), OPEN),))

    assert told(exchange) == [(f"{ID}#3", D("89.99"), D(2))]


def test_told_anew_after_a_start_the_last_fill_has_the_same_id(exchange: KisOverseasExchange, stub: Stub) -> None:
    stub.says("GET", LIST, fine([filled(3, "270")]))

    assert told(exchange) == [(f"{ID}#3", D(90), D(3))]


@pytest.mark.parametrize("answer", [filled(1, "0.00000"), row()])
def test_what_has_no_price_yet_or_goes_backwards_is_no_news(
    exchange: KisOverseasExchange, stub: Stub, answer: dict[str, str]
) -> None:
    stub.says("GET", LIST, fine([answer]), fine([filled(1, "90")]), fine([answer]))

    assert told(exchange) == []
    assert told(exchange) == told(exchange) == [(f"{ID}#1", D(90), D(1))]


def test_where_the_amount_is_missing_the_average_price_makes_it(exchange: KisOverseasExchange, stub: Stub) -> None:
    stub.says("GET", LIST, fine([filled(2, "", ft_ccld_unpr3="89.99500000")]))

    assert told(exchange) == [(f"{ID}#1", D("89.99"), D(1)), (f"{ID}#2", D("90.00"), D(1))]


def test_a_followed_order_of_an_earlier_day_is_looked_at(
    exchange: KisOverseasExchange, stub: Stub, clock: HandClock
) -> None:
    earlier = filled(3, "270", ord_dt="20260304", dmst_ord_dt="20260305")
    stub.says("GET", LIST, fine([row(7)]), fine([earlier]))
    exchange.follow(SYMBOL, "2026-03-04-40840")

    assert told(exchange) == [("2026-03-04-40840#3", D(90), D(3))]
    assert "ORD_STRT_DT=20260304&ORD_END_DT=20260305" in stub.asked_for(LIST)[1].query
