"""Why something was done or not done: a code with its figures, never a sentence."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from domain.exact import plain

Figure = Decimal | int | str


@dataclass(frozen=True, slots=True)
class Reason:
    """A stable code and the figures its sentence needs; the sentence is made where the owner reads it."""

    code: str
    figures: tuple[tuple[str, Figure], ...] = ()

    def __str__(self) -> str:
        """Show code and figures for a log."""
        return " ".join((self.code, *(f"{name}={value}" for name, value in self.plain_figures().items())))

    def plain_figures(self) -> dict[str, str]:
        """Return the figures as text, numbers in plain notation."""
        return {name: plain(value) if isinstance(value, Decimal) else str(value) for name, value in self.figures}


def reason(code: str, **figures: Figure) -> Reason:
    """Build a reason from keyword figures."""
    return Reason(code, tuple(figures.items()))
