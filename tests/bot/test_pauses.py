"""The desk's pauses: while the venue does not take calls nothing is sent, and what waits leaves by itself after it."""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from bot.gate import Caps
from domain.events import Event, OrderEnded
from domain.order import OrderState
from domain.reason import reason
from strategy.grid.config import GridSettings
from strategy.grid.grid import GridStrategy
from tests.bot.rig import (
    COIN,
    NOON,
    Answer,
    Rig,
    Script,
    accepted,
    cancel_failed,
    distrusted,
    ended,
    lost,
    on_quotes,
    quote,
    shown,
    take_back,
    wish,
)

_S = OrderState
MakeRig = Callable[..., Rig]
HOUR_S = 3600


@pytest.fixture
def rig_of(tmp_path: Path) -> Iterator[MakeRig]:
    """Makes the rig of a test; its ledger is closed at the end."""
    made: list[Rig] = []

    def make(answer: Answer, caps: Caps | None = None) -> Rig:
        made.append(Rig(tmp_path, Script(answer), caps=caps))
        return made[-1]

    yield make
    for rig in made:
        rig.ledger.ledger.close()


def one_by_one(rig: Rig) -> Rig:
    rig.worker.takes_one = True
    rig.hear(quote())
    return rig


def fail(rig: Rig, retry_after_s: int = 2) -> None:
    """Let the call come to nothing that the worker is busy with."""
    rig.worker.idle = True
    rig.hear(ended(rig.worker.placed[-1], _S.VOID, "venue_not_reached", retry_after_s=retry_after_s))


def wait(rig: Rig, until: datetime) -> list[str]:
    """Let time pass, and return which orders were handed over by then."""
    rig.clock.set(until)
    rig.loop.wake()
    return [order.client_id for order in rig.worker.placed]


def seconds(rig: Rig) -> int:
    """How long nothing is sent, counted from noon."""
    held_until = rig.desk.held_until
    return 0 if held_until is None else int((held_until - NOON).total_seconds())


def test_after_a_call_that_came_to_nothing_the_next_order_waits_two_seconds_and_then_leaves_by_itself(
    rig_of: MakeRig,
) -> None:
    rig = one_by_one(rig_of(on_quotes([wish("1.0"), wish("1.1")])))

    fail(rig)

    just_before = wait(rig, NOON + timedelta(seconds=2) - timedelta.resolution)
    assert just_before == ["bptest-1"]
    assert rig.desk.is_waiting
    assert wait(rig, NOON + timedelta(seconds=2)) == ["bptest-1", "bptest-2"]
    assert not rig.desk.is_waiting


def test_the_pause_doubles_with_every_call_that_fails_up_to_ten_minutes(rig_of: MakeRig) -> None:
    rig = one_by_one(rig_of(on_quotes([wish(f"1.{k}", price="8000") for k in range(20)])))
    pauses = []

    for _ in range(18):
        rig.desk.held_until = None
        rig.loop.wake()
        fail(rig)
        pauses.append(seconds(rig))

    assert pauses == [2, 4, 8, 16, 32, 64, 128, 256, 512, *[600] * 9]


def test_an_order_that_the_venue_takes_ends_the_pauses(rig_of: MakeRig) -> None:
    rig = one_by_one(rig_of(on_quotes([wish("1.0"), wish("1.1"), wish("1.2")])))
    fail(rig)
    wait(rig, NOON + timedelta(seconds=2))

    rig.worker.idle = True
    rig.hear(accepted("bptest-2"))
    assert rig.desk.held_until is None
    fail(rig)

    assert seconds(rig) == 2


@pytest.mark.parametrize(("asked_s", "pause_s"), [(1, 2), (30, 30), (900, 900)])
def test_the_venue_is_left_alone_at_least_as_long_as_it_asks(rig_of: MakeRig, asked_s: int, pause_s: int) -> None:
    rig = one_by_one(rig_of(on_quotes([wish("1.0"), wish("1.1")])))

    fail(rig, asked_s)

    assert seconds(rig) == pause_s


def test_a_cancel_that_reached_nobody_holds_the_next_call_back_as_well(rig_of: MakeRig) -> None:
    rig = rig_of(on_quotes([wish("1.0")], [take_back("1.0")], [wish("1.1")]))
    rig.hear(quote())
    rig.rest()
    rig.hear(quote(), cancel_failed("bptest-1", retry_after_s=2))

    rig.hear(quote())

    assert wait(rig, NOON) == ["bptest-1"]
    assert wait(rig, NOON + timedelta(seconds=2)) == ["bptest-1", "bptest-2"]


