"""What a run trades on: whose prices, whose account, by whose time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from domain.clock import Clock
    from exchanges.base import MarketData, Trading


@dataclass(frozen=True, slots=True)
class Venue:
    """What a run trades on, and by whose time; in a dry run the prices are real and the account is on paper.

    Prices and own orders are asked for every so many seconds; None: when the market has moved. `orders_in_feed`: own
    orders are asked for with the rest, and not by whoever drives the run.
    """

    market: MarketData
    account: Trading
    clock: Clock
    price_every_s: int | None
    orders_every_s: int | None
    orders_in_feed: bool = True
