"""Prices come in the order the design says, from a file or from a seed."""

import gzip
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from simulator.bithumb.rules import PRICE_UNITS
from simulator.candlefile import CandlesUnfit, read_candles
from simulator.market import Market, RecordedBars, SyntheticBars, Walk, recorded_label
from tests.simulator.customer import BEGIN, bar

ROWS = """time_utc,open,high,low,close,volume
2026-03-02T00:00:00Z,10,12,9,11,4
2026-03-02T00:01:00Z,11,13,8,10,4
2026-03-02T00:05:00Z,10,10,10,10,0
"""


def prints(market: Market, count: int) -> list[tuple[int, str, bool]]:
    """Return seconds since the begin, price and jump of the first prints."""
    found = [market.print_at(index) for index in range(count)]
    return [(int((p.at - BEGIN).total_seconds()), str(p.price), p.jump) for p in found if p is not None]


def test_a_bar_is_four_prints_by_which_way_it_closed_and_a_gap_is_one_step(tmp_path: Path) -> None:
    path = tmp_path / "prices.csv"
    path.write_text(ROWS)

    market = Market(RecordedBars(read_candles(path), "test"))

    assert prints(market, 13) == [
        *((0, "10", True), (15, "9", False), (30, "12", False), (45, "11", False)),
        *((60, "11", True), (75, "13", False), (90, "8", False), (105, "10", False)),
        *((300, "10", True), (315, "10", False), (330, "10", False), (345, "10", False)),
    ]
    assert market.prints_left(5) == 7


def test_a_packed_file_is_read_scaled_and_cut(tmp_path: Path) -> None:
    path = tmp_path / "prices.csv"
    path.write_bytes(gzip.compress(ROWS.encode()))

    candles = read_candles(path, scale=Decimal("1.5"), bars=2)

    assert [(str(candle.low), str(candle.volume)) for candle in candles] == [("13.5", "4"), ("12.0", "4")]


@pytest.mark.parametrize(
    ("row", "problem"),
    [
        ("2026-03-02T00:05:00Z,10,9,10,10,1", "line 5: low, open, close and high"),
        ("2026-03-02T00:06:00,10,10,10,10,1", "zone"),
        ("2026-03-02T00:04:00Z,10,10,10,10,1", "rise"),
        ("2026-03-02T00:06:00Z,1e3,10,10,10,1", "no number"),
        ("yesterday,10,10,10,10,1", "no time"),
        ("2026-03-02T00:06:00Z,10,10,10", "no number"),
    ],
)
def test_a_row_that_cannot_be_is_named(tmp_path: Path, row: str, problem: str) -> None:
    path = tmp_path / "prices.csv"
    path.write_text(f"{ROWS}{row}\n")

    with pytest.raises(CandlesUnfit, match=problem):
        read_candles(path)


@pytest.mark.parametrize("text", ["", "time_utc,open\n", "time_utc,open,high,low,close,volume\n"])
def test_a_file_without_candles_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "prices.csv"
    path.write_text(text)

    with pytest.raises(CandlesUnfit):
        read_candles(path)


def test_a_seed_gives_the_same_market_each_time_and_another_seed_another() -> None:
    def closes(seed: str) -> list[Decimal]:
        bars = SyntheticBars(Walk(seed, bars_max=300), PRICE_UNITS)
        found = [bars.bar(index) for index in range(300)]
        assert bars.bar(300) is None
        return [candle.close for candle in found if candle is not None]

    assert closes("7") == closes("7")
    assert closes("7") != closes("8")
    # These exact prices are what saved books of former versions are played on with.
    assert [str(price) for price in closes("7")[:3]] == ["100000000", "99700000", "100423000"]


def test_a_synthetic_bar_is_whole_on_the_tick_and_swings_enough_for_a_grid() -> None:
    bars = SyntheticBars(Walk("1"), PRICE_UNITS)
    found = [candle for index in range(480) if (candle := bars.bar(index)) is not None]

    assert all(candle.low <= min(candle.open, candle.close) for candle in found)
    assert all(candle.high >= max(candle.open, candle.close) for candle in found)
    assert all(PRICE_UNITS.down(price) == price for candle in found for price in (candle.low, candle.high))
    assert max(candle.high for candle in found) / min(candle.low for candle in found) > Decimal("1.04")
    assert "synthetic" in Market(bars).label


def test_a_label_changes_with_all_that_makes_a_market_another_one() -> None:
    walks = (
        Walk("1"),
        Walk("2"),
        Walk("1", Decimal(5)),
        Walk("1", begins_at=BEGIN),
        Walk("1", bars_max=3),
    )

    assert len({walk.label for walk in walks}) == len(walks)


def test_a_recorded_market_is_named_by_its_values_not_by_how_they_are_written() -> None:
    one = recorded_label((bar(0, "10", "12", "9", "11"),))

    assert recorded_label([bar(0, "10.0", "12", "9.00", "11", volume="4.0")]) == one
    assert recorded_label([bar(0, "10", "12", "9", "11", volume="5")]) != one
    assert recorded_label([bar(1, "10", "12", "9", "11")]) != one


def test_a_bar_alone_lasts_a_minute() -> None:
    market = Market(RecordedBars((bar(0, "1", "1", "1", "1"),), "test"))

    last = market.print_at(3)

    assert last is not None
    assert last.at - BEGIN == timedelta(seconds=45)
    assert market.print_at(4) is None
