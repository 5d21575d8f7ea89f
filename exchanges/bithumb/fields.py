"""Fields of Bithumb's JSON: numbers as text or number, Korean times, and nothing taken on trust."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from typing import TYPE_CHECKING

from exchanges.transport import Unreadable

if TYPE_CHECKING:
    from collections.abc import Mapping

KST = timezone(timedelta(hours=9), "KST")

# No price or quantity needs more, and a huge exponent would grow to gigabytes when it is written out.
_NUMBER = re.compile(r"-?\d{1,30}(\.\d{1,30})?([eE][+-]?\d{1,2})?")
_EXPONENT_MAX = 40
_MILLISECONDS_MAX = 4_102_444_800_000  # the year 2100


def row_of(value: object, what: str) -> Mapping[str, object]:
    """Return an object; raises `Unreadable` for anything else."""
    if not isinstance(value, dict):
        raise Unreadable(f"{what}: no object")
    return value


def rows_of(value: object, what: str) -> list[Mapping[str, object]]:
    """Return a list of objects; raises `Unreadable` for anything else."""
    if not isinstance(value, list):
        raise Unreadable(f"{what}: no list")
    return [row_of(row, what) for row in value]


def text(row: Mapping[str, object], key: str) -> str | None:
    """Return a text, None where it is missing or empty."""
    value = row.get(key)
    if value is None or value == "":
        return None
    if not isinstance(value, str):
        raise Unreadable(f"{key}: no text")
    return value


def needed_text(row: Mapping[str, object], key: str) -> str:
    """Return a text that must be there."""
    value = text(row, key)
    if value is None:
        raise Unreadable(f"{key}: missing")
    return value


def number(row: Mapping[str, object], key: str) -> Decimal | None:
    """Return a number that came as text or as a number, None where it is missing or empty."""
    value = row.get(key)
    if value is None or value == "":
        return None
    written = isinstance(value, str) and _NUMBER.fullmatch(value)
    counted = isinstance(value, int) and not isinstance(value, bool)
    if isinstance(value, str | int) and (written or counted):
        value = Decimal(value)
    if not isinstance(value, Decimal) or not value.is_finite() or abs(value.adjusted()) > _EXPONENT_MAX:
        raise Unreadable(f"{key}: no number")
    return value


def amount(row: Mapping[str, object], key: str) -> Decimal | None:
    """Return a number that cannot be negative."""
    value = number(row, key)
    if value is not None and value < 0:
        raise Unreadable(f"{key}: negative")
    return value


def needed_amount(row: Mapping[str, object], key: str) -> Decimal:
    """Return a number that must be there and cannot be negative."""
    value = amount(row, key)
    if value is None:
        raise Unreadable(f"{key}: missing")
    return value


def positive(row: Mapping[str, object], key: str) -> Decimal:
    """Return a number that must be there and above zero."""
    value = needed_amount(row, key)
    if not value:
        raise Unreadable(f"{key}: zero")
    return value


def moment(row: Mapping[str, object], key: str) -> datetime | None:
    """Return a time written in ISO form, Korean where it names no zone; None where it is missing."""
    written = text(row, key)
    return None if written is None else moment_of(written, key)


def moment_of(written: str, what: str, zone: timezone = KST) -> datetime:
    """Read a time in ISO form, in `zone` where it names none."""
    try:
        at = datetime.fromisoformat(written)
        return (at.replace(tzinfo=zone) if at.tzinfo is None else at).astimezone(UTC)
    except (ValueError, OverflowError):
        raise Unreadable(f"{what}: no time") from None


def milliseconds(row: Mapping[str, object], key: str) -> datetime | None:
    """Return a time counted in milliseconds, None where it is missing."""
    value = number(row, key)
    if value is None:
        return None
    if not 0 <= value <= _MILLISECONDS_MAX:
        raise Unreadable(f"{key}: no time")
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=int(value))
