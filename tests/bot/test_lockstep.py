"""Demo time: the market goes on only when the bot has nothing left to do, and no print is played unseen."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, cast

import pytest

from bot.clock import PlaybackClock
from bot.engine import EngineState
from bot.feed import Feed, Question
from bot.inbox import Inbox
from bot.lockstep import BUSY_MAX_S, Busy, Lockstep
from domain.errors import VenueUnavailable
from domain.events import Event, OrdersSeen, QuoteReceived, TimerFired
from tests.bot.rig import NOON, quote

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from bot.loop import Loop

SECOND = timedelta(seconds=1)


@dataclass(frozen=True)
class Moment:
    now: datetime
    printed: bool
    ended: bool


@dataclass
class Desk:
    held_until: datetime | None = None
    is_waiting: bool = False
    is_held: bool = True


@dataclass
class FakeLoop:
    """Notes what it is handed, keeps what was seen of the orders, and puts in more events where the test says so."""

    log: list[str]
    inbox: Inbox = field(default_factory=Inbox)
    desk: Desk = field(default_factory=Desk)
    state: EngineState = field(default_factory=lambda: EngineState({}))
    answers: Callable[[Event], Sequence[Event]] = lambda _: ()

    def handle(self, event: Event) -> None:
        self.log.append(type(event).__name__)
        if isinstance(event, OrdersSeen):
            self.state = EngineState({}, seen_at=event.at)
        for answer in self.answers(event):
            self.inbox.put(answer)

    def wake(self) -> None:
        """Send nothing."""


class World:
    """A market of three prints, ten seconds apart, and a lockstep that drives a bot through it."""

    def __init__(self) -> None:
        self.log: list[str] = []
        self.clock = PlaybackClock(NOON)
        self.prints = [NOON + 10 * number * SECOND for number in (1, 2, 3)]
        self.loop = FakeLoop(self.log)
        self.real_s = 0.0
        self.unsettled_until: datetime | None = None
        self.trouble_at: set[datetime] = set()
        self.wanted_at: datetime | None = None
        self.waits: list[datetime | None] = []
        self.feed = Feed(
            [
                Question("prices", self._prices, None),
                Question("own orders", self._orders, None, wanted_at=lambda: self.wanted_at),
            ],
            self.clock,
            self.loop.inbox.put,
            lambda: None,
        )

    def lockstep(self) -> Lockstep:
        loop = cast("Loop", self.loop)
        return Lockstep(loop, self.feed, self, lambda: self.unsettled_until, lambda: self.real_s, self._progress)

    def _progress(self) -> None:
        self.log.append("progress")

    def step(self, until: datetime | None) -> Moment:
        self.waits.append(until)
        now = self.clock.now()
        if self.prints and (until is None or self.prints[0] < until):
            self.clock.set(self.prints.pop(0))
            self.log.append("print")
            return Moment(self.clock.now(), printed=True, ended=False)
        if until is not None:
            self.clock.set(max(now, until))
            self.log.append("wait")
        if self.unsettled_until is not None and self.clock.now() >= self.unsettled_until:
            self.unsettled_until = None
        return Moment(self.clock.now(), printed=False, ended=not self.prints)

    def _prices(self) -> Sequence[Event]:
        self.log.append("prices?")
        if self.clock.now() in self.trouble_at:
            self.trouble_at.discard(self.clock.now())
            raise VenueUnavailable("away")
        return (quote(at=self.clock.now()),)

    def _orders(self) -> Sequence[Event]:
        self.log.append("orders?")
        if self.wanted_at is not None and self.wanted_at <= self.clock.now():
            self.wanted_at = None
        return (OrdersSeen(self.clock.now()),)


ASKED = ["prices?", "QuoteReceived", "orders?", "OrdersSeen"]


def test_no_print_is_played_before_prices_and_own_orders_were_asked() -> None:
    world = World()

    assert world.lockstep().run(lambda: False)

    assert world.log == [*ASKED, *(["print", "progress", *ASKED] * 3), *ASKED]


def test_a_question_that_failed_was_asked_and_its_wait_plays_no_print() -> None:
    world = World()
    world.trouble_at = {world.prints[0]}

    assert world.lockstep().run(lambda: False)

    first = world.log.index("print")
    second = world.log.index("print", first + 1)
    between = world.log[first:second]
    assert between[:4] == ["print", "progress", "prices?", "VenueAway"]
    assert between.count("prices?") == 2
    assert between.index("wait") < len(between) - 1
    assert world.clock.now() >= NOON + 30 * SECOND


def test_an_open_question_is_a_wait_that_ends_before_the_print() -> None:
    world = World()
    world.wanted_at = NOON + 4 * SECOND

    world.lockstep().run(lambda: False)

    assert world.waits[0] == NOON + 4 * SECOND
    assert world.log[:6] == [*ASKED, "wait", "orders?"]


def test_orders_held_back_are_a_wait_only_while_something_is_to_be_sent() -> None:
    for is_waiting, is_held, until in ((True, True, NOON + 3 * SECOND), (False, True, None), (True, False, None)):
        world = World()
        world.loop.desk = Desk(NOON + 3 * SECOND, is_waiting, is_held)
        stops = iter([False] * 7 + [True] * 10)

        world.lockstep().run(lambda stops=stops: next(stops))  # type: ignore[misc]  # bound at once, not late

        assert world.waits[:1] == [until]


def test_the_markets_end_waits_for_an_order_whose_fate_is_open() -> None:
    world = World()
    world.prints = []
    world.unsettled_until = world.wanted_at = NOON + 40 * SECOND

    assert world.lockstep().run(lambda: False)

    assert world.waits[0] == NOON + 40 * SECOND
    assert world.clock.now() == NOON + 40 * SECOND


def test_asked_to_stop_it_plays_nothing_more() -> None:
    world = World()

    assert not world.lockstep().run(lambda: "QuoteReceived" in world.log)
    assert "print" not in world.log


def test_events_go_before_questions_and_both_before_the_market() -> None:
    world = World()
    world.loop.inbox.put(TimerFired("first", NOON))
    world.loop.answers = lambda event: [TimerFired("more", NOON)] if isinstance(event, QuoteReceived) else []

    world.lockstep().run(lambda: "print" in world.log)

    assert world.log[:6] == ["TimerFired", "prices?", "QuoteReceived", "TimerFired", "orders?", "OrdersSeen"]


def test_a_bot_that_never_rests_is_busy_by_real_time() -> None:
    world = World()

    def more(event: Event) -> Sequence[Event]:
        world.real_s += 1
        return [TimerFired("again", NOON)]

    world.loop.answers = more
    world.loop.inbox.put(TimerFired("first", NOON))

    with pytest.raises(Busy, match="TimerFired"):
        world.lockstep().run(lambda: False)
    assert world.real_s == BUSY_MAX_S + 1
