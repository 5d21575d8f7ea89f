"""What the rows mean in the trade's own words, and how a day's roll-up grows."""

from __future__ import annotations

from dataclasses import dataclass, replace
from operator import itemgetter
from typing import TYPE_CHECKING, Any

from domain.book import Book, Lot
from domain.commands import AdoptLot, MoveLots
from domain.decision import Note
from domain.exact import ZERO
from domain.mark import Mark
from domain.money import WonEffects
from domain.order import Fill, IntentKey, Order
from domain.reason import Reason

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import date, datetime
    from decimal import Decimal

    from domain.instrument import Side

_MARK = itemgetter(*Mark.__slots__)


@dataclass(frozen=True, slots=True)
class OrderRecord:
    """An order with what the ledger knows beyond it; `accepted` stays true once the venue gave it an id."""

    order: Order
    created_at: datetime
    why: Reason | None = None
    accepted: bool = False
    fee: Decimal = ZERO
    sent_at: datetime | None = None
    closed_at: datetime | None = None

    def row(self) -> dict[str, object]:
        """Return the record as its table holds it."""
        order = self.order
        return {
            "seq": order.seq,
            "client_id": order.client_id,
            "intent_key": str(order.key),
            "symbol": order.symbol,
            "slot": order.cell,
            "epoch": order.key.epoch,
            "cycle": order.key.cycle,
            "attempt": order.key.attempt,
            "session": order.key.session,
            "side": order.side,
            "price": order.price,
            "qty": order.qty,
            "created_at": self.created_at,
            "why": self.why,
            **self.changes(),
        }

    def changes(self) -> dict[str, object]:
        """Return what may change in an order's life."""
        return {
            "state": self.order.state,
            "filled": self.order.filled,
            "venue_id": self.order.venue_id,
            "fee": self.fee,
            "accepted": self.accepted,
            "sent_at": self.sent_at,
            "closed_at": self.closed_at,
        }


@dataclass(frozen=True, slots=True)
class FillRecord:
    """One booked execution; `entry` is its place in the book, `day` the market's date.

    `earned` is what it added to the matched profit, in the quote currency: 0 for a buy, None where no one wrote it yet.
    `won`: what a unit of that currency was worth in won then, where it was known.
    """

    entry: int
    symbol: str
    slot: str
    side: Side
    order_seq: int
    fill: Fill
    day: date
    earned: Decimal | None = None
    won: Decimal | None = None


@dataclass(frozen=True, slots=True)
class CycleRecord:
    """One closed cycle: what a slot bought and sold between two times when it held nothing.

    `buys` are the purchases of what was sold, each with the quantity and the fee of its part in it, under the slot they
    were bought for; none where the lot was taken over. `cost` is what the sold lots cost, taken over or bought.
    """

    slot: str
    cycle: int
    buys: tuple[FillRecord, ...]
    sells: tuple[FillRecord, ...]
    cost: Decimal

    @property
    def earned(self) -> Decimal:
        """Return the matched profit of the whole cycle, in the quote currency."""
        return sum((sale.fill.notional - sale.fill.fee for sale in self.sells), ZERO) - self.cost


@dataclass(frozen=True, slots=True)
class AdjustmentRecord:
    """One booked move or adoption of lots; `entry` is its place in the book, `won` the rate of an adoption."""

    entry: int
    command: MoveLots | AdoptLot
    at: datetime
    day: date
    won: Decimal | None = None

    @property
    def symbol(self) -> str:
        """Return whose lots they are."""
        return self.command.symbol


@dataclass(frozen=True, slots=True)
class DayRecord:
    """What one day added, in the quote currency; position and cost as its last booking left them.

    `won_...`: what its sales brought in won, without the `unrated` ones, of which it is not known.
    """

    symbol: str
    day: date
    fills: int = 0
    buys: int = 0
    sells: int = 0
    cycles: int = 0
    fees: Decimal = ZERO
    matched: Decimal = ZERO
    cash_flow: Decimal = ZERO
    adopted_cost: Decimal = ZERO
    position: Decimal = ZERO
    cost: Decimal = ZERO
    won_price: Decimal = ZERO
    won_fx: Decimal = ZERO
    won_cross: Decimal = ZERO
    unrated: int = 0

    def added(self, before: Book, after: Book) -> DayRecord:
        """Add what one booking changed."""
        buys, sells = after.buys - before.buys, after.sells - before.sells
        return replace(
            self,
            fills=self.fills + buys + sells,
            buys=self.buys + buys,
            sells=self.sells + sells,
            cycles=self.cycles + after.cycles - before.cycles,
            fees=self.fees + after.fees - before.fees,
            matched=self.matched + after.matched - before.matched,
            cash_flow=self.cash_flow + after.cash_flow - before.cash_flow,
            adopted_cost=self.adopted_cost + after.adopted_cost - before.adopted_cost,
            won_price=self.won_price + after.won.price - before.won.price,
            won_fx=self.won_fx + after.won.fx - before.won.fx,
            won_cross=self.won_cross + after.won.cross - before.won.cross,
            unrated=self.unrated + after.unrated - before.unrated,
        )

    def left(self, book: Book) -> DayRecord:
        """Keep what the booking left in the book."""
        return replace(self, position=book.position, cost=book.cost)

    def row(self) -> dict[str, object]:
        """Return the record as its table holds it."""
        return {name: getattr(self, name) for name in DayRecord.__slots__}


