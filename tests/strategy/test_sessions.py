"""Shares trade in sessions: outside them nothing is asked, at the opening the gap policy has the first word."""

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from domain.order import OrderState
from strategy.grid.config import GapPolicy, GridSettings, OrderSize, SizeUnit, Start
from strategy.grid.state import Phase
from tests.strategy.desk import SHARE, Desk

MONDAY, TUESDAY = date(2025, 3, 3), date(2025, 3, 4)
# Around 100 dollars: lines 92 94 96 98 100, five shares a cell.
SHARES = GridSettings(
    steps=4, gap=Decimal("0.02"), spacing=GridSettings().spacing.ARITHMETIC, size=OrderSize(Decimal(5), SizeUnit.BASE)
)


def opened(settings: GridSettings = SHARES, *, at: str = "100") -> Desk:
    desk = Desk(settings, SHARE, always_open=False)
    desk.open_session(MONDAY)
    desk.price(at)
    return desk


def overnight(settings: GridSettings = SHARES, *, opens_at: str) -> Desk:
    """All day orders of Monday expired; Tuesday opens somewhere else."""
    desk = opened(settings)
    desk.close_session(MONDAY)
    for slot in list(desk.orders):
        desk.end(slot, OrderState.EXPIRED)
    desk.open_session(TUESDAY)
    desk.price(opens_at)
    return desk


def test_outside_a_session_nothing_is_asked_and_the_reason_is_told() -> None:
    desk = Desk(SHARES, SHARE, always_open=False)

    desk.price(100)

    assert (desk.asked(), desk.why("0.0").code) == ("", "session_closed")


def test_orders_bear_their_sessions_date() -> None:
    desk = opened()

    assert desk.buys() == "92 94 96 98"
    assert {order.key.session for order in desk.orders.values()} == {MONDAY}


def test_the_opening_itself_waits_for_a_fresh_price() -> None:
    desk = Desk(SHARES, SHARE, always_open=False)
    desk.price(100)

    desk.open_session(MONDAY)

    assert desk.asked() == ""
    desk.price(100)
    assert desk.buys() == "92 94 96 98"


def test_at_the_close_day_orders_are_left_to_expire() -> None:
    desk = opened()
    desk.fill("0.3")

    desk.close_session(MONDAY)
    assert (desk.asked(), desk.canceling()) == ("", "")
    for slot in list(desk.orders):
        desk.end(slot, OrderState.EXPIRED)
        assert desk.asked() == ""

    assert desk.stands() == "empty empty empty held"
    assert {desk.why(f"0.{k}").code for k in range(4)} == {"session_closed"}
    desk.price(50, 150)
    assert desk.asked() == ""


def test_the_next_morning_the_wanted_orders_are_placed_with_the_new_date() -> None:
    desk = opened()
    desk.fill("0.3")
    desk.close_session(MONDAY)
    for slot in list(desk.orders):
        desk.end(slot, OrderState.EXPIRED)
    desk.open_session(TUESDAY)

    desk.price(99)

    assert (desk.buys(), desk.sells()) == ("92 94 96", "100")
    assert {order.key.session for order in desk.orders.values()} == {TUESDAY}


def test_what_sold_in_part_before_the_close_goes_on_with_its_rest() -> None:
    desk = opened()
    desk.fill("0.3")
    desk.fill("0.3", 2)
    desk.close_session(MONDAY)
    desk.end("0.3", OrderState.EXPIRED)
    desk.open_session(TUESDAY)

    desk.price(99)

    assert desk.orders["0.3"].qty == 3


def test_a_gap_down_places_the_three_nearest_cells_and_skips_the_rest() -> None:
    desk = overnight(opens_at="91")

    assert desk.buys() == "92 94 96"
    assert desk.why("0.3").code == "waits_above"
    assert desk.noted("gap_skipped").why.plain_figures() == {"price": "91", "skipped": "1", "placed": "3"}
    desk.price("98.01")
    assert desk.asked() == "+buy 0.3 98"


@pytest.mark.parametrize(
    ("settings", "buys"),
    [
        (replace(SHARES, gap_policy=GapPolicy.SKIP), "92"),
        (replace(SHARES, levels_per_open_max=1), "92 94"),
        (replace(SHARES, levels_per_open_max=9), "92 94 96 98"),
    ],
    ids=["skip", "one", "nine"],
)
def test_how_many_cells_above_the_price_are_bought_is_the_owners_choice(settings: GridSettings, buys: str) -> None:
    desk = overnight(settings, opens_at="93")

    assert desk.buys() == buys


def test_without_a_gap_nothing_is_skipped() -> None:
    desk = overnight(opens_at="99")

    assert desk.buys() == "92 94 96 98"
    assert not [note for note in desk.notes if note.why.code == "gap_skipped"]


def test_a_held_cell_is_no_gap() -> None:
    desk = opened()
    desk.fill("0.3")
    desk.close_session(MONDAY)
    for slot in list(desk.orders):
        desk.end(slot, OrderState.EXPIRED)
    desk.open_session(TUESDAY)

    desk.price(91)

    assert (desk.buys(), desk.sells()) == ("92 94 96", "100")


def test_balancing_waits_for_a_session_and_gives_up_with_it() -> None:
    desk = Desk(replace(SHARES, steps_above=2, start=Start.BALANCE), SHARE, always_open=False)
    desk.price(100)
    assert (desk.asked(), desk.state.phase) == ("", Phase.BALANCING)
    desk.open_session(MONDAY)
    desk.price(100)
    assert desk.asked() == "+buy start 100.05"
    desk.close_session(MONDAY)

    desk.end("start", OrderState.EXPIRED)

    assert (desk.asked(), desk.state.phase) == ("", Phase.RUNNING)


def test_the_gap_policy_has_no_say_before_the_lines_are_laid() -> None:
    desk = Desk(replace(SHARES, trigger=Decimal(98)), SHARE, always_open=False)
    desk.open_session(MONDAY)
    desk.price(100)

    desk.price(93)

    # The trigger is the anchor: 90.16 … 98, all under it buy at once.
    assert desk.buys() == "90.16 92.12 94.08 96.04"
