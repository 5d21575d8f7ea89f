"""The clock of a demo: the market's own time, moved by every wait, and prints only by a step."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bot.clock import MarketClock
from bot.demo.door import VenueGone
from tests.bot.demo.markets import Markets, recorded

BEGIN = datetime(2026, 3, 2, tzinfo=UTC)


def test_a_wait_moves_the_market_past_a_print_and_plays_none(tmp_path: Path, markets: Markets) -> None:
    market = markets.open(tmp_path / "demo", recorded(tmp_path / "prices.csv"))
    clock = MarketClock(market.door, market.told)

    clock.wait(20.5)

    assert clock.now() == market.door.clock().now == BEGIN + timedelta(seconds=20.5)
    assert (clock.told.played, clock.told.printed) == (1, False)


def test_a_step_plays_one_print_and_remembers_it(tmp_path: Path, markets: Markets) -> None:
    market = markets.open(tmp_path / "demo", recorded(tmp_path / "prices.csv"))
    clock = MarketClock(market.door, market.told)

    told = clock.step(None)

    assert told == clock.told
    assert (told.played, told.printed, clock.now()) == (2, True, BEGIN + timedelta(seconds=15))
    assert not clock.step(BEGIN + timedelta(seconds=16)).printed


@pytest.mark.parametrize(("pause_s", "moved"), [(0, 0), (-3, 0), (1e-9, 1), (0.0000014, 1)])
def test_the_shortest_wait_moves_the_market_and_no_wait_does_not(
    tmp_path: Path, markets: Markets, pause_s: float, moved: int
) -> None:
    market = markets.open(tmp_path / "demo", recorded(tmp_path / "prices.csv"))
    clock = MarketClock(market.door, market.told)

    clock.wait(pause_s)

    assert clock.now() - BEGIN == moved * timedelta.resolution


def test_a_market_that_is_gone_ends_the_wait(tmp_path: Path, markets: Markets) -> None:
    market = markets.open(tmp_path / "demo", recorded(tmp_path / "prices.csv"))
    clock = MarketClock(market.door, market.told)
    markets.kill(market)

    with pytest.raises(VenueGone):
        clock.wait(1)

    assert clock.now() == BEGIN
