"""Which order every cell should have at rest now, or why it should have none."""

from __future__ import annotations

from dataclasses import dataclass
from operator import attrgetter
from typing import TYPE_CHECKING, NamedTuple

from domain.instrument import BUY, SELL
from strategy.grid.config import StopAction
from strategy.grid.state import Phase

if TYPE_CHECKING:
    from decimal import Decimal

    from domain.instrument import Instrument, Side
    from strategy.grid.config import GridSettings
    from strategy.grid.state import Cell, GridState

SESSION_CLOSED = "session_closed"
"""The code of why no cell has an order between two sessions."""

SPARE_RANKS = 2
"""An order at rest stays until it is this many ranks beyond the limit, so that it does not come and go."""


class Want(NamedTuple):
    """The order a cell should have; `code` says why. A tuple, for every price makes one for every cell."""

    side: Side
    price: Decimal
    qty: Decimal
    code: str
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
    nobody, no_buyer, on_hold = _why_nobody(state), _why_no_buyer(state), _on_hold(state)
    for cell in state.slots():
        if cell.frozen or (cell.order is not None and not state.session_open):
            # A day order ends by itself; it is not canceled, so that what the venue says of it is the end it had.
            answers[cell.key] = _LEAVE_ALONE
        elif nobody is not None:
            answers[cell.key] = NoOrder(nobody)
        elif cell.retry_at is not None and state.at < cell.retry_at:
            # It was told why when it was refused; that stands until it is asked again.
            answers[cell.key] = _LEAVE_ALONE
        elif cell.key in state.book.lots and not _buys_on(cell):
            sellers.append(cell)
        elif (why_not := no_buyer or _why_no_buy(cell, state, on_hold=on_hold)) is None:
            buyers.append(cell)
        else:
            answers[cell.key] = NoOrder(why_not)
    limit = settings.open_orders_max
    selling = _nearest(sellers, state, limit, SELL, answers)
    # While buying is on hold nothing new takes a place, so none is given up either.
    buying = _nearest(buyers, state, 0 if on_hold else limit, BUY, answers)
    sells = _sells(selling, state, settings, instrument, answers)
    answers.update(sells)
    lowest = None if settings.own_cross else _lowest_sell(sells, state)
    answers.update(_buys(buying, state, settings, instrument, lowest))
    return answers


def _why_nobody(state: GridState) -> str | None:
    """Say why no cell at all should have an order."""
    if not state.session_open:
        return SESSION_CLOSED
    if state.phase is not Phase.RUNNING:
        return "start_first"
    return "stopped" if state.stops.action is StopAction.CANCEL else None


def _why_no_buyer(state: GridState) -> str | None:
    """Say why no cell at all should buy."""
    if state.stops.action is StopAction.CANCEL_SELL:
        return "stopped"
    return None if state.moving is None else "lines_move"


def _buys_on(cell: Cell) -> bool:
    """Whether a partly filled buy rests on: until the price reaches the line where its part is to be sold."""
    order = cell.order
    if order is None or order.side is SELL:
        return False
    return order.canceling or not order.overtaken


def _why_no_buy(cell: Cell, state: GridState, *, on_hold: bool) -> str | None:
    if not cell.armed:
        return "waits_above"
    if cell.order is None and on_hold:
        return _why_on_hold(state)
    return "legacy_sell" if state.legacy and blocked(cell, state) else None


def _on_hold(state: GridState) -> bool:
    return state.paused or state.cash_short or state.stops.action is not None or state.terms_hold is not None


def _why_on_hold(state: GridState) -> str:
    if state.paused or state.stops.action is not None:
        return "paused"
    return "waits_for_money" if state.cash_short else "waits_for_terms"


def blocked(cell: Cell, state: GridState) -> bool:
    """Whether a lot of a former epoch waits to be sold in this cell's gap."""
    return any(cell.buy_line < old.sell_line <= cell.sell_line for old in state.legacy)


def distance(cell: Cell, side: Side, price: Decimal) -> tuple[Decimal, Decimal]:
    """Rank a cell by how far its line on a side is from the price; of two equally far the lower goes first."""
    line = cell.buy_line if side is BUY else cell.sell_line
    return abs(line - price), line


