"""The desk that issues tokens: one a minute, the same one for hours, a day of life, and an end on command."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from domain.clock import iso

if TYPE_CHECKING:
    from simulator.kis.settings import KisSettings

_KEPT = timedelta(days=2)
_HEAD = "eyJ0eXAiOiJKV1QiLCJhbGciOiJIUzUxMiJ9"


class TooSoon(Exception):
    """The key was given a token less than a minute ago."""


@dataclass(slots=True)
class Token:
    """One token; `told_at` is when it was given last, `ended` how it ended before its time."""

    app_key: str
    text: str
    issued_at: datetime
    expires_at: datetime
    told_at: datetime
    ended: str | None = None

    def is_good(self, now: datetime) -> bool:
        """Whether it opens anything."""
        return self.ended is None and now < self.expires_at


class TokenDesk:
    """All tokens of both key pairs."""

    def __init__(self) -> None:
        self._tokens: list[Token] = []
        self._issued = 0

    def issue(self, app_key: str, secret: str, now: datetime, settings: KisSettings) -> Token:
        """Give a token; raises `TooSoon`."""
        last = next((token for token in reversed(self._tokens) if token.app_key == app_key), None)
        if last is not None and now - last.told_at < timedelta(seconds=settings.token_gap_s):
            raise TooSoon
        if last is None or not last.is_good(now) or now - last.issued_at >= timedelta(seconds=settings.token_same_s):
            self._issued += 1
            text = f"{_HEAD}.{_digest(secret, self._issued, 'claims')}.{_digest(secret, self._issued, 'signature')}"
            last = Token(app_key, text, now, now + timedelta(seconds=settings.token_life_s), now)
            self._tokens = [token for token in self._tokens if now - token.expires_at < _KEPT]
            self._tokens.append(last)
        last.told_at = now
        return last

    def fault_of(self, app_key: str, text: str, now: datetime) -> str | None:
        """Return the code under which a token is refused; none where it is good."""
        token = next((each for each in self._tokens if each.text == text), None)
        if token is None or token.app_key != app_key or token.ended == "revoked":
            return "EGW00121"
        return None if token.is_good(now) else "EGW00123"

    def revoke(self, app_key: str, text: str) -> bool:
        """End one token; returns whether there was one."""
        for token in self._tokens:
            if (token.app_key, token.text) == (app_key, text) and token.ended is None:
                token.ended = "revoked"
                return True
        return False

    def end_all(self, how: str) -> None:
        """End every token before its time."""
        for token in self._tokens:
            token.ended = token.ended or how

    def saved(self) -> dict[str, Any]:
        """Return everything as plain rows."""
        rows = [{name: _plain(value) for name, value in asdict(token).items()} for token in self._tokens]
        return {"issued": self._issued, "tokens": rows}

    def restore(self, saved: dict[str, Any]) -> None:
        """Put saved tokens back."""
        self._issued = saved["issued"]
        self._tokens = [_token(row) for row in saved["tokens"]]


def _token(row: dict[str, Any]) -> Token:
    times = {name: datetime.fromisoformat(value) for name, value in row.items() if name.endswith("_at")}
    return Token(**(row | times))


def _plain(value: object) -> object:
    return iso(value) if isinstance(value, datetime) else value


def _digest(*words: object) -> str:
    return sha256("/".join(map(str, words)).encode()).hexdigest()
