"""How the cells above the price begin: bought by one balancing order, or with holdings taken over."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from domain.errors import GridRefused
from domain.exact import ZERO
from domain.instrument import Side
from domain.reason import reason
from strategy.grid.config import Start, StopAction
from strategy.grid.state import GRID, START, Phase, StartOrder

if TYPE_CHECKING:
    from decimal import Decimal

    from domain.events import OrderFilled
    from domain.instrument import Instrument
    from strategy.grid.config import GridSettings
    from strategy.grid.state import Cell, GridState
    from strategy.grid.turn import Turn

Shares = tuple[tuple[str, "Decimal"], ...]

_TICKS_ABOVE = 5
_PATIENCE = timedelta(seconds=60)


def shares_at_start(cells: tuple[Cell, ...], price: Decimal, settings: GridSettings, instrument: Instrument) -> Shares:
    """Return which cells are served and with how much, lowest first; raises `GridRefused` where there is none."""
    if settings.start is Start.BUY_ONLY:
        return ()
    above = [cell for cell in cells if cell.buy_line >= price]
    if not above:
        raise GridRefused(reason("start_serves_none", start=settings.start, price=price, highest=cells[-1].sell_line))
    if settings.start is Start.BALANCE:
        return tuple((cell.key, cell.qty) for cell in above)
    shares = _adopted(above, settings.adopt_qty, instrument)
    if not shares:
        raise GridRefused(reason("nothing_to_adopt", qty=settings.adopt_qty, base=instrument.base))
    return shares


def _adopted(above: list[Cell], holdings: Decimal, instrument: Instrument) -> Shares:
    shares = []
    left = instrument.round_qty(holdings)
    for cell in above:
        qty = min(cell.qty, left)
        if not instrument.placeable(cell.sell_price, qty):
            break
        shares.append((cell.key, qty))
        left -= qty
    return tuple(shares)


def serve(state: GridState, shares: Shares, settings: GridSettings, instrument: Instrument, turn: Turn) -> GridState:
    """Take holdings over, or wait for a session to send the one balancing order."""
    epoch = state.epoch
    if settings.start is Start.ADOPT and epoch is not None:
        for key, qty in shares:
            state = turn.adopt(state, key, qty, epoch.anchor)
        turn.note(GRID, reason("adopted", qty=state.book.position, base=instrument.base, price=epoch.anchor))
        state = replace(state, epoch=replace(epoch, capital=epoch.capital or state.book.cost))
        return _armed(state, {key for key, _ in shares})
    if settings.start is Start.BALANCE:
        return replace(state, phase=Phase.BALANCING, start=StartOrder(shares))
    return state


def _armed(state: GridState, keys: set[str]) -> GridState:
    return replace(state, cells=tuple(replace(cell, armed=True) if cell.key in keys else cell for cell in state.cells))


def balance(state: GridState, instrument: Instrument, turn: Turn, *, judged_at_close: bool) -> GridState:
    """Send the balancing order when the session is open; take it back when it has waited long enough."""
    start = state.start
    if start is None:
        return state
    if start.placed_at is None:
        held_back = state.paused or state.stops.action is not None or state.terms_hold is not None
        if not state.session_open or held_back:
            return state
        price = instrument.ticks.above(instrument.ticks.up(state.last), _TICKS_ABOVE)
        qty = sum((share for _, share in start.serves), ZERO)
        why = reason("balances", price=price, qty=qty, cells=len(start.serves))
        turn.place(START, Side.BUY, price, qty, epoch=0, cycle=0, why=why)
        return replace(state, start=replace(start, placed_at=state.at))
    patience = timedelta(0) if judged_at_close else _PATIENCE
    stopped = state.stops.action in {StopAction.CANCEL, StopAction.CANCEL_SELL}
    if not start.canceling and (stopped or state.at - start.placed_at > patience):
        turn.cancel(START, reason("balance_waited", filled=start.filled))
        return replace(state, start=replace(start, canceling=True))
    return state


def start_filled(state: GridState, event: OrderFilled, instrument: Instrument, turn: Turn) -> GridState:
    """Count a fill of the balancing order; when it is whole, share it out.

    What is told after that belongs to no cell any more: it is booked apart, as dust is.
    """
    if state.start is None:
        return turn.to_dust(state, START, closes_cycle=False)
    state = replace(state, start=replace(state.start, filled=event.order.filled))
    return state if event.order.remaining else share_out(state, instrument, turn)


def share_out(state: GridState, instrument: Instrument, turn: Turn) -> GridState:
    """Give each cell its lot of what was bought, lowest first; the others begin as they are."""
    if state.start is None:
        return state
    left = state.book.held(START)
    served = set()
    for key, share in state.start.serves:
        cell = state.find(key)
        qty = min(share, left)
        if cell is None or not instrument.placeable(cell.sell_price, qty):
            break
        state = turn.move_lots(state, START, key, qty)
        served.add(key)
        left -= qty
    if left:
        state = turn.to_dust(state, START, closes_cycle=False)
    return _armed(replace(state, start=None, phase=Phase.RUNNING), served)
