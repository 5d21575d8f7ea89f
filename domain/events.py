"""Facts, in the past tense: what the market, a venue, the clock or the owner did."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import date, datetime

    from domain.market import Candle, Quote
    from domain.order import Fill, Order, OrderState
    from domain.reason import Reason


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
    """The venue, or a proof, closed an order without (more) fills: canceled, expired, rejected, void."""

    client_id: str
    state: OrderState
    why: Reason
    at: datetime


@dataclass(frozen=True, slots=True)
class OutcomeLost:
    """An order was sent and its answer lost."""

    client_id: str
    why: Reason
    at: datetime


@dataclass(frozen=True, slots=True)
class CancelFailed:
    """A cancel was not sent or not answered; the order rests until the contrary is proven."""

    client_id: str
    why: Reason
    at: datetime


class OwnerWish(StrEnum):
    """What the owner may ask of a running grid."""

    PAUSE = "pause"
    RESUME = "resume"
    CANCEL_ALL = "cancel_all"


@dataclass(frozen=True, slots=True)
class OwnerAsked:
    """The owner gave a command."""

    symbol: str
    wish: OwnerWish
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
    """An order ended without (more) fills."""

    order: Order
    why: Reason
    at: datetime


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

    `ask_later`: the refusal cost a call, or will not pass by itself; do not ask again at once.
    """

    symbol: str
    slot: str
    why: Reason
    at: datetime
    ask_later: bool = False


MarketEvent = QuoteReceived | CandleClosed | SessionOpened | SessionClosed
VenueEvent = OrderAccepted | FillReported | OrderEnded | OutcomeLost | CancelFailed
Event = MarketEvent | VenueEvent | OwnerAsked | TimerFired | WorkerDied
StrategyEvent = MarketEvent | OrderFilled | OrderClosed | OrderStuck | OrderRests | WishDenied | OwnerAsked
