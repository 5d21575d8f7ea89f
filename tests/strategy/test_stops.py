"""A stop fires on two prices in a row, does what its action says, and holds until the owner resumes."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from domain.events import OwnerWish
from strategy.grid.config import GridSettings, Profit, StopAction
from tests.strategy.desk import FOUR, Desk

LOW = replace(FOUR, stop_low=Decimal(9750))
SELL_OUT = replace(LOW, stop_low_action=StopAction.CANCEL_SELL)
HIGH = replace(FOUR, stop_high=Decimal(10050), stop_high_action=StopAction.CANCEL)


def running(settings: GridSettings) -> Desk:
    desk = Desk(settings)
    desk.price(10000)
    return desk


def holding(settings: GridSettings) -> Desk:
    desk = running(settings)
    desk.fill("0.3")
    return desk


@pytest.mark.parametrize(
    ("settings", "prices", "fires"),
    [
        (LOW, "9750 9740", "stop_low_pause"),
        (LOW, "9750", ""),
        (LOW, "9750 9755 9750", ""),
        (LOW, "9755 9755", ""),
        (HIGH, "10050 10050", "stop_high_cancel"),
        (HIGH, "10050 10045 10050", ""),
    ],
)
def test_a_price_limit_fires_on_two_prices_in_a_row(settings: GridSettings, prices: str, fires: str) -> None:
    desk = running(settings)

    desk.price(*prices.split())

    assert desk.warnings() == ([fires] if fires else [])


def test_pause_leaves_what_rests_and_buys_no_more() -> None:
    desk = holding(LOW)
    desk.price(9750, 9740)
    assert desk.asked() == ""
    assert desk.buys() == "9600 9700 9800"

    desk.fill("0.3")  # the sell at 10000

    assert (desk.asked(), desk.why("0.3").code) == ("", "paused")
    desk.price(10000, 10000)
    assert desk.asked() == ""
    desk.owner(OwnerWish.RESUME)
    assert desk.asked() == "+buy 0.3 9900"


def test_a_pause_still_answers_a_buy_that_fills() -> None:
    desk = running(LOW)
    desk.price(9750, 9740)

    desk.fill("0.3")

    assert desk.asked() == "+sell 0.3 10000"


def test_a_paused_buy_that_would_have_to_move_is_taken_back_for_good() -> None:
    desk = running(FOUR)
    desk.fill("0.3")
    desk.owner(OwnerWish.PAUSE)
    desk.fill("0.3")
    desk.owner(OwnerWish.RESUME)
    desk.owner(OwnerWish.PAUSE)

    desk.fill("0.2")
    assert desk.asked() == "-0.3"
    desk.confirm()

    assert (desk.asked(), desk.why("0.3").code) == ("+sell 0.2 9900", "paused")


def test_cancel_takes_every_own_order_back_and_keeps_the_lots() -> None:
    desk = holding(replace(LOW, stop_low_action=StopAction.CANCEL))

    desk.price(9750, 9740)
    assert desk.canceling() == "0.0 0.1 0.2 0.3"
    desk.confirm()

    assert (desk.orders, desk.book.position, desk.stands()) == ({}, Decimal(1), "empty empty empty held")
    assert {desk.why(f"0.{k}").code for k in range(4)} == {"stopped"}
    desk.price(9900, 9900)
    assert desk.asked() == ""


def test_cancel_sell_offers_each_lot_five_ticks_under_the_last_price() -> None:
    desk = holding(SELL_OUT)

    desk.price(9750, 9742)
    assert desk.canceling() == "0.0 0.1 0.2 0.3"
    desk.confirm()

    # 9742 is rounded up to 9745, less five ticks of 5.
    assert (desk.sells(), desk.buys()) == ("9720", "")
    assert (desk.why("0.3").code, desk.why("0.2").code) == ("stop_sells", "stopped")


def test_the_offer_is_renewed_after_sixty_seconds_and_not_before() -> None:
    desk = holding(SELL_OUT)
    desk.price(9750, 9745)
    desk.confirm()

    desk.price(9500, after_s=59)
    assert desk.asked() == ""
    desk.price(9500)
    assert desk.asked() == "-0.3"
    desk.confirm()

    assert desk.sells() == "9475"


def test_after_selling_out_nothing_is_bought_until_the_owner_resumes() -> None:
    desk = holding(SELL_OUT)
    desk.price(9750, 9745)
    desk.confirm()

    desk.fill("0.3")
    desk.price(10000, 10000)
    assert (desk.orders, desk.book.position) == ({}, Decimal(0))

    desk.owner(OwnerWish.RESUME)
    assert desk.buys() == "9600 9700 9800 9900"


def test_an_offer_too_small_for_the_venue_is_not_made() -> None:
    desk = running(replace(SELL_OUT, stop_low=Decimal(7000)))
    desk.price(9900)
    desk.fill("0.3", "0.6")
    desk.price(7000, 7000)

    desk.confirm()

    # 0.6 coins at 6975 are less than 5000 won; at 10000 they can be sold, so they are no dust.
    assert (desk.orders, desk.book.held("0.3"), desk.why("0.3").code) == ({}, Decimal("0.6"), "lot_too_small")


def test_the_strongest_action_wins_and_a_weaker_one_does_not_loosen_it() -> None:
    both = replace(SELL_OUT, drawdown_pct=Decimal("0.5"), drawdown_action=StopAction.PAUSE)
    desk = holding(both)

    desk.price(9700, 9700, 9700)

    assert desk.warnings() == ["stop_low_cancel_sell"]
    assert (desk.state.stops.action, desk.state.stops.by) == (StopAction.CANCEL_SELL, "stop_low")


def test_a_stronger_action_takes_over_from_a_weaker_one() -> None:
    desk = holding(replace(SELL_OUT, stop_low=Decimal(9600), drawdown_pct=Decimal("0.5")))

    # 195 under the price of the lot is half a percent of the capital of 39000.
    desk.price(9705, 9705)
    assert desk.warnings() == ["drawdown_pause"]
    desk.price(9600, 9600)

    assert desk.warnings() == ["drawdown_pause", "stop_low_cancel_sell"]


def test_drawdown_is_the_fall_from_the_highest_total_over_the_capital() -> None:
    # Capital 39000, one percent is 390. The lot of 9900 was worth 200 more at its peak.
    desk = holding(replace(FOUR, drawdown_pct=Decimal(1), drawdown_action=StopAction.CANCEL))
    desk.price(10100, 9715, 9715)
    assert desk.warnings() == []

    desk.price(9710, 9710)

    assert desk.warnings() == ["drawdown_cancel"]
    assert desk.noted("drawdown_cancel").why.plain_figures() == {"price": "9710", "total": "-190", "peak": "200"}


def test_without_a_fall_there_is_no_drawdown() -> None:
    desk = running(replace(FOUR, drawdown_pct=Decimal(0), drawdown_action=StopAction.CANCEL))

    desk.price(10000, 9950)

    assert desk.warnings() == []


@pytest.mark.parametrize("goal", [Profit(Decimal(195), is_pct=False), Profit(Decimal("0.5"), is_pct=True)])
def test_take_profit_counts_money_or_percent_of_the_capital(goal: Profit) -> None:
    desk = holding(replace(FOUR, take_profit=goal, take_profit_action=StopAction.CANCEL_SELL))

    desk.price(10094, 10094)
    assert desk.warnings() == []
    desk.price(10095, 10095)

    assert desk.warnings() == ["take_profit_cancel_sell"]


def test_the_owner_may_pause_and_take_everything_back() -> None:
    desk = holding(FOUR)

    desk.owner(OwnerWish.PAUSE)
    assert (desk.asked(), desk.noted("owner_pause").slot) == ("", "grid")
    desk.fill("0.3")
    assert desk.asked() == ""
    desk.owner(OwnerWish.CANCEL_ALL)
    assert desk.canceling() == "0.0 0.1 0.2"
    desk.confirm()
    desk.price(10000)
    assert desk.orders == {}

    desk.owner(OwnerWish.RESUME)
    assert desk.buys() == "9600 9700 9800 9900"


def test_a_resumed_grid_stops_again_only_after_two_prices() -> None:
    desk = running(LOW)
    desk.price(9750, 9750)
    desk.owner(OwnerWish.RESUME)

    desk.price(9750)
    assert desk.state.stops.action is None
    desk.price(9750)

    assert desk.warnings() == ["stop_low_pause", "stop_low_pause"]


def test_the_owners_word_is_not_overridden_while_the_same_limit_goes_on_being_met() -> None:
    desk = holding(SELL_OUT)
    desk.price(9700, 9700)
    desk.confirm()
    desk.owner(OwnerWish.CANCEL_ALL)
    desk.confirm()

    desk.price(9690, 9680, after_s=61)

    assert (desk.state.stops.by, desk.sells()) == ("owner", "")


@pytest.mark.parametrize("settings", [LOW, replace(FOUR, drawdown_pct=Decimal(0), drawdown_action=StopAction.CANCEL)])
def test_a_trade_that_is_told_again_and_again_fires_no_stop(settings: GridSettings) -> None:
    desk = holding(settings)
    desk.price(9750)
    for _ in range(5):
        desk.retell(9750)
    assert desk.warnings() == []

    desk.price(9750)

    assert len(desk.warnings()) == 1


def test_prices_from_before_the_last_trade_fire_no_stop() -> None:
    desk = running(LOW)
    before = desk.now
    desk.price(9950)

    desk.retell(9750, before + timedelta(milliseconds=300))
    desk.retell(9750, before + timedelta(milliseconds=600))

    assert desk.warnings() == []


def test_an_old_price_in_between_does_not_end_the_counting() -> None:
    desk = running(LOW)
    desk.price(9750)

    desk.retell(9800)
    desk.price(9740)

    assert desk.warnings() == ["stop_low_pause"]


def test_the_owners_word_is_not_overridden_by_a_trade_that_is_told_again() -> None:
    desk = holding(SELL_OUT)
    desk.price(9700, 9700)
    desk.confirm()
    desk.owner(OwnerWish.CANCEL_ALL)
    desk.confirm()

    desk.retell(9700)

    assert (desk.state.stops.by, desk.sells()) == ("owner", "")
