"""The market's process: found alive and used again, or started; it outlives the bot that started it."""

from __future__ import annotations

import fcntl
import json
import os
import select
import subprocess
import sys
import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, TYPE_CHECKING

from pydantic import SecretStr

from bot.clock import SystemClock
from bot.demo.door import PATIENCE_S, MarketDoor, VenueGone
from domain.errors import ExitCode, SetupError
from domain.exact import plain
from domain.reason import reason

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from decimal import Decimal

    from bot.demo.door import MarketTime
    from bot.demo.venues import DemoVenue
    from bot.demo.wanted import MarketWanted, Prices
    from domain.clock import Clock

LINGER_S = 600
"""How long a market stays in real seconds when no bot asks it for anything."""

_ROOT = Path(__file__).resolve().parent.parent.parent
_START_S = 20.0
_BARS_READ_PER_S = 10_000
_ALIVE_S = 5.0
_END_S = 10.0
_LOOK_S = 0.05
_CHUNK_BYTES = 65_536
_PRIVATE = 0o700
# What a Python needs to start and to find its way; nothing of the owner's goes there, least of all a key.
_ENVIRONMENT = ("PATH", "LD_LIBRARY_PATH", "TMPDIR", "TZ")


@dataclass(frozen=True, slots=True)
class Market:
    """A market that is open: address and keys (by the simulator's names) for the adapter, a door for everything else.

    `told` is where it stood when it was opened; `is_new`: its books began with this start.
    """

    url: str
    keys: Mapping[str, SecretStr]
    door: MarketDoor = field(repr=False)
    told: MarketTime
    is_new: bool
    process: subprocess.Popen[bytes] | None = field(default=None, repr=False)

    def close(self) -> None:
        """Let the door go; the market lives on."""
        self.door.close()


@dataclass(frozen=True, slots=True)
class _Address:
    """What a simulator says of itself."""

    url: str
    keys: Mapping[str, SecretStr]
    token: SecretStr

    def door(self, clock: Clock, patience_s: float) -> MarketDoor:
        """Return the door there; raises `ValueError` for an address that is not on this machine."""
        return MarketDoor(self.url, self.token.get_secret_value(), clock=clock, patience_s=patience_s)


def open_market(
    folder: Path, wanted: MarketWanted, *, clock: Clock | None = None, start_s: float = _START_S, end_s: float = _END_S
) -> Market:
    """Return the market of a demo's folder: the one that lives there, else one started on its saved books.

    `clock` tells real time, by which answers are waited for; `start_s` is how long a market may take to start, `end_s`
    how long one that is about to end. Raises `SetupError`: another market has the folder, or the market cannot start.
    """
    clock = clock or SystemClock()
    venue = folder / "venue"
    living = _living(venue, wanted.venue, clock)
    process, is_new = None, living is None and not (venue / "books.jsonl").exists()
    if living is None:
        _wait_until_free(venue, folder, end_s)
        limit_s = start_s + (wanted.prices.bars or 0) / _BARS_READ_PER_S
        process, address = _start(folder, wanted, limit_s, is_new=is_new)
    else:
        address, told = living
        if (told.symbol, told.label) != (wanted.symbol, wanted.prices.label):
            raise SetupError(ExitCode.SETTINGS, reason("demo_market_changed", path=str(folder)))
    door = address.door(clock, _patience_s(wanted.speed))
    door.set_speed(wanted.speed)
    return Market(address.url, address.keys, door, door.clock(), is_new, process)


def stop_market(folder: Path, *, clock: Clock | None = None, end_s: float = _END_S) -> None:
    """End the market that lives in a demo's folder, if one does; its books stay.

    Raises `SetupError` where it does not end.
    """
    venue = folder / "venue"
    if living := _living(venue, None, clock or SystemClock()):
        door = living[0].door(clock or SystemClock(), _ALIVE_S)
        with suppress(VenueGone):
            door.stop()
        door.close()
    _wait_until_free(venue, folder, end_s)


def _patience_s(speed: Decimal | None) -> float:
    """Return how long a step may take: a slow market holds its answer back."""
    pace_s = 0.0 if speed is None else float(2 / speed)
    return PATIENCE_S + pace_s


def _living(venue: Path, kind: DemoVenue | None, clock: Clock) -> tuple[_Address, MarketTime] | None:
    """Return where the simulator of a folder is and stands; None where none answers to its token."""
    try:
        address = _address_in((venue / "address.json").read_bytes(), kind)
        door = address.door(clock, _ALIVE_S)
    except (OSError, LookupError, TypeError, ValueError):
        return None
    try:
        return address, door.clock()
    except VenueGone:
        return None
    finally:
        door.close()


