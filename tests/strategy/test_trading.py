"""A filled buy is answered one line up, never across an own order, and what is filled in part is sold in part."""

from dataclasses import replace
from decimal import Decimal

import pytest

from domain.order import OrderState
from strategy.grid.config import GridSettings, OrderSize, SizeUnit, Spacing
from tests.strategy.desk import COIN, DEAR, FOUR, SIX, Desk

# Thirty lines of which ten a side may rest: 7000 7100 … 10000.
THIRTY = GridSettings(steps=30, spacing=Spacing.ARITHMETIC, size=OrderSize(Decimal(1), SizeUnit.BASE))


def running(settings: GridSettings = FOUR, *, first: str = "10000") -> Desk:
    desk = Desk(settings)
    desk.price(first)
    return desk


def held_below() -> Desk:
    """The cell at 9900 was bought and sold again; the one at 9800 was bought and sells at 9900."""
    desk = running()
    desk.price(9850)
    desk.fill("0.3")
    desk.fill("0.3")
    desk.price(9800)
    desk.fill("0.2")
    return desk


def test_a_filled_buy_is_answered_by_a_sell_one_line_up_before_the_next_price() -> None:
    desk = running()

    desk.fill("0.3")

    assert desk.asked() == "+sell 0.3 10000"
    assert desk.orders["0.3"].qty == 1
    assert desk.why("0.3").plain_figures() == {
        "line": "10000", "bought_at": "9900", "price": "10000", "qty": "1", "last": "10000", "currency": "KRW",
    }  # fmt: skip
    assert desk.stands() == "buying buying buying selling"


def test_a_sale_counts_a_cycle_and_the_cell_buys_again() -> None:
    desk = Desk(FOUR, replace(COIN, fees=DEAR))
    desk.price(10000)
    desk.fill("0.3")

    desk.fill("0.3")

    assert desk.asked() == "+buy 0.3 9900"
    assert desk.book.matched == 100 - Decimal("24.75") - 25
    assert (desk.book.cycles, desk.cell("0.3").cycle, desk.orders["0.3"].key.cycle) == (1, 1, 1)


def test_a_sell_answers_exactly_what_was_filled() -> None:
    desk = running(replace(FOUR, size=OrderSize(Decimal(10000), SizeUnit.MONEY)))

    desk.fill("0.3")

    assert desk.orders["0.3"].qty == Decimal("1.01010101")


def test_a_buy_in_the_way_of_an_own_sell_yields_before_the_sell_is_placed() -> None:
    desk = held_below()

    # The sell at 9900 waits for the proof that the buy at 9900 is gone.
    assert (desk.asked(), desk.sells(), desk.canceling()) == ("-0.3", "", "0.3")
    assert desk.noted("price_moves").why.plain_figures() == {"side": "buy", "former": "9900", "price": "9895"}
    desk.price(9810)
    assert (desk.asked(), desk.sells()) == ("", "")

    desk.confirm()

    assert desk.asked() == "+sell 0.2 9900, +buy 0.3 9895"
    assert desk.why("0.3").code == "yields_to_own_sell"


def test_a_buy_that_yielded_returns_to_its_own_price_when_nothing_is_in_its_way() -> None:
    desk = held_below()
    desk.confirm()

    desk.fill("0.2")
    assert desk.asked() == "-0.3, +buy 0.2 9800"
    desk.confirm()

    assert desk.asked() == "+buy 0.3 9900"
    assert desk.why("0.3").code == "buys_at_line"


def test_several_buys_in_the_way_step_down_from_the_lowest_line_up() -> None:
    desk = running()
    desk.fill("0.3")
    desk.fill("0.2", price="9700")
    desk.fill("0.3")
    desk.price(9700)
    desk.fill("0.1")
    desk.confirm()
    # Held: 9700 sells at 9800 and 9800 at 9900. The buy of 9900 stands a tick under the lower of them.
    assert (desk.sells(), desk.buys()) == ("9800 9900", "9600 9795")

    desk.fill("0.2")
    desk.confirm()

    # 9800 and 9900 are both in the way of the sell at 9800.
    assert (desk.sells(), desk.orders["0.2"].price, desk.orders["0.3"].price) == ("9800", Decimal(9795), Decimal(9790))


