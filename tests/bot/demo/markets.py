"""Opens markets as a demo does, and ends the process of each of them whatever happens."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import TYPE_CHECKING

from bot.demo.process import Market, open_market
from bot.demo.wanted import MarketWanted, Prices, drawn_prices, recorded_prices
from bot.pricefile import read_prices
from domain.exact import ONE
from tests.simulator.customer import HttpCustomer

if TYPE_CHECKING:
    from pathlib import Path

SYMBOL = "KRW-BTC"
ONE_DAY = drawn_prices(1, None)

HEADER = "time_utc,open,high,low,close,volume\n"
# It stands still, falls to 9000 and comes back: three bars of a minute.
FALL = HEADER + (
    "2026-03-02T00:00:00Z,10000,10000,10000,10000,4\n"
    "2026-03-02T00:01:00Z,10000,10000,9000,9500,4\n"
    "2026-03-02T00:02:00Z,9500,10000,9500,10000,4\n"
)


def recorded(path: Path, text: str = FALL, *, scale: Decimal = ONE, bars: int | None = None) -> Prices:
    path.write_text(text, encoding="utf-8")
    return recorded_prices(path, read_prices(path, scale=scale, bars=bars).candles, scale=scale, bars=bars)


def wanted(prices: Prices = ONE_DAY) -> MarketWanted:
    return MarketWanted(SYMBOL, prices, cash=Decimal(1_000_000), speed=None)


def customer_of(market: Market, token: str) -> HttpCustomer:
    """Return a customer who knows nothing of our own doors."""
    line = {
        "url": market.url,
        "access_key": market.keys["access_key"].get_secret_value(),
        "secret_key": market.keys["secret_key"].get_secret_value(),
        "admin_token": token,
    }
    return HttpCustomer(line)


@dataclass
class Markets:
    """Markets that a test has opened."""

    opened: list[Market] = field(default_factory=list)

    def open(self, folder: Path, prices: Prices = ONE_DAY, *, speed: Decimal | None = None) -> Market:
        market = open_market(folder, replace(wanted(prices), speed=speed))
        self.opened.append(market)
        return market

    def kill(self, market: Market) -> None:
        """End a market as a crash does."""
        assert market.process is not None
        market.process.kill()
        market.process.wait()

    def end(self) -> None:
        for market in self.opened:
            market.close()
            if market.process is not None:
                self.kill(market)
