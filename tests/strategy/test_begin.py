"""How a grid begins: at the first price, at a trigger, with a balancing order or with holdings, or not at all."""

from dataclasses import replace
from decimal import Decimal

import pytest

from domain.book import DUST
from domain.errors import GridRefused
from domain.events import OwnerWish
from domain.order import OrderState
from strategy.base import Strategy
from strategy.grid.config import GridSettings, OrderSize, SizeUnit, Start, StopAction
from strategy.grid.grid import GridStrategy
from strategy.grid.state import GridState, Phase
from tests.strategy.desk import COIN, DEAR, FOUR, SIX, Desk

BALANCE = replace(SIX, start=Start.BALANCE)
ADOPT = replace(SIX, start=Start.ADOPT, adopt_qty=Decimal("1.7"))


def started(settings: GridSettings = FOUR, *, at: str = "10000") -> Desk:
    desk = Desk(settings)
    desk.price(at)
    return desk


def test_nothing_is_asked_before_the_first_price() -> None:
    desk = Desk(FOUR)

    desk.owner(OwnerWish.RESUME)

    assert (desk.asked(), desk.lines(), desk.state.phase) == ("", "", Phase.NO_PRICE)


def test_the_first_price_is_the_anchor_and_every_cell_below_it_buys() -> None:
    desk = started()

    assert desk.lines() == "9600 9700 9800 9900 10000"
    assert desk.asked() == "+buy 0.3 9900, +buy 0.2 9800, +buy 0.1 9700, +buy 0.0 9600"
    assert desk.stands() == "buying buying buying buying"
    assert desk.noted("lines_laid").why.plain_figures() == {
        "epoch": "0", "anchor": "10000", "lowest": "9600", "highest": "10000", "cells": "4", "money": "39000",
        "currency": "KRW",
    }  # fmt: skip


def test_a_second_price_moves_nothing() -> None:
    desk = started()

    desk.price(9990, 9950, 10040)

    assert (desk.asked(), desk.lines()) == ("", "9600 9700 9800 9900 10000")


def test_an_anchor_given_outright_wins_over_the_first_price() -> None:
    desk = started(replace(FOUR, anchor=Decimal(9000)), at="8600")

    assert desk.lines() == "8640 8730 8820 8910 9000"
    # Under the anchor, over the price: limits like any other, filled at once by a real market.
    assert desk.buys() == "8640 8730 8820 8910"


def test_cells_at_or_above_the_anchor_stay_empty_until_the_price_was_above_their_line() -> None:
    desk = started(SIX)
    assert desk.buys() == "9600 9700 9800 9900"
    assert (desk.why("0.4").code, desk.why("0.5").code) == ("waits_above", "waits_above")

    desk.price(10000)
    assert desk.asked() == ""
    desk.price(10005)
    assert desk.asked() == "+buy 0.4 10000"
    desk.price(9990)
    assert desk.buys() == "9600 9700 9800 9900 10000"


def test_a_price_above_the_given_anchor_lets_the_cells_between_buy() -> None:
    assert started(replace(SIX, anchor=Decimal(10000)), at="10050").buys() == "9600 9700 9800 9900 10000"


@pytest.mark.parametrize(
    ("first", "before", "reached"),
    [("10100", "10005", "10000"), ("10100", "10005", "9890"), ("9900", "9995", "10000"), ("9900", "9995", "10090")],
)
def test_a_trigger_is_reached_from_the_side_of_the_first_price(first: str, before: str, reached: str) -> None:
    desk = Desk(replace(FOUR, trigger=Decimal(10000)))

    desk.price(first, before)
    assert (desk.asked(), desk.lines(), desk.state.phase) == ("", "", Phase.TRIGGER)

    desk.price(reached)
    assert desk.lines() == "9600 9700 9800 9900 10000"


def test_a_trigger_at_the_first_price_is_reached_at_once() -> None:
    assert started(replace(FOUR, trigger=Decimal(10000))).lines() != ""


@pytest.mark.parametrize("strict", [False, True])
def test_what_cannot_be_placed_is_refused_everywhere(*, strict: bool) -> None:
    small = replace(FOUR, size=OrderSize(Decimal(4000), SizeUnit.MONEY), strict=strict)

    with pytest.raises(GridRefused, match=r"cell_too_small .*smallest=5001"):
        started(small)


