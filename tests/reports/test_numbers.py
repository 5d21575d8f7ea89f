"""Numbers on a page: rounded for the eye, and never to a wrong sign or to nothing."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reports import numbers

AMOUNTS = st.decimals(min_value=-(10**12), max_value=10**12, places=9)


@pytest.mark.parametrize(
    ("amount", "currency", "shown"),
    [
        ("1234567.5", "KRW", "1,234,568"),
        ("-0.4", "KRW", "-0.4"),
        ("0.00012", "KRW", "0.0001"),
        ("0", "KRW", "0"),
        ("-0.0", "KRW", "0"),
        ("1234.565", "USD", "1,234.57"),
        ("-0.004", "USD", "-0.004"),
        ("0", "USD", "0.00"),
    ],
)
def test_money_has_the_digits_of_its_currency(amount: str, currency: str, shown: str) -> None:
    assert numbers.money(Decimal(amount), currency) == shown


@pytest.mark.parametrize(
    ("value", "shown"),
    [("46377000.0", "46,377,000"), ("100.20020020", "100.2002"), ("0.12345678", "0.1234568"), ("0", "0"), ("98", "98")],
)
def test_a_price_has_the_digits_it_needs(value: str, shown: str) -> None:
    assert numbers.price(Decimal(value), "KRW") == shown


def test_a_quantity_keeps_every_digit() -> None:
    assert numbers.quantity(Decimal("1234.00012300")) == "1,234.000123"


@pytest.mark.parametrize(("text", "shown"), [("1,234", "+1,234"), ("-1", "-1"), ("0", "0"), ("0.00", "0.00")])
def test_a_gain_has_a_plus_and_nothing_has_no_sign(text: str, shown: str) -> None:
    assert numbers.signed(text) == shown


@given(amount=AMOUNTS, currency=st.sampled_from(["KRW", "USD"]))
def test_what_is_shown_has_the_sign_of_what_is(amount: Decimal, currency: str) -> None:
    shown = Decimal(numbers.money(amount, currency).replace(",", ""))

    assert (shown > 0, shown < 0) == (amount > 0, amount < 0)
