"""The engine: news of orders becomes books and decisions, wishes come out, and nothing is invented."""

from dataclasses import replace
from decimal import Decimal

import pytest

from bot.engine import Engine, EngineState, FillBooked, LotsBooked, OrderChanged, Step
from domain.book import Book, Lot
from domain.commands import MoveLots
from domain.decision import Decision, Note, Weight
from domain.errors import IllegalTransition
from domain.events import (
    Event,
    OrderClosed,
    OrderFilled,
    OrderRests,
    OrderStuck,
    StrategyEvent,
    TimerFired,
    WishDenied,
    WorkerDied,
)
from domain.order import Order, OrderState
from domain.reason import reason
from strategy.grid.state import GridState
from tests.bot.rig import (
    NOON,
    SYMBOL,
    Script,
    accepted,
    adopt,
    cancel_failed,
    ended,
    filled,
    lost,
    on_quotes,
    order_of,
    quote,
    take_back,
    wish,
)

_S = OrderState


def engine_of(script: Script) -> Engine:
    return Engine({script.symbol: script})


def waiting_for(engine: Engine, *orders: Order) -> EngineState:
    state = engine.begin()
    for order in orders:
        state = state.with_order(order)
    return state


def stepped(order: Order, event: Event, script: Script | None = None) -> Step:
    engine = engine_of(script or Script())
    return engine.step(waiting_for(engine, order), event)


def test_the_engine_begins_with_what_every_strategy_begins_with() -> None:
    state = Engine({"A": Script(symbol="A"), "B": Script(symbol="B")}).begin()

    assert state == EngineState({"A": GridState(), "B": GridState()})


def test_an_accepted_order_is_open_and_carries_the_venues_id() -> None:
    order = order_of(state=_S.SUBMITTED)

    step = stepped(order, accepted(order))

    taken = replace(order, state=_S.OPEN, venue_id="v-bptest-1")
    assert step.bookings == (OrderChanged(taken),)
    assert step.state.orders == {order.client_id: taken}
    assert step.wishes == ()


def test_an_order_that_was_to_end_on_its_way_is_canceled_as_soon_as_the_venue_has_it() -> None:
    order = order_of(state=_S.SUBMITTED)
    engine = engine_of(Script())
    state = replace(waiting_for(engine, order), cancel_later=frozenset({order.client_id, "bptest-9"}))

    step = engine.step(state, accepted(order))

    assert [(wanted.slot, wanted.why.code) for wanted in step.wishes] == [("1.0", "cancel_was_waiting")]
    assert step.state.cancel_later == {"bptest-9"}


def test_a_fill_is_in_the_book_before_the_strategy_hears_of_it() -> None:
    order = order_of(state=_S.OPEN, qty="3")
    script = Script()

    step = stepped(order, filled(order, "2"), script)

    (booking,) = step.bookings
    assert isinstance(booking, FillBooked)
    assert (booking.before, booking.after.held("1.0")) == (Book(), Decimal(2))
    assert booking.order.state is _S.PARTIALLY_FILLED
    (heard,) = script.heard
    assert isinstance(heard, OrderFilled)
    assert (heard.order, heard.fill.qty) == (booking.order, Decimal(2))
    assert step.state.strategies[SYMBOL].book == booking.after
    assert step.state.orders[order.client_id].remaining == 1


def test_a_full_order_is_waited_for_no_longer() -> None:
    order = order_of(state=_S.OPEN)

    step = stepped(order, filled(order))

    assert step.state.orders == {}


def test_a_canceled_order_is_closed_and_its_strategy_hears_why() -> None:
    order = order_of(state=_S.CANCEL_PENDING)
    script = Script()

    step = stepped(order, ended(order), script)

    assert step.bookings == (OrderChanged(replace(order, state=_S.CANCELED), reason("told_so")),)
    assert script.heard == [OrderClosed(replace(order, state=_S.CANCELED), reason("told_so"), NOON)]
    assert step.state.orders == {}


