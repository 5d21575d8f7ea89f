"""What the bot's tests are built from: a coin, a strategy that does as it is told, a loop on a watched ledger."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, Self

from bot.clock import PlaybackClock
from bot.engine import Engine
from bot.gate import Caps, OrderGate
from bot.inbox import Inbox
from bot.loop import Loop
from bot.orders import OrderDesk
from bot.risk import Limits
from domain.commands import AdoptLot, CancelOrder, Command, MoveLots, PlaceOrder, RescaleLots
from domain.decision import Decision, Note
from domain.errors import ExitCode, SetupError
from domain.events import (
    CancelFailed,
    Dial,
    FillReported,
    OrderAccepted,
    OrderEnded,
    OrderShown,
    OutcomeLost,
    OwnerAsked,
    OwnerWish,
    QuoteReceived,
    StrategyEvent,
    TermsRead,
    TrustLost,
)
from domain.exact import ZERO
from domain.instrument import Fees, Instrument, Side, TickTable
from domain.market import Quote
from domain.order import Fill, IntentKey, Order, OrderState
from domain.reason import Reason, reason
from domain.rescale import rescaled
from domain.snapshot import Mode
from domain.venue import VenueOrder
from ledger.opening import Identity, open_ledger
from ledger.page import Page
from ledger.places import SqlitePlace
from ledger.reader import Reader
from strategy.base import Strategy
from strategy.grid.state import GridState

NOON = datetime(2025, 1, 2, 12, tzinfo=UTC)
SYMBOL = "KRW-BTC"
IDENTITY = Identity("bithumb_bot", Mode.DRY_RUN, "BITHUMB")
FEE_RATE = Decimal("0.0025")
COIN = Instrument(
    SYMBOL,
    "BTC",
    "KRW",
    TickTable(((ZERO, Decimal(1)), (Decimal(10000), Decimal(10)))),
    Decimal("0.01"),
    Decimal(5000),
    Fees(FEE_RATE, FEE_RATE),
)
WHY = reason("wanted")

Answer = Callable[[StrategyEvent], Sequence[Command]]


def order_of(
    seq: int = 1,
    *,
    side: Side = Side.BUY,
    price: str = "9000",
    qty: str = "1",
    cell: str = "1.0",
    state: OrderState = OrderState.PENDING,
    filled: str = "0",
) -> Order:
    key = IntentKey(1, cell, side, 0, 1)
    return Order(seq, f"bptest-{seq}", key, SYMBOL, side, Decimal(price), Decimal(qty), state, Decimal(filled))


def wish(slot: str = "1.0", side: Side = Side.BUY, price: str = "9000", qty: str = "1") -> PlaceOrder:
    return PlaceOrder(SYMBOL, slot, side, Decimal(price), Decimal(qty), 1, 0, WHY)


def take_back(slot: str = "1.0") -> CancelOrder:
    return CancelOrder(SYMBOL, slot, reason("not_wanted"))


def adopt(slot: str = "1.0", qty: str = "1", price: str = "9000") -> AdoptLot:
    return AdoptLot(SYMBOL, slot, Decimal(qty), Decimal(price))


def quote(price: str = "9500", at: datetime = NOON) -> QuoteReceived:
    return QuoteReceived(Quote(SYMBOL, Decimal(price), at), at)


def accepted(order: Order | str) -> OrderAccepted:
    name = _name(order)
    return OrderAccepted(name, f"v-{name}", NOON)


def filled(order: Order | str, qty: str = "1", price: str = "9000", fill_id: str = "t1") -> FillReported:
    amount = Decimal(qty) * Decimal(price)
    return FillReported(_name(order), Fill(fill_id, Decimal(price), Decimal(qty), amount * FEE_RATE, NOON), NOON)


def ended(
    order: Order | str, state: OrderState = OrderState.CANCELED, code: str = "told_so", *, retry_after_s: int = 0
) -> OrderEnded:
    return OrderEnded(_name(order), state, reason(code), NOON, retry_after_s)


def lost(order: Order | str) -> OutcomeLost:
    return OutcomeLost(_name(order), reason("answer_lost"), NOON)


def cancel_failed(order: Order | str, *, retry_after_s: int = 0) -> CancelFailed:
    return CancelFailed(_name(order), reason("venue_not_reached"), NOON, retry_after_s)


def shown(name: str | None, at: datetime = NOON) -> OrderShown:
    """The venue shows an order under this id of ours, at rest."""
    one, none = Decimal(1), ZERO
    order = VenueOrder(f"v-{name}", name, SYMBOL, Side.BUY, Decimal(9000), one, none, none, OrderState.OPEN, NOON)
    return OrderShown(order, at)


def distrusted(code: str = "books_differ") -> TrustLost:
    return TrustLost(reason(code), NOON)


def resumed() -> OwnerAsked:
    return OwnerAsked(SYMBOL, OwnerWish.RESUME, NOON)


def terms(instrument: Instrument, hold: Reason | None = None) -> TermsRead:
    return TermsRead(instrument, hold, NOON)


def _name(order: Order | str) -> str:
    return order if isinstance(order, str) else order.client_id


def silent(event: StrategyEvent) -> Sequence[Command]:
    """Ask for nothing."""
    del event
    return ()


class Script:
    """A strategy that answers as the test says, and remembers what it heard."""

    def __init__(self, answer: Answer = silent, symbol: str = SYMBOL) -> None:
        self.symbol = symbol
        self.answer = answer
        self.heard: list[StrategyEvent] = []
        self.instrument = COIN
        self.dials: dict[Dial, Decimal] = {}

    def with_instrument(self, instrument: Instrument) -> Self:
        self.instrument = instrument
        return self

    def turned(self, state: GridState, dial: Dial, value: Decimal, order_max: Decimal | None) -> Self:
        self.dials[dial] = value
        return self

    def begin(self) -> GridState:
        return GridState()

    def decide(self, state: GridState, event: StrategyEvent) -> Decision[GridState]:
        self.heard.append(event)
        commands = tuple(self.answer(event))
        book = state.book
        for command in commands:
            if isinstance(command, AdoptLot):
                book = book.adopted(command.slot, command.qty, command.price)
            elif isinstance(command, MoveLots):
                book = book.moved(command.slot, command.to, command.qty, closes_cycle=command.closes_cycle)
            elif isinstance(command, RescaleLots):
                book = rescaled(book, command.split, command.slots, command.step, command.price)
        return Decision(replace(state, book=book), commands)


def on_quotes(*answers: Sequence[Command]) -> Answer:
    """Answer one price after the other, and nothing else."""
    left = list(answers)

    def answer(event: StrategyEvent) -> Sequence[Command]:
        return left.pop(0) if left and isinstance(event, QuoteReceived) else ()

    return answer


class NotedWorker:
    """Stands before a venue that never answers; notes what it is handed, and what was durable at that moment."""

    def __init__(self, log: list[str], reader: Reader) -> None:
        self.idle = True
        self.takes_one = False
        self.placed: list[Order] = []
        self.canceled: list[Order] = []
        self._log = log
        self._reader = reader

    def place(self, order: Order) -> None:
        self._log.append(f"place {order.cell}")
        assert self._reader.order(order.client_id) == order
        self.placed.append(order)
        self.idle = not self.takes_one

    def cancel(self, order: Order) -> None:
        self._log.append(f"cancel {order.cell}")
        assert self._reader.order(order.client_id) == order
        self.canceled.append(order)


class NotedGate:
    """Notes that it was asked."""

    def __init__(self, gate: OrderGate, log: list[str]) -> None:
        self.gate = gate
        self._log = log

    def check(self, order: Order) -> Reason | None:
        refusal = self.gate.check(order)
        self._log.append(f"gate {order.cell}" + (f" {refusal.code}" if refusal else ""))
        return refusal


class NotedLedger:
    """The real ledger; after every commit it notes which steps of orders are now on the disk."""

    def __init__(self, folder: Path, log: list[str]) -> None:
        self.ledger = open_ledger(SqlitePlace(folder), IDENTITY, create=True, clock=PlaybackClock(NOON))
        self.reader = self.ledger.reader
        self.next_order_seq = self.ledger.next_order_seq
        self.has_fill = self.ledger.has_fill
        self.commits_left = 1000
        self._log = log
        self._steps = 0

    @contextmanager
    def commit(self) -> Iterator[Page]:
        with self.ledger.commit() as page:
            yield page
            self.commits_left -= 1
            if self.commits_left < 0:
                raise SetupError(ExitCode.DISK, reason("disk_full"))
        for row in self.reader.each_transition():
            if row["id"] > self._steps:
                self._steps = row["id"]
                record = self.reader.record(row["order_seq"])
                self._log.append(f"commit {row['state']} {record.order.cell if record else '?'}")


class Rig:
    """A loop with everything real but strategy and venue; `log` is what happened, in its order."""

    def __init__(
        self,
        folder: Path,
        strategy: Strategy[Any],
        *,
        caps: Caps | None = None,
        limits: Limits | None = None,
    ) -> None:
        self.log: list[str] = []
        self.told: list[Note] = []
        self.clock = PlaybackClock(NOON)
        self.ledger = NotedLedger(folder, self.log)
        self.reader = self.ledger.reader
        self.inbox = Inbox()
        self.worker = NotedWorker(self.log, self.reader)
        instruments = {SYMBOL: COIN}
        self.gate = OrderGate(self.ledger.ledger.present, instruments, caps or Caps(), self.clock)
        noted_gate = NotedGate(self.gate, self.log)
        self.desk = OrderDesk(self.ledger, noted_gate, self.worker, "bptest", self.clock, self.inbox.put)
        engine = Engine({SYMBOL: strategy})
        self.loop = Loop(
            engine=engine,
            state=engine.begin(),
            desk=self.desk,
            ledger=self.ledger,
            inbox=self.inbox,
            limits=limits or Limits(),
            instruments=instruments,
            day_of=lambda at: at.date(),
            tell=self.told.append,
            run_row=lambda _: {},
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.ledger.ledger.close()

    def hear(self, *events: Any) -> None:  # noqa: ANN401 - any event of the bot
        """Handle events, and what they bring about."""
        for event in events:
            self.loop.handle(event)
            self.loop.drain()

    def rest(self, seq: int = 1) -> Order:
        """Let the venue take an order that was placed."""
        self.hear(accepted(f"bptest-{seq}"))
        return self.order(seq)

    def order(self, seq: int = 1) -> Order:
        """Return an order as the disk has it."""
        record = self.reader.record(seq)
        assert record is not None
        return record.order

    def codes(self) -> list[str]:
        """Return the booked decisions, oldest first."""
        return [decision.note.why.code for decision in self.reader.each_decision()]
