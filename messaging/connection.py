"""What is said of the connection to the broker: once that it went away and why, once that it is back."""

from __future__ import annotations

import logging
from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

_log = logging.getLogger(__name__)

LOSSES_MAX = 3
"""More within a minute, and the broker has another guest of our name, or throws us out for what we do."""
WITHIN_S = 60

# By name: whoever imports the modules that these come from may open connections, and this file opens none.
_UNKNOWN_HOST = "gaierror"
_NO_TRUST = "SSLCertVerificationError"
_REFUSALS = {
    "Bad user name or password": "wrong user name or password",
    # Most brokers answer a wrong password so.
    "Not authorized": "wrong user name or password, or no right to connect",
}


@dataclass(frozen=True, slots=True)
class BrokerAddress:
    """Where the broker is and how to enter; the password is never shown."""

    host: str
    port: int = 1883
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    tls: bool = False

    def __str__(self) -> str:
        """Name the broker for a log."""
        return f"{self.host}:{self.port}"


@dataclass(frozen=True, slots=True)
class Cause:
    """Why there is no connection; `to_mend`: it will not pass by itself, the owner has to see to it."""

    text: str
    to_mend: bool = False


LOST = Cause("the connection broke")
SILENT = Cause("it does not answer")
NO_SUCH_HOST = Cause("unknown host", to_mend=True)


def cause(error: BaseException | None) -> Cause:
    """Say why no connection came about, from the error of the attempt; without its text, which may hold anything."""
    kind = type(error).__name__
    if error is None or isinstance(error, TimeoutError):
        return SILENT
    if kind == _UNKNOWN_HOST:
        return NO_SUCH_HOST
    if kind == _NO_TRUST:
        why = getattr(error, "verify_message", "") or "no reason given"
        return Cause(f"its certificate is not trusted ({why})", to_mend=True)
    if kind.startswith("SSL"):
        return Cause(f"no encrypted connection comes about ({kind})", to_mend=True)
    if isinstance(error, ConnectionRefusedError):
        return Cause("nothing listens there")
    return Cause(kind)


def refusal(answer: str) -> Cause:
    """Say why the broker let us not in, from its answer."""
    known = _REFUSALS.get(answer)
    return Cause(f"it refuses us: {answer}") if known is None else Cause(known, to_mend=True)


@dataclass(slots=True)
class Telling:
    """Writes the log of one connection: one line when the broker goes away, one when it is back.

    Of what the owner has to mend each cause has a line of its own, once an outage. A broker that throws us out again
    and again is told of once, too, until a connection has lasted for a minute.
    """

    address: BrokerAddress
    stopwatch_s: Callable[[], float]
    _told: set[Cause] = field(init=False, default_factory=set)
    _losses_s: deque[float] = field(init=False, default_factory=lambda: deque(maxlen=LOSSES_MAX + 1))
    _since_s: float | None = field(init=False, default=None)
    _was_there: bool = field(init=False, default=False)
    _restless: bool = field(init=False, default=False)

    def back(self) -> None:
        """Take note that the broker let us in."""
        if not self._restless:
            _log.info(
                "the MQTT broker %s is back" if self._was_there else "connected to the MQTT broker %s", self.address
            )
        self._told.clear()
        self._was_there, self._since_s = True, self.stopwatch_s()

    def failed(self, why: Cause) -> None:
        """Take note that an attempt to connect came to nothing."""
        if why not in self._told and (why.to_mend or not (self._told or self._restless)):
            _log.warning("the MQTT broker %s is away: %s; it is tried again and again", self.address, why.text)
            self._told.add(why)

    def lost(self) -> bool:
        """Take note that a connection ended unasked; returns whether that happens too often to try again at once."""
        self.settle()
        self._since_s = None
        now_s = self.stopwatch_s()
        self._losses_s.append(now_s)
        if self._restless:
            return True
        if len(self._losses_s) > LOSSES_MAX and now_s - self._losses_s[0] < WITHIN_S:
            self._restless = True
            _log.warning(
                "the MQTT broker %s ends our connection again and again (is another bot of the same INSTANCE "
                "connected?); it is tried once a minute",
                self.address,
            )
        else:
            _log.warning("the MQTT broker %s went away: %s; it is tried again and again", self.address, LOST.text)
            self._told.add(LOST)
        return self._restless

    def settle(self) -> bool:
        """Return whether a connection has just lasted long enough after all that did not."""
        lasted = self._since_s is not None and self.stopwatch_s() - self._since_s >= WITHIN_S
        if not (self._restless and lasted):
            return False
        self._restless = False
        self._losses_s.clear()
        _log.info("the MQTT broker %s keeps our connection again", self.address)
        return True