@pytest.mark.parametrize(
    ("state", "told_s", "waits_s", "passing"),
    [(_S.REJECTED, 0, 600, False), (_S.VOID, 0, 0, True), (_S.VOID, 2, 2, True), (_S.VOID, 900, 900, True)],
)
def test_a_refused_order_is_booked_with_its_reason_and_its_slot_hears_how_long_to_wait(
    state: OrderState,
    told_s: int,
    waits_s: int,
    passing: bool,  # noqa: FBT001  # pytest hands its parameters in by name
) -> None:
    order = order_of(state=_S.SUBMITTED)
    script = Script()

    step = stepped(order, ended(order, state, "venue_says_no", retry_after_s=told_s), script)

    # Only what never left us, or is proven to have come to nothing, needs no word to the owner.
    weight = Weight.WARNING if waits_s else Weight.NOTE
    assert step.notes == ((SYMBOL, Note("1.0", reason("venue_says_no"), weight)),)
    assert script.heard == [WishDenied(SYMBOL, "1.0", reason("venue_says_no"), NOON, waits_s, passing)]


@pytest.mark.parametrize(
    ("state", "end", "unasked"),
    [
        (_S.OPEN, _S.CANCELED, True),
        (_S.PARTIALLY_FILLED, _S.CANCELED, True),
        (_S.SUBMITTED, _S.CANCELED, True),
        (_S.CANCEL_PENDING, _S.CANCELED, False),
        (_S.OPEN, _S.EXPIRED, False),
    ],
)
def test_a_strategy_hears_whether_the_venue_took_an_order_back_by_itself(
    state: OrderState,
    end: OrderState,
    unasked: bool,  # noqa: FBT001  # pytest hands it in by name
) -> None:
    order = order_of(state=state)
    script = Script()

    stepped(order, ended(order, end), script)

    assert script.heard == [OrderClosed(replace(order, state=end), reason("told_so"), NOON, unasked=unasked)]


def test_an_order_that_was_to_be_canceled_on_its_way_and_ended_there_was_asked_to() -> None:
    order = order_of(state=_S.UNKNOWN)
    script = Script()
    engine = engine_of(script)
    state = replace(waiting_for(engine, order), cancel_later=frozenset({order.client_id}))

    engine.step(state, ended(order))

    assert [event.unasked for event in script.heard if isinstance(event, OrderClosed)] == [False]


def test_a_part_that_was_filled_before_a_rejection_makes_it_an_end_and_no_refusal() -> None:
    order = order_of(state=_S.PARTIALLY_FILLED, filled="0.5")
    script = Script()

    step = stepped(order, ended(order, _S.REJECTED), script)

    assert isinstance(script.heard[0], OrderClosed)
    assert step.notes == ()


def test_an_order_that_we_took_back_before_it_left_is_no_refusal_either() -> None:
    order = order_of()
    script = Script()
    engine = engine_of(script)
    state = replace(waiting_for(engine, order), cancel_later=frozenset({order.client_id}))

    step = engine.step(state, ended(order, _S.VOID))

    assert isinstance(script.heard[0], OrderClosed)
    assert step.state.cancel_later == frozenset()


def test_a_lost_answer_makes_an_order_unknown_and_its_slot_wait() -> None:
    order = order_of(state=_S.SUBMITTED)
    script = Script()

    step = stepped(order, lost(order), script)

    unknown = replace(order, state=_S.UNKNOWN)
    assert step.bookings == (OrderChanged(unknown, reason("answer_lost")),)
    assert script.heard == [OrderStuck(unknown, reason("answer_lost"), NOON)]
    assert step.state.orders == {order.client_id: unknown}


@pytest.mark.parametrize("state", [_S.UNKNOWN, _S.VOID])
def test_an_order_that_is_found_at_rest_after_all_is_told_to_its_strategy(state: OrderState) -> None:
    order = order_of(state=state)
    script = Script()
    engine = engine_of(script)

    step = engine.step(engine.begin().recalling(order), accepted(order))

    found = replace(order, state=_S.OPEN, venue_id="v-bptest-1")
    assert (step.bookings, script.heard) == ((OrderChanged(found),), [OrderRests(found, NOON)])


