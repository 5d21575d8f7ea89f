"""The lines run where the formulas say, to twelve decimals, in every form of the settings."""

from dataclasses import replace
from decimal import Decimal
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.exact import plain
from domain.instrument import Side
from strategy.grid.config import Bounds, GridSettings, OrderSize, SizeUnit, Spacing
from strategy.grid.lines import gap_ratio, grid_lines, make_cells, money_needed, moved_anchor, order_qty
from tests.strategy.desk import COIN, FOUR, SHARE, SIX

GEOMETRIC = GridSettings(steps=3, steps_above=2)
BOUNDED = GridSettings(steps=5, bounds=Bounds(Decimal(45000), Decimal(65000)))
TRILLIONTH = Decimal("1e-12")


def lines_of(settings: GridSettings, anchor: str = "10000", shifts: int = 0) -> str:
    return " ".join(plain(line) for line in grid_lines(settings, Decimal(anchor), shifts))


def test_geometric_lines_divide_below_the_anchor_and_multiply_above() -> None:
    assert lines_of(GEOMETRIC) == "9705.901479276444 9802.960494069209 9900.990099009901 10000 10100 10201"


def test_arithmetic_lines_are_one_amount_apart() -> None:
    assert lines_of(SIX) == "9600 9700 9800 9900 10000 10100 10200"


def test_the_bounds_form_ends_exactly_at_its_bounds() -> None:
    lines = grid_lines(BOUNDED, Decimal(50000))

    assert [round(line) for line in lines] == [45000, 48434, 52131, 56109, 60391, 65000]
    assert (plain(lines[0]), plain(lines[-1])) == ("45000", "65000")
    assert lines_of(BOUNDED, anchor="1") == lines_of(BOUNDED, anchor="99999")


def test_the_bounds_form_knows_arithmetic_too() -> None:
    assert lines_of(replace(BOUNDED, spacing=Spacing.ARITHMETIC)) == "45000 49000 53000 57000 61000 65000"


def test_a_gap_between_bounds_is_the_root_of_their_quotient() -> None:
    assert round(gap_ratio(BOUNDED), 6) == Decimal("1.076317")
    assert gap_ratio(GEOMETRIC) == Decimal("1.01")


@pytest.mark.parametrize("settings", [GEOMETRIC, SIX], ids=["geometric", "arithmetic"])
def test_a_shift_is_the_same_as_a_moved_anchor(settings: GridSettings) -> None:
    moved = moved_anchor(settings, Decimal(10000), 3)

    assert moved == Decimal("10303.01")
    assert grid_lines(settings, Decimal(10000), 3) == grid_lines(settings, moved)


def test_shifted_bounds_keep_their_ratio() -> None:
    lines = grid_lines(BOUNDED, Decimal(50000), 1)

    assert abs(lines[0] / 45000 - gap_ratio(BOUNDED)) < TRILLIONTH
    assert abs(lines[-1] / lines[0] - Decimal(65000) / 45000) < TRILLIONTH
    assert lines[0] == grid_lines(BOUNDED, Decimal(50000))[1]


@given(
    anchor=st.decimals(min_value=Decimal("0.01"), max_value=10**8, places=4),
    gap=st.integers(10, 500),
    steps=st.integers(1, 30),
    above=st.integers(0, 20),
    shifts=st.integers(0, 12),
)
def test_geometric_lines_keep_their_number_their_ratio_and_twelve_decimals(
    anchor: Decimal, gap: int, steps: int, above: int, shifts: int
) -> None:
    settings = GridSettings(steps=steps, steps_above=above, gap=Decimal(gap) / 10_000)

    lines = grid_lines(settings, anchor, shifts)

    assert len(lines) == steps + above + 1
    assert lines[steps] == moved_anchor(settings, anchor, shifts).quantize(TRILLIONTH)
    assert all(line == line.quantize(TRILLIONTH) for line in lines)
    for low, high in pairwise(lines):
        assert abs(high - low * (1 + settings.gap)) <= 3 * TRILLIONTH


@given(
    lower=st.integers(1, 10**6), width=st.integers(1, 10**6), steps=st.integers(1, 40), spacing=st.sampled_from(Spacing)
)
def test_bounded_lines_rise_from_bound_to_bound(lower: int, width: int, steps: int, spacing: Spacing) -> None:
    bounds = Bounds(Decimal(lower), Decimal(lower + width))
    lines = grid_lines(GridSettings(steps=steps, bounds=bounds, spacing=spacing), Decimal(1))

    assert len(lines) == steps + 1
    assert (lines[0], lines[-1]) == (bounds.lower, bounds.upper)
    assert all(low < high for low, high in pairwise(lines))


def test_a_cell_buys_down_at_its_lower_line_and_sells_up_at_its_upper() -> None:
    cells = make_cells(grid_lines(GEOMETRIC, Decimal(10000)), GEOMETRIC, COIN, 7, Decimal(10000))

    assert [cell.key for cell in cells] == ["7.0", "7.1", "7.2", "7.3", "7.4"]
    assert [plain(cell.buy_price) for cell in cells] == ["9705", "9800", "9900", "10000", "10100"]
    # The line 10201 lies in the band of ten won.
    assert [plain(cell.sell_price) for cell in cells] == ["9805", "9905", "10000", "10100", "10210"]
    assert [cell.armed for cell in cells] == [True, True, True, False, False]


def test_money_buys_what_it_reaches_for_and_never_more() -> None:
    money = OrderSize(Decimal(10000), SizeUnit.MONEY)

    assert order_qty(money, Decimal(9705), COIN) == Decimal("1.03039670")
    assert order_qty(money, Decimal(3333), SHARE) == 3
    assert order_qty(money, Decimal(10001), SHARE) == 0
    assert order_qty(money, Decimal(0), COIN) == 0


def test_a_size_in_coins_or_shares_is_taken_as_it_is() -> None:
    assert order_qty(OrderSize(Decimal("0.123456789"), SizeUnit.BASE), Decimal(1), COIN) == Decimal("0.12345678")
    assert order_qty(OrderSize(Decimal("5.9"), SizeUnit.BASE), Decimal(1), SHARE) == 5


def test_the_money_a_grid_needs_is_the_sum_of_its_buys_with_their_fees() -> None:
    # Five cells from 90 to 100 in steps of 2, one share each: 90 + 92 + 94 + 96 + 98.
    settings = replace(FOUR, steps=5, gap=Decimal("0.02"))
    cells = make_cells(grid_lines(settings, Decimal(100)), settings, SHARE, 0, Decimal(100))
    dear = replace(SHARE, fees=replace(SHARE.fees, buy=Decimal("0.001"), sell=Decimal("0.5")))

    assert money_needed(cells, SHARE) == 470
    assert money_needed(cells, dear) == Decimal("470.47")
    assert dear.fee(Side.BUY, Decimal(470)) == Decimal("0.47")
