"""The main thread: one event at a time, one commit for all its rows, then what is wished for goes to the desk."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from bot import risk
from bot.audience import Nobody
from bot.engine import FillBooked, OrderChanged
from bot.gate import SAFE
from bot.memory import blocked_row, changed_rows, dial_name, dial_row, safe_row
from domain.commands import CancelOrder
from domain.decision import Weight
from domain.errors import BotError, GridRefused
from domain.events import (
    CancelFailed,
    ConcernRaised,
    DialTurned,
    FillReported,
    OrderAccepted,
    OrderEnded,
    OrderFrozen,
    OrderShown,
    OrdersSeen,
    OutcomeLost,
    RateRead,
    TermsRead,
    TimerFired,
    TrustLost,
    VenueAway,
    WorkerDied,
)
from domain.order import WITH_VENUE, OrderState
from domain.reason import reason
from reports.figures import RUN

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, MutableMapping
    from contextlib import AbstractContextManager
    from datetime import date, datetime

    from bot.audience import Faces
    from bot.engine import Booking, Engine, EngineState, Step
    from bot.inbox import Inbox
    from bot.marks import Marks
    from bot.orders import OrderDesk
    from bot.risk import Limits
    from domain.book import Book
    from domain.commands import AdoptLot, MoveLots, PlaceOrder, RescaleLots
    from domain.decision import Note
    from domain.events import Event
    from domain.instrument import Instrument
    from domain.mark import Mark
    from domain.order import Fill, Order
    from domain.reason import Reason


BLOCKED = "blocked"
"""The row that says until when the venue must not be called."""

NOT_IN_LEDGER = "order_not_in_ledger"
"""The code of what is doubted while the venue shows an order under our name that nobody here wrote."""
LINES_LAID = "lines_laid"
"""The code of what a grid notes when it has laid its lines: whatever dials were turned are carried out."""

_OrderNews = OrderAccepted | OrderEnded | OutcomeLost | OrderFrozen | CancelFailed | FillReported


def _nothing(event: Event) -> Iterable[Event]:
    del event
    return ()


class PartEnded(BotError):
    """A thread of ours ended by an error."""


class Page(Protocol):
    """One durable commit in the making."""

    def order(self, order: Order, at: datetime, why: Reason | None = None) -> None:
        """Write an order as it is now."""
        ...

    def fill(self, order: Order, fill: Fill, before: Book, after: Book, day: date) -> None:
        """Write an execution, its day's roll-up and the lots it changed."""
        ...

    def adjust(
        self, command: MoveLots | AdoptLot | RescaleLots, at: datetime, before: Book, after: Book, day: date
    ) -> None:
        """Write lots that changed their slot, were taken over, or were split."""
        ...

    def decision(self, at: datetime, symbol: str, note: Note, order_seq: int | None = None) -> None:
        """Write why something was done or not done."""
        ...

    def state(self, name: str, body: Mapping[str, object] | None) -> None:
        """Write, or remove, a row of remembered state."""
        ...

    def mark(self, symbol: str, mark: Mark) -> None:
        """Write a bucket of prices, in the place of the one that is stored for its time."""
        ...

    def forget_marks(self, symbol: str, step_s: int, before: datetime) -> None:
        """Remove the stored buckets of a step that began before a moment."""
        ...


class Books(Protocol):
    """Knows every order there ever was, and what is remembered."""

    def order(self, client_id: str) -> Order | None:
        """Return an order, closed or not, as it was last written."""
        ...

    def state(self, name: str) -> dict[str, Any] | None:
        """Return a row of remembered state."""
        ...


class Ledger(Protocol):
    """The part of the ledger that the loop needs."""

    @property
    def reader(self) -> Books:
        """Return the read side."""
        ...

    def commit(self) -> AbstractContextManager[Page]:
        """Open one durable commit."""
        ...

    def has_fill(self, symbol: str, fill_id: str) -> bool:
        """Whether an execution is booked already."""
        ...


@dataclass(frozen=True, slots=True)
class Undo:
    """The engine from before dials were turned that are not carried out yet, and the rows that were kept of them."""

    engine: Engine
    rows: Mapping[str, Mapping[str, Any] | None]


