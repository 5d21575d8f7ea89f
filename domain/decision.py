"""What a strategy answers to one event."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from domain.commands import Command
    from domain.reason import Reason


S = TypeVar("S")


class Weight(StrEnum):
    """How loudly a decision is told."""

    NOTE = "note"
    WARNING = "warning"


@dataclass(frozen=True, slots=True)
class Note:
    """Why something was decided, or not done, for a slot (`grid` where it concerns all of it)."""

    slot: str
    why: Reason
    weight: Weight = Weight.NOTE


@dataclass(frozen=True, slots=True)
class Decision(Generic[S]):
    """The state after an event, what is asked for, and why."""

    state: S
    commands: tuple[Command, ...] = ()
    notes: tuple[Note, ...] = ()