@pytest.mark.parametrize(("part", "state"), [("0", _S.OPEN), ("0.5", _S.PARTIALLY_FILLED)])
def test_a_cancel_that_came_to_nothing_leaves_the_order_where_it_was(part: str, state: OrderState) -> None:
    order = order_of(state=_S.CANCEL_PENDING, filled=part)
    script = Script()

    step = stepped(order, cancel_failed(order), script)

    rests = replace(order, state=state)
    assert step.bookings == (OrderChanged(rests, reason("venue_not_reached")),)
    assert script.heard == [OrderRests(rests, NOON)]


def test_a_timer_changes_nothing() -> None:
    engine = engine_of(Script())

    assert engine.step(engine.begin(), TimerFired("daily", NOON)) == Step(engine.begin())


def test_a_dead_worker_is_booked_with_its_error() -> None:
    engine = engine_of(Script())

    step = engine.step(engine.begin(), WorkerDied("order-worker", "KeyError", NOON))

    assert step == Step(
        engine.begin(), notes=(("", Note("order-worker", reason("worker_died", error="KeyError"), Weight.WARNING)),)
    )


@pytest.mark.parametrize("event", [accepted("x"), filled("x"), ended("x"), lost("x"), cancel_failed("x")])
def test_news_of_an_order_that_nobody_wrote_stops_us(event: Event) -> None:
    engine = engine_of(Script())

    with pytest.raises(IllegalTransition, match="no order x"):
        engine.step(engine.begin(), event)


def test_a_price_becomes_wishes_in_the_order_in_which_the_strategy_asked() -> None:
    engine = engine_of(Script(on_quotes([wish("1.0"), take_back("1.1"), wish("1.2")])))

    step = engine.step(engine.begin(), quote())

    assert step.wishes == (wish("1.0"), take_back("1.1"), wish("1.2"))
    assert step.bookings == ()


def test_what_a_strategy_notes_is_kept_with_its_symbol() -> None:
    class Noting(Script):
        def decide(self, state: GridState, event: StrategyEvent) -> Decision[GridState]:
            return Decision(state, notes=(Note("1.0", reason("seen"), Weight.WARNING),))

    engine = engine_of(Noting())

    assert engine.step(engine.begin(), quote()).notes == ((SYMBOL, Note("1.0", reason("seen"), Weight.WARNING)),)


def test_lots_are_taken_over_and_moved_as_the_strategy_says() -> None:
    move = MoveLots(SYMBOL, "start", "1.0", Decimal("0.4"), closes_cycle=True)
    engine = engine_of(Script(on_quotes([adopt("start"), move])))

    step = engine.step(engine.begin(), quote())

    first, second = step.bookings
    assert isinstance(first, LotsBooked)
    assert isinstance(second, LotsBooked)
    assert (first.before, first.after) == (Book(), second.before)
    book = step.state.strategies[SYMBOL].book
    assert second.after == book
    assert (book.held("start"), book.held("1.0"), book.cycles) == (Decimal("0.6"), Decimal("0.4"), 1)


@pytest.mark.parametrize("asked", [(), (adopt("1.1"),)])
def test_a_strategy_whose_book_is_not_what_it_asked_for_stops_us(asked: tuple[()]) -> None:
    class Lying(Script):
        def decide(self, state: GridState, event: StrategyEvent) -> Decision[GridState]:
            lots = {"1.0": (Lot(Decimal(1), Decimal(9000), Decimal(0)),)}
            return Decision(state.with_book(replace(state.book, lots=lots)), asked)

    engine = engine_of(Lying())

    with pytest.raises(IllegalTransition, match="book differs from its commands"):
        engine.step(engine.begin(), quote())


def test_moving_lots_that_a_slot_does_not_have_stops_us() -> None:
    class Lying(Script):
        def decide(self, state: GridState, event: StrategyEvent) -> Decision[GridState]:
            return Decision(state, (MoveLots(SYMBOL, "1.0", "1.1", Decimal(1)),))

    engine = engine_of(Lying())

    with pytest.raises(IllegalTransition, match="lacks 1"):
        engine.step(engine.begin(), quote())


