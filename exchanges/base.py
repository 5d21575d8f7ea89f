"""The ports: what the bot asks of any venue, and what a venue says of itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence
    from contextlib import AbstractContextManager
    from datetime import datetime
    from decimal import Decimal

    from domain.account import Balance
    from domain.instrument import Instrument, Side
    from domain.market import Candle, Quote
    from domain.money import WonRate
    from domain.order import Fill
    from domain.reason import Reason
    from domain.session import SessionRule
    from domain.venue import CancelAnswer, Execution, VenueOrder


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What a venue can do beyond the ports.

    `client_order_id`: orders carry our id and can be looked up by it. `sessions`: the market has a day, and orders end
    with it. `trade_ids`: every execution has an id of its own. `bid_ask`: quotes carry both. `tells_fees`: what a fill
    cost comes from the venue, and is no estimate. Prices and own orders may be asked for every so many seconds.
    """

    client_order_id: bool
    sessions: bool
    trade_ids: bool
    bid_ask: bool
    tells_fees: bool = True
    price_every_s: int = 1
    orders_every_s: int = 3


class MarketData(Protocol):
    """Prices and rules. Every call may raise `VenueUnavailable` or `RateLimited`."""

    capabilities: Capabilities

    def get_quote(self, symbol: str) -> Quote:
        """Return the last trade."""
        ...

    def candles(self, symbol: str, *, interval_s: int, count: int) -> tuple[Candle, ...]:
        """Return the newest bars of an interval in seconds, oldest first."""
        ...

    def instrument(self, symbol: str) -> Instrument:
        """Return ticks, steps, minimum and fees as they are now."""
        ...

    def refresh_instrument(self, symbol: str) -> Instrument:
        """Ask for the instrument anew; fees and minimum may change under a running bot."""
        ...

    def buying_hold(self, symbol: str) -> Reason | None:
        """Ask why nothing should be bought in a market now (warned of, about to be delisted, halted); None: nothing."""
        ...

    @property
    def blocked_until(self) -> datetime | None:
        """Return until when no call is made because the venue shut our address out."""
        ...

    def concerns(self) -> tuple[Reason, ...]:
        """Ask what the owner should see to before it stops the bot: a key that ends soon, a clock that is off."""
        ...

    def market_session(self, symbol: str) -> SessionRule | None:
        """Return how the market divides its days; None where it never closes."""
        ...

    def previous_close(self, symbol: str) -> Decimal | None:
        """Ask for the price to which the venue compares today's, adjusted for splits; None where it has none."""
        ...

    def won_rate(self) -> WonRate | None:
        """Ask how many won the currency of the prices is worth; None where they are in won, or it does not say."""
        ...


class Trading(Protocol):
    """Orders and balances of one account. Every call may raise `AuthRefused`, `VenueUnavailable` or `RateLimited`."""

    capabilities: Capabilities

    def place_order(
        self,
        symbol: str,
        side: Side,
        qty: Decimal,
        price: Decimal | None = None,
        order_type: str = "limit",
        *,
        client_order_id: str | None = None,
    ) -> VenueOrder:
        """Send an order once; raises `OrderRejected` on a refusal and `OutcomeUnknown` where the answer was lost."""
        ...

    def cancel_order(self, order_id: str) -> CancelAnswer:
        """Ask for an order's end; raises `OutcomeUnknown` where the answer was lost."""
        ...

    def get_order(self, order_id: str) -> VenueOrder:
        """Return one order; raises `OrderNotFound`, which is no proof that it was never placed."""
        ...

    def find_order(self, client_order_id: str) -> VenueOrder | None:
        """Look an order up by our id, where `capabilities.client_order_id`; None only where a readable answer says no.

        Raises `OrderNotReady` where the venue has it and is still taking it in: it exists.
        """
        ...

    def open_orders(self, symbol: str) -> tuple[VenueOrder, ...]:
        """Return all orders at rest, every page of them."""
        ...

    def closed_orders(self, symbol: str, since: datetime) -> tuple[VenueOrder, ...]:
        """Return the orders that ended since a moment, by the venue's own dating of its history."""
        ...

    def fills_since(self, symbol: str, since: datetime) -> tuple[Execution, ...]:
        """Return all executions from a moment on, oldest first."""
        ...

    def follow(self, symbol: str, order_id: str, booked: Sequence[Fill] = ()) -> None:
        """Let `fills_since` look after an order from before this start, of which so much is booked.

        A venue that lists the executions of an account does not need it.
        """
        ...

    def single_look(self) -> AbstractContextManager[None]:
        """Within it, questions about orders and fills may be answered from one answer of the venue."""
        ...

    def get_balance(self) -> tuple[Balance, ...]:
        """Return every currency and coin of the account."""
        ...


class Exchange(MarketData, Trading, Protocol):
    """A venue to trade on."""
