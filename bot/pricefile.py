"""Candles from a CSV file, checked row by row: what a run is played on must be what the file says."""

from __future__ import annotations

import csv
import gc
import gzip
import io
import re
import zlib
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from typing import TYPE_CHECKING

from domain.errors import ExitCode, SetupError
from domain.exact import ONE, ZERO
from domain.market import Candle
from domain.reason import Reason, reason

if TYPE_CHECKING:
    from _csv import Reader as CsvReader
    from collections.abc import Iterator, Sequence
    from pathlib import Path

COLUMNS = ("time_utc", "open", "high", "low", "close", "volume")

INTERVAL_OF_ONE_BAR = timedelta(minutes=1)
"""A single row has no neighbour that tells how long it lasts."""

_GZIP = b"\x1f\x8b"
_NUMBER = re.compile(r"\s*[+-]?(\d{1,30}(\.\d{0,30})?|\.\d{1,30})([eE][+-]?\d{1,2})?\s*", re.ASCII)
_SIGNS_MAX = 40
_PRICES_KEPT = 200_000


@dataclass(frozen=True, slots=True)
class PriceFile:
    """Candles oldest first, the smallest distance of two, and where the distance is greater: from row, to row."""

    candles: tuple[Candle, ...]
    interval: timedelta
    gaps: tuple[tuple[datetime, datetime], ...]


def read_prices(path: Path, *, scale: Decimal = ONE, bars: int | None = None) -> PriceFile:
    """Read a candle CSV, plain or gzip whatever its name; `bars` reads only the first ones, `scale` multiplies prices.

    Raises `SetupError` with the line and the fix.
    """
    try:
        candles = _candles(path, scale, bars)
    except _Unfit as unfit:
        why = Reason(unfit.why.code, (("path", str(path)), *unfit.why.figures))
        raise SetupError(ExitCode.PRICE_FILE, why) from None
    return PriceFile(candles, *_distances(candles))


class _Unfit(Exception):
    """The file cannot be played; `why` lacks its path."""

    def __init__(self, why: Reason) -> None:
        super().__init__(why.code)
        self.why = why


def _candles(path: Path, scale: Decimal, bars: int | None) -> tuple[Candle, ...]:
    if bars is not None and bars < 1:
        raise _Unfit(reason("prices_no_bars_wanted", value=bars))
    try:
        with path.open("rb") as raw:
            packed = raw.peek(len(_GZIP)).startswith(_GZIP)
            with io.TextIOWrapper(
                gzip.GzipFile(fileobj=raw) if packed else raw, encoding="utf-8-sig", newline=""
            ) as text:
                candles = _collected(_rows(csv.reader(text), scale, bars))
    except UnicodeDecodeError:
        raise _Unfit(reason("prices_not_text")) from None
    except (EOFError, zlib.error, gzip.BadGzipFile):
        raise _Unfit(reason("prices_gzip_broken")) from None
    except IsADirectoryError:
        raise _Unfit(reason("prices_folder")) from None
    except (FileNotFoundError, ValueError):  # a ValueError: a name that no file can have
        raise _Unfit(reason("prices_not_found")) from None
    except OSError as error:
        raise _Unfit(reason("prices_unreadable", problem=error.strerror or type(error).__name__)) from None
    if not candles:
        raise _Unfit(reason("prices_no_rows"))
    return candles


