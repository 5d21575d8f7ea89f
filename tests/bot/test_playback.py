"""Playing candles: what is skipped changes nothing, sessions open and end, and a stop ends between two bars."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from bot.playback import Playback
from bot.sources import load_settings
from bot.wiring.paper import paper_run
from domain.errors import GridRefused
from domain.exact import ZERO
from domain.instrument import Side
from domain.market import Candle
from domain.order import OrderState
from domain.snapshot import Snapshot
from domain.venue import VenueOrder
from reports.figures import snapshot
from tests.bot.rehearsal import Rehearsal, candles_of, unheard
from tests.oracle.market import random_case

_S = OrderState
OPENING = datetime(2025, 1, 6, 14, 30, tzinfo=UTC)
MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)
# Lines 94 96 98 100 102, one share a cell.
SHARES = {
    "EXCHANGE": "KIS", "GRID_ANCHOR": "100", "GRID_GAP_PCT": "2", "GRID_SPACING": "arithmetic", "GRID_STEPS": "3",
    "GRID_STEPS_ABOVE": "1", "GRID_FOLLOW": "off",
}  # fmt: skip


def bars(closes: str, begin: datetime = OPENING, step: timedelta = MINUTE) -> list[Candle]:
    prices = [Decimal(word) for word in closes.split()]
    return [Candle(begin + step * n, price, price, price, price, ZERO) for n, price in enumerate(prices)]


def days(*sessions: str) -> list[Candle]:
    return [bar for number, closes in enumerate(sessions) for bar in bars(closes, OPENING + DAY * number)]


def placed_at(orders: Sequence[VenueOrder]) -> set[datetime]:
    return {order.at for order in orders}


def test_skipping_quiet_bars_changes_no_figure_no_order_and_no_fill() -> None:
    played = bars_in_all = 0
    for seed in range(2000, 2024):
        candles, settings = candles_of(random_case(seed)[0]), random_case(seed)[1]
        skipping, every = Rehearsal(settings), Rehearsal(settings, skips=False)

        assert skipping.run(candles) == every.run(candles), seed
        assert skipping.paper.all_orders() == every.paper.all_orders(), seed
        assert skipping.paper.all_executions() == every.paper.all_executions(), seed
        assert skipping.grid.cells == every.grid.cells, seed
        played, bars_in_all = played + skipping.bars_played, bars_in_all + every.bars_played

    assert played < bars_in_all * 9 // 10


def written(candles: Sequence[Candle], settings: dict[str, str], folder: Path, *, skips: bool) -> Snapshot | None:
    read = load_settings(environ=settings | {"DATA_DIR": str(folder)})
    with paper_run(read, candles, unheard, lambda: False) as run:
        if not skips:
            run.playback.quiet = lambda: None
        try:
            run.play(candles)
        except GridRefused:
            return None
        return snapshot(run.ledger.reader)


@pytest.mark.parametrize("seed", [2100, 2101, 2102, 2104])
def test_skipping_quiet_bars_leaves_the_same_figures_in_the_ledger(seed: int, tmp_path: Path) -> None:
    random_bars, settings = random_case(seed)
    settings.pop("SELF_CROSS", None)
    candles = candles_of(random_bars)

    skipping = written(candles, settings, tmp_path / "skipping", skips=True)
    every = written(candles, settings, tmp_path / "every", skips=False)

    assert skipping == every


def test_bars_in_which_nothing_can_happen_are_not_played() -> None:
    rehearsal = Rehearsal({"GRID_ANCHOR": "10000"})

    rehearsal.run(bars("10000 10000 9990 9950 9920 9990 10000"))

    assert rehearsal.bars_played == 2


def test_an_answer_rests_from_the_bar_after_its_fill() -> None:
    rehearsal = Rehearsal({"GRID_STEPS": "1"})
    wild = Candle(OPENING + MINUTE, Decimal(10000), Decimal(10100), Decimal(9900), Decimal(10000), ZERO)

    rehearsal.run([*bars("10000"), wild])

    sides = [(order.side, order.state) for order in rehearsal.paper.all_orders()]
    assert sides == [(Side.BUY, _S.FILLED), (Side.SELL, _S.OPEN)]


def test_day_orders_end_with_their_session_and_nothing_is_placed_at_its_last_close() -> None:
    rehearsal = Rehearsal(SHARES)
    candles = days("101 101 101", "101 101 101")

    rehearsal.run(candles)

    orders = rehearsal.paper.all_orders()
    first = [order for order in orders if order.at < OPENING + DAY]
    assert {order.state for order in first} == {_S.EXPIRED}
    assert placed_at(first) == {OPENING}
    # The last bar of a file does not end its session.
    second = orders[len(first) :]
    assert {order.state for order in second} == {_S.OPEN}
    assert placed_at(second) == {OPENING + DAY}
    assert [(order.side, order.price) for order in first] == [(order.side, order.price) for order in second]


def test_a_fill_in_the_last_bar_is_booked_before_the_session_ends() -> None:
    rehearsal = Rehearsal(SHARES)

    rehearsal.run(days("101 101 97", "97 97"))

    by_day = [[order for order in rehearsal.paper.all_orders() if order.at.day == day] for day in (6, 7)]
    assert sorted((order.price, order.state) for order in by_day[0]) == [
        (Decimal(94), _S.EXPIRED),
        (Decimal(96), _S.EXPIRED),
        (Decimal(98), _S.FILLED),
        (Decimal(100), _S.FILLED),
    ]
    assert {order.price for order in by_day[1] if order.side is Side.SELL} == {Decimal(100), Decimal(102)}
    assert placed_at(by_day[1]) == {OPENING + DAY}


def test_a_session_of_one_bar_between_longer_ones_trades_nothing() -> None:
    rehearsal = Rehearsal(SHARES)

    rehearsal.run(days("101 101", "101", "101 101"))

    assert placed_at(rehearsal.paper.all_orders()) == {OPENING, OPENING + 2 * DAY}


def test_with_daily_bars_the_orders_of_a_day_are_placed_at_the_close_before_it() -> None:
    rehearsal = Rehearsal(SHARES)

    rehearsal.run(days("101", "97", "101"))

    trades = [(fill.side, fill.fill.price, fill.fill.at.day) for fill in rehearsal.paper.all_executions()]
    assert trades == [
        (Side.BUY, Decimal(97), 7),
        (Side.BUY, Decimal(97), 7),
        (Side.SELL, Decimal(101), 8),
    ]
    # The last bar of a file does not end its session: what it sold may be bought again.
    assert placed_at(rehearsal.paper.all_orders()) == {OPENING, OPENING + DAY, OPENING + 2 * DAY}


@pytest.mark.parametrize("settings", [{"GRID_STEPS": "3"}, SHARES])
def test_a_stop_ends_the_run_between_two_bars(settings: dict[str, str]) -> None:
    rehearsal = Rehearsal(settings, skips=False)
    played: list[int] = []

    def note(bars: int, candle: Candle) -> None:
        played.append(bars)

    playback = Playback(
        rehearsal.loop,
        rehearsal.paper,
        rehearsal.clock,
        rehearsal.symbol,
        rehearsal.paper.market_session(rehearsal.symbol),
        lambda: None,
        note,
        lambda: len(played) == 3,
    )

    playback.run(days("10000 9000 9100 9200 9300") if settings is not SHARES else days("101 97 99 101 97"))

    assert played == [1, 2, 3]
    assert rehearsal.clock.now() == OPENING + 2 * MINUTE
