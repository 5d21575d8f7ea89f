"""Starts a venue of our own: `python -m simulator bithumb --port 0 --state DIR`; one JSON line says where it is."""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import signal
import sys
from typing import TYPE_CHECKING, NoReturn

from domain.errors import ExitCode
from domain.exact import keep_every_digit
from simulator.bithumb.opening import BithumbOpener
from simulator.candlefile import CandlesUnfit
from simulator.kis.opening import KisOpener
from simulator.linger import Attendance, AttendedDoor
from simulator.opening import common_flaw
from simulator.saving import AlreadyRuns, BooksDamaged, SavedBooks
from simulator.server import VenueServer, bind, make_server
from simulator.venue import MarketChanged

if TYPE_CHECKING:
    import socket
    from collections.abc import Sequence

    from simulator.opening import Opened, Opener

_OPENERS: dict[str, Opener] = {"bithumb": BithumbOpener(), "kis": KisOpener()}


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve until stopped; returns the exit code."""
    keep_every_digit()
    options = _parse(arguments)
    listener = _listen(options.port)
    # The port is open before the market is read: who connects early waits instead of being refused.
    opened = _open(options)
    venue, attendance = opened.venue, Attendance(options.linger)
    admin = AttendedDoor(venue, opened.route_names, opened.commands, attendance)
    http = make_server(VenueServer(venue, opened.door, admin))
    # The HTTP server stops on these, then raises them again; here they are dealt with.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: None)
    line = {
        "url": f"http://127.0.0.1:{listener.getsockname()[1]}",
        **opened.line,
        "admin_token": venue.keys.admin_token,
        "pid": os.getpid(),
    }
    text = json.dumps(line) + "\n"
    # Who starts anew finds a living simulator by this file.
    address = options.state / "address.json"
    address.touch(mode=0o600)
    address.write_text(text)
    sys.stdout.write(text)
    sys.stdout.flush()
    asyncio.run(attendance.serve(http, listener))
    try:
        venue.save()
    except OSError as error:
        _leave(ExitCode.DISK, f"장부를 저장할 수 없습니다: {error}", f"The books cannot be saved: {error}")
    return ExitCode.OK


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m simulator", description="A venue of our own on loopback.")
    venues = parser.add_subparsers(dest="venue", required=True, metavar="VENUE")
    parsers = {name: venues.add_parser(name) for name in _OPENERS}
    for name, opener in _OPENERS.items():
        opener.add_options(parsers[name])
    options = parser.parse_args(arguments)
    flaw = common_flaw(options) or _OPENERS[options.venue].flaw(options)
    if flaw is not None:
        parsers[options.venue].error(flaw)
    return options


def _open(options: argparse.Namespace) -> Opened:
    """Make the venue, or go on where its saved books end."""
    try:
        saved = SavedBooks(options.state)
        changes = saved.read()
        opened = _OPENERS[options.venue].open(options, changes[0] if changes else None)
        venue = opened.venue
        if changes:
            venue.restore(changes)
        else:
            venue.deposit(venue.trading.quote, options.cash)
        speed = None if options.speed == "max" else options.speed
        venue.apply(venue.settings.patched({"speed": speed}))
        venue.keep_in(saved)
    except CandlesUnfit as error:
        _leave(ExitCode.PRICE_FILE, f"시세 파일을 쓸 수 없습니다: {error}", f"The price file cannot be played: {error}")
    except AlreadyRuns as error:
        _leave(
            ExitCode.ALREADY_RUNS,
            f"이 폴더를 쓰는 시뮬레이터가 이미 실행 중입니다: {error}",
            f"Another simulator already runs on this folder: {error}",
        )
    except (BooksDamaged, KeyError) as error:
        _leave(ExitCode.LEDGER, f"저장된 장부를 읽을 수 없습니다: {error}", f"The saved books cannot be read: {error}")
    except MarketChanged as error:
        _leave(
            ExitCode.SETTINGS,
            f"저장된 장부는 다른 시장의 것입니다: {error}. 다른 --state 폴더를 지정하세요.",
            f"The saved books belong to another market: {error}. Choose another --state folder.",
        )
    except OSError as error:
        _leave(ExitCode.DISK, f"폴더에 쓸 수 없습니다: {error}", f"The folder cannot be written: {error}")
    return opened


def _listen(port: int) -> socket.socket:
    try:
        return bind(port)
    except (OSError, OverflowError):
        _leave(
            ExitCode.PORT,
            f"포트 {port}을(를) 쓸 수 없습니다. 다른 프로그램이 쓰고 있습니다. --port 0 이면 빈 포트를 고릅니다.",
            f"Port {port} cannot be used: another program has it. --port 0 chooses a free one.",
        )


def _leave(code: ExitCode, korean: str, english: str) -> NoReturn:
    sys.stderr.write(f"{korean}\n{english}\n")
    raise SystemExit(code)


if __name__ == "__main__":
    sys.exit(main())
