"""What the faces read: one immutable picture of a running bot, taken by its loop, and how its parts are alive."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime
    from decimal import Decimal

    from domain.book import Lot
    from domain.decision import Note
    from domain.instrument import Side
    from domain.order import Fill, Order
    from domain.reason import Reason
    from domain.snapshot import Snapshot


@dataclass(frozen=True, slots=True)
class FillSeen:
    """One execution with the order it belongs to, by our id.

    `earned` is the matched profit that it brought; None where a ledger from before it was kept does not tell.
    """

    client_id: str
    slot: str
    side: Side
    fill: Fill
    earned: Decimal | None


@dataclass(frozen=True, slots=True)
class DecisionSeen:
    """Why something was done or not done, and when."""

    at: datetime
    note: Note


@dataclass(frozen=True, slots=True)
class LotsSeen:
    """What one slot holds."""

    slot: str
    lots: tuple[Lot, ...]


@dataclass(frozen=True, slots=True)
class View:
    """A run at one moment; fills and decisions are the newest ones only, newest first, orders those still open.

    `standing`: why the bot does not trade as it otherwise would, the gravest first; empty while all is well. `report`
    is where the newest report stands, relative to the folder of reports; None while there is none. `price_age_s`: how
    long ago the last price was heard; None before the first.
    """

    snapshot: Snapshot
    orders: tuple[Order, ...] = ()
    fills: tuple[FillSeen, ...] = ()
    decisions: tuple[DecisionSeen, ...] = ()
    positions: tuple[LotsSeen, ...] = ()
    standing: tuple[Reason, ...] = ()
    report: str | None = None
    price_age_s: float | None = None


@dataclass(frozen=True, slots=True)
class Pulse:
    """How long ago a part of the bot gave a sign of life, and how long that may last, in seconds."""

    part: str
    age_s: float
    limit_s: float

    @property
    def is_alive(self) -> bool:
        """Whether it goes on."""
        return self.age_s <= self.limit_s


@dataclass(frozen=True, slots=True)
class Health:
    """Whether the parts that trade go on: the loop, the feed of prices, the order worker."""

    pulses: tuple[Pulse, ...]

    @property
    def is_good(self) -> bool:
        """Whether all of them do."""
        return all(pulse.is_alive for pulse in self.pulses)
