"""The whole daemon at rest with everything on, beside freqtrade's dry run: `python -m benchmarks.idle`."""

from __future__ import annotations

import json
import os
import shutil
import socket
import sys
from argparse import ArgumentParser
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median
from subprocess import DEVNULL, PIPE, Popen
from tempfile import TemporaryDirectory
from time import perf_counter, sleep
from typing import TYPE_CHECKING, Any
from urllib.error import URLError
from urllib.request import Request, urlopen

from benchmarks.outcome import tell
from benchmarks.resting import rest
from benchmarks.wire import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

PRICE = 50_000_000
STARTS = 4
START_MAX_S = 60.0
SETTLE_S = 15.0
"""Until then the first orders rest, the first report is written and both have said what they say at a start."""

_LOOK_EVERY_S = 0.01
_HOST = "127.0.0.1"
_PEER_RUNS = b"Changing state to: RUNNING"


@dataclass(frozen=True, slots=True)
class Program:
    """How to start a program, and how it is seen from outside that its loop runs."""

    command: list[str]
    environ: dict[str, str]
    folder: Path
    runs: Callable[[], bool]

    @property
    def said(self) -> Path:
        """Return the file of what it says while it runs."""
        return self.folder / "said"


@contextmanager
def started(program: Program) -> Iterator[tuple[int, float]]:
    """Start it and wait until its loop runs; gives its process id, and the seconds from exec until then."""
    program.folder.mkdir(exist_ok=True)
    with program.said.open("wb") as said:
        begun_s = perf_counter()
        process = Popen(  # noqa: S603  # the two programs that are measured
            program.command, cwd=ROOT, env=program.environ, stdin=DEVNULL, stdout=said, stderr=said
        )
    with process:
        try:
            while not program.runs():
                if process.poll() is not None or perf_counter() - begun_s > START_MAX_S:
                    raise TimeoutError(program.said.read_text(encoding="utf-8", errors="replace"))
                sleep(_LOOK_EVERY_S)
            yield process.pid, perf_counter() - begun_s
        finally:
            process.terminate()


def measured(program: Program, seconds: float) -> dict[str, object]:
    """Start it some times, the first of which makes its ledger, then let the last run rest."""
    took_s = []
    for _ in range(STARTS - 1):
        with started(program) as (_, start_s):
            took_s.append(start_s)
    with started(program) as (pid, start_s):
        took_s.append(start_s)
        sleep(SETTLE_S)
        figures = rest(pid, seconds)
    return {**figures, "startup_s": round(median(took_s[1:]), 2), "first_startup_s": round(took_s[0], 2)}


def surroundings() -> dict[str, str]:
    """Return what every process is given of our own environment."""
    return {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}


def free_port() -> int:
    """Return a port that nobody has at the moment."""
    with socket.socket() as held:
        held.bind((_HOST, 0))
        return int(held.getsockname()[1])


def ask(url: str, body: object = None, token: str = "") -> Any:  # noqa: ANN401  # whatever JSON it answers with
    """Ask a server on this machine; a body is posted."""
    headers = {"Content-Type": "application/json", "X-Admin-Token": token}
    request = Request(url, None if body is None else json.dumps(body).encode(), headers)  # noqa: S310  # on this machine
    with urlopen(request, timeout=1) as answer:  # noqa: S310  # on this machine as well
        return json.load(answer)


@contextmanager
def market(folder: Path) -> Iterator[dict[str, str]]:
    """Serve a market whose price never moves, on the machine's clock; gives where it is and its keys."""
    folder.mkdir()
    now = datetime.now(UTC).replace(second=0, microsecond=0)
    bars = [f"{now + timedelta(days=2 * day):%Y-%m-%dT%H:%M:%SZ},{PRICE},{PRICE},{PRICE},{PRICE},4" for day in (0, 1)]
    prices = folder / "flat.csv"
    prices.write_text("\n".join(["time_utc,open,high,low,close,volume", *bars, ""]), encoding="ascii")
    command = [sys.executable, "-m", "simulator", "bithumb", "--state", str(folder), "--prices", str(prices)]
    process = Popen(command, cwd=ROOT, env=surroundings(), stdout=PIPE, text=True)  # noqa: S603  # our own venue
    with process:
        try:
            told: dict[str, str] = json.loads(process.stdout.readline() if process.stdout is not None else "")
            ask(f"{told['url']}/admin/settings", {"judge_clock": "real"}, told["admin_token"])
            yield told
        finally:
            process.terminate()


