"""Our reports of one ledger, written as the running bot writes them, in a process of their own."""

from __future__ import annotations

import sys
from pathlib import Path
from time import perf_counter

from benchmarks.reported import Reported, reported

ROUNDS = 31


def run(folder: Path, out: Path) -> Reported:
    """Open the ledger anew for each report: what another report has read is not there any more."""
    begun = perf_counter()
    from bot.clock import SystemClock
    from domain.exact import keep_every_digit
    from ledger.opening import open_reader
    from ledger.places import SqlitePlace
    from reports.wording import Wording
    from reports.writing import write_report

    load_s = perf_counter() - begun
    keep_every_digit()
    clock = SystemClock()

    def write() -> Path:
        reader = open_reader(SqlitePlace(folder))
        try:
            return write_report(reader, out, "report", Wording("ko"), at=clock.now())
        finally:
            reader.close()

    return reported(write, load_s, ROUNDS)


if __name__ == "__main__":
    sys.stdout.write(run(Path(sys.argv[1]), Path(sys.argv[2])).written() + "\n")
