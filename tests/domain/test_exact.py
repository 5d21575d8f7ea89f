"""Numbers keep every digit and leave us in plain notation."""

import decimal
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.exact import SPLIT_UNIT, plain, portion
from domain.money import Money

ANY = st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**20), max_value=10**20)
AMOUNTS = st.decimals(min_value=-(10**6), max_value=10**6, places=8)
QTYS = st.decimals(min_value=Decimal("0.00000001"), max_value=10**6, places=8)


@given(number=ANY)
def test_plain_notation_has_no_exponent_and_no_trailing_zeros(number: Decimal) -> None:
    text = plain(number)

    assert Decimal(text) == number
    assert set(text) <= set("-0123456789.")
    assert not ("." in text and text[-1] in "0.")
    assert text != "-0"


@pytest.mark.parametrize(
    ("number", "text"),
    [("1E+6", "1000000"), ("0E-8", "0"), ("-0.00", "0"), ("1.500", "1.5"), ("1E-12", "0.000000000001"), ("100", "100")],
)
def test_plain_notation_of_well_known_numbers(number: str, text: str) -> None:
    assert plain(Decimal(number)) == text


def test_a_product_of_real_prices_and_quantities_loses_no_digit() -> None:
    price, qty, rate = Decimal("123456789.123456789012"), Decimal("98765.12345678"), Decimal("0.00123456")

    product = price * qty * rate

    units = (123456789123456789012 * 9876512345678 * 123456, 12 + 8 + 8)
    assert product == Decimal(units[0]).scaleb(-units[1])
    assert decimal.getcontext().prec >= 100


@given(amount=AMOUNTS, whole=QTYS, share=st.integers(0, 10**6))
def test_the_parts_of_an_amount_add_up_to_it(amount: Decimal, whole: Decimal, share: int) -> None:
    part = whole * share / 10**6

    one, other = portion(amount, part, whole), portion(amount, whole - part, whole)

    assert abs(one + other - amount) <= SPLIT_UNIT
    assert abs(one * whole - amount * part) <= SPLIT_UNIT * whole
    assert portion(amount, whole, whole) == amount


def test_a_share_that_ends_is_exact_and_one_that_does_not_is_rounded_to_eight_decimals() -> None:
    assert portion(Decimal("0.000000001"), Decimal(1), Decimal(4)) == Decimal("0.00000000025")
    assert portion(Decimal(1), Decimal(1), Decimal(3)) == Decimal("0.33333333")
    assert portion(Decimal(-2), Decimal(1), Decimal(3)) == Decimal("-0.66666667")


@given(one=AMOUNTS, other=AMOUNTS)
def test_money_of_one_currency_adds_and_subtracts_exactly(one: Decimal, other: Decimal) -> None:
    total = Money(one, "KRW") + Money(other, "KRW")

    assert total.amount == one + other
    assert total - Money(other, "KRW") == Money(one, "KRW")
    assert -total == Money(Decimal(0), "KRW") - total


def test_money_of_two_currencies_is_never_mixed() -> None:
    won, dollars = Money(Decimal(1300), "KRW"), Money(Decimal(1), "USD")

    with pytest.raises(ValueError, match="KRW and USD"):
        won + dollars
    with pytest.raises(ValueError, match="USD and KRW"):
        dollars - won


def test_money_is_shown_in_plain_notation() -> None:
    assert str(Money(Decimal("1.500E+3"), "KRW")) == "1500 KRW"
