"""The order desk: nothing leaves before two commits and the gate, nothing is sent twice, cancels go first."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from bot.gate import Caps
from bot.orders import id_prefix
from domain.errors import IllegalTransition, SetupError
from domain.events import OrderClosed, TimerFired
from domain.order import OrderState
from strategy.grid.config import GridSettings
from strategy.grid.grid import GridStrategy
from strategy.grid.state import GridState
from tests.bot.rig import (
    COIN,
    NOON,
    SYMBOL,
    Answer,
    Rig,
    Script,
    accepted,
    ended,
    filled,
    lost,
    on_quotes,
    quote,
    take_back,
    wish,
)

_S = OrderState
TICK = TimerFired("tick", NOON)
MakeRig = Callable[..., Rig]


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


def grid_rig(folder: Path, caps: Caps | None = None) -> Rig:
    """Three cells under 10000, 1 % apart, at live prices."""
    return Rig(folder, GridStrategy(COIN, GridSettings(steps=3)), caps=caps)


def grid_of(rig: Rig) -> GridState:
    state = rig.loop.state.strategies[SYMBOL]
    assert isinstance(state, GridState)
    return state


def test_an_intent_is_durable_before_the_gate_and_a_second_commit_before_the_call(rig_of: MakeRig) -> None:
    rig = rig_of(on_quotes([wish("1.0"), wish("1.1", price="8000")]))

    rig.hear(quote())

    assert rig.log == [
        "commit pending 1.0",
        "commit pending 1.1",
        "gate 1.0",
        "commit submitted 1.0",
        "place 1.0",
        "gate 1.1",
        "commit submitted 1.1",
        "place 1.1",
    ]


@pytest.mark.parametrize(("commits", "left"), [(0, []), (1, ["commit pending 1.0", "gate 1.0"])])
def test_without_both_commits_there_is_no_call(rig_of: MakeRig, commits: int, left: list[str]) -> None:
    rig = rig_of(on_quotes([wish()]))
    rig.ledger.commits_left = commits

    with pytest.raises(SetupError):
        rig.hear(quote())

    assert rig.log == left
    assert rig.worker.placed == []


def test_what_the_gate_refuses_is_void_with_its_reason_and_never_sent(rig_of: MakeRig) -> None:
    rig = rig_of(on_quotes([wish()]), Caps(order_notional_max=Decimal(8999)))

    rig.hear(quote())

    assert rig.log == ["commit pending 1.0", "gate 1.0 gate_order_over_cap", "commit void 1.0"]
    assert rig.codes() == ["gate_order_over_cap"]
    assert (rig.order().state, rig.worker.placed) == (_S.VOID, [])
    assert rig.loop.state.orders == {}


def test_a_slot_that_the_gate_refused_is_not_asked_for_again_within_ten_minutes(tmp_path: Path) -> None:
    with grid_rig(tmp_path, Caps(order_notional_max=Decimal(1))) as rig:
        rig.hear(quote("10000"))
        first = len(rig.reader.orders())
        rig.hear(quote("10000", NOON + timedelta(minutes=10) - timedelta(microseconds=1)))
        meanwhile = len(rig.reader.orders())
        rig.hear(quote("10000", NOON + timedelta(minutes=10)))

        assert (first, meanwhile, len(rig.reader.orders())) == (3, 3, 6)
        assert {order.state for order in rig.reader.orders()} == {_S.VOID}
        assert [order.key.attempt for order in rig.reader.orders()] == [1, 1, 1, 2, 2, 2]
        assert rig.worker.placed == []


def test_cancels_go_before_new_orders_however_long_both_wait(rig_of: MakeRig) -> None:
    rig = rig_of(on_quotes([wish("1.0")], [wish("1.1"), take_back("1.0")]))
    rig.hear(quote())
    rig.rest()
    rig.worker.idle = False
    rig.hear(quote())
    rig.log.clear()

    rig.worker.idle = True
    rig.hear(TICK)

    assert rig.log == ["cancel 1.0", "gate 1.1", "commit submitted 1.1", "place 1.1"]


def test_a_cancel_is_durable_before_it_leaves(rig_of: MakeRig) -> None:
    rig = rig_of(on_quotes([wish()], [take_back()]))
    rig.hear(quote())
    rig.rest()
    rig.log.clear()

    rig.hear(quote())

    assert rig.log == ["commit cancel_pending 1.0", "cancel 1.0"]


def test_the_worker_gets_one_order_at_a_time(rig_of: MakeRig) -> None:
    rig = rig_of(on_quotes([wish("1.0"), wish("1.1")]))
    rig.worker.takes_one = True

    rig.hear(quote())
    first = [order.cell for order in rig.worker.placed]
    rig.worker.idle = True
    rig.hear(accepted("bptest-1"))

    assert (first, [order.cell for order in rig.worker.placed]) == (["1.0"], ["1.0", "1.1"])


@pytest.mark.parametrize("is_lost", [False, True])
def test_the_cancel_of_an_order_on_its_way_waits_for_the_answer_and_then_leaves(
    rig_of: MakeRig,
    is_lost: bool,  # noqa: FBT001  # pytest hands it in by name
) -> None:
    rig = rig_of(on_quotes([wish()], [take_back()]))
    rig.hear(quote())
    if is_lost:
        rig.hear(lost("bptest-1"))

    rig.hear(quote())
    before = list(rig.worker.canceled)
    rig.hear(accepted("bptest-1"))

    assert before == []
    assert [order.client_id for order in rig.worker.canceled] == ["bptest-1"]
    assert rig.order().state is _S.CANCEL_PENDING


def test_an_order_that_ends_on_its_way_needs_no_cancel(rig_of: MakeRig) -> None:
    rig = rig_of(on_quotes([wish()], [take_back()]))
    rig.hear(quote(), quote(), ended("bptest-1", _S.REJECTED))

    assert (rig.worker.canceled, rig.order().state) == ([], _S.REJECTED)
    assert rig.loop.state.cancel_later == frozenset()


def test_the_cancel_of_an_order_that_waits_for_the_worker_voids_it(rig_of: MakeRig) -> None:
    rig = rig_of(on_quotes([wish()], [take_back()]))
    rig.worker.idle = False
    rig.hear(quote(), quote())

    rig.worker.idle = True
    rig.hear(TICK)

    assert rig.log == ["commit pending 1.0", "commit void 1.0"]
    record = rig.reader.record(1)
    assert record is not None
    assert record.sent_at is None
    assert _steps_of(rig) == [("pending", "wanted"), ("void", "canceled_before_sending")]


def test_an_order_that_is_taken_back_with_the_same_breath_never_reaches_the_gate(rig_of: MakeRig) -> None:
    rig = rig_of(on_quotes([wish(), take_back()]))

    rig.hear(quote())

    assert rig.log == ["commit pending 1.0", "commit void 1.0"]
    heard = _heard(rig)
    assert [type(event) for event in heard[1:]] == [OrderClosed]


def test_an_order_that_filled_before_its_cancel_left_is_not_canceled(rig_of: MakeRig) -> None:
    rig = rig_of(on_quotes([wish()], [take_back()]))
    rig.hear(quote())
    rig.rest()
    rig.worker.idle = False
    rig.hear(quote(), filled("bptest-1"))

    rig.worker.idle = True
    rig.hear(TICK)

    assert (rig.worker.canceled, rig.order().state) == ([], _S.FILLED)


def test_a_second_wish_to_cancel_sends_no_second_cancel(rig_of: MakeRig) -> None:
    rig = rig_of(on_quotes([wish()], [take_back()], [take_back()]))
    rig.hear(quote())
    rig.rest()

    rig.hear(quote(), quote())

    assert len(rig.worker.canceled) == 1


def test_taking_back_what_is_not_there_does_nothing(rig_of: MakeRig) -> None:
    rig = rig_of(on_quotes([take_back()]))

    rig.hear(quote())

    assert rig.log == []


def test_an_order_of_a_lost_answer_freezes_its_cell_and_the_others_trade_on(tmp_path: Path) -> None:
    with grid_rig(tmp_path) as rig:
        rig.hear(quote("10000"))
        lower, middle, upper = rig.worker.placed[::-1]
        rig.hear(lost(upper), accepted(middle), accepted(lower))

        rig.hear(filled(middle, str(middle.qty), str(middle.price)))
        rig.hear(quote("9800", NOON + timedelta(hours=1)))

        cells = {cell.key: cell for cell in grid_of(rig).cells}
        assert (cells[upper.cell].frozen, cells[lower.cell].frozen) == (True, False)
        assert rig.order(upper.seq).state is _S.UNKNOWN
        assert [order.cell for order in rig.worker.placed].count(upper.cell) == 1
        assert rig.worker.placed[-1].cell == middle.cell
        assert [note.why.code for note in rig.told] == ["answer_lost"]


def test_an_unknown_order_that_never_was_frees_its_cell(tmp_path: Path) -> None:
    with grid_rig(tmp_path) as rig:
        rig.hear(quote("10000"))
        upper = rig.worker.placed[0]
        rig.hear(lost(upper), ended(upper, _S.VOID, "proven_absent"))

        rig.hear(quote("10000", NOON + timedelta(hours=1)))

        assert [order.cell for order in rig.worker.placed].count(upper.cell) == 2


def test_an_unknown_order_that_is_found_at_rest_frees_its_cell_and_is_not_placed_again(tmp_path: Path) -> None:
    with grid_rig(tmp_path) as rig:
        rig.hear(quote("10000"))
        upper = rig.worker.placed[0]
        rig.hear(lost(upper), accepted(upper))

        rig.hear(quote("10000", NOON + timedelta(hours=1)))

        assert not any(cell.frozen for cell in grid_of(rig).cells)
        assert [order.cell for order in rig.worker.placed].count(upper.cell) == 1


def test_attempts_and_ids_rise_and_never_come_again(rig_of: MakeRig) -> None:
    rig = rig_of(on_quotes([wish()], [wish()], [wish()]))
    for seq in (1, 2, 3):
        rig.hear(quote())
        rig.hear(ended(f"bptest-{seq}", _S.REJECTED))

    assert [str(order.key) for order in rig.reader.orders()] == ["1/1.0/buy/0/1", "1/1.0/buy/0/2", "1/1.0/buy/0/3"]
    assert [order.client_id for order in rig.reader.orders()] == ["bptest-1", "bptest-2", "bptest-3"]


def test_every_instance_has_a_prefix_of_its_own() -> None:
    assert id_prefix("bithumb_bot") == "bp2cf148"
    assert id_prefix("kis_bot") != id_prefix("bithumb_bot")


def test_a_strategy_that_asks_twice_for_a_slot_is_stopped_before_anything_of_it_leaves(rig_of: MakeRig) -> None:
    rig = rig_of(on_quotes([wish("1.0"), wish("1.0", price="8000")]))

    with pytest.raises(IllegalTransition):
        rig.hear(quote())

    assert rig.log == []
    assert rig.reader.orders() == []


def _heard(rig: Rig) -> list[object]:
    script = rig.loop.engine.strategies[SYMBOL]
    assert isinstance(script, Script)
    return list(script.heard)


def _steps_of(rig: Rig) -> list[tuple[str, str]]:
    return [(str(row["state"]), row["why"].code) for row in rig.reader.each_transition()]
