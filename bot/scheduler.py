"""The scheduler: a thread that puts a timer event into the queue when its moment comes, and does nothing else."""

from __future__ import annotations

from typing import TYPE_CHECKING

from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.cron import CronTrigger
from apscheduler.triggers.interval import IntervalTrigger

from domain.events import TimerFired

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import tzinfo

    from apscheduler.triggers.base import BaseTrigger

    from domain.clock import Clock
    from domain.events import Event

_LATE_AT_MOST_S = 3600
"""A moment missed by less than this (a suspended machine) is made up for, once; one missed by more is left out."""


class Scheduler:
    """Timers by name; what a timer is for is decided by the loop."""

    def __init__(self, clock: Clock, put: Callable[[Event], None]) -> None:
        self._clock = clock
        self._put = put
        self._jobs = BackgroundScheduler(
            job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": _LATE_AT_MOST_S}
        )

    def every(self, minutes: int, name: str) -> None:
        """Fire a timer again and again; 0 minutes: never."""
        if minutes:
            self._add(IntervalTrigger(minutes=minutes), name)

    def daily(self, hour: int, minute: int, zone: tzinfo, name: str) -> None:
        """Fire a timer once a day, at a time of day in a zone."""
        self._add(CronTrigger(hour=hour, minute=minute, timezone=zone), name)

    def names(self) -> tuple[str, ...]:
        """Return the timers that are set."""
        # Before the start a timer that is set twice stands there twice.
        return tuple(dict.fromkeys(job.id for job in self._jobs.get_jobs()))

    def fire(self, name: str) -> None:
        """Put a timer's event into the queue, as its moment does."""
        self._put(TimerFired(name, self._clock.now()))

    def start(self) -> None:
        """Begin to watch the time."""
        self._jobs.start()

    def stop(self) -> None:
        """End the thread; no timer fires afterwards."""
        self._jobs.shutdown(wait=True)

    def _add(self, trigger: BaseTrigger, name: str) -> None:
        self._jobs.add_job(self.fire, trigger, args=(name,), id=name, replace_existing=True)
