"""The throttle: so many calls a second and no more, longer and longer pauses, and a breaker for a block."""

from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.errors import RateLimited
from exchanges.throttle import BLOCK_S, PAUSE_MAX_S, Throttle
from tests.exchanges.stub import NOON, HandClock


def throttle_of(clock: HandClock, **per_second: int) -> Throttle:
    return Throttle(clock, clock.wait, per_second or {"place": 2, "read": 3})


def test_what_fits_into_a_second_does_not_wait() -> None:
    clock = HandClock()
    throttle = throttle_of(clock)

    throttle.turn("place")
    throttle.turn("place")

    assert clock.waits == []


def test_one_more_waits_until_the_second_is_over() -> None:
    clock = HandClock()
    throttle = throttle_of(clock)

    for _ in range(3):
        throttle.turn("place")

    assert clock.waits == [1.0]


def test_classes_do_not_wait_for_each_other() -> None:
    clock = HandClock()
    throttle = throttle_of(clock)

    for kind in ("read", "read", "read", "place", "place"):
        throttle.turn(kind)

    assert clock.waits == []


@given(pauses=st.lists(st.integers(min_value=0, max_value=700), min_size=1, max_size=60))
def test_no_second_ever_holds_more_calls_than_allowed(pauses: list[int]) -> None:
    clock = HandClock()
    throttle = throttle_of(clock, place=3)
    left_at: list[datetime] = []

    for pause in pauses:
        clock.at += timedelta(milliseconds=pause)
        throttle.turn("place")
        left_at.append(clock.at)

    assert all(later - first >= timedelta(seconds=1) for first, later in zip(left_at, left_at[3:], strict=False))


def test_turns_taken_at_once_leave_one_after_the_other() -> None:
    clock = HandClock()
    asked: list[float] = []
    throttle = Throttle(clock, asked.append, {"place": 1})  # the waits of other threads do not move our time

    for _ in range(3):
        throttle.turn("place")

    assert asked == [1.0, 2.0]
    with pytest.raises(RateLimited) as held:
        throttle.turn("place")
    assert held.value.retry_after_s == 3


def test_a_refusal_closes_its_class_for_as_long_as_the_venue_says() -> None:
    clock = HandClock()
    throttle = throttle_of(clock)

    assert throttle.refused("place", 30) == 30

    with pytest.raises(RateLimited) as held:
        throttle.turn("place")
    assert held.value.retry_after_s == 30
    throttle.turn("read")
    clock.at += timedelta(seconds=30)
    throttle.turn("place")


def test_refusals_in_a_row_pause_twice_as_long_each_time_and_an_answer_ends_that() -> None:
    throttle = throttle_of(HandClock())

    pauses = [throttle.refused("read", None) for _ in range(8)]
    throttle.answered("read")

    assert pauses == [1, 2, 4, 8, 16, 32, PAUSE_MAX_S, PAUSE_MAX_S]
    assert throttle.refused("read", None) == 1


def test_a_block_closes_every_class_for_long() -> None:
    clock = HandClock()
    throttle = throttle_of(clock)

    assert throttle.blocked() == BLOCK_S

    assert throttle.blocked_until == NOON + timedelta(seconds=BLOCK_S)
    for kind in ("place", "read"):
        with pytest.raises(RateLimited) as held:
            throttle.turn(kind)
        assert held.value.retry_after_s == BLOCK_S


def test_a_block_outlives_a_restart() -> None:
    clock = HandClock()
    throttle = Throttle(clock, clock.wait, {"read": 1}, blocked_until=NOON + timedelta(seconds=90))

    with pytest.raises(RateLimited) as held:
        throttle.turn("read")

    assert held.value.retry_after_s == 90


def test_a_clock_set_back_holds_nobody_back() -> None:
    clock = HandClock()
    throttle = throttle_of(clock)
    for _ in range(2):
        throttle.turn("place")
    throttle.refused("read", None)
    throttle.blocked()

    clock.at -= timedelta(hours=5)

    with pytest.raises(RateLimited) as held:
        throttle.turn("place")
    assert held.value.retry_after_s == BLOCK_S
    clock.at += timedelta(seconds=BLOCK_S)
    throttle.turn("place")
    assert clock.waits == []
