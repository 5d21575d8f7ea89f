"""The lines follow the price upward by whole gaps, never over a held lot, a resting buy or the owner's cap."""

from dataclasses import replace
from decimal import Decimal

import pytest

from domain.book import DUST
from domain.events import OrderFilled, OwnerWish
from domain.order import Fill, Order
from strategy.grid.config import Bounds, Follow, GridSettings, OrderSize, SizeUnit
from strategy.grid.state import Move
from tests.strategy.desk import COIN, FOUR, Desk

FLAT = replace(FOUR, follow=Follow.FLAT)
UP = replace(FOUR, follow=Follow.UP)
MOVED = "9696 9797 9898 9999 10100"


def running(settings: GridSettings = FLAT) -> Desk:
    desk = Desk(settings)
    desk.price(10000)
    return desk


def test_the_old_buys_are_confirmed_away_before_the_lines_move() -> None:
    desk = running()
    desk.price(10095)
    assert desk.asked() == ""

    desk.price(10100)
    assert desk.asked() == "-0.0, -0.1, -0.2, -0.3"
    assert desk.lines() == "9600 9700 9800 9900 10000"
    desk.confirm("0.0", "0.1", "0.2")
    assert (desk.lines(), desk.asked()) == ("9600 9700 9800 9900 10000", "")

    desk.confirm("0.3")
    assert desk.lines() == MOVED
    assert desk.asked() == "+buy 1.3 9995, +buy 1.2 9895, +buy 1.1 9795, +buy 1.0 9695"


def test_a_jump_moves_the_lines_by_as_many_gaps_as_it_passed() -> None:
    desk = running()

    desk.price(10304)
    desk.confirm()

    # 10000 · 1.01 ** 3 = 10303.01
    assert desk.lines().split()[-1] == "10303.01"
    assert desk.state.epoch is not None
    assert (desk.state.epoch.number, desk.state.epoch.shifts, desk.state.epoch.base) == (1, 3, Decimal(10000))


def test_shifts_add_up_without_drifting() -> None:
    desk = running(replace(FLAT, follow_max=None))
    for price in (10100, 10205, 10310):
        desk.price(price)
        desk.confirm()

    assert desk.lines().split()[-1] == "10303.01"


def test_a_buy_that_fills_meanwhile_ends_the_shift() -> None:
    desk = running()
    desk.price(10100)

    desk.fill("0.3")
    desk.confirm()

    assert desk.state.moving is None
    assert (desk.lines(), desk.sells()) == ("9600 9700 9800 9900 10000", "10000")
    assert desk.buys() == "9600 9700 9800"
    desk.price(10110)
    assert desk.asked() == ""  # something is held


def test_a_price_that_falls_back_meanwhile_leaves_the_lines() -> None:
    desk = running()
    desk.price(10100, 10050)

    desk.confirm()

    assert (desk.lines(), desk.buys()) == ("9600 9700 9800 9900 10000", "9600 9700 9800 9900")


def test_nothing_follows_while_something_is_held() -> None:
    desk = running()
    desk.fill("0.3")

    desk.price(10300)

    assert desk.asked() == ""


def test_dust_does_not_keep_the_lines_from_following() -> None:
    desk = running()
    desk.fill("0.3", "0.3")
    desk.price(10050)
    desk.confirm()
    assert desk.book.held("dust") > 0

    desk.price(10100)
    desk.confirm()

    assert desk.lines() == MOVED


def test_a_stuck_order_keeps_the_lines_where_they_are() -> None:
    desk = running()
    desk.lose("0.3")

    desk.price(10300)

    assert (desk.asked(), desk.state.moving) == ("", None)


@pytest.mark.parametrize("settings", [replace(FLAT, follow=Follow.OFF), replace(FLAT, follow_max=Decimal(10050))])
def test_switched_off_or_capped_the_lines_stay(settings: GridSettings) -> None:
    desk = running(settings)

    desk.price(10500)

    assert desk.asked() == ""


def test_the_cap_lets_as_many_gaps_pass_as_fit_under_it() -> None:
    desk = running(replace(FLAT, follow_max=Decimal(10250)))

    desk.price(10900)
    desk.confirm()

    assert desk.lines().split()[-1] == "10201"


def test_a_paused_grid_does_not_follow_until_the_owner_resumes() -> None:
    desk = running()
    desk.owner(OwnerWish.PAUSE)
    desk.price(10300)
    assert desk.asked() == ""

    desk.owner(OwnerWish.RESUME)
    desk.price(10300)

    assert desk.state.moving is Move.FOLLOW


