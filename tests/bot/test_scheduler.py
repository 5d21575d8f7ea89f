"""Timers come into the queue as events, and the scheduler leaves no thread behind."""

import threading
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from bot.inbox import Inbox
from bot.scheduler import Scheduler
from domain.events import TimerFired

NOON = datetime(2026, 1, 2, 12, tzinfo=UTC)


class StandingClock:
    def now(self) -> datetime:
        return NOON


def test_a_moment_that_comes_is_an_event_in_the_queue() -> None:
    inbox = Inbox()

    Scheduler(StandingClock(), inbox.put).fire("report")

    assert inbox.take() == TimerFired("report", NOON)


def test_timers_are_known_by_name_and_zero_minutes_is_never() -> None:
    scheduler = Scheduler(StandingClock(), Inbox().put)

    scheduler.every(60, "report")
    scheduler.every(0, "never")
    scheduler.daily(9, 0, ZoneInfo("Asia/Seoul"), "fees")
    scheduler.every(30, "report")

    assert scheduler.names() == ("report", "fees")


def test_a_stopped_scheduler_leaves_no_thread() -> None:
    before = threading.active_count()
    scheduler = Scheduler(StandingClock(), Inbox().put)
    scheduler.every(60, "report")

    scheduler.start()
    assert threading.active_count() > before
    scheduler.stop()

    assert threading.active_count() == before
