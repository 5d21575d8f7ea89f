"""Seeded minute bars of a price that wanders and is drawn back: the same on every machine."""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

BEGINS_AT = datetime(2020, 1, 1, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
COLUMNS = "time_utc,open,high,low,close,volume\n"

TICK = 1000
"""The price unit of Bithumb between 1 and 1,000 million won."""

# Every price lies half a tick off the ladder: none ever equals an order's price, so that an engine that fills on a
# touch and one that fills only beyond the price have to agree.
_MIDDLE = 50_000_000 + TICK // 2

# A bar is so many strides; a stride's size is a count of random bits, so no float decides anything. In thousandths of a
# tick: about 0.05 % a minute, half of a distance from the middle is gone after three days.
_STRIDES = 4
_BITS = 64
_PER_BIT = 3000
_DRAWN_BACK_BY = 25_000


@dataclass(frozen=True, slots=True)
class Bar:
    """Four prices in whole won."""

    open: int
    high: int
    low: int
    close: int


def minute_bars(count: int, seed: int) -> Iterator[Bar]:
    """Yield bars without gaps: each opens where the one before it closed."""
    chance = random.Random(seed)  # noqa: S311  # a market for a race, no secret
    away = 0
    price = _MIDDLE
    for _ in range(count):
        prices = [price]
        for _ in range(_STRIDES):
            away += (chance.getrandbits(_BITS).bit_count() - _BITS // 2) * _PER_BIT - away // _DRAWN_BACK_BY
            price = _MIDDLE + away // 1000 * TICK
            prices.append(price)
        yield Bar(prices[0], max(prices), min(prices), price)


def write_bars(path: Path, count: int, seed: int) -> None:
    """Write bars as a file of candles."""
    at = BEGINS_AT
    with path.open("w", encoding="ascii") as file:
        file.write(COLUMNS)
        for bar in minute_bars(count, seed):
            file.write(f"{at:%Y-%m-%dT%H:%M:%SZ},{bar.open},{bar.high},{bar.low},{bar.close},1\n")
            at += MINUTE
