"""With REINVEST the size of what is still to be placed grows once a day with what the epoch has earned."""

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from strategy.grid.config import GridSettings, OrderSize, SizeUnit
from tests.strategy.desk import FOUR, Desk

DAY_S = 24 * 3600
COINS = replace(FOUR, reinvest=True)
MONEY = replace(COINS, size=OrderSize(Decimal(10000), SizeUnit.MONEY))


def earned(settings: GridSettings) -> Desk:
    """One cycle of 100 won a coin; the cell at 9900 has sold and buys again."""
    desk = Desk(settings)
    desk.price(10000)
    desk.fill("0.3")
    desk.fill("0.3")
    desk.price(9950)
    return desk


def test_on_the_day_it_was_earned_nothing_grows() -> None:
    desk = earned(COINS)

    assert desk.cell("0.3").qty == 1


@pytest.mark.parametrize(
    ("settings", "qty"),
    # 100 on a capital of 39000; in money 101 on about 40000: 10025 won, which buy 10025 / 9900 coins.
    [(COINS, "1.00256410"), (MONEY, "1.01262626")],
    ids=["coins", "money"],
)
def test_from_the_next_day_on_what_is_placed_is_bigger_by_what_was_earned(settings: GridSettings, qty: str) -> None:
    desk = earned(settings)

    desk.price(9950, after_s=DAY_S)
    assert desk.asked() == ""  # what rests is left alone
    desk.fill("0.3")
    desk.fill("0.3")

    assert desk.orders["0.3"].qty == Decimal(qty)


def test_a_loss_never_shrinks_the_size() -> None:
    desk = Desk(COINS)
    desk.price(10000)
    desk.fill("0.3")
    desk.fill("0.3", price="9000")
    assert desk.book.matched == -900

    desk.price(9950, after_s=DAY_S)

    assert desk.cell("0.3").qty == 1


def test_a_held_cell_keeps_its_size_until_it_has_sold() -> None:
    desk = earned(COINS)
    desk.fill("0.3")

    desk.price(9950, after_s=DAY_S)

    assert (desk.cell("0.3").qty, desk.cell("0.2").qty) == (Decimal(1), Decimal("1.00256410"))


def test_the_size_is_fixed_once_a_day() -> None:
    desk = earned(COINS)
    desk.price(9950, after_s=DAY_S)
    desk.fill("0.3")
    desk.fill("0.3")

    desk.price(9950)

    assert desk.cell("0.0").qty == Decimal("1.00256410")


def test_for_shares_the_day_is_the_session() -> None:
    desk = earned(COINS)

    desk.open_session(date(2025, 3, 4))
    desk.price(9950)

    assert desk.cell("0.0").qty == Decimal("1.00256410")
