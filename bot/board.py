"""What the faces are shown: kept by the loop's thread, read by any other."""

from __future__ import annotations

import copy
import logging
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from bot.clock import SystemClock
from bot.exits import places
from domain.events import QuoteReceived, TimerFired, VenueAway, VenueBack
from domain.exact import ZERO
from domain.snapshot import RunState
from domain.view import DecisionSeen, FillSeen, Health, LotsSeen, Pulse, SessionSeen, View
from reports.figures import described

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime
    from pathlib import Path

    from bot.audience import Faces
    from bot.diary import Diary
    from bot.engine import EngineState, FillBooked
    from domain.clock import Clock
    from domain.decision import Note
    from domain.events import Event
    from domain.order import Order
    from domain.reason import Reason
    from domain.session import MarketHours
    from domain.snapshot import Snapshot
    from ledger.writer import Ledger
    from strategy.grid.state import GridState, Shape

log = logging.getLogger(__name__)

NEWEST = 50
"""So many fills and decisions are shown; the ledger has them all."""


@dataclass(frozen=True, slots=True)
class _Shot:
    """How things stood at the end of one turn of the loop; nothing in it changes any more."""

    diary: Diary
    grid: GridState
    orders: tuple[Order, ...]
    accepted: int
    fills: tuple[FillSeen, ...]
    decisions: tuple[DecisionSeen, ...]


@dataclass(frozen=True, slots=True)
class Part:
    """A part of the bot that is looked after: how long it has been silent, and how long that may last, in seconds."""

    name: str
    silent_s: Callable[[], float]
    limit_s: float

    def pulse(self) -> Pulse:
        """Return how it is alive now."""
        return Pulse(self.name, self.silent_s(), self.limit_s)


