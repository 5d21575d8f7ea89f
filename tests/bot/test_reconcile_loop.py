"""Reconciling with the real loop: whatever gets lost on the way, books and venue agree in the end."""

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from bot.reconcile import Reconciler
from domain.commands import Command
from domain.errors import VenueUnavailable
from domain.events import Event, FillReported, OrderAccepted, OrderEnded, QuoteReceived, StrategyEvent
from domain.order import CLOSED, OrderState
from domain.reason import reason
from ledger.audit import audit
from tests.bot.rig import NOON, SYMBOL, Rig, Script, lost, quote, take_back, wish
from tests.bot.shown import HOUR, ShownVenue, exchange_of

_S = OrderState
SLOTS = ("1.0", "1.1", "1.2", "1.3")
SLOWEST = timedelta(seconds=20)
TENTH = Decimal("0.1")

Move = tuple[str, int, int]
MOVES = st.lists(
    st.tuples(
        st.sampled_from(
            (
                "place_answered place_lost place_swallowed place_slow arrive fill fill_told fill_unlisted list_all "
                "cancel cancel_lost cancel_swallowed venue_cancels look poll poll_fails restart later"
            ).split()
        ),
        st.integers(0, len(SLOTS) - 1),
        st.integers(1, 10),
    ),
    min_size=10,
    max_size=80,
)


@dataclass
class Asked:
    """A strategy's answer: what the test wants next, and nothing of its own."""

    command: Command | None = None

    def __call__(self, event: StrategyEvent) -> Sequence[Command]:
        command, self.command = self.command, None
        return () if command is None or not isinstance(event, QuoteReceived) else (command,)


