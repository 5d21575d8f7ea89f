"""Demo time: the simulator owns the clock, and only the bot asks it to go on, when it has nothing left to do itself."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from domain.errors import BotError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from bot.feed import Feed
    from bot.loop import Loop
    from domain.order import Order

log = logging.getLogger(__name__)

BUSY_MAX_S = 30
"""So many real seconds without the market going on, and something is wrong with us."""


class Busy(BotError):
    """The bot never comes to rest."""


class Moment(Protocol):
    """Where the market stands after a step."""

    @property
    def now(self) -> datetime:
        """Its time."""
        ...

    @property
    def printed(self) -> bool:
        """Whether this step played a trade of the market."""
        ...

    @property
    def ended(self) -> bool:
        """Whether nothing is left to play."""
        ...


class Market(Protocol):
    """The simulator's clock."""

    def step(self, until: datetime | None) -> Moment:
        """Go on to the next trade of the market, or to an earlier moment at which no trade is played."""
        ...


@dataclass(slots=True)
class Lockstep:
    """Drives one run: events first, then questions that are due, then a step of the market.

    A trade of the market is played only after prices and own orders were asked since the one before it. `unsettled_at`
    tells until when the end of the market has to wait for an order whose fate is open; `progress` is called after every
    trade.
    """

    loop: Loop
    feed: Feed
    market: Market
    unsettled_at: Callable[[], datetime | None]
    stopwatch_s: Callable[[], float]
    progress: Callable[[], None]
    _rested_s: float = field(default=0, init=False)
    _at_end: tuple[datetime, Mapping[str, Order]] | None = field(default=None, init=False)

    def run(self, stopped: Callable[[], bool]) -> bool:
        """Play until the market ends or the bot is asked to stop; returns whether the end was reached."""
        self._rested_s = self.stopwatch_s()
        self.feed.ask_anew()
        while not stopped():
            self._come_to_rest(stopped)
            if stopped():
                break
            moment = self.market.step(self._wait_ends_at())
            self._rested_s = self.stopwatch_s()
            if moment.printed:
                self.progress()
                self.feed.ask_anew()
            elif moment.ended and self._is_settled():
                if self._was_looked_at():
                    return True
                # What was sent since the last look may have been filled, or refused, without a further print.
                self._at_end = moment.now, self.loop.state.orders
                self.feed.ask_anew()
        return False

    def _come_to_rest(self, stopped: Callable[[], bool]) -> None:
        """Take every event and ask every question that is due, until nothing is left to do at this moment."""
        inbox, busy_with = self.loop.inbox, "nothing"
        while not stopped():
            event = inbox.take()
            if event is not None:
                busy_with = type(event).__name__
                self.loop.handle(event)
            else:
                self.loop.wake()
                if inbox.is_empty:
                    if not self.feed.ask_due():
                        return
                    busy_with = "a question"
            if self.stopwatch_s() - self._rested_s > BUSY_MAX_S:
                log.critical("busy for %d s, last with %s", BUSY_MAX_S, busy_with)
                raise Busy(busy_with)

    def _wait_ends_at(self) -> datetime | None:
        moments = [at for at in (self.feed.next_at(), self._held_until()) if at is not None]
        return min(moments, default=None)

    def _held_until(self) -> datetime | None:
        desk = self.loop.desk
        return desk.held_until if desk.is_waiting and desk.is_held else None

    def _was_looked_at(self) -> bool:
        """Whether a look after the market's end has found all orders as they were."""
        if self._at_end is None:
            return False
        (asked_at, orders), state = self._at_end, self.loop.state
        return state.seen_at is not None and state.seen_at >= asked_at and state.orders == orders

    def _is_settled(self) -> bool:
        return self._held_until() is None and self.unsettled_at() is None
