"""The deepest fall of a profit is found as it grows, whatever came before it."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.exact import ZERO
from domain.mark import Deepest, drawdown_row
from domain.session import SessionRule

BEGIN = datetime(2026, 3, 4, 5, 6, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
TOTALS = st.lists(st.decimals(min_value=-100, max_value=100, places=2), max_size=12)


def after(totals: list[Decimal]) -> Deepest:
    deepest = Deepest.begun(BEGIN)
    for number, total in enumerate(totals, 1):
        deepest = deepest.seen(total, BEGIN + number * MINUTE)
    return deepest


@given(totals=TOTALS)
def test_no_fall_is_deeper(totals: list[Decimal]) -> None:
    path = [ZERO, *totals]
    falls = [path[high] - path[low] for low in range(len(path)) for high in range(low + 1)]

    deepest = after(totals)

    assert deepest.fall == max(falls)
    assert deepest.top == max(path)
    assert path[(deepest.peak_at - BEGIN) // MINUTE] == deepest.peak
    assert path[(deepest.low_at - BEGIN) // MINUTE] == deepest.low
    assert deepest.peak_at <= deepest.low_at


@given(totals=TOTALS)
def test_what_was_seen_changes_nothing_when_it_is_seen_again(totals: list[Decimal]) -> None:
    deepest = after(totals)

    for total in totals[-1:]:
        assert deepest.seen(total, BEGIN + len(totals) * MINUTE) == deepest
    assert Deepest.of(deepest.row()) == deepest


@given(totals=TOTALS, between=TOTALS)
def test_it_says_between_which_totals_nothing_changes(totals: list[Decimal], between: list[Decimal]) -> None:
    deepest = after(totals)
    if between and deepest.is_untouched_between(min(between), max(between)):
        for total in between:
            assert deepest.seen(total, BEGIN) is deepest


def test_the_row_is_plain_and_named_after_its_symbol() -> None:
    deepest = after([Decimal("10.50"), Decimal("1E+1")])

    assert drawdown_row("KRW-BTC") == "drawdown/KRW-BTC"
    assert deepest.row() == {
        "peak": "10.5",
        "peak_at": "2026-03-04T05:07:00Z",
        "low": "10",
        "low_at": "2026-03-04T05:08:00Z",
        "top": "10.5",
        "top_at": "2026-03-04T05:07:00Z",
    }


@pytest.mark.parametrize(
    ("zone", "day", "hours"),
    [("Asia/Seoul", 8, 24), ("America/New_York", 8, 23), ("America/New_York", 9, 24)],
)
def test_a_day_is_as_long_as_its_market_says(zone: str, day: int, hours: int) -> None:
    rule = SessionRule(ZoneInfo(zone))
    begin, end = (rule.midnight_of(date(2026, 3, each)) for each in (day, day + 1))

    assert end - begin == timedelta(hours=hours)
    assert [rule.date_of(at).day for at in (begin - MINUTE, begin, end - MINUTE, end)] == [day - 1, day, day, day + 1]
    assert all(at.tzinfo is UTC for at, _ in pairwise((begin, end)))
