"""What a company does to its share: it splits it, puts several together, or gives it another name."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from decimal import ROUND_DOWN, Decimal
from typing import TYPE_CHECKING, Any

from domain.clock import iso
from domain.exact import ZERO, plain
from simulator.kis.rules import TICKS
from simulator.purses import OUTSIDE

if TYPE_CHECKING:
    from simulator.market import Print
    from simulator.purses import Purses
    from simulator.tape import Span
    from simulator.venue import Trading

_AVERAGE_UNIT = Decimal("1e-8")
_CENT = Decimal("0.01")


@dataclass(frozen=True, slots=True)
class Split:
    """So many new shares for so many old ones, behind so many prints of the market and on command."""

    behind: int
    commanded: int
    at: datetime
    numerator: int
    denominator: int

    def price(self, price: Decimal) -> Decimal:
        """Return a price of old shares in new ones, on the ladder."""
        exact = price * self.denominator / self.numerator
        return max(TICKS.down(exact), TICKS.at(exact))

    def shares(self, qty: Decimal) -> Decimal:
        """Return old shares in new ones, whole."""
        return qty * self.numerator // self.denominator

    def change(self, printed: Print) -> Print:
        """Return a trade of old shares as one of new ones."""
        return replace(printed, price=self.price(printed.price), volume=self.shares(printed.volume))

    def change_span(self, span: Span) -> None:
        """Rewrite what was traded in old shares; the money is what it was."""
        span.open, span.high, span.low, span.close = map(self.price, (span.open, span.high, span.low, span.close))
        span.volume = self.shares(span.volume)

    def row(self) -> dict[str, Any]:
        """Return it as it is saved."""
        return {
            "behind": self.behind,
            "commanded": self.commanded,
            "at": iso(self.at),
            "numerator": self.numerator,
            "denominator": self.denominator,
        }


def split_from(row: dict[str, Any]) -> Split:
    """Read a split back."""
    return Split(**(row | {"at": datetime.fromisoformat(row["at"])}))


@dataclass(frozen=True, slots=True)
class Rename:
    """A share that was called `old` while the first `orders` orders were placed."""

    orders: int
    at: datetime
    old: str

    def row(self) -> dict[str, Any]:
        """Return it as it is saved."""
        return {"orders": self.orders, "at": iso(self.at), "old": self.old}


def rename_from(row: dict[str, Any]) -> Rename:
    """Read a rename back."""
    return Rename(**(row | {"at": datetime.fromisoformat(row["at"])}))


def split_holding(purses: Purses, owner: str, trading: Trading, split: Split, last: Decimal) -> Decimal:
    """Turn the shares of a customer into new ones; returns what is paid for the fraction, at a price of new shares.

    Nothing may be locked. What came in from nowhere is told in new shares, and the world outside holds the rest.
    """
    base, quote = trading.base, trading.quote
    purse = purses.of(owner, base)
    old = purse.free
    new = split.shares(old)
    exact = old * split.numerator / split.denominator
    paid = ((exact - new) * last).quantize(_CENT, ROUND_DOWN)
    if old:
        purses.add(owner, base, new - old)
        average = purse.average * split.denominator / split.numerator if new else ZERO
        purses.set_average(owner, base, average.quantize(_AVERAGE_UNIT))
    came_in = purses.deposited.get(base, ZERO)
    purses.deposited[base] = split.shares(came_in)
    purses.add(OUTSIDE, base, purses.deposited[base] - new - purses.of(OUTSIDE, base).free)
    purses.add(owner, quote, paid)
    purses.add(OUTSIDE, quote, -paid)
    return paid


def rename_shares(purses: Purses, old: str, new: str) -> None:
    """Call all shares by another name."""
    for owner, currency in list(purses.by_owner):
        if currency == old:
            purses.by_owner[owner, new] = purses.by_owner.pop((owner, old))
    if old in purses.deposited:
        purses.deposited[new] = purses.deposited.pop(old)


def told(splits: list[Split], renames: list[Rename], paid: Decimal) -> dict[str, Any]:
    """Show the judge what has happened to the share; `paid` is the money for fractions."""
    return {
        "splits": [split.row() for split in splits],
        "renames": [rename.row() for rename in renames],
        "paid_for_fractions": plain(paid),
    }
