"""quantstats' report on the daily returns of our ledger; runs in an environment of its own."""

from __future__ import annotations

import logging
import sys
import warnings
from pathlib import Path
from time import perf_counter

from benchmarks.reported import Reported, reported

ROUNDS = 5


def run(returns: Path, out: Path) -> Reported:
    """Write its HTML page of one strategy without a benchmark; reading the returns is not timed."""
    begun = perf_counter()
    import pandas as pd  # type: ignore[import-not-found,import-untyped,unused-ignore]  # lives in the peer's environment
    import quantstats  # type: ignore[import-not-found,unused-ignore]  # lives in the peer's environment

    load_s = perf_counter() - begun
    table = pd.read_csv(returns, index_col="day", parse_dates=True)

    def write() -> Path:
        quantstats.reports.html(table["part"], output=str(out), title="grid")
        return out

    return reported(write, load_s, ROUNDS)


if __name__ == "__main__":
    warnings.filterwarnings("ignore")  # it draws with functions that its own libraries advise against
    logging.disable(logging.WARNING)  # it looks for fonts by name, every time
    sys.stdout.write(run(Path(sys.argv[1]), Path(sys.argv[2])).written() + "\n")
