"""What a split makes of a book: whole new shares in every slot, the cost kept to the last unit, a fraction paid out."""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import ROUND_DOWN, Decimal
from typing import TYPE_CHECKING

from domain.book import Lot
from domain.exact import ZERO, portion

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from domain.book import Book
    from domain.split import Split


_CENT = Decimal("0.01")


@dataclass(frozen=True, slots=True)
class _Piece:
    """A part of a lot, counted in units of which `split.old` are one new step; what it cost stays in two parts."""

    units: Decimal
    paid: Decimal
    fee: Decimal
    won: Decimal | None

    @property
    def cost(self) -> Decimal:
        return self.paid + self.fee

    def parted(self, units: Decimal) -> tuple[_Piece, _Piece]:
        """Take units off; the two parts cost exactly what the whole did."""
        paid, fee = portion(self.paid, units, self.units), portion(self.fee, units, self.units)
        first = _Piece(units, paid, fee, self.won)
        return first, _Piece(self.units - units, self.paid - paid, self.fee - fee, self.won)


@dataclass(frozen=True, slots=True)
class Rescaled:
    """The new lots of each slot, and the fraction of a share that no slot can hold; its `qty` is below one step."""

    lots: Mapping[str, tuple[Lot, ...]]
    fraction: Lot | None = None


def rescaled(book: Book, split: Split, slots: Sequence[str], step: Decimal, price: Decimal) -> Book:
    """Return the book in new shares; what is left of a share is booked as paid out at a price of the new ones.

    `slots` are those that hold something, in the order in which fractions are handed on.
    """
    made = rescaled_lots([(slot, book.lots[slot]) for slot in slots], split, step)
    if made.fraction is None:
        return replace(book, lots=made.lots)
    paid_out = paid_for(made.fraction, price)
    effects = None if book.rate is None else made.fraction.in_won(paid_out, book.rate.rate)
    return replace(
        book,
        lots=made.lots,
        cash_flow=book.cash_flow + paid_out,
        matched=book.matched + paid_out - made.fraction.cost,
        won=book.won if effects is None else book.won + effects,
        unrated=book.unrated + (effects is None),
    )


def paid_for(fraction: Lot, price: Decimal) -> Decimal:
    """Return what a fraction of a share brings: whole cents, as brokers pay it."""
    return (fraction.qty * price).quantize(_CENT, ROUND_DOWN)


def rescaled_lots(held: Iterable[tuple[str, tuple[Lot, ...]]], split: Split, step: Decimal) -> Rescaled:
    """Turn the lots of each slot into whole steps; what is left over goes to the next slot, in the end to nobody."""
    whole = Decimal(split.old)
    lots: dict[str, tuple[Lot, ...]] = {}
    over: list[_Piece] = []
    for slot, olds in held:
        pieces = [*over, *(_Piece(lot.qty / step * split.new, lot.qty * lot.price, lot.fee, lot.won) for lot in olds)]
        units = sum((piece.units for piece in pieces), ZERO)
        kept, over = _taken(pieces, units // whole * whole)
        if kept:
            lots[slot] = tuple(_lots_of(kept, whole, step))
    return Rescaled(lots, _lot(over, whole, step) if over else None)


def _taken(pieces: Iterable[_Piece], units: Decimal) -> tuple[list[_Piece], list[_Piece]]:
    """Take units off the oldest pieces; returns them and the rest."""
    taken: list[_Piece] = []
    rest: list[_Piece] = []
    for piece in pieces:
        if piece.units <= units:
            taken.append(piece)
        elif units:
            first, left = piece.parted(units)
            taken.append(first)
            rest.append(left)
        else:
            rest.append(piece)
        units -= min(units, piece.units)
    return taken, rest


def _lots_of(pieces: Iterable[_Piece], whole: Decimal, step: Decimal) -> Iterator[Lot]:
    """Yield a lot as often as the pieces make whole steps: a lot that stays whole by itself stays one of its own."""
    together: list[_Piece] = []
    for piece in pieces:
        together.append(piece)
        if not sum((each.units for each in together), ZERO) % whole:
            yield _lot(together, whole, step)
            together = []


def _lot(pieces: Sequence[_Piece], whole: Decimal, step: Decimal) -> Lot:
    """Make one lot; what its price loses by rounding stands in its fee, so that it costs exactly what it did."""
    units = sum((piece.units for piece in pieces), ZERO)
    qty = portion(units, step, whole)
    cost = sum((piece.cost for piece in pieces), ZERO)
    price = portion(sum((piece.paid for piece in pieces), ZERO), whole, units * step)
    return Lot(qty, price, cost - qty * price, _won(pieces, cost))


def _won(pieces: Sequence[_Piece], cost: Decimal) -> Decimal | None:
    """Return the rate at which all of it would have cost the same in won; None where one is not known."""
    sums = ZERO
    for piece in pieces:
        if piece.won is None:
            return None
        sums += piece.cost * piece.won
    first = pieces[0].won
    return first if all(piece.won == first for piece in pieces) or not cost else portion(sums, Decimal(1), cost)
