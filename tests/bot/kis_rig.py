"""A demo of US shares played in this very process: the bot's own desk, loop and reconciler, the broker over HTTP."""

from __future__ import annotations

import json
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from bot.demo.folder import run_folder
from bot.demo.house import demo_settings
from bot.demo.venues import DEMO_VENUES
from bot.demo.wanted import MarketWanted, recorded_prices
from bot.pricefile import read_prices
from bot.wiring.demo import demo_run
from domain.exact import ONE, ZERO
from tests.bot.demo_rig import LIMIT_S, Desk, chance
from tests.simulator.customer import HttpAdmin

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from bot.engine import FillBooked
    from domain.decision import Note

OPENS_AT = datetime(2026, 3, 5, 14, 30, tzinfo=UTC)
"""A Thursday; on the Sunday after it New York changes to summer time."""
_SUMMER = timedelta(hours=-1)
OPENINGS = (
    OPENS_AT,
    OPENS_AT + timedelta(days=1),
    *(OPENS_AT + timedelta(days=number) + _SUMMER for number in (4, 5, 6, 7, 8, 11, 12)),
)
MINUTES = 390

# Shares at 80 dollars, ten cells of a dollar and a bit; at most three rest on a side.
LIVELY = ("EXCHANGE=KIS", "GRID_STEPS=10", "GRID_GAP_PCT=1.5", "MAX_OPEN_ORDERS=3")

_HEADER = "time_utc,open,high,low,close,volume"
_CLOSES = (Decimal("70.50"), Decimal("73.00"), Decimal("76.50"), Decimal("79.00"))
_WICK = Decimal("0.80")


def minutes(bars: int, *, seed: str = "1", every: int = 1) -> str:
    """Return candles of so many minutes inside the sessions that cross most of the lines of a grid in every bar."""
    rng, rows, price = chance(seed), [_HEADER], Decimal(80)
    times = [opens + timedelta(minutes=m) for opens in OPENINGS for m in range(0, MINUTES, every)]
    for at in times[:bars]:
        close = rng.choice(_CLOSES) + Decimal(rng.randrange(50)) / 100
        row = (price, max(price, close) + _WICK, min(price, close) - _WICK, close)
        rows.append(",".join([at.isoformat().replace("+00:00", "Z"), *map(str, row), "4000"]))
        price = close
    return "\n".join(rows) + "\n"


def days(*closes: Sequence[str], every: int = 30) -> str:
    """Return sessions of flat bars of so many minutes, one price after the other, the last one to the close."""
    rows = [_HEADER]
    for opens, prices in zip(OPENINGS, closes, strict=False):
        texts = [*prices, *[prices[-1]] * (MINUTES // every - len(prices))]
        for number, price in enumerate(texts):
            at = (opens + timedelta(minutes=every * number)).isoformat().replace("+00:00", "Z")
            rows.append(f"{at},{price},{price},{price},{price},4000")
    return "\n".join(rows) + "\n"


@contextmanager
def kis_desk(folder: Path, candles: str, *overrides: str) -> Iterator[Desk]:
    """Open a market on candles of our own, and prepare a run on it."""
    path = folder / "prices.csv"
    told: list[Note] = []
    path.write_text(candles, "utf-8")
    read = demo_settings([f"DATA_DIR={folder / 'data'}", "EXCHANGE=KIS", *overrides], {})
    recorded = recorded_prices(path, read_prices(path).candles, scale=ONE, bars=None, exchange=read.exchange)
    venue = DEMO_VENUES[read.exchange]
    wanted = MarketWanted(read.symbol, recorded, read.paper_cash or ZERO, None, venue, venue.options(read))
    place = run_folder(read, recorded)
    with demo_run(read, place, wanted, tell=told.append, watch=_unseen, stopped=lambda: False) as (made, patience):
        said = json.loads((place.venue / "address.json").read_bytes())
        yield Desk(made, patience, told, HttpAdmin(said))
    if made.market.process is not None:
        made.market.process.wait(LIMIT_S)


def placed(desk: Desk) -> list[dict[str, Any]]:
    """Return the orders in the broker's books, oldest first."""
    rows: list[dict[str, Any]] = desk.books()["orders"]
    return sorted(rows, key=lambda row: int(row["number"]))


def _unseen(booked: FillBooked) -> None:
    """Say nothing of a fill."""
