"""What the faces read: one immutable picture of a running bot, taken by its loop, and how its parts are alive."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta, timezone
from typing import TYPE_CHECKING

from domain.reason import Reason, reason
from domain.session import SessionKind

if TYPE_CHECKING:
    from datetime import date, datetime
    from decimal import Decimal

    from domain.book import Lot
    from domain.decision import Note
    from domain.instrument import Side
    from domain.order import Fill, Order
    from domain.session import MarketHours
    from domain.snapshot import Snapshot

_KOREA = timezone(timedelta(hours=9), "KST")


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
class SessionSeen:
    """Which session of the market runs, of which of its days, until when; all None while the market is closed.

    `next_open`: when the regular session opens next; None where nobody knows.
    """

    kind: SessionKind | None
    day: date | None
    closes_at: datetime | None
    next_open: datetime | None

    @classmethod
    def at(cls, hours: MarketHours, moment: datetime) -> SessionSeen:
        """Look at a market's hours at a moment; of two sessions that run, the regular one counts, else the later."""
        running = sorted(hours.running(moment), key=lambda each: (each.kind is SessionKind.REGULAR, each.opens_at))
        following = hours.next_regular(moment)
        next_open = None if following is None else following.opens_at
        if not running:
            return cls(None, None, None, next_open)
        seen = running[-1]
        return cls(seen.kind, seen.day, seen.closes_at, next_open)

    @property
    def is_regular(self) -> bool:
        """Whether the session runs in which the bot trades."""
        return self.kind is SessionKind.REGULAR

    @property
    def told(self) -> Reason:
        """Return it for the owner, by Korean clocks."""
        if self.is_regular and self.closes_at is not None:
            return reason("market_regular", closes=f"{self.closes_at.astimezone(_KOREA):%H:%M}")
        if self.next_open is None:
            return reason("market_unknown")
        opens = self.next_open.astimezone(_KOREA)
        when: dict[str, int | str] = {"month": opens.month, "day": opens.day, "time": f"{opens:%H:%M}"}
        match self.kind:
            case SessionKind.PRE:
                return reason("market_pre", **when)
            case SessionKind.AFTER:
                return reason("market_after", **when)
            case SessionKind.DAYTIME:
                return reason("market_daytime", **when)
            case _:
                return reason("market_shut", **when)


@dataclass(frozen=True, slots=True)
class View:
    """A run at one moment; fills and decisions are the newest ones only, newest first, orders those still open.

    `standing`: why the bot does not trade as it otherwise would, the gravest first; empty while all is well. `report`
    is where the newest report stands, relative to the folder of reports; None while there is none. `price_age_s`: how
    long ago the last price was heard; None before the first. `session` is None where the market never closes.
    """

    snapshot: Snapshot
    orders: tuple[Order, ...] = ()
    fills: tuple[FillSeen, ...] = ()
    decisions: tuple[DecisionSeen, ...] = ()
    positions: tuple[LotsSeen, ...] = ()
    standing: tuple[Reason, ...] = ()
    report: str | None = None
    price_age_s: float | None = None
    session: SessionSeen | None = None


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