def test_a_refusal_is_told_once_until_its_reason_changes_or_an_order_passes() -> None:
    script = Script()
    engine = engine_of(script)
    short, capped = reason("cash_does_not_reach", needed=5), reason("order_over_cap", limit=1)

    first = engine.deny(engine.begin(), wish(), short, NOON)
    again = engine.deny(first.state, wish(), reason("cash_does_not_reach", needed=6), NOON)
    other_slot = engine.deny(again.state, wish("1.1"), short, NOON)
    other_code = engine.deny(other_slot.state, wish(), capped, NOON)
    passed = engine.accept(other_code.state, order_of())
    after = engine.deny(passed, wish(), capped, NOON)

    steps = (first, again, other_slot, other_code, after)
    told = [[note.why.code for _, note in step.notes] for step in steps]
    assert told == [[short.code], [], [short.code], [capped.code], [capped.code]]
    assert len(script.heard) == len(steps)
    assert script.heard[0] == WishDenied(SYMBOL, "1.0", short, NOON)
    assert passed.denied == {(SYMBOL, "1.1"): short.code}


def test_a_refused_strategy_may_ask_for_something_else() -> None:
    script = Script(lambda event: [wish("1.1")] if isinstance(event, WishDenied) else [])
    engine = engine_of(script)

    assert engine.deny(engine.begin(), wish(), reason("no"), NOON).wishes == (wish("1.1"),)


def test_the_order_of_a_slot_is_found_by_symbol_and_slot() -> None:
    order = order_of()
    state = engine_of(Script()).begin().with_order(order)

    assert state.order_of(SYMBOL, "1.0") == order
    assert state.order_of(SYMBOL, "1.1") is None
    assert state.order_of("KRW-ETH", "1.0") is None


def test_a_closed_order_that_is_called_back_takes_its_late_fill_and_goes() -> None:
    order = order_of(state=_S.CANCELED, filled="0.4")
    script = Script()
    engine = engine_of(script)

    part = engine.step(engine.begin().recalling(order), filled(order, "0.2"))
    full = engine.step(engine.begin().recalling(order), filled(order, "0.6"))

    assert (part.state.orders, full.state.orders) == ({}, {})
    assert part.state.strategies[SYMBOL].book.held("1.0") == Decimal("0.2")
    states = [step.bookings[0].order.state for step in (part, full) if isinstance(step.bookings[0], FillBooked)]
    assert states == [_S.CANCELED, _S.FILLED]
    assert [event.late for event in script.heard if isinstance(event, OrderFilled)] == [True, True]


def test_the_same_state_and_event_give_the_same_step() -> None:
    order = order_of(state=_S.OPEN)

    assert stepped(order, filled(order)) == stepped(order, filled(order))


@pytest.mark.parametrize("first", [_S.PARTIALLY_FILLED, _S.OPEN, _S.CANCEL_PENDING])
def test_an_answer_that_a_fill_or_another_answer_overtook_only_brings_the_id(first: OrderState) -> None:
    order = replace(order_of(state=first), venue_id=None)

    step = stepped(order, accepted(order))
    again = stepped(step.state.orders[order.client_id], accepted(order))

    assert step.bookings == (OrderChanged(replace(order, venue_id="v-bptest-1")),)
    assert (again.bookings, again.wishes, again.notes) == ((), (), ())


@pytest.mark.parametrize("state", [_S.PARTIALLY_FILLED, _S.OPEN])
def test_a_lost_answer_or_a_failed_cancel_of_an_order_that_rests_is_no_news(state: OrderState) -> None:
    order = order_of(state=state)
    script = Script()

    for event in (lost(order), cancel_failed(order)):
        step = stepped(order, event, script)
        assert (step.bookings, step.wishes) == ((), ())
        assert step.state.orders == {order.client_id: order}
    assert script.heard == []
