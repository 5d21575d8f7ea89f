"""Tells the loop when its market opens and closes, each once, also after a restart on the same morning."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Protocol

from domain.events import ConcernRaised, SessionClosed, SessionOpened
from domain.reason import reason

if TYPE_CHECKING:
    from datetime import date, datetime

    from domain.clock import Clock
    from domain.events import Event
    from domain.session import MarketHours, Session


class Morning(Protocol):
    """What a strategy remembers of the market's day."""

    @property
    def session(self) -> date | None:
        """Return the day of the session that it was told of last."""
        ...

    @property
    def session_open(self) -> bool:
        """Whether it was told that this session is open."""
        ...


@dataclass(slots=True)
class SessionWatch:
    """Watches the regular sessions of one market; orders may be placed `open_delay_s` after each has opened.

    `told` is the day of the session that the loop knows to be open; None while it knows of none.
    """

    hours: MarketHours
    symbol: str
    open_delay_s: int
    clock: Clock
    told: date | None = None
    _change_at: datetime | None = field(default=None, init=False)
    _is_closed_for_long: bool = field(default=False, init=False)

    @classmethod
    def restored(
        cls, hours: MarketHours, symbol: str, open_delay_s: int, clock: Clock, morning: Morning
    ) -> SessionWatch:
        """Go on from what the strategy was told before this start."""
        watch = cls(hours, symbol, open_delay_s, clock, morning.session if morning.session_open else None)
        watch._change_at = clock.now()
        return watch

    def ask(self) -> tuple[Event, ...]:
        """Return what has changed since the last time, the end of a former session first."""
        now = self.clock.now()
        events: list[Event] = []
        session = self.hours.regular_at(now)
        if self.told is not None and (session is None or session.day != self.told):
            events.append(SessionClosed(self.symbol, self.told, now))
            self.told = None
        if session is not None and self.told is None and now >= self._ready_at(session):
            events.append(SessionOpened(self.symbol, session.day, now))
            self.told = session.day
        self._change_at = self._next_change(session, now)
        if self._change_at is not None:
            self._is_closed_for_long = False
        elif not self._is_closed_for_long:
            self._is_closed_for_long = True
            events.append(ConcernRaised(reason("market_never_opens", symbol=self.symbol), now))
        return tuple(events)

    def next_change(self) -> datetime | None:
        """Return when there will be something to tell; None where no session is in sight."""
        return self._change_at

    @property
    def is_open(self) -> bool:
        """Whether orders may be placed."""
        return self.told is not None

    def _ready_at(self, session: Session) -> datetime:
        """Return when orders may be placed; a delay longer than the session is one of its length."""
        return min(session.opens_at + timedelta(seconds=self.open_delay_s), session.closes_at)

    def _next_change(self, session: Session | None, now: datetime) -> datetime | None:
        if session is not None and self.told is not None:
            return session.closes_at
        if session is not None and now < self._ready_at(session) < session.closes_at:
            return self._ready_at(session)
        coming = self.hours.next_regular(now)
        return None if coming is None else self._ready_at(coming)
