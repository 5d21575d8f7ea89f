"""Opens a Bithumb: `--market KRW-COIN`, prices of a file or drawn from a seed."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from simulator.bithumb.door import ROUTE_NAMES, BithumbDoor
from simulator.bithumb.rules import PRICE_UNITS
from simulator.bithumb.venue import BithumbVenue, Keys
from simulator.bithumb.wire import KST
from simulator.candlefile import read_candles
from simulator.market import Market, RecordedBars, SyntheticBars, Walk, recorded_label
from simulator.opening import Opened, add_common_options
from simulator.realtime import fresh_key, real_now
from simulator.venue import Trading

if TYPE_CHECKING:
    import argparse

    from simulator.saving import Change

_CASH = Decimal(10_000_000)


class BithumbOpener:
    """Opens a Bithumb."""

    def add_options(self, parser: argparse.ArgumentParser) -> None:
        """Add the market."""
        add_common_options(parser, centre=Walk("").centre, begins=Walk("").begins_at, cash=_CASH)
        parser.add_argument("--market", default="KRW-BTC")

    def flaw(self, options: argparse.Namespace) -> str | None:
        """Say what is wrong with the market's name."""
        quote, _, base = options.market.partition("-")
        return None if quote == "KRW" and base.isalnum() else "--market is KRW-COIN"

    def open(self, options: argparse.Namespace, known: Change | None) -> Opened:
        """Make the venue."""
        names = ("access_key", "secret_key", "admin_token")
        keys = Keys(*(known[name] if known else fresh_key() for name in names))
        quote, _, base = options.market.partition("-")
        venue = BithumbVenue(Trading(base, quote, PRICE_UNITS, KST, "C0101"), Market(_bars(options)), keys, real_now)
        line = {"access_key": keys.access_key, "secret_key": keys.secret_key}
        return Opened(venue, BithumbDoor(venue), ROUTE_NAMES, {}, line)


def _bars(options: argparse.Namespace) -> RecordedBars | SyntheticBars:
    if options.prices is None:
        walk = Walk(options.seed, options.centre, options.begins, bars_max=options.bars)
        return SyntheticBars(walk, PRICE_UNITS)
    candles = read_candles(options.prices, scale=options.scale, bars=options.bars)
    return RecordedBars(candles, recorded_label(candles))