def test_a_look_that_finds_an_order_at_rest_does_not_end_a_pause(rig_of: MakeRig) -> None:
    rig = one_by_one(rig_of(on_quotes([wish("1.0"), wish("1.1"), wish("1.2")])))
    rig.worker.idle = True
    rig.hear(lost("bptest-1"))
    fail(rig, 900)

    rig.hear(shown("bptest-1"))

    assert seconds(rig) == 900
    assert wait(rig, NOON + timedelta(seconds=899)) == ["bptest-1", "bptest-2"]


@pytest.mark.parametrize(
    "answered",
    [
        ended("bptest-1", _S.REJECTED, retry_after_s=2),
        ended("bptest-1", _S.VOID, "proven_absent"),
        ended("bptest-7", _S.CANCELED, retry_after_s=2),
        lost("bptest-1"),
        distrusted(),
    ],
)
def test_what_was_answered_or_is_none_of_our_calls_pauses_nothing(rig_of: MakeRig, answered: Event) -> None:
    rig = rig_of(on_quotes([wish()]))
    rig.hear(quote())

    rig.desk.hear(rig.loop.state, answered)

    assert rig.desk.held_until is None


def test_what_the_gate_refuses_pauses_nothing(rig_of: MakeRig) -> None:
    rig = rig_of(on_quotes([wish("1.0"), wish("1.1", price="8000")]), Caps(order_notional_max=Decimal(8999)))

    rig.hear(quote())

    assert [order.cell for order in rig.worker.placed] == ["1.1"]
    assert rig.desk.held_until is None


def test_an_order_that_is_taken_back_while_it_waits_for_the_venue_never_leaves(rig_of: MakeRig) -> None:
    rig = one_by_one(rig_of(on_quotes([wish("1.0"), wish("1.1")], [take_back("1.1")])))
    fail(rig)

    rig.hear(quote())

    assert wait(rig, NOON + timedelta(days=1)) == ["bptest-1"]
    assert rig.order(2).state is _S.VOID


def test_a_cancel_that_is_asked_again_and_again_during_a_pause_leaves_once(rig_of: MakeRig) -> None:
    rig = rig_of(on_quotes([wish("1.0")], *[[take_back("1.0")]] * 6))
    rig.hear(quote())
    rig.rest()
    rig.desk.held_until = NOON + timedelta(seconds=600)
    for _ in range(5):
        # A look shows it at rest, for the cancel has not left yet; the next price asks for it again.
        rig.hear(quote(), cancel_failed("bptest-1"))
    rig.hear(quote())

    wait(rig, NOON + timedelta(seconds=600))

    assert [order.client_id for order in rig.worker.canceled] == ["bptest-1"]


def test_a_cancel_that_has_not_left_us_has_not_come_to_nothing(rig_of: MakeRig) -> None:
    rig = rig_of(on_quotes([wish("1.0")], [take_back("1.0")]))
    rig.hear(quote())
    rig.rest()
    rig.worker.idle = False
    rig.hear(quote(), cancel_failed("bptest-1"))

    rig.worker.idle = True
    rig.loop.wake()

    assert ([order.client_id for order in rig.worker.canceled], rig.order().state) == (["bptest-1"], _S.CANCEL_PENDING)


def test_the_loop_sends_what_waited_without_any_event(rig_of: MakeRig) -> None:
    rig = one_by_one(rig_of(on_quotes([wish("1.0"), wish("1.1")])))
    fail(rig)
    rig.clock.set(NOON + timedelta(seconds=2))
    left = [False, True]

    rig.loop.run(lambda: left.pop(0), patience_s=0)

    assert [order.cell for order in rig.worker.placed] == ["1.0", "1.1"]


def test_a_venue_that_is_away_for_six_hours_is_called_a_few_times_an_hour_only(tmp_path: Path) -> None:
    with Rig(tmp_path, GridStrategy(COIN, GridSettings(steps=3))) as rig:
        rig.ledger.commits_left = 10**6
        rig.worker.takes_one = True
        for second in range(0, 6 * HOUR_S, 10):
            now = NOON + timedelta(seconds=second)
            rig.clock.set(now)
            rig.hear(quote("10000", now))
            if not rig.worker.idle:
                rig.worker.idle = True
                called = rig.worker.placed[-1]
                rig.hear(_failed(called.client_id, now))

        assert 36 <= len(rig.worker.placed) <= 48
        assert len(rig.reader.orders()) <= len(rig.worker.placed) + 3


def _failed(client_id: str, at: datetime) -> OrderEnded:
    return OrderEnded(client_id, _S.VOID, reason("venue_not_reached"), at, 2)


def test_a_clock_that_was_set_back_does_not_hold_the_desk(rig_of: MakeRig) -> None:
    rig = one_by_one(rig_of(on_quotes([wish("1.0"), wish("1.1")])))
    fail(rig)
    rig.clock.set(NOON - timedelta(hours=5))

    rig.loop.wake()

    assert [order.cell for order in rig.worker.placed] == ["1.0", "1.1"]
