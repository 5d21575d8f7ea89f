"""The grid as a strategy: one event in, the wanted orders compared with those at rest, wishes out."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING, assert_never

from domain.book import DUST
from domain.decision import Decision
from domain.events import (
    CandleClosed,
    OrderClosed,
    OrderFilled,
    OrderImported,
    OrderRests,
    OrderStuck,
    OwnerAsked,
    OwnerWish,
    QuoteReceived,
    SessionClosed,
    SessionOpened,
    SplitConfirmed,
    TermsRead,
    WishDenied,
)
from domain.instrument import Side
from domain.order import OrderState
from domain.reason import reason
from strategy.grid import epochs, judge
from strategy.grid.dials import turned
from strategy.grid.quiet import quiet_range
from strategy.grid.rescale import split_up
from strategy.grid.settle import settle
from strategy.grid.start import balance, share_out, start_filled
from strategy.grid.state import GRID, START, CellOrder, GridState, Move, Phase, Stops
from strategy.grid.turn import Turn

if TYPE_CHECKING:
    from datetime import datetime
    from decimal import Decimal

    from domain.events import Dial, StrategyEvent
    from domain.instrument import Instrument
    from domain.order import Order
    from domain.reason import Reason
    from strategy.grid.config import GridSettings
    from strategy.grid.state import Cell, Quiet

_ASK_AGAIN_AFTER = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class GridStrategy:
    """A grid on one instrument; `always_open` for markets without sessions."""

    instrument: Instrument
    settings: GridSettings
    always_open: bool = True

    @property
    def symbol(self) -> str:
        """Return what is traded."""
        return self.instrument.symbol

    def with_instrument(self, instrument: Instrument) -> GridStrategy:
        """Return the same grid under other terms of its venue."""
        return replace(self, instrument=instrument)

    def turned(self, state: GridState, dial: Dial, value: Decimal, order_max: Decimal | None) -> GridStrategy:
        """Return the grid with another gap (percent) or size; the next price begins an epoch with it.

        Raises `GridRefused` where its lines could not be laid now, would lose, or would cost more than there is, or
        than one order may cost.
        """
        settings = turned(state, self.settings, self.instrument, dial, value, order_max=order_max)
        return replace(self, settings=settings)

    def begin(self) -> GridState:
        """Return the state before the first price."""
        return GridState(session_open=self.always_open)

    def decide(self, state: GridState, event: StrategyEvent) -> Decision[GridState]:
        """Answer one event. Pure; raises `GridRefused` when the first lines cannot be laid."""
        if state.quiet is not None and state.quiet.settings is self.settings:
            passed = _passed(state, state.quiet, event)
            if passed is not None:
                return Decision(passed)
        turn = Turn(self.symbol, state.session)
        state, may_place = self._take_in(replace(state, quiet=None), event, turn)
        # A restored state knows no price: without one no order can be ranked or priced.
        if may_place and state.last:
            state = epochs.move_when_clear(state, self.settings, self.instrument, turn)
            state = balance(state, self.instrument, turn, judged_at_close=self.settings.bars)
            state = settle(state, self.settings, self.instrument, turn)
            state = replace(state, quiet=quiet_range(state, self.settings))
        return Decision(state, tuple(turn.commands), tuple(turn.notes))

    def quiet(self, state: GridState) -> tuple[Decimal, Decimal] | None:
        """Return between which prices nothing can happen, or None where every price counts."""
        found = state.quiet or quiet_range(state, self.settings)
        return None if found is None else (found.low, found.high)

    def _take_in(self, state: GridState, event: StrategyEvent, turn: Turn) -> tuple[GridState, bool]:
        """Learn the fact; the second value says whether orders are to be compared now."""
        # On bars a fill waits for the close of its bar: the answer rests from the next bar on.
        at_once = not self.settings.bars
        match event:
            case QuoteReceived(quote=quote):
                # A trade that is told again is no second one: only a fresh price counts for the stops.
                fresh = quote.at > state.traded_at
                state = replace(state, bid=quote.bid, ask=quote.ask, traded_at=max(quote.at, state.traded_at))
                return self._priced(state, quote.last, event.at, turn, fresh=fresh), True
            case CandleClosed(candle=candle):
                return self._priced(state, candle.close, event.at, turn, fresh=True), True
            case SessionOpened(session=day):
                if at_once:
                    turn.note(GRID, reason("session_opened", day=day.isoformat()))
                return replace(state, session_open=True, session=day, gap_due=True), False
            case SessionClosed(session=day):
                if at_once:
                    turn.note(GRID, reason("session_ended", day=day.isoformat()))
                return replace(state, session_open=False), at_once
            case OrderFilled():
                return self._filled(state, event, turn), at_once
            case OrderClosed():
                return self._closed(state, event, turn), True
            case WishDenied(slot=slot):
                # Refused its balancing order the grid begins at once; any other cell waits for the next comparison.
                return self._denied(state, event), slot == START and not event.passing
            case OrderStuck():
                return self._uncertain(state, event, turn), at_once
            case OrderRests():
                # A cancel that failed is asked again at the next price, not at once: the venue may be out of reach.
                return self._uncertain(state, event, turn), False
            case OrderImported():
                return self._taken_over(state, event, turn), False
            case TermsRead():
                return judge.weigh_terms(state, event.hold, self.settings, self.instrument, turn), True
            case SplitConfirmed():
                return split_up(state, event, self.settings, self.instrument, turn), False
            case OwnerAsked():
                return self._asked(state, event, turn), True
            case _:
                assert_never(event)

    def _priced(self, state: GridState, price: Decimal, at: datetime, turn: Turn, *, fresh: bool) -> GridState:
        is_restored = state.epoch is not None and not state.last
        state = replace(state, last=price, at=at)
        if state.epoch is None:
            state = self._await_begin(state, turn)
        if is_restored:
            state = epochs.check_cash(state, self.settings, self.instrument, turn)
        if not state.session_open and not self.settings.bars:
            # What is traded between two sessions arms no cell, fires no stop and moves no line: nobody could act on it.
            return state
        state = judge.overtake(judge.arm(state))
        state = judge.check_stops(state, self.settings, self.instrument, turn, fresh=fresh)
        if state.stops.action is not None:
            state = epochs.stay(state)
        state = epochs.follow(state, self.settings, self.instrument, turn)
        if state.phase is Phase.RUNNING and epochs.settings_changed(state, self.settings):
            state = replace(state, moving=Move.SETTINGS)
        if state.gap_due and state.session_open:
            state = judge.judge_gap(state, self.settings, turn)
        return judge.reinvest(state, self.settings, self.instrument)

    def _await_begin(self, state: GridState, turn: Turn) -> GridState:
        if state.first is None:
            state = replace(state, first=state.last, phase=Phase.TRIGGER)
        trigger = self.settings.trigger
        if trigger is not None and not judge.trigger_reached(state, trigger):
            return state
        anchor = trigger or self.settings.anchor or state.last
        return epochs.begin(state, anchor, self.settings, self.instrument, turn)

    def _filled(self, state: GridState, event: OrderFilled, turn: Turn) -> GridState:
        order = event.order
        # Money came free, or a lot did: what the venue refused may be asked again.
        state = _forgive(state)
        if order.cell == START:
            return start_filled(state, event, self.instrument, turn)
        if order.side is Side.BUY:
            state = epochs.stay(state)
        cell = state.find(order.cell)
        if cell is None:
            return self._found_no_cell(state, order.cell, turn)
        if cell.order is None and not order.is_closed:
            cell = _taken_in(cell, order)
        elif cell.order is not None and not event.late:
            rest = None if order.state is OrderState.FILLED else replace(cell.order, filled=order.filled)
            cell = replace(cell, order=rest, frozen=False)
        if order.side is Side.BUY:
            return state.having(cell if cell.armed else replace(cell, armed=True))
        return self._sold(state, cell) if cell.key not in state.book.lots else state.having(cell)

    def _found_no_cell(self, state: GridState, slot: str, turn: Turn) -> GridState:
        """Book what came for a cell that has left the grid apart: nobody would sell it, and the owner should know."""
        held = state.book.held(slot)
        if not held:
            return state
        turn.warn(slot, reason("late_lot", qty=held, base=self.instrument.base))
        return turn.to_dust(state, slot, closes_cycle=False)

    def _sold(self, state: GridState, cell: Cell) -> GridState:
        if cell.legacy:
            return state.without_legacy(cell.key)
        return state.having(replace(cell, cycle=cell.cycle + 1))

    def _closed(self, state: GridState, event: OrderClosed, turn: Turn) -> GridState:
        order = event.order
        if order.cell == START:
            return share_out(state, self.instrument, turn)
        cell = state.find(order.cell)
        if cell is None:
            return self._found_no_cell(state, order.cell, turn)
        # Only an order that we took back keeps its place among those at rest, for the one that replaces it.
        stays = cell.resting_side if order.state is OrderState.CANCELED else None
        held = state.book.held(cell.key)
        # What the venue ended by itself, or its owner by hand, would end the same way if it came back at once. What a
        # buy had bought by then is another thing: it is sold.
        again = event.unasked and not (order.side is Side.BUY and held)
        retry_at = event.at + _ASK_AGAIN_AFTER if again else cell.retry_at
        cell = replace(cell, order=None, frozen=False, resting_side=stays, retry_at=retry_at)
        state = state.having(cell)
        if not held or self.instrument.placeable(cell.sell_price, held):
            return state.without_legacy(cell.key) if cell.legacy and not held else state
        sold_some = order.side is Side.SELL and order.filled > 0
        turn.note(cell.key, reason("dust", qty=held, price=cell.sell_price, base=self.instrument.base))
        state = turn.to_dust(state, cell.key, closes_cycle=sold_some)
        if cell.legacy:
            return state.without_legacy(cell.key)
        return state.having(replace(cell, cycle=cell.cycle + sold_some))

    def _denied(self, state: GridState, event: WishDenied) -> GridState:
        if event.slot == START and event.passing and state.start is not None:
            return replace(state, start=replace(state.start, placed_at=None, canceling=False))
        if event.slot == START:
            return replace(state, start=None, phase=Phase.RUNNING)
        cell = state.find(event.slot)
        if cell is None:
            return state
        retry_at = event.at + timedelta(seconds=event.retry_after_s) if event.retry_after_s else None
        # A refusal is a proof as well: what was frozen because its outcome was unknown is free again.
        cell = replace(cell, order=None, frozen=False, resting_side=None, retry_at=retry_at, why=event.why)
        return state.having(cell)

    def _uncertain(self, state: GridState, event: OrderStuck | OrderRests, turn: Turn) -> GridState:
        if isinstance(event, OrderStuck):
            turn.warn(event.order.cell, event.why)
        elif event.order.cell == START and state.start is not None:
            return replace(state, start=replace(state.start, canceling=False))
        cell = state.find(event.order.cell)
        if cell is None:
            if isinstance(event, OrderRests) and event.order.cell != START:
                turn.cancel(event.order.cell, _fits_no_cell(event.order))
            return state
        if cell.order is None:
            return state.having(_taken_in(cell, event.order)) if isinstance(event, OrderRests) else state
        if isinstance(event, OrderRests):
            return state.having(replace(cell, order=replace(cell.order, canceling=False), frozen=False))
        return state.having(replace(cell, frozen=True, why=event.why))

    def _taken_over(self, state: GridState, event: OrderImported, turn: Turn) -> GridState:
        order = event.order
        cell = state.find(order.cell)
        if cell is None:
            if order.side is Side.SELL:
                # What it sells was bought for no cell either, and waits apart.
                state = turn.move_lots(state, DUST, order.cell, order.qty)
            turn.cancel(order.cell, _fits_no_cell(order))
            return state
        return state.having(replace(cell, order=CellOrder(order.side, order.price, order.qty), retry_at=None))

    def _asked(self, state: GridState, event: OwnerAsked, turn: Turn) -> GridState:
        turn.note(GRID, reason(f"owner_{event.wish}"))
        match event.wish:
            case OwnerWish.PAUSE:
                return replace(epochs.stay(state), paused=True)
            case OwnerWish.UNPAUSE:
                return replace(state, paused=False, stops=state.stops.without_owner())
            case OwnerWish.RESUME:
                # Drawdown is measured anew: from the fall that stopped the grid it would only stop again.
                return replace(state, paused=False, cash_short=False, stops=Stops(), peak=state.book.total(state.last))
            case OwnerWish.CANCEL_ALL:
                return replace(epochs.stay(state), stops=state.stops.by_owner())
            case _:
                assert_never(event.wish)


def _passed(state: GridState, quiet: Quiet, event: StrategyEvent) -> GridState | None:
    """Return the state after a price that changes nothing else, or None where the grid must look."""
    match event:
        case QuoteReceived(quote=quote) if quiet.low < quote.last < quiet.high:
            traded_at = max(quote.at, state.traded_at)
            return replace(state, last=quote.last, bid=quote.bid, ask=quote.ask, at=event.at, traded_at=traded_at)
        case CandleClosed(candle=candle) if quiet.low < candle.close < quiet.high:
            return replace(state, last=candle.close, at=event.at)
        case _:
            return None


def _fits_no_cell(order: Order) -> Reason:
    code = "buy_fits_no_cell" if order.side is Side.BUY else "sell_fits_no_cell"
    return reason(code, price=order.price, qty=order.qty)


def _taken_in(cell: Cell, order: Order) -> Cell:
    """Give a cell the order that was proven absent and lives after all: without it a second one would be asked for."""
    rests = CellOrder(order.side, order.price, order.qty, order.filled)
    return replace(cell, order=rests, resting_side=order.side, retry_at=None)


def _forgive(state: GridState) -> GridState:
    if all(cell.retry_at is None for cell in state.slots()):
        return state
    for cell in state.slots():
        state = state.having(replace(cell, retry_at=None))
    return state
