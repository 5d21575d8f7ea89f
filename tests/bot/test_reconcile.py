"""Reconciling: what the venue shows is told as events, nothing is taken for proof that is none, nothing is lost."""

from dataclasses import replace
from datetime import timedelta

import pytest

from bot.reconcile import strangers
from domain.errors import VenueUnavailable
from domain.events import CancelFailed, FillReported, OrderAccepted, OrderEnded, OrderShown, TrustLost
from domain.order import Order, OrderState
from domain.reason import reason
from tests.bot.rig import NOON, SYMBOL, order_of
from tests.bot.shown import HOUR, PREFIX, Watch, exchange_of, resting, settled

_S = OrderState
ONE, TWO = "bptest-1", "bptest-2"
SENT = order_of(state=_S.SUBMITTED)
UNKNOWN = order_of(state=_S.UNKNOWN)


def accepted(client_id: str = ONE) -> OrderAccepted:
    return OrderAccepted(client_id, f"v-{client_id}", NOON)


# Orders that the venue shows


def test_a_venue_that_shows_what_we_know_tells_nothing() -> None:
    watch = Watch(resting(1), resting(2, _S.PARTIALLY_FILLED, filled="0.4"))
    watch.venue.take(ONE)
    watch.venue.take(TWO)
    watch.venue.fill(TWO, "0.4", "t1")
    watch.ask()

    assert watch.ask(5) == ()
    assert watch.venue.asked == ["open_orders"]
    assert watch.reconciler.next_look_at() is None


@pytest.mark.parametrize("order", [SENT, UNKNOWN, order_of(state=_S.PARTIALLY_FILLED, filled="0.4")])
def test_an_order_of_ours_at_rest_gets_its_venue_id_and_is_followed(order: Order) -> None:
    watch = settled(Watch(order))
    watch.venue.take(ONE)

    assert watch.ask() == (accepted(),)
    assert watch.venue.asked == ["open_orders", f"follow v-{ONE}"]


@pytest.mark.parametrize("order", [SENT, UNKNOWN])
def test_an_order_that_shows_in_executions_alone_gets_its_venue_id_before_its_fills(order: Order) -> None:
    watch = Watch(order)
    watch.venue.take(ONE)
    fill = watch.venue.fill(ONE, "1", "t1")

    assert watch.ask() == (accepted(), FillReported(ONE, fill, NOON))


def test_an_order_under_our_prefix_that_we_do_not_know_is_shown_and_one_under_another_is_not() -> None:
    watch = Watch()
    shown = watch.venue.take("bptest-zz")
    watch.venue.take("bptes")
    watch.venue.take("bptest2-1")
    watch.venue.take("by-hand")

    assert watch.ask() == (OrderShown(shown, NOON),)


def test_where_the_venue_leaves_our_ids_out_its_own_tell_whose_an_order_is() -> None:
    watch = Watch(resting(1))
    watch.venue.nameless = True
    watch.venue.take(ONE)
    watch.venue.take(TWO)
    fill = watch.venue.fill(ONE, "0.4", "t1")
    watch.venue.fill(TWO, "0.4", "t2")

    assert watch.ask() == (FillReported(ONE, fill, NOON),)


def test_pending_and_sent_orders_are_not_looked_up() -> None:
    watch = settled(Watch(order_of(1), order_of(2, state=_S.SUBMITTED)))

    for _ in range(10):
        assert watch.ask(10) == ()
        assert watch.venue.asked == ["open_orders"]


# Fills


def test_a_fill_is_told_once() -> None:
    watch = Watch(resting(1))
    watch.venue.take(ONE)
    first = watch.venue.fill(ONE, "0.4", "t1")
    assert watch.ask() == (FillReported(ONE, first, NOON),)
    watch.know(resting(1, _S.PARTIALLY_FILLED, filled="0.4"))

    second = watch.venue.fill(ONE, "0.6", "t2")

    assert [event.fill for event in watch.ask() if isinstance(event, FillReported)] == [second]


