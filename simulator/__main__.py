"""Starts a venue of our own: `python -m simulator bithumb --port 0 --state DIR`; one JSON line says where it is."""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import signal
import sys
from datetime import UTC, date, datetime, time
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from domain.errors import ExitCode
from domain.exact import keep_every_digit
from simulator.bithumb.door import ROUTE_NAMES, BithumbDoor
from simulator.bithumb.rules import PRICE_UNITS
from simulator.bithumb.wire import KST
from simulator.candlefile import CandlesUnfit, read_candles
from simulator.linger import Attendance, AttendedDoor
from simulator.market import Market, RecordedBars, SyntheticBars, Walk, recorded_label
from simulator.realtime import fresh_key, real_now
from simulator.saving import AlreadyRuns, BooksDamaged, SavedBooks
from simulator.server import VenueServer, bind, make_server
from simulator.venue import Keys, MarketChanged, Trading, Venue

if TYPE_CHECKING:
    import socket
    from collections.abc import Sequence


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve until stopped; returns the exit code."""
    keep_every_digit()
    options = _parse(arguments)
    listener = _listen(options.port)
    # The port is open before the market is read: who connects early waits instead of being refused.
    venue = _venue(options)
    attendance = Attendance(options.linger)
    http = make_server(VenueServer(venue, BithumbDoor(venue), AttendedDoor(venue, ROUTE_NAMES, attendance)))
    # The HTTP server stops on these, then raises them again; here they are dealt with.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: None)
    keys, port = venue.keys, listener.getsockname()[1]
    line = {
        "url": f"http://127.0.0.1:{port}",
        "access_key": keys.access_key,
        "secret_key": keys.secret_key,
        "admin_token": keys.admin_token,
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
    parser.add_argument("venue", choices=["bithumb"])
    parser.add_argument("--port", type=int, default=0, help="0: any free one")
    parser.add_argument("--state", type=Path, required=True, help="folder of the saved books")
    parser.add_argument("--market", default="KRW-BTC")
    parser.add_argument("--prices", type=Path, help="candle CSV, plain or gzip: time_utc,open,high,low,close,volume")
    parser.add_argument("--scale", type=_positive, default=Decimal(1), help="multiplies the prices of the file")
    parser.add_argument("--bars", type=int, help="play only the first bars")
    parser.add_argument("--seed", default="1", help="of the synthetic market")
    parser.add_argument("--centre", type=_positive, default=Walk("").centre, help="price of the synthetic market")
    parser.add_argument(
        "--begins", type=_day, default=Walk("").begins_at, metavar="YYYY-MM-DD", help="of the synthetic market, UTC"
    )
    parser.add_argument("--cash", type=_positive, default=Decimal(10_000_000))
    parser.add_argument("--speed", default="8", help="prints per real second, or max")
    parser.add_argument(
        "--linger", type=int, default=0, help="end after so many real seconds without an admin request; 0: never"
    )
    options = parser.parse_args(arguments)
    if options.speed != "max":
        try:
            _positive(options.speed)
        except argparse.ArgumentTypeError as error:
            parser.error(f"--speed: {error}")
    quote, _, base = options.market.partition("-")
    if quote != "KRW" or not base.isalnum() or (options.bars is not None and options.bars < 1):
        parser.error("--market is KRW-COIN, --bars is at least 1")
    if options.linger < 0:
        parser.error("--linger is 0 or more seconds")
    return options


def _venue(options: argparse.Namespace) -> Venue:
    """Make the venue, or go on where its saved books end."""
    try:
        market = Market(_bars(options))
        saved = SavedBooks(options.state)
        changes = saved.read()
        known = changes[0] if changes else None
        names = ("access_key", "secret_key", "admin_token")
        keys = Keys(*(known[name] if known else fresh_key() for name in names))
        quote, _, base = options.market.partition("-")
        venue = Venue(Trading(base, quote, PRICE_UNITS, KST, "C0101"), market, keys, real_now)
        if changes:
            venue.restore(changes)
        else:
            venue.deposit(quote, options.cash)
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
    return venue


def _bars(options: argparse.Namespace) -> RecordedBars | SyntheticBars:
    if options.prices is None:
        walk = Walk(options.seed, options.centre, options.begins, bars_max=options.bars)
        return SyntheticBars(walk, PRICE_UNITS)
    candles = read_candles(options.prices, scale=options.scale, bars=options.bars)
    return RecordedBars(candles, recorded_label(candles))


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


def _positive(text: str) -> Decimal:
    try:
        number = Decimal(text)
    except InvalidOperation:
        raise argparse.ArgumentTypeError("no number") from None
    if not number.is_finite() or number <= 0:
        raise argparse.ArgumentTypeError("not positive")
    return number


def _day(text: str) -> datetime:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError("no date") from None
    return datetime.combine(day, time(), UTC)


if __name__ == "__main__":
    sys.exit(main())
