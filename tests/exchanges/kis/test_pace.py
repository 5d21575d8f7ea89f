"""A key's calls are paced for all that use it: orders first, a clock set back forgotten, a full quota waited for."""

from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path

import pytest

from domain.errors import RateLimited
from exchanges.kis.budget import Budget
from exchanges.kis.sharing import SharedFile
from tests.exchanges.kis.desk import OPEN, PRICE, SYMBOL, account_at, quoted, refused
from tests.exchanges.stub import HandClock, Stub

EVERY = timedelta(seconds=1.05)


def budget(folder: Path, clock: HandClock, every_s: float = 1.05) -> Budget:
    return Budget(SharedFile(folder / "pace.json"), clock, clock.wait, every_s)


def test_two_programs_together_call_no_faster_than_one(clock: HandClock, tmp_path: Path) -> None:
    first, second = budget(tmp_path, clock), budget(tmp_path, clock)
    called_at = []
    for turn in range(10):
        (first, second)[turn % 2].turn(order=turn % 3 == 0)
        called_at.append(clock.at)

    gaps = [later - earlier for earlier, later in pairwise(called_at)]
    assert min(gaps) >= EVERY - timedelta(milliseconds=1)
    assert max(gaps) <= EVERY + timedelta(milliseconds=1)


def test_two_adapters_on_one_key_share_one_pace(stub: Stub, clock: HandClock, tmp_path: Path) -> None:
    stub.says("GET", PRICE, quoted())
    with account_at(stub, clock, tmp_path) as one, account_at(stub, clock, tmp_path) as other:
        for _ in range(5):
            one.get_quote(SYMBOL)
            other.get_quote(SYMBOL)

    assert clock.at - OPEN >= 9 * EVERY - timedelta(milliseconds=10)


def test_a_live_key_is_used_fifteen_times_a_second_at_most(stub: Stub, clock: HandClock, tmp_path: Path) -> None:
    stub.says("GET", PRICE, quoted())
    with account_at(stub, clock, tmp_path, "live") as exchange:
        for _ in range(31):
            exchange.get_quote(SYMBOL)

    assert timedelta(seconds=1.9) <= clock.at - OPEN <= timedelta(seconds=2.1)


def test_an_order_passes_a_question_that_is_waiting(tmp_path: Path) -> None:
    called: list[tuple[str, datetime]] = []

    class Crossing(HandClock):
        def wait(self, pause_s: float) -> None:
            if not called:
                # The question waits; an order comes from another program and waits for its own turn.
                called.append(("order comes", self.at))
                budget(tmp_path, self).turn(order=True)
                called.append(("order", self.at))
            else:
                super().wait(pause_s)

    clock = Crossing(OPEN)
    mine = budget(tmp_path, clock)
    mine.turn(order=False)
    mine.turn(order=False)
    called.append(("question", clock.at))

    (_, came_at), (_, ordered_at), (last, asked_at) = called
    assert last == "question"
    assert ordered_at - came_at <= EVERY
    assert asked_at - ordered_at >= EVERY - timedelta(milliseconds=1)


@pytest.mark.parametrize("order", [True, False])
def test_what_was_written_before_the_clock_was_set_back_holds_nobody_up(
    clock: HandClock, tmp_path: Path, *, order: bool
) -> None:
    budget(tmp_path, clock).turn(order=order)
    clock.at -= timedelta(hours=1)

    budget(tmp_path, clock).turn(order=order)

    assert clock.waits == []


@pytest.mark.parametrize("damage", ["", "{", '{"last_us": "soon"}', '{"last_us": true}', '{"last_us": 1e99}'])
def test_a_damaged_file_holds_nobody_up(clock: HandClock, tmp_path: Path, damage: str) -> None:
    (tmp_path / "pace.json").write_text(damage)

    budget(tmp_path, clock).turn(order=False)

    assert clock.waits == []


def test_an_order_that_would_wait_too_long_is_not_sent(tmp_path: Path) -> None:
    class Crowd(HandClock):
        def wait(self, pause_s: float) -> None:
            # While this one waits, the next one comes.
            self.waits.append(pause_s)
            budget(tmp_path, self, 2).turn(order=True)

    crowd = Crowd(OPEN)
    budget(tmp_path, crowd, 2).turn(order=True)

    with pytest.raises(RateLimited) as too_long:
        budget(tmp_path, crowd, 2).turn(order=True)

    assert crowd.waits == [2, 4]
    assert too_long.value.retry_after_s == 6


def test_a_bot_that_is_to_stop_is_not_kept_waiting(tmp_path: Path) -> None:
    class Rung(HandClock):
        def wait(self, pause_s: float) -> None:
            self.waits.append(pause_s)

    clock = Rung(OPEN)
    mine = budget(tmp_path, clock)
    mine.turn(order=False)
    for order in (True, False):
        with pytest.raises(RateLimited):
            mine.turn(order=order)

    assert len(clock.waits) <= 4


@pytest.mark.parametrize("code", ["EGW00201", "EGW00215"])
def test_a_question_over_the_quota_is_asked_again_after_a_pause(
    stub: Stub, clock: HandClock, tmp_path: Path, code: str
) -> None:
    stub.says("GET", PRICE, refused(code, status=500), refused(code, status=500), quoted())
    with account_at(stub, clock, tmp_path) as exchange:
        assert exchange.get_quote(SYMBOL).last == 100

    assert len(stub.asked_for(PRICE)) == 3


def test_a_quota_that_stays_full_is_told_as_such(stub: Stub, clock: HandClock, tmp_path: Path) -> None:
    stub.says("GET", PRICE, refused("EGW00201", status=500))
    with account_at(stub, clock, tmp_path) as exchange, pytest.raises(RateLimited) as full:
        exchange.get_quote(SYMBOL)

    assert full.value.retry_after_s > 0
    assert len(stub.asked_for(PRICE)) == 4
