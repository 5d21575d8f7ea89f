"""Who is told what the loop does: the port of the faces, and nobody."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from datetime import datetime

    from bot.engine import EngineState, FillBooked
    from domain.decision import Note
    from domain.events import Event


class Faces(Protocol):
    """What the owner sees and touches. It is told in the loop's thread, and must neither wait nor raise."""

    def stand(self, state: EngineState) -> None:
        """Hear how things stand: at the end of every turn, which also is the loop's sign of life."""
        ...

    def note(self, at: datetime, note: Note) -> None:
        """Hear of a decision that is booked."""
        ...

    def fill(self, booked: FillBooked) -> None:
        """Hear of an execution that is booked."""
        ...

    def hear(self, event: Event) -> None:
        """Hear of an event once it is booked."""
        ...


class Nobody:
    """Where nobody looks."""

    def stand(self, state: EngineState) -> None:
        """Let it be."""

    def note(self, at: datetime, note: Note) -> None:
        """Let it be."""

    def fill(self, booked: FillBooked) -> None:
        """Let it be."""

    def hear(self, event: Event) -> None:
        """Let it be."""
