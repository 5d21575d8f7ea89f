"""Between which prices nothing can happen: a recorded bar that stays inside need not reach the grid."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from domain.instrument import BUY
from strategy.grid.config import Follow
from strategy.grid.epochs import settings_changed
from strategy.grid.lines import gap_ratio
from strategy.grid.state import Phase, Quiet

if TYPE_CHECKING:
    from strategy.grid.config import GridSettings
    from strategy.grid.state import Cell, GridState

_NO_LIMIT = Decimal("1e30")


def quiet_range(state: GridState, settings: GridSettings) -> Quiet | None:
    """Return the prices between which a bar neither fills, arms, ranks anew, stops nor shifts anything.

    None where every close counts: before the lines are laid, while something is being moved or counted, with limits
    that depend on more than the price, and where the last price lies outside.
    """
    if state.phase is not Phase.RUNNING or state.epoch is None or _every_close_counts(state, settings):
        return None
    lows, highs = [Decimal(0)], [_NO_LIMIT]
    if settings.stop_low is not None:
        lows.append(settings.stop_low)
    if settings.stop_high is not None:
        highs.append(settings.stop_high)
    if settings.follow is not Follow.OFF:
        highs.append(state.epoch.lines[-1] * gap_ratio(settings))
    for cell in state.slots():
        _add_bounds(cell, state, lows, highs)
    low, high = max(lows), min(highs)
    # A price that comes in from outside ranks the cells anew.
    return Quiet(low, high, settings) if low <= state.last <= high else None


def _every_close_counts(state: GridState, settings: GridSettings) -> bool:
    needs_total = settings.drawdown_pct is not None or settings.take_profit is not None or settings.reinvest
    unsettled = state.moving is not None or state.gap_due or state.stops.counting or state.stops.exit_at is not None
    if needs_total or unsettled or any(_unsettled(cell) for cell in state.slots()):
        return True
    # The next price begins to lay the lines as the owner wants them now.
    return settings_changed(state, settings)


def _unsettled(cell: Cell) -> bool:
    return cell.retry_at is not None or cell.frozen or (cell.order is not None and cell.order.canceling)


def _add_bounds(cell: Cell, state: GridState, lows: list[Decimal], highs: list[Decimal]) -> None:
    order = cell.order
    if order is not None and order.side is BUY:
        lows.append(max(order.price, cell.buy_line))
        if cell.key in state.book.lots:
            # A partly filled buy ends where its part is to be sold.
            highs.append(cell.sell_line)
    elif order is not None:
        highs.append(min(order.price, cell.sell_line))
    elif cell.key in state.book.lots:
        highs.append(cell.sell_line)
    else:
        lows.append(cell.buy_line if cell.armed else Decimal(0))
    if not cell.armed:
        highs.append(cell.buy_line)
