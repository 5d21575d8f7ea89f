"""Facts, in the past tense: what the market, a venue, the clock or the owner did."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import date, datetime
    from decimal import Decimal

    from domain.instrument import Instrument
    from domain.market import Candle, Quote
    from domain.money import WonRate
    from domain.order import Fill, Order, OrderState
    from domain.reason import Reason
    from domain.split import Split
    from domain.venue import VenueOrder


@dataclass(frozen=True, slots=True)
class QuoteReceived:
    """A fresh last price."""

    quote: Quote
    at: datetime

    @property
    def symbol(self) -> str:
        """Return whose price it is."""
        return self.quote.symbol


@dataclass(frozen=True, slots=True)
class CandleClosed:
    """A recorded bar ended; its fills were reported before."""

    symbol: str
    candle: Candle
    at: datetime


@dataclass(frozen=True, slots=True)
class SessionOpened:
    """Orders may be placed from now on: the market opened and the owner's delay is over."""

    symbol: str
    session: date
    at: datetime


@dataclass(frozen=True, slots=True)
class SessionClosed:
    """The market's day ended."""

    symbol: str
    session: date
    at: datetime


@dataclass(frozen=True, slots=True)
class OrderAccepted:
    """The venue took the order and gave it an id."""

    client_id: str
    venue_id: str
    at: datetime


@dataclass(frozen=True, slots=True)
class FillReported:
    """The venue executed a part of an order."""

    client_id: str
    fill: Fill
    at: datetime


@dataclass(frozen=True, slots=True)
class OrderEnded:
    """The venue, or a proof, closed an order without (more) fills: canceled, expired, rejected, void.

    `retry_after_s`: where it never came to rest, how long its slot should wait before it asks again.
    """

    client_id: str
    state: OrderState
    why: Reason
    at: datetime
    retry_after_s: int = 0


@dataclass(frozen=True, slots=True)
class OutcomeLost:
    """An order was sent and its answer lost."""

    client_id: str
    why: Reason
    at: datetime


@dataclass(frozen=True, slots=True)
class OrderFrozen:
    """What became of an order cannot be found out for now: its slot waits for a proof, others go on without it."""

    client_id: str
    why: Reason
    at: datetime


@dataclass(frozen=True, slots=True)
class CancelFailed:
    """A cancel was not sent, or a look-up showed that it came to nothing: the order rests.

    `retry_after_s`: how long the venue should be left alone.
    """

    client_id: str
    why: Reason
    at: datetime
    retry_after_s: int = 0


@dataclass(frozen=True, slots=True)
class OrderShown:
    """The venue shows an order that bears our prefix and that the loop did not expect there."""

    order: VenueOrder
    at: datetime


@dataclass(frozen=True, slots=True)
class OrderImported:
    """An order that the ledger did not know is taken over, as if it had just been intended; it rests as `venue_id`."""

    order: Order
    venue_id: str
    at: datetime

    @property
    def symbol(self) -> str:
        """Return what it trades."""
        return self.order.symbol


@dataclass(frozen=True, slots=True)
class OrdersSeen:
    """All that the venue showed of our orders at a moment has been told by the events before this one."""

    at: datetime


@dataclass(frozen=True, slots=True)
class TermsRead:
    """The venue told its terms anew: fees, minimum, and in `hold` why its buys should wait (a warned market)."""

    instrument: Instrument
    hold: Reason | None
    at: datetime

    @property
    def symbol(self) -> str:
        """Return whose terms they are."""
        return self.instrument.symbol


@dataclass(frozen=True, slots=True)
class RateRead:
    """Somebody told what the currency of a symbol's prices is worth in won; what is booked from now on is valued so."""

    rate: WonRate
    symbol: str
    at: datetime


@dataclass(frozen=True, slots=True)
class VenueAway:
    """The venue stopped answering, or refuses our key; told once.

    `blocked_until`: until when it must not be called at all, because it shut our address out.
    """

    why: Reason
    at: datetime
    blocked_until: datetime | None = None


@dataclass(frozen=True, slots=True)
class VenueBack:
    """The venue answers again."""

    at: datetime