class Trial:
    """A loop, a venue that shows its books, and a wire between them on which anything may get lost."""

    def __init__(self, rig: Rig, answer: Asked) -> None:
        self.rig = rig
        self.answer = answer
        self.venue = ShownVenue(rig.clock)
        self.reconciler = self.after_a_restart()
        self.seen: list[Event] = []
        self.on_the_way: list[tuple[str, str, datetime]] = []
        self.fills = 0

    def after_a_restart(self) -> Reconciler:
        return Reconciler(
            exchange_of(self.venue), SYMBOL, "bptest", lambda: self.rig.loop.state.orders, self.rig.clock, NOON - HOUR
        )

    def go_on(self, seconds: int) -> None:
        """Let time pass; nothing is longer on its way than an answer is waited for."""
        self.rig.clock.set(self.rig.clock.now() + timedelta(seconds=seconds))
        while self.on_the_way and self.rig.clock.now() - self.on_the_way[0][2] >= SLOWEST:
            self.arrive()

    def arrive(self) -> None:
        client_id, qty, _ = self.on_the_way.pop(0)
        self.venue.take(client_id, qty)

    def look(self) -> None:
        """Look, and leave what was seen in the inbox for now."""
        self.seen += self.reconciler.ask()

    def poll(self) -> None:
        """Look, and hear of all that was seen so far."""
        self.look()
        seen, self.seen = self.seen, []
        self.rig.hear(*seen)

    def wish_for(self, command: Command) -> None:
        self.answer.command = command
        self.rig.hear(quote("9500", self.rig.clock.now()))

    def move(self, what: str, number: int, tenths: int) -> None:
        slot = SLOTS[number]
        if what.startswith("place"):
            self._place(what, slot, tenths)
        elif what.startswith("fill"):
            self._fill(what, number, tenths)
        elif what.startswith("cancel"):
            self._cancel(what, slot)
        elif what == "arrive" and self.on_the_way:
            self.arrive()
        elif what == "list_all":
            self.venue.unlisted.clear()
        elif what == "venue_cancels" and (name := self._resting(number)):
            self.venue.end(name)
        elif what == "later":
            self.go_on(tenths)
        elif what == "restart":
            self.reconciler, self.seen = self.after_a_restart(), []
        elif what == "look":
            self.look()
        elif what == "poll":
            self.poll()
        elif what == "poll_fails":
            self._fail(("open_orders", "fills_since", "get_order", "find_order")[number])

    def _place(self, what: str, slot: str, tenths: int) -> None:
        if self.rig.loop.state.order_of(SYMBOL, slot) is not None:
            return
        placed = len(self.rig.worker.placed)
        self.wish_for(wish(slot, qty=str(tenths * TENTH + 1)))
        for order in self.rig.worker.placed[placed:]:
            sent = (order.client_id, str(order.qty))
            if what in {"place_answered", "place_lost"}:
                self.venue.take(*sent)
            elif what == "place_slow":
                self.on_the_way.append((*sent, self.rig.clock.now()))
            if what == "place_answered":
                self.rig.hear(OrderAccepted(order.client_id, f"v-{order.client_id}", self.rig.clock.now()))
            else:
                self.rig.hear(lost(order))

    def _fill(self, what: str, number: int, tenths: int) -> None:
        name = self._resting(number)
        if name is None:
            return
        self.fills += 1
        order = self.venue.orders[name]
        fill = self.venue.fill(name, str(min(tenths * TENTH, order.qty - order.filled)), f"t{self.fills}")
        if what == "fill_told":
            self.rig.hear(FillReported(name, fill, fill.at))
        elif what == "fill_unlisted":
            self.venue.unlisted.add(fill.fill_id)

    def _cancel(self, what: str, slot: str) -> None:
        canceled = len(self.rig.worker.canceled)
        self.wish_for(take_back(slot))
        for order in self.rig.worker.canceled[canceled:]:
            shown = self.venue.orders.get(order.client_id)
            if what == "cancel_swallowed" or shown is None or shown.state in CLOSED:
                continue
            self.venue.end(order.client_id)
            if what == "cancel" and shown.filled == order.filled:
                self.rig.hear(OrderEnded(order.client_id, _S.CANCELED, reason("canceled_by_us"), self.rig.clock.now()))

    def _resting(self, number: int) -> str | None:
        names = [name for name, order in self.venue.orders.items() if order.state not in CLOSED]
        return names[number % len(names)] if names else None

    def _fail(self, call: str) -> None:
        self.venue.fails[call] = 1
        try:
            self.look()
        except VenueUnavailable:
            pass
        finally:
            self.venue.fails.clear()

    def settle(self) -> None:
        """Let the wire work, and every question find its answer."""
        self.venue.unlisted.clear()
        for _ in range(12):
            self.go_on(5)
            self.poll()


@contextmanager
def trial() -> Iterator[Trial]:
    answer = Asked()
    with tempfile.TemporaryDirectory() as folder, Rig(Path(folder), Script(answer)) as rig:
        yield Trial(rig, answer)


@settings(max_examples=40, deadline=None)
@given(moves=MOVES)
def test_whatever_is_lost_books_and_venue_agree_in_the_end(moves: Sequence[Move]) -> None:
    with trial() as trial_:
        for move in moves:
            trial_.move(*move)
        trial_.settle()

        _assert_agreed(trial_)


def _assert_agreed(trial_: Trial) -> None:
    rig, venue = trial_.rig, trial_.venue
    booked = sorted(record.fill.fill_id for record in rig.reader.each_fill())
    assert booked == sorted(execution.fill.fill_id for execution in venue.executions)
    for order in rig.reader.orders():
        shown = venue.orders.get(order.client_id)
        if shown is None:
            assert (order.state, order.filled) == (_S.VOID, Decimal(0))
        else:
            ours = _S.OPEN if order.state in {_S.PARTIALLY_FILLED, _S.CANCEL_PENDING} else order.state
            assert (ours, order.filled) == (shown.state, shown.filled)
            # An order that is over before it is answered for needs no id any more.
            assert order.venue_id == shown.order_id or order.is_closed
    held = sum((execution.fill.qty for execution in venue.executions), Decimal(0))
    assert rig.loop.state.strategies[SYMBOL].book.position == held
    assert audit(rig.reader) == []
