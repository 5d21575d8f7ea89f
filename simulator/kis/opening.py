"""Opens a KIS: one US share, on paper or live, prices of a file or drawn from a seed, inside New York's sessions."""

from __future__ import annotations

import re
from datetime import UTC, datetime, time
from decimal import Decimal
from typing import TYPE_CHECKING

from simulator.candlefile import CandlesUnfit, read_candles
from simulator.kis.bars import BEGINS, CENTRE, RecordedSessions, SyntheticSessions, in_sessions, us_walk
from simulator.kis.commands import commands
from simulator.kis.door import KisDoor
from simulator.kis.keys import Listing, fresh_keys, known_keys
from simulator.kis.routes import ROUTE_NAMES
from simulator.kis.rules import LISTINGS
from simulator.kis.venue import KisVenue
from simulator.market import Market, recorded_label
from simulator.opening import Opened, add_common_options
from simulator.realtime import fresh_key, real_now

if TYPE_CHECKING:
    import argparse

    from simulator.saving import Change

SYMBOL = re.compile(r"[A-Z0-9][A-Z0-9./]{0,11}", re.ASCII)
_CASH = Decimal(10_000)


class KisOpener:
    """Opens a KIS."""

    def add_options(self, parser: argparse.ArgumentParser) -> None:
        """Add the share, where it is listed, and the world."""
        begins = datetime.combine(BEGINS, time(), UTC)
        add_common_options(parser, centre=CENTRE, begins=begins, cash=_CASH)
        parser.add_argument("--market", default="TQQQ")
        parser.add_argument("--listed", choices=sorted(LISTINGS), default="NASD")
        parser.add_argument("--mode", choices=["paper", "live"], default="paper")

    def flaw(self, options: argparse.Namespace) -> str | None:
        """Say what is wrong with the share's name."""
        return None if SYMBOL.fullmatch(options.market) else "--market is the symbol of a US share"

    def open(self, options: argparse.Namespace, known: Change | None) -> Opened:
        """Make the venue."""
        keys = known_keys(known) if known else fresh_keys(fresh_key)
        listing = Listing(options.market, options.listed, options.mode)
        venue = KisVenue(listing, Market(_bars(options)), keys, real_now)
        line = {
            "app_key": keys.app_key,
            "app_secret": keys.app_secret,
            "account_no": keys.account_no,
            "mode": options.mode,
            "other_app_key": keys.other_app_key,
            "other_app_secret": keys.other_app_secret,
        }
        return Opened(venue, KisDoor(venue), ROUTE_NAMES, commands(venue), line)


def _bars(options: argparse.Namespace) -> RecordedSessions | SyntheticSessions:
    if options.prices is None:
        begins = options.begins.date()
        return SyntheticSessions(us_walk(begins, options.bars, seed=options.seed, centre=options.centre))
    candles = in_sessions(read_candles(options.prices, scale=options.scale, bars=options.bars))
    if not candles:
        raise CandlesUnfit(f"{options.prices}: no bar begins in a session of New York")
    return RecordedSessions(candles, recorded_label(candles))
