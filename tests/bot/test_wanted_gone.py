"""Orders that are to go before the venue has answered for them: nothing that comes in between lets them stay."""

from dataclasses import replace

import pytest

from bot.engine import Engine, EngineState
from domain.events import CancelFailed
from domain.order import Order, OrderState
from domain.reason import reason
from tests.bot.rig import NOON, SYMBOL, Script, accepted, filled, order_of

_S = OrderState


def engine_of(script: Script) -> Engine:
    return Engine({SYMBOL: script})


def waiting_for(engine: Engine, order: Order) -> EngineState:
    return engine.begin().with_order(order)


def test_an_order_that_is_to_go_is_taken_back_though_a_part_was_executed_before_its_acceptance_was_told() -> None:
    order = order_of(state=_S.SUBMITTED)
    engine = engine_of(Script())
    state = replace(waiting_for(engine, order), cancel_later=frozenset({order.client_id}))

    state = engine.step(state, filled(order, "0.4")).state
    step = engine.step(state, accepted(order))

    assert [(wanted.slot, wanted.why.code) for wanted in step.wishes] == [("1.0", "cancel_was_waiting")]
    assert step.state.cancel_later == frozenset()


def test_an_order_that_is_to_go_and_is_executed_whole_is_forgotten() -> None:
    order = order_of(state=_S.SUBMITTED)
    engine = engine_of(Script())
    state = replace(waiting_for(engine, order), cancel_later=frozenset({order.client_id}))

    assert engine.step(state, filled(order)).state.cancel_later == frozenset()


@pytest.mark.parametrize(
    ("code", "told"), [("venue_not_reached", 0), ("venue_paced", 0), ("bithumb_key_lacks_right", 1)]
)
def test_a_cancel_that_is_refused_is_told_and_one_that_reaches_nobody_is_not(code: str, told: int) -> None:
    order = order_of(state=_S.CANCEL_PENDING)
    engine = engine_of(Script())

    step = engine.step(waiting_for(engine, order), CancelFailed(order.client_id, reason(code), NOON, retry_after_s=900))

    assert [note.why.code for _, note in step.notes] == [code] * told
