"""Bars lie inside sessions: recorded ones are filtered, drawn ones laid in."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from itertools import pairwise

from domain.market import Candle
from simulator.kis.bars import (
    RecordedSessions,
    SyntheticSessions,
    in_sessions,
    synthetic_bars_in,
    synthetic_begins_at,
    us_walk,
)
from simulator.kis.hours import hours
from simulator.market import Market


def candle(text: str, price: str = "80", volume: str = "10") -> Candle:
    number = Decimal(price)
    return Candle(datetime.fromisoformat(text), number, number, number, number, Decimal(volume))


def test_calendar_days_are_counted_in_bars() -> None:
    assert synthetic_bars_in(date(2026, 3, 2), 7) == 5 * 78
    assert synthetic_bars_in(date(2026, 11, 26), 2) == 42
    assert synthetic_bars_in(date(2026, 12, 25), 1) == 0


def test_drawn_bars_lie_in_sessions_on_the_ladder_with_gaps_over_night() -> None:
    walk = us_walk(date(2026, 1, 1), synthetic_bars_in(date(2026, 1, 1), 14))
    bars = SyntheticSessions(walk)
    drawn = [bars.bar(number) for number in range(walk.bars_max or 0)]

    assert bars.bar(len(drawn)) is None
    candles = [bar for bar in drawn if bar is not None]
    assert len(candles) == len(drawn)
    market = hours()
    assert in_sessions(candles) == tuple(candles)
    assert candles[0].at == synthetic_begins_at(date(2026, 1, 1)) == datetime(2026, 1, 2, 14, 30, tzinfo=UTC)
    gaps = [
        later.open - earlier.close
        for earlier, later in pairwise(candles)
        if market.date_of(later.at) != market.date_of(earlier.at)
    ]
    assert len(gaps) == 8
    assert any(gaps)
    assert all(bar.open % Decimal("0.01") == 0 and bar.volume % 4 == 0 for bar in candles)
    assert Decimal(60) < min(bar.low for bar in candles) < max(bar.high for bar in candles) < Decimal(100)


def test_the_same_seed_draws_the_same_market_under_the_same_name() -> None:
    one, two = (SyntheticSessions(us_walk(date(2026, 3, 2), 100)) for _ in range(2))

    assert [one.bar(number) for number in range(100)] == [two.bar(number) for number in range(100)]
    assert one.label == two.label == "synthetic seed=1 centre=80 begins=2026-03-02 bars=100"


def test_bars_outside_sessions_are_not_played() -> None:
    kept = in_sessions(
        [candle(f"2026-03-05T{text}Z") for text in ("14:25:00", "14:30:00", "20:55:00", "21:00:00")]
        + [candle("2026-03-07T15:00:00Z")]
    )

    assert [bar.at.strftime("%d %H:%M") for bar in kept] == ["05 14:30", "05 20:55"]


def test_daily_bars_last_their_session() -> None:
    recorded = [candle(f"2026-11-{day}T00:00:00Z") for day in ("25", "26", "27", "30")]

    kept = in_sessions(recorded)
    market = Market(RecordedSessions(kept, "test"))
    prints = [market.print_at(number) for number in range(12)]

    assert [bar.at.day for bar in kept] == [25, 27, 30]
    at = [printed.at for printed in prints if printed is not None]
    assert at[1] - at[0] == timedelta(hours=6, minutes=30) / 4
    assert at[5] - at[4] == timedelta(hours=3, minutes=30) / 4
    assert len(at) == 12


def test_a_bar_that_would_outlast_its_session_is_cut() -> None:
    hourly = [candle(f"2026-03-05T{hour}:30:00Z") for hour in range(14, 21)]

    market = Market(RecordedSessions(in_sessions(hourly), "test"))
    last = [market.print_at(number) for number in range(24, 28)]

    assert [printed.at.strftime("%H:%M:%S") for printed in last if printed] == [
        *("20:30:00", "20:37:30", "20:45:00", "20:52:30"),
    ]


def test_volumes_are_whole_shares_in_every_print() -> None:
    market = Market(RecordedSessions([candle("2026-03-05T14:30:00Z", volume="11.7")], "test"))

    assert [printed.volume for number in range(4) if (printed := market.print_at(number))] == [2, 2, 2, 2]
