"""The main thread: one event at a time, one commit for all its rows, then what is wished for goes to the desk."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from bot import risk
from bot.engine import FillBooked, OrderChanged
from bot.memory import changed_rows
from domain.commands import CancelOrder, MoveLots
from domain.decision import Weight
from domain.events import CancelFailed, FillReported, OrderAccepted, OrderEnded, OutcomeLost
from reports.figures import RUN

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from contextlib import AbstractContextManager
    from datetime import date, datetime

    from bot.engine import Booking, Engine, EngineState, Step
    from bot.inbox import Inbox
    from bot.orders import OrderDesk
    from bot.risk import Limits
    from domain.book import Book
    from domain.commands import AdoptLot, PlaceOrder
    from domain.decision import Note
    from domain.events import Event
    from domain.instrument import Instrument
    from domain.order import Fill, Order
    from domain.reason import Reason


class Page(Protocol):
    """One durable commit in the making."""

    def order(self, order: Order, at: datetime, why: Reason | None = None) -> None:
        """Write an order as it is now."""
        ...

    def fill(self, order: Order, fill: Fill, before: Book, after: Book, day: date) -> None:
        """Write an execution, its day's roll-up and the lots it changed."""
        ...

    def move(self, command: MoveLots, at: datetime, before: Book, after: Book, day: date) -> None:
        """Write lots that changed their slot."""
        ...

    def adopt(self, command: AdoptLot, at: datetime, before: Book, after: Book, day: date) -> None:
        """Write lots that were taken over."""
        ...

    def decision(self, at: datetime, symbol: str, note: Note, order_seq: int | None = None) -> None:
        """Write why something was done or not done."""
        ...

    def state(self, name: str, body: Mapping[str, object] | None) -> None:
        """Write, or remove, a row of remembered state."""
        ...


class Orders(Protocol):
    """Knows every order there ever was."""

    def order(self, client_id: str) -> Order | None:
        """Return an order, closed or not, as it was last written."""
        ...


class Ledger(Protocol):
    """The part of the ledger that the loop needs."""

    @property
    def reader(self) -> Orders:
        """Return the read side."""
        ...

    def commit(self) -> AbstractContextManager[Page]:
        """Open one durable commit."""
        ...

    def has_fill(self, symbol: str, fill_id: str) -> bool:
        """Whether an execution is booked already."""
        ...


@dataclass(slots=True)
class Loop:
    """Owns the state; nobody else changes it.

    `tell` hears every warning that is booked; `run_row` describes the run itself, for reports from the ledger alone.
    """

    engine: Engine
    state: EngineState
    desk: OrderDesk
    ledger: Ledger
    inbox: Inbox
    limits: Limits
    instruments: Mapping[str, Instrument]
    day_of: Callable[[datetime], date]
    tell: Callable[[Note], None]
    run_row: Callable[[], Mapping[str, object]]
    _saved: EngineState | None = field(default=None)

    def run(self, stopped: Callable[[], bool], *, patience_s: int = 1) -> None:
        """Take events until asked to stop; looks up at least every `patience_s` seconds."""
        while not stopped():
            event = self.inbox.take(patience_s)
            if event is not None:
                self.handle(event)

    def drain(self) -> None:
        """Take all events that are waiting, and those they bring about."""
        while (event := self.inbox.take()) is not None:
            self.handle(event)

    def handle(self, event: Event) -> None:
        """Book one event and send what it leads to; raises `GridRefused` where a grid cannot begin."""
        if not self._is_news(event):
            return
        with self.ledger.commit() as page:
            step = self.engine.step(self.state, event)
            self._book(page, step, event.at)
            changed = self._remember(page)
            if changed or step.bookings or step.notes:
                page.state(RUN, self.run_row())
        self._saved = self.state
        self.state = self.desk.dispatch(self.state)

    def _is_news(self, event: Event) -> bool:
        """Whether an order's news is told for the first time: a venue may report it twice, by more ways than one."""
        if not isinstance(event, OrderAccepted | OrderEnded | OutcomeLost | CancelFailed | FillReported):
            return True
        order = self.state.orders.get(event.client_id)
        if order is None:
            order = self.ledger.reader.order(event.client_id)
            if order is None:
                # Of an order that nobody wrote the engine must hear, and refuse it.
                return True
            return self._is_news_of_closed(event, order)
        if not isinstance(event, FillReported):
            return True
        return not self.ledger.has_fill(order.symbol, event.fill.fill_id)

    def _is_news_of_closed(self, event: Event, order: Order) -> bool:
        """Take a closed order back in where something new is told of it: a fill, or an id that came after the end."""
        late_fill = isinstance(event, FillReported) and not self.ledger.has_fill(order.symbol, event.fill.fill_id)
        late_id = isinstance(event, OrderAccepted) and order.venue_id is None
        if late_fill or late_id:
            self.state = self.state.recalling(order)
        return late_fill or late_id

    def _book(self, page: Page, step: Step, at: datetime) -> None:
        self.state = step.state
        for booking in step.bookings:
            self._write(page, booking, at)
        for symbol, note in step.notes:
            page.decision(at, symbol, note)
            if note.weight is Weight.WARNING:
                self.tell(note)
        for wish in step.wishes:
            if isinstance(wish, CancelOrder):
                self.state = self.desk.take_back(self.state, wish, page)
            else:
                self._weigh(page, wish, at)

    def _weigh(self, page: Page, wish: PlaceOrder, at: datetime) -> None:
        refusal = risk.judge(self.state, wish, self.limits, self.instruments[wish.symbol])
        if refusal is None:
            self.state = self.desk.intend(self.engine, self.state, wish, page)
        else:
            self._book(page, self.engine.deny(self.state, wish, refusal, at), at)

    def _write(self, page: Page, booking: Booking, at: datetime) -> None:
        if isinstance(booking, OrderChanged):
            page.order(booking.order, at, booking.why)
            return
        day = self.day_of(at)
        if isinstance(booking, FillBooked):
            page.fill(booking.order, booking.fill, booking.before, booking.after, day)
            page.order(booking.order, at)
        elif isinstance(booking.command, MoveLots):
            page.move(booking.command, at, booking.before, booking.after, day)
        else:
            page.adopt(booking.command, at, booking.before, booking.after, day)

    def _remember(self, page: Page) -> bool:
        changed = False
        for symbol, after in self.state.strategies.items():
            before = None if self._saved is None else self._saved.strategies[symbol]
            for name, body in changed_rows(symbol, before, after):
                page.state(name, body)
                changed = True
        return changed