def test_a_shift_that_could_not_be_placed_is_told_once_and_not_begun() -> None:
    # Above 10100 a hundred won buy fewer shares than one.
    share = replace(COIN, qty_step=Decimal(1))
    desk = Desk(replace(FLAT, size=OrderSize(Decimal(9950), SizeUnit.MONEY)), share)
    desk.price(10000)

    desk.price(10100, 10110, 10120)

    assert desk.warnings() == ["follow_refused", "cell_buys_no_share"]
    assert desk.noted("follow_refused").why.plain_figures()["gaps"] == "1"
    assert desk.lines() == "9600 9700 9800 9900 10000"


def test_between_bounds_the_lines_move_by_the_gap_of_the_bounds() -> None:
    bounds = Bounds(Decimal(9600), Decimal(10000))
    desk = running(replace(FLAT, bounds=bounds, steps=4))
    ratio = (Decimal(10000) / 9600) ** (Decimal(1) / 4)

    desk.price(10000 * ratio + 1)
    desk.confirm()

    assert abs(Decimal(desk.lines().split()[-1]) - 10000 * ratio) < Decimal("1e-9")


def test_going_up_while_holding_leaves_the_lot_its_sell_outside_the_grid() -> None:
    desk = running(UP)
    desk.fill("0.3")
    desk.price(10300)
    assert desk.asked() == "-0.0, -0.1, -0.2"

    desk.confirm()

    assert desk.lines().split()[-1] == "10201"
    assert (desk.sells(), [cell.key for cell in desk.state.legacy]) == ("10000", ["0.3"])
    assert desk.cell("0.3").stands(desk.book) == "selling"
    # The sell at 10000 lies between the lines 9996.98 and 10098.99: that cell waits.
    assert (desk.why("1.2").code, desk.why("1.1").code) == ("legacy_sell", "buys_at_line")


def test_a_held_lot_that_is_sold_leaves_and_its_place_is_free() -> None:
    desk = running(UP)
    desk.fill("0.3")
    desk.price(10300)
    desk.confirm()

    desk.fill("0.3")

    assert (desk.state.legacy, desk.book.cycles, desk.sells()) == ((), 1, "")
    # 10090 had yielded to the sell, a tick under it; it returns, and the cell between comes in at 9995.
    assert desk.asked() == "-1.3, +buy 1.2 9995"
    desk.confirm()
    assert desk.buys() == "9790 9890 9995 10090"


def test_a_held_lots_rest_under_the_minimum_leaves_as_dust() -> None:
    desk = running(UP)
    desk.fill("0.3")
    desk.price(10300)
    desk.confirm()
    desk.fill("0.3", "0.7")

    desk.end("0.3", desk.orders["0.3"].state.EXPIRED)

    assert (desk.state.legacy, desk.book.cycles, desk.book.held("dust")) == ((), 1, Decimal("0.3"))


def test_a_fill_of_a_cell_that_left_the_grid_is_still_booked() -> None:
    desk = running(UP)
    desk.price(10300)
    gone = desk.orders["0.3"]
    desk.confirm()

    desk.late_fill(gone.advance(gone.state.CANCEL_PENDING).advance(gone.state.CANCELED), 1)

    assert (desk.book.position, desk.asked()) == (Decimal(1), "")
    assert (desk.warnings(), desk.book.held(DUST)) == (["late_lot"], Decimal(1))
    desk.price(10500)
    assert desk.lines() != "9600 9700 9800 9900 10000"


def test_a_late_sale_of_a_cell_that_left_the_grid_leaves_nothing_to_book_apart() -> None:
    desk = running()
    desk.fill("0.3")
    sale = desk.orders["0.3"]
    desk.fill("0.3")
    desk.price(10300)
    desk.confirm()
    before = desk.book

    desk.state = desk.grid.decide(desk.state, late_news(sale, desk)).state

    assert (desk.book, desk.warnings()) == (before, [])


def late_news(order: Order, desk: Desk) -> OrderFilled:
    """Tell a fill once more that the book has already."""
    return OrderFilled(order, Fill("twice", order.price, order.qty, Decimal(0), desk.now), desk.now, late=True)


def test_each_epoch_tells_its_lines_once() -> None:
    desk = running()
    desk.price(10100)
    desk.confirm()

    laid = [note.why.plain_figures()["epoch"] for note in desk.notes if note.why.code == "lines_laid"]
    assert laid == ["0", "1"]


def test_a_pause_before_the_old_buys_are_gone_leaves_the_lines_where_they_are() -> None:
    desk = running(FOUR)
    desk.price(10300)
    assert desk.asked() == "-0.0, -0.1, -0.2, -0.3"

    desk.owner(OwnerWish.PAUSE)
    desk.confirm()

    assert desk.lines() == "9600 9700 9800 9900 10000"
