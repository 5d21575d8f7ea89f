"""Formulas: the worked examples to the last digit, and nothing is ever divided by zero."""

from datetime import timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.book import Book, Lot
from domain.instrument import Side
from domain.order import Fill
from reports.formulas import BreakEvens, Yields, apr, break_evens, days_between, falls, held, lot_break_even, yields
from tests.reports.books import BEGIN

FEE = Decimal("0.001")
D = Decimal


def traded(*steps: tuple[Side, str, str]) -> Book:
    """Book one unit at each step: side, price and slot, at 0.1 %."""
    book = Book()
    for n, (side, price, slot) in enumerate(steps):
        book = book.booked(slot, side, Fill(f"f{n}", D(price), D(1), D(price) * FEE, BEGIN))
    return book


BUY, SELL = Side.BUY, Side.SELL
ONE_ROUND = traded((BUY, "100", "c2"), (BUY, "98", "c1"), (SELL, "100", "c1"))


def test_three_rounds_leave_the_figures_of_the_sheet() -> None:
    book = traded(
        (BUY, "100", "c3"),
        (BUY, "98", "c2"),
        (SELL, "102", "c3"),
        (BUY, "96", "c1"),
        (SELL, "98", "c1"),
        (SELL, "100", "c2"),
        (BUY, "98", "c2"),
    )

    last = D(97)
    assert (book.matched, book.inventory(last), book.total(last), book.fees) == (
        D("5.406"),
        D("-1.098"),
        D("4.308"),
        D("0.692"),
    )


def test_one_round_with_a_lot_left_has_three_break_evens() -> None:
    (lot,) = ONE_ROUND.lots["c2"]
    evens = break_evens(ONE_ROUND, FEE)
    of_the_lot = lot_break_even(lot, FEE)

    assert (ONE_ROUND.matched, ONE_ROUND.inventory(D(99)), ONE_ROUND.total(D(99))) == (
        D("1.802"),
        D("-1.1"),
        D("0.702"),
    )
    assert of_the_lot is not None
    assert evens.bot is not None
    assert round(of_the_lot, 4) == D("100.2002")
    assert evens.lot == of_the_lot
    assert round(evens.bot, 4) == D("98.3964")


def test_the_average_of_two_lots_is_between_them() -> None:
    # By average cost the sheet's round leaves a unit that cost 99.099: the same as half of two lots at 100 and 98.
    book = traded((BUY, "100", "c2"), (BUY, "98", "c1"))

    evens = break_evens(book, FEE)
    assert evens.average is not None
    assert round(evens.average, 4) == D("99.1982")
    (lowest,) = book.lots["c1"]
    assert evens.lot == lot_break_even(lowest, FEE)


def test_a_sale_at_the_bots_break_even_leaves_nothing_won_or_lost() -> None:
    price = break_evens(ONE_ROUND, FEE).bot
    assert price is not None

    sold = ONE_ROUND.booked("c2", Side.SELL, Fill("last", price, D(1), price * FEE, BEGIN))

    assert abs(sold.matched) < D("1e-11")


def test_what_was_taken_over_counts_in_the_bots_break_even() -> None:
    assert break_evens(Book().adopted("c1", D(2), D(50)), D(0)).bot == 50


def test_holding_nothing_there_is_no_break_even() -> None:
    assert break_evens(Book(), FEE) == BreakEvens()
    assert lot_break_even(Lot(D(0), D(1), D(0)), FEE) is None


def test_yields_are_parts_of_the_capital_and_simple_rates_of_a_year() -> None:
    made = yields(ONE_ROUND, D(99), D(1000), D(73))

    assert (made.matched, made.inventory, made.total) == (D("0.001802"), D("-0.0011"), D("0.000702"))
    assert (made.grid_apr, made.total_apr) == (D("0.00901"), D("0.00351"))


def test_a_yearly_rate_needs_a_week() -> None:
    assert apr(D("0.01"), D("6.99")) is None
    assert apr(D("0.01"), D(7)) == D("0.521428571429")
    assert apr(D("0.01"), None) is None


@pytest.mark.parametrize("capital", [None, D(0)])
def test_without_capital_there_are_no_yields(capital: Decimal | None) -> None:
    assert yields(ONE_ROUND, D(99), capital, D(30)) == Yields()


def test_days_are_counted_with_their_fraction() -> None:
    assert days_between(BEGIN, BEGIN + timedelta(days=2, hours=12)) == D("2.5")
    assert days_between(BEGIN, BEGIN) == 0


def test_holding_grows_with_the_price() -> None:
    benchmark = held(D(10_000), D(50), D(60))

    assert (benchmark.value, benchmark.pnl) == (D(12_000), D(2000))


def test_a_fall_is_measured_from_the_peak_and_a_loss_at_once_from_nothing() -> None:
    assert list(falls([D(-1), D(3), D(1), D(4), D(4)])) == [D(-1), D(0), D(-2), D(0), D(0)]


@given(
    prices=st.lists(st.decimals(min_value=1, max_value=10**9, places=3), min_size=1, max_size=6),
    last=st.decimals(min_value=1, max_value=10**9, places=3),
)
def test_total_is_matched_and_inventory_and_break_evens_are_positive_while_nothing_is_sold(
    prices: list[Decimal], last: Decimal
) -> None:
    book = traded(*((BUY, str(price), f"c{n}") for n, price in enumerate(prices)))
    evens = break_evens(book, FEE)

    assert book.total(last) == book.matched + book.inventory(last)
    assert evens.average == evens.bot
    assert evens.bot is not None
    assert evens.bot > min(prices)
