"""Candles on the venue's local grid: newest first, the running one included, `to` exclusive and in local time."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import TYPE_CHECKING, Any

from simulator.bithumb.public import code_not_found, missing_parameter
from simulator.bithumb.rows import market_code
from simulator.bithumb.wire import KST, Refused, millis, whole

if TYPE_CHECKING:
    from collections.abc import Callable

    from simulator.bithumb.venue import BithumbVenue
    from simulator.bithumb.wire import Parameters
    from simulator.tape import Span

MINUTES = (1, 3, 5, 10, 15, 30, 60, 240)
COUNT_MAX = 200
_TO = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}", re.ASCII)


def minutes(venue: BithumbVenue, fields: Parameters, unit: int) -> object:
    """List minute candles."""
    rows = _rows(venue, fields, lambda at: _minute_grid(at, unit))
    return [_row(venue, span) | {"unit": unit} for span in rows]


def days(venue: BithumbVenue, fields: Parameters) -> object:
    """List day candles with the close before."""
    spans = _rows(venue, fields, _day_grid, one_more=True)
    count = _count(fields)
    rows = []
    # Before the first day there is none: an empty page is an answer.
    for span, before in zip(spans, [*spans[1:], None][: len(spans)], strict=True):
        previous = span.open if before is None else before.close
        change = span.close - previous
        row = _row(venue, span) | {
            "prev_closing_price": previous,
            "change_price": change,
            "change_rate": round(change / previous, 10),
        }
        if dict(fields.pairs).get("convertingPriceUnit") == "KRW":
            row["converted_trade_price"] = span.close
        rows.append(row)
    return rows[:count]


def weeks(venue: BithumbVenue, fields: Parameters) -> object:
    """List week candles; a week begins on Monday."""
    return [_with_first_day(venue, span) for span in _rows(venue, fields, _week_grid)]


def months(venue: BithumbVenue, fields: Parameters) -> object:
    """List month candles."""
    return [_with_first_day(venue, span) for span in _rows(venue, fields, lambda at: _day_grid(at).replace(day=1))]


def _rows(
    venue: BithumbVenue, fields: Parameters, grid: Callable[[datetime], datetime], *, one_more: bool = False
) -> list[Span]:
    asked = dict(fields.pairs)
    if asked.get("market") is None:
        raise missing_parameter(venue)
    if asked["market"] != market_code(venue):
        raise code_not_found(venue)
    count = _count(fields) + (1 if one_more else 0)
    return list(islice(venue.tape.newest(grid, _before(asked.get("to"))), count))


def _count(fields: Parameters) -> int:
    count = whole(dict(fields.pairs).get("count", "1"), 1, COUNT_MAX)
    if count is None:
        raise Refused(400, 400, "Invalid parameter")
    return count


def _before(text: str | None) -> datetime | None:
    if text is None:
        return None
    try:
        # A zone behind the time is refused: it is local time always.
        if _TO.fullmatch(text):
            return datetime.fromisoformat(text).replace(tzinfo=KST)
    except ValueError:
        pass
    raise Refused(400, 400, "Invalid parameter")


def _minute_grid(at: datetime, unit: int) -> datetime:
    """Cut the local day into pieces of so many minutes."""
    day = _day_grid(at)
    return day + (at - day) // timedelta(minutes=unit) * timedelta(minutes=unit)


def _day_grid(at: datetime) -> datetime:
    return at.astimezone(KST).replace(hour=0, minute=0, second=0, microsecond=0)


def _week_grid(at: datetime) -> datetime:
    day = _day_grid(at)
    return day - timedelta(days=day.weekday())


def _row(venue: BithumbVenue, span: Span) -> dict[str, Any]:
    begins_at = span.begins_at
    return {
        "market": market_code(venue),
        "candle_date_time_utc": f"{begins_at.astimezone(UTC):%Y-%m-%dT%H:%M:%S}",
        "candle_date_time_kst": f"{begins_at.astimezone(KST):%Y-%m-%dT%H:%M:%S}",
        "opening_price": span.open,
        "high_price": span.high,
        "low_price": span.low,
        "trade_price": span.close,
        "timestamp": millis(span.last_at),
        "candle_acc_trade_price": span.funds,
        "candle_acc_trade_volume": span.volume,
    }


def _with_first_day(venue: BithumbVenue, span: Span) -> dict[str, Any]:
    return _row(venue, span) | {"first_day_of_period": f"{span.begins_at.astimezone(KST):%Y-%m-%d}"}
