"""The dials of a running grid: another gap or size begins an epoch of its own, or is refused with the reason."""

from dataclasses import replace
from decimal import Decimal

import pytest

from domain.errors import GridRefused
from domain.events import Dial, OwnerWish
from domain.exact import plain
from strategy.grid.config import Bounds, Follow, GridSettings, OrderSize, SizeUnit, StopAction
from tests.strategy.desk import COIN, DEAR, FOUR, Desk

WON = replace(FOUR, size=OrderSize(Decimal(9900), SizeUnit.MONEY))


def running(settings: GridSettings = FOUR) -> Desk:
    desk = Desk(settings)
    desk.price(10000)
    return desk


def turn(desk: Desk, dial: Dial, value: str, order_max: str | None = None) -> None:
    highest = None if order_max is None else Decimal(order_max)
    desk.settings = desk.grid.turned(desk.state, dial, Decimal(value), highest).settings


@pytest.mark.parametrize(("dial", "value", "lowest"), [(Dial.GAP, "2", "9200 x1"), (Dial.SIZE, "3", "9600 x3")])
def test_a_turned_dial_lays_the_lines_anew_with_the_next_price(dial: Dial, value: str, lowest: str) -> None:
    desk = running()

    turn(desk, dial, value)
    desk.price(10000)
    desk.confirm()

    cell = desk.state.cells[0]
    assert desk.state.epoch is not None
    assert desk.state.epoch.number == 1
    assert f"{cell.buy_price} x{plain(cell.qty)}" == lowest


@pytest.mark.parametrize(
    ("settings", "dial", "value", "code"),
    [
        (FOUR, Dial.GAP, "0", "dial_out_of_range"),
        (FOUR, Dial.GAP, "100", "dial_out_of_range"),
        (FOUR, Dial.SIZE, "-1", "dial_out_of_range"),
        (FOUR, Dial.GAP, "26", "line_not_positive"),
        (FOUR, Dial.SIZE, "0.1", "cell_too_small_base"),
        (replace(WON, free_cash=Decimal(50_000)), Dial.SIZE, "30000", "cash_short"),
        (replace(FOUR, bounds=Bounds(Decimal(9600), Decimal(10000))), Dial.GAP, "2", "dial_in_bounds"),
    ],
)
def test_what_cannot_be_laid_or_paid_is_refused(settings: GridSettings, dial: Dial, value: str, code: str) -> None:
    desk = running(settings)

    with pytest.raises(GridRefused) as refused:
        turn(desk, dial, value)

    assert [fault.code for fault in refused.value.faults] == [code]


def test_a_gap_that_loses_is_refused_even_on_paper() -> None:
    desk = Desk(FOUR, replace(COIN, fees=DEAR))
    desk.price(10000)

    with pytest.raises(GridRefused) as refused:
        turn(desk, Dial.GAP, "0.3")

    assert [fault.code for fault in refused.value.faults] == ["dial_loses"]


@pytest.mark.parametrize(("order_max", "fits"), [("29700", True), ("29699", False)])
def test_an_order_over_the_owners_cap_is_refused(order_max: str, *, fits: bool) -> None:
    desk = running()

    if fits:
        turn(desk, Dial.SIZE, "3", order_max)
        assert desk.settings.size.amount == 3
    else:
        with pytest.raises(GridRefused) as refused:
            turn(desk, Dial.SIZE, "3", order_max)
        assert [fault.code for fault in refused.value.faults] == ["dial_over_cap"]


def test_before_the_first_price_nothing_can_be_turned() -> None:
    with pytest.raises(GridRefused) as refused:
        turn(Desk(FOUR), Dial.GAP, "2")

    assert [fault.code for fault in refused.value.faults] == ["dial_too_early"]


def test_a_dial_turned_while_the_lines_follow_lays_them_around_the_same_anchor() -> None:
    """Gaps that were counted with the old gap mean another price with the new one."""
    desk = running(replace(FOUR, follow=Follow.FLAT))
    desk.price(10100)
    assert desk.canceling() != ""
    turn(desk, Dial.GAP, "2")

    desk.confirm()
    desk.price(10100)
    desk.confirm()

    assert desk.state.epoch is not None
    assert desk.state.epoch.lines[-1] <= 10100
    assert all(cell.buy_price <= 10100 for cell in desk.state.cells)
    assert desk.state.epoch.shape.gap == Decimal("0.02")


def test_a_turned_dial_is_carried_out_though_something_else_happens_before_the_next_price() -> None:
    desk = running()
    turn(desk, Dial.GAP, "2")
    desk.terms()

    desk.price(9995)

    assert desk.state.moving is not None


def test_settings_that_are_put_back_while_the_buys_are_taken_back_leave_the_lines_as_they_are() -> None:
    desk = running()
    former, lines = desk.settings, desk.lines()
    turn(desk, Dial.GAP, "2")
    desk.price(9995)
    desk.settings = former

    desk.confirm()

    assert desk.lines() == lines
    assert desk.state.moving is None
    assert desk.state.epoch is not None
    assert desk.state.epoch.number == 0


def test_the_owner_takes_back_a_pause_of_his_own_and_no_stop_that_fired() -> None:
    desk = running(replace(FOUR, stop_low=Decimal(9950), stop_low_action=StopAction.PAUSE))
    desk.owner(OwnerWish.PAUSE)
    desk.price(9940, 9930)
    desk.owner(OwnerWish.CANCEL_ALL)

    desk.owner(OwnerWish.UNPAUSE)

    assert not desk.state.paused
    assert (desk.state.stops.by, desk.state.stops.action) == ("stop_low", StopAction.PAUSE)


def test_the_owner_takes_back_that_all_orders_were_taken_back() -> None:
    desk = running()
    desk.owner(OwnerWish.CANCEL_ALL)
    desk.confirm()

    desk.owner(OwnerWish.UNPAUSE)
    desk.price(9995)

    assert desk.buys() == "9600 9700 9800 9900"


def test_a_stop_that_fired_is_not_taken_back_with_a_pause() -> None:
    desk = running(replace(FOUR, stop_low=Decimal(9950), stop_low_action=StopAction.PAUSE))
    desk.price(9940, 9930)

    desk.owner(OwnerWish.UNPAUSE)

    assert (desk.state.stops.by, desk.state.stops.action) == ("stop_low", StopAction.PAUSE)