def test_a_fill_of_an_order_that_is_closed_for_us_is_told_all_the_same() -> None:
    watch = Watch()
    watch.venue.take(ONE)
    fill = watch.venue.fill(ONE, "0.4", "t1")
    watch.venue.end(ONE)
    watch.venue.take("by-hand")
    watch.venue.fill("by-hand", "1", "t2")

    assert watch.ask() == (FillReported(ONE, fill, NOON),)


def test_the_fills_of_a_stranger_are_nobodys_until_the_ledger_has_taken_it_in() -> None:
    watch = Watch(strange=(TWO,))
    for name, fill_id in ((ONE, "t1"), (TWO, "t2")):
        watch.venue.take(name)
        watch.venue.fill(name, "0.4", fill_id)
    watch.venue.end(TWO)
    quiet = [type(event) for _ in range(2) for event in watch.ask(600)]

    watch.know(resting(1), resting(2))

    assert quiet == [OrderShown, OrderShown]
    assert sorted(event.client_id for event in watch.ask() if isinstance(event, FillReported)) == [ONE, TWO]


def test_executions_are_asked_for_only_when_they_can_tell_something() -> None:
    watch = settled(Watch(resting(1)))
    watch.venue.take(ONE)

    def asks(after_s: int = 0) -> bool:
        watch.ask(after_s)
        return "fills_since" in watch.venue.asked

    assert not asks(1)
    watch.venue.fill(ONE, "0.4", "t1")
    assert asks()
    watch.know(resting(1, _S.PARTIALLY_FILLED, filled="0.4"))
    assert not asks()
    assert not asks(599)
    assert asks(1)
    watch.know(resting(1, _S.PARTIALLY_FILLED, filled="0.4"), resting(2))
    assert asks()
    watch.know(resting(1, _S.PARTIALLY_FILLED, filled="0.4"), order_of(3, state=_S.UNKNOWN))
    assert not asks()
    watch.venue.take("bptest-3")
    watch.venue.unseen.add("bptest-3")
    assert not asks(2)
    watch.venue.unseen.clear()
    watch.venue.end("bptest-3")
    assert asks(10)


def test_each_full_look_begins_an_hour_before_the_one_before() -> None:
    watch = Watch()

    for _ in range(12):
        watch.ask(600)

    begins = [NOON + timedelta(minutes=10 * n) for n in range(1, 12)]
    assert watch.venue.since == [NOON - HOUR, *(begin - HOUR for begin in begins)]


def test_every_look_begins_an_hour_before_the_one_before_it() -> None:
    watch = Watch(since=NOON)

    for _ in range(3):
        watch.ask(600)

    assert watch.venue.since == [NOON, *(NOON + timedelta(minutes=minutes - 60) for minutes in (10, 20))]


def test_a_look_with_a_clock_that_ran_ahead_leaves_no_gap() -> None:
    watch = Watch(since=NOON)
    watch.ask(3 * 3600)
    watch.clock.set(NOON + timedelta(minutes=1))
    watch.ask()

    watch.ask(600)

    assert watch.venue.since[-1] < NOON


def test_an_order_that_rested_and_is_found_nowhere_costs_the_trust_after_ten_minutes() -> None:
    watch = Watch(resting(1))
    told = [event for _ in range(70) for event in watch.ask(10)]

    assert {type(event) for event in told} == {TrustLost}
    first = told[0]
    assert isinstance(first, TrustLost)
    assert first.why.code == "order_vanished"
    assert first.at >= NOON + timedelta(minutes=10)


def test_a_fill_that_is_listed_late_is_told() -> None:
    watch = Watch(resting(1))
    watch.venue.take(ONE)
    fill = watch.venue.fill(ONE, "0.4", "t1")
    watch.venue.unlisted.add("t1")

    assert watch.ask() == watch.ask(5) == ()
    watch.venue.unlisted.clear()
    assert watch.ask(5) == (FillReported(ONE, fill, watch.clock.now()),)


# Ends


