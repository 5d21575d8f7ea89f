"""How values of the trade stand in a column: money, moments, days and reasons as text that comes back equal."""

from __future__ import annotations

import json
import re
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import StrEnum
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from sqlalchemy import BigInteger, Integer, String, Text, TypeDecorator

from domain.exact import plain
from domain.reason import Figure, Reason

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from sqlalchemy import Dialect
    from sqlalchemy.types import TypeEngine

T = TypeVar("T")
E = TypeVar("E", bound=StrEnum)

Figures = tuple[tuple[str, Figure], ...]

_PLAIN = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]*[1-9])?").fullmatch
_UTC_TIME = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{6}Z").fullmatch


class _AsText(TypeDecorator[T]):
    """Text that is compared byte by byte, whatever language the database server sorts by."""

    impl = Text
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """Sort as SQLite does on PostgreSQL too."""
        return dialect.type_descriptor(String(collation="C") if dialect.name == "postgresql" else Text())

    def process_bind_param(self, value: T | None, dialect: Dialect) -> str | None:  # noqa: ARG002  # SQLAlchemy hands it in
        """Write a value; what is no such value is refused."""
        return None if value is None else self.written(value)

    def result_processor(self, dialect: Dialect, coltype: object) -> Callable[[str | None], T | None]:  # noqa: ARG002  # SQLAlchemy hands them in
        """Return what reads a value, without a detour: a report reads thousands."""
        return self.read

    def read(self, text: str | None) -> T | None:
        """Read a value; text that we would not have written is damage, not a value."""
        if text is None:
            return None
        value = self.parsed(text)
        if self.written(value) != text:
            raise _foreign(text)
        return value

    def written(self, value: T) -> str:
        """Return the only text that stands for a value."""
        raise NotImplementedError

    def parsed(self, text: str) -> T:
        """Return the value of a text."""
        raise NotImplementedError


class Words(_AsText[str]):
    """A name, an id, or a body that is text already."""

    cache_ok = True

    def read(self, text: str | None) -> str | None:
        """Keep text as it is; SQLite holds what it is given, so it is looked at."""
        if text is not None and type(text) is not str:
            raise _foreign(text)
        return text

    def written(self, value: str) -> str:
        """Keep text as it is."""
        return str(value)

    def parsed(self, text: str) -> str:
        """Keep text as it is."""
        return text


class Amount(_AsText[Decimal]):
    """An exact number in plain notation, never a binary fraction."""

    cache_ok = True

    def written(self, value: Decimal) -> str:
        """Write every digit; refuse what is not a finite `Decimal`."""
        if not _is_exact(value):
            raise TypeError(f"{value!r} is not an exact amount")
        return plain(value)

    def parsed(self, text: str) -> Decimal:
        """Read every digit."""
        return Decimal(text)

    def result_processor(self, dialect: Dialect, coltype: object) -> Callable[[str | None], Decimal | None]:  # noqa: ARG002  # SQLAlchemy hands them in
        """Return what reads an amount."""
        return _amount


class Moment(_AsText[datetime]):
    """An aware time as ISO UTC with microseconds, so that text sorts as time does."""

    cache_ok = True

    def written(self, value: datetime) -> str:
        """Write in UTC; refuse a time without a zone."""
        if value.tzinfo is None:
            raise TypeError(f"{value!r} has no time zone")
        return value.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")

    def parsed(self, text: str) -> datetime:
        """Read an aware UTC time."""
        return datetime.fromisoformat(text)

    def read(self, text: str | None) -> datetime | None:
        """Read a value; its form is looked at, as that of an amount."""
        if text is None:
            return None
        if not _UTC_TIME(text):
            raise _foreign(text)
        return datetime.fromisoformat(text)


class Day(_AsText[date]):
    """A market's local date."""

    cache_ok = True

    def written(self, value: date) -> str:
        """Write as ISO."""
        return value.isoformat()

    def parsed(self, text: str) -> date:
        """Read an ISO date."""
        return date.fromisoformat(text)


class Word(_AsText[E], Generic[E]):
    """One word of a fixed list."""

    cache_ok = True

    def __init__(self, kind: type[E]) -> None:
        """Know the list."""
        super().__init__()
        self.kind = kind

    def written(self, value: E) -> str:
        """Write the word itself."""
        return str(value.value)

    def parsed(self, text: str) -> E:
        """Read a word; one that is not on the list is refused."""
        return self.kind(text)


class FiguresText(_AsText[Figures]):
    """The figures of a reason as JSON; a `Decimal` is told from a text by its wrapping."""

    cache_ok = True

    def written(self, value: Figures) -> str:
        """Write figures in their order."""
        return _json(_figures(value))

    def parsed(self, text: str) -> Figures:
        """Read figures in their order."""
        return _as_figures(json.loads(text))


class ReasonText(_AsText[Reason]):
    """A reason as JSON: its code and its figures."""

    cache_ok = True

    def written(self, value: Reason) -> str:
        """Write code and figures."""
        return _json({"code": value.code, "figures": _figures(value.figures)})

    def parsed(self, text: str) -> Reason:
        """Read code and figures."""
        body = json.loads(text)
        return Reason(body["code"], _as_figures(body["figures"]))


class BodyText(_AsText[dict[str, Any]]):
    """The state of a strategy or a run as JSON; money goes in as text."""

    cache_ok = True

    def written(self, value: Mapping[str, object]) -> str:
        """Write an object; a binary fraction in it is refused."""
        text = _json(value)
        json.loads(text, parse_float=_refuse_fraction)
        return text

    def parsed(self, text: str) -> dict[str, Any]:
        """Read an object."""
        return dict(json.loads(text))


class Count(TypeDecorator[int]):
    """A whole number; SQLite holds what it is given, so it is looked at."""

    impl = BigInteger
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """Be the row's own number on SQLite where it is the key."""
        return dialect.type_descriptor(Integer() if dialect.name == "sqlite" else BigInteger())

    def result_processor(self, dialect: Dialect, coltype: object) -> Callable[[int | None], int | None]:  # noqa: ARG002  # SQLAlchemy hands them in
        """Return what reads a value."""
        return _whole


@lru_cache(maxsize=2048)
def _amount(text: str | None) -> Decimal | None:
    """Read an amount, most of which come again soon: fees, and books that stand still from one mark to the next.

    Its form is looked at, for to write it again takes three times as long.
    """
    if text is None:
        return None
    if not _PLAIN(text) or text == "-0":
        raise _foreign(text)
    return Decimal(text)


def _foreign(text: str) -> ValueError:
    return ValueError(f"{text!r} is not what the ledger writes")


def _whole(value: int | None) -> int | None:
    """Read a whole number; anything else is damage."""
    if value is not None and type(value) is not int:
        raise ValueError(f"{value!r} is not a whole number")
    return value


def _is_exact(value: object) -> bool:
    return isinstance(value, Decimal) and value.is_finite()


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)


def _figures(figures: Figures) -> dict[str, object]:
    return {name: {"decimal": plain(value)} if isinstance(value, Decimal) else value for name, value in figures}


def _as_figures(body: Mapping[str, Any]) -> Figures:
    return tuple(
        (name, Decimal(value["decimal"]) if isinstance(value, dict) else value) for name, value in body.items()
    )


def _refuse_fraction(text: str) -> object:
    raise TypeError(f"{text} in a state is a binary fraction; an amount goes in as text")
