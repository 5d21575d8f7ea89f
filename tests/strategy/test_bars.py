"""On recorded bars everything is judged at the close, and prices that can change nothing are named."""

from dataclasses import replace
from datetime import date
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from strategy.grid.config import Follow, GridSettings, Profit, Start, StopAction
from tests.strategy.desk import FOUR, SIX, Desk

BARS = replace(FOUR, bars=True)


def running(settings: GridSettings = BARS) -> Desk:
    desk = Desk(settings)
    desk.bar(10000)
    return desk


def quiet(desk: Desk) -> str:
    bounds = desk.grid.quiet(desk.state)
    return "" if bounds is None else f"{bounds[0]:.0f} {bounds[1]:.0f}"


def test_a_fill_is_answered_at_the_close_of_its_bar() -> None:
    desk = running()

    desk.fill("0.3")
    assert desk.asked() == ""
    desk.bar(9900)

    assert desk.asked() == "+sell 0.3 10000"


def test_between_a_cancel_and_its_confirmation_nothing_is_placed() -> None:
    desk = running()
    desk.fill("0.3")
    desk.bar(9850)
    desk.fill("0.3")
    desk.fill("0.2")

    desk.bar(9850)
    # The buy at 9900 is free to be placed, but yields to the sell at 9900 from the beginning.
    assert desk.asked() == "+sell 0.2 9900, +buy 0.3 9895"
    desk.fill("0.2")
    desk.bar(9900)
    assert desk.asked() == "-0.3"
    desk.confirm()

    assert desk.asked() == "+buy 0.3 9900, +buy 0.2 9800"


def test_the_balancing_order_ends_after_one_bar() -> None:
    desk = running(replace(SIX, bars=True, start=Start.BALANCE))
    assert desk.asked() == "+buy start 10050"

    desk.bar(10060)

    assert desk.asked() == "-start"


def test_the_close_of_a_session_asks_nothing_by_itself() -> None:
    desk = running()

    desk.close_session(date(2025, 3, 3))

    assert (desk.asked(), quiet(desk)) == ("", "9900 10100")


def test_the_quiet_prices_lie_between_the_nearest_orders() -> None:
    desk = running()
    assert quiet(desk) == "9900 10100"  # from there on it follows

    desk.fill("0.3")
    desk.bar(9950)

    assert quiet(desk) == "9800 10000"


def test_a_stop_bounds_the_quiet_prices() -> None:
    desk = running(replace(BARS, follow=Follow.OFF, stop_low=Decimal(9950), stop_high=Decimal(10020)))

    assert quiet(desk) == "9950 10020"
    assert quiet(running(replace(BARS, follow=Follow.OFF))).startswith("9900 1000000")


def test_a_cell_that_waits_above_bounds_the_quiet_prices() -> None:
    assert quiet(running(replace(SIX, bars=True))) == "9900 10000"


def test_a_held_lot_without_an_order_bounds_the_quiet_prices() -> None:
    desk = running()
    desk.fill("0.3")

    assert quiet(desk) == "9800 10000"


def test_a_virtual_buy_bounds_the_quiet_prices_at_its_line() -> None:
    desk = running(replace(BARS, open_orders_max=1))
    desk.fill("0.3")

    assert quiet(desk) == "9800 10000"


def test_every_close_counts_before_the_lines_while_counting_and_with_limits_on_the_total() -> None:
    assert quiet(Desk(BARS)) == ""
    assert quiet(running(replace(BARS, trigger=Decimal(9000)))) == ""
    for settings in (
        replace(BARS, drawdown_pct=Decimal(5)),
        replace(BARS, take_profit=Profit(Decimal(1), is_pct=True)),
        replace(BARS, reinvest=True),
        replace(BARS, stop_low=Decimal(10000)),
    ):
        assert quiet(running(settings)) == ""


def test_every_close_counts_while_an_order_is_in_doubt() -> None:
    moving, refused, stuck = running(), running(), running()
    moving.bar(10200)
    refused.deny("0.0", retry_after_s=600)
    stuck.lose("0.0")
    selling = running(replace(BARS, stop_low=Decimal(9990), stop_low_action=StopAction.CANCEL_SELL))
    selling.bar(9990)
    selling.bar(9990)
    selling.bar(10050)

    assert [quiet(desk) for desk in (moving, refused, stuck, selling)] == ["", "", "", ""]


def test_after_an_opening_the_next_close_counts() -> None:
    desk = running()
    desk.open_session(date(2025, 3, 4))
    assert quiet(desk) == ""

    desk.bar(10000)

    assert quiet(desk) == "9900 10100"


def test_a_price_outside_the_quiet_prices_ranks_anew_when_it_comes_back() -> None:
    # Two may rest: at 9400 these are the lowest, on the way back those under the price.
    desk = running(replace(SIX, bars=True, follow=Follow.UP, open_orders_max=2))
    desk.bar(10302)
    desk.confirm()
    _trade(desk, Decimal(9400))
    desk.bar(9400)

    assert quiet(desk) == ""
    desk.bar(10000)
    assert desk.asked() != ""


@given(closes=st.lists(st.integers(9400, 10600), min_size=1, max_size=12), share=st.integers(1, 999))
def test_a_bar_inside_the_quiet_prices_changes_no_order(closes: list[int], share: int) -> None:
    desk = running(replace(SIX, bars=True, follow=Follow.UP, open_orders_max=2))
    for close in closes:
        _trade(desk, Decimal(close))
        desk.bar(close)
        desk.confirm()
        bounds = desk.grid.quiet(desk.state)
        # Without what it remembers, the grid looks at everything.
        desk.state = replace(desk.state, quiet=None)
        if bounds is None:
            continue
        inside = bounds[0] + (bounds[1] - bounds[0]) * share / 1000
        before = desk.orders.copy()
        _trade(desk, inside)
        desk.bar(inside)
        assert (desk.asked(), desk.orders) == ("", before)


def _trade(desk: Desk, price: Decimal) -> None:
    """Fill every order at rest that the price touches."""
    for slot, order in list(desk.orders.items()):
        if order.price >= price if order.side == "buy" else order.price <= price:
            desk.fill(slot)


def test_a_partly_filled_buy_bounds_the_quiet_prices_at_its_sell_line() -> None:
    desk = running(replace(BARS, bars=False, follow=Follow.OFF))
    desk.price(9950)
    desk.fill("0.3", "0.6")

    assert quiet(desk) == "9900 10000"
