"""How it is proven that a venue does not have an order: several looks in vain, over some time."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

QUIESCENCE = timedelta(seconds=2)
"""How long an order may be on its way before it is looked for."""
PAUSE = timedelta(seconds=10)
ABSENCES_MIN = 3
PROOF = timedelta(seconds=30)
"""How far the first and the last of the looks in vain have to lie apart."""
_KEPT_MAX = 60
_FINAL_LOOKS_MAX = 60


@dataclass(frozen=True, slots=True)
class Inquiry:
    """The looks for one order so far; only readable answers count, and a sign of life takes all of them back.

    `final_looks` counts those that were taken after the close, when a list is final.
    """

    begun_at: datetime
    asked_at: datetime | None = None
    absent_at: tuple[datetime, ...] = ()
    pause: timedelta = PAUSE
    final_looks: int = 0

    @property
    def due_at(self) -> datetime:
        """Return when to look next."""
        return self.begun_at + QUIESCENCE if self.asked_at is None else self.asked_at + self.pause

    def is_due(self, at: datetime) -> bool:
        """Whether to look now; what lies ahead of now was asked by a clock that has been set back since."""
        return self.due_at <= at or at < (self.asked_at or self.begun_at)

    @property
    def span(self) -> timedelta:
        """Return how far the first and the last look in vain lie apart."""
        return self.absent_at[-1] - self.absent_at[0] if self.absent_at else timedelta(0)

    @property
    def is_proof(self) -> bool:
        """Whether the venue never had the order."""
        return len(self.absent_at) >= ABSENCES_MIN and self.span >= PROOF

    @property
    def is_hopeless(self) -> bool:
        """Whether it was looked for so often in lists that change no more that the next one will tell nothing else."""
        return self.final_looks >= _FINAL_LOOKS_MAX

    def in_vain(self, at: datetime) -> Inquiry:
        """Count an answer that there is no such order; of many the first and the newest are kept."""
        kept = self.absent_at if len(self.absent_at) < _KEPT_MAX else (self.absent_at[0], *self.absent_at[2:])
        return replace(self, asked_at=at, absent_at=(*kept, at))

    def alive(self, at: datetime) -> Inquiry:
        """Begin to count anew: the venue has the order."""
        return replace(self, asked_at=at, absent_at=())
