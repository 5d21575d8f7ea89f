"""Trust: what the venue and our books disagree on stops every new order until the owner has looked."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from bot.engine import Engine, EngineState, Step
from bot.gate import SAFE
from bot.loop import BLOCKED
from bot.memory import restored_safe
from domain.decision import Note, Weight
from domain.events import (
    ConcernRaised,
    Event,
    OrderFilled,
    OrderImported,
    OrdersSeen,
    OwnerAsked,
    OwnerWish,
    TrustRegained,
    VenueAway,
    VenueBack,
    WishDenied,
)
from domain.order import Order, OrderState
from domain.reason import reason
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
    distrusted,
    filled,
    on_quotes,
    order_of,
    quote,
    resumed,
    shown,
    take_back,
    terms,
    wish,
)

_S = OrderState
MakeRig = Callable[..., Rig]


def engine_of(script: Script) -> Engine:
    return Engine({script.symbol: script})


def waiting_for(engine: Engine, order: Order) -> EngineState:
    return engine.begin().with_order(order)


@pytest.fixture
def rig_of(tmp_path: Path) -> Iterator[MakeRig]:
    """Makes the rig of a test; its ledger is closed at the end."""
    made: list[Rig] = []

    def make(answer: Answer) -> Rig:
        made.append(Rig(tmp_path, Script(answer)))
        return made[-1]

    yield make
    for rig in made:
        rig.ledger.ledger.close()


@pytest.mark.parametrize(
    ("event", "code"),
    [
        (VenueAway(reason("venue_not_reached"), NOON), "venue_not_reached"),
        (VenueBack(NOON), "venue_back"),
        (ConcernRaised(reason("key_ends_soon"), NOON), "key_ends_soon"),
    ],
)
def test_the_owner_is_told_that_the_venue_went_and_came_back_and_what_to_see_to(event: Event, code: str) -> None:
    script = Script()
    engine = engine_of(script)

    step = engine.step(engine.begin(), event)

    assert step == Step(engine.begin(), notes=(("", Note("venue", reason(code), Weight.WARNING)),))
    assert script.heard == []


def test_the_engine_knows_up_to_when_all_that_the_venue_showed_is_in_it() -> None:
    engine = engine_of(Script())

    step = engine.step(engine.begin(), OrdersSeen(NOON))

    assert step == Step(replace(engine.begin(), seen_at=NOON))


def test_an_order_that_bears_our_name_and_is_not_in_the_books_makes_us_safe() -> None:
    engine = engine_of(Script())
    why = reason("order_not_in_ledger", order="v-bptest-9", client_id="bptest-9")

    step = engine.step(engine.begin(), shown("bptest-9"))

    assert step.state.safe == why
    assert step.notes == (("", Note("venue", why, Weight.WARNING)),)
    assert (step.bookings, step.wishes) == ((), ())


def test_a_strange_order_without_an_id_of_ours_is_named_by_the_venues() -> None:
    engine = engine_of(Script())

    why = engine.step(engine.begin(), shown(None)).state.safe

    assert str(why) == "order_not_in_ledger order=v-None client_id=?"


def test_the_first_reason_to_be_safe_stays_and_every_reason_is_told_once() -> None:
    engine = engine_of(Script())
    state, told = engine.begin(), []

    for code in ("first", "first", "second", "second", "first", "second"):
        step = engine.step(state, distrusted(code))
        state = step.state
        told += [note.why.code for _, note in step.notes]

    assert told == ["first", "second"]
    assert state.safe == reason("first")


def test_a_reason_that_is_remembered_from_before_a_start_is_not_told_again() -> None:
    engine = engine_of(Script())
    restored = replace(engine.begin(), safe=reason("books_differ"))

    assert engine.step(restored, distrusted()) == Step(restored)


def test_while_we_are_safe_no_price_is_decided_on_but_every_fill_is_booked() -> None:
    order = order_of(state=_S.OPEN)
    script = Script(on_quotes([wish("1.1")]))
    engine = engine_of(script)
    safe = engine.step(waiting_for(engine, order), distrusted()).state

    priced = engine.step(safe, quote())
    booked = engine.step(safe, filled(order))

    assert priced == Step(safe)
    assert [type(event) for event in script.heard] == [OrderFilled]
    assert booked.state.strategies[SYMBOL].book.held("1.0") == 1


@pytest.mark.parametrize("asked", [OwnerWish.PAUSE, OwnerWish.CANCEL_ALL])
def test_only_the_owners_word_to_resume_ends_it_and_a_new_doubt_is_told_again(asked: OwnerWish) -> None:
    script = Script(on_quotes([wish()]))
    engine = engine_of(script)
    safe = engine.step(engine.step(engine.begin(), distrusted("other")).state, distrusted()).state

    still = engine.step(safe, OwnerAsked(SYMBOL, asked, NOON)).state
    trusting = engine.step(still, resumed()).state
    priced = engine.step(trusting, quote())
    again = engine.step(trusting, distrusted())

    assert (still.safe, trusting.safe) == (reason("other"), None)
    assert priced.wishes == (wish(),)
    assert len(again.notes) == 1
    assert len(engine.step(again.state, distrusted("other")).notes) == 1


def test_a_doubt_that_is_cleared_up_ends_only_itself() -> None:
    engine = engine_of(Script())
    one = engine.step(engine.begin(), distrusted("first")).state
    both = engine.step(one, distrusted("second")).state

    assert engine.step(one, TrustRegained("first", NOON)).state == engine.begin()
    assert engine.step(one, TrustRegained("second", NOON)).state == one
    assert engine.step(both, TrustRegained("first", NOON)).state.safe == reason("first")
    assert engine.step(engine.begin(), TrustRegained("first", NOON)) == Step(engine.begin())


def test_an_order_that_is_taken_over_is_written_from_its_intent_on_and_rests_in_its_cell(rig_of: MakeRig) -> None:
    rig = rig_of(on_quotes())
    order = order_of(7)

    rig.hear(OrderImported(order, "v-7", NOON))

    assert rig.log == ["commit pending 1.0", "commit submitted 1.0", "commit open 1.0"]
    assert rig.order(7) == replace(order, state=_S.OPEN, venue_id="v-7")
    assert rig.loop.state.orders == {order.client_id: rig.order(7)}
    assert _script(rig).heard == [OrderImported(order, "v-7", NOON)]
    assert rig.worker.placed == []


def test_new_terms_reach_the_strategy_of_their_market_and_no_other() -> None:
    ours, other = Script(), Script(symbol="KRW-ETH")
    engine = Engine({SYMBOL: ours, "KRW-ETH": other})
    dearer = replace(COIN, notional_min=Decimal(6000))

    renewed = engine.renewed(dearer)
    renewed.step(renewed.begin(), terms(dearer, reason("market_warned")))

    assert ours.instrument == dearer
    assert ours.heard == [terms(dearer, reason("market_warned"))]
    assert (other.instrument, other.heard) == (COIN, [])


def test_a_strange_order_makes_us_safe_with_the_very_first_event_and_that_is_on_the_disk(rig_of: MakeRig) -> None:
    rig = rig_of(on_quotes([wish()]))

    rig.hear(shown("bptest-9"), quote())

    state = rig.loop.state
    assert restored_safe(rig.reader.state(SAFE)) == (state.safe, state.doubts)
    assert [note.why.code for note in rig.told] == ["order_not_in_ledger"]
    assert (rig.worker.placed, rig.reader.orders()) == ([], [])


def test_what_makes_us_safe_is_on_the_disk_with_its_event_and_goes_with_the_owners_word(rig_of: MakeRig) -> None:
    rig = rig_of(on_quotes())
    rig.hear(quote(), distrusted())
    kept = rig.reader.state(SAFE)
    decided = rig.codes()

    rig.hear(resumed())

    assert (restored_safe(kept)[0], decided) == (reason("books_differ"), ["books_differ"])
    assert rig.reader.state(SAFE) is None


def test_the_owner_can_resume_with_the_first_event_after_a_start(rig_of: MakeRig) -> None:
    rig = rig_of(on_quotes([wish()]))
    rig.hear(distrusted())
    # As after a start: the state is what the ledger holds, and nothing of it was written by this loop.
    rig.loop._saved = None  # noqa: SLF001  # there is no other way to begin anew on the same ledger

    rig.hear(resumed(), quote())

    assert rig.reader.state(SAFE) is None
    assert [order.cell for order in rig.worker.placed] == ["1.0"]


def test_an_order_that_waits_for_the_worker_when_trust_is_lost_never_leaves(rig_of: MakeRig) -> None:
    rig = rig_of(on_quotes([wish("1.0"), wish("1.1")]))
    rig.worker.takes_one = True
    rig.hear(quote(), distrusted())

    rig.worker.idle = True
    rig.hear(accepted("bptest-1"))

    assert [order.cell for order in rig.worker.placed] == ["1.0"]
    assert rig.order(2).state is _S.VOID
    heard = _script(rig).heard
    assert [event.retry_after_s for event in heard if isinstance(event, WishDenied)] == [600]


def test_while_we_are_safe_orders_are_taken_back_all_the_same(rig_of: MakeRig) -> None:
    asks = on_quotes([wish()])
    rig = rig_of(lambda event: [take_back()] if isinstance(event, OwnerAsked) else asks(event))
    rig.hear(quote())
    rig.rest()

    rig.hear(distrusted(), OwnerAsked(SYMBOL, OwnerWish.CANCEL_ALL, NOON))

    assert [order.cell for order in rig.worker.canceled] == ["1.0"]


def test_a_wish_that_a_fill_brings_about_while_we_are_safe_is_denied_with_the_reason(rig_of: MakeRig) -> None:
    asks = on_quotes([wish()])
    rig = rig_of(lambda event: [wish("1.1")] if isinstance(event, OrderFilled) else asks(event))
    rig.hear(quote())
    rig.rest()

    rig.hear(distrusted(), filled("bptest-1"))

    assert rig.codes()[-1] == "safe_no_orders"
    assert [order.cell for order in rig.reader.orders()] == ["1.0"]


def test_a_grid_that_was_safe_sells_what_it_bought_meanwhile_once_the_owner_resumes(tmp_path: Path) -> None:
    with Rig(tmp_path, GridStrategy(COIN, GridSettings(steps=3))) as rig:
        rig.hear(quote("10000"))
        upper = rig.worker.placed[0]
        rig.hear(accepted(upper), distrusted(), filled(upper, str(upper.qty), str(upper.price)))
        sent = len(rig.worker.placed)
        rig.hear(quote("9950", NOON + timedelta(hours=1)))
        held_back = len(rig.worker.placed) == sent

        rig.hear(resumed())

        assert held_back
        sold = rig.worker.placed[-1]
        assert (sold.cell, sold.side, sold.qty) == (upper.cell, "sell", upper.qty)


def test_how_long_the_venue_must_not_be_called_is_on_the_disk(rig_of: MakeRig) -> None:
    rig = rig_of(on_quotes())

    rig.hear(VenueAway(reason("shut_out"), NOON), VenueBack(NOON))
    open_to_us = rig.reader.state(BLOCKED)
    rig.hear(VenueAway(reason("shut_out"), NOON, NOON + timedelta(minutes=10)))

    assert open_to_us is None
    assert rig.reader.state(BLOCKED) == {"until": "2025-01-02T12:10:00Z"}
    assert [note.why.code for note in rig.told] == ["shut_out", "venue_back", "shut_out"]


def test_an_order_that_waits_when_its_venue_raises_the_minimum_is_held_against_the_new_one(rig_of: MakeRig) -> None:
    rig = rig_of(on_quotes([wish()]))
    rig.worker.idle = False
    rig.hear(quote())
    dearer = replace(COIN, notional_min=Decimal(20000))
    rig.hear(terms(dearer))

    rig.worker.idle = True
    rig.loop.wake()
    rig.loop.drain()

    assert (rig.worker.placed, rig.codes()) == ([], ["gate_under_minimum"])
    assert _script(rig).instrument == dearer


def _script(rig: Rig) -> Script:
    script = rig.loop.engine.strategies[SYMBOL]
    assert isinstance(script, Script)
    return script
