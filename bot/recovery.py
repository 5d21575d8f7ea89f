"""The start is the recovery: what was left half done is settled, and the venue asked, before anything is traded."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from bot.gate import SAFE
from bot.memory import restored, restored_safe
from bot.workers import not_reached
from domain.decision import Note, Weight
from domain.errors import AuthRefused, ExitCode, MarketUnknown, SetupError, VenueError
from domain.events import OrderEnded, OutcomeLost
from domain.order import RESTING, OrderState
from domain.reason import reason

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from bot.engine import Engine, EngineState
    from bot.loop import Loop
    from bot.trail import Trail
    from domain.clock import Clock
    from exchanges.base import Trading
    from exchanges.transport import Wait
    from ledger.reader import Reader

T = TypeVar("T")

_PAUSE_FIRST_S = 1
_PAUSE_MAX_S = 60


def _at_no_time() -> datetime | None:
    return None


class Interrupted(BaseException):
    """The bot is to stop before it has begun. Nothing on its way may take it for an error."""


@dataclass(frozen=True, slots=True)
class Patience:
    """Asks the venue until it answers; `tell` hears that it is away, and that it is back.

    `blocked_until` tells until when every call is held back because the venue shut us out.
    """

    wait: Wait
    stopped: Callable[[], bool]
    tell: Callable[[Note], None]
    blocked_until: Callable[[], datetime | None] = _at_no_time

    def answered(self, call: Callable[[], T]) -> T:
        """Return the answer; raises `SetupError` where the owner has to change something, `Interrupted` on a stop."""
        try:
            return self._asked(call)
        except MarketUnknown as unknown:
            raise SetupError(ExitCode.SETTINGS, not_reached(unknown)) from unknown

    def if_known(self, call: Callable[[], T]) -> T | None:
        """Return the answer, None where the venue does not know the market any more; raises as `answered` does."""
        try:
            return self._asked(call)
        except MarketUnknown:
            return None

    def _asked(self, call: Callable[[], T]) -> T:
        pause_s, away = _PAUSE_FIRST_S, False
        while not self.stopped():
            try:
                answer = call()
            except AuthRefused as refusal:
                raise SetupError(ExitCode.KEYS, not_reached(refusal)) from refusal
            except MarketUnknown:
                raise
            except VenueError as trouble:
                if not away:
                    self.tell(Note("venue", not_reached(trouble, self.blocked_until()), Weight.WARNING))
                away = True
                self.wait(pause_s)
                pause_s = min(2 * pause_s, _PAUSE_MAX_S)
                continue
            if away:
                self.tell(Note("venue", reason("venue_back"), Weight.WARNING))
            return answer
        raise Interrupted


def restored_state(engine: Engine, reader: Reader) -> EngineState:
    """Return the state that the ledger holds; prices are unknown until the next one comes."""
    state = engine.begin()
    rows = reader.states()
    orders = {order.client_id: order for order in reader.open_orders()}
    # A cancel that was to follow an order's acceptance is remembered by nobody else: it is asked for anew.
    at_rest = {order.cell for order in orders.values() if order.state in RESTING}
    strategies = {}
    for symbol, begun in state.strategies.items():
        former = restored(symbol, rows, reader.book(symbol))
        strategies[symbol] = begun if former is None else former.with_cancels_forgotten(at_rest)
    safe, doubts = restored_safe(rows.get(SAFE))
    return type(state)(strategies, orders, safe=safe, doubts=doubts)


def settle_unsent(loop: Loop, clock: Clock) -> None:
    """Let go of what never left us, and take what may have left as lost: only the venue can tell."""
    for order in tuple(loop.state.orders.values()):
        if order.state is OrderState.PENDING:
            loop.handle(OrderEnded(order.client_id, OrderState.VOID, reason("never_sent"), clock.now()))
        elif order.state is OrderState.SUBMITTED:
            loop.handle(OutcomeLost(order.client_id, reason("stopped_while_sending"), clock.now()))


def follow_open(reader: Reader, exchange: Trading, trail: Trail | None = None) -> None:
    """Let the venue's adapter look after every order of the ledger that may still change.

    Where the venue knows nothing of our ids, a late fill is known by the order's own: so those that ended a short while
    ago are looked after too, and what is booked of them is not told once more.
    """
    ended = [] if trail is None else [reader.order(client_id) for client_id in trail.recent()]
    closed = [order for order in ended if order is not None and order.is_closed]
    for order in (*reader.open_orders(), *closed):
        if order.venue_id is not None:
            exchange.follow(order.symbol, order.venue_id, reader.fills_of(order.seq) if order.filled else ())
