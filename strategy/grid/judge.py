"""What a fresh price changes: which cells may buy, which stops fire, what a session's opening skips."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

from domain.exact import ONE
from domain.instrument import BUY
from domain.reason import reason
from strategy.grid.checks import losing
from strategy.grid.config import GapPolicy, SizeUnit, StopAction
from strategy.grid.lines import order_qty
from strategy.grid.state import GRID, Phase
from strategy.grid.wants import blocked

if TYPE_CHECKING:
    from domain.instrument import Instrument
    from domain.reason import Reason
    from strategy.grid.config import GridSettings, OrderSize, Profit
    from strategy.grid.state import Epoch, GridState, Stops
    from strategy.grid.turn import Turn

_TIMES_IN_A_ROW = 2
_EXIT_TICKS = 5
_EXIT_RENEWAL = timedelta(seconds=60)
_STRENGTH = {None: 0, StopAction.PAUSE: 1, StopAction.CANCEL: 2, StopAction.CANCEL_SELL: 3}


def arm(state: GridState) -> GridState:
    """Let the cells buy whose line the price is above."""
    if all(cell.armed or cell.buy_line >= state.last for cell in state.cells):
        return state
    armed = (cell if cell.armed or cell.buy_line >= state.last else replace(cell, armed=True) for cell in state.cells)
    return replace(state, cells=tuple(armed))


def overtake(state: GridState) -> GridState:
    """Mark the partly filled buys whose sell line a fresh price reached; the price before their fill says nothing."""
    for cell in state.slots():
        order = cell.order
        if order is not None and order.side is BUY and cell.key in state.book.lots and state.last >= cell.sell_line:
            state = state.having(replace(cell, order=replace(order, overtaken=True)))
    return state


def trigger_reached(state: GridState, trigger: Decimal) -> bool:
    """Whether the price touched or crossed the trigger, seen from the first fresh price."""
    if state.first is None or state.first == trigger:
        return True
    return state.last <= trigger if state.first > trigger else state.last >= trigger


def weigh_terms(
    state: GridState, hold: Reason | None, settings: GridSettings, instrument: Instrument, turn: Turn
) -> GridState:
    """Let buying wait while the market is warned of, or while its fees make real money lose; sales go on."""
    if hold is None and settings.strict and state.epoch is not None:
        hold = losing(state.cells, settings, instrument, state.epoch.base, state.epoch.shifts)
    before = state.terms_hold
    if hold is not None and (before is None or before.code != hold.code):
        turn.warn(GRID, hold)
        turn.warn(GRID, reason("terms_hold_buys"))
    elif hold is None and before is not None:
        turn.warn(GRID, reason("terms_good_again"))
    return replace(state, terms_hold=hold)


def check_stops(
    state: GridState, settings: GridSettings, instrument: Instrument, turn: Turn, *, fresh: bool
) -> GridState:
    """Count the limits that a fresh price meets; the second time in a row fires, the strongest action wins."""
    epoch = state.epoch
    if epoch is None:
        return state
    before, price = state.stops, state.last
    stops = before
    if fresh:
        low = _count(before.low, met=settings.stop_low is not None and price <= settings.stop_low)
        high = _count(before.high, met=settings.stop_high is not None and price >= settings.stop_high)
        stops = before if (low, high) == (before.low, before.high) else replace(before, low=low, high=high)
    if fresh and (settings.drawdown_pct is not None or settings.take_profit is not None):
        total = state.book.total(price)
        state = replace(state, peak=max(state.peak, total))
        stops = replace(
            stops,
            drawdown=_count(before.drawdown, met=_fell(state.peak - total, settings.drawdown_pct, epoch)),
            profit=_count(before.profit, met=_earned(total, settings.take_profit, epoch)),
        )
    if fresh and stops.counting:
        stops = _fire(stops, settings, state, turn)
    stops = _renew_exit(stops, state, instrument)
    return state if stops == before else replace(state, stops=stops)


def _count(times: int, *, met: bool) -> int:
    return times + 1 if met else 0


def _fell(fall: Decimal, pct: Decimal | None, epoch: Epoch) -> bool:
    return pct is not None and fall > 0 and fall * 100 >= pct * epoch.capital


def _earned(total: Decimal, goal: Profit | None, epoch: Epoch) -> bool:
    if goal is None:
        return False
    return total >= (goal.amount * epoch.capital / 100 if goal.is_pct else goal.amount)


def _fire(stops: Stops, settings: GridSettings, state: GridState, turn: Turn) -> Stops:
    limits = (
        ("stop_low", stops.low, settings.stop_low_action),
        ("stop_high", stops.high, settings.stop_high_action),
        ("drawdown", stops.drawdown, settings.drawdown_action),
        ("take_profit", stops.profit, settings.take_profit_action),
    )
    for name, times, action in limits:
        if times == _TIMES_IN_A_ROW and _STRENGTH[action] > _STRENGTH[stops.action]:
            total = state.book.total(state.last)
            turn.warn(GRID, reason(f"{name}_{action}", price=state.last, total=total, peak=state.peak))
            stops = replace(stops, action=action, by=name)
    return stops


def _renew_exit(stops: Stops, state: GridState, instrument: Instrument) -> Stops:
    """Price the sale of every lot anew: 5 ticks under the last price, once a minute."""
    if stops.action is not StopAction.CANCEL_SELL:
        return stops
    if stops.exit_at is not None and state.at - stops.exit_at < _EXIT_RENEWAL:
        return stops
    price = instrument.ticks.below(instrument.ticks.up(state.last), _EXIT_TICKS)
    return replace(stops, exit_price=price, exit_at=state.at)


def judge_gap(state: GridState, settings: GridSettings, turn: Turn) -> GridState:
    """At a session's opening keep at most so many cells above the price, the nearest; the others wait."""
    if state.phase is not Phase.RUNNING:
        return replace(state, gap_due=False)
    above = [
        cell.key
        for cell in state.cells
        if cell.armed and cell.key not in state.book.lots and cell.buy_line > state.last and not blocked(cell, state)
    ]
    allowed = settings.levels_per_open_max if settings.gap_policy is GapPolicy.LIMIT else 0
    skipped = set(above[allowed:])
    if skipped:
        turn.note(GRID, reason("gap_skipped", price=state.last, skipped=len(skipped), placed=len(above) - len(skipped)))
    cells = (replace(cell, armed=False) if cell.key in skipped else cell for cell in state.cells)
    return replace(state, cells=tuple(cells), gap_due=False)


def reinvest(state: GridState, settings: GridSettings, instrument: Instrument) -> GridState:
    """Once a day let the size of orders still to be placed grow with what the epoch has earned."""
    today = state.session or state.at.date()
    if not settings.reinvest or state.epoch is None or state.sized_on == today:
        return state
    earned = max(state.book.matched - state.epoch.matched_before, Decimal(0))
    factor = ONE + earned / state.epoch.capital
    size = replace(settings.size, amount=_whole(settings.size, factor))
    cells = (
        cell if cell.key in state.book.lots else replace(cell, qty=order_qty(size, cell.buy_price, instrument))
        for cell in state.cells
    )
    return replace(state, cells=tuple(cells), sized_on=today)


def _whole(size: OrderSize, factor: Decimal) -> Decimal:
    """Grow a size; money to whole units of the currency, so that the figures stay readable."""
    grown = size.amount * factor
    return max(grown // 1, size.amount) if size.unit is SizeUnit.MONEY else grown
