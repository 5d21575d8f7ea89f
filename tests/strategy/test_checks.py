"""It must pay: what cannot be placed or loses is refused with figures, and the figure proposed really works."""

from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from domain.exact import ZERO
from domain.instrument import Fees, Instrument, TickTable
from domain.reason import Reason
from strategy.grid.checks import losing, profit_of, smallest_size, unplaceable
from strategy.grid.config import Bounds, GridSettings, OrderSize, SizeUnit, Spacing
from strategy.grid.lines import grid_lines, make_cells
from strategy.grid.state import Cell
from tests.strategy.desk import COIN, DEAR, FOUR, SHARE

FINE = TickTable(((ZERO, Decimal("1e-12")),))
THOUSANDTH = Fees(Decimal("0.001"), Decimal("0.001"))


def fees(buy: str, sell: str, tax: str = "0") -> Fees:
    return Fees(Decimal(buy) / 100, Decimal(sell) / 100, Decimal(tax) / 100)


def cells_of(settings: GridSettings, instrument: Instrument, anchor: Decimal) -> tuple[Cell, ...]:
    return make_cells(grid_lines(settings, anchor), settings, instrument, 0, anchor)


def figures(why: Reason | None) -> dict[str, str]:
    assert why is not None
    return {"code": why.code, **why.plain_figures()}


def yields(settings: GridSettings) -> list[str]:
    instrument = Instrument("X", "X", "USD", FINE, Decimal(1), ZERO, THOUSANDTH)
    cells = cells_of(settings, instrument, Decimal(50000))
    return [f"{profit_of(cell, instrument) / (cell.buy_price * Decimal('1.001')) * 100:.3f}" for cell in cells]


def test_a_cells_profit_is_the_same_in_every_geometric_cell_and_falls_in_arithmetic_ones() -> None:
    bounded = GridSettings(
        steps=5, bounds=Bounds(Decimal(45000), Decimal(65000)), size=OrderSize(Decimal(1), SizeUnit.BASE)
    )

    assert set(yields(bounded)) == {"7.417"}
    arithmetic = yields(replace(bounded, spacing=Spacing.ARITHMETIC))
    assert (arithmetic[0], arithmetic[-1]) == ("8.671", "6.344")


@pytest.mark.parametrize(
    ("rates", "smallest"),
    [(fees("0.25", "0.25"), "0.51"), (fees("0.04", "0.04"), "0.09"), (fees("0.015", "0.015", "0.18"), "0.22")],
)
def test_the_smallest_gap_that_pays_is_found_in_hundredths_of_a_percent(rates: Fees, smallest: str) -> None:
    instrument = replace(COIN, ticks=FINE, fees=rates)
    settings = GridSettings(gap=Decimal("0.0001"))
    cells = cells_of(settings, instrument, Decimal(10**6))

    fault = figures(losing(cells, settings, instrument, Decimal(10**6), 0))

    assert (fault["code"], fault["smallest_pct"], fault["count"]) == ("gap_loses", smallest, "20")


def test_at_a_quarter_percent_a_side_a_gap_of_015_loses_and_says_by_how_much() -> None:
    # Five shares at 80: bought at 79.88, sold at 80. Rounded to cents a gap of 0.49 % pays: 79.60 to 80.
    instrument = replace(SHARE, fees=DEAR)
    settings = GridSettings(steps=1, gap=Decimal("0.0015"), size=OrderSize(Decimal(5), SizeUnit.BASE))

    fault = figures(losing(cells_of(settings, instrument, Decimal(80)), settings, instrument, Decimal(80), 0))

    assert fault == {
        "code": "gap_loses", "gap_pct": "0.15", "smallest_pct": "0.49", "count": "1", "buy": "79.88", "sell": "80",
        "loss": "1.3985", "currency": "USD", "fee_buy_pct": "0.25", "fee_sell_pct": "0.25",
    }  # fmt: skip


def test_a_gap_that_earns_in_every_cell_has_no_fault() -> None:
    settings = GridSettings()
    instrument = replace(COIN, fees=DEAR)

    assert losing(cells_of(settings, instrument, Decimal(10**6)), settings, instrument, Decimal(10**6), 0) is None


def test_between_bounds_the_greatest_number_of_cells_that_pays_is_proposed() -> None:
    instrument = replace(COIN, fees=DEAR)
    settings = GridSettings(steps=100, bounds=Bounds(Decimal(900_000), Decimal(1_000_000)))
    cells = cells_of(settings, instrument, Decimal(950_000))

    fault = figures(losing(cells, settings, instrument, Decimal(950_000), 0))
    steps = int(fault["steps"])

    assert fault["code"] == "bounds_lose"
    for count, pays in ((steps, True), (steps + 1, False)):
        fewer = replace(settings, steps=count)
        less = cells_of(fewer, instrument, Decimal(950_000))
        assert (losing(less, fewer, instrument, Decimal(950_000), 0) is None) is pays


def test_between_bounds_that_are_too_near_no_number_of_cells_pays() -> None:
    instrument = replace(COIN, fees=DEAR)
    settings = GridSettings(steps=2, bounds=Bounds(Decimal(999_000), Decimal(1_000_000)))
    cells = cells_of(settings, instrument, Decimal(999_500))

    assert figures(losing(cells, settings, instrument, Decimal(999_500), 0))["steps"] == "0"


