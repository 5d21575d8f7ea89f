"""The demo's market from the outside: its clock, its steps and its books, asked for at the admin door."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any, TypeVar

from bot.demo.books import VenueBooks, books_from
from domain.clock import iso
from domain.errors import BotError, OutcomeUnknown, VenueUnavailable
from domain.exact import plain
from domain.reason import reason
from exchanges.transport import Door, Request, Unreadable

if TYPE_CHECKING:
    from collections.abc import Callable

    from domain.clock import Clock

PATIENCE_S = 30.0
"""How long an answer may take in real seconds, beside the pace at which prints are played."""

_BOOKS_BYTES_MAX = 1024 * 1024 * 1024
"""The books hold every order of the demo; a million of them fit in."""

_OK = 200
_ASKED_WRONGLY = 400
_JSON = "application/json"

T = TypeVar("T")


class VenueGone(BotError):
    """The market's process does not answer: its clock, and with it the run, stands for good.

    No `VenueError`: those are about a venue that goes on, and are met by waiting; waiting here needs this very process.
    """

    def __init__(self, message: str) -> None:
        """Say what was asked; `why` has the words for the owner."""
        super().__init__(message)
        self.why = reason("demo_market_gone")


class MarketRefused(BotError):
    """The market's process does not do what was asked; asked again, it would refuse again."""


@dataclass(frozen=True, slots=True)
class MarketTime:
    """Where the market stands; `printed`: the step that told it played a print.

    `left` counts the prints to come, None where there is no end; what was asked counts from the last one on.
    """

    now: datetime
    last: Decimal
    last_at: datetime
    played: int
    left: int | None
    next_at: datetime | None
    ended: bool
    prices_asked: int
    orders_asked: int
    symbol: str
    label: str
    printed: bool = False


class MarketDoor:
    """Asks the market's process; every question raises `VenueGone` where it does not answer.

    One thread at a time: a lost answer to a step is made up for by what was told before it.
    """

    def __init__(
        self,
        url: str,
        token: str,
        *,
        clock: Clock,
        connect_s: float = 5.0,
        patience_s: float = PATIENCE_S,
        stopwatch_s: Callable[[], float] | None = None,
    ) -> None:
        """Prepare; `clock` tells real time. Raises `ValueError` for an address that is not on this machine."""
        if not url.startswith("http://127.0.0.1:"):
            raise ValueError("a demo's market stands on this machine")
        self._headers = {"X-Admin-Token": token, "Content-Type": _JSON}
        self._door = Door(
            url,
            clock,
            _no_wait,
            connect_s=connect_s,
            read_s=patience_s,
            total_s=patience_s,
            stopwatch_s=stopwatch_s,
            body_bytes_max=_BOOKS_BYTES_MAX,
        )
        self._played = 0

    def close(self) -> None:
        """Let the connection go; the next question connects anew."""
        self._door.close()

    def clock(self) -> MarketTime:
        """Return where the market stands."""
        return self._told(self._ask("GET", "/admin/clock", again=True))

    def step(self, until: datetime | None, *, play: bool = True) -> MarketTime:
        """Go to the earliest of the next print and a moment, and play the print if it is that; without `play` none is.

        A print is answered no faster than the market's speed allows.
        """
        body: dict[str, object] = {"until": None if until is None else iso(until), "play": play}
        before = self._played
        try:
            return self._told(self._ask("POST", "/admin/step", body, again=not play))
        except VenueGone:
            if not play:
                raise
        # Sent once only: a second step could play a second print. The clock tells what came of it.
        told = self.clock()
        return replace(told, printed=told.played > before)

    def books(self) -> VenueBooks:
        """Return all orders, executions and balances."""
        return _understood("books", lambda: books_from(self._ask("GET", "/admin/books", again=True)))

    def deposit(self, currency: str, amount: Decimal) -> None:
        """Give the account an amount from nowhere; raises `MarketRefused` where more is taken than is there."""
        self._ask("POST", "/admin/deposit", {"currency": currency, "amount": plain(amount)})

    def settings(self, patch: dict[str, object]) -> None:
        """Change what is set; raises `MarketRefused` for what cannot be set."""
        self._ask("POST", "/admin/settings", patch, again=True)

    def set_speed(self, speed: Decimal | None) -> None:
        """Set how many prints a real second may have; None: no cap."""
        self.settings({"speed": None if speed is None else plain(speed)})

    def stop(self) -> None:
        """Ask the process to save and end; it may take a moment."""
        self._ask("POST", "/admin/stop")

    def _told(self, answer: dict[str, Any]) -> MarketTime:
        told = _understood("clock", lambda: _time_from(answer))
        self._played = told.played
        return told

    def _ask(
        self, method: str, path: str, body: dict[str, object] | None = None, *, again: bool = False
    ) -> dict[str, Any]:
        """Ask once, and once more if that does no harm: an idle connection may be closed just when it is used."""
        sent = None if body is None else json.dumps(body).encode()
        request = Request(method, path, headers=self._headers, body=sent)
        try:
            reply = self._door.send(request)
        except OutcomeUnknown:
            reply = None
        except VenueUnavailable:
            again, reply = False, None
        if reply is None:
            if again:
                return self._ask(method, path, body)
            raise VenueGone(f"{request}: no answer")
        if reply.status == _ASKED_WRONGLY:
            raise MarketRefused(f"{request}: refused")
        if reply.status != _OK:
            # The token is not known here: another program has the port now.
            raise VenueGone(f"{request}: status {reply.status}")
        return _understood(path, lambda: _object(reply.json()))


def _object(value: object) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise TypeError("no object")
    return value


def _understood(what: str, read: Callable[[], T]) -> T:
    try:
        return read()
    except (LookupError, TypeError, ValueError, ArithmeticError, Unreadable):
        pass
    raise VenueGone(f"{what}: answered by something else")


def _time_from(answer: dict[str, Any]) -> MarketTime:
    next_at = answer["next_at"]
    return MarketTime(
        now=datetime.fromisoformat(answer["now"]),
        last=Decimal(answer["last"]),
        last_at=datetime.fromisoformat(answer["last_at"]),
        played=int(answer["played"]),
        left=None if answer["left"] is None else int(answer["left"]),
        next_at=None if next_at is None else datetime.fromisoformat(next_at),
        ended=bool(answer["ended"]),
        prices_asked=int(answer["prices_asked"]),
        orders_asked=int(answer["orders_asked"]),
        symbol=str(answer["market"]),
        label=str(answer["label"]),
        printed=answer.get("print") is not None,
    )


def _no_wait(_pause_s: float, /) -> None:
    """Never pause: questions are repeated here, at once."""
