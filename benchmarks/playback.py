"""The bot as its owner starts it, on a file of candles, from exec to exit: `python -m benchmarks.playback`."""

from __future__ import annotations

import json
import os
import sys
from argparse import ArgumentParser
from dataclasses import dataclass
from pathlib import Path
from subprocess import PIPE, CalledProcessError, Popen
from tempfile import TemporaryDirectory
from time import perf_counter

from benchmarks.bars import write_bars
from benchmarks.disk import BareAppend, percentiles_us
from benchmarks.outcome import tell

ROOT = Path(__file__).resolve().parent.parent
SEED = 7
APPENDS = 500


@dataclass(frozen=True, slots=True)
class Ended:
    """A process that ended well: its last line, its wall time, and its own peak of memory."""

    line: str
    seconds: float
    peak_rss_mib: int


def play(bars: int, folder: Path) -> None:
    """Time one run, then count the commits of an equal one."""
    file = folder / "bars.csv"
    write_bars(file, bars, SEED)
    asked = [
        "--prices",
        str(file),
        "--paper",
        "--exit",
        "--set",
        "EXCHANGE=BITHUMB",
        "--set",
        f"DATA_DIR={folder / 'data'}",
    ]
    timed = _run("bot", *asked)
    count = folder / "commits"
    counted = _run("benchmarks.count_commits", str(count), *asked)
    commits = int(count.read_text(encoding="ascii"))
    bare = BareAppend(folder / "floor")
    floor_us, _ = percentiles_us([bare() for _ in range(APPENDS)])
    bare.close()
    summary = json.loads(timed.line)
    tell(
        {
            "case": "whole process",
            "bars": summary["bars"],
            "orders": summary["orders"],
            "fills": summary["fills"],
            "commits": commits,
            "seconds": round(timed.seconds, 2),
            "bars_per_s": round(bars / timed.seconds),
            "peak_rss_mib": timed.peak_rss_mib,
            "peer": "as many bare appends and fdatasyncs",
            "peer_seconds": round(commits * floor_us / 1e6, 2),
            "ratio": round(timed.seconds / (commits * floor_us / 1e6), 2),
            "books_agree": summary["ledger_agrees_with_exchange"],
            "line_equal_again": timed.line == counted.line,
        }
    )


def _run(module: str, *arguments: str) -> Ended:
    command = [sys.executable, "-m", module, *arguments]
    surroundings = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    begun = perf_counter()
    process = Popen(command, cwd=ROOT, env=surroundings, stdout=PIPE, text=True)  # noqa: S603  # our own bot
    with process:
        line = process.stdout.read() if process.stdout is not None else ""
        # Waited for here and not by `Popen`: only so is the child's own use told, and not that of all children.
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    seconds = perf_counter() - begun
    if process.returncode:
        raise CalledProcessError(process.returncode, command)
    return Ended(line, seconds, used.ru_maxrss // 1024)


def main() -> int:
    """Play a month and two years of minutes."""
    options = ArgumentParser(prog="python -m benchmarks.playback", description=__doc__)
    options.add_argument("--bars", type=int, nargs="+", default=[45_000, 1_000_000])
    options.add_argument("--folder", type=Path, help="a folder on the disk to measure; a RAM disk tells nothing")
    given = options.parse_args()
    for bars in given.bars:
        with TemporaryDirectory(prefix="playback-", dir=given.folder) as folder:
            play(bars, Path(folder))
    return 0


if __name__ == "__main__":
    sys.exit(main())