class Board:
    """Takes down in the loop's thread how the run stands, and works a picture out of it where one is asked for.

    What the loop does here is to keep a few references: no face can delay it. `report` is the newest report's file,
    `hours` when the market trades, None where it never closes.
    `on_fill`, `on_change` and `on_timer` are called in the loop's thread.
    """

    def __init__(self, report: Path | None, stopwatch_s: Callable[[], float], hours: MarketHours | None = None) -> None:
        """Begin empty: until `open` there is nothing to be seen."""
        self.hours = hours
        self._clock: Clock = SystemClock()
        self._report = report
        self._stopwatch_s = stopwatch_s
        self._diary: Diary | None = None
        self._identity: Mapping[str, str] = {}
        self._accepted: Callable[[], int] = lambda: 0
        self._fills: tuple[FillSeen, ...] = ()
        self._decisions: tuple[DecisionSeen, ...] = ()
        self._away: Reason | None = None
        self._former: Snapshot | None = None
        self._priced_s: float | None = None
        self._shot: _Shot | None = None
        self._turned_s = stopwatch_s()
        self._parts: tuple[Part, ...] = ()
        self.on_fill: Callable[[FillSeen], None] = _unheard
        self.on_change: Callable[[], None] = _nothing
        self.on_timer: Callable[[str], None] = _unheard

    def open(self, diary: Diary, ledger: Ledger, clock: Clock | None = None) -> None:
        """Show a run as its ledger left it; from now on the loop tells what is new, and the run's clock the time."""
        reader, self._diary = ledger.reader, diary
        self._clock = clock or self._clock
        self._identity = reader.meta()
        self._accepted = lambda: ledger.present.accepted(diary.symbol)
        self._fills = tuple(
            FillSeen(record.order.client_id, each.slot, each.side, each.fill, each.earned)
            for each in reader.fills(NEWEST)
            # What is left of another market has another currency.
            if each.symbol == diary.symbol and (record := reader.record(each.order_seq)) is not None
        )
        ours = (each for each in reader.decisions(NEWEST) if each.symbol in {"", diary.symbol})
        self._decisions = tuple(DecisionSeen(each.at, each.note) for each in ours)

    def watch(self, turn_max_s: float, *others: Part) -> None:
        """Begin to look after the loop, whose turns may take so long, and after other parts."""
        self._turned_s = self._stopwatch_s()
        self._parts = (Part("loop", self._since_the_last_turn_s, turn_max_s), *others)

    def unwatch(self) -> None:
        """Look after nothing any more: the run is over."""
        self._parts = ()

    def wait(self, former: Snapshot | None) -> None:
        """Show how the run before was left, until this one has its first turn; None: there was none."""
        self._former = former

    def told(self, note: Note) -> None:
        """Take down what the owner is told while a start waits for the venue."""
        if note.slot == "venue":
            self._away = None if note.why.code == "venue_back" else note.why

    def stand(self, state: EngineState) -> None:
        """Take down how things stand."""
        self._turned_s = self._stopwatch_s()
        if (diary := self._diary) is None:
            return
        diary.see(state)
        self._shot = _Shot(
            copy.copy(diary),
            state.strategies[diary.symbol],
            tuple(state.orders.values()),
            self._accepted(),
            self._fills,
            self._decisions,
        )
        self.on_change()

    def note(self, at: datetime, note: Note) -> None:
        """Take down a decision."""
        self._decisions = (DecisionSeen(at, note), *self._decisions)[:NEWEST]

    def fill(self, booked: FillBooked) -> None:
        """Take down an execution."""
        order = booked.order
        earned = booked.after.matched - booked.before.matched
        seen = FillSeen(order.client_id, order.cell, order.side, booked.fill, earned or ZERO)
        self._fills = (seen, *self._fills)[:NEWEST]
        self.on_fill(seen)

    def hear(self, event: Event) -> None:
        """Take down whether the venue answers and when a price came; let a timer's moment be known."""
        match event:
            case VenueAway(why=why):
                self._away = why
            case VenueBack():
                self._away = None
            case TimerFired(name=name):
                self.on_timer(name)
            case QuoteReceived():
                self._priced_s = self._stopwatch_s()
            case _:
                pass

    def shape(self) -> Shape | None:
        """Return with which settings the lines are laid; None before they are. For any thread."""
        shot = self._shot
        return None if shot is None or shot.grid.epoch is None else shot.grid.epoch.shape

    def view(self) -> View | None:
        """Return the newest picture; None before there is one. For any thread."""
        away = () if self._away is None else (self._away,)
        if (shot := self._shot) is None:
            former = self._former
            if former is None:
                return None
            return View(replace(former, state=RunState.WAITING), standing=away, session=self._session())
        snapshot = described(
            self._identity, shot.diary.row(), shot.grid.book, orders=shot.accepted, open_orders=len(shot.orders)
        )
        return View(
            snapshot,
            shot.orders,
            shot.fills,
            shot.decisions,
            tuple(LotsSeen(slot, lots) for slot, lots in shot.grid.book.lots.items()),
            (*shot.diary.standing, *away),
            self._report.name if self._report is not None and self._report.exists() else None,
            None if self._priced_s is None else self._stopwatch_s() - self._priced_s,
            self._session(),
        )

    def health(self) -> Health:
        """Return how the parts that trade are alive; before the run begins nothing is expected. For any thread."""
        return Health(tuple(part.pulse() for part in self._parts))

    def _session(self) -> SessionSeen | None:
        return None if self.hours is None else SessionSeen.at(self.hours, self._clock.now())

    def _since_the_last_turn_s(self) -> float:
        return self._stopwatch_s() - self._turned_s


class Shield:
    """Stands between the loop and what the owner looks at: a fault there is logged once a kind, and trading goes on."""

    def __init__(self, faces: Faces) -> None:
        """Stand before some faces."""
        self._faces = faces
        self._logged: set[str] = set()

    def stand(self, state: EngineState) -> None:
        """Pass on how things stand."""
        self._pass(lambda: self._faces.stand(state))

    def note(self, at: datetime, note: Note) -> None:
        """Pass on a decision."""
        self._pass(lambda: self._faces.note(at, note))

    def fill(self, booked: FillBooked) -> None:
        """Pass on an execution."""
        self._pass(lambda: self._faces.fill(booked))

    def hear(self, event: Event) -> None:
        """Pass on an event."""
        self._pass(lambda: self._faces.hear(event))

    def _pass(self, tell: Callable[[], None]) -> None:
        try:
            tell()
        except Exception as error:  # noqa: BLE001 - whatever goes wrong with a picture must not end the trading
            kind = f"{type(error).__name__} at {next(iter(places(error)), '?')}"
            if kind not in self._logged:
                self._logged.add(kind)
                log.error("the faces failed, trading goes on: %s", kind)  # noqa: TRY400 - the text of an error may hold values


def _nothing() -> None:
    """Tell nobody."""


def _unheard(what: object) -> None:
    """Tell nobody."""
    del what
