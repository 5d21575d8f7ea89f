"""All that belongs to one key: its door, its token, its share of the calls, and the client that uses them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from exchanges.kis.budget import Budget
from exchanges.kis.calls import BASE_URLS, Mode
from exchanges.kis.client import Client
from exchanges.kis.sharing import SharedFile, name_of
from exchanges.kis.tokens import AppKey, Tokens
from exchanges.transport import Door

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from domain.clock import Clock
    from exchanges.kis.tokens import Secret
    from exchanges.transport import ServerClock, Wait

CALL_EVERY_S = {Mode.LIVE: 1 / 15, Mode.PAPER: 1.05}
"""Seconds from one call to the next, a little more than the venue asks for.

Source: its notice of 2026-04-20, which allows 18 live calls and 1 paper call a second on a key.
"""

_ACCOUNT = re.compile(r"(\d{8})-?(\d{2})?")
_STOCKS = "01"
_LOCAL = re.compile(r"http://(localhost|127\.0\.0\.1|\[::1\])([:/].*)?")


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What every connection stands in; `timeouts_s` are those to connect, between two reads, and of a whole call."""

    clock: Clock
    wait: Wait
    shared_dir: Path
    jitter_s: Callable[[], float]
    stopwatch_s: Callable[[], float] | None
    timeouts_s: tuple[float, float, float]


class Connection:
    """One key in one world, ready to call."""

    def __init__(
        self,
        app: AppKey,
        mode: Mode,
        around: Surroundings,
        *,
        base_url: str | None,
        call_every_s: float | None,
        use_hashkey: bool = False,
    ) -> None:
        """Prepare; the first call connects. Where no pace is given it is that of the world.

        Raises `ValueError` for the address of the other world: a key must not leave for it.
        """
        if any(url == base_url and world is not mode for world, url in BASE_URLS.items()):
            message = f"{base_url} is not the address of {mode} mode"
            raise ValueError(message)
        connect_s, read_s, total_s = around.timeouts_s
        clock, wait, shared_dir = around.clock, around.wait, around.shared_dir
        self._door = Door(
            base_url or BASE_URLS[mode],
            clock,
            wait,
            connect_s=connect_s,
            read_s=read_s,
            total_s=total_s,
            stopwatch_s=around.stopwatch_s,
        )
        name = name_of(mode, app.key)
        tokens = Tokens(self._door, app, SharedFile(shared_dir / f"{name}-token.json"), clock, wait, around.jitter_s)
        pace = SharedFile(shared_dir / f"{name}-pace.json")
        budget = Budget(pace, clock, wait, CALL_EVERY_S[mode] if call_every_s is None else call_every_s)
        self.client = Client(self._door, app, mode, tokens, budget, use_hashkey=use_hashkey)

    @property
    def server_clock(self) -> ServerClock:
        """Return our clock, corrected by what the venue's answers say."""
        return self._door.server_clock

    def close(self) -> None:
        """Let the connections go."""
        self._door.close()


def account_of(written: str | Secret) -> tuple[str, str]:
    """Split an account's number into its eight digits and the two of its product; raises `ValueError`."""
    text = written if isinstance(written, str) else written.get_secret_value()
    match = _ACCOUNT.fullmatch(text.strip())
    if match is None:
        message = "an account number has eight digits, or ten with the product's"
        raise ValueError(message)
    return match[1], match[2] or _STOCKS


def quotes_url(base_url: str | None) -> str | None:
    """Return where a key for quotes alone calls: a server on this machine where there is one, else the live host."""
    return base_url if base_url is not None and _LOCAL.fullmatch(base_url) else None
