"""The course of a run: marks of the ledger, made few enough for a chart, and what each day brought."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from domain.exact import ZERO
from domain.mark import DAY_S, STEPS, Mark

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import date, datetime, tzinfo
    from decimal import Decimal

    from ledger.reader import Reader
    from ledger.records import DayRecord, FillRecord
    from ledger.rescales import RescaleRecord

POINTS_MAX = 300
"""More than this a chart of our width does not show."""

DAYS_MAX = 31

_HOURS_MIN = 100
_HOURS_DRAWN = 2 * POINTS_MAX
_DAYS_DRAWN = 180

HOUR_S = 3600

KOREA = ZoneInfo("Asia/Seoul")
_AMERICA = ZoneInfo("America/New_York")


@dataclass(frozen=True, slots=True)
class DayShown:
    """What one market day brought; `change` of Total is None where no price is known for it or for the day before."""

    day: date
    fills: int
    cycles: int
    matched: Decimal
    fees: Decimal
    change: Decimal | None


def market_zone(currency: str) -> tzinfo:
    """Return by which clock the market's days are told apart: New York's for shares in dollars, else Korea's."""
    return _AMERICA if currency == "USD" else KOREA


def in_new_shares(record: FillRecord, splits: Iterable[RescaleRecord]) -> FillRecord:
    """Return an execution as it stands beside the marks, whose prices are all those of the newest shares."""
    for split in splits:
        if record.entry < split.entry:
            ratio, fill = split.command.split, record.fill
            record = replace(record, fill=replace(fill, price=ratio.price(fill.price), qty=ratio.qty(fill.qty)))
    return record


def course(reader: Reader, symbol: str, begin: datetime, end: datetime) -> list[Mark]:
    """Return the whole run in at most `POINTS_MAX` marks, as fine as the ledger still has it."""
    span_s = int((end - begin) / timedelta(seconds=1))
    for step_s, keep in STEPS:
        if step_s == DAY_S or keep is None:
            break
        if span_s < step_s * keep:
            found = reader.marks(symbol, step_s)
            # A ledger from before there were marks has only the later part of its run.
            if found and found[0].at < begin + timedelta(seconds=DAY_S):
                return fewer(found)
    # Both ends may be parts of a day.
    days = span_s // DAY_S + 2
    return reader.thinned_marks(symbol, DAY_S, -(-days // POINTS_MAX))


def recent(reader: Reader, symbol: str, whole: Sequence[Mark]) -> Sequence[Mark]:
    """Return what the chart of prices shows: the whole run, or of a long one the newest 25 days by the hour.

    Where that is too little, as of a run on daily candles, the newest days.
    """
    if not whole or whole[0].step_s < DAY_S:
        return whole
    hours = reader.newest_marks(symbol, HOUR_S, _HOURS_DRAWN)
    return fewer(hours) if len(hours) >= _HOURS_MIN else reader.newest_marks(symbol, DAY_S, _DAYS_DRAWN)


def fewer(marks: Sequence[Mark], most: int = POINTS_MAX) -> list[Mark]:
    """Put neighbours together until no more than `most` are left."""
    size = -(-len(marks) // most) or 1
    # Counted from the newest, so that the first one is the odd one.
    odd = len(marks) % size
    groups = [marks[:odd]] if odd else []
    groups += [marks[i : i + size] for i in range(odd, len(marks), size)]
    return [_one(group) for group in groups]


def days_shown(
    rolled: Iterable[DayRecord], marks: Sequence[Mark], zone: tzinfo, begin: datetime | None, total: Decimal
) -> list[DayShown]:
    """Return the newest days, newest first; `total` is Total now, which ends the newest of them."""
    changes: dict[date, Decimal] = {}
    before: Decimal | None = None
    for mark in marks:
        day = mark.at.astimezone(zone).date()
        if before is None and begin is not None and day <= begin.astimezone(zone).date():
            before = ZERO
        after = total if mark is marks[-1] else mark.total
        if before is not None:
            changes[day] = after - before
        before = after
    records = {record.day: record for record in rolled}
    newest = sorted(changes.keys() | records.keys(), reverse=True)[:DAYS_MAX]
    return [_day_shown(day, records.get(day), changes.get(day)) for day in newest]


def _day_shown(day: date, record: DayRecord | None, change: Decimal | None) -> DayShown:
    if record is None:
        return DayShown(day, 0, 0, ZERO, ZERO, change)
    return DayShown(day, record.fills, record.cycles, record.matched, record.fees, change)


def _one(group: Sequence[Mark]) -> Mark:
    if len(group) == 1:
        return group[0]
    first, last = group[0], group[-1]
    # Written out: `replace` takes four times as long, for each point of a chart.
    return Mark(
        at=first.at,
        step_s=last.step_s * len(group),
        open=first.open,
        high=max([mark.high for mark in group]),
        low=min([mark.low for mark in group]),
        close=last.close,
        cash_flow=last.cash_flow,
        position=last.position,
        cost=last.cost,
        matched=last.matched,
        adopted_cost=last.adopted_cost,
    )
