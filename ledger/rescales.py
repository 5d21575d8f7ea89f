"""Splits of shares in the books: which lots there were before, from which those after can be made again."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from sqlalchemy import Integer, bindparam, select

from domain.book import Lot
from domain.commands import RescaleLots
from domain.exact import ZERO, plain
from domain.rescale import paid_for, rescaled_lots
from domain.split import Split
from ledger.columns import Words
from ledger.schema import rescales

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date, datetime

    from sqlalchemy import ColumnElement

    from domain.book import Book
    from domain.rescale import Rescaled

_SYMBOL: ColumnElement[str] = bindparam("symbol", type_=Words())
_AFTER: ColumnElement[int] = bindparam("after", type_=Integer())
_LIMIT: ColumnElement[int] = bindparam("limit", type_=Integer())

RESCALES_AFTER = select(rescales).where(rescales.c.entry > _AFTER).order_by(rescales.c.entry).limit(_LIMIT)
RESCALES_OF = select(rescales).where(rescales.c.symbol == _SYMBOL).order_by(rescales.c.entry)


@dataclass(frozen=True, slots=True)
class RescaleRecord:
    """One booked split; `entry` is its place in the book, `before` every lot that there was, slot by slot.

    `won`: what a unit of the currency was worth in won when a fraction was paid out, where it was known.
    """

    entry: int
    command: RescaleLots
    before: tuple[tuple[str, tuple[Lot, ...]], ...]
    at: datetime
    day: date
    won: Decimal | None = None

    @property
    def symbol(self) -> str:
        """Return whose lots they are."""
        return self.command.symbol

    @property
    def after(self) -> Rescaled:
        """Return what became of the lots."""
        return rescaled_lots(self.before, self.command.split, self.command.step)

    @property
    def paid_out(self) -> Decimal:
        """Return what a fraction of a share brought, in the quote currency."""
        fraction = self.after.fraction
        return ZERO if fraction is None else paid_for(fraction, self.command.price)

    @property
    def gained(self) -> Decimal:
        """Return by how many shares the position grew; below 0 in a reverse split."""
        before = sum((lot.qty for _, lots in self.before for lot in lots), ZERO)
        return sum((lot.qty for lots in self.after.lots.values() for lot in lots), ZERO) - before


def rescale_row(entry: int, command: RescaleLots, at: datetime, before: Book, day: date) -> dict[str, object]:
    """Return a split as its table holds it."""
    return {
        "entry": entry,
        "symbol": command.symbol,
        "new": command.split.new,
        "old": command.split.old,
        "step": command.step,
        "price": command.price,
        "lots": {"before": [[slot, [_written(lot) for lot in before.lots[slot]]] for slot in command.slots]},
        "at": at,
        "day": day,
        "won": None if before.rate is None else before.rate.rate,
    }


def rescale_of(row: Mapping[str, Any]) -> RescaleRecord:
    """Read a split."""
    before = tuple((slot, tuple(map(_read, lots))) for slot, lots in row["lots"]["before"])
    slots = tuple(slot for slot, _ in before)
    command = RescaleLots(row["symbol"], Split(row["new"], row["old"]), slots, row["step"], row["price"])
    return RescaleRecord(row["entry"], command, before, row["at"], row["day"], row["won"])


def _written(lot: Lot) -> list[str | None]:
    return [plain(lot.qty), plain(lot.price), plain(lot.fee), None if lot.won is None else plain(lot.won)]


def _read(row: list[str | None]) -> Lot:
    qty, price, fee, won = (None if text is None else Decimal(text) for text in row)
    return Lot(qty or ZERO, price or ZERO, fee or ZERO, won)
