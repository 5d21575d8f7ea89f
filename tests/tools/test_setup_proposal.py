"""A proposed grid pays, can be placed and fits the money; its figures are those of the formulas."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.setting_values import Refused
from domain.errors import GridRefused
from domain.exact import ONE, ZERO
from domain.instrument import Fees, Instrument
from domain.market import Candle
from exchanges.bithumb.rules import RULES
from exchanges.kis.rules import RULES as SHARES
from reports.wording import Wording
from strategy.grid.config import GridSettings, OrderSize, SizeUnit, Spacing
from tools.setup.figures import cycles_of, faults_of, figures_of
from tools.setup.proposal import HUNDRED, MARGIN, STEPS_MAX, Past, Proposal, cells_of, margin_of, propose, smallest_gap
from tools.setup.purse import Purse

BEGIN = datetime(2026, 3, 2, tzinfo=UTC)
STANDARD = Fees(Decimal("0.0025"), Decimal("0.0025"))
ENROLLED = Fees(Decimal("0.0004"), Decimal("0.0004"))
BTC = Decimal(50_000_000)


def instrument(fees: Fees = STANDARD) -> Instrument:
    return RULES.instrument("KRW-BTC", fees)


def bar(hour: int, *prices: Decimal | int | str) -> Candle:
    opened, high, low, close = (Decimal(price) for price in prices)
    return Candle(BEGIN + timedelta(hours=hour), opened, high, low, close, ONE)


def past(price: Decimal, swing: Decimal, fall: Decimal = ZERO, hours: int = 48) -> Past:
    """Return hours that swing around a price, after a lowest one."""
    flat = [bar(hour, price, price * (1 + swing), price, price) for hour in range(1, hours)]
    lowest = price * (1 - fall)
    return Past((), (bar(0, price, price, lowest, lowest), *flat))


def grid_of(made: Proposal, base: GridSettings = GridSettings()) -> GridSettings:  # noqa: B008 - a frozen value
    return replace(base, bounds=None, gap=made.gap, steps=made.steps, size=OrderSize(made.size, SizeUnit.MONEY))


def share(fees: Fees = STANDARD) -> Instrument:
    return SHARES.instrument("TQQQ", fees)


PRICES = st.decimals("0.05", 200_000_000, places=4)
FEES = st.decimals("-0.0005", "0.01", places=4)


class Case(NamedTuple):
    """A market, an account and what its owner wants."""

    price: Decimal
    fees: Fees
    swing: Decimal
    fall: Decimal
    money: int
    base: GridSettings


CASES = st.builds(
    Case,
    price=PRICES,
    fees=st.builds(Fees, FEES, FEES),
    swing=st.decimals(0, "0.2", places=4),
    fall=st.decimals(0, "0.8", places=3),
    money=st.integers(1, 10**9),
    base=st.builds(GridSettings, spacing=st.sampled_from(Spacing), steps_above=st.integers(0, 5)),
)


@settings(max_examples=120, deadline=None)
@given(case=CASES)
def test_a_proposal_never_loses_is_never_under_the_minimum_and_never_takes_more_than_given(case: Case) -> None:
    price, money, base = case.price, case.money, case.base
    coin = instrument(case.fees)
    try:
        made = propose(base, coin, price, past(price, case.swing, case.fall), Decimal(money))
    except GridRefused as refused:
        figures = dict(refused.faults[0].figures)
        assert "least" not in figures or Decimal(figures["least"]) > money
        return

    cells = cells_of(grid_of(made, base), coin, price)
    assert all(margin_of(cell, coin) >= MARGIN for cell in cells)
    assert all(coin.placeable(cell.buy_price, cell.qty) for cell in cells)
    assert faults_of(grid_of(made, base), coin, price, Decimal(money)) == ()
    assert 1 <= made.steps <= min(STEPS_MAX, made.wanted)


@pytest.mark.parametrize(("fees", "smallest"), [(STANDARD, "0.0061"), (ENROLLED, "0.0019")])
def test_in_a_still_market_the_gap_is_the_smallest_that_pays(fees: Fees, smallest: str) -> None:
    made = propose(GridSettings(), instrument(fees), BTC, past(BTC, Decimal("0.0001")), Decimal(10_000_000))

    assert smallest_gap(instrument(fees)) == made.gap == Decimal(smallest)


def test_in_a_lively_market_the_gap_is_as_wide_as_a_usual_hour() -> None:
    made = propose(GridSettings(), instrument(), BTC, past(BTC, Decimal("0.0123")), Decimal(10_000_000))

    assert made.gap == Decimal("0.0123")


def test_the_lowest_line_reaches_the_lowest_price_seen_and_the_money_is_used() -> None:
    made = propose(GridSettings(), instrument(), BTC, past(BTC, Decimal("0.01"), Decimal("0.2")), Decimal(5_000_000))
    figures = figures_of(grid_of(made), instrument(), BTC)

    assert BTC * Decimal("0.79") < figures.last_buy <= BTC * Decimal("0.8")
    assert Decimal(4_900_000) < figures.money <= Decimal(5_000_000)


def test_little_money_takes_fewer_cells_further_apart_and_says_how_many_are_missing() -> None:
    rich, poor = (
        propose(GridSettings(), instrument(), BTC, past(BTC, Decimal("0.01"), Decimal("0.4")), Decimal(money))
        for money in (10_000_000, 60_000)
    )

    assert rich.steps == rich.wanted
    assert poor.steps == 11
    assert poor.gap > rich.gap
    assert poor.wanted > poor.steps


@settings(max_examples=60, deadline=None)
@given(
    price=st.decimals("0.5", 900, places=2),
    swing=st.decimals(0, "0.1", places=4),
    money=st.decimals(1, 200_000, places=2),
    base=st.builds(GridSettings, spacing=st.sampled_from(Spacing), steps_above=st.integers(0, 3)),
)
def test_shares_are_proposed_whole_and_within_the_money(
    price: Decimal, swing: Decimal, money: Decimal, base: GridSettings
) -> None:
    try:
        made = propose(base, share(), price, past(price, swing, Decimal("0.2")), money)
    except GridRefused as refused:
        figures = dict(refused.faults[0].figures)
        assert "least" not in figures or Decimal(figures["least"]) > money
        return

    assert made.size % 1 == 0
    assert made.size >= 1
    assert made.settings()["ORDER_SIZE"] == f"{made.size:f}shares"
    grid = replace(grid_of(made, base), size=OrderSize(made.size, SizeUnit.BASE))
    assert faults_of(grid, share(), price, money) == ()


def test_where_only_days_are_known_an_hour_is_reckoned_from_them() -> None:
    days = tuple(bar(24 * day, 80, 82, 80, 80) for day in range(20))
    seen = Past(days, ())

    assert (seen.is_known, seen.is_daily, seen.bars) == (True, True, days)
    assert seen.swing() == Decimal("0.01")
    assert Past(days[1:], ()).is_known is False
    assert Past(days, tuple(bar(hour, 80, 81, 80, 80) for hour in range(24))).is_daily is False


@pytest.mark.parametrize(
    ("currency", "text", "amount"),
    [
        ("KRW", "100만원", "1000000"),
        ("KRW", "1,000,000", "1000000"),
        ("KRW", "1.5만", "15000"),
        ("KRW", "$50", None),
        ("KRW", "1.5", None),
        ("USD", "$2,500.50", "2500.5"),
        ("USD", "5천 달러", "5000"),
        ("USD", "100usd", "100"),
        ("USD", "5000원", None),
        ("USD", "0.001", None),
        ("USD", "0", None),
    ],
)
def test_money_is_read_as_people_write_it_and_never_in_another_currency(
    currency: str, text: str, amount: str | None
) -> None:
    purse = Purse(currency, Wording("ko"))
    if amount is None:
        with pytest.raises(Refused, match="setup_money_form"):
            purse.read(text)
    else:
        assert purse.read(text) == Decimal(amount)


def test_money_is_said_with_its_unit() -> None:
    won, dollars = Purse("KRW", Wording("ko")), Purse("USD", Wording("en"))

    assert (won.amount(Decimal(-12640)), won.price(Decimal(48_900_000))) == ("-12,640원", "48,900,000원")
    assert (dollars.amount(Decimal("-0.5")), dollars.price(Decimal(80))) == ("-$0.50", "$80.00")
    assert dollars.range(Decimal(1), Decimal("1.25")) == "$1.00 to 1.25"
    assert dollars.price(Decimal("0.1234")) == "$0.1234"


@pytest.mark.parametrize("money", [1, 5000, 5012])
def test_too_little_money_is_told_with_the_least_that_is_enough(money: int) -> None:
    lively = past(BTC, Decimal("0.01"))
    with pytest.raises(GridRefused) as refused:
        propose(GridSettings(), instrument(), BTC, lively, Decimal(money))

    least = Decimal(dict(refused.value.faults[0].figures)["least"])
    assert propose(GridSettings(), instrument(), BTC, lively, least).steps == 1


def test_a_coin_whose_tick_is_coarser_than_any_gain_gets_no_grid() -> None:
    price = Decimal("0.0001")
    with pytest.raises(GridRefused, match="setup_no_grid"):
        propose(GridSettings(), instrument(), price, Past(), Decimal(10_000_000))


def test_without_a_past_there_is_a_grid_all_the_same() -> None:
    made = propose(GridSettings(), instrument(), BTC, Past(), Decimal(1_000_000))

    assert made.gap == Decimal("0.0061")
    assert not Past().is_known


def test_the_figures_are_those_of_the_formulas() -> None:
    grid = GridSettings(steps=2, gap=Decimal("0.01"), size=OrderSize(Decimal("0.01"), SizeUnit.BASE))
    coin = instrument()

    figures = figures_of(grid, coin, BTC)

    assert (figures.first_buy, figures.first_sell) == (Decimal(49_504_000), BTC)
    assert (figures.last_buy, figures.last_sell) == (Decimal(49_014_000), Decimal(49_505_000))
    cost = (Decimal(49_504_000) + Decimal(49_014_000)) * Decimal("0.01") * Decimal("1.0025")
    assert figures.money == cost
    value = Decimal("0.02") * Decimal(49_014_000) * Decimal("0.9975")
    assert figures.losses[0].amount == cost - value
    assert [loss.price for loss in figures.losses] == [Decimal(49_014_000), Decimal(44_112_000), Decimal(34_309_000)]
    first = (BTC * Decimal("0.9975") - Decimal(49_504_000) * Decimal("1.0025")) * Decimal("0.01")
    last = (Decimal(49_505_000) * Decimal("0.9975") - Decimal(49_014_000) * Decimal("1.0025")) * Decimal("0.01")
    assert figures.earned == (min(first, last), max(first, last))
    assert figures.gap_pct.quantize(Decimal("0.0001")) == ONE


@pytest.mark.parametrize(
    ("prices", "cycles"),
    [
        ((100, 100, 100, 100), 0),
        ((100, 100, 90, 90), 0),
        ((100, 103, 97, 103), 3),
        ((103, 103, 97, 103), 5),
        ((100, 103, 97, 98), 0),
        ((100, 103, 97, "98.1"), 1),
    ],
)
def test_cycles_are_falls_through_a_line_and_rises_by_a_gap(prices: tuple[int | str, ...], cycles: int) -> None:
    assert cycles_of([bar(0, *prices)], Decimal("0.01"), HUNDRED) == cycles


def test_a_touch_counts_and_a_cycle_needs_its_own_fall() -> None:
    lines = Decimal("0.02")

    down_and_up = [bar(0, 101, 101, 100, 102)]
    up_only = [bar(0, 100, 110, 100, 110)]

    assert cycles_of(down_and_up, lines, HUNDRED) == 1
    assert cycles_of(up_only, lines, HUNDRED) == 0
    assert cycles_of([], lines, HUNDRED) == 0
