"""Changed settings begin a new epoch: buys go first, held lots keep their sells, the cells around them wait."""

from dataclasses import replace
from decimal import Decimal

import pytest

from domain.errors import GridRefused
from domain.events import OwnerWish
from domain.order import OrderState
from strategy.grid.config import GridSettings, OrderSize, SizeUnit, StopAction
from strategy.grid.state import Phase
from tests.strategy.desk import COIN, DEAR, FOUR, SIX, Desk

WIDER = replace(FOUR, gap=Decimal("0.02"))


def holding() -> Desk:
    """The cell at 9900 is held and sells at 10000; the price is 9890."""
    desk = Desk(FOUR)
    desk.price(10000)
    desk.fill("0.3")
    desk.price(9890)
    return desk


@pytest.mark.parametrize(
    "changed",
    [
        replace(FOUR, gap=Decimal("0.011")),
        replace(FOUR, steps=5),
        replace(FOUR, steps_above=1),
        replace(FOUR, size=OrderSize(Decimal(2), SizeUnit.BASE)),
    ],
    ids=["gap", "steps", "steps above", "size"],
)
def test_a_changed_shape_takes_the_buys_back_and_lays_new_lines(changed: GridSettings) -> None:
    desk = holding()
    desk.settings = changed

    desk.price(9890)
    assert desk.asked() == "-0.0, -0.1, -0.2"
    assert desk.sells() == "10000"
    desk.confirm()

    assert desk.state.epoch is not None
    assert (desk.state.epoch.number, desk.state.epoch.anchor) == (1, Decimal(10000))
    assert len(desk.state.cells) == changed.steps + changed.steps_above
    assert desk.sells() == "10000"


def test_what_is_no_shape_changes_without_a_new_epoch() -> None:
    desk = holding()
    desk.settings = replace(FOUR, stop_low=Decimal(9000), stop_low_action=StopAction.CANCEL, open_orders_max=5)

    desk.price(9890)

    assert desk.asked() == ""


def test_the_cell_around_a_lot_of_before_waits_until_it_is_sold() -> None:
    desk = holding()
    desk.settings = WIDER
    desk.price(9890)
    desk.confirm()

    # New lines 9200 9400 9600 9800 10000: the sell at 10000 closes the gap of the highest cell.
    assert desk.lines() == "9200 9400 9600 9800 10000"
    assert (desk.buys(), desk.sells(), desk.why("1.3").code) == ("9200 9400 9600", "10000", "legacy_sell")

    desk.fill("0.3")

    assert (desk.asked(), desk.state.legacy) == ("+buy 1.3 9800", ())


def test_cells_above_the_price_stay_empty_until_the_price_was_above_their_line() -> None:
    desk = Desk(FOUR)
    desk.price(10000)
    desk.price(9650)
    desk.settings = WIDER
    desk.price(9650)
    desk.confirm()

    assert (desk.buys(), desk.why("1.3").code) == ("9200 9400 9600", "waits_above")
    desk.price(9805)
    assert desk.asked() == "+buy 1.3 9800"


def test_the_anchor_stays_where_follow_has_moved_it() -> None:
    desk = Desk(FOUR)
    desk.price(10000, 10100)
    desk.confirm()
    desk.settings = WIDER
    desk.price(10100)

    desk.confirm()

    assert desk.lines().split()[-1] == "10100"
    assert desk.state.epoch is not None
    assert (desk.state.epoch.base, desk.state.epoch.shifts) == (Decimal(10100), 0)


def test_a_partly_filled_buy_is_sold_from_the_epoch_it_belongs_to() -> None:
    desk = Desk(FOUR)
    desk.price(9990)
    desk.fill("0.3", "0.6")
    desk.settings = WIDER
    desk.price(9990)

    desk.confirm()

    assert desk.orders["0.3"].qty == Decimal("0.6")
    # Around 9990 the line above 9900 was 9990.
    assert [cell.key for cell in desk.state.legacy] == ["0.3"]
    assert desk.orders["0.3"].key.epoch == 0


def test_settings_changed_while_following_win_over_the_shift() -> None:
    desk = Desk(FOUR)
    desk.price(10000, 10100)
    desk.settings = SIX
    desk.price(10100)

    desk.confirm()

    assert desk.lines() == "9600 9700 9800 9900 10000 10100 10200"


def test_new_lines_that_cannot_be_placed_are_refused() -> None:
    desk = holding()
    desk.settings = replace(FOUR, size=OrderSize(Decimal(100), SizeUnit.MONEY))
    desk.price(9890)

    desk.confirm("0.0", "0.1")
    with pytest.raises(GridRefused, match=r"cell_too_small"):
        desk.confirm("0.2")


@pytest.mark.parametrize("strict", [False, True])
def test_new_lines_that_lose_are_refused_with_real_money_and_told_elsewhere(*, strict: bool) -> None:
    desk = Desk(replace(FOUR, strict=strict), replace(COIN, fees=DEAR))
    desk.price(10000)
    desk.settings = replace(FOUR, gap=Decimal("0.004"), strict=strict)
    desk.price(10000)
    desk.confirm("0.0", "0.1", "0.2")

    if strict:
        with pytest.raises(GridRefused, match="gap_loses"):
            desk.confirm()
    else:
        desk.confirm()
        assert desk.warnings() == ["gap_loses"]


@pytest.mark.parametrize("strict", [False, True])
def test_where_a_later_epoch_lacks_cash_buying_waits_with_real_money(*, strict: bool) -> None:
    settings = replace(FOUR, free_cash=Decimal(39000), strict=strict)
    desk = Desk(settings)
    desk.price(10000)
    desk.fill("0.3")
    desk.settings = replace(settings, gap=Decimal("0.02"))
    desk.price(10000)

    desk.confirm()

    # 9200 + 9400 + 9600 + 9800 = 38000 are needed, 39000 - 9900 are there.
    assert desk.warnings() == ["cash_short"]
    assert desk.noted("cash_short").why.plain_figures() == {"needed": "38000", "free": "29100", "currency": "KRW"}
    assert desk.sells() == "10000"
    if strict:
        assert (desk.buys(), desk.why("1.0").code) == ("", "waits_for_money")
        desk.owner(OwnerWish.RESUME)
    assert desk.buys() == "9200 9400 9600"


def test_before_the_lines_are_laid_other_settings_are_simply_used() -> None:
    desk = Desk(replace(FOUR, trigger=Decimal(9000)))
    desk.price(10000)
    desk.settings = replace(WIDER, trigger=Decimal(9500))

    desk.price(9500)

    assert (desk.state.phase, desk.lines().split()[-1]) == (Phase.RUNNING, "9500")


def test_a_sell_of_before_that_the_venue_ended_is_placed_again() -> None:
    desk = holding()
    desk.settings = WIDER
    desk.price(9890)
    desk.confirm()

    desk.end("0.3", OrderState.CANCELED)

    assert desk.asked() == "+sell 0.3 10000"
