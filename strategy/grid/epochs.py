"""Laying the lines: the first epoch, the shift that follows the price, and changed settings."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from domain.book import DUST
from domain.errors import GridRefused
from domain.exact import ZERO
from domain.instrument import Side
from domain.reason import Reason, reason
from strategy.grid.checks import losing, profit_of, unplaceable
from strategy.grid.config import Follow, Start
from strategy.grid.lines import gap_ratio, grid_lines, make_cells, money_needed, moved_anchor
from strategy.grid.start import serve, shares_at_start
from strategy.grid.state import GRID, Epoch, Move, Phase, Shape

if TYPE_CHECKING:
    from decimal import Decimal

    from domain.instrument import Instrument
    from strategy.grid.config import GridSettings
    from strategy.grid.state import Cell, GridState
    from strategy.grid.turn import Turn


def begin(state: GridState, anchor: Decimal, settings: GridSettings, instrument: Instrument, turn: Turn) -> GridState:
    """Lay the first lines around an anchor; raises `GridRefused` where they cannot be placed or must not be."""
    epoch, cells = _lay(0, anchor, 0, settings, instrument, below=max(anchor, state.last))
    faults = unplaceable(cells, settings, instrument)
    if faults:
        raise GridRefused(*faults)
    shares = shares_at_start(cells, state.last, settings, instrument)
    if settings.start is Start.ADOPT:
        bought = {key for key, _ in shares}
        epoch = replace(epoch, capital=money_needed([cell for cell in cells if cell.key not in bought], instrument))
    doubts = [losing(cells, settings, instrument, anchor, 0), _shortage(epoch, state, settings, instrument)]
    _refuse_or_warn([doubt for doubt in doubts if doubt is not None], settings, turn)
    turn.note(GRID, _laid(epoch, instrument))
    return serve(replace(state, epoch=epoch, cells=cells, phase=Phase.RUNNING), shares, settings, instrument, turn)


def _refuse_or_warn(doubts: list[Reason], settings: GridSettings, turn: Turn) -> None:
    if doubts and settings.strict:
        raise GridRefused(*doubts)
    for doubt in doubts:
        turn.warn(GRID, doubt)


def _lay(
    number: int, base: Decimal, shifts: int, settings: GridSettings, instrument: Instrument, *, below: Decimal
) -> tuple[Epoch, tuple[Cell, ...]]:
    lines = grid_lines(settings, base, shifts)
    cells = make_cells(lines, settings, instrument, number, below)
    anchor = moved_anchor(settings, base, shifts)
    money = money_needed(cells, instrument)
    return Epoch(number, Shape.of(settings), base, shifts, anchor, lines, money, ZERO), cells


def _laid(epoch: Epoch, instrument: Instrument) -> Reason:
    return reason(
        "lines_laid",
        epoch=epoch.number,
        anchor=instrument.ticks.down(epoch.anchor),
        lowest=instrument.ticks.down(epoch.lines[0]),
        highest=instrument.ticks.up(epoch.lines[-1]),
        cells=len(epoch.lines) - 1,
        money=epoch.capital,
        currency=instrument.quote,
    )


def _shortage(epoch: Epoch, state: GridState, settings: GridSettings, instrument: Instrument) -> Reason | None:
    return _lacks(epoch.capital, state, settings, instrument)


def _lacks(needed: Decimal, state: GridState, settings: GridSettings, instrument: Instrument) -> Reason | None:
    if settings.free_cash is None:
        return None
    free = settings.free_cash + state.book.cash_flow
    if needed <= free:
        return None
    return reason("cash_short", needed=needed, free=free, currency=instrument.quote)


def check_cash(state: GridState, settings: GridSettings, instrument: Instrument, turn: Turn) -> GridState:
    """After a restart let buying wait where the cash does not cover the empty cells any more; else let it go on."""
    empty = [cell for cell in state.cells if cell.key not in state.book.lots]
    short = _lacks(money_needed(empty, instrument), state, settings, instrument)
    if short is not None:
        turn.warn(GRID, short)
    elif state.cash_short:
        turn.warn(GRID, reason("cash_there_again"))
    return replace(state, cash_short=short is not None)


def follow(state: GridState, settings: GridSettings, instrument: Instrument, turn: Turn) -> GridState:
    """Let the lines follow the price where it is due; a shift that could not be placed is told once and not begun."""
    if state.epoch is None or settings.follow is Follow.OFF or not _free_to_follow(state, settings):
        return state
    gaps = _gaps_to_go(state.epoch, state.last, settings)
    if gaps < 1:
        return state
    _, cells = _lay(0, state.epoch.base, state.epoch.shifts + gaps, settings, instrument, below=state.last)
    faults = unplaceable(cells, settings, instrument)
    if not faults:
        return replace(state, moving=Move.FOLLOW)
    if not state.follow_refused:
        turn.warn(GRID, reason("follow_refused", gaps=gaps))
        turn.warn(GRID, faults[0])
    return replace(state, follow_refused=True)


def stay(state: GridState) -> GridState:
    """End a shift that has not been carried out: the lines stay where they are."""
    return replace(state, moving=None) if state.moving is Move.FOLLOW else state


def _free_to_follow(state: GridState, settings: GridSettings) -> bool:
    held_back = state.paused or state.stops.action is not None or state.terms_hold is not None
    if state.phase is not Phase.RUNNING or state.moving is not None or held_back:
        return False
    if settings.follow is Follow.UP:
        return True
    orders_only_buys = all(cell.order is None or cell.order.side is Side.BUY for cell in state.cells)
    no_lots = not any(slot != DUST for slot in state.book.lots)
    return no_lots and not state.legacy and orders_only_buys and not any(cell.frozen for cell in state.cells)


def _gaps_to_go(epoch: Epoch, price: Decimal, settings: GridSettings) -> int:
    """Return the greatest m with `LM · (1+g)^m` at or below the price and the owner's highest line."""
    reach = price if settings.follow_max is None else min(price, settings.follow_max)
    ratio = gap_ratio(settings)
    top = epoch.lines[-1] * ratio
    gaps = 0
    while top <= reach:
        gaps += 1
        top *= ratio
    return gaps


