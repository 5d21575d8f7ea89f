"""Which market a demo is played on, in the words of the simulator that makes it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import TYPE_CHECKING

from domain.exact import plain
from simulator.market import Walk, recorded_label

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date
    from decimal import Decimal
    from pathlib import Path

    from domain.market import Candle


@dataclass(frozen=True, slots=True)
class Prices:
    """Where a market's prices come from; `label` is its name, `options` make the simulator play it.

    `bars` is None where there is no end; `path` is the file of a recorded market.
    """

    label: str
    options: tuple[str, ...]
    begins_at: datetime
    bars: int | None
    path: Path | None = None


@dataclass(frozen=True, slots=True)
class MarketWanted:
    """A market to be opened: what is traded at which prices, with how much cash, how fast (None: without a cap)."""

    symbol: str
    prices: Prices
    cash: Decimal
    speed: Decimal | None


def endless_prices() -> Prices:
    """Return the market drawn from a seed that has no end."""
    return _drawn(Walk("1"))


def drawn_prices(days: int, begins: date | None) -> Prices:
    """Return a market drawn from a seed, so many days long."""
    plain_walk = Walk("1")
    begins_at = plain_walk.begins_at if begins is None else datetime.combine(begins, time(), UTC)
    return _drawn(Walk("1", begins_at=begins_at, bars_max=days * (timedelta(days=1) // plain_walk.interval)))


def _drawn(walk: Walk) -> Prices:
    options = ["--seed", walk.seed, "--centre", plain(walk.centre), "--begins", walk.begins_at.date().isoformat()]
    if walk.bars_max is not None:
        options += ["--bars", str(walk.bars_max)]
    return Prices(walk.label, tuple(options), walk.begins_at, walk.bars_max)


def recorded_prices(path: Path, candles: Sequence[Candle], *, scale: Decimal, bars: int | None) -> Prices:
    """Return the market of a price file; `candles` is what was read from it with this scale and so many bars."""
    options = ["--prices", str(path.resolve()), "--scale", plain(scale)]
    if bars is not None:
        options += ["--bars", str(bars)]
    return Prices(recorded_label(candles), tuple(options), candles[0].at, len(candles), path)