def _collected(rows: Iterator[Candle]) -> tuple[Candle, ...]:
    """Hold all rows; the garbage collector would walk through all of them again and again, and find nothing."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        return tuple(rows)
    finally:
        if was_on:
            gc.enable()


def _rows(reader: CsvReader, scale: Decimal, bars: int | None) -> Iterator[Candle]:
    try:
        columns = _columns(next((row for row in reader if row), []))
        yield from _checked(reader, columns, _Prices(scale), bars)
    except csv.Error as error:
        raise _Unfit(reason("prices_not_csv", line=reader.line_num, problem=str(error))) from None
    except _Unfit as unfit:
        raise _Unfit(Reason(unfit.why.code, (("line", reader.line_num), *unfit.why.figures))) from None


def _checked(reader: CsvReader, columns: Sequence[str], prices: _Prices, bars: int | None) -> Iterator[Candle]:
    width, places = len(columns), tuple(columns.index(name) for name in COLUMNS)
    before: datetime | None = None
    count = 0
    for row in reader:
        if count == bars:
            return
        if len(row) != width:
            if not row:
                continue
            raise _Unfit(reason("prices_row_width", found=len(row), wanted=width))
        try:
            candle = _candle(row, places, prices)
        except _Unfit:
            if missing := [name for name, place in zip(COLUMNS, places, strict=True) if not row[place].strip()]:
                raise _Unfit(reason("prices_value_missing", columns=", ".join(missing))) from None
            raise
        if before is not None and candle.at <= before:
            value = _shown(row[places[0]])
            if candle.at == before:
                raise _Unfit(reason("prices_time_twice", value=value))
            raise _Unfit(reason("prices_time_order", value=value))
        yield candle
        before = candle.at
        count += 1


def _candle(row: Sequence[str], places: tuple[int, ...], prices: _Prices) -> Candle:
    at_place, open_place, high_place, low_place, close_place, volume_place = places
    at, volume = _moment(row[at_place]), _volume(row[volume_place])
    opened, high = prices[row[open_place]], prices[row[high_place]]
    low, close = prices[row[low_place]], prices[row[close_place]]
    if low <= opened <= high and low <= close <= high:
        return Candle(at, opened, high, low, close, volume)
    told = (_shown(row[place]) for place in places[1:5])
    raise _Unfit(reason("prices_out_of_range", **dict(zip(COLUMNS[1:5], told, strict=True))))


class _Prices(dict[str, Decimal]):
    """Prices by their text: neighbouring bars share most of theirs, which saves time and memory."""

    def __init__(self, scale: Decimal) -> None:
        super().__init__()
        self._scale = scale

    def __missing__(self, text: str) -> Decimal:
        if len(self) >= _PRICES_KEPT:
            self.clear()
        price = _number(text)
        if price <= ZERO:
            raise _Unfit(reason("prices_not_positive", value=_shown(text)))
        self[text] = scaled = price * self._scale
        return scaled


def _number(text: str) -> Decimal:
    if _NUMBER.fullmatch(text):
        return Decimal(text)
    raise _Unfit(reason("prices_not_a_number", value=_shown(text)))


def _volume(text: str) -> Decimal:
    volume = _number(text)
    if volume < ZERO:
        raise _Unfit(reason("prices_volume_negative", value=_shown(text)))
    return volume


def _moment(text: str) -> datetime:
    try:
        at = datetime.fromisoformat(text.strip())
        if at.tzinfo is UTC:
            return at
        if at.tzinfo is not None:
            return at.astimezone(UTC)
    except (ValueError, OverflowError):
        raise _Unfit(reason("prices_time_form", value=_shown(text))) from None
    raise _Unfit(reason("prices_time_zone", value=_shown(text), suggestion=f"{_shown(text)}Z"))


def _columns(header: Sequence[str]) -> list[str]:
    """Return the names of the columns; raises where one that is needed is missing or there twice."""
    if not header:
        raise _Unfit(reason("prices_empty"))
    columns = [name.strip().lower() for name in header]
    if missing := [name for name in COLUMNS if name not in columns]:
        raise _Unfit(reason("prices_column_missing", columns=", ".join(missing), wanted=",".join(COLUMNS)))
    if twice := [name for name, times in Counter(columns).items() if name in COLUMNS and times > 1]:
        raise _Unfit(reason("prices_column_twice", columns=", ".join(twice)))
    return columns


def _distances(candles: Sequence[Candle]) -> tuple[timedelta, tuple[tuple[datetime, datetime], ...]]:
    """Return the smallest distance of two rows, and every pair of neighbours that are further apart."""
    if len(candles) == 1:
        return INTERVAL_OF_ONE_BAR, ()
    interval = min(later.at - earlier.at for earlier, later in pairwise(candles))
    return interval, tuple((a.at, b.at) for a, b in pairwise(candles) if b.at - a.at > interval)


def _shown(text: str) -> str:
    clean = "".join(sign if sign.isprintable() else "?" for sign in text.strip())
    return clean if len(clean) <= _SIGNS_MAX else f"{clean[: _SIGNS_MAX - 1]}…"
