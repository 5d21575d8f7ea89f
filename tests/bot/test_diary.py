"""The diary: one row that a later start goes on from."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from bot.agreement import Opening
from bot.diary import Diary
from bot.engine import EngineState
from domain.exact import ZERO
from domain.reason import reason
from domain.snapshot import RunState
from strategy.grid.state import GridState, Phase
from tests.bot.rig import COIN, NOON, SYMBOL

RUNNING = replace(GridState(), phase=Phase.RUNNING, last=Decimal(9500), at=NOON)


def diary(bars: int | None = None) -> Diary:
    return Diary(SYMBOL, {SYMBOL: COIN}, Opening(Decimal(1_000_000), Decimal("0.5")), bars=bars)


def state(grid: GridState = RUNNING, **changes: Any) -> EngineState:  # noqa: ANN401 - any field of a state
    return replace(EngineState({SYMBOL: grid}), **changes)


def test_the_row_tells_what_the_account_began_with_and_where_the_run_stands() -> None:
    row = diary().row_of(state(seen_at=NOON + timedelta(seconds=3)))

    assert (row["cash_start"], row["holdings_start"], row["last"]) == ("1000000", "0.5", "9500")
    assert (row["at"], row["seen_at"]) == ("2025-01-02T12:00:00Z", "2025-01-02T12:00:03Z")
    assert (row["state"], row["bars"], row["differences"]) == ("running", None, None)


def test_a_later_start_goes_on_from_the_row_and_the_first_begin_stays() -> None:
    first = diary()
    first.begin(NOON)
    row = first.row_of(state(seen_at=NOON))

    second = diary()
    second.go_on_from(row)
    second.begin(NOON + timedelta(days=1))

    assert second.row() | {"lines": row["lines"]} == row
    assert second.started_at == NOON


def test_before_anything_was_seen_the_row_can_be_read_back() -> None:
    again = diary()
    again.go_on_from(diary().row())

    assert (again.started_at, again.at, again.last, again.seen_at) == (None, None, None, None)
    assert again.state is RunState.WAITING


@pytest.mark.parametrize(
    ("grid", "changes", "shown"),
    [
        (GridState(), {}, RunState.WAITING),
        (RUNNING, {}, RunState.RUNNING),
        (replace(RUNNING, paused=True), {}, RunState.PAUSED),
        (replace(RUNNING, cash_short=True), {}, RunState.PAUSED),
        (replace(RUNNING, terms_hold=reason("gap_loses")), {}, RunState.PAUSED),
        (RUNNING, {"safe": reason("holdings_short")}, RunState.SAFE),
    ],
)
def test_the_row_says_whether_it_trades(grid: GridState, changes: dict[str, object], shown: RunState) -> None:
    assert diary().row_of(state(grid, **changes))["state"] == str(shown)


def test_a_price_that_is_not_known_again_yet_leaves_the_last_one() -> None:
    kept = diary()
    kept.row_of(state())

    assert kept.row_of(state(replace(RUNNING, last=ZERO)))["last"] == "9500"