def test_a_losing_gap_and_a_lack_of_cash_are_refused_together_where_money_is_at_stake() -> None:
    strict = replace(FOUR, gap=Decimal("0.0015"), free_cash=Decimal(20000), strict=True)
    desk = Desk(strict, replace(COIN, fees=DEAR))

    with pytest.raises(GridRefused) as refusal:
        desk.price(10000)

    codes = [fault.code for fault in refusal.value.faults]
    assert codes == ["gap_loses", "cash_short"]
    assert refusal.value.faults[1].plain_figures()["free"] == "20000"


def test_elsewhere_the_same_faults_are_loud_warnings() -> None:
    desk = Desk(replace(FOUR, gap=Decimal("0.0015"), free_cash=Decimal(20000)), replace(COIN, fees=DEAR))

    desk.price(10000)

    assert desk.warnings() == ["gap_loses", "cash_short"]
    assert len(desk.orders) == 4


def test_cash_that_just_reaches_is_enough_and_fees_count() -> None:
    # 9600 + 9700 + 9800 + 9900 = 39000, and 0.25 % of it.
    dear = replace(COIN, fees=DEAR)
    enough, short = (
        Desk(replace(FOUR, free_cash=Decimal("39097.5")), dear),
        Desk(replace(FOUR, free_cash=Decimal("39097.4")), dear),
    )

    enough.price(10000)
    short.price(10000)

    assert (enough.warnings(), short.warnings()) == ([], ["cash_short"])


def test_balancing_sends_one_order_for_all_cells_above_and_nothing_else() -> None:
    desk = started(BALANCE)

    # Two cells above, one coin each, at the price and five ticks.
    assert desk.asked() == "+buy start 10050"
    assert desk.orders["start"].qty == 2
    assert {desk.why(f"0.{k}").code for k in range(6)} == {"start_first"}
    desk.price(10000, 9900)
    assert desk.asked() == ""


def test_a_filled_balancing_order_gives_each_cell_its_lot_at_the_fills_price() -> None:
    desk = started(BALANCE)

    desk.fill("start", price="10010")

    assert desk.sells() == "10100 10200"
    assert desk.buys() == "9600 9700 9800 9900"
    assert [lot.price for lot in desk.book.lots["0.4"]] == [Decimal(10010)]
    assert desk.why("0.4").plain_figures()["bought_at"] == "10010"
    desk.fill("0.4")
    assert "10000" in desk.buys()  # what was served may buy again


def test_after_a_minute_the_rest_of_the_balancing_order_is_taken_back_and_shared_out() -> None:
    desk = started(BALANCE)
    desk.fill("start", "1.6")
    assert desk.asked() == ""
    desk.price(10000, after_s=60)
    assert desk.asked() == ""

    desk.price(10000, after_s=1)
    assert desk.asked() == "-start"
    desk.price(10000)
    assert desk.asked() == ""
    desk.confirm("start")

    assert (desk.book.held("0.4"), desk.book.held("0.5")) == (Decimal(1), Decimal("0.6"))
    assert desk.sells() == "10100 10200"


def test_what_the_balancing_order_left_under_the_minimum_is_dust() -> None:
    desk = started(BALANCE)
    desk.fill("start", "1.4")
    desk.price(10000, after_s=61)

    desk.confirm("start")

    assert (desk.sells(), desk.book.held("dust")) == ("10100", Decimal("0.4"))
    assert desk.why("0.5").code == "waits_above"
    assert desk.book.cycles == 0


def test_a_balancing_order_that_nothing_filled_leaves_its_cells_to_buy_only() -> None:
    desk = started(BALANCE)
    desk.price(10000, after_s=61)

    desk.confirm("start")

    assert (desk.buys(), desk.sells(), desk.why("0.4").code) == ("9600 9700 9800 9900", "", "waits_above")


def test_a_denied_balancing_order_lets_the_grid_begin_at_once() -> None:
    desk = started(BALANCE)

    desk.deny("start")

    assert (desk.buys(), desk.sells(), desk.state.phase) == ("9600 9700 9800 9900", "", Phase.RUNNING)


def test_a_cancel_of_the_balancing_order_that_came_to_nothing_is_asked_again() -> None:
    desk = started(BALANCE)
    desk.price(10000, after_s=61)

    desk.undo_cancel("start")
    assert desk.asked() == ""
    desk.price(10000)

    assert desk.asked() == "-start"


def test_a_balancing_order_without_an_answer_is_told_and_waited_for() -> None:
    desk = started(BALANCE)

    desk.lose("start")

    assert desk.warnings() == ["answer_lost"]
    assert desk.state.phase is Phase.BALANCING
    desk.fill("start")
    assert desk.sells() == "10100 10200"


