"""The feed: every question in its own time, less often while the venue is away, and what it says of that."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from bot.clock import PlaybackClock
from bot.feed import Feed, Question
from domain.errors import AuthRefused, RateLimited, VenueError, VenueUnavailable
from domain.events import Event, VenueAway, VenueBack
from domain.reason import reason
from tests.bot.rig import NOON, quote

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

EVERY_S = 10


@dataclass
class Venue:
    """Answers a question, or raises what the test wants; notes when it was asked."""

    clock: PlaybackClock
    trouble: VenueError | None = None
    asked_s: list[int] = field(default_factory=list)

    def __call__(self) -> Sequence[Event]:
        self.asked_s.append((self.clock.now() - NOON) // timedelta(seconds=1))
        if self.trouble is not None:
            raise self.trouble
        return (quote(at=self.clock.now()),)


@dataclass
class Desk:
    """A feed on a clock that the test sets."""

    clock: PlaybackClock = field(default_factory=lambda: PlaybackClock(NOON))
    told: list[Event] = field(default_factory=list)
    blocked_until: datetime | None = None

    def venue(self) -> Venue:
        return Venue(self.clock)

    def feed(self, *questions: Question) -> Feed:
        feed = Feed(questions, self.clock, self.told.append, lambda: self.blocked_until)
        feed.begin()
        return feed

    def live(self, feed: Feed, seconds: int) -> None:
        for _ in range(seconds):
            while feed.ask_due():
                pass
            self.clock.set(self.clock.now() + timedelta(seconds=1))

    def moods(self) -> list[Event]:
        return [event for event in self.told if isinstance(event, VenueAway | VenueBack)]


@pytest.fixture
def desk() -> Desk:
    return Desk()


def test_before_its_begin_nothing_is_due(desk: Desk) -> None:
    feed = Feed([Question("prices", desk.venue(), EVERY_S)], desk.clock, desk.told.append, lambda: None)

    assert feed.next_at() is None
    assert not feed.ask_due()


def test_what_the_start_has_asked_waits_its_turn_and_the_rest_is_asked_at_once(desk: Desk) -> None:
    prices, terms = desk.venue(), desk.venue()
    feed = desk.feed(Question("prices", prices, EVERY_S), Question("terms", terms, EVERY_S, asked=True))

    desk.live(feed, 21)

    assert prices.asked_s == [0, 10, 20]
    assert terms.asked_s == [10, 20]


def test_a_question_without_a_time_is_asked_when_somebody_says_so(desk: Desk) -> None:
    prices = desk.venue()
    feed = desk.feed(Question("prices", prices, None))
    desk.live(feed, 5)
    feed.ask_anew()
    desk.live(feed, 5)

    assert prices.asked_s == [5]
    assert feed.next_at() is None


def test_an_open_question_is_asked_earlier_but_not_while_the_venue_is_away(desk: Desk) -> None:
    orders = desk.venue()
    wanted: list[datetime | None] = [NOON + timedelta(seconds=3)]
    feed = desk.feed(Question("own orders", orders, EVERY_S, asked=True, wanted_at=lambda: wanted[0]))
    desk.live(feed, 3)
    orders.trouble = VenueUnavailable("away")
    desk.live(feed, 1)
    at_once_again = feed.next_at()

    assert orders.asked_s == [3]
    assert at_once_again == NOON + timedelta(seconds=4)


def test_a_venue_that_is_away_is_asked_less_and_less_often_and_told_of_once(desk: Desk) -> None:
    prices = desk.venue()
    feed = desk.feed(Question("prices", prices, 1))
    prices.trouble = VenueUnavailable("away")
    desk.live(feed, 200)
    prices.trouble = None
    desk.live(feed, 60)

    assert prices.asked_s[:9] == [0, 1, 3, 7, 15, 31, 63, 123, 183]
    assert [type(event) for event in desk.moods()] == [VenueAway, VenueBack]
    assert desk.told.index(desk.moods()[1]) == 1
    assert isinstance(desk.moods()[0], VenueAway)


@pytest.mark.parametrize(
    ("trouble", "pause_s"),
    [(RateLimited("slow", retry_after_s=45), 45), (RateLimited("slow", retry_after_s=0), 1), (AuthRefused("no"), 900)],
)
def test_the_venue_says_how_long_it_wants_to_be_left_alone(desk: Desk, trouble: VenueError, pause_s: int) -> None:
    prices = desk.venue()
    prices.trouble = trouble
    feed = desk.feed(Question("prices", prices, 1))

    feed.ask_due()

    assert feed.next_at() == NOON + timedelta(seconds=pause_s)


def test_one_question_without_an_answer_does_not_stop_the_others(desk: Desk) -> None:
    prices, orders = desk.venue(), desk.venue()
    orders.trouble = AuthRefused("no")
    feed = desk.feed(Question("own orders", orders, 1), Question("prices", prices, EVERY_S))
    desk.live(feed, 21)

    assert orders.asked_s == [0]
    assert prices.asked_s == [0, 10, 20]
    # It is back when all of it is.
    assert [type(event) for event in desk.moods()] == [VenueAway]


def test_a_block_is_told_even_while_the_venue_is_away_and_each_block_once(desk: Desk) -> None:
    prices = desk.venue()
    prices.trouble = VenueUnavailable("away")
    feed = desk.feed(Question("prices", prices, 1))
    feed.ask_due()
    prices.trouble = RateLimited("held back", retry_after_s=600)
    untils = [NOON + timedelta(minutes=minutes) for minutes in (10, 20)]
    for until in (untils[0], untils[0], untils[1]):
        desk.blocked_until = until
        desk.clock.set(desk.clock.now() + timedelta(minutes=10))
        feed.ask_due()

    blocks = [event for event in desk.moods() if isinstance(event, VenueAway)]
    assert [event.blocked_until for event in blocks] == [None, *untils]
    assert [event.why for event in blocks[1:]] == [
        reason("venue_shut_out", until="2025-01-02T12:10:00Z"),
        reason("venue_shut_out", until="2025-01-02T12:20:00Z"),
    ]


def test_a_block_of_long_ago_explains_no_trouble_of_today(desk: Desk) -> None:
    desk.blocked_until = NOON - timedelta(hours=1)
    prices = desk.venue()
    prices.trouble = RateLimited("slow", retry_after_s=2)
    feed = desk.feed(Question("prices", prices, 1))
    feed.ask_due()

    assert desk.told == [VenueAway(reason("venue_paced", seconds=2), NOON)]


def test_a_clock_that_is_set_back_does_not_silence_the_feed(desk: Desk) -> None:
    prices = desk.venue()
    feed = desk.feed(Question("prices", prices, EVERY_S))
    desk.live(feed, 5)
    desk.clock.set(NOON - timedelta(hours=1))
    desk.live(feed, 21)

    assert [second + 3600 for second in prices.asked_s[1:]] == [6, 16]


def test_what_is_no_trouble_of_the_venue_is_not_swallowed(desk: Desk) -> None:
    def broken() -> Sequence[Event]:
        raise KeyError("ours")

    ask: Callable[[], Sequence[Event]] = broken
    feed = desk.feed(Question("prices", ask, 1))

    with pytest.raises(KeyError):
        feed.ask_due()


def test_what_a_stop_cuts_short_is_no_trouble_of_the_venue(desk: Desk) -> None:
    prices = desk.venue()
    prices.trouble = RateLimited("the pause was cut short", retry_after_s=1)
    feed = Feed((Question("prices", prices, 1),), desk.clock, desk.told.append, lambda: None, stopped=lambda: True)
    feed.begin()

    assert feed.ask_due()
    assert desk.told == []
