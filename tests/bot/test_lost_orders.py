"""What became of an order whose answer was lost: found, proven absent, or alive after that proof."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from domain.events import Event, OrderRests, OrdersSeen, TimerFired, TrustLost
from domain.instrument import Side
from domain.order import OrderState
from domain.reason import reason
from ledger.audit import audit
from strategy.grid.config import GridSettings
from strategy.grid.grid import GridStrategy
from tests.bot.rig import (
    COIN,
    NOON,
    SYMBOL,
    Answer,
    Rig,
    Script,
    accepted,
    cancel_failed,
    ended,
    filled,
    lost,
    on_quotes,
    quote,
    resumed,
    shown,
    take_back,
    wish,
)

_S = OrderState
LATER = NOON + timedelta(hours=1)
MakeRig = Callable[..., Rig]


@pytest.fixture
def rig_of(tmp_path: Path) -> Iterator[MakeRig]:
    """Makes the rig of a test; at its end the ledger agrees with itself."""
    made: list[Rig] = []

    def make(answer: Answer) -> Rig:
        made.append(Rig(tmp_path, Script(answer)))
        return made[-1]

    yield make
    for rig in made:
        assert audit(rig.reader) == []
        rig.ledger.ledger.close()


@pytest.fixture
def grid(tmp_path: Path) -> Iterator[Rig]:
    """Three cells under 10000, 1 % apart; the answer for the upper one was lost, and then it was proven absent."""
    with Rig(tmp_path, GridStrategy(COIN, GridSettings(steps=3))) as rig:
        rig.hear(quote("10000"))
        upper, *others = rig.worker.placed
        rig.hear(*(accepted(order) for order in others), lost(upper), ended(upper, _S.VOID, "proven_absent"))
        yield rig
        assert audit(rig.reader) == []


def two_alive(rig: Rig) -> Rig:
    """The first order of the slot is void; the second rests in its place."""
    rig.hear(quote(), lost("bptest-1"), ended("bptest-1", _S.VOID, "proven_absent"), quote())
    rig.rest(2)
    return rig


def test_a_look_that_shows_a_lost_order_finds_it_with_the_venues_id(rig_of: MakeRig) -> None:
    rig = rig_of(on_quotes([wish()]))
    rig.hear(quote(), lost("bptest-1"))

    rig.hear(shown("bptest-1"))

    assert (rig.order().state, rig.order().venue_id) == (_S.OPEN, "v-bptest-1")
    assert isinstance(_heard(rig)[-1], OrderRests)
    assert rig.loop.state.safe is None


@pytest.mark.parametrize("state", [_S.OPEN, _S.PARTIALLY_FILLED, _S.CANCEL_PENDING])
def test_a_look_that_shows_what_is_known_to_rest_changes_nothing(rig_of: MakeRig, state: OrderState) -> None:
    cancels = [take_back()] if state is _S.CANCEL_PENDING else []
    rig = rig_of(on_quotes([wish()], cancels))
    rig.hear(quote())
    rig.rest()
    if state is _S.PARTIALLY_FILLED:
        rig.hear(filled("bptest-1", "0.4"))
    rig.hear(quote())
    before = (list(rig.log), rig.order(), list(_heard(rig)))

    rig.hear(shown("bptest-1"), shown("bptest-1", LATER))

    assert before == (list(rig.log), rig.order(), list(_heard(rig)))
    assert rig.order().state is state


def test_a_look_that_is_quicker_than_the_answer_is_as_good_as_the_answer(rig_of: MakeRig) -> None:
    rig = rig_of(on_quotes([wish()]))
    rig.hear(quote(), shown("bptest-1"))

    rig.hear(lost("bptest-1"), accepted("bptest-1"))

    assert rig.order().state is _S.OPEN


def test_an_old_look_does_not_bring_an_ended_order_back(rig_of: MakeRig) -> None:
    rig = rig_of(on_quotes([wish()]))
    rig.hear(quote())
    rig.rest()
    rig.hear(ended("bptest-1"))

    rig.hear(shown("bptest-1"))

    assert (rig.order().state, rig.loop.state.orders, rig.loop.state.safe) == (_S.CANCELED, {}, None)


@pytest.mark.parametrize("part", ["0", "0.4"])
def test_a_proof_of_absence_that_comes_after_the_order_was_seen_at_rest_is_dropped(rig_of: MakeRig, part: str) -> None:
    rig = rig_of(on_quotes([wish()]))
    rig.hear(quote(), lost("bptest-1"), accepted("bptest-1"))
    if part != "0":
        rig.hear(filled("bptest-1", part))
    state = rig.order().state

    rig.hear(ended("bptest-1", _S.VOID, "proven_absent", retry_after_s=2))

    assert rig.order().state is state
    assert rig.desk.held_until is None


def test_an_order_proven_absent_that_lives_after_all_is_its_cells_order_and_no_second_one_leaves(grid: Rig) -> None:
    upper = grid.worker.placed[0]
    sent = len(grid.worker.placed)

    grid.hear(shown(upper.client_id))
    grid.hear(quote("10000", LATER))
    assert (len(grid.worker.placed), grid.loop.state.safe) == (sent, None)
    grid.hear(filled(upper, str(upper.qty), str(upper.price)))

    sold = grid.worker.placed[-1]
    assert (sold.cell, sold.side, sold.qty) == (upper.cell, Side.SELL, upper.qty)


def test_a_part_of_an_order_proven_absent_is_booked_and_its_rest_canceled_before_it_is_sold(grid: Rig) -> None:
    upper = grid.worker.placed[0]

    grid.hear(filled(upper, "0.5", str(upper.price)), shown(upper.client_id))
    grid.hear(quote("10010", LATER))
    canceled = [order.client_id for order in grid.worker.canceled]
    grid.hear(ended(upper))

    sold = grid.worker.placed[-1]
    assert canceled == [upper.client_id]
    assert (sold.cell, sold.side, sold.qty) == (upper.cell, Side.SELL, Decimal("0.5"))


def test_two_orders_alive_for_one_cell_stop_every_new_order_and_are_told_once(rig_of: MakeRig) -> None:
    rig = two_alive(rig_of(on_quotes([wish()], [wish()], [wish("1.1")])))

    rig.hear(shown("bptest-1"), shown("bptest-1", LATER), quote())

    assert rig.loop.state.safe == reason("void_order_lives", order="bptest-1", slot="1.0")
    assert [note.why.code for note in rig.told] == ["void_order_lives"]
    assert [order.client_id for order in rig.worker.placed] == ["bptest-1", "bptest-2"]
    assert rig.order(1).state is _S.VOID


@pytest.mark.parametrize("end", [ended("bptest-2"), filled("bptest-2", fill_id="t2")])
def test_once_the_second_order_has_ended_what_was_told_of_the_first_is_booked(rig_of: MakeRig, end: Event) -> None:
    rig = two_alive(rig_of(on_quotes([wish()], [wish()])))
    rig.hear(shown("bptest-1"), filled("bptest-1", "0.4"))
    assert rig.reader.fills(10) == []

    rig.hear(end)

    assert (rig.order(1).state, rig.order(1).filled) == (_S.PARTIALLY_FILLED, Decimal("0.4"))
    assert rig.order(1).venue_id == "v-bptest-1"
    assert list(rig.loop.state.orders) == ["bptest-1"]


def test_a_part_that_fills_of_the_second_order_lets_the_first_wait_on(rig_of: MakeRig) -> None:
    rig = two_alive(rig_of(on_quotes([wish()], [wish()])))
    rig.hear(filled("bptest-1", "0.4"))

    rig.hear(filled("bptest-2", "0.1", fill_id="t2"))
    assert rig.order(1).state is _S.VOID
    rig.hear(ended("bptest-2"))

    assert rig.order(1).filled == Decimal("0.4")
    assert [note.why.code for note in rig.told] == ["void_order_lives"]


def test_however_often_it_is_shown_meanwhile_it_is_let_in_once(rig_of: MakeRig) -> None:
    rig = two_alive(rig_of(on_quotes([wish()], [wish()])))
    for minute in range(50):
        rig.hear(shown("bptest-1", NOON + timedelta(minutes=minute)), filled("bptest-1", "0.4"))

    rig.loop.handle(ended("bptest-2"))
    waiting = []
    while (event := rig.inbox.take()) is not None:
        waiting.append(event)
        rig.loop.handle(event)

    assert len(waiting) == 2
    assert rig.order(1).filled == Decimal("0.4")


def test_while_something_is_set_apart_nothing_counts_as_seen_so_that_a_crash_loses_none_of_it(rig_of: MakeRig) -> None:
    rig = two_alive(rig_of(on_quotes([wish()], [wish()])))
    rig.hear(OrdersSeen(NOON))
    rig.hear(filled("bptest-1", "0.4"), OrdersSeen(NOON + timedelta(minutes=1)))
    assert rig.loop.state.seen_at == NOON

    rig.hear(ended("bptest-2"), OrdersSeen(NOON + timedelta(minutes=2)))

    assert rig.loop.state.seen_at == NOON + timedelta(minutes=2)


def test_after_the_owner_resumed_too_early_it_is_safe_again(rig_of: MakeRig) -> None:
    rig = two_alive(rig_of(on_quotes([wish()], [wish()])))
    rig.hear(shown("bptest-1"), resumed())

    rig.hear(shown("bptest-1"))

    assert rig.loop.state.safe is not None


@pytest.mark.parametrize("stale", [lost("bptest-1"), cancel_failed("bptest-1"), ended("bptest-1")])
def test_old_news_of_a_void_order_are_no_sign_of_life(rig_of: MakeRig, stale: Event) -> None:
    rig = two_alive(rig_of(on_quotes([wish()], [wish()])))

    rig.hear(stale)

    assert (rig.loop.state.safe, rig.order(1).state) == (None, _S.VOID)


def test_an_end_is_handled_as_ever_where_nothing_was_set_apart(rig_of: MakeRig) -> None:
    rig = rig_of(on_quotes([wish()]))
    rig.hear(quote())
    rig.rest()

    rig.hear(ended("bptest-1"), TimerFired("tick", NOON))

    assert rig.inbox.is_empty
    assert not any(isinstance(event, TrustLost) for event in _heard(rig))


def _heard(rig: Rig) -> list[object]:
    script = rig.loop.engine.strategies[SYMBOL]
    assert isinstance(script, Script)
    return list(script.heard)
