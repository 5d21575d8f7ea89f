"""The market's day, told to the loop: each opening and each close once, whatever starts again in between."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

import pytest

from bot.clock import PlaybackClock
from bot.feed import Feed, Question
from bot.sessions import SessionWatch
from domain.events import ConcernRaised, Event, SessionClosed, SessionOpened
from domain.session import MarketHours, Session, SessionKind
from tests.bot.rig import SYMBOL, quote

MONDAY, TUESDAY, FRIDAY = date(2026, 3, 2), date(2026, 3, 3), date(2026, 2, 27)
OPEN, CLOSE = time(14, 30), time(21)
DELAY_S = 60


def sessions_on(day: date) -> tuple[Session, ...]:
    """A market that trades from Monday to Friday."""
    if day.weekday() > 4:
        return ()
    opens, closes = (datetime.combine(day, at, UTC) for at in (OPEN, CLOSE))
    return (Session(day, SessionKind.REGULAR, opens, closes),)


HOURS = MarketHours(UTC, sessions_on)


@dataclass
class Morning:
    """What a strategy remembers."""

    session: date | None = None
    session_open: bool = False


def at(day: date, hour: int, minute: int = 0, second: int = 0) -> datetime:
    return datetime.combine(day, time(hour, minute, second), UTC)


def watch_at(
    now: datetime, morning: Morning | None = None, delay_s: int = DELAY_S
) -> tuple[SessionWatch, PlaybackClock]:
    clock = PlaybackClock(now)
    return SessionWatch.restored(HOURS, SYMBOL, delay_s, clock, morning or Morning()), clock


def test_the_opening_is_told_once_and_only_when_the_delay_is_over() -> None:
    watch, clock = watch_at(at(MONDAY, 14))
    before = watch.ask()
    clock.set(at(MONDAY, 14, 30, 59))
    early = watch.ask()
    ready = watch.next_change()
    clock.set(at(MONDAY, 14, 31))

    assert (before, early, ready) == ((), (), at(MONDAY, 14, 31))
    assert not watch.is_open
    assert watch.ask() == (SessionOpened(SYMBOL, MONDAY, at(MONDAY, 14, 31)),)
    assert (watch.ask(), watch.is_open, watch.next_change()) == ((), True, at(MONDAY, 21))


def test_the_close_is_told_once_and_the_next_opening_is_known() -> None:
    watch, clock = watch_at(at(MONDAY, 15), Morning(MONDAY, session_open=True))
    assert watch.ask() == ()
    clock.set(at(MONDAY, 21))

    assert watch.ask() == (SessionClosed(SYMBOL, MONDAY, at(MONDAY, 21)),)
    assert (watch.ask(), watch.is_open, watch.next_change()) == ((), False, at(TUESDAY, 14, 31))


def test_over_a_weekend_the_next_opening_is_mondays() -> None:
    watch, _ = watch_at(at(FRIDAY, 22))

    assert watch.ask() == ()
    assert watch.next_change() == at(MONDAY, 14, 31)


def test_a_second_start_on_the_same_morning_tells_nothing_anew() -> None:
    watch, _ = watch_at(at(MONDAY, 14, 40), Morning(MONDAY, session_open=True))

    assert (watch.ask(), watch.is_open) == ((), True)


@pytest.mark.parametrize(("hour", "minute"), [(14, 45), (20, 59)])
def test_a_start_after_a_night_off_ends_the_old_session_and_opens_the_new_one(hour: int, minute: int) -> None:
    now = at(MONDAY, hour, minute)
    watch, _ = watch_at(now, Morning(FRIDAY, session_open=True))

    assert watch.ask() == (SessionClosed(SYMBOL, FRIDAY, now), SessionOpened(SYMBOL, MONDAY, now))


def test_a_start_in_the_night_ends_what_was_open() -> None:
    watch, _ = watch_at(at(TUESDAY, 3), Morning(MONDAY, session_open=True))

    assert watch.ask() == (SessionClosed(SYMBOL, MONDAY, at(TUESDAY, 3)),)


def test_a_delay_as_long_as_the_session_leaves_no_time_to_trade() -> None:
    watch, clock = watch_at(at(MONDAY, 15), delay_s=7 * 3600)
    assert watch.ask() == ()
    clock.set(at(MONDAY, 20, 59))

    assert (watch.ask(), watch.is_open) == ((), False)


def test_a_market_without_a_session_in_sight_is_told_of_once() -> None:
    clock = PlaybackClock(at(MONDAY, 15))
    watch = SessionWatch(MarketHours(UTC, lambda _: ()), SYMBOL, DELAY_S, clock)

    (concern,) = watch.ask()

    assert isinstance(concern, ConcernRaised)
    assert (concern.why.code, watch.next_change(), watch.ask()) == ("market_never_opens", None, ())


def test_while_the_market_is_closed_prices_are_asked_for_slowly_and_at_the_opening_at_once() -> None:
    watch, clock = watch_at(at(MONDAY, 14))
    asked: list[datetime] = []
    told: list[Event] = []

    def price() -> tuple[Event, ...]:
        asked.append(clock.now())
        return (quote(at=clock.now()),)

    feed = Feed(
        (
            Question("session", watch.ask, 3600, wanted_at=watch.next_change, vital=False),
            Question("prices", price, 1, 600, at_opening=True),
        ),
        clock,
        told.append,
        lambda: None,
        is_open=lambda: watch.is_open,
    )
    feed.begin()
    for _ in range(31 * 60 + 3):
        while feed.ask_due():
            pass
        clock.set(clock.now() + timedelta(seconds=1))

    closed = [moment for moment in asked if moment < at(MONDAY, 14, 31)]
    assert closed == [at(MONDAY, 14), at(MONDAY, 14, 10), at(MONDAY, 14, 20), at(MONDAY, 14, 30)]
    assert asked[4:] == [at(MONDAY, 14, 31), at(MONDAY, 14, 31, 1), at(MONDAY, 14, 31, 2)]
    opening = next(index for index, event in enumerate(told) if isinstance(event, SessionOpened))
    assert told[opening + 1] == quote(at=at(MONDAY, 14, 31))