def test_news_of_a_balancing_order_that_was_settled_changes_no_cell() -> None:
    desk = started(BALANCE)
    desk.price(10000, after_s=61)
    order = desk.end("start", OrderState.CANCELED)

    desk.late_fill(order, 1)

    assert (desk.book.position, desk.book.held(DUST), desk.sells()) == (Decimal(1), Decimal(1), "")


def test_an_end_of_the_balancing_order_that_is_told_twice_changes_nothing() -> None:
    desk = started(BALANCE)
    order = desk.orders["start"]
    desk.end("start", OrderState.CANCELED)
    resting = desk.buys()

    desk.orders["start"] = order
    desk.end("start", OrderState.CANCELED)

    assert (desk.buys(), desk.asked()) == (resting, "")


def test_the_grid_is_a_strategy_that_begins_without_a_price() -> None:
    def begun(strategy: Strategy[GridState]) -> str:
        return f"{strategy.symbol} {strategy.begin().phase}"

    assert begun(GridStrategy(COIN, FOUR)) == "KRW-BTC no_price"


@pytest.mark.parametrize("wish", [OwnerWish.PAUSE, OwnerWish.CANCEL_ALL])
def test_a_paused_start_sends_no_balancing_order(wish: OwnerWish) -> None:
    desk = Desk(BALANCE)
    desk.owner(wish)

    desk.price(10000)
    assert desk.asked() == ""

    desk.owner(OwnerWish.RESUME)
    assert desk.asked() == "+buy start 10050"


def test_a_stop_takes_the_balancing_order_back() -> None:
    desk = started(replace(BALANCE, stop_low=Decimal(9500), stop_low_action=StopAction.CANCEL))

    desk.price(9500)
    assert desk.asked() == ""
    desk.price(9490)
    assert desk.asked() == "-start"
    desk.confirm("start")
    assert (desk.orders, {desk.why(f"0.{k}").code for k in range(6)}) == ({}, {"stopped"})


def test_a_start_that_serves_no_cell_is_refused() -> None:
    for start in (Start.BALANCE, Start.ADOPT):
        with pytest.raises(GridRefused, match=f"start_serves_none start={start} price=10000 highest=10000"):
            started(replace(FOUR, start=start, adopt_qty=Decimal(1)))


def test_holdings_are_given_to_the_lowest_cells_first_and_the_last_lot_may_be_smaller() -> None:
    desk = started(ADOPT)

    assert (desk.book.held("0.4"), desk.book.held("0.5")) == (Decimal(1), Decimal("0.7"))
    assert (desk.sells(), desk.buys()) == ("10100 10200", "9600 9700 9800 9900")
    assert (desk.book.inventory(Decimal(10000)), desk.book.fees) == (Decimal(0), Decimal(0))
    assert desk.noted("adopted").why.plain_figures() == {"qty": "1.7", "base": "BTC", "price": "10000"}


def test_a_last_lot_under_the_minimum_is_not_the_bots() -> None:
    desk = started(replace(ADOPT, adopt_qty=Decimal("1.4")))

    assert (desk.book.position, desk.sells()) == (Decimal(1), "10100")


def test_more_than_the_cells_take_is_not_the_bots() -> None:
    assert started(replace(ADOPT, adopt_qty=Decimal(9))).book.position == 2


def test_holdings_that_fill_no_cell_are_refused() -> None:
    with pytest.raises(GridRefused, match=r"nothing_to_adopt qty=0\.4 base=BTC"):
        started(replace(ADOPT, adopt_qty=Decimal("0.4")))


def test_adopted_cells_need_no_money() -> None:
    desk = started(replace(ADOPT, free_cash=Decimal(39000), strict=True))

    assert desk.state.epoch is not None
    assert desk.state.epoch.capital == 39000


def test_where_nothing_is_to_be_bought_the_capital_is_what_the_lots_cost() -> None:
    # All lines at or above the price: 10100 is the lowest.
    settings = replace(SIX, anchor=Decimal(10500), steps=4, steps_above=0, start=Start.ADOPT, adopt_qty=Decimal(4))

    desk = started(settings, at="10000")

    assert desk.state.epoch is not None
    assert (desk.state.epoch.capital, desk.buys()) == (Decimal(42000), "")


def test_a_venue_that_was_out_of_reach_does_not_cost_the_balancing_order() -> None:
    desk = started(BALANCE)
    asked = desk.asked()

    desk.deny("start", "venue_not_reached", retry_after_s=2, passing=True)
    assert desk.asked() == ""
    desk.price(desk.state.last)

    assert desk.asked() == asked