def _shift(state: GridState, epoch: Epoch, settings: GridSettings, instrument: Instrument, turn: Turn) -> GridState:
    """Lay the lines anew above; where the price fell back meanwhile, leave them."""
    gaps = _gaps_to_go(epoch, state.last, settings)
    if gaps < 1:
        return replace(state, moving=None)
    shifts = epoch.shifts + gaps
    below = max(moved_anchor(settings, epoch.base, shifts), state.last)
    laid = _lay(epoch.number + 1, epoch.base, shifts, settings, instrument, below=below)
    return _renew(state, laid, settings, instrument, turn)


def faults_of(
    state: GridState, epoch: Epoch, settings: GridSettings, instrument: Instrument, *, order_max: Decimal | None
) -> tuple[Reason, ...]:
    """Return why the lines must not be laid anew with other settings now; empty where they may.

    `order_max` is what one order may cost at most, in the quote currency; None: any sum.
    """
    laid, cells = _lay(epoch.number + 1, epoch.anchor, 0, settings, instrument, below=state.last)
    if faults := unplaceable(cells, settings, instrument):
        return faults
    doubts = (
        _loses(cells, settings, instrument),
        _shortage(laid, state, settings, instrument),
        _too_dear(cells, instrument, order_max),
    )
    return tuple(doubt for doubt in doubts if doubt is not None)


def _loses(cells: tuple[Cell, ...], settings: GridSettings, instrument: Instrument) -> Reason | None:
    # Without the smallest gap that would pay: to search for it takes seconds, and orders wait meanwhile.
    if all(profit_of(cell, instrument) > 0 for cell in cells):
        return None
    fees = instrument.fees
    return reason(
        "dial_loses",
        gap_pct=settings.gap * 100,
        fee_buy_pct=fees.rate(Side.BUY) * 100,
        fee_sell_pct=fees.rate(Side.SELL) * 100,
    )


def _too_dear(cells: tuple[Cell, ...], instrument: Instrument, order_max: Decimal | None) -> Reason | None:
    dearest = max(cell.buy_price * cell.qty for cell in cells)
    if order_max is None or dearest <= order_max:
        return None
    return reason("dial_over_cap", notional=dearest, limit=order_max, currency=instrument.quote)


def settings_changed(state: GridState, settings: GridSettings) -> bool:
    """Whether the grid runs under other settings than it is given now."""
    return state.epoch is not None and state.epoch.shape != Shape.of(settings)


def _relay(state: GridState, epoch: Epoch, settings: GridSettings, instrument: Instrument, turn: Turn) -> GridState:
    """Begin an epoch with changed settings; raises `GridRefused` where its lines cannot be placed."""
    laid = _lay(epoch.number + 1, epoch.anchor, 0, settings, instrument, below=state.last)
    faults = unplaceable(laid[1], settings, instrument)
    if faults:
        raise GridRefused(*faults)
    doubt = losing(laid[1], settings, instrument, epoch.anchor, 0)
    _refuse_or_warn([] if doubt is None else [doubt], settings, turn)
    return _renew(state, laid, settings, instrument, turn)


def _renew(
    state: GridState, laid: tuple[Epoch, tuple[Cell, ...]], settings: GridSettings, instrument: Instrument, turn: Turn
) -> GridState:
    epoch, cells = laid
    kept = (cell for cell in state.cells if cell.key in state.book.lots or cell.order is not None or cell.frozen)
    short = _shortage(epoch, state, settings, instrument)
    if short is not None:
        turn.warn(GRID, short)
    turn.note(GRID, _laid(epoch, instrument))
    # Money cannot be asked for in the middle of a run: where it is at stake, buying waits until the owner resumes.
    return replace(
        state,
        epoch=replace(epoch, matched_before=state.book.matched),
        cells=cells,
        legacy=(*state.legacy, *(replace(cell, legacy=True) for cell in kept)),
        moving=None,
        cash_short=short is not None and settings.strict,
        follow_refused=False,
    )


def move_when_clear(state: GridState, settings: GridSettings, instrument: Instrument, turn: Turn) -> GridState:
    """Carry out a move of the lines as soon as every buy has been taken back and confirmed."""
    if state.moving is None or state.epoch is None:
        return state
    if any(cell.order is not None and cell.order.side is Side.BUY for cell in state.slots()):
        return state
    if settings_changed(state, settings):
        # Whatever was begun: gaps that were counted under other settings lead nowhere under these.
        return _relay(state, state.epoch, settings, instrument, turn)
    if state.moving is Move.SETTINGS:
        # They were put back meanwhile, so the lines are right as they are.
        return replace(state, moving=None)
    return _shift(state, state.epoch, settings, instrument, turn)
