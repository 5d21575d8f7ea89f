"""Fields of KIS's JSON: everything is text, padded, blank or a dash where there is nothing, and nothing is trusted."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from typing import TYPE_CHECKING

from domain.exact import ZERO
from exchanges.transport import Unreadable

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import tzinfo

KST = timezone(timedelta(hours=9), "KST")

_NUMBER = re.compile(r"[+-]?(\d{1,30}(\.\d{0,30})?|\.\d{1,30})")
_DAY = re.compile(r"\d{8}")
_HOUR = re.compile(r"\d{6}")
_EMPTY = {"", "-", "(null)", "null"}


def row_of(value: object, what: str) -> Mapping[str, object]:
    """Return an object; raises `Unreadable` for anything else."""
    if not isinstance(value, dict):
        raise Unreadable(f"{what}: no object")
    return value


def rows_of(value: object, what: str) -> list[Mapping[str, object]]:
    """Return a list of objects; the venue shows a single one, also a blank one, without the list around it."""
    if isinstance(value, dict):
        return [value]
    if not isinstance(value, list):
        raise Unreadable(f"{what}: no list")
    return [row_of(row, what) for row in value]


def output_of(value: Mapping[str, object], what: str) -> Mapping[str, object]:
    """Return the one object that an answer is about; the sheet's tables and examples disagree on how it is wrapped."""
    output = value.get("output", value.get("output1"))
    if isinstance(output, list) and len(output) == 1:
        output = output[0]
    return row_of(output, what)


def text(row: Mapping[str, object], key: str) -> str:
    """Return a text without its padding; empty where it is missing or stands for nothing."""
    value = row.get(key)
    if value is None:
        return ""
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    if not isinstance(value, str):
        raise Unreadable(f"{key}: no text")
    value = value.strip()
    return "" if value in _EMPTY else value


def needed_text(row: Mapping[str, object], key: str) -> str:
    """Return a text that must be there."""
    value = text(row, key)
    if not value:
        raise Unreadable(f"{key}: missing")
    return value


def number(row: Mapping[str, object], key: str) -> Decimal | None:
    """Return a number, None where it is missing or blank."""
    value = row.get(key)
    if isinstance(value, Decimal) and value.is_finite():
        return value
    written = text(row, key)
    if not written:
        return None
    if not _NUMBER.fullmatch(written):
        raise Unreadable(f"{key}: no number")
    return Decimal(written)


def amount(row: Mapping[str, object], key: str) -> Decimal:
    """Return a number that cannot be negative; 0 where it is missing or blank."""
    value = number(row, key) or ZERO
    if value < 0:
        raise Unreadable(f"{key}: negative")
    return value


def needed_amount(row: Mapping[str, object], key: str) -> Decimal:
    """Return a number that must be there and cannot be negative."""
    if number(row, key) is None:
        raise Unreadable(f"{key}: missing")
    return amount(row, key)


def serial(row: Mapping[str, object], key: str) -> int:
    """Return an order's number, which is padded in some answers and not in others; 0 where there is none."""
    written = text(row, key)
    if not written:
        return 0
    if not (written.isascii() and written.isdigit() and len(written) <= 20):  # noqa: PLR2004 - no number is longer
        raise Unreadable(f"{key}: no order number")
    return int(written)


def day_of(row: Mapping[str, object], key: str) -> date | None:
    """Return a date written as eight digits, None where it is missing."""
    written = text(row, key)
    if not written or set(written) == {"0"}:
        return None
    if not _DAY.fullmatch(written):
        raise Unreadable(f"{key}: no date")
    try:
        return date(int(written[:4]), int(written[4:6]), int(written[6:]))
    except ValueError:
        raise Unreadable(f"{key}: no date") from None


def korean_moment(day: date, written: str) -> datetime | None:
    """Return the moment of a Korean date and a time as six digits, in UTC; None where that is no time."""
    return moment_of(day, written, KST)


def moment_of(day: date, written: str, zone: tzinfo) -> datetime | None:
    """Return the moment of a date and a time as six digits by the clocks of a zone, in UTC; None for no such time."""
    if not _HOUR.fullmatch(written):
        return None
    try:
        at = datetime.combine(day, time(int(written[:2]), int(written[2:4]), int(written[4:])), tzinfo=zone)
    except ValueError:
        return None
    return at.astimezone(UTC)
