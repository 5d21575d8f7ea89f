"""The course of a run: few enough marks for a chart, no high or low lost, and charts that keep to their box."""

from __future__ import annotations

import re
from datetime import timedelta
from decimal import Decimal
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.mark import DAY_S, Mark
from ledger.places import SqlitePlace
from reports.charts import BOX, drawdown_chart, equity_chart
from reports.history import KOREA, POINTS_MAX, days_shown, fewer
from reports.statement import Course
from tests.ledger.desk import SYMBOL, Desk
from tests.reports.books import BEGIN, describe, mark, stated

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PRICES = st.lists(st.decimals(min_value=3, max_value=10**9, places=2), min_size=1, max_size=900)


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    """Trades on a new ledger."""
    with Desk.at(SqlitePlace(tmp_path / "dry_run")) as desk:
        yield desk


def run_of(prices: list[Decimal]) -> list[Mark]:
    return [mark(BEGIN + timedelta(hours=n), str(price), position="1") for n, price in enumerate(prices)]


def keep(desk: Desk, step_s: int, count: int) -> None:
    with desk.ledger.commit() as page:
        for n in range(count):
            page.mark(SYMBOL, mark(BEGIN + timedelta(seconds=step_s * n), str(100 + n % 7), step_s))


@given(prices=PRICES)
def test_neighbours_are_put_together_and_nothing_is_lost(prices: list[Decimal]) -> None:
    marks = run_of(prices)

    drawn = fewer(marks)

    assert len(drawn) <= POINTS_MAX
    assert (max(m.high for m in drawn), min(m.low for m in drawn)) == (max(prices) + 1, min(prices) - 2)
    assert (drawn[0].at, drawn[0].open, drawn[-1].close) == (marks[0].at, marks[0].open, marks[-1].close)
    assert sum(m.step_s for m in drawn) >= 3600 * len(marks)


@pytest.mark.parametrize(
    ("hours", "step_s"), [(6, 120), (13, 900), (24 * 10, 3600), (24 * 40, 3600 * 4), (24 * 90, DAY_S)]
)
def test_a_run_is_drawn_as_finely_as_its_length_allows(desk: Desk, hours: int, step_s: int) -> None:
    describe(desk, at=(BEGIN + timedelta(hours=hours)).isoformat())
    for kept_s, most in ((60, 720), (900, 672), (3600, 1080), (DAY_S, 4000)):
        keep(desk, kept_s, min(most, hours * 3600 // kept_s + 1))

    course = stated(desk).course

    assert course.whole[-1].step_s == step_s
    assert len(course.whole) <= POINTS_MAX
    # Of a long run the prices are those of the last weeks, in candles of two hours.
    assert course.recent[-1].step_s == (7200 if step_s == DAY_S else step_s)


def test_a_run_of_years_is_drawn_in_few_points_that_end_today_and_lose_no_total(desk: Desk) -> None:
    describe(desk, at=(BEGIN + timedelta(days=1000)).isoformat())
    keep(desk, DAY_S, 1001)

    whole = stated(desk).course.whole

    assert 200 < len(whole) <= POINTS_MAX
    assert {after.at - before.at for before, after in pairwise(whole)} == {timedelta(days=4)}
    assert whole[-1].at == BEGIN + timedelta(days=1000)


def test_a_day_after_a_gap_brings_all_that_changed_since() -> None:
    days = [mark(BEGIN + timedelta(days=n), price, DAY_S, position="1") for n, price in ((0, "5"), (3, "9"))]

    shown = days_shown([], days, KOREA, BEGIN, Decimal(10))

    assert [(day.day.day, day.change) for day in shown] == [(4, Decimal(5)), (1, Decimal(5))]


def test_the_first_day_on_record_of_a_run_that_is_older_has_no_change() -> None:
    days = [mark(BEGIN + timedelta(days=n), "5", DAY_S, position="1") for n in (0, 1)]

    shown = days_shown([], days, KOREA, BEGIN - timedelta(days=9), Decimal(7))

    assert [(day.day.day, day.change) for day in shown] == [(2, Decimal(2))]


@given(prices=PRICES, start=st.none() | st.decimals(min_value=0, max_value=10**12, places=0))
def test_every_line_keeps_to_its_box(prices: list[Decimal], start: Decimal | None) -> None:
    course = Course(whole=fewer(run_of(prices)), start=start, first=prices[0])

    for chart in (equity_chart(course), drawdown_chart(course)):
        assert chart is not None
        places = [int(number) for number in re.findall(r"-?\d+", chart.first + chart.second)]
        places += [tick.at for tick in chart.ticks] + [moment.at for moment in chart.moments]
        assert all(0 <= place <= BOX for place in places)
        assert chart.ticks


def test_before_the_first_price_there_is_no_chart() -> None:
    assert (equity_chart(Course()), drawdown_chart(Course())) == (None, None)
