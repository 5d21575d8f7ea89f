"""What a writer of reports has to show: its times, its memory and the size of its page."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from json import dumps, loads
from statistics import median
from time import perf_counter
from typing import TYPE_CHECKING

from benchmarks.outcome import peak_rss_mib

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class Reported:
    """Times in seconds: the imports, the first report after them, and the median of the later ones."""

    load_s: float
    first_s: float
    later_s: float
    first_peak_rss_mib: int
    peak_rss_mib: int
    page_bytes: int

    def written(self) -> str:
        """Write it on one line."""
        return dumps(asdict(self))

    @classmethod
    def read(cls, line: str) -> Reported:
        """Read what another process wrote."""
        return cls(**loads(line))


def reported(write: Callable[[], Path], load_s: float, rounds: int) -> Reported:
    """Write a report once, then so many times again; `write` returns where the page is."""
    first_s = _timed(write)
    first_peak = peak_rss_mib()
    later_s = median([_timed(write) for _ in range(rounds)])
    return Reported(load_s, first_s, later_s, first_peak, peak_rss_mib(), write().stat().st_size)


def _timed(write: Callable[[], Path]) -> float:
    begun = perf_counter()
    write()
    return perf_counter() - begun
