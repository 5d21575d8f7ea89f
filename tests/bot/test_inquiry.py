"""Open questions about one order: a lost answer, a cancel without effect; only good evidence answers them."""

from datetime import timedelta

import pytest

from domain.errors import VenueUnavailable
from domain.events import CancelFailed, FillReported, OrderAccepted, OrderEnded
from domain.order import OrderState
from domain.reason import reason
from tests.bot.rig import NOON, order_of
from tests.bot.shown import Watch, resting, settled

_S = OrderState
ONE, TWO = "bptest-1", "bptest-2"
UNKNOWN = order_of(state=_S.UNKNOWN)


# Cancels that came to nothing


def test_a_cancel_counts_as_lost_when_the_order_rests_ten_seconds_later() -> None:
    watch = Watch(resting(1, _S.CANCEL_PENDING))
    watch.venue.take(ONE)

    assert watch.ask() == watch.ask(9) == ()
    assert watch.reconciler.next_look_at() == NOON + timedelta(seconds=10)
    assert watch.ask(1) == (CancelFailed(ONE, reason("cancel_not_carried_out"), watch.clock.now()),)
    assert watch.reconciler.next_look_at() is None
    assert watch.ask(9) == watch.ask(9) == ()
    assert [type(event) for event in watch.ask(1)] == [CancelFailed]


def test_a_cancel_that_was_given_up_meanwhile_is_timed_anew() -> None:
    watch = Watch(resting(1, _S.CANCEL_PENDING))
    watch.venue.take(ONE)
    watch.ask()
    watch.know(resting(1))
    watch.ask(8)
    watch.know(resting(1, _S.CANCEL_PENDING))

    assert watch.ask(8) == watch.ask(9) == ()


# Orders whose answer was lost


def looks(watch: Watch, seconds: int) -> list[tuple[int, str]]:
    """Look every second; return when an order was looked for, or told of."""
    begin, seen = watch.clock.now(), []
    for _ in range(seconds):
        events = watch.ask(1)
        passed = (watch.clock.now() - begin) // timedelta(seconds=1)
        seen += [(passed, call) for call in watch.venue.asked if call == "find_order"]
        seen += [(passed, getattr(event, "state", type(event).__name__)) for event in events]
    return seen


def test_an_order_that_never_arrived_is_proven_absent_after_three_looks_and_thirty_seconds() -> None:
    watch = settled(Watch(UNKNOWN))

    assert looks(watch, 32) == [
        (2, "find_order"),
        (12, "find_order"),
        (22, "find_order"),
        (32, "find_order"),
        (32, _S.VOID),
    ]
    assert looks(watch, 9) == []


def test_a_proof_says_how_often_and_how_long_was_looked() -> None:
    watch = settled(Watch(UNKNOWN))
    for seconds in (2, 15):
        assert watch.ask(seconds) == ()

    assert watch.ask(15) == (OrderEnded(ONE, _S.VOID, reason("proven_absent", looks=3, seconds=30), watch.clock.now()),)


def test_two_looks_are_no_proof_however_far_apart() -> None:
    watch = settled(Watch(UNKNOWN))

    assert watch.ask(3600) == watch.ask(3600) == ()
    assert [type(event) for event in watch.ask(3600)] == [OrderEnded]


@pytest.mark.parametrize("call", ["find_order", "open_orders"])
def test_a_look_that_fails_is_no_proof_of_anything(call: str) -> None:
    watch = settled(Watch(UNKNOWN))
    for seconds in (2, 10):
        watch.ask(seconds)
    watch.venue.fails[call] = 100
    for _ in range(100):
        with pytest.raises(VenueUnavailable):
            watch.ask(30)
    watch.know()
    watch.ask()
    watch.know(UNKNOWN)
    watch.ask()

    assert [what for _, what in looks(watch, 31)] == ["find_order"] * 3


def test_a_failing_look_takes_nothing_back_and_adds_nothing() -> None:
    watch = settled(Watch(UNKNOWN, order_of(2, state=_S.UNKNOWN)))
    watch.ask(2)
    watch.venue.fails["find_order"] = 1

    with pytest.raises(VenueUnavailable):
        watch.ask(20)

    assert watch.ask(5) == ()
    assert watch.venue.asked == ["open_orders", "find_order", "find_order"]
    assert [event.why for event in watch.ask(10) if isinstance(event, OrderEnded)] == [
        reason("proven_absent", looks=3, seconds=35)
    ] * 2


def test_an_order_that_is_not_ready_exists_and_counting_begins_anew() -> None:
    watch = settled(Watch(UNKNOWN))
    looks(watch, 31)
    watch.venue.take(ONE)
    watch.venue.not_ready.add(ONE)
    assert [what for _, what in looks(watch, 1)] == ["find_order"]

    watch.venue.not_ready.clear()
    del watch.venue.orders[ONE]

    assert [what for _, what in looks(watch, 39)] == ["find_order"] * 3
    assert [what for _, what in looks(watch, 1)] == ["find_order", _S.VOID]


def test_a_lost_order_that_is_found_is_followed_and_taken_in() -> None:
    watch = settled(Watch(UNKNOWN))
    watch.venue.take(ONE)
    watch.venue.fill(ONE, "1", "t1")

    assert watch.ask(1) == ()
    at = NOON + timedelta(seconds=2)
    assert watch.ask(1) == (
        OrderAccepted(ONE, f"v-{ONE}", at),
        FillReported(ONE, watch.venue.executions[0].fill, at),
    )
    assert watch.venue.asked == ["open_orders", "find_order", f"follow v-{ONE}", "fills_since"]


def test_a_lost_order_that_has_ended_meanwhile_is_told_with_its_fills_and_its_end() -> None:
    watch = settled(Watch(UNKNOWN))
    watch.venue.take(ONE)
    watch.venue.fill(ONE, "0.4", "t1")
    watch.venue.end(ONE)

    assert [type(event) for event in watch.ask(2)] == [OrderAccepted, FillReported, OrderEnded]


def test_a_fill_is_stronger_than_any_number_of_looks_in_vain() -> None:
    watch = settled(Watch(UNKNOWN))
    looks(watch, 31)
    watch.venue.take(ONE)
    watch.venue.unseen.add(ONE)
    watch.venue.fill(ONE, "0.4", "t1")
    watch.know(UNKNOWN, resting(2))

    assert [type(event) for event in watch.ask(1)] == [OrderAccepted, FillReported]
    watch.know(UNKNOWN)
    assert [what for _, what in looks(watch, 31)] == ["find_order"] * 3


def test_a_lost_order_at_rest_is_not_looked_for() -> None:
    watch = settled(Watch(UNKNOWN))
    watch.venue.take(ONE)

    assert [what for _, what in looks(watch, 20)] == ["OrderAccepted"] * 20


def test_the_next_look_is_wanted_when_the_first_question_is_due() -> None:
    watch = settled(Watch(UNKNOWN, resting(2, _S.CANCEL_PENDING)))
    watch.venue.take(TWO)

    wanted = []
    for seconds in (0, 2, 1):
        watch.ask(seconds)
        wanted.append(watch.reconciler.next_look_at())

    assert wanted == [NOON + timedelta(seconds=seconds) for seconds in (2, 10, 10)]