def test_where_the_owner_allows_it_own_orders_may_meet() -> None:
    desk = running(replace(FOUR, own_cross=True))
    desk.fill("0.3")
    desk.fill("0.3")

    desk.fill("0.2")

    assert desk.asked() == "+sell 0.2 9900"
    assert desk.buys() == "9600 9700 9900"


def test_a_buy_that_finds_no_room_under_an_own_sell_is_not_placed() -> None:
    # One won apart at the lowest prices: lines 1 2 3, and a sell at 2 leaves 1 to the first buy, 0 to the second.
    desk = Desk(
        replace(FOUR, steps=3, anchor=Decimal(4), gap=Decimal("0.25"), size=OrderSize(Decimal(9000), SizeUnit.BASE))
    )
    desk.price(4)
    desk.fill("0.0", price=1)
    desk.confirm()

    assert (desk.sells(), desk.buys()) == ("2", "1")
    assert desk.why("0.2").code == "no_room_under_own_sell"


def test_a_partly_filled_buy_rests_on_until_the_price_reaches_its_sell_line() -> None:
    desk = running()
    desk.price(9800)
    desk.fill("0.2", "0.6")
    assert (desk.asked(), desk.cell("0.2").stands(desk.book)) == ("", "buying")
    desk.price(9895)
    assert desk.asked() == ""

    desk.price(9900)
    # Its part is to be sold at 9900, so the buy that rests there yields as well.
    assert desk.asked() == "-0.2, -0.3"
    desk.price(9910)
    assert desk.asked() == ""
    desk.confirm("0.2")
    assert desk.sells() == ""
    desk.confirm("0.3")
    assert (desk.sells(), desk.orders["0.2"].qty) == ("9900", Decimal("0.6"))


def test_the_price_before_a_partial_fill_does_not_end_it() -> None:
    # The news of the fill came before the price that brought it: the last price known is still the sell line.
    desk = running()
    desk.fill("0.3", "0.6")
    assert desk.asked() == ""

    desk.price(9900)

    assert desk.asked() == ""


def test_an_overtaken_part_whose_cancel_came_to_nothing_is_taken_back_again() -> None:
    desk = running()
    desk.fill("0.3", "0.6")
    desk.price(10000)
    desk.price(9950)

    desk.undo_cancel("0.3")
    assert desk.asked() == ""
    desk.price(9950)

    assert desk.asked() == "-0.3"


def test_a_buy_that_fills_while_it_is_taken_back_is_answered_in_full() -> None:
    desk = running()
    desk.fill("0.3", "0.6")
    desk.price(10000)
    assert desk.asked() == "-0.3"

    desk.fill("0.3")

    assert (desk.asked(), desk.orders["0.3"].qty) == ("+sell 0.3 10000", Decimal(1))


def test_a_part_under_the_minimum_is_dust_and_the_cell_is_empty_again() -> None:
    desk = running()
    desk.price(9900)
    desk.fill("0.3", "0.3")
    desk.price(10000)

    desk.confirm("0.3")

    assert (desk.book.held("dust"), desk.book.held("0.3"), desk.book.cycles) == (Decimal("0.3"), Decimal(0), 0)
    assert desk.asked() == "+buy 0.3 9900"
    assert (desk.cell("0.3").cycle, desk.stands()) == (0, "buying buying buying buying")
    assert desk.noted("dust").why.plain_figures() == {"qty": "0.3", "price": "10000", "base": "BTC"}


