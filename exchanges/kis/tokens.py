"""The access token of a key: asked for once a day, kept in a file, shared by every program on the key."""

from __future__ import annotations

import json
import logging
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Protocol

from domain.errors import OutcomeUnknown, RateLimited, VenueUnavailable
from domain.reason import reason
from exchanges.kis.calls import TOKEN_PATH
from exchanges.kis.codes import Verdict
from exchanges.kis.errors import complaint_in, refusal_of
from exchanges.kis.fields import KST, text
from exchanges.refusals import KeyRefused
from exchanges.transport import NoAnswer, Request, Unreadable

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from domain.clock import Clock
    from exchanges.kis.sharing import SharedFile
    from exchanges.transport import Door, Wait

log = logging.getLogger(__name__)

RENEW_BEFORE = timedelta(minutes=10)
"""A token is renewed so long before its end."""
ASK_EVERY = timedelta(seconds=61)
"""The venue issues one token a minute, and tells the owner's telephone each time."""

RESTS_FOR = timedelta(minutes=15)
"""Where a new token is refused as well, no other one is asked for so long."""

_SLICE = timedelta(seconds=5)
_IN_FLIGHT = timedelta(seconds=5)
_LIFE = timedelta(hours=24)
_TOKEN_LENGTH_MAX = 2000
_ROUNDS = 3


class Secret(Protocol):
    """A text that shows itself only when asked to."""

    def get_secret_value(self) -> str:
        """Return the text."""
        ...


@dataclass(frozen=True, slots=True)
class AppKey:
    """A key and its secret; neither is ever shown."""

    key: str = field(repr=False)
    secret: str = field(repr=False)

    @classmethod
    def of(cls, key: str | Secret, secret: str | Secret) -> AppKey:
        """Take both out of whatever hides them."""
        return cls(*(each if isinstance(each, str) else each.get_secret_value() for each in (key, secret)))


@dataclass(frozen=True, slots=True)
class _Kept:
    """What the file holds: a token and its end, and when one was last asked for."""

    token: str = field(default="", repr=False)
    ends_at: datetime | None = None
    asked_at: datetime | None = None

    def serves(self, now: datetime, margin: timedelta) -> bool:
        """Whether the token lasts for so long."""
        return bool(self.token) and self.ends_at is not None and now + margin < self.ends_at <= now + 2 * _LIFE


