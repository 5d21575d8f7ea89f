"""An order in the venue's books: what was asked, what was executed, what it still locks."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

from domain.exact import ONE, ZERO
from domain.instrument import Side

if TYPE_CHECKING:
    from datetime import datetime
    from decimal import Decimal


class Kind(StrEnum):
    """How an order names its price."""

    LIMIT = "limit"
    PRICE = "price"  # a market buy for an amount of money
    MARKET = "market"  # a market sell of a quantity
    BEST = "best"  # the best opposite level only


class TimeInForce(StrEnum):
    """What becomes of the part that does not trade at once."""

    IOC = "ioc"
    FOK = "fok"
    POST_ONLY = "post_only"


class State(StrEnum):
    """Where an order stands; `accepted` is acknowledged and not in the book yet."""

    ACCEPTED = "accepted"
    WAIT = "wait"
    DONE = "done"
    CANCEL = "cancel"
    EXPIRED = "expired"  # a day order at the close


@dataclass(frozen=True, slots=True)
class Trade:
    """One execution of one order; `fee` is its owner's, in the quote currency."""

    trade_id: str
    price: Decimal
    qty: Decimal
    fee: Decimal
    maker: bool
    at: datetime

    @property
    def funds(self) -> Decimal:
        """Return price times quantity."""
        return self.price * self.qty


@dataclass(frozen=True, slots=True)
class Wish:
    """A placement that the wire has found well formed."""

    side: Side
    kind: Kind
    tif: TimeInForce | None
    price: Decimal | None
    volume: Decimal | None
    client_id: str | None
    doomed: bool = False


@dataclass(slots=True)
class Order:
    """One order; `price` is the amount of money where the kind is a market buy, else the limit.

    `entered` is its turn among the resting orders; a `doomed` order is refused by the self-trade rule on entering.
    """

    number: int
    order_id: str
    owner: str
    client_id: str | None
    side: Side
    kind: Kind
    tif: TimeInForce | None
    price: Decimal | None
    volume: Decimal | None
    maker_rate: Decimal
    taker_rate: Decimal
    created_at: datetime
    ready_at: datetime
    state: State = State.ACCEPTED
    executed: Decimal = ZERO
    funds: Decimal = ZERO
    paid_fee: Decimal = ZERO
    locked: Decimal = ZERO
    cancel_type: str | None = None
    met_id: str | None = None
    cancel_at: datetime | None = None
    closed_at: datetime | None = None
    doomed: bool = False
    entered: int = 0
    trades: list[Trade] = field(default_factory=list)

    @property
    def is_open(self) -> bool:
        """Whether it may still trade."""
        return self.state in {State.ACCEPTED, State.WAIT}

    @property
    def is_money(self) -> bool:
        """Whether it asks for an amount of money instead of a quantity."""
        return self.volume is None

    @property
    def limit(self) -> Decimal | None:
        """Return the worst price it takes; none for a market order."""
        return self.price if self.kind is Kind.LIMIT else None

    @property
    def remaining(self) -> Decimal:
        """Return the quantity not executed; zero for an order of money."""
        return ZERO if self.volume is None else self.volume - self.executed

    @property
    def reserve_rate(self) -> Decimal:
        """Return the fee rate that is held back: the dearer one."""
        return max(self.maker_rate, self.taker_rate) if self.side is Side.BUY else ZERO

    @property
    def reserved_fee(self) -> Decimal:
        """Return the fee held back when it was accepted."""
        return self._money(ZERO, ZERO) * self.reserve_rate

    @property
    def remaining_fee(self) -> Decimal:
        """Return the fee still held back."""
        return self._money(self.executed, self.funds) * self.reserve_rate if self.is_open else ZERO

    def lock_wanted(self) -> Decimal:
        """Return what it must hold back now: money with fee for a buy, coins for a sell."""
        if self.side is Side.SELL:
            return self.remaining
        return self._money(self.executed, self.funds) * (ONE + self.reserve_rate)

    def _money(self, executed: Decimal, funds: Decimal) -> Decimal:
        if self.side is Side.SELL or self.price is None:
            return ZERO
        return self.price - funds if self.volume is None else self.price * (self.volume - executed)