@dataclass(slots=True)
class Loop:
    """Owns the state; nobody else changes it.

    `tell` hears every warning that is booked, `watch` every fill, `faces` all there is; `run_row` describes the run
    itself, and `marks` gathers prices and book over time, for reports from the ledger alone. `undo` is there while a
    dial is turned and not carried out.
    """

    engine: Engine
    state: EngineState
    desk: OrderDesk
    ledger: Ledger
    inbox: Inbox
    limits: Limits
    instruments: MutableMapping[str, Instrument]
    day_of: Callable[[datetime], date]
    tell: Callable[[Note], None]
    run_row: Callable[[EngineState], Mapping[str, object]]
    watch: Callable[[FillBooked], None] = lambda _: None
    faces: Faces = field(default_factory=Nobody)
    marks: Marks | None = None
    undo: Undo | None = None
    _unsaid: list[FillBooked | Note] = field(default_factory=list, init=False)
    _saved: EngineState | None = field(default=None, init=False)
    _apart: dict[tuple[str, str], FillReported | OrderAccepted] = field(default_factory=dict, init=False)

    def run(
        self, stopped: Callable[[], bool], *, before: Callable[[Event], Iterable[Event]] = _nothing, patience_s: int = 1
    ) -> None:
        """Take events until asked to stop; looks up at least every `patience_s` seconds.

        `before` tells what goes before an event: on paper, what a price brought about. Raises `PartEnded` when one of
        our threads has ended by an error.
        """
        while not stopped():
            event = self.inbox.take(patience_s)
            if event is None:
                self.wake()
                continue
            for each in (*before(event), event):
                self.handle(each)
            if isinstance(event, WorkerDied):
                # Half a bot must not go on; the next start asks the venue what became of its orders.
                raise PartEnded(f"{event.name}: {event.error}")

    def wake(self) -> None:
        """Send what had to wait and need not wait any longer."""
        self.state = self.desk.dispatch(self.state)
        self.faces.stand(self.state)

    def drain(self) -> None:
        """Take all events that are waiting, and those they bring about."""
        while (event := self.inbox.take()) is not None:
            self.handle(event)

    def handle(self, event: Event) -> None:
        """Book one event and send what it leads to; raises `GridRefused` where a grid cannot begin."""
        news = self._news(event)
        if news is None:
            return
        self.desk.hear(self.state, news)
        if isinstance(news, DialTurned) and (refused := self._turned(news)):
            for why in refused:
                self.handle(ConcernRaised(why, news.at))
            return
        if isinstance(news, TermsRead):
            self.instruments[news.symbol] = news.instrument
            self.engine = self.engine.renewed(news.instrument)
        self._unsaid.clear()
        with self.ledger.commit() as page:
            step = self._step(page, news)
            self._book(page, step, news.at)
            if isinstance(news, VenueAway) and news.blocked_until is not None:
                page.state(BLOCKED, blocked_row(news.blocked_until))
            if isinstance(news, DialTurned):
                page.state(dial_name(news.symbol, news.dial), dial_row(news))
            changed = self._remember(page)
            is_due = isinstance(news, TimerFired | RateRead) or self._mark(page, news)
            if changed or step.bookings or step.notes or is_due:
                page.state(RUN, self.run_row(self.state))
        self._saved = self.state
        self._say(news.at)
        self.faces.hear(news)
        self.state = self.desk.dispatch(self.state)
        self.faces.stand(self.state)
        self._let_in(news)

    def _mark(self, page: Page, news: Event) -> bool:
        """Gather what a price tells for the charts; returns whether something of it was written."""
        if self.marks is None:
            return False
        self.marks.hear(news, self.state.strategies[self.marks.symbol].book)
        if not self.marks.due():
            return False
        self.marks.write(page)
        return True

    def _turned(self, event: DialTurned) -> tuple[Reason, ...]:
        """Set a dial of the engine; where that will not do, return what the owner is told of it."""
        try:
            turned = self.engine.turned(self.state, event, self.limits.order_notional_max)
        except GridRefused as refusal:
            return (reason(f"dial_refused_{event.dial}", value=event.value), refusal.faults[0])
        name = dial_name(event.symbol, event.dial)
        former = self.undo or Undo(self.engine, {})
        self.undo = Undo(former.engine, {name: self.ledger.reader.state(name), **former.rows})
        self.engine = turned
        return ()

    def _step(self, page: Page, news: Event) -> Step:
        """Answer one event; a dial whose lines cannot be laid after all, the terms being others now, is put back."""
        try:
            step = self.engine.step(self.state, news)
        except GridRefused as refusal:
            if self.undo is None:
                raise
            former, self.undo = self.undo, None
            self.engine = former.engine
            for instrument in self.instruments.values():
                self.engine = self.engine.renewed(instrument)
            for name, row in former.rows.items():
                page.state(name, row)
            step = self.engine.step(self.state, news)
            return step.then(self.engine.step(step.state, ConcernRaised(refusal.faults[0], news.at)))
        if any(note.why.code == LINES_LAID for _, note in step.notes):
            self.undo = None
        return step

    def _say(self, at: datetime) -> None:
        """Tell what is durable now, and not before; to the owner at once only what must not be overlooked."""
        for told in self._unsaid:
            if isinstance(told, FillBooked):
                self.watch(told)
                self.faces.fill(told)
            else:
                self.faces.note(at, told)
                if told.weight is Weight.WARNING:
                    self.tell(told)

    def _news(self, event: Event) -> Event | None:
        """Return what an event tells for the first time: a venue may report the same twice, by more ways than one."""
        if isinstance(event, OrdersSeen) and (self._apart or NOT_IN_LEDGER in self.state.doubts):
            # What is set apart, and what strange orders brought about, is not booked: it has to be told again.
            return None
        if isinstance(event, OrderShown):
            client_id = event.order.client_order_id or ""
            if client_id not in self.state.orders and self.ledger.reader.order(client_id) is None:
                return event
            return self._news(OrderAccepted(client_id, event.order.order_id, event.at))
        if not isinstance(event, _OrderNews):
            return event
        order = self.state.orders.get(event.client_id)
        if order is None:
            order = self.ledger.reader.order(event.client_id)
            return self._of_a_stranger(event) if order is None else self._news_of_closed(event, order)
        if isinstance(event, OrderEnded) and event.state is OrderState.VOID and order.state in WITH_VENUE:
            # It was proven absent and has come to rest meanwhile: the venue's word is the later one.
            return None
        if isinstance(event, CancelFailed) and not event.retry_after_s and self.desk.has_yet_to_cancel(event.client_id):
            # It rests because the cancel has not left us yet.
            return None
        if isinstance(event, FillReported) and self.ledger.has_fill(order.symbol, event.fill.fill_id):
            return None
        return event

    def _of_a_stranger(self, event: _OrderNews) -> Event:
        """Tell of an order under our name that nobody here wrote: another bot, or a ledger that is not the newest."""
        return TrustLost(reason(NOT_IN_LEDGER, order="?", client_id=event.client_id), event.at)

    def _news_of_closed(self, event: Event, order: Order) -> Event | None:
        """Take a closed order back in where something new is told of it: a fill, or an id that came after the end."""
        late_fill = isinstance(event, FillReported) and not self.ledger.has_fill(order.symbol, event.fill.fill_id)
        late_id = isinstance(event, OrderAccepted) and order.venue_id is None
        if not late_fill and not late_id:
            return None
        if order.state is OrderState.VOID and self.state.order_of(order.symbol, order.cell) is not None:
            # Two orders of ours live where one may: what is told of the second waits until the first has ended.
            if isinstance(event, OrderAccepted | FillReported):
                self._set_apart(event)
            return TrustLost(reason("void_order_lives", order=order.client_id, slot=order.cell), event.at)
        self.state = self.state.recalling(order)
        return event

    def _set_apart(self, event: OrderAccepted | FillReported) -> None:
        """Keep it once: every look at the venue tells it again."""
        what = event.fill.fill_id if isinstance(event, FillReported) else ""
        self._apart.setdefault((event.client_id, what), event)

    def _let_in(self, news: Event) -> None:
        """Look again at what was set apart, once the order in its way may be gone."""
        if self._apart and isinstance(news, OrderEnded | FillReported):
            apart, self._apart = self._apart, {}
            for event in apart.values():
                self.inbox.put(event)

    def _book(self, page: Page, step: Step, at: datetime) -> None:
        self.state = step.state
        for booking in step.bookings:
            self._write(page, booking, at)
            if isinstance(booking, FillBooked):
                self._unsaid.append(booking)
        for symbol, note in step.notes:
            page.decision(at, symbol, note)
            self._unsaid.append(note)
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
            if self.desk.trail is not None and booking.order.venue_id is not None:
                self.desk.trail.owns(booking.order.venue_id, booking.order.client_id)
            page.order(booking.order, at, booking.why)
            return
        day = self.day_of(at)
        if isinstance(booking, FillBooked):
            page.fill(booking.order, booking.fill, booking.before, booking.after, day)
            page.order(booking.order, at)
        else:
            page.adjust(booking.command, at, booking.before, booking.after, day)

    def _remember(self, page: Page) -> bool:
        state, saved = self.state, self._saved
        changed = saved is None or (saved.safe, saved.doubts) != (state.safe, state.doubts)
        if changed:
            page.state(SAFE, safe_row(state.safe, state.doubts))
        for symbol, after in self.state.strategies.items():
            before = None if self._saved is None else self._saved.strategies[symbol]
            for name, body in changed_rows(symbol, before, after):
                page.state(name, body)
                changed = True
        return changed