class Tokens:
    """Gives the token of one key, whoever asked for it.

    Only one thread of all programs asks; the others take what it got. Whoever has to wait for the minute to pass lets
    go of the file meanwhile.
    """

    def __init__(  # noqa: PLR0917  # the parts it stands on
        self, door: Door, app: AppKey, file: SharedFile, clock: Clock, wait: Wait, jitter_s: Callable[[], float]
    ) -> None:
        """Prepare; the first call asks."""
        self._door = door
        self._app = app
        self._file = file
        self._clock = clock
        self._wait = wait
        self._jitter_s = jitter_s
        self._known = _Kept()
        self._given_up_at: datetime | None = None

    def current(self, *, patient: bool = True) -> str:
        """Return a token that lasts; raises `AuthRefused`, `VenueUnavailable` or `RateLimited` where there is none.

        Who is not `patient` does not wait for the minute to pass: an order would leave with a price of long ago.
        """
        if self._known.serves(self._clock.now(), RENEW_BEFORE):
            return self._known.token
        return self._renewed("", patient=patient)

    def replaced(self, refused: str, *, patient: bool = True) -> str:
        """Return another token than one that the venue does not take any more, whatever its end was said to be.

        Raises `AuthRefused` for a while after a new one was refused, too: it would be asked for again and again.
        """
        given_up_at = self._given_up_at
        if given_up_at is not None and timedelta(0) <= self._clock.now() - given_up_at < RESTS_FOR:
            raise KeyRefused("no token serves", why=reason("kis_token_refused", msg_cd="-"))
        if self._known.token == refused:
            self._known = _Kept()
        return self._renewed(refused, patient=patient)

    def given_up(self) -> None:
        """Note that a token was refused though it was new."""
        self._given_up_at = self._clock.now()

    def _renewed(self, refused: str, *, patient: bool) -> str:
        for _ in range(_ROUNDS):
            with self._file.locked():
                kept = self._read(refused)
                if refused and self._file.read().get("token") == refused:
                    # Nobody else shall try it; but what another program got meanwhile stays.
                    self._write(kept)
                if not kept.serves(self._clock.now(), RENEW_BEFORE):
                    kept = self._asked(kept)
                if kept.serves(self._clock.now(), _IN_FLIGHT):
                    self._known = kept
                    return kept.token
            if not patient:
                break
            self._wait_for_the_minute(kept, refused)
        raise RateLimited("no token within the minute", retry_after_s=ASK_EVERY.seconds)

    def _asked(self, kept: _Kept) -> _Kept:
        """Ask for a token where the minute has passed; what there was stays in use where that fails."""
        now = self._clock.now()
        if kept.asked_at is not None and timedelta(0) <= now - kept.asked_at < ASK_EVERY:
            return kept
        try:
            fresh = self._issued(kept)
        except VenueUnavailable:
            if kept.serves(now, _IN_FLIGHT):
                return kept
            raise
        return fresh

    def _issued(self, kept: _Kept) -> _Kept:
        body = {"grant_type": "client_credentials", "appkey": self._app.key, "appsecret": self._app.secret}
        headers = {"Content-Type": "application/json; charset=utf-8", "Accept": "application/json"}
        asked = _Kept(kept.token, kept.ends_at, self._clock.now())
        try:
            reply = self._door.send(Request("POST", TOKEN_PATH, headers=headers, body=json.dumps(body).encode()))
            value = None if reply.is_page else reply.json()
        except (OutcomeUnknown, Unreadable) as lost:
            # It may have been issued all the same, so the minute counts.
            self._write(asked)
            message = str(lost)
        else:
            complaint = None if value is None else complaint_in(reply, value)
            if complaint is not None and complaint.code == "EGW00133":
                self._write(asked)
                return asked
            if complaint is not None and complaint.verdict is not Verdict.TRANSIENT:
                log.warning("kis gives no token: %s", complaint)
                raise refusal_of(complaint)
            if complaint is None and isinstance(value, dict):
                fresh = _granted(value, self._clock.now())
                self._write(fresh)
                log.debug("kis issued a token that ends at %s", fresh.ends_at)
                return fresh
            message = str(complaint or f"{reply.to}: a page with status {reply.status}")
        raise NoAnswer(message, why=reason("kis_no_token"))

    def _wait_for_the_minute(self, kept: _Kept, refused: str) -> None:
        now = self._clock.now()
        until = (kept.asked_at or now) + ASK_EVERY + timedelta(seconds=self._jitter_s())
        while (left := until - self._clock.now()) > timedelta(0):
            before = self._clock.now()
            self._wait(min(left, _SLICE).total_seconds())
            if abs(self._clock.now() - before) * 2 < min(left, _SLICE):
                # No pause lasts any longer: the bot is to stop.
                raise RateLimited("no token within the minute", retry_after_s=ASK_EVERY.seconds)
            # Another program may have got one.
            if left > ASK_EVERY * 2 or self._read(refused).serves(self._clock.now(), RENEW_BEFORE):
                return

    def _read(self, refused: str) -> _Kept:
        """Return what the file holds; a token that was refused is none."""
        row = self._file.read()
        kept = _Kept(_written(row, "token"), _moment(row, "ends_at"), _moment(row, "asked_at"))
        return _Kept("", None, kept.asked_at) if kept.token == refused else kept

    def _write(self, kept: _Kept) -> None:
        row = {"token": kept.token, "ends_at": kept.ends_at, "asked_at": kept.asked_at}
        self._file.write({key: at.isoformat() if isinstance(at, datetime) else at for key, at in row.items()})


def _granted(value: Mapping[str, object], now: datetime) -> _Kept:
    token = text(value, "access_token")
    if not token or len(token) > _TOKEN_LENGTH_MAX or not (token.isascii() and token.isprintable()):
        raise NoAnswer("tokenP: no token in the answer", why=reason("kis_no_token"))
    return _Kept(token, _end_of(value, now), now)


def _end_of(value: Mapping[str, object], now: datetime) -> datetime:
    """Return when a token ends: by its Korean date, else by its seconds, else after the day that all of them last."""
    try:
        written = datetime.fromisoformat(text(value, "access_token_token_expired"))
        ends_at = written.replace(tzinfo=KST).astimezone(UTC)
    except (ValueError, OverflowError):
        pass
    else:
        if now + RENEW_BEFORE < ends_at <= now + 2 * _LIFE:
            return ends_at
    seconds = value.get("expires_in")
    if isinstance(seconds, int) and RENEW_BEFORE < timedelta(seconds=min(seconds, 200_000)) <= 2 * _LIFE:
        return now + timedelta(seconds=seconds)
    return now + _LIFE


def _written(row: Mapping[str, object], key: str) -> str:
    value = row.get(key)
    return value if isinstance(value, str) else ""


def _moment(row: Mapping[str, object], key: str) -> datetime | None:
    try:
        at = datetime.fromisoformat(_written(row, key))
    except ValueError:
        return None
    return at if at.tzinfo is not None else None