@pytest.mark.parametrize(
    ("known", "shown", "code"),
    [
        (_S.OPEN, _S.CANCELED, "canceled_by_venue"),
        (_S.CANCEL_PENDING, _S.CANCELED, "canceled_by_us"),
        (_S.CANCEL_PENDING, _S.EXPIRED, "expired_at_venue"),
        (_S.OPEN, _S.REJECTED, "venue_rejected"),
    ],
)
def test_an_order_that_the_venue_ended_is_told_with_what_ended_it(
    known: OrderState, shown: OrderState, code: str
) -> None:
    watch = Watch(resting(1, known))
    watch.venue.take(ONE)
    watch.venue.end(ONE, shown)

    assert watch.ask() == (OrderEnded(ONE, shown, reason(code), NOON),)


def test_a_cancel_of_ours_that_left_during_the_look_is_ours() -> None:
    watch = Watch(resting(1))
    watch.venue.take(ONE)
    watch.venue.end(ONE)
    watch.venue.meanwhile["get_order"] = lambda: watch.know(resting(1, _S.CANCEL_PENDING))

    (ended,) = watch.ask()

    assert isinstance(ended, OrderEnded)
    assert ended.why.code == "canceled_by_us"


def test_an_order_ends_only_once_as_much_is_told_as_the_venue_shows_filled() -> None:
    watch = Watch(resting(1, _S.CANCEL_PENDING))
    watch.venue.take(ONE)
    first, second = watch.venue.fill(ONE, "0.3", "t1"), watch.venue.fill(ONE, "0.4", "t2")
    watch.venue.unlisted.add("t2")
    watch.venue.end(ONE)
    ended = OrderEnded(ONE, _S.CANCELED, reason("canceled_by_us"), NOON)

    assert watch.ask() == (FillReported(ONE, first, NOON),)
    watch.know(resting(1, _S.CANCEL_PENDING, filled="0.3"))
    assert watch.ask() == ()
    watch.venue.unlisted.clear()
    assert watch.ask() == (FillReported(ONE, second, NOON), ended)


def test_fills_that_are_booked_already_do_not_stand_for_those_that_are_missing() -> None:
    watch = Watch(resting(1, filled="0.4"))
    watch.venue.take(ONE)
    watch.venue.fill(ONE, "0.4", "t1")
    watch.venue.fill(ONE, "0.4", "t2")
    watch.venue.unlisted.add("t2")
    watch.venue.end(ONE)

    assert not any(isinstance(event, OrderEnded) for event in watch.ask())


def test_fills_from_before_the_window_count_as_booked() -> None:
    watch = Watch(resting(1, _S.PARTIALLY_FILLED, filled="0.4"))
    watch.venue.take(ONE)
    watch.venue.fill(ONE, "0.4", "t1")
    watch.venue.unlisted.add("t1")
    watch.venue.end(ONE)

    assert watch.ask() == (OrderEnded(ONE, _S.CANCELED, reason("canceled_by_venue"), NOON),)


def test_a_full_order_ends_by_its_fills() -> None:
    watch = Watch(resting(1))
    watch.venue.take(ONE)
    fill = watch.venue.fill(ONE, "1", "t1")

    assert watch.ask() == (FillReported(ONE, fill, NOON),)
    assert watch.ask() == ()


@pytest.mark.parametrize("trouble", ["not_ready", "unseen"])
def test_an_order_that_the_venue_cannot_tell_of_now_is_looked_up_next_time(trouble: str) -> None:
    watch = Watch(resting(1))
    watch.venue.take(ONE)
    watch.venue.end(ONE)
    getattr(watch.venue, trouble).add(ONE)

    assert watch.ask() == watch.ask(60) == ()
    assert "get_order" in watch.venue.asked
    getattr(watch.venue, trouble).clear()
    assert [type(event) for event in watch.ask()] == [OrderEnded]