@dataclass(frozen=True, slots=True)
class DecisionRecord:
    """One booked decision or refusal."""

    id: int
    at: datetime
    symbol: str
    note: Note
    order_seq: int | None


@dataclass(frozen=True, slots=True)
class FillSum:
    """All executions of one order together."""

    fills: int = 0
    qty: Decimal = ZERO
    notional: Decimal = ZERO
    fee: Decimal = ZERO

    def added(self, fill: Fill) -> FillSum:
        """Add one execution."""
        return FillSum(self.fills + 1, self.qty + fill.qty, self.notional + fill.notional, self.fee + fill.fee)


def order_of(row: Mapping[str, Any]) -> OrderRecord:
    """Read an order."""
    key = IntentKey(row["epoch"], row["slot"], row["side"], row["cycle"], row["attempt"], row["session"])
    order = Order(
        seq=row["seq"],
        client_id=row["client_id"],
        key=key,
        symbol=row["symbol"],
        side=row["side"],
        price=row["price"],
        qty=row["qty"],
        state=row["state"],
        filled=row["filled"],
        venue_id=row["venue_id"],
    )
    return OrderRecord(
        order, row["created_at"], row["why"], row["accepted"], row["fee"], row["sent_at"], row["closed_at"]
    )


def fill_of(row: Mapping[str, Any]) -> FillRecord:
    """Read an execution."""
    fill = Fill(row["fill_id"], row["price"], row["qty"], row["fee"], row["at"])
    return FillRecord(
        entry=row["entry"],
        symbol=row["symbol"],
        slot=row["slot"],
        side=row["side"],
        order_seq=row["order_seq"],
        fill=fill,
        day=row["day"],
        earned=row["earned"],
        won=row["won"],
    )


def adjustment_of(row: Mapping[str, Any]) -> AdjustmentRecord:
    """Read a move or an adoption."""
    command: MoveLots | AdoptLot
    if row["to_slot"] is None:
        command = AdoptLot(row["symbol"], row["slot"], row["qty"], row["price"])
    else:
        command = MoveLots(row["symbol"], row["slot"], row["to_slot"], row["qty"], row["closes_cycle"])
    return AdjustmentRecord(row["entry"], command, row["at"], row["day"], row["won"])


def decision_of(row: Mapping[str, Any]) -> DecisionRecord:
    """Read a decision."""
    note = Note(row["slot"], Reason(row["code"], row["figures"]), row["weight"])
    return DecisionRecord(row["id"], row["at"], row["symbol"], note, row["order_seq"])


def mark_of(row: Mapping[str, Any]) -> Mark:
    """Read a bucket."""
    return Mark(*_MARK(row))


def lots_of(rows: Iterable[Mapping[str, Any]]) -> dict[str, tuple[Lot, ...]]:
    """Read the lots of one symbol, ordered by slot and number."""
    held: dict[str, tuple[Lot, ...]] = {}
    for row in rows:
        lot = Lot(row["qty"], row["price"], row["fee"], row["won"])
        held[row["slot"]] = (*held.get(row["slot"], ()), lot)
    return held


def book_of(
    added: Sequence[Mapping[str, Decimal]], counted: Mapping[str, int], lots: Mapping[str, tuple[Lot, ...]]
) -> Book:
    """Make the book from what each of its days added, from what was counted in all of them, and from its lots."""
    return Book(
        lots=lots,
        cash_flow=sum((day["cash_flow"] for day in added), ZERO),
        fees=sum((day["fees"] for day in added), ZERO),
        matched=sum((day["matched"] for day in added), ZERO),
        adopted_cost=sum((day["adopted_cost"] for day in added), ZERO),
        buys=counted["buys"],
        sells=counted["sells"],
        cycles=counted["cycles"],
        won=WonEffects(
            price=sum((day["won_price"] for day in added), ZERO),
            fx=sum((day["won_fx"] for day in added), ZERO),
            cross=sum((day["won_cross"] for day in added), ZERO),
        ),
        unrated=counted["unrated"],
    )