@dataclass(frozen=True, slots=True)
class ConcernRaised:
    """Something the owner should see to before it stops the bot."""

    why: Reason
    at: datetime


@dataclass(frozen=True, slots=True)
class TrustRegained:
    """What had cost the trust, by its code, is settled."""

    code: str
    at: datetime


@dataclass(frozen=True, slots=True)
class TrustLost:
    """Books and venue contradict each other: no new order before the owner has looked."""

    why: Reason
    at: datetime


@dataclass(frozen=True, slots=True)
class SplitConfirmed:
    """The owner confirms that the shares were split; a fraction of a new one was paid out at `cash_price`."""

    symbol: str
    split: Split
    cash_price: Decimal
    at: datetime


class OwnerWish(StrEnum):
    """What the owner may ask of a running grid.

    `UNPAUSE` takes back what the owner asked for, and no more; `RESUME` ends stops and the safe state as well.
    """

    PAUSE = "pause"
    UNPAUSE = "unpause"
    RESUME = "resume"
    CANCEL_ALL = "cancel_all"


@dataclass(frozen=True, slots=True)
class OwnerAsked:
    """The owner gave a command."""

    symbol: str
    wish: OwnerWish
    at: datetime


class Dial(StrEnum):
    """What the owner may turn on a running grid."""

    GAP = "gap"
    SIZE = "size"


@dataclass(frozen=True, slots=True)
class DialTurned:
    """The owner set a dial: the gap in percent, or the size of an order in the unit in force.

    `instead_of` is the value in the settings, which holds again as soon as the owner changes it there.
    """

    symbol: str
    dial: Dial
    value: Decimal
    instead_of: Decimal
    at: datetime


@dataclass(frozen=True, slots=True)
class TimerFired:
    """A scheduled moment came."""

    name: str
    at: datetime


@dataclass(frozen=True, slots=True)
class WorkerDied:
    """A thread of ours ended by an error; `error` is its class and place, without values."""

    name: str
    error: str
    at: datetime


# What a strategy is told of its own orders: the engine has found the order and brought it up to date.


@dataclass(frozen=True, slots=True)
class OrderFilled:
    """A part of an order, or all of it, was executed; `late`: after it had ended, when another may have its place."""

    order: Order
    fill: Fill
    at: datetime
    late: bool = False


@dataclass(frozen=True, slots=True)
class OrderClosed:
    """An order ended without (more) fills; `unasked`: the venue, or its owner by hand, ended it, and not we."""

    order: Order
    why: Reason
    at: datetime
    unasked: bool = False


@dataclass(frozen=True, slots=True)
class OrderStuck:
    """What became of an order cannot be decided yet; its slot must wait."""

    order: Order
    why: Reason
    at: datetime


@dataclass(frozen=True, slots=True)
class OrderRests:
    """An order rests after all: a cancel came to nothing, or an order whose answer was lost has been found."""

    order: Order
    at: datetime


@dataclass(frozen=True, slots=True)
class WishDenied:
    """Risk, the gate or the venue refused an order of this slot before it rested.

    `retry_after_s`: the refusal cost a call, or will not pass by itself; do not ask again before. `passing`: it says
    nothing of the order; the venue could not be reached, or nothing at all may be placed now.
    """

    symbol: str
    slot: str
    why: Reason
    at: datetime
    retry_after_s: int = 0
    passing: bool = False


MarketEvent = QuoteReceived | CandleClosed | SessionOpened | SessionClosed
VenueEvent = (
    OrderAccepted
    | FillReported
    | OrderEnded
    | OutcomeLost
    | OrderFrozen
    | CancelFailed
    | OrderShown
    | OrderImported
    | OrdersSeen
    | TermsRead
    | RateRead
)
TrustEvent = VenueAway | VenueBack | ConcernRaised | TrustLost | TrustRegained
Event = MarketEvent | VenueEvent | TrustEvent | SplitConfirmed | OwnerAsked | DialTurned | TimerFired | WorkerDied
StrategyEvent = (
    MarketEvent
    | OrderFilled
    | OrderClosed
    | OrderStuck
    | OrderRests
    | OrderImported
    | WishDenied
    | TermsRead
    | SplitConfirmed
    | OwnerAsked
)
