"""At a venue that knows nothing of our ids no order leaves while it is open what became of the one before."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from bot.gate import Caps
from bot.trail import Trail
from domain.events import OrderFrozen, OrderStuck
from domain.order import OrderState
from domain.reason import reason
from tests.bot.rig import (
    NOON,
    SYMBOL,
    Answer,
    Rig,
    Script,
    accepted,
    ended,
    lost,
    on_quotes,
    quote,
    take_back,
    wish,
)

_S = OrderState
ONE, TWO = "bptest-1", "bptest-2"
MakeRig = Callable[..., Rig]


@pytest.fixture
def rig_of(tmp_path: Path) -> Iterator[MakeRig]:
    """Makes a rig before a venue without our ids; its ledger is closed at the end."""
    made: list[Rig] = []

    def make(answer: Answer) -> Rig:
        rig = Rig(tmp_path, Script(answer), caps=Caps(twins=False))
        rig.desk.trail = Trail.restored(rig.reader, SYMBOL, NOON)
        made.append(rig)
        return rig

    yield make
    for rig in made:
        rig.ledger.ledger.close()


def stuck(rig: Rig) -> list[str]:
    """Return why the strategy was told to wait."""
    script = rig.loop.engine.strategies[SYMBOL]
    assert isinstance(script, Script)
    return [event.why.code for event in script.heard if isinstance(event, OrderStuck)]


def sent(rig: Rig) -> str:
    return " ".join(order.cell for order in rig.worker.placed)


def frozen(name: str = ONE) -> OrderFrozen:
    return OrderFrozen(name, reason("frozen_not_found"), NOON)


def test_the_next_order_waits_for_the_answer_to_the_one_before(rig_of: MakeRig) -> None:
    rig = rig_of(on_quotes([wish("1.0"), wish("1.1", price="8000")]))

    rig.hear(quote())
    before = sent(rig)
    rig.hear(accepted(ONE))

    assert (before, sent(rig)) == ("1.0", "1.0 1.1")


def test_a_lost_answer_holds_the_others_back_until_it_is_found(rig_of: MakeRig) -> None:
    rig = rig_of(on_quotes([wish("1.0"), wish("1.1", price="8000")]))
    rig.hear(quote(), lost(ONE))
    before = sent(rig)

    rig.hear(accepted(ONE))

    assert (before, sent(rig)) == ("1.0", "1.0 1.1")


def test_a_frozen_order_holds_nothing_back_but_its_own_slot(rig_of: MakeRig) -> None:
    rig = rig_of(on_quotes([wish("1.0"), wish("1.1", price="8000")], [wish("1.2", price="7000")]))
    rig.hear(quote(), lost(ONE))

    rig.hear(frozen(), accepted(TWO), quote())

    assert sent(rig) == "1.0 1.1 1.2"
    assert rig.loop.state.frozen == {ONE}
    assert stuck(rig) == ["answer_lost", "frozen_not_found"]


def test_that_an_order_is_frozen_is_told_once_and_ends_with_its_proof(rig_of: MakeRig) -> None:
    rig = rig_of(on_quotes([wish("1.0")]))
    rig.hear(quote(), lost(ONE), frozen(), frozen())

    rig.hear(ended(ONE, _S.VOID))

    assert stuck(rig) == ["answer_lost", "frozen_not_found"]
    assert (rig.loop.state.frozen, rig.loop.state.orders) == (frozenset(), {})


def test_an_order_that_was_found_before_it_could_be_frozen_stays_found(rig_of: MakeRig) -> None:
    rig = rig_of(on_quotes([wish("1.0")]))
    rig.hear(quote(), lost(ONE), accepted(ONE))

    rig.hear(frozen())

    assert rig.loop.state.orders[ONE].state is _S.OPEN
    assert rig.loop.state.frozen == frozenset()


def test_while_frozen_no_order_of_equal_side_price_and_quantity_leaves(rig_of: MakeRig) -> None:
    rig = rig_of(on_quotes([wish("1.0"), wish("1.1"), wish("1.2", qty="2")]))

    rig.hear(quote(), lost(ONE), frozen())

    assert sent(rig) == "1.0 1.2"
    assert "gate 1.1 gate_twin_of_frozen" in rig.log


def test_cancels_need_not_wait(rig_of: MakeRig) -> None:
    rig = rig_of(on_quotes([wish("1.0"), wish("1.1", price="8000")], [take_back("1.0")]))
    rig.hear(quote(), accepted(ONE), lost(TWO))

    rig.hear(quote())

    assert [order.cell for order in rig.worker.canceled] == ["1.0"]


def test_when_an_order_left_and_which_ids_are_ours_outlives_a_restart(rig_of: MakeRig) -> None:
    rig = rig_of(on_quotes([wish("1.0"), wish("1.1", price="8000")]))
    rig.hear(quote(), accepted(ONE), lost(TWO))

    trail = Trail.restored(rig.reader, SYMBOL, NOON + timedelta(hours=1))

    assert rig.desk.trail is not None
    assert (trail.left_at(TWO), trail.left_at("bptest-9")) == (rig.desk.trail.left_at(TWO), None)
    shown = rig.reader.order(ONE)
    assert shown is not None
    assert rig.reader.venue_ids_since(SYMBOL, NOON - timedelta(days=1)) == {f"v-{ONE}": ONE}
