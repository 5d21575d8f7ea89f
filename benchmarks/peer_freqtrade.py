"""freqtrade's dry run on one market that is made up; runs in an environment of its own, and asks no network."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from time import time
from typing import TYPE_CHECKING, Any

import ccxt  # type: ignore[import-not-found,unused-ignore]  # lives in the peer's environment
import ccxt.async_support as ccxt_async  # type: ignore[import-not-found,unused-ignore]  # as above
from freqtrade.main import main as freqtrade  # type: ignore[import-not-found,unused-ignore]  # as above

if TYPE_CHECKING:
    from collections.abc import Callable

PRICE = 50_000
CANDLES = 500
MINUTE_MS = 60_000

STRATEGY = '''"""A strategy that never trades."""

from freqtrade.strategy import IStrategy


class Watch(IStrategy):
    INTERFACE_VERSION = 3
    timeframe = "1m"
    minimal_roi = {"0": 10}
    stoploss = -0.99
    startup_candle_count = 0

    def populate_indicators(self, dataframe, metadata):
        return dataframe

    def populate_entry_trend(self, dataframe, metadata):
        dataframe["enter_long"] = 0
        return dataframe

    def populate_exit_trend(self, dataframe, metadata):
        dataframe["exit_long"] = 0
        return dataframe
'''


def market() -> dict[str, Any]:
    """Return the one market there is."""
    return {
        "id": "BTCUSDT",
        "symbol": "BTC/USDT",
        "base": "BTC",
        "quote": "USDT",
        "baseId": "BTC",
        "quoteId": "USDT",
        "type": "spot",
        "spot": True,
        "active": True,
        "maker": 0.001,
        "taker": 0.001,
        "precision": {"amount": 0.00001, "price": 0.01},
        "limits": {"amount": {"min": 0.00001}, "cost": {"min": 5}, "price": {"min": 0.01}},
        "info": {},
    }


def ticker() -> dict[str, Any]:
    """Return a price that never moves."""
    price = dict.fromkeys(("last", "bid", "ask", "open", "high", "low", "close"), PRICE)
    return {"symbol": "BTC/USDT", "timestamp": int(time() * 1000), "quoteVolume": 1, "info": {}, **price}


def candles() -> list[list[int]]:
    """Return the minutes up to now, each like the one before."""
    now_ms = int(time() * 1000) // MINUTE_MS * MINUTE_MS
    begins = range(now_ms - (CANDLES - 1) * MINUTE_MS, now_ms + 1, MINUTE_MS)
    return [[begin, PRICE, PRICE, PRICE, PRICE, 1] for begin in begins]


def order_book() -> dict[str, Any]:
    """Return one level on each side."""
    level = [[PRICE, 1]]
    return {"bids": level, "asks": level, "timestamp": int(time() * 1000)}


ANSWERS: dict[str, Callable[[], object]] = {
    "fetch_markets": lambda: [market()],
    "fetch_currencies": dict,
    "fetch_ohlcv": candles,
    "fetch_ticker": ticker,
    "fetch_tickers": lambda: {"BTC/USDT": ticker()},
    "fetch_order_book": order_book,
}
"""What the venue would answer to each call of ccxt."""


def stand_in(method: str, answer: Callable[[], object]) -> None:
    """Let both of ccxt's clients be answered here instead of by the network."""

    def at_once(_self: object, *_: object, **__: object) -> object:
        return answer()

    async def later(_self: object, *_: object, **__: object) -> object:
        return answer()

    setattr(ccxt.binance, method, at_once)
    setattr(ccxt_async.binance, method, later)


def config(port: int) -> dict[str, Any]:
    """Return settings as freqtrade writes them for a dry run, with its own server on this machine."""
    price = {"price_side": "same", "use_order_book": False}
    return {
        "max_open_trades": 1,
        "stake_currency": "USDT",
        "stake_amount": 100,
        "dry_run": True,
        "dry_run_wallet": 1000,
        "trading_mode": "spot",
        "entry_pricing": price,
        "exit_pricing": price,
        "exchange": {
            "name": "binance",
            "key": "",
            "secret": "",
            "enable_ws": False,
            "pair_whitelist": ["BTC/USDT"],
            "pair_blacklist": [],
        },
        "pairlists": [{"method": "StaticPairList"}],
        "initial_state": "running",
        "api_server": {
            "enabled": True,
            "listen_ip_address": "127.0.0.1",
            "listen_port": port,
            "username": "idle",
            "password": "idle-on-this-machine",
            "jwt_secret_key": "0123456789abcdef0123456789abcdef",
            "ws_token": "0123456789abcdef0123456789abcdef",
        },
    }


def main() -> None:
    """Run until stopped, in the folder of the first argument, with a server at the port of the second."""
    folder = Path(sys.argv[1])
    (folder / "watch.py").write_text(STRATEGY, encoding="utf-8")
    (folder / "config.json").write_text(json.dumps(config(int(sys.argv[2]))), encoding="ascii")
    for method, answer in ANSWERS.items():
        stand_in(method, answer)
    told = ["--config", str(folder / "config.json"), "--userdir", str(folder), "--db-url", f"sqlite:///{folder}/db"]
    freqtrade(["trade", *told, "--strategy", "Watch", "--strategy-path", str(folder)])


if __name__ == "__main__":
    main()
