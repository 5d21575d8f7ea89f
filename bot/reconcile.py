"""Compares what a venue shows with the orders we know, and tells the differences as events."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import TYPE_CHECKING

from bot.inquiry import Inquiry
from bot.search import FINAL_AFTER
from domain.errors import OrderNotFound, OrderNotReady
from domain.events import (
    CancelFailed,
    FillReported,
    OrderAccepted,
    OrderEnded,
    OrderFrozen,
    OrderShown,
    TrustLost,
)
from domain.exact import ZERO
from domain.order import CLOSED, WITH_VENUE, OrderState
from domain.reason import reason

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
    from datetime import datetime
    from decimal import Decimal

    from bot.search import Search, Trace
    from domain.clock import Clock
    from domain.events import Event
    from domain.order import Order
    from domain.reason import Reason
    from domain.venue import Execution, VenueOrder
    from exchanges.base import Trading

FULL_LOOK = timedelta(minutes=10)
"""How old the last look at the executions may grow while nothing asks for one."""
OVERLAP = timedelta(hours=1)
"""How far back the next look at the executions begins: the venue may list one late."""
CANCEL_GRACE = timedelta(seconds=10)
"""How long an order may rest after its cancel before the cancel counts as lost."""

CLOSING_PAUSE = timedelta(minutes=1)
"""How often the orders of a session that is over are looked at until all of them have ended."""

VANISHED = timedelta(minutes=10)
"""How long an order that rested may be found nowhere before nothing is trusted any more."""

_S = OrderState


@dataclass(frozen=True, slots=True)
class _Memory:
    """What one look leaves to the next.

    `told` are the executions of the last full look, `strange` the client ids that the ledger does not know, `canceling`
    tells since when an order is seen at rest that should be canceled. `traces` is what the last look for each lost
    order told; `asked_at` is when this look was taken.
    """

    since: datetime
    strange: frozenset[str]
    looked_at: datetime | None = None
    told: frozenset[str] = frozenset()
    inquiries: Mapping[str, Inquiry] = field(default_factory=dict)
    traces: Mapping[str, Trace] = field(default_factory=dict)
    canceling: Mapping[str, datetime] = field(default_factory=dict)
    asked_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class _Sight:
    """What one look saw of our orders, by client id; `executions` is None where they were not asked for.

    `resting` stood in the list of open orders, `found` was looked up because it did not. `traces` tell of those that
    cannot be looked up by an id.
    """

    at: datetime
    known: Mapping[str, Order]
    resting: Mapping[str, VenueOrder]
    found: Mapping[str, VenueOrder]
    inquiries: Mapping[str, Inquiry]
    executions: tuple[tuple[str, Execution], ...] | None
    traces: Mapping[str, Trace] = field(default_factory=dict)

    def venue_ids(self) -> dict[str, str]:
        """Return the venue's id of every order that it shows, whichever way."""
        ids = {client_id: execution.order_id for client_id, execution in self.executions or ()}
        return ids | {client_id: row.order_id for client_id, row in (*self.resting.items(), *self.found.items())}

    def listed(self, client_id: str) -> Decimal:
        """Return how much of an order the executions at hand make up."""
        return sum((each.fill.qty for name, each in self.executions or () if name == client_id), ZERO)


