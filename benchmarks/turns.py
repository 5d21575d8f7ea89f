"""Two that are measured by turns in one run: the other's process, and how the rounds compare."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from statistics import median
from subprocess import PIPE, Popen
from typing import TYPE_CHECKING, Any

from benchmarks.disk import percentiles_us
from benchmarks.wire import ROOT

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path
    from typing import Self


class Peer:
    """ccxt in a process of its own; between its turns it stands still."""

    def __init__(self, peers: Path, *arguments: str) -> None:
        """Know where it lives."""
        self._command = [str(peers / "ccxt" / "bin" / "python"), "-m", "benchmarks.peer_ccxt", *arguments]

    def __enter__(self) -> Self:
        """Start it."""
        self._process = Popen(self._command, cwd=ROOT, stdin=PIPE, stdout=PIPE, text=True)  # noqa: S603  # our own script
        return self

    def __exit__(self, *_: object) -> None:
        with self._process:
            pass

    def turn(self, orders: int, *, appends: int = 0) -> dict[str, Any]:
        """Let it place so many orders, each after so many appends to its disk; returns what it tells of them."""
        if self._process.stdin is None or self._process.stdout is None:
            raise BrokenPipeError
        self._process.stdin.write(f"{orders} {appends}\n")
        self._process.stdin.flush()
        told: dict[str, Any] = json.loads(self._process.stdout.readline())
        return told


@dataclass(slots=True)
class Rounds:
    """The seconds of one case, round by round, and those of the processor where they were counted."""

    seconds: list[Sequence[float]] = field(default_factory=list)
    processor_s: list[float] = field(default_factory=list)

    def add(self, seconds: Sequence[float], processor_s: float | None = None) -> None:
        """Take in a round; `processor_s` is the sum over it."""
        self.seconds.append(seconds)
        if processor_s is not None:
            self.processor_s.append(processor_s)

    def figures(self) -> dict[str, object]:
        """Return median and 99th percentile over all rounds."""
        p50_us, p99_us = percentiles_us([each for turn in self.seconds for each in turn])
        figures: dict[str, object] = {"p50_us": p50_us, "p99_us": p99_us}
        if self.processor_s:
            figures["cpu_us"] = round(self._mean_processor_s() * 1e6)
        return figures

    def beside(self, peer: Rounds) -> dict[str, object]:
        """Return how many times the peer's time ours is: the median of the rounds' ratios, the lowest, the highest."""
        ratios = [median(ours) / median(theirs) for ours, theirs in zip(self.seconds, peer.seconds, strict=True)]
        lowest, highest = round(min(ratios), 2), round(max(ratios), 2)
        told: dict[str, object] = {"ratio": round(median(ratios), 2), "ratio_lowest": lowest, "ratio_highest": highest}
        if self.processor_s and peer.processor_s:
            told["cpu_ratio"] = round(self._mean_processor_s() / peer._mean_processor_s(), 2)
        return told

    def _mean_processor_s(self) -> float:
        """Return what one order takes of the processor, in the middle round."""
        return median(spent / len(each) for spent, each in zip(self.processor_s, self.seconds, strict=True))


class LeapingClock:
    """The machine's clock, which leaps ahead between orders, so that no throttle ever has to wait."""

    def __init__(self, leap: timedelta) -> None:
        """Begin with the present."""
        self._leap = leap
        self._ahead = timedelta(0)

    def now(self) -> datetime:
        """Return the time."""
        return datetime.now(UTC) + self._ahead

    def leap(self) -> None:
        """Go on to the next order."""
        self._ahead += self._leap


def never_wait(pause_s: float) -> None:
    """Stand for a pause that must not come about while something is timed."""
    message = f"a pause of {pause_s} s came into the measurement"
    raise RuntimeError(message)
