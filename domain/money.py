"""An amount with its currency, what a currency is worth in won, and what a profit in it comes to in won."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING

from domain.clock import iso
from domain.exact import ZERO, plain

if TYPE_CHECKING:
    from datetime import datetime
    from decimal import Decimal

_OLD_AFTER = timedelta(hours=1)
_SATURDAY = 5


@dataclass(frozen=True, slots=True)
class Money:
    """An exact amount of one currency (`KRW`, `USD`, a coin)."""

    amount: Decimal
    currency: str

    def __add__(self, other: Money) -> Money:
        """Add two amounts; raises `ValueError` where the currencies differ."""
        return Money(self.amount + self._same(other), self.currency)

    def __sub__(self, other: Money) -> Money:
        """Subtract an amount; raises `ValueError` where the currencies differ."""
        return Money(self.amount - self._same(other), self.currency)

    def __neg__(self) -> Money:
        """Turn a gain into a loss."""
        return Money(-self.amount, self.currency)

    def __str__(self) -> str:
        """Show the amount in plain notation before its currency."""
        return f"{plain(self.amount)} {self.currency}"

    def _same(self, other: Money) -> Decimal:
        if other.currency != self.currency:
            message = f"{self.currency} and {other.currency} do not add up without a rate"
            raise ValueError(message)
        return other.amount


class RateCaution(StrEnum):
    """Why a rate is to be read with care."""

    OLD = "old"
    WEEKEND = "weekend"


@dataclass(frozen=True, slots=True)
class WonRate:
    """How many won one unit of a currency is worth; `source` names who says so, `at` when that was."""

    rate: Decimal
    at: datetime
    source: str

    def caution(self, at: datetime | None) -> RateCaution | None:
        """Return why to read it with care at a moment; None where it is of an hour before then, or later."""
        # From Saturday 9:00 to Monday 9:00 in Korea nobody sets a rate: what is told then is Friday's.
        if self.at.astimezone(UTC).weekday() >= _SATURDAY:
            return RateCaution.WEEKEND
        return RateCaution.OLD if at is not None and at - self.at > _OLD_AFTER else None

    def row(self) -> dict[str, str]:
        """Write it as JSON values: the rate in plain notation, the time in ISO UTC."""
        return {"rate": plain(self.rate), "at": iso(self.at), "source": self.source}


@dataclass(frozen=True, slots=True)
class WonEffects:
    """What a profit in another currency comes to in won, by what brought it about.

    `price`: the change of the price, at the rate of the purchase; `fx`: the change of the rate, on what was paid;
    `cross`: both changes together.
    """

    price: Decimal = ZERO
    fx: Decimal = ZERO
    cross: Decimal = ZERO

    @classmethod
    def of(cls, cost: Decimal, value: Decimal, bought_at: Decimal, now: Decimal) -> WonEffects:
        """Tell the effects apart of what cost so much at one rate and is worth so much at another."""
        gain, drift = value - cost, now - bought_at
        return cls(gain * bought_at, cost * drift, gain * drift)

    @property
    def total(self) -> Decimal:
        """Return the profit in won: what it is worth now at its rate, less what it cost at the rate of then."""
        return self.price + self.fx + self.cross

    def __add__(self, other: WonEffects) -> WonEffects:
        """Add two profits, effect by effect."""
        return WonEffects(self.price + other.price, self.fx + other.fx, self.cross + other.cross)

    def row(self) -> dict[str, str]:
        """Write them as JSON values: won in plain notation."""
        return {"price": plain(self.price), "fx": plain(self.fx), "cross": plain(self.cross), "sum": plain(self.total)}


@dataclass(frozen=True, slots=True)
class WonProfit:
    """The profit of a run in another currency, in won: of what was sold, and of what is held at the newest rate.

    Each is None where it is not known: there is no rate, or there was none when something of it was bought or sold.
    """

    rate: WonRate | None = None
    matched: WonEffects | None = None
    inventory: WonEffects | None = None

    @property
    def total(self) -> WonEffects | None:
        """Return both together; None where one of them is not known."""
        return None if self.matched is None or self.inventory is None else self.matched + self.inventory

    def row(self, at: datetime | None) -> dict[str, object]:
        """Write it as JSON values; `at` is the moment at which the rate is judged."""
        caution = None if self.rate is None else self.rate.caution(at)
        return {
            "rate": None if self.rate is None else self.rate.row(),
            "caution": None if caution is None else str(caution),
            "total": _row(self.total),
            "matched": _row(self.matched),
            "inventory": _row(self.inventory),
        }


def _row(effects: WonEffects | None) -> dict[str, str] | None:
    return None if effects is None else effects.row()
