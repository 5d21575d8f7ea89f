"""After a split of the shares: the same grid in new shares, every line where its owner drew it."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING

from domain.book import DUST
from domain.commands import RescaleLots
from domain.errors import GridRefused
from domain.exact import ZERO
from domain.instrument import Side
from domain.reason import reason
from domain.rescale import rescaled
from strategy.grid.checks import unplaceable
from strategy.grid.epochs import settings_changed
from strategy.grid.lines import order_qty
from strategy.grid.state import GRID, START

if TYPE_CHECKING:
    from domain.events import SplitConfirmed
    from domain.instrument import Instrument
    from domain.split import Split
    from strategy.grid.config import GridSettings
    from strategy.grid.state import Cell, GridState, StartOrder
    from strategy.grid.turn import Turn

_LINE_UNIT = Decimal("1e-12")


def split_up(
    state: GridState, event: SplitConfirmed, settings: GridSettings, instrument: Instrument, turn: Turn
) -> GridState:
    """Count lots and lines in new shares; raises `GridRefused` where a cell could not be ordered any more.

    No line moves against another, so none is laid anew: a cell keeps its place, its lot and its count of cycles. The
    settings decide how much an empty cell buys from now on.
    """
    split = event.split
    command = RescaleLots(event.symbol, split, _slots(state), instrument.qty_step, event.cash_price)
    book = rescaled(state.book, split, command.slots, command.step, command.price)
    turn.commands.append(command)
    paid_out = book.cash_flow - state.book.cash_flow
    turn.warn(
        GRID,
        reason(
            "split_done",
            split=str(split),
            before=state.book.position,
            after=book.position,
            base=instrument.base,
            cash=paid_out,
            currency=instrument.quote,
        ),
    )
    emptied = {slot for slot in command.slots if slot not in book.lots}
    cells = tuple(_cell(cell, split, settings, instrument, emptied) for cell in state.cells)
    if cells and not settings_changed(state, settings) and (faults := unplaceable(cells, settings, instrument)):
        # Where the settings are others by now, the lines are laid anew at the next price, and looked at then.
        raise GridRefused(*faults)
    epoch = state.epoch
    if epoch is not None:
        lines = tuple(_line(line, split) for line in epoch.lines)
        epoch = replace(epoch, base=_line(epoch.base, split), anchor=_line(epoch.anchor, split), lines=lines)
    return replace(
        state,
        book=book,
        epoch=epoch,
        cells=cells,
        # One that gave its lot away has nothing left to do.
        legacy=tuple(
            _cell(cell, split, settings, instrument, emptied) for cell in state.legacy if cell.key not in emptied
        ),
        # Every price heard so far was one of the old shares.
        last=ZERO,
        bid=None,
        ask=None,
        first=None if state.first is None else split.price(state.first),
        start=None if state.start is None else _start(state.start, split, instrument),
        stops=replace(state.stops, exit_price=_exit(state.stops.exit_price, split, instrument), exit_at=None),
        sized_on=None,
        follow_refused=False,
        quiet=None,
    )


def _slots(state: GridState) -> tuple[str, ...]:
    """Return what holds something, the lowest sell line first: what a cell cannot hold goes to the next one above."""
    lines = {cell.key: cell.sell_line for cell in state.slots()}
    held = [slot for slot in state.book.lots if slot in lines]
    others = [slot for slot in (START, DUST) if slot in state.book.lots]
    strange = [slot for slot in state.book.lots if slot not in lines and slot not in others]
    return (*sorted(held, key=lambda slot: (lines[slot], slot)), *sorted(strange), *others)


def _line(line: Decimal, split: Split) -> Decimal:
    return (line * split.old / split.new).quantize(_LINE_UNIT)


def _cell(cell: Cell, split: Split, settings: GridSettings, instrument: Instrument, emptied: set[str]) -> Cell:
    lower, upper = _line(cell.buy_line, split), _line(cell.sell_line, split)
    buy = instrument.round_price(Side.BUY, lower)
    return replace(
        cell,
        buy_line=lower,
        sell_line=upper,
        buy_price=buy,
        sell_price=instrument.round_price(Side.SELL, upper),
        qty=order_qty(settings.size, buy, instrument),
        # What it held waits to be sold in a cell above: it buys again once the price has been above its line.
        armed=cell.armed and cell.key not in emptied,
        order=None,
        resting_side=None,
        retry_at=None,
        frozen=False,
        why=reason("cell_rescaled", split=str(split)),
    )


def _start(start: StartOrder, split: Split, instrument: Instrument) -> StartOrder:
    serves = ((key, instrument.round_qty(split.qty(qty))) for key, qty in start.serves)
    return replace(
        start, serves=tuple((key, qty) for key, qty in serves if qty), placed_at=None, filled=ZERO, canceling=False
    )


def _exit(price: Decimal | None, split: Split, instrument: Instrument) -> Decimal | None:
    return None if price is None else instrument.ticks.down(split.price(price))
