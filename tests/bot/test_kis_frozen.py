"""An order that never reached the broker, though we cannot know: its cell freezes, is told, and is freed by proof."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from bot.search import FINAL_AFTER
from domain.errors import ExitCode, SetupError
from domain.order import OrderState
from tests.bot.kis_rig import OPENINGS, OPENS_AT, days, kis_desk, placed
from tests.bot.test_kis_days import FLAT, GRID, SESSION, agree, by_session, stop_at

if TYPE_CHECKING:
    from pathlib import Path

    from tests.bot.demo_rig import Desk

NEVER_CAME = {"route": "place", "kind": "drop_connection", "after": 1}
"""The second order of the morning is cut off before the broker has read it."""
NOON = OPENS_AT + timedelta(hours=3)
PROVEN = OPENS_AT + SESSION + FINAL_AFTER + timedelta(minutes=15)


def codes(run: Desk) -> list[str]:
    return [note.why.code for note in run.told]


def lost(run: Desk) -> list[OrderState]:
    return [order.state for order in run.demo.run.ledger.reader.orders() if order.venue_id is None]


def test_one_cell_freezes_the_others_trade_and_after_the_close_it_is_proven_absent(tmp_path: Path) -> None:
    with kis_desk(tmp_path, days(FLAT, FLAT), *GRID) as run:
        run.customer.admin("faults", NEVER_CAME)
        stop_at(run, NOON)
        frozen, at_noon, told = lost(run), len(placed(run)), codes(run)
        stop_at(run, PROVEN)
        proven = lost(run)
        assert run.play()
        agree(run)
        sessions = by_session(placed(run))

    assert (frozen, at_noon) == ([OrderState.UNKNOWN], 3)
    assert "frozen_not_found" in told
    assert proven == [OrderState.VOID]
    assert [len(orders) for orders in sessions.values()] == [3, 4]


def test_the_owner_may_free_the_cell_and_it_is_placed_the_same_day(tmp_path: Path) -> None:
    market = days(FLAT, FLAT)
    with kis_desk(tmp_path, market, *GRID) as run:
        run.customer.admin("faults", NEVER_CAME)
        stop_at(run, NOON)
        (cell,) = (order.cell for order in run.demo.run.loop.state.orders.values() if order.venue_id is None)
    with kis_desk(tmp_path, market, *GRID) as run:
        assert not run.demo.play(
            run.patience,
            lambda: run.demo.clock.now() >= NOON + timedelta(hours=1),
            resume=False,
            release=[cell],
        )
        assert lost(run) == [OrderState.VOID]
        assert len(placed(run)) == 4


def test_nothing_is_released_that_is_not_lost(tmp_path: Path) -> None:
    with kis_desk(tmp_path, days(FLAT, FLAT), *GRID) as run, pytest.raises(SetupError) as refusal:
        run.demo.play(run.patience, lambda: False, resume=False, release=["1.9"])

    assert refusal.value.exit_code is ExitCode.SETTINGS
    assert [why.code for why in refusal.value.faults] == ["nothing_to_release"]


def test_a_bot_that_was_killed_with_an_answer_open_finds_its_order_at_the_next_start(tmp_path: Path) -> None:
    market = days(FLAT, FLAT)
    with kis_desk(tmp_path, market, *GRID) as run:
        run.customer.admin("faults", {"route": "place", "kind": "lose_reply_after_accept", "after": 1})
        assert not run.demo.play(run.patience, lambda: OrderState.UNKNOWN in states(run), resume=False)
        before = len(placed(run))
    with kis_desk(tmp_path, market, *GRID) as run:
        assert run.play()
        agree(run)
        first = by_session(placed(run))[OPENINGS[0].date().isoformat()]

    assert before == 2
    assert len(first) == len({row["price"] for row in first}) == 4


def states(run: Desk) -> set[OrderState]:
    return {order.state for order in run.demo.run.loop.state.orders.values()}
