"""What a market says: last price, candles."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime
    from decimal import Decimal


@dataclass(frozen=True, slots=True)
class Quote:
    """The last trade of a symbol, in its quote currency; bid and ask where the venue gives them.

    `currency` is empty where nobody has to tell it apart.
    """

    symbol: str
    last: Decimal
    at: datetime
    bid: Decimal | None = None
    ask: Decimal | None = None
    currency: str = ""


@dataclass(frozen=True, slots=True)
class Candle:
    """One bar that begins at `at`; prices in the quote currency."""

    at: datetime
    open: Decimal
    high: Decimal
    low: Decimal
    close: Decimal
    volume: Decimal