def _address_in(line: bytes, kind: DemoVenue | None) -> _Address:
    """Read what a simulator says; who only wants to end it needs no keys."""
    said = json.loads(line)
    keys = {name: SecretStr(str(said[name])) for name in (() if kind is None else kind.keys)}
    return _Address(str(said["url"]), keys, SecretStr(str(said["admin_token"])))


def _wait_until_free(venue: Path, folder: Path, end_s: float) -> None:
    """Wait for a simulator that is about to end; its lock tells, whoever started it."""
    for _ in range(int(end_s / _LOOK_S)):
        if _is_free(venue / "lock"):
            return
        time.sleep(_LOOK_S)
    raise SetupError(ExitCode.ALREADY_RUNS, reason("demo_market_busy", path=str(folder)))


def _is_free(lock: Path) -> bool:
    try:
        with lock.open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:
        # Not there, or not ours to read: starting tells which.
        return True
    return True


def _start(
    folder: Path, wanted: MarketWanted, limit_s: float, *, is_new: bool
) -> tuple[subprocess.Popen[bytes], _Address]:
    """Start a simulator and wait for its line."""
    venue = folder / "venue"
    log = venue / "simulator.log"
    try:
        for each in (folder, venue):
            each.mkdir(mode=_PRIVATE, parents=True, exist_ok=True)
        with log.open("wb") as errors:
            process = _begun(venue, wanted, errors)
    except OSError as error:
        what = error.strerror or type(error).__name__
        raise SetupError(ExitCode.DISK, reason("disk_unwritable", path=str(folder), what=what)) from None
    with _ended_unless_it_speaks(process):
        line = _line_of(process, limit_s)
        if line is None:
            raise SetupError(ExitCode.OUR_FAULT, reason("demo_market_silent", log=str(log)))
        if not line:
            raise _failure(process.wait(_END_S), folder, log, wanted.prices, is_new=is_new)
        return process, _address_in(line, wanted.venue)


def _begun(venue: Path, wanted: MarketWanted, errors: IO[bytes]) -> subprocess.Popen[bytes]:
    speed = "max" if wanted.speed is None else plain(wanted.speed)
    command = [sys.executable, "-P", "-m", "simulator", wanted.venue.name, "--port", "0"]
    command += ["--state", str(venue.resolve()), *wanted.options]
    command += ["--market", wanted.symbol, "--cash", plain(wanted.cash), "--speed", speed, "--linger", str(LINGER_S)]
    return subprocess.Popen(  # noqa: S603 - our own program; what is typed by the owner is an argument, never a command
        [*command, *wanted.prices.options],
        cwd=_ROOT,
        env={name: os.environ[name] for name in _ENVIRONMENT if name in os.environ} | {"PYTHONPATH": str(_ROOT)},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=errors,
        # Ctrl-C in the terminal, and the end of the bot, are not for it.
        start_new_session=True,
    )


@contextmanager
def _ended_unless_it_speaks(process: subprocess.Popen[bytes]) -> Iterator[None]:
    try:
        yield
    except BaseException:
        process.kill()
        process.wait()
        raise
    finally:
        if process.stdout is not None:
            process.stdout.close()


def _line_of(process: subprocess.Popen[bytes], limit_s: float) -> bytes | None:
    """Return the line that a simulator says when it is ready; empty where it ends before, None where it is too slow."""
    line = b""
    while process.stdout is not None and not line.endswith(b"\n"):
        if not select.select([process.stdout], [], [], limit_s)[0]:
            return None
        part = os.read(process.stdout.fileno(), _CHUNK_BYTES)
        if not part:
            return b""
        line += part
    return line


def _failure(code: int, folder: Path, log: Path, prices: Prices, *, is_new: bool) -> SetupError:
    """Say why a simulator did not start, by its exit code."""
    where = str(folder)
    match code:
        case ExitCode.SETTINGS if not is_new:
            return SetupError(ExitCode.SETTINGS, reason("demo_market_changed", path=where))
        case ExitCode.ALREADY_RUNS:
            return SetupError(ExitCode.ALREADY_RUNS, reason("demo_market_busy", path=where))
        case ExitCode.LEDGER:
            return SetupError(ExitCode.LEDGER, reason("demo_books_damaged", path=where))
        case ExitCode.PRICE_FILE:
            return SetupError(
                ExitCode.PRICE_FILE, reason("demo_prices_refused", path=str(prices.path or "?"), log=str(log))
            )
        case ExitCode.PORT:
            return SetupError(ExitCode.PORT, reason("demo_no_port", log=str(log)))
        case ExitCode.DISK:
            return SetupError(ExitCode.DISK, reason("demo_disk", path=where))
        case _:
            return SetupError(ExitCode.OUR_FAULT, reason("demo_market_failed", ended=code, log=str(log)))
