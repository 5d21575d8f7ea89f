"""Why a bot does not trade as it otherwise would, the gravest first: pure, from the engine's state."""

from __future__ import annotations

from typing import TYPE_CHECKING

from domain.reason import Reason, reason

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bot.engine import EngineState
    from strategy.grid.state import GridState


def standing(state: EngineState, symbol: str) -> tuple[Reason, ...]:
    """Return all that holds new orders back; empty while nothing does."""
    grid: GridState = state.strategies[symbol]
    return (*(() if state.safe is None else (state.safe,)), *_of_grid(grid))


def _of_grid(grid: GridState) -> Iterator[Reason]:
    if grid.stops.action is not None:
        yield Reason(f"standing_{grid.stops.by}")
    if grid.paused:
        yield reason("standing_paused")
    if grid.cash_short:
        yield reason("standing_cash_short")
    if grid.terms_hold is not None:
        yield grid.terms_hold
