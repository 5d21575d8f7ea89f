"""The workers: one order is one call, and whatever a venue does becomes exactly one event, or none."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from queue import SimpleQueue
from threading import Event as Signal
from typing import TYPE_CHECKING, Any, cast

import pytest

from bot.clock import PlaybackClock
from bot.feed import Feed, Question
from bot.workers import FeedThread, InlineWorker, ThreadWorker, VenueCalls, not_reached
from domain.errors import (
    AuthRefused,
    OrderNotFound,
    OrderRejected,
    OutcomeUnknown,
    RateLimited,
    VenueError,
    VenueUnavailable,
)
from domain.events import CancelFailed, Event, OrderAccepted, OrderEnded, OutcomeLost, VenueAway, WorkerDied
from domain.order import Order, OrderState
from domain.reason import reason
from domain.venue import CancelAnswer, VenueOrder
from exchanges.paper import PaperExchange
from tests.bot.rig import COIN, NOON, order_of, quote

if TYPE_CHECKING:
    from exchanges.base import Exchange

_S = OrderState
WAIT_S = 30
CLOCK = PlaybackClock(NOON)
NOTHING_HAPPENED: list[tuple[VenueError, int]] = [
    (VenueUnavailable("down"), 2),
    (RateLimited("slow", retry_after_s=3), 3),
    (RateLimited("slow", retry_after_s=0), 2),
    (AuthRefused("keys"), 900),
]
"""Each with the seconds that the venue should be left alone."""


@dataclass
class Venue:
    """Answers each call as the test says; an error is raised."""

    place: VenueOrder | Exception | None = None
    cancel: CancelAnswer | Exception = CancelAnswer.ACCEPTED
    shown: VenueOrder | Exception | None = None
    calls: list[tuple[str, Any]] = field(default_factory=list)

    def place_order(self, *given: object, client_order_id: str | None = None) -> VenueOrder:
        self.calls.append(("place", (*given, client_order_id)))
        return _told(self.place)

    def cancel_order(self, order_id: str) -> CancelAnswer:
        self.calls.append(("cancel", order_id))
        if isinstance(self.cancel, Exception):
            raise self.cancel
        return self.cancel

    def get_order(self, order_id: str) -> VenueOrder:
        self.calls.append(("get", order_id))
        return _told(self.shown)


def _told(answer: VenueOrder | Exception | None) -> VenueOrder:
    assert answer is not None
    if isinstance(answer, Exception):
        raise answer
    return answer


def calls_of(venue: Venue | PaperExchange) -> VenueCalls:
    return VenueCalls(cast("Exchange", venue), CLOCK)


def shown(state: OrderState) -> VenueOrder:
    order, none = order_of(), Decimal(0)
    return VenueOrder("v-1", order.client_id, order.symbol, order.side, order.price, order.qty, none, none, state, NOON)


def at_rest() -> Order:
    return replace(order_of(state=_S.CANCEL_PENDING), venue_id="v-1")


def test_an_order_that_is_taken_is_accepted_with_the_venues_id() -> None:
    venue = Venue(place=shown(_S.OPEN))
    order = order_of(state=_S.SUBMITTED)

    event = calls_of(venue).place(order)

    assert event == OrderAccepted("bptest-1", "v-1", NOON)
    assert venue.calls == [("place", (order.symbol, order.side, order.qty, order.price, "bptest-1"))]


@pytest.mark.parametrize(
    ("trouble", "event"),
    [
        (OrderRejected("no"), OrderEnded("bptest-1", _S.REJECTED, reason("venue_rejected"), NOON)),
        (
            OrderRejected("no", code="venue_funds_short"),
            OrderEnded("bptest-1", _S.REJECTED, reason("venue_funds_short"), NOON),
        ),
        (OutcomeUnknown("timeout"), OutcomeLost("bptest-1", reason("answer_lost"), NOON)),
        *(
            (error, OrderEnded("bptest-1", _S.VOID, not_reached(error), NOON, retry_after_s))
            for error, retry_after_s in NOTHING_HAPPENED
        ),
    ],
)
def test_every_trouble_of_placing_is_one_event_and_never_a_second_call(trouble: VenueError, event: Event) -> None:
    venue = Venue(place=trouble)

    assert calls_of(venue).place(order_of(state=_S.SUBMITTED)) == event
    assert len(venue.calls) == 1


@pytest.mark.parametrize("state", [_S.CANCELED, _S.EXPIRED, _S.REJECTED])
@pytest.mark.parametrize("answer", [CancelAnswer.ACCEPTED, CancelAnswer.ALREADY_CLOSED])
def test_a_canceled_order_ends_as_the_venue_shows_it(state: OrderState, answer: CancelAnswer) -> None:
    venue = Venue(cancel=answer, shown=shown(state))

    event = calls_of(venue).cancel(at_rest())

    assert event == OrderEnded("bptest-1", state, reason("canceled_by_us"), NOON)
    assert venue.calls == [("cancel", "v-1"), ("get", "v-1")]


@pytest.mark.parametrize("state", [_S.OPEN, _S.PARTIALLY_FILLED, _S.CANCEL_PENDING])
def test_a_cancel_that_the_venue_took_but_does_not_show_yet_proves_nothing(state: OrderState) -> None:
    assert calls_of(Venue(shown=shown(state))).cancel(at_rest()) is None


@pytest.mark.parametrize("answer", [CancelAnswer.ALREADY_FILLED, CancelAnswer.ACCEPTED])
def test_a_fill_that_won_against_the_cancel_is_left_to_the_fill_itself(answer: CancelAnswer) -> None:
    assert calls_of(Venue(cancel=answer, shown=shown(_S.FILLED))).cancel(at_rest()) is None


@pytest.mark.parametrize(("error", "retry_after_s"), NOTHING_HAPPENED)
def test_a_cancel_that_reached_nobody_failed_and_says_how_long_to_leave_the_venue_alone(
    error: VenueError, retry_after_s: int
) -> None:
    venue = Venue(cancel=error)

    assert calls_of(venue).cancel(at_rest()) == CancelFailed("bptest-1", not_reached(error), NOON, retry_after_s)
    assert venue.calls == [("cancel", "v-1")]


@pytest.mark.parametrize("error", [error for error, _ in NOTHING_HAPPENED])
def test_a_look_that_fails_after_the_venue_took_the_cancel_proves_nothing(error: VenueError) -> None:
    assert calls_of(Venue(shown=error)).cancel(at_rest()) is None


@pytest.mark.parametrize("booked", ["0", "0.3", "0.5"])
def test_the_end_of_a_canceled_order_is_told_only_when_all_its_fills_are_booked(booked: str) -> None:
    order = replace(at_rest(), filled=Decimal(booked))
    half = replace(shown(_S.CANCELED), filled=Decimal("0.5"))

    event = calls_of(Venue(shown=half)).cancel(order)

    told = OrderEnded("bptest-1", _S.CANCELED, reason("canceled_by_us"), NOON)
    assert event == (told if booked == "0.5" else None)


def test_what_the_venue_says_itself_of_a_trouble_is_told_in_its_words() -> None:
    trouble = VenueUnavailable("down")
    own_words = reason("venue_maintenance", until="noon")
    trouble.why = own_words  # type: ignore[attr-defined]  # a venue's own errors bring one along

    assert not_reached(trouble) == own_words
    assert str(not_reached(VenueUnavailable("down"))) == "venue_not_reached error=VenueUnavailable"


@pytest.mark.parametrize("error", [OutcomeUnknown("timeout"), OrderNotFound("v-1"), OrderRejected("no")])
def test_a_lost_answer_a_refusal_and_an_order_that_is_not_found_prove_nothing(error: VenueError) -> None:
    assert calls_of(Venue(cancel=error)).cancel(at_rest()) is None
    assert calls_of(Venue(cancel=CancelAnswer.UNKNOWN_ORDER, shown=error)).cancel(at_rest()) is None


def test_the_worker_in_this_thread_answers_at_once() -> None:
    events: list[Event] = []
    paper = PaperExchange(COIN, CLOCK, None)
    worker = InlineWorker(calls_of(paper), events.append)

    worker.place(order_of(state=_S.SUBMITTED))
    worker.cancel(replace(order_of(state=_S.CANCEL_PENDING), venue_id="paper-1"))
    worker.cancel(replace(order_of(state=_S.CANCEL_PENDING), venue_id="paper-9"))

    assert worker.idle
    assert [type(event) for event in events] == [OrderAccepted, OrderEnded]


@pytest.fixture
def answers() -> SimpleQueue[Event]:
    return SimpleQueue()


@pytest.fixture
def paper_worker(answers: SimpleQueue[Event]) -> Iterator[ThreadWorker]:
    """Works for the paper venue in a thread of its own."""
    worker = ThreadWorker(calls_of(PaperExchange(COIN, CLOCK, None)), CLOCK, answers.put)
    worker.start()
    yield worker
    worker.stop(WAIT_S)


def test_the_thread_brings_an_order_to_the_venue_and_its_end_back(
    paper_worker: ThreadWorker, answers: SimpleQueue[Event]
) -> None:
    paper_worker.place(order_of(state=_S.SUBMITTED))
    accepted = answers.get(timeout=WAIT_S)
    paper_worker.cancel(replace(order_of(state=_S.CANCEL_PENDING), venue_id="paper-1"))
    ended = answers.get(timeout=WAIT_S)

    assert accepted == OrderAccepted("bptest-1", "paper-1", NOON)
    assert ended == OrderEnded("bptest-1", _S.CANCELED, reason("canceled_by_us"), NOON)
    assert paper_worker.idle


def test_a_cancel_without_an_answer_leaves_the_thread_free_for_the_next_order(
    paper_worker: ThreadWorker, answers: SimpleQueue[Event]
) -> None:
    paper_worker.cancel(replace(order_of(state=_S.CANCEL_PENDING), venue_id="paper-9"))
    paper_worker.place(order_of(state=_S.SUBMITTED))

    assert answers.get(timeout=WAIT_S) == OrderAccepted("bptest-1", "paper-1", NOON)


class SlowVenue(Venue):
    """Holds every call until the test lets it go."""

    def __init__(self) -> None:
        super().__init__(place=shown(_S.OPEN))
        self.entered, self.go_on = Signal(), Signal()

    def place_order(self, *given: object, client_order_id: str | None = None) -> VenueOrder:
        self.entered.set()
        assert self.go_on.wait(WAIT_S)
        return super().place_order(*given, client_order_id=client_order_id)


def test_a_worker_is_busy_until_its_call_is_answered_and_free_before_the_answer_is_told() -> None:
    venue, told = SlowVenue(), Signal()
    was_idle: list[bool] = []

    def hear(event: Event) -> None:
        was_idle.append(worker.idle)
        told.set()

    worker = ThreadWorker(calls_of(venue), CLOCK, hear)
    worker.start()
    worker.place(order_of(state=_S.SUBMITTED))

    assert venue.entered.wait(WAIT_S)
    assert not worker.idle
    venue.go_on.set()
    assert told.wait(WAIT_S)
    assert was_idle == [True]
    assert worker.stop(WAIT_S)


def test_a_stop_finishes_the_call_in_flight(answers: SimpleQueue[Event]) -> None:
    venue = SlowVenue()
    worker = ThreadWorker(calls_of(venue), CLOCK, answers.put)
    worker.start()
    worker.place(order_of(state=_S.SUBMITTED))
    assert venue.entered.wait(WAIT_S)

    too_soon = worker.stop(0)
    venue.go_on.set()

    assert too_soon is False
    assert isinstance(answers.get(timeout=WAIT_S), OrderAccepted)
    assert worker.stop(WAIT_S)


@pytest.mark.parametrize(
    "error", [*(error for error, _ in NOTHING_HAPPENED), OrderRejected("no"), OutcomeUnknown("lost")]
)
def test_no_refusal_of_a_venue_ends_the_thread(answers: SimpleQueue[Event], error: VenueError) -> None:
    worker = ThreadWorker(calls_of(Venue(place=error, cancel=error)), CLOCK, answers.put)
    worker.start()

    worker.place(order_of(state=_S.SUBMITTED))
    first = answers.get(timeout=WAIT_S)
    worker.place(order_of(2, state=_S.SUBMITTED))
    second = answers.get(timeout=WAIT_S)

    assert isinstance(first, OrderEnded | OutcomeLost)
    assert isinstance(second, OrderEnded | OutcomeLost)
    assert (first.client_id, second.client_id) == ("bptest-1", "bptest-2")
    assert worker.stop(WAIT_S)


def test_a_thread_that_dies_says_so_without_values_and_takes_no_more_orders(answers: SimpleQueue[Event]) -> None:
    worker = ThreadWorker(calls_of(Venue(place=KeyError("secret"))), CLOCK, answers.put)
    worker.start()

    worker.place(order_of(state=_S.SUBMITTED))

    assert answers.get(timeout=WAIT_S) == WorkerDied("order-worker", "KeyError", NOON)
    assert worker.stop(WAIT_S)
    assert not worker.idle


def feed_of(answers: SimpleQueue[Event], ask: Callable[[], Sequence[Event]], *, due: bool = True) -> FeedThread:
    feed = Feed([Question("prices", ask, None)], CLOCK, answers.put, lambda: None)
    if due:
        feed.ask_anew()
    return FeedThread(feed, CLOCK, answers.put)


def test_the_feed_asks_in_its_thread_and_puts_the_answers_in(answers: SimpleQueue[Event]) -> None:
    feed = feed_of(answers, lambda: (quote(),))
    feed.start()

    assert answers.get(timeout=WAIT_S) == quote()
    assert feed.stop(WAIT_S)
    assert answers.empty()


def test_a_stop_waits_for_the_question_at_hand_as_long_as_it_is_told_to(answers: SimpleQueue[Event]) -> None:
    entered, go_on = Signal(), Signal()

    def slowly() -> Sequence[Event]:
        entered.set()
        assert go_on.wait(WAIT_S)
        return (quote(),)

    feed = feed_of(answers, slowly)
    feed.start()
    assert entered.wait(WAIT_S)

    too_soon = feed.stop(0)
    go_on.set()

    assert too_soon is False
    assert feed.stop(WAIT_S)
    assert answers.get(timeout=WAIT_S) == quote()


def test_a_feed_with_nothing_to_ask_stops_at_once(answers: SimpleQueue[Event]) -> None:
    feed = feed_of(answers, lambda: (quote(),), due=False)
    feed.start()

    assert feed.stop(WAIT_S)
    assert answers.empty()


def test_no_trouble_of_a_venue_ends_the_feed_and_any_other_error_is_told_without_values(
    answers: SimpleQueue[Event],
) -> None:
    away = feed_of(answers, lambda: _raise(VenueUnavailable("away")))
    away.start()
    assert isinstance(answers.get(timeout=WAIT_S), VenueAway)
    assert away.stop(WAIT_S)

    broken = feed_of(answers, lambda: _raise(KeyError("secret")))
    broken.start()
    assert answers.get(timeout=WAIT_S) == WorkerDied("feed", "KeyError", NOON)
    assert broken.stop(WAIT_S)


def _raise(error: Exception) -> Sequence[Event]:
    raise error


def test_a_block_is_the_reason_of_calls_that_we_held_back_and_of_no_other() -> None:
    shut_out = reason("venue_shut_out", until="2025-01-02T12:00:00Z")

    assert not_reached(RateLimited("held", retry_after_s=1), NOON) == shut_out
    assert not_reached(RateLimited("held", retry_after_s=1)) == reason("venue_paced", seconds=1)
    assert not_reached(VenueUnavailable("away"), NOON).code == "venue_not_reached"
