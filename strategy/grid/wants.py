"""Which order every cell should have at rest now, or why it should have none."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from domain.instrument import Side
from strategy.grid.config import StopAction
from strategy.grid.state import Phase

if TYPE_CHECKING:
    from collections.abc import Callable
    from decimal import Decimal

    from domain.instrument import Instrument
    from strategy.grid.config import GridSettings
    from strategy.grid.state import Cell, GridState

SPARE_RANKS = 2
"""An order at rest stays until it is this many ranks beyond the limit, so that it does not come and go."""


@dataclass(frozen=True, slots=True)
class Want:
    """The order a cell should have; `code` says why."""

    side: Side
    price: Decimal
    qty: Decimal
    code: str
    rank: int
    gives_way: bool = False


@dataclass(frozen=True, slots=True)
class NoOrder:
    """Why a cell should have no order now; `rank` where that is the reason."""

    code: str
    rank: int = 0


@dataclass(frozen=True, slots=True)
class LeaveAlone:
    """What the cell has is not to be touched until its outcome is known."""


Answer = Want | NoOrder | LeaveAlone
_LEAVE_ALONE = LeaveAlone()


def wanted(state: GridState, settings: GridSettings, instrument: Instrument) -> dict[str, Answer]:
    """Answer for every cell, by its key. Pure; the whole placing of the grid is this comparison."""
    answers: dict[str, Answer] = {}
    buyers: list[Cell] = []
    sellers: list[Cell] = []
    for cell in state.slots():
        no_order = _why_not_at_all(cell, state)
        if no_order is not None:
            answers[cell.key] = no_order
        elif cell.key in state.book.lots and not _buys_on(cell, state):
            sellers.append(cell)
        else:
            why_not = _why_no_buy(cell, state)
            if why_not is None:
                buyers.append(cell)
            else:
                answers[cell.key] = NoOrder(why_not)
    limit = settings.open_orders_max
    selling = _ranked(sellers, state, limit, Side.SELL, lambda cell: cell.sell_line, answers)
    # While buying is on hold nothing new takes a place, so none is given up either.
    buying = _ranked(buyers, state, 0 if _on_hold(state) else limit, Side.BUY, lambda cell: cell.buy_line, answers)
    sells = _sells(selling, state, settings, instrument, answers)
    answers.update(sells)
    lowest = min((want.price for want in sells.values()), default=None)
    lowest = _with_frozen_sells(lowest, state)
    _add_buys(buying, state, settings, instrument, None if settings.own_cross else lowest, answers)
    return answers


def _why_not_at_all(cell: Cell, state: GridState) -> Answer | None:
    if cell.frozen:
        return _LEAVE_ALONE
    if not state.session_open:
        # A day order ends by itself; it is not canceled, so that what the venue says of it is the end it had.
        return NoOrder("session_closed") if cell.order is None else _LEAVE_ALONE
    if state.phase is not Phase.RUNNING:
        return NoOrder("start_first")
    if state.stops.action is StopAction.CANCEL:
        return NoOrder("stopped")
    if cell.retry_at is not None and state.at < cell.retry_at:
        return NoOrder("venue_refused")
    return None


def _buys_on(cell: Cell, state: GridState) -> bool:
    """Whether a partly filled buy rests on: until the price reaches the line where its part is to be sold."""
    order = cell.order
    if order is None or order.side is Side.SELL:
        return False
    return order.canceling or state.last < cell.sell_line


def _why_no_buy(cell: Cell, state: GridState) -> str | None:
    if state.stops.action is StopAction.CANCEL_SELL:
        return "stopped"
    if state.moving is not None:
        return "lines_move"
    if not cell.armed:
        return "waits_above"
    if cell.order is None and _on_hold(state):
        return "paused"
    return "legacy_sell" if blocked(cell, state) else None


def _on_hold(state: GridState) -> bool:
    return state.paused or state.cash_short or state.stops.action is not None


def blocked(cell: Cell, state: GridState) -> bool:
    """Whether a lot of a former epoch waits to be sold in this cell's gap."""
    return any(cell.buy_line < old.sell_line <= cell.sell_line for old in state.legacy)


def _ranked(
    cells: list[Cell],
    state: GridState,
    limit: int,
    side: Side,
    line: Callable[[Cell], Decimal],
    answers: dict[str, Answer],
) -> list[tuple[int, Cell]]:
    """Keep the cells nearest to the price; the others stay virtual."""
    nearest = sorted(cells, key=lambda cell: (abs(line(cell) - state.last), line(cell)))
    if not limit:
        return list(enumerate(nearest, 1))
    kept = []
    for rank, cell in enumerate(nearest, 1):
        if rank <= limit or (rank <= limit + SPARE_RANKS and cell.resting_side is side):
            kept.append((rank, cell))
        else:
            answers[cell.key] = NoOrder("virtual", rank)
    return kept


def _sells(
    ranked: list[tuple[int, Cell]],
    state: GridState,
    settings: GridSettings,
    instrument: Instrument,
    answers: dict[str, Answer],
) -> dict[str, Want]:
    sells = {}
    for rank, cell in ranked:
        qty = state.book.held(cell.key)
        price, code, gives_way = cell.sell_price, "answers_buy", False
        if state.stops.exit_price is not None:
            price, code = state.stops.exit_price, "stop_sells"
        elif settings.maker_only and not settings.bars:
            price = max(price, _above_bid(state, instrument))
            gives_way = price > cell.sell_price
        if instrument.placeable(price, qty):
            sells[cell.key] = Want(Side.SELL, price, qty, code, rank, gives_way)
        else:
            answers[cell.key] = NoOrder("lot_too_small")
    return sells


def _add_buys(
    ranked: list[tuple[int, Cell]],
    state: GridState,
    settings: GridSettings,
    instrument: Instrument,
    lowest_sell: Decimal | None,
    answers: dict[str, Answer],
) -> None:
    """Price the buys from the lowest line up; each that would reach our own sell steps one tick further under it."""
    stepped = 0
    on_hold = _on_hold(state)
    for rank, cell in sorted(ranked, key=lambda entry: entry[1].buy_line):
        price, code, gives_way = cell.buy_price, "buys_at_line", False
        if settings.maker_only and not settings.bars:
            price = min(price, _below_ask(state, instrument))
            gives_way = price < cell.buy_price
        if lowest_sell is not None and price >= lowest_sell:
            stepped += 1
            price, code, gives_way = instrument.ticks.below(lowest_sell, stepped), "yields_to_own_sell", False
        if not instrument.placeable(price, cell.qty):
            answers[cell.key] = NoOrder("no_room_under_own_sell")
        elif on_hold and (cell.order is None or cell.order.price != price):
            answers[cell.key] = NoOrder("paused")
        else:
            answers[cell.key] = Want(Side.BUY, price, cell.qty, code, rank, gives_way)


def _with_frozen_sells(lowest: Decimal | None, state: GridState) -> Decimal | None:
    """Count a sell whose outcome is unknown among those at rest: it may well be there."""
    prices = [cell.order.price for cell in state.slots() if cell.frozen and cell.order and cell.order.side is Side.SELL]
    return min([*prices, *([] if lowest is None else [lowest])], default=None)


def _below_ask(state: GridState, instrument: Instrument) -> Decimal:
    ask = state.ask if state.ask is not None else state.last
    return instrument.ticks.below(instrument.ticks.up(ask))


def _above_bid(state: GridState, instrument: Instrument) -> Decimal:
    bid = state.bid if state.bid is not None else state.last
    return instrument.ticks.above(instrument.ticks.down(bid))
