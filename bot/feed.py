"""Asks the venue, each question in its own time; what it answers are events for the loop."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from bot.workers import not_reached
from domain.errors import AuthRefused, RateLimited, VenueError
from domain.events import SessionOpened, VenueAway, VenueBack

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from datetime import datetime

    from domain.clock import Clock
    from domain.events import Event

log = logging.getLogger(__name__)

_BACK_OFF_MAX_S = 60
_KEY_BACK_OFF_S = 900
"""Asking again and again with a refused key may get the address shut out."""


def _at_no_time() -> datetime | None:
    return None


def _always() -> bool:
    return True


def _never() -> bool:
    return False


@dataclass(slots=True)
class Question:
    """One thing to ask again and again.

    `every_s`: after how many seconds; None where somebody else says when. `closed_every_s`: the same while the market
    is closed, where that differs. `at_opening`: it is asked as soon as the market has opened. `asked`: the start has
    asked it already. `wanted_at`: an earlier moment at which its answer is waited for.
    """

    name: str
    ask: Callable[[], Sequence[Event]]
    every_s: int | None
    closed_every_s: int | None = None
    at_opening: bool = False
    asked: bool = False
    vital: bool = True
    wanted_at: Callable[[], datetime | None] = _at_no_time
    due_at: datetime | None = None
    failures: int = 0

    def next_at(self) -> datetime | None:
        """Return when it is to be asked next; None: not before somebody says so."""
        moments = [at for at in (self.due_at, None if self.failures else self.wanted_at()) if at is not None]
        return min(moments, default=None)


class Feed:
    """Asks in one thread, one question after the other; `blocked_until` tells whether the venue shut us out.

    `is_open` tells whether the market is open: while it is closed some questions can wait longer. Once `stopped`, no
    failure is told: the pause before the call was cut short by ourselves.

    A venue that does not answer is told of once, and once when it is back; meanwhile it is asked less and less often.
    That it shut us out is told each time that it did.
    """

    def __init__(
        self,
        questions: Iterable[Question],
        clock: Clock,
        put: Callable[[Event], None],
        blocked_until: Callable[[], datetime | None],
        *,
        is_open: Callable[[], bool] = _always,
        stopped: Callable[[], bool] = _never,
    ) -> None:
        """Prepare; nothing is due before `begin`."""
        self._questions = tuple(questions)
        self._clock = clock
        self._put = put
        self._blocked_until = blocked_until
        self._is_open = is_open
        self._stopped = stopped
        self._told_until: datetime | None = None
        self._told_code = ""
        self._seen_at: datetime | None = None

    def begin(self) -> None:
        """Let every question that is asked by the time be due, at once unless the start has asked it already."""
        now, self._told_until = self._now(), self._blocked_until()
        for question in self._questions:
            if question.every_s is not None:
                question.due_at = now + timedelta(seconds=question.every_s if question.asked else 0)

    def next_at(self) -> datetime | None:
        """Return when something is to be asked next."""
        return min((at for question in self._questions if (at := question.next_at()) is not None), default=None)

    def ask_anew(self) -> None:
        """Let the questions without a time of their own be asked now, whatever came of them before."""
        now = self._clock.now()
        for question in self._questions:
            if question.every_s is None:
                question.due_at = now

    def ask_due(self) -> bool:
        """Ask the first question that is due; returns whether there was one."""
        now = self._now()
        due = [question for question in self._questions if (at := question.next_at()) is not None and at <= now]
        if not due:
            return False
        self._ask(due[0])
        return True

    def _ask(self, question: Question) -> None:
        try:
            events = question.ask()
        except VenueError as trouble:
            if not self._stopped():
                self._failed(question, trouble)
            return
        was_away = self._is_away()
        question.failures = 0
        now = self._clock.now()
        question.due_at = self._due_after(question, now)
        if was_away and not self._is_away():
            log.info("the venue answers again")
            self._told_code = ""
            self._put(VenueBack(now))
        for event in events:
            self._put(event)
            if isinstance(event, SessionOpened):
                for waiting in self._questions:
                    waiting.due_at = now if waiting.at_opening else waiting.due_at

    def _due_after(self, question: Question, now: datetime) -> datetime | None:
        """Return when a question that has been answered is to be asked again; None: when somebody says so."""
        every_s = question.every_s
        if every_s is not None and question.closed_every_s is not None and not self._is_open():
            every_s = question.closed_every_s
        return None if every_s is None else now + timedelta(seconds=every_s)

    def _failed(self, question: Question, trouble: VenueError) -> None:
        until = self._blocked_until()
        fresh = None if until == self._told_until else until
        code = not_reached(trouble).code
        if not question.failures:
            log.warning("no answer to %s: %s", question.name, type(trouble).__name__)
        # Once for each trouble: an outage may turn into a refused key. And a block that comes, or is renewed, meanwhile
        # has to outlive a restart as well.
        if (question.vital and code != self._told_code) or fresh is not None:
            self._put(VenueAway(not_reached(trouble, fresh), self._clock.now(), fresh))
            self._told_until, self._told_code = until, code
        question.failures += 1
        question.due_at = self._clock.now() + timedelta(seconds=_back_off_s(trouble, question.failures))

    def _now(self) -> datetime:
        """Return the time; where the clock was set back, what is due goes back with it, or nothing would be asked."""
        now, seen_at = self._clock.now(), self._seen_at
        if seen_at is not None and now < seen_at:
            for question in self._questions:
                if question.due_at is not None:
                    question.due_at -= seen_at - now
        self._seen_at = now
        return now

    def _is_away(self) -> bool:
        return any(question.failures for question in self._questions if question.vital)


def _back_off_s(trouble: VenueError, failures: int) -> int:
    if isinstance(trouble, AuthRefused):
        return _KEY_BACK_OFF_S
    back_off_s = min(1 << min(failures - 1, 16), _BACK_OFF_MAX_S)
    return max(back_off_s, trouble.retry_after_s) if isinstance(trouble, RateLimited) else back_off_s
