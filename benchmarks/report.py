"""One report of ledgers of any size, beside quantstats on the same days: `python -m benchmarks.report`."""

from __future__ import annotations

import subprocess
import sys
from argparse import ArgumentParser
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import TYPE_CHECKING

from benchmarks.ledgers import BEGINS_AT, KOREA, make_ledger
from benchmarks.outcome import tell
from benchmarks.reported import Reported
from domain.exact import keep_every_digit
from ledger.places import SqlitePlace

if TYPE_CHECKING:
    from collections.abc import Sequence
    from decimal import Decimal

ROOT = Path(__file__).resolve().parent.parent


def race(fills: int, folder: Path, peer: Path | None) -> None:
    """Make a ledger, then let each write its report in a process of its own, one after the other."""
    begun = perf_counter()
    place = SqlitePlace(folder / "ledger")
    parts = make_ledger(place, fills)
    made_s = perf_counter() - begun
    ours = _write(sys.executable, "benchmarks.report_run", place.folder, folder / "ours")
    case = {
        "case": "report",
        "fills": fills,
        "days": len(parts),
        "ledger_mib": place.file.stat().st_size >> 20,
        "made_s": round(made_s, 1),
        "load_s": round(ours.load_s, 3),
        "first_ms": round(ours.first_s * 1000, 1),
        "later_ms": round(ours.later_s * 1000, 1),
        "first_peak_rss_mib": ours.first_peak_rss_mib,
        "peak_rss_mib": ours.peak_rss_mib,
        "page_bytes": ours.page_bytes,
        "twin_bytes": (folder / "ours" / "report.json").stat().st_size,
    }
    if peer is None:
        tell(case)
        return
    returns = folder / "returns.csv"
    write_returns(returns, parts)
    theirs = _write(str(peer), "benchmarks.peer_quantstats", returns, folder / "theirs.html")
    compared = {
        "peer": "quantstats",
        "peer_load_s": round(theirs.load_s, 2),
        "peer_first_ms": round(theirs.first_s * 1000),
        "peer_later_ms": round(theirs.later_s * 1000),
        "peer_peak_rss_mib": theirs.peak_rss_mib,
        "peer_page_bytes": theirs.page_bytes,
        "first_ratio": round((theirs.load_s + theirs.first_s) / (ours.load_s + ours.first_s), 1),
        "later_ratio": round(theirs.later_s / ours.later_s, 1),
    }
    tell(case | compared)


def write_returns(file: Path, parts: Sequence[Decimal]) -> None:
    """Write what each day brought, as a part of the equity before it."""
    first = (BEGINS_AT + KOREA).date()
    lines = [f"{first + timedelta(days=n)},{part:.12f}\n" for n, part in enumerate(parts)]
    file.write_text("day,part\n" + "".join(lines), encoding="ascii")


def _write(python: str, module: str, source: Path, out: Path) -> Reported:
    """Report in a process of its own, so that neither's memory counts for the other."""
    done = subprocess.run(  # noqa: S603  # our own scripts, with paths of our own
        [python, "-m", module, str(source), str(out)], cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True
    )
    return Reported.read(done.stdout)


def main() -> int:
    """Report on a small, a large and a very large ledger."""
    options = ArgumentParser(prog="python -m benchmarks.report", description=__doc__)
    options.add_argument("--fills", type=int, nargs="+", default=[10_000, 100_000, 1_000_000])
    options.add_argument("--peers", type=Path, help="where benchmarks/peers.sh made the peers' environments")
    options.add_argument("--folder", type=Path, help="a folder on the disk to measure; a RAM disk tells nothing")
    given = options.parse_args()
    peer = None if given.peers is None else given.peers / "quantstats" / "bin" / "python"
    keep_every_digit()
    for fills in given.fills:
        with TemporaryDirectory(prefix="report-", dir=given.folder) as folder:
            race(fills, Path(folder), peer)
    return 0


if __name__ == "__main__":
    sys.exit(main())
