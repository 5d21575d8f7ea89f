"""Bars per second of our whole engine with 40 orders at rest, beside backtesting.py: `python -m benchmarks.engine`."""

from __future__ import annotations

import subprocess
import sys
from argparse import ArgumentParser
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.bars import write_bars
from benchmarks.outcome import Outcome, tell

ROOT = Path(__file__).resolve().parent.parent
SEED = 7


def race(name: str, bars: int, peer: Path | None, *, every_bar: bool) -> bool:
    """Let both play the same bars one after the other; returns whether they agree on every fill."""
    with TemporaryDirectory(prefix="race-") as place:
        file, cells = Path(place) / "bars.csv", Path(place) / "cells.csv"
        write_bars(file, bars, SEED)
        ours = _play(sys.executable, "benchmarks.engine_run", str(file), *(["--every-bar"] if every_bar else []))
        cells.write_text("".join(f"{buy},{sell}\n" for buy, sell in ours.cells), encoding="ascii")
        theirs = None if peer is None else _play(str(peer), "benchmarks.peer_backtesting", str(file), str(cells))
    case = {
        "case": name,
        "bars": bars,
        "fills": ours.fills,
        "buys": ours.buys,
        "sells": ours.sells,
        "resting": ours.resting,
        "position": ours.position,
        "seconds": round(ours.seconds, 3),
        "bars_per_s": round(bars / ours.seconds),
        "peak_rss_mib": ours.peak_rss_mib,
    }
    if theirs is None:
        tell(case)
        return True
    unequal = ours.differences(theirs)
    compared = {
        "peer": "backtesting.py",
        "peer_seconds": round(theirs.seconds, 3),
        "peer_bars_per_s": round(bars / theirs.seconds),
        "peer_peak_rss_mib": theirs.peak_rss_mib,
        "ratio": round(theirs.seconds / ours.seconds, 2),
        "fills_equal": not unequal,
        "unequal": unequal,
    }
    tell(case | compared)
    return not unequal


def _play(python: str, module: str, *arguments: str) -> Outcome:
    """Play in a process of its own, so that neither's memory counts for the other."""
    done = subprocess.run(  # noqa: S603  # our own scripts, with paths of our own
        [python, "-m", module, *arguments], cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True
    )
    return Outcome.read(done.stdout)


def main() -> int:
    """Run both cases; 1 when two players differ in any fill."""
    options = ArgumentParser(prog="python -m benchmarks.engine", description=__doc__)
    options.add_argument("--bars", type=int, default=1_000_000, help="bars of the case that skips quiet ones")
    options.add_argument("--every-bar", type=int, default=100_000, help="bars of the case that skips none")
    options.add_argument("--peers", type=Path, help="where benchmarks/peers.sh made the peers' environments")
    given = options.parse_args()
    peer = None if given.peers is None else given.peers / "backtesting" / "bin" / "python"
    agree = [
        race("engine, quiet bars skipped", given.bars, peer, every_bar=False),
        race("engine, every bar", given.every_bar, peer, every_bar=True),
    ]
    return 0 if all(agree) else 1


if __name__ == "__main__":
    sys.exit(main())