def test_a_sells_rest_under_the_minimum_rests_on_until_it_is_sold() -> None:
    desk = running()
    desk.fill("0.3")

    desk.fill("0.3", "0.7")
    assert (desk.asked(), desk.sells()) == ("", "10000")
    desk.price(9990)
    assert desk.asked() == ""
    desk.fill("0.3")

    assert (desk.book.position, desk.book.cycles, desk.book.matched) == (Decimal(0), 1, Decimal(100))


def test_a_sells_rest_under_the_minimum_is_dust_and_counts_the_cycle_that_was_sold() -> None:
    desk = running()
    desk.fill("0.3")
    desk.fill("0.3", "0.7")

    desk.end("0.3", OrderState.EXPIRED)

    assert desk.book.held("dust") == Decimal("0.3")
    assert (desk.book.cycles, desk.cell("0.3").cycle) == (1, 1)
    assert desk.asked() == "+buy 0.3 9900"
    assert desk.book.matched == 70


def test_the_rest_of_a_sell_that_ended_early_is_placed_again() -> None:
    desk = running()
    desk.fill("0.3")
    desk.fill("0.3", "0.4")
    assert (desk.asked(), desk.stands()) == ("", "buying buying buying selling")

    desk.end("0.3", OrderState.CANCELED)

    assert (desk.asked(), desk.orders["0.3"].qty) == ("+sell 0.3 10000", Decimal("0.6"))
    assert desk.book.cycles == 0


def test_ten_a_side_become_real_and_two_more_may_stay() -> None:
    desk = running(THIRTY)
    assert (len(desk.orders), desk.buys().split()[0]) == (10, "9000")
    assert desk.why("0.19").plain_figures() == {"rank": "11", "line": "8900", "last": "10000", "currency": "KRW"}

    # From there 8900 is rank 9; 9900 has become rank 12, rests and stays; 8800 is rank 11, does not rest and waits.
    desk.price(9340)
    assert desk.asked() == "+buy 0.19 8900"
    assert (len(desk.orders), desk.why("0.18").code) == (11, "virtual")


def test_an_order_beyond_rank_twelve_is_taken_back_and_told() -> None:
    desk = running(THIRTY)
    for slot in ("0.29", "0.28", "0.27"):
        desk.fill(slot)
    assert desk.buys() == "8700 8800 8900 9000 9100 9200 9300 9400 9500 9600"

    # Sold one by one, the cells above buy again; the farthest orders rest as ranks 11 and 12, then give up their place.
    canceled = []
    for slot in ("0.27", "0.28", "0.29"):
        desk.fill(slot)
        canceled.append(desk.canceling())

    assert canceled == ["", "", "0.17"]
    assert desk.noted("virtual").why.plain_figures()["rank"] == "13"
    # The nearest joins only when the farthest is gone: never more than twelve rest.
    assert len(desk.orders) == 12
    desk.confirm()
    assert len(desk.orders) == 12
    assert desk.asked() == "+buy 0.29 9900"


def test_no_limit_lets_all_cells_rest() -> None:
    assert len(running(replace(THIRTY, open_orders_max=0)).orders) == 30


def test_of_two_lines_equally_near_the_lower_goes_first() -> None:
    desk = running(replace(SIX, anchor=Decimal(9700), steps=2, open_orders_max=1), first="9603")
    lines = [Decimal(line) for line in desk.lines().split()]
    middle = (lines[1] + lines[2]) / 2

    desk.confirm()
    far = running(replace(SIX, anchor=Decimal(9700), steps=2, open_orders_max=1), first=str(middle))

    assert desk.orders.keys() == {"0.1"}
    assert far.orders.keys() == {"0.1"}


@pytest.mark.parametrize("slot", ["0.0", "0.3"])
def test_every_wish_carries_its_reason_with_figures(slot: str) -> None:
    desk = running()
    why = desk.why(slot)

    assert why.code == "buys_at_line"
    assert set(why.plain_figures()) == {"line", "sells_at", "price", "qty", "last", "currency"}
    assert why.plain_figures()["last"] == "10000"
