"""Comparing the orders at rest with the wanted ones: cancel, confirm, place, and never one's own cross."""

from __future__ import annotations

from dataclasses import replace
from operator import itemgetter
from typing import TYPE_CHECKING

from domain.instrument import SELL, Side
from domain.reason import Reason, reason
from strategy.grid.state import CellOrder, Phase
from strategy.grid.wants import SESSION_CLOSED, SPARE_RANKS, NoOrder, Want, distance, wanted

if TYPE_CHECKING:
    from domain.instrument import Instrument
    from domain.reason import Figure
    from strategy.grid.config import GridSettings
    from strategy.grid.state import Cell, GridState
    from strategy.grid.turn import Turn
    from strategy.grid.wants import Answer


def settle(state: GridState, settings: GridSettings, instrument: Instrument, turn: Turn) -> GridState:
    """Ask for what is missing and take back what is not wanted; remember for every cell why it stands as it does."""
    if state.phase is Phase.NO_PRICE or state.epoch is None:
        return state
    answers = wanted(state, settings, instrument)
    compared = {cell.key: _take_back(cell, answers[cell.key], state, instrument, turn) for cell in state.slots()}
    placing = [
        (want.side is Side.BUY, distance(cell, want.side, state.last), cell.key, want)
        for cell in compared.values()
        if cell.order is None and isinstance(want := answers[cell.key], Want)
    ]
    # Recorded bars have no time between a cancel and its confirmation; the cash it frees counts for what follows.
    waits = settings.bars and any(cell.order is not None and cell.order.canceling for cell in compared.values())
    room = _room(compared, settings)
    for is_buy, _, key, want in sorted(placing, key=itemgetter(0, 1)):
        if waits:
            continue
        room[want.side] -= 1
        if room[want.side] < 0 or (not settings.own_cross and _crosses(want, compared, is_buy=is_buy)):
            compared[key] = _waiting(compared[key], want, state, instrument, turn)
            continue
        compared[key] = _place(compared[key], want, state, instrument, turn)
    return replace(
        state,
        cells=tuple(compared[cell.key] for cell in state.cells),
        legacy=tuple(compared[cell.key] for cell in state.legacy),
    )


def _room(cells: dict[str, Cell], settings: GridSettings) -> dict[Side, int]:
    """Return how many orders may join each side: what is being taken back rests until that is confirmed."""
    limit = settings.open_orders_max + SPARE_RANKS if settings.open_orders_max else 2 * len(cells)
    sides = [cell.order.side for cell in cells.values() if cell.order is not None]
    return {side: limit - sides.count(side) for side in Side}


def _take_back(cell: Cell, answer: Answer, state: GridState, instrument: Instrument, turn: Turn) -> Cell:
    order = cell.order
    if isinstance(answer, Want):
        if order is None or order.canceling or _fits(order, answer):
            ranks = order is None or cell.resting_side is answer.side
            return cell if ranks else replace(cell, resting_side=answer.side)
        turn.cancel(cell.key, reason("price_moves", side=order.side, former=order.price, price=answer.price))
        return replace(cell, order=replace(order, canceling=True))
    if not isinstance(answer, NoOrder):
        return cell
    why = cell.why
    if why is None or why.code != answer.code:
        why = _why_none(cell, answer, state, instrument)
    if order is not None and not order.canceling:
        turn.cancel(cell.key, why)
        order = replace(order, canceling=True)
    elif why is not cell.why and answer.code != SESSION_CLOSED:
        # That the session is over is told once, and not of every cell.
        turn.note(cell.key, why)
    if cell.order is order and cell.why is why and cell.resting_side is None:
        return cell
    return replace(cell, order=order, resting_side=None, why=why)


def _fits(order: CellOrder, want: Want) -> bool:
    if order.side is not want.side:
        return False
    if order.side is SELL and order.qty - order.filled != want.qty:
        return False
    return order.price == want.price


def _crosses(want: Want, cells: dict[str, Cell], *, is_buy: bool) -> bool:
    """Whether an order of ours on the other side still rests where the two would trade with each other."""
    for cell in cells.values():
        order = cell.order
        if order is None or order.side is want.side:
            continue
        if (order.price <= want.price) if is_buy else (order.price >= want.price):
            return True
    return False


def _waiting(cell: Cell, want: Want, state: GridState, instrument: Instrument, turn: Turn) -> Cell:
    if cell.why is not None and cell.why.code == "waits_for_own_order":
        return cell
    why = reason("waits_for_own_order", price=want.price, last=state.last, currency=instrument.quote)
    turn.note(cell.key, why)
    return replace(cell, why=why)


def _place(cell: Cell, want: Want, state: GridState, instrument: Instrument, turn: Turn) -> Cell:
    why = _why_placed(cell, want, state, instrument)
    epoch = int(cell.key.split(".")[0])
    turn.place(cell.key, want.side, want.price, want.qty, epoch=epoch, cycle=cell.cycle, why=why)
    order = CellOrder(want.side, want.price, want.qty, gives_way=want.gives_way)
    return replace(cell, order=order, resting_side=want.side, why=why, retry_at=None)


def _why_placed(cell: Cell, want: Want, state: GridState, instrument: Instrument) -> Reason:
    figures: dict[str, Figure] = {
        "price": want.price,
        "qty": want.qty,
        "last": state.last,
        "currency": instrument.quote,
    }
    if want.side is Side.BUY:
        return reason(want.code, line=cell.buy_price, sells_at=cell.sell_price, **figures)
    bought = state.book.lots[cell.key][0].price
    return reason(want.code, line=cell.sell_price, bought_at=bought, **figures)


def _why_none(cell: Cell, answer: NoOrder, state: GridState, instrument: Instrument) -> Reason:
    line = cell.sell_price if cell.key in state.book.lots else cell.buy_price
    figures: dict[str, Figure] = {"line": line, "last": state.last, "currency": instrument.quote}
    return reason(answer.code, rank=answer.rank, **figures) if answer.rank else reason(answer.code, **figures)
