"""What the owner may ask by MQTT: one word or one number on a topic of its own, read strictly, once a second."""

from __future__ import annotations

import logging
import re
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING

from messaging.topics import COMMAND, OFF, ON, topic

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_log = logging.getLogger(__name__)

PRESS = "PRESS"
"""What a button sends. An empty payload is no press: it is how a retained message is taken away."""

PAYLOAD_BYTES_MAX = 64
EVERY_S = 1
_SAY_EVERY_S = 60
_GAP_BELOW = Decimal(100)
_NUMBER = re.compile(r"[0-9]{1,12}(\.[0-9]{1,12})?")


@dataclass(frozen=True, slots=True)
class PauseAsked:
    """Stop placing orders, or go on."""

    on: bool


@dataclass(frozen=True, slots=True)
class CancelAllAsked:
    """Take every open order back."""


@dataclass(frozen=True, slots=True)
class ReportAsked:
    """Write a report now."""


@dataclass(frozen=True, slots=True)
class GapAsked:
    """Set the gap of the grid, in percent."""

    gap: Decimal


@dataclass(frozen=True, slots=True)
class SizeAsked:
    """Set the size of an order, in the unit that is in force."""

    size: Decimal


Command = PauseAsked | CancelAllAsked | ReportAsked | GapAsked | SizeAsked


class NoCommand(ValueError):
    """What came is no command; the text says why, in words of ours alone."""


def parse(name: str, payload: bytes) -> Command:
    """Read what came on `<instance>/command/<name>`; raises `NoCommand`.

    The bot checks ranges and caps again: here only what can be meant at all is told apart.
    """
    if len(payload) > PAYLOAD_BYTES_MAX:
        raise NoCommand(f"{len(payload)} bytes are too long")
    read = _READERS.get(name)
    if read is None:
        raise NoCommand("there is no such command")
    # What is not ASCII becomes a sign that no reader takes.
    return read(payload.decode("ascii", "replace"))


def _pause(text: str) -> Command:
    if text not in {ON, OFF}:
        raise NoCommand(f"it takes {ON} or {OFF}")
    return PauseAsked(text == ON)


def _pressed(command: Command) -> Callable[[str], Command]:
    def read(text: str) -> Command:
        if text != PRESS:
            raise NoCommand(f"it takes {PRESS}")
        return command

    return read


def _gap(text: str) -> Command:
    gap = _positive(text)
    if gap >= _GAP_BELOW:
        raise NoCommand(f"it takes less than {_GAP_BELOW} percent")
    return GapAsked(gap)


def _size(text: str) -> Command:
    return SizeAsked(_positive(text))


def _positive(text: str) -> Decimal:
    if not _NUMBER.fullmatch(text) or (number := Decimal(text)) <= 0:
        raise NoCommand("it takes a plain number above 0")
    return number


_READERS: Mapping[str, Callable[[str], Command]] = {
    "pause": _pause,
    "cancel_all": _pressed(CancelAllAsked()),
    "report": _pressed(ReportAsked()),
    "gap": _gap,
    "size": _size,
}


@dataclass(slots=True)
class CommandDoor:
    """Lets through what the owner asks: nothing retained, nothing unreadable, each command at most once a second.

    Each command has a second of its own, so a pause does not swallow the cancel that follows it, and a pause may follow
    its own end at once. Of what is turned away the log holds one line a minute for each kind.
    """

    instance: str
    stopwatch_s: Callable[[], float]
    _passed_s: dict[str, float] = field(init=False, default_factory=dict)
    _said_s: dict[str, float] = field(init=False, default_factory=dict)
    _unsaid: dict[str, int] = field(init=False, default_factory=dict)

    def admit(self, name: str, payload: bytes, *, retain: bool) -> Command | None:
        """Return the command that came on a full topic `name`, or None after saying why it is none."""
        short = name.removeprefix(topic(self.instance, COMMAND) + "/")
        if retain:
            # Whoever left it there may have meant yesterday; it would come back with every connection.
            self._refuse("retained", short, "it was retained")
            return None
        try:
            command = parse(short, payload)
        except NoCommand as why:
            self._refuse("unreadable", short, str(why))
            return None
        now_s = self.stopwatch_s()
        # What makes the bot safer is never held back by its own undoing within the same second.
        kind = f"{short} {ON}" if command == PauseAsked(on=True) else short
        if kind in self._passed_s and now_s - self._passed_s[kind] < EVERY_S:
            self._refuse("fast", short, "the last one came less than a second before")
            return None
        self._passed_s[short] = self._passed_s[kind] = now_s
        _log.info("command by MQTT on %s: %s", topic(self.instance, f"{COMMAND}/{short}"), command)
        return command

    def _refuse(self, kind: str, name: str, why: str) -> None:
        now_s = self.stopwatch_s()
        if kind in self._said_s and now_s - self._said_s[kind] < _SAY_EVERY_S:
            self._unsaid[kind] = self._unsaid.get(kind, 0) + 1
            return
        unsaid = self._unsaid.pop(kind, 0)
        more = f" (and {unsaid} more like it before)" if unsaid else ""
        self._said_s[kind] = now_s
        # A name may be anything and of any length; it is shown only where it is one of ours.
        _log.warning(
            "no command by MQTT, on %s/%s: %s%s", COMMAND, name if name in _READERS else "(something else)", why, more
        )