def _nearest(cells: list[Cell], state: GridState, limit: int, side: Side, answers: dict[str, Answer]) -> list[Cell]:
    """Keep the cells nearest to the price; the others stay virtual."""
    if not limit or len(cells) <= limit:
        return cells
    kept = []
    for rank, cell in enumerate(sorted(cells, key=lambda cell: distance(cell, side, state.last)), 1):
        if rank <= limit or (rank <= limit + SPARE_RANKS and cell.resting_side is side):
            kept.append(cell)
        else:
            answers[cell.key] = NoOrder("virtual", rank)
    return kept


def _sells(
    cells: list[Cell],
    state: GridState,
    settings: GridSettings,
    instrument: Instrument,
    answers: dict[str, Answer],
) -> dict[str, Want]:
    sells = {}
    exit_price, as_maker = state.stops.exit_price, settings.maker_only and not settings.bars
    for cell in cells:
        qty = state.book.held(cell.key)
        price, code, gives_way = cell.sell_price, "answers_buy", False
        if exit_price is not None:
            price, code = exit_price, "stop_sells"
        elif as_maker:
            price, gives_way = _maker_sell(cell, state, instrument)
        if _rests(cell, price, qty) or instrument.placeable(price, qty):
            sells[cell.key] = Want(SELL, price, qty, code, gives_way)
        else:
            answers[cell.key] = NoOrder("lot_too_small")
    return sells


def _rests(cell: Cell, price: Decimal, qty: Decimal) -> bool:
    """Whether this very sale rests already: its rest may be smaller than what could be placed anew."""
    order = cell.order
    return order is not None and (order.side, order.price, order.qty - order.filled) == (SELL, price, qty)


def _buys(
    cells: list[Cell],
    state: GridState,
    settings: GridSettings,
    instrument: Instrument,
    lowest_sell: Decimal | None,
) -> dict[str, Answer]:
    """Price the buys from the lowest line up; each that would reach our own sell steps one tick further under it."""
    answers: dict[str, Answer] = {}
    stepped = 0
    on_hold, as_maker = _on_hold(state), settings.maker_only and not settings.bars
    for cell in sorted(cells, key=attrgetter("buy_line")):
        price, code, gives_way = cell.buy_price, "buys_at_line", False
        if as_maker:
            price, gives_way = _maker_buy(cell, state, instrument)
        if lowest_sell is not None and price >= lowest_sell:
            stepped += 1
            price, code, gives_way = instrument.ticks.below(lowest_sell, stepped), "yields_to_own_sell", False
        if not instrument.placeable(price, cell.qty):
            answers[cell.key] = NoOrder("no_room_under_own_sell")
        elif on_hold and (cell.order is None or cell.order.price != price):
            answers[cell.key] = NoOrder(_why_on_hold(state))
        else:
            answers[cell.key] = Want(BUY, price, cell.qty, code, gives_way)
    return answers


def _lowest_sell(sells: dict[str, Want], state: GridState) -> Decimal | None:
    """Return the lowest of our sells; one whose outcome is unknown counts, for it may well be at rest."""
    frozen = (cell.order for cell in state.slots() if cell.frozen)
    prices = [order.price for order in frozen if order is not None and order.side is SELL]
    return min([*prices, *(want.price for want in sells.values())], default=None)


def _maker_buy(cell: Cell, state: GridState, instrument: Instrument) -> tuple[Decimal, bool]:
    """Return the price of a buy that may not trade at once, and whether it had to give way to the ask."""
    order = cell.order
    # What rests is a maker already: it is neither chased nor moved out of the way of the price that comes to fill it.
    if order is not None and order.side is BUY and (order.gives_way or order.price == cell.buy_price):
        return order.price, order.gives_way
    ask = state.ask if state.ask is not None else state.last
    price = min(cell.buy_price, instrument.ticks.below(instrument.ticks.up(ask)))
    return price, price < cell.buy_price


def _maker_sell(cell: Cell, state: GridState, instrument: Instrument) -> tuple[Decimal, bool]:
    """Return the price of a sell that may not trade at once, and whether it had to give way to the bid."""
    order = cell.order
    if order is not None and order.side is SELL and (order.gives_way or order.price == cell.sell_price):
        return order.price, order.gives_way
    bid = state.bid if state.bid is not None else state.last
    price = max(cell.sell_price, instrument.ticks.above(instrument.ticks.down(bid)))
    return price, price > cell.sell_price
