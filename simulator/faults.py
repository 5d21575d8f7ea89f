"""Faults on command: armed for a route, fired by count or by chance, gone when used up."""

from __future__ import annotations

from decimal import Decimal
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from simulator.draws import below

FaultKind = Literal[
    "drop_connection",
    "lose_reply_after_accept",
    "delay",
    "status",
    "html",
    "half_body",
    "duplicate_fill_report",
    "not_ready",
    "stp",
    "reject",
    "reject_after_accept",
]
_CHANCES = 1_000_000


class Fault(BaseModel):
    """One armed fault; `probability` is drawn from `seed` and the number of the request that it looked at."""

    model_config = ConfigDict(extra="forbid")

    route: str = "*"
    """The name of a route, or `*` for all of the venue's."""
    kind: FaultKind
    count: int | None = Field(1, ge=1)
    """How often it fires; none: until it is cleared."""
    after: int = Field(0, ge=0)
    """How many matching requests pass first."""
    probability: Decimal = Field(Decimal(1), gt=0, le=1)
    seed: str = "0"
    status: int | None = Field(None, ge=200, le=599)
    name: str | None = None
    message: str | None = None
    """What is said; none: what the venue usually says."""
    retry_after_s: int | None = Field(None, ge=0)
    delay_s: Decimal = Field(Decimal(1), ge=0, le=600)
    """Real seconds."""
    processed: bool = False
    """Whether the request has been carried out before it is answered badly, or late."""
    seen: int = 0
    """How many matching requests it has looked at."""
    fired: int = 0

    def fires(self, route: str) -> bool:
        """Look at a request: whether it goes wrong. Counts."""
        if self.route not in {"*", route} or self.is_spent:
            return False
        self.seen += 1
        if self.seen <= self.after:
            return False
        if below(_CHANCES, self.seed, self.kind, self.seen) >= self.probability * _CHANCES:
            return False
        self.fired += 1
        return True

    @property
    def is_spent(self) -> bool:
        """Whether it will not fire again."""
        return self.count is not None and self.fired >= self.count


class Faults:
    """All armed faults, in the order in which they were armed; one request meets one fault at most."""

    def __init__(self) -> None:
        self.armed: list[Fault] = []
        self.changed = False

    def arm(self, fault: Fault) -> None:
        """Add a fault."""
        self.armed.append(fault)
        self.changed = True

    def clear(self) -> None:
        """Disarm all."""
        self.armed.clear()
        self.changed = True

    def pick(self, route: str) -> Fault | None:
        """Return the fault that this request meets; what is used up is removed."""
        met = None
        for fault in self.armed:
            self.changed = self.changed or fault.route in {"*", route}
            if fault.fires(route):
                met = fault
                break
        self.armed = [fault for fault in self.armed if not fault.is_spent]
        return met
