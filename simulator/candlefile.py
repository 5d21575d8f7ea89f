"""A candle CSV, plain or gzip: `time_utc,open,high,low,close,volume`, oldest first."""

from __future__ import annotations

import csv
import gzip
import io
import re
import zlib
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING

from domain.exact import ONE
from domain.market import Candle

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

COLUMNS = ("time_utc", "open", "high", "low", "close", "volume")
_GZIP = b"\x1f\x8b"
_NUMBER = re.compile(r"\d{1,30}(\.\d{1,30})?", re.ASCII)


class CandlesUnfit(Exception):
    """The file cannot be played; the text names the line."""


def read_candles(path: Path, *, scale: Decimal = ONE, bars: int | None = None) -> tuple[Candle, ...]:
    """Read the first `bars` rows, prices times `scale`; raises `CandlesUnfit`."""
    try:
        raw = path.read_bytes()
        text = (gzip.decompress(raw) if raw.startswith(_GZIP) else raw).decode("utf-8-sig")
        candles = tuple(_rows(text, scale, bars))
    except (OSError, EOFError, zlib.error, UnicodeDecodeError, csv.Error) as error:
        raise CandlesUnfit(f"{path}: {error}") from None
    if not candles:
        raise CandlesUnfit(f"{path}: no rows")
    return candles


def _rows(text: str, scale: Decimal, bars: int | None) -> Iterator[Candle]:
    reader = csv.DictReader(io.StringIO(text))
    missing = [name for name in COLUMNS if name not in (reader.fieldnames or ())]
    if missing:
        raise CandlesUnfit(f"columns missing: {', '.join(missing)}; wanted: {','.join(COLUMNS)}")
    before: datetime | None = None
    for count, row in enumerate(reader):
        if count == bars:
            return
        candle = _candle(row, scale, reader.line_num)
        if before is not None and candle.at <= before:
            raise CandlesUnfit(f"line {reader.line_num}: the time does not rise")
        before = candle.at
        yield candle


def _candle(row: dict[str, str], scale: Decimal, line: int) -> Candle:
    try:
        at = datetime.fromisoformat(row["time_utc"].strip())
    except ValueError:
        raise CandlesUnfit(f"line {line}: no time: {row['time_utc']!r}") from None
    if at.tzinfo is None:
        raise CandlesUnfit(f"line {line}: the time names no zone; write a Z behind it")
    opened, high, low, close, volume = (_number(row[name], line) for name in COLUMNS[1:])
    if not 0 < low <= min(opened, close) <= max(opened, close) <= high:
        raise CandlesUnfit(f"line {line}: low, open, close and high do not fit together")
    return Candle(at.astimezone(UTC), opened * scale, high * scale, low * scale, close * scale, volume)


def _number(text: str | None, line: int) -> Decimal:
    clean = (text or "").strip()
    if not _NUMBER.fullmatch(clean):
        raise CandlesUnfit(f"line {line}: no number: {clean!r}")
    return Decimal(clean)
