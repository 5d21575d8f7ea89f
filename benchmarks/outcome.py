"""What a player of the grid has to show: its time, and fills that can be compared with another's."""

from __future__ import annotations

import sys
from dataclasses import asdict, dataclass
from hashlib import sha256
from json import dumps, loads
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

FillLine = tuple[int, str, int]
"""One fill: the bar's number from 0, `buy` or `sell`, the price in whole won."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """One run.

    `position` and `worth` (cash and coins at the last close, in won) count from zero, whatever the account began with;
    `cells` are the grid's prices, (buy, sell), lowest first.
    """

    seconds: float
    peak_rss_mib: int
    buys: int
    sells: int
    fills_sha256: str
    position: int
    worth: float
    resting: int
    cells: Sequence[Sequence[int]] = ()

    @property
    def fills(self) -> int:
        """Return the number of fills."""
        return self.buys + self.sells

    def written(self) -> str:
        """Write it on one line."""
        return dumps(asdict(self))

    @classmethod
    def read(cls, line: str) -> Outcome:
        """Read what another process wrote."""
        return cls(**loads(line))

    def differences(self, other: Outcome) -> list[str]:
        """Name what should be equal and is not; worth to the won, for others reckon in binary fractions."""
        exact = ("buys", "sells", "fills_sha256", "position", "resting")
        unequal = [name for name in exact if getattr(self, name) != getattr(other, name)]
        return unequal if abs(self.worth - other.worth) < 1 else [*unequal, "worth"]


def digest(fills: Iterable[FillLine]) -> str:
    """Return what two runs have in common only if every fill of theirs is equal."""
    text = "".join(f"{bar} {side} {price}\n" for bar, side, price in sorted(fills))
    return sha256(text.encode()).hexdigest()


def peak_rss_mib() -> int:
    """Return the most memory this process ever held, without what it was started from."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    line = next(line for line in status.splitlines() if line.startswith("VmHWM:"))
    return int(line.split()[1]) // 1024


def tell(case: Mapping[str, object]) -> None:
    """Print one case as one line."""
    sys.stdout.write(dumps(case) + "\n")
    sys.stdout.flush()