class Reconciler:
    """Looks after the orders of one instance in one market, at the start and with every poll.

    It only tells what it sees: the state is the loop's, and news that the loop has heard already is no news there.
    `known` returns the orders that may still change, by client id; `prefix` is what our client ids begin with; `since`
    is the moment from which an execution may be missing in our books; `strange` are the client ids of those orders of
    ours that the ledger does not know (`strangers`), whose executions are nobody's until the ledger has taken them in.
    `search` is how an order is looked for where the venue knows nothing of our ids.
    """

    def __init__(  # noqa: PLR0917  # the parts it stands on, and from when it has to look
        self,
        exchange: Trading,
        symbol: str,
        prefix: str,
        known: Callable[[], Mapping[str, Order]],
        clock: Clock,
        since: datetime,
        strange: Collection[str] = (),
        search: Search | None = None,
    ) -> None:
        """Prepare; nothing is asked yet."""
        self._exchange = exchange
        self._symbol = symbol
        self._prefix = prefix
        self._known = known
        self._clock = clock
        self._search = search
        self._memory = _Memory(since, frozenset(strange))

    def ask(self) -> tuple[Event, ...]:
        """Take one complete look; raises `VenueError` where any call fails, and then nothing of it counts."""
        with self._exchange.single_look():
            sight = self._look(self._clock.now(), self._known())
        events: tuple[Event, ...] = (
            *_acceptances(sight),
            *(OrderShown(row, sight.at) for name, row in sight.resting.items() if name not in sight.known),
            *self._fills(sight),
            *self._ends(sight),
            *self._absences(sight),
            *self._lost_cancels(sight),
        )
        self._memory = self._remembered(sight)
        return events

    def next_look_at(self) -> datetime | None:
        """Return when an open question, or the end of a session, wants the next look; None where nothing does."""
        return min((at for at in (self.unsettled_at(), self._closing_look_at()) if at is not None), default=None)

    def unsettled_at(self) -> datetime | None:
        """Return when an open question wants the next look; None where there is none.

        What becomes of orders at rest is one once their session is over, and not before.
        """
        memory = self._memory
        # After so many looks in vain a run that only waits for them would wait for ever.
        moments = [inquiry.due_at for inquiry in memory.inquiries.values() if not inquiry.is_hopeless]
        moments += [seen_at + CANCEL_GRACE for seen_at in memory.canceling.values()]
        closing = self._closing_look_at()
        if closing is not None and self._clock.now() >= closing - FINAL_AFTER:
            moments.append(closing)
        return min(moments, default=None)

    def _look(self, at: datetime, known: Mapping[str, Order]) -> _Sight:
        # The orders we know were taken down before: what the list lacks of them has gone, and is not yet to come.
        listed = self._exchange.open_orders(self._symbol)
        resting = {name: row for row in listed if (name := self._owner(known, row)) is not None}
        missing = [name for name, order in known.items() if order.state in WITH_VENUE and name not in resting]
        unknown = [name for name, order in known.items() if order.state is _S.UNKNOWN and name not in resting]
        found: dict[str, VenueOrder] = {}
        inquiries = {name: self._memory.inquiries.get(name, Inquiry(at)) for name in (*unknown, *missing)}
        # What rested and rests no more has news; what never answered is looked for now and then.
        due = [name for name in unknown if inquiries[name].is_due(at)]
        nameless = [name for name in due if self._search is not None and known[name].venue_id is None]
        traces = self._traced([known[name] for name in nameless], listed, at)
        for name in [*missing, *due]:
            if self._search is not None and name in traces:
                inquiries[name] = self._search.counted(known[name], inquiries[name], traces[name], at)
                row = traces[name].candidates[0] if len(traces[name].candidates) == 1 else None
            else:
                inquiries[name], row = self._looked_for(known[name], inquiries[name])
            if row is not None:
                found[name] = row
        sight = _Sight(at, known, resting, found, inquiries, None, traces)
        self._follow_accepted(sight)
        # Last, so that no order is seen ended whose last execution could not be seen.
        if missing or self._wants_executions(sight):
            sight = replace(sight, executions=self._executions(known, found))
        # What the answers told of the venue's time may have set the clock back.
        return replace(sight, at=min(at, self._clock.now()))

    def _traced(self, orders: Sequence[Order], listed: Sequence[VenueOrder], at: datetime) -> dict[str, Trace]:
        """Look for lost orders that bear no id, in all that the venue lists since they left."""
        search = self._search
        if search is None or not orders:
            return {}
        rows = {row.order_id: row for row in listed}
        rows |= {row.order_id: row for row in self._exchange.closed_orders(self._symbol, search.since(orders, at))}
        finals = [order for order in orders if search.is_final(order, at)]
        held = self._held(search.base) if finals else None
        shown = tuple(rows.values())
        return {order.client_id: search.trace(order, shown, held if order in finals else None, at) for order in orders}

    def _held(self, base: str) -> Decimal:
        """Return what the account has of the coin or share."""
        return next((each.total for each in self._exchange.get_balance() if each.currency == base), ZERO)

    def _looked_for(self, order: Order, inquiry: Inquiry) -> tuple[Inquiry, VenueOrder | None]:
        """Look one order up; only a readable "not found" counts as a look in vain."""
        at, row = self._clock.now(), None
        try:
            if order.venue_id is None:
                row = self._exchange.find_order(order.client_id)
            else:
                row = self._exchange.get_order(order.venue_id)
        except OrderNotReady:
            return inquiry.alive(at), None
        except OrderNotFound:
            pass
        return (inquiry.in_vain(at) if row is None else inquiry.alive(at)), row

    def _follow_accepted(self, sight: _Sight) -> None:
        for event in _acceptances(sight):
            self._exchange.follow(self._symbol, event.venue_id)

    def _wants_executions(self, sight: _Sight) -> bool:
        """Whether the executions can tell something that is not booked yet."""
        looked_at = self._memory.looked_at
        return (
            looked_at is None
            or not timedelta(0) <= sight.at - looked_at < FULL_LOOK
            or bool(sight.found)
            or any(row.filled > sight.known[name].filled for name, row in sight.resting.items() if name in sight.known)
        )

    def _executions(
        self, known: Mapping[str, Order], found: Mapping[str, VenueOrder]
    ) -> tuple[tuple[str, Execution], ...]:
        told = self._exchange.fills_since(self._symbol, self._memory.since)
        # What has just been found has its venue id from this look alone.
        names = {row.order_id: name for name, row in found.items()}
        owned = ((names.get(execution.order_id) or self._executed(known, execution), execution) for execution in told)
        return tuple((name, execution) for name, execution in owned if name is not None)

    def _owner(self, known: Mapping[str, Order], shown: VenueOrder | Execution) -> str | None:
        """Return the client id of what the venue shows, None where it is not ours."""
        name = shown.client_order_id
        if name is not None and name.startswith(f"{self._prefix}-"):
            return name
        return next((order.client_id for order in known.values() if order.venue_id == shown.order_id), None)

    def _executed(self, known: Mapping[str, Order], told: Execution) -> str | None:
        """Return the client id of what was executed, of an order that has ended for us as well."""
        name = self._owner(known, told)
        if name is not None or self._search is None:
            return name
        return self._search.trail.owner(told.order_id)

    def _fills(self, sight: _Sight) -> Iterator[FillReported]:
        strange = self._strange(sight)
        for client_id, execution in sight.executions or ():
            if execution.fill.fill_id not in self._memory.told and client_id not in strange:
                yield FillReported(client_id, execution.fill, sight.at)

    def _strange(self, sight: _Sight) -> frozenset[str]:
        """Return the client ids that nobody has claimed: neither the ledger nor, since then, the loop."""
        return (self._memory.strange | sight.resting.keys()) - sight.known.keys()

    def _ends(self, sight: _Sight) -> Iterator[OrderEnded]:
        """Tell of ends, each once as much is booked, or told in this very look, as the venue shows filled."""
        for client_id, row in sight.found.items():
            booked = max(sight.known[client_id].filled, sight.listed(client_id))
            # What is full ends by its fills.
            if row.state in CLOSED and row.state is not _S.FILLED and booked >= row.filled:
                yield OrderEnded(client_id, row.state, self._reason_of_end(client_id, row.state), sight.at)

    def _reason_of_end(self, client_id: str, state: OrderState) -> Reason:
        if state is _S.EXPIRED:
            return reason("expired_at_venue")
        if state is _S.REJECTED:
            return reason("venue_rejected")
        # Known anew: a cancel of ours may have left since this look began.
        order = self._known().get(client_id)
        by_us = order is not None and order.state is _S.CANCEL_PENDING
        return reason("canceled_by_us") if by_us else reason("canceled_by_venue")

    def _absences(self, sight: _Sight) -> Iterator[OrderEnded | OrderFrozen | TrustLost]:
        """Tell what the venue never had, once that is proven; what it had and shows no more is not for us to judge."""
        shown = sight.venue_ids()
        for client_id, inquiry in sight.inquiries.items():
            if client_id in shown or inquiry == self._memory.inquiries.get(client_id):
                continue
            if self._search is not None and client_id in sight.traces:
                trace, former = sight.traces[client_id], self._memory.traces.get(client_id)
                verdict = self._search.verdict(sight.known[client_id], inquiry, trace, former, sight.at)
                if verdict is not None:
                    yield verdict
            elif sight.known[client_id].state is not _S.UNKNOWN:
                if inquiry.is_proof and inquiry.span >= VANISHED:
                    minutes = inquiry.span // timedelta(minutes=1)
                    yield TrustLost(reason("order_vanished", order=client_id, minutes=minutes), sight.at)
            elif inquiry.is_proof:
                seconds = inquiry.span // timedelta(seconds=1)
                why = reason("proven_absent", looks=len(inquiry.absent_at), seconds=seconds)
                yield OrderEnded(client_id, _S.VOID, why, sight.at)

    def _lost_cancels(self, sight: _Sight) -> Iterator[CancelFailed]:
        for client_id, seen_at in self._canceling(sight).items():
            if sight.at - seen_at >= CANCEL_GRACE:
                yield CancelFailed(client_id, reason("cancel_not_carried_out"), sight.at)

    def _canceling(self, sight: _Sight) -> dict[str, datetime]:
        """Return since when each order rests that should be canceled."""
        orders = (sight.known[client_id] for client_id in sight.resting if client_id in sight.known)
        names = [order.client_id for order in orders if order.state is _S.CANCEL_PENDING]
        # A moment that lies ahead is one of a clock that was set back since.
        return {name: min(self._memory.canceling.get(name, sight.at), sight.at) for name in names}

    def _closing_look_at(self) -> datetime | None:
        """Return when the orders of a session that is over want to be looked at; None while none is left."""
        hours = None if self._search is None else self._search.hours
        if hours is None:
            return None
        days = {order.key.session for order in self._known().values() if order.state in WITH_VENUE}
        sessions = [hours.regular_on(day) for day in days if day is not None]
        closing = min((each.closes_at + FINAL_AFTER for each in sessions if each is not None), default=None)
        if closing is None or self._memory.asked_at is None or self._memory.asked_at < closing:
            return closing
        return self._memory.asked_at + CLOSING_PAUSE

    def _remembered(self, sight: _Sight) -> _Memory:
        former, strange, shown = self._memory, self._strange(sight), sight.venue_ids()
        memory = replace(
            former,
            strange=strange,
            inquiries={
                name: inquiry.alive(sight.at) if name in shown else inquiry for name, inquiry in sight.inquiries.items()
            },
            traces={**{name: each for name, each in former.traces.items() if name in sight.known}, **sight.traces},
            asked_at=sight.at,
            canceling={
                name: seen_at for name, seen_at in self._canceling(sight).items() if sight.at - seen_at < CANCEL_GRACE
            },
        )
        if sight.executions is None:
            return memory
        return replace(
            memory,
            looked_at=sight.at,
            # Not the later of the two: a clock that ran ahead for a while would leave a gap for ever. And what strange
            # orders brought about is asked for until they are taken over.
            since=former.since if strange else sight.at - OVERLAP,
            told=frozenset(each.fill.fill_id for name, each in sight.executions if name not in strange),
        )


def strangers(
    exchange: Trading, symbol: str, prefix: str, since: datetime, is_ours: Callable[[str], bool]
) -> tuple[VenueOrder, ...]:
    """Return the orders under our prefix, at rest or ended since a moment, that `is_ours` does not know.

    There are such after a backup was restored, on a new host, or where a second bot runs under our name.
    """
    # The ended ones second: what ends in between is in both, and seen as it is now.
    shown = (*exchange.open_orders(symbol), *exchange.closed_orders(symbol, since))
    rows = {row.order_id: row for row in shown if (row.client_order_id or "").startswith(f"{prefix}-")}
    return tuple(row for row in rows.values() if not is_ours(row.client_order_id or ""))


def _acceptances(sight: _Sight) -> Iterator[OrderAccepted]:
    """Yield the ids of orders that the venue shows and that have not got theirs yet."""
    for client_id, venue_id in sight.venue_ids().items():
        order = sight.known.get(client_id)
        if order is not None and order.venue_id is None:
            yield OrderAccepted(client_id, venue_id, sight.at)
