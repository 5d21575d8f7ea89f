"""How often a key may be used, shared by all threads and programs on it: orders pass, questions take turns."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from domain.errors import RateLimited

if TYPE_CHECKING:
    from domain.clock import Clock
    from exchanges.kis.sharing import SharedFile
    from exchanges.transport import Wait

PATIENCE = timedelta(seconds=5)
"""An order that would have to wait longer is not sent: its price would be stale by then."""

_TRIES_MAX = 100
_SOON = timedelta(milliseconds=1)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


class Budget:
    """Lets one call pass every so many seconds.

    An order takes its turn ahead and waits for it. A question takes a turn only once it is there, so that no more than
    the call which has just left ever stands before an order. The file holds when the last turn is, in microseconds.
    """

    def __init__(self, file: SharedFile, clock: Clock, wait: Wait, every_s: float) -> None:
        """Remember the pace: seconds from one call to the next."""
        self._file = file
        self._clock = clock
        self._wait = wait
        self._every = timedelta(seconds=every_s)
        # What lies further ahead was written by a clock that has been set back since.
        self._horizon = PATIENCE + 2 * self._every

    def turn(self, *, order: bool) -> None:
        """Wait until a call may leave; raises `RateLimited` where that takes too long."""
        if order:
            self._order_turn()
        else:
            self._question_turn()

    def refused(self, pause_s: float) -> None:
        """Keep every call back for so many seconds: the venue has had too many."""
        with self._file.locked():
            now = self._clock.now()
            # The next turn comes one step after the last one.
            self._keep(max(self._last(now), now + min(timedelta(seconds=pause_s), PATIENCE) - self._every))

    def _order_turn(self) -> None:
        with self._file.locked():
            now = self._clock.now()
            turn_at = max(now, self._last(now) + self._every)
            if turn_at - now > PATIENCE:
                raise self._too_long(turn_at - now)
            self._keep(turn_at)
        for _ in range(_TRIES_MAX):
            left = turn_at - self._clock.now()
            if left <= _SOON or left > self._horizon:
                return
            if not self._rested(left):
                break
        raise self._too_long(self._every)

    def _question_turn(self) -> None:
        for _ in range(_TRIES_MAX):
            with self._file.locked():
                now = self._clock.now()
                free_at = self._last(now) + self._every
                if free_at <= now + _SOON:
                    self._keep(now)
                    return
            if not self._rested(free_at - now):
                break
        raise self._too_long(self._every)

    def _rested(self, span: timedelta) -> bool:
        """Wait, and say whether time passed: no pause lasts any longer once the bot is to stop."""
        before = self._clock.now()
        self._wait(span.total_seconds())
        return abs(self._clock.now() - before) * 2 >= span

    def _last(self, now: datetime) -> datetime:
        written = self._file.read().get("last_us")
        if not isinstance(written, int) or isinstance(written, bool):
            return now - self._every
        try:
            last = _EPOCH + timedelta(microseconds=written)
        except OverflowError:
            return now - self._every
        return last if last - now <= self._horizon else now - self._every

    def _keep(self, last: datetime) -> None:
        self._file.write({"last_us": (last - _EPOCH) // _MICROSECOND})

    @staticmethod
    def _too_long(span: timedelta) -> RateLimited:
        return RateLimited("the key's calls are used up", retry_after_s=max(-(-span // timedelta(seconds=1)), 1))