def test_an_order_that_only_the_list_overlooks_has_not_ended() -> None:
    watch = Watch(resting(1), order_of(2, state=_S.UNKNOWN))
    watch.venue.take(ONE)
    watch.venue.take(TWO)
    watch.venue.overlooked |= {ONE, TWO}

    assert watch.ask() == ()
    assert [type(event) for event in watch.ask(2)] == [OrderAccepted]


def test_an_order_whose_venue_id_never_came_is_looked_up_by_ours() -> None:
    watch = Watch(replace(resting(1, _S.PARTIALLY_FILLED, filled="0.4"), venue_id=None))
    watch.venue.take(ONE)
    watch.venue.fill(ONE, "0.4", "t1")
    watch.venue.end(ONE)
    watch.venue.executions.clear()

    assert watch.ask() == (accepted(), OrderEnded(ONE, _S.CANCELED, reason("canceled_by_venue"), NOON))


def test_all_that_one_look_shows_is_told_in_its_order() -> None:
    watch = Watch(SENT, resting(2), order_of(4, state=_S.UNKNOWN))
    for name in (TWO, ONE, "bptest-3", "bptest-4"):
        watch.venue.take(name)
    watch.venue.fill(TWO, "0.4", "t1")
    watch.venue.end(TWO)
    watch.venue.fill(ONE, "0.4", "t2")

    told = [(type(event).__name__, getattr(event, "client_id", "bptest-3")) for event in watch.ask()]

    assert told == [
        ("OrderAccepted", ONE),
        ("OrderAccepted", "bptest-4"),
        ("OrderShown", "bptest-3"),
        ("FillReported", TWO),
        ("FillReported", ONE),
        ("OrderEnded", TWO),
    ]


# Looks that fail


def _waiting() -> Watch:
    """Everything that can be told is there to be told."""
    watch = Watch(UNKNOWN, resting(2), resting(3), resting(5, _S.CANCEL_PENDING))
    watch.venue.take("bptest-5")
    watch.venue.take(TWO)
    watch.venue.take("bptest-3")
    watch.ask()
    watch.venue.take(ONE)
    watch.venue.fill(ONE, "0.4", "t1")
    watch.venue.end(ONE)
    watch.venue.fill(TWO, "0.4", "t2")
    watch.venue.end("bptest-3")
    watch.go_on(10)
    return watch


@pytest.mark.parametrize("call", ["open_orders", "get_order", "find_order", "fills_since"])
def test_what_a_failed_look_could_not_tell_is_told_by_the_next(call: str) -> None:
    whole, failing = _waiting(), _waiting()
    failing.venue.fails[call] = 1

    with pytest.raises(VenueUnavailable):
        failing.ask()

    events = whole.ask()
    assert {type(event) for event in events} == {OrderAccepted, FillReported, OrderEnded, CancelFailed}
    assert failing.ask() == events


# Orders that the ledger does not know


def test_strangers_are_all_orders_under_our_prefix_that_nobody_wrote() -> None:
    watch = Watch()
    for name in (ONE, TWO, "bptest-3", "bptest-4", "bptest", "bpother-1"):
        watch.venue.take(name)
    watch.venue.end("bptest-3")
    watch.venue.end("bptest-4")
    watch.venue.orders["bptest-4"] = replace(watch.venue.orders["bptest-4"], at=NOON - 2 * HOUR)

    found = strangers(exchange_of(watch.venue), SYMBOL, PREFIX, NOON - HOUR, {ONE}.__contains__)

    assert [(order.client_order_id, order.state) for order in found] == [(TWO, _S.OPEN), ("bptest-3", _S.CANCELED)]
    assert watch.venue.asked == ["open_orders", "closed_orders"]


def test_a_stranger_that_ends_while_we_look_is_one_and_ended() -> None:
    watch = Watch()
    watch.venue.take(ONE)
    watch.venue.meanwhile["closed_orders"] = lambda: watch.venue.end(ONE)

    (found,) = strangers(exchange_of(watch.venue), SYMBOL, PREFIX, NOON - HOUR, set().__contains__)

    assert found.state is _S.CANCELED
