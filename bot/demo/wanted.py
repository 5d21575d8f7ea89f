"""Which market a demo is played on, in the words of the simulator that makes it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import TYPE_CHECKING

from bot.demo.venues import DEMO_VENUES
from bot.settings import Exchange
from domain.errors import ExitCode, SetupError
from domain.exact import plain
from domain.reason import reason
from simulator.kis.bars import in_sessions, synthetic_bars_in, synthetic_begins_at, us_walk
from simulator.market import Walk, recorded_label

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date
    from decimal import Decimal
    from pathlib import Path

    from bot.demo.venues import DemoVenue
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
    """A market to be opened: what is traded at which prices, with how much cash, how fast (None: without a cap).

    `options` is what this venue's simulator has to be told beside.
    """

    symbol: str
    prices: Prices
    cash: Decimal
    speed: Decimal | None
    venue: DemoVenue = DEMO_VENUES[Exchange.BITHUMB]
    options: tuple[str, ...] = ()


def endless_prices(exchange: Exchange = Exchange.BITHUMB) -> Prices:
    """Return the market drawn from a seed that has no end."""
    if exchange is Exchange.KIS:
        walk = us_walk()
        return _drawn(walk, synthetic_begins_at(walk.begins_at.date()))
    return _drawn(Walk("1"))


def drawn_prices(days: int, begins: date | None, exchange: Exchange = Exchange.BITHUMB) -> Prices:
    """Return a market drawn from a seed, so many calendar days long; raises `SetupError` where it opens on none."""
    if exchange is Exchange.KIS:
        first = begins or us_walk().begins_at.date()
        if not (bars := synthetic_bars_in(first, days)):
            raise SetupError(ExitCode.SETTINGS, reason("demo_no_session", days=days, begins=first.isoformat()))
        return _drawn(us_walk(first, bars), synthetic_begins_at(first))
    plain_walk = Walk("1")
    begins_at = plain_walk.begins_at if begins is None else datetime.combine(begins, time(), UTC)
    return _drawn(Walk("1", begins_at=begins_at, bars_max=days * (timedelta(days=1) // plain_walk.interval)))


def _drawn(walk: Walk, begins_at: datetime | None = None) -> Prices:
    options = ["--seed", walk.seed, "--centre", plain(walk.centre), "--begins", walk.begins_at.date().isoformat()]
    if walk.bars_max is not None:
        options += ["--bars", str(walk.bars_max)]
    return Prices(walk.label, tuple(options), begins_at or walk.begins_at, walk.bars_max)


def recorded_prices(
    path: Path,
    candles: Sequence[Candle],
    *,
    scale: Decimal,
    bars: int | None,
    exchange: Exchange = Exchange.BITHUMB,
) -> Prices:
    """Return the market of a price file; `candles` is what was read from it with this scale and so many bars.

    Of shares only what lies in a session is played; raises `SetupError` where nothing does.
    """
    options = ["--prices", str(path.resolve()), "--scale", plain(scale)]
    if bars is not None:
        options += ["--bars", str(bars)]
    if exchange is Exchange.KIS and not (candles := in_sessions(candles)):
        raise SetupError(ExitCode.PRICE_FILE, reason("prices_outside_sessions", path=str(path)))
    return Prices(recorded_label(candles), tuple(options), candles[0].at, len(candles), path)
