"""The floor under every durable commit: a bare append and its way to the disk."""

from __future__ import annotations

import os
from statistics import quantiles
from time import perf_counter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

APPENDED = b"x" * 200


class BareAppend:
    """Appends 200 bytes to a file and waits until the disk has them."""

    def __init__(self, file: Path) -> None:
        """Make the file."""
        self._file = os.open(file, os.O_CREAT | os.O_WRONLY | os.O_APPEND)

    def __call__(self) -> float:
        """Append once; returns the seconds it took."""
        begun = perf_counter()
        os.write(self._file, APPENDED)
        os.fdatasync(self._file)
        return perf_counter() - begun

    def close(self) -> None:
        """Let go of the file."""
        os.close(self._file)


def percentiles_us(seconds: Sequence[float]) -> tuple[int, int]:
    """Return the median and the 99th percentile in microseconds."""
    cuts = quantiles(seconds, n=100)
    return round(cuts[49] * 1e6), round(cuts[98] * 1e6)