@contextmanager
def broker(folder: Path) -> Iterator[int | None]:
    """Run mosquitto on this machine and give its port; None where it is not installed."""
    # Debian keeps it where only an administrator's shell looks.
    program = shutil.which("mosquitto", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")
    if program is None:
        yield None
        return
    port = free_port()
    settings = folder / "mosquitto.conf"
    settings.write_text(f"listener {port} {_HOST}\nallow_anonymous true\npersistence false\n", encoding="ascii")
    process = Popen([program, "-c", str(settings)], stdout=DEVNULL, stderr=DEVNULL)  # noqa: S603  # found above
    with process:
        try:
            yield port
        finally:
            process.terminate()


def our_bot(folder: Path, venue: dict[str, str], mqtt_port: int | None, *, live: bool) -> Program:
    """Return the bot as its owner starts it; its loop runs once its page says that the loop is alive."""
    web_port = free_port()
    settings = {
        "BOT_DRY_RUN": str(not live).lower(),
        "BITHUMB_ACCESS_KEY": venue["access_key"],
        "BITHUMB_SECRET_KEY": venue["secret_key"],
        "BITHUMB_BASE_URL": venue["url"],
        "DATA_DIR": str(folder / "data"),
        "WEB_PORT": str(web_port),
    }
    if live:
        settings["LIVE_ARMED"] = "bithumb_bot"
    if mqtt_port is not None:
        settings |= {"MQTT_HOST": _HOST, "MQTT_PORT": str(mqtt_port)}

    def runs() -> bool:
        try:
            health = ask(f"http://{_HOST}:{web_port}/api/v1/health")
        except (URLError, OSError):
            return False
        return any(part["part"] == "loop" and part["alive"] for part in health["parts"])

    return Program([sys.executable, "-m", "bot"], {**surroundings(), **settings}, folder, runs)


def freqtrade(folder: Path, peers: Path) -> Program:
    """Return freqtrade's dry run; its loop runs once it says so."""
    command = [str(peers / "freqtrade" / "bin" / "python"), "-m", "benchmarks.peer_freqtrade", str(folder)]
    said = folder / "said"
    return Program([*command, str(free_port())], surroundings(), folder, lambda: _PEER_RUNS in said.read_bytes())


def compare(seconds: float, folder: Path, peers: Path | None) -> None:
    """Measure one after the other, so that neither takes the other's processor."""
    peer: dict[str, object] = {}
    if peers is not None:
        peer = measured(freqtrade(folder / "freqtrade", peers), seconds)
        tell({"case": "freqtrade, dry run, its own server on", "seconds": seconds, **peer})
    for mode in ("live", "dry_run"):
        with ExitStack() as held:
            venue = held.enter_context(market(folder / f"market-{mode}"))
            mqtt_port = held.enter_context(broker(folder))
            ours = measured(our_bot(folder / mode, venue, mqtt_port, live=mode == "live"), seconds)
        ratios = {name: _ratio(ours[name], peer[name]) for name in ("rss_mib", "cpu_pct", "startup_s") if name in peer}
        broker_is = "none: mosquitto is not installed" if mqtt_port is None else "mosquitto"
        tell({"case": f"idle, {mode}", "seconds": seconds, "broker": broker_is, **ours, "ratios": ratios})


def _ratio(ours: object, theirs: object) -> float | None:
    return round(float(str(ours)) / float(str(theirs)), 2) if theirs else None


def main() -> int:
    """Measure both kinds of the owner's run."""
    options = ArgumentParser(prog="python -m benchmarks.idle", description=__doc__)
    options.add_argument("--seconds", type=float, default=60, help="how long each is looked at")
    options.add_argument("--peers", type=Path, help="where benchmarks/peers.sh made the environments")
    given = options.parse_args()
    with TemporaryDirectory(prefix="idle-") as folder:
        compare(given.seconds, Path(folder), None if given.peers is None else given.peers.absolute())
    return 0


if __name__ == "__main__":
    sys.exit(main())
