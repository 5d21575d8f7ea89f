"""Figures for people: rounded where a currency rounds, never changed otherwise; and where the stones stand."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.exact import plain
from domain.instrument import BUY
from domain.view import View
from tests.web.shown import full_view, order, snapshot
from web import digits
from web.board import LINES_MAX, WIDTH_PX, board

amounts = st.decimals(min_value=-(10**15), max_value=10**15, allow_nan=False, places=12)


@pytest.mark.parametrize(
    ("amount", "currency", "text"),
    [
        ("1234567.5", "KRW", "1,234,568"),
        ("-1234.5", "USD", "−1,234.50"),
        ("0", "KRW", "0"),
        ("-0.0", "USD", "0.00"),
        ("0.00123", "USD", "0.0012"),
        ("-0.4321", "KRW", "−0.43"),
        ("1E+3", "KRW", "1,000"),
    ],
)
def test_an_amount_is_rounded_as_its_currency_is(amount: str, currency: str, text: str) -> None:
    assert digits.money(Decimal(amount), currency) == text


@given(amount=amounts, currency=st.sampled_from(["KRW", "USD"]))
def test_rounding_never_hides_a_gain_or_a_loss(amount: Decimal, currency: str) -> None:
    text = digits.signed(amount, currency)

    assert text.startswith("+") == (amount > 0)
    assert text.startswith(digits.MINUS) == (amount < 0)
    shown = Decimal(text.replace(",", "").replace(digits.MINUS, "-"))
    assert abs(shown - amount) <= Decimal("0.5" if currency == "KRW" else "0.005")
    assert (shown == 0) == (amount == 0)


@given(number=amounts)
def test_grouping_changes_no_digit(number: Decimal) -> None:
    assert digits.grouped(number).replace(",", "").replace(digits.MINUS, "-") == plain(number)


def test_a_line_is_written_like_a_price() -> None:
    assert digits.like(Decimal("98.2012345"), Decimal("82.31"), "USD") == "98.20"
    assert digits.like(Decimal("65.5571"), Decimal(80), "USD") == "65.56"
    assert digits.like(Decimal("95500000.4"), Decimal(96000000), "KRW") == "95,500,000"
    assert digits.like(Decimal("95500000.4"), None, "KRW") == "95,500,000"


def test_people_read_korean_time() -> None:
    assert digits.korean_time(datetime(2026, 2, 28, 15, 0, 1, tzinfo=UTC)) == "2026-03-01 00:00:01"


def test_stones_stand_where_their_prices_are() -> None:
    laid = board(full_view())

    assert laid is not None
    # The example's orders stand on the grid's lines, all but the last.
    assert [stone.x_px for stone in laid.stones] == list(laid.lines_px[:-1])
    assert laid.last_px is not None
    assert laid.lines_px[6] < laid.last_px < laid.lines_px[7]


@given(
    count=st.integers(min_value=0, max_value=200),
    last=st.none() | st.integers(min_value=1, max_value=400),
    prices=st.lists(st.integers(min_value=1, max_value=400), max_size=5),
)
def test_the_board_holds_all_it_draws(count: int, last: int | None, prices: list[int]) -> None:
    lines = tuple(Decimal(100 + k) for k in range(count))
    shown = replace(snapshot(), lines=lines, last=None if last is None else Decimal(last))

    laid = board(View(shown, tuple(order(k, BUY, Decimal(price)) for k, price in enumerate(prices))))

    assert (laid is None) == (count < 2)
    if laid is not None:
        assert len(laid.lines_px) == min(count, LINES_MAX) == count - laid.hidden
        drawn = (*laid.lines_px, *(stone.x_px for stone in laid.stones), laid.last_px or 0)
        assert all(0 <= x_px <= WIDTH_PX for x_px in drawn)
        assert list(laid.lines_px) == sorted(laid.lines_px)


def test_a_line_that_stands_twice_is_drawn_once() -> None:
    twice = replace(snapshot(), lines=(Decimal(1), Decimal(1), Decimal(2)))

    laid = board(View(twice))

    assert laid is not None
    assert len(laid.lines_px) == 2