@given(
    anchor=st.decimals(min_value=100, max_value=10**7, places=2),
    gap=st.integers(1, 60),
    buy=st.integers(0, 40),
    sell=st.integers(0, 40),
    steps=st.integers(1, 15),
)
def test_the_gap_that_is_proposed_pays_and_a_step_less_would_not(
    anchor: Decimal, gap: int, buy: int, sell: int, steps: int
) -> None:
    instrument = replace(COIN, fees=Fees(Decimal(buy) / 10_000, Decimal(sell) / 10_000))
    settings = GridSettings(steps=steps, gap=Decimal(gap) / 10_000)
    fault = losing(cells_of(settings, instrument, anchor), settings, instrument, anchor, 0)
    assume(fault is not None)

    proposed = Decimal(figures(fault)["smallest_pct"])
    assert proposed > 0

    def pays(pct: Decimal) -> bool:
        tried = replace(settings, gap=pct / 100)
        cells = cells_of(tried, instrument, anchor)
        return not unplaceable(cells, tried, instrument) and losing(cells, tried, instrument, anchor, 0) is None

    assert pays(proposed)
    assert proposed == Decimal("0.01") or not pays(proposed - Decimal("0.01"))


@given(
    anchor=st.decimals(min_value=Decimal("0.5"), max_value=10**7, places=3),
    amount=st.decimals(min_value=Decimal("0.001"), max_value=4999, places=3),
    unit=st.sampled_from(SizeUnit),
    shares=st.booleans(),
)
def test_the_size_that_is_proposed_can_be_placed_and_a_little_less_cannot(
    anchor: Decimal, amount: Decimal, unit: SizeUnit, *, shares: bool
) -> None:
    ticks = TickTable(((ZERO, Decimal("0.00001")),))
    instrument = replace(SHARE if shares else COIN, ticks=ticks)
    settings = GridSettings(steps=4, size=OrderSize(amount, unit))
    cells = cells_of(settings, instrument, anchor)
    assume(unplaceable(cells, settings, instrument))

    smallest = smallest_size(cells, settings, instrument)

    def placeable(size: Decimal) -> bool:
        tried = replace(settings, size=OrderSize(size, unit))
        return not unplaceable(cells_of(tried, instrument, anchor), tried, instrument)

    step = instrument.qty_step if unit is SizeUnit.BASE else Decimal("0.01") if shares else Decimal(1)
    assert placeable(smallest)
    assert not placeable(smallest - step)


def test_an_order_under_the_minimum_is_told_with_the_size_that_works() -> None:
    settings = replace(FOUR, size=OrderSize(Decimal(4000), SizeUnit.MONEY))

    (fault,) = unplaceable(cells_of(settings, COIN, Decimal(10000)), settings, COIN)

    assert figures(fault) == {
        "code": "cell_too_small", "count": "4", "price": "9600", "qty": "0.41666666", "notional": "3999.999936",
        "minimum": "5000", "currency": "KRW", "smallest": "5001",
    }  # fmt: skip


def test_money_that_buys_no_share_is_told_with_the_dearest_share() -> None:
    settings = replace(FOUR, gap=Decimal("0.02"), size=OrderSize(Decimal(95), SizeUnit.MONEY))

    (fault,) = unplaceable(cells_of(settings, SHARE, Decimal(100)), settings, SHARE)

    assert figures(fault)["code"] == "cell_buys_no_share"
    assert (figures(fault)["count"], figures(fault)["smallest"]) == ("2", "98")


def test_too_few_coins_are_told_in_coins() -> None:
    settings = replace(FOUR, size=OrderSize(Decimal("0.5"), SizeUnit.BASE))

    (fault,) = unplaceable(cells_of(settings, COIN, Decimal(10000)), settings, COIN)

    assert figures(fault)["code"] == "cell_too_small_base"
    assert (figures(fault)["smallest"], figures(fault)["base"]) == ("0.52083334", "BTC")


def test_two_buys_that_round_to_one_price_are_refused() -> None:
    settings = replace(FOUR, gap=Decimal("0.0003"))

    (fault,) = unplaceable(cells_of(settings, COIN, Decimal(10000)), settings, COIN)

    # The lines 9988 9991 9994 9997 10000 lie three won apart where the tick is five.
    assert figures(fault) == {
        "code": "buys_share_price", "price": "9990", "lower_line": "9991", "upper_line": "9994", "tick": "5",
    }  # fmt: skip


def test_a_grid_that_reaches_down_to_nothing_is_refused() -> None:
    settings = replace(FOUR, gap=Decimal("0.25"))

    (fault,) = unplaceable(cells_of(settings, COIN, Decimal(10000)), settings, COIN)

    assert figures(fault) == {"code": "line_not_positive", "line": "0", "steps": "4"}


def test_no_gap_is_proposed_that_would_reach_down_to_nothing() -> None:
    # Fees of 12 % a side want a gap of 27 %; four such steps leave no room above zero.
    instrument = replace(COIN, fees=fees("12", "12"))
    cells = cells_of(FOUR, instrument, Decimal(10000))

    refused = losing(cells, FOUR, instrument, Decimal(10000), 0)

    assert refused is not None
    assert refused.code == "gap_loses_always"


def test_lines_that_no_price_reaches_are_refused_by_name() -> None:
    towering = replace(FOUR, spacing=Spacing.GEOMETRIC, steps_above=500, gap=Decimal("0.5"))
    cells = cells_of(towering, COIN, Decimal(10000))

    assert [fault.code for fault in unplaceable(cells, towering, COIN)] == ["line_too_high"]
