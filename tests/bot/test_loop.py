"""The loop: one event, one commit for all its rows, and news that is told twice is booked once."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from bot.loop import PartEnded
from bot.memory import restored
from bot.risk import Limits
from domain.book import DUST
from domain.commands import Command, MoveLots
from domain.decision import Decision, Note, Weight
from domain.errors import SetupError
from domain.events import Event, OrderClosed, OrderFilled, OrdersSeen, StrategyEvent, TimerFired, WishDenied, WorkerDied
from domain.order import OrderState
from domain.reason import reason
from ledger.audit import audit
from reports.figures import RUN
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
    adopt,
    cancel_failed,
    ended,
    filled,
    lost,
    on_quotes,
    order_of,
    quote,
    take_back,
    wish,
)

_S = OrderState
MakeRig = Callable[..., Rig]


@pytest.fixture
def rig_of(tmp_path: Path) -> Iterator[MakeRig]:
    """Makes the rig of a test; at its end the ledger agrees with itself."""
    made: list[Rig] = []

    def make(answer: Answer, limits: Limits | None = None) -> Rig:
        made.append(Rig(tmp_path, Script(answer), limits=limits))
        return made[-1]

    yield make
    for rig in made:
        assert audit(rig.reader) == []
        rig.ledger.ledger.close()


def heard(rig: Rig) -> list[StrategyEvent]:
    script = rig.loop.engine.strategies[SYMBOL]
    assert isinstance(script, Script)
    return script.heard


def rests(rig: Rig) -> Rig:
    """One order at rest, for 1 at 9000."""
    rig.hear(quote())
    rig.rest()
    return rig


def test_a_fill_its_order_and_its_lot_are_on_the_disk_together(rig_of: MakeRig) -> None:
    rig = rests(rig_of(on_quotes([wish()])))

    rig.hear(filled("bptest-1", "0.4"))

    assert (rig.order().filled, rig.order().state) == (Decimal("0.4"), _S.PARTIALLY_FILLED)
    assert rig.reader.book(SYMBOL) == rig.loop.state.strategies[SYMBOL].book
    assert rig.reader.book(SYMBOL).held("1.0") == Decimal("0.4")
    assert isinstance(heard(rig)[-1], OrderFilled)


def test_an_event_that_cannot_be_committed_leaves_the_disk_as_it_was(rig_of: MakeRig) -> None:
    rig = rests(rig_of(on_quotes([wish()])))
    rig.ledger.commits_left = 0

    with pytest.raises(SetupError):
        rig.hear(filled("bptest-1"))

    assert rig.order().state is _S.OPEN
    assert rig.reader.fills(10) == []


def test_a_fill_that_is_told_twice_is_booked_once(rig_of: MakeRig) -> None:
    rig = rests(rig_of(on_quotes([wish()])))

    rig.hear(filled("bptest-1", "0.4", fill_id="a"), filled("bptest-1", "0.4", fill_id="a"))

    assert rig.order().filled == Decimal("0.4")
    assert len(heard(rig)) == 2


@pytest.mark.parametrize("end", [_S.FILLED, _S.CANCELED])
def test_an_old_fill_of_a_closed_order_that_is_told_again_does_not_bring_it_back(
    rig_of: MakeRig, end: OrderState
) -> None:
    rig = rests(rig_of(on_quotes([wish()], [take_back()])))
    first = filled("bptest-1", "1" if end is _S.FILLED else "0.4")
    rig.hear(first)
    if end is _S.CANCELED:
        rig.hear(ended("bptest-1", end))

    rig.hear(first)

    assert rig.loop.state.orders == {}
    assert rig.loop.state.order_of(SYMBOL, "1.0") is None


def test_a_late_fill_of_a_closed_order_is_booked_and_the_order_stays_closed(rig_of: MakeRig) -> None:
    rig = rests(rig_of(on_quotes([wish()])))
    rig.hear(ended("bptest-1"))

    rig.hear(filled("bptest-1", "0.4"))

    assert (rig.order().state, rig.order().filled) == (_S.CANCELED, Decimal("0.4"))
    assert rig.reader.book(SYMBOL).held("1.0") == Decimal("0.4")
    assert isinstance(heard(rig)[-1], OrderFilled)
    assert rig.loop.state.orders == {}


def test_a_void_order_that_the_venue_fills_after_all_takes_its_true_state(rig_of: MakeRig) -> None:
    rig = rig_of(on_quotes([wish()]))
    rig.hear(quote(), lost("bptest-1"), ended("bptest-1", _S.VOID, "proven_absent"))

    rig.hear(filled("bptest-1", "0.4"))

    assert rig.order().state is _S.PARTIALLY_FILLED
    assert rig.loop.state.orders == {"bptest-1": rig.order()}


@pytest.mark.parametrize(
    "again",
    [
        ended("bptest-1"),
        ended("bptest-1", _S.EXPIRED),
        accepted("bptest-1"),
        lost("bptest-1"),
        cancel_failed("bptest-1"),
    ],
)
def test_an_end_that_is_told_again_is_no_news(rig_of: MakeRig, again: Event) -> None:
    rig = rests(rig_of(on_quotes([wish()])))
    rig.hear(ended("bptest-1"))
    before = (list(rig.log), list(heard(rig)))

    rig.hear(again)

    assert (list(rig.log), list(heard(rig))) == before
    assert rig.order().state is _S.CANCELED


@pytest.mark.parametrize("stranger", [accepted("bptest-7"), filled("bptest-7"), ended("bptest-7")])
def test_news_of_an_order_that_nobody_wrote_stops_us_and_is_not_booked(rig_of: MakeRig, stranger: Event) -> None:
    rig = rig_of(on_quotes())

    rig.hear(stranger)

    assert rig.codes() == ["order_not_in_ledger"]
    assert rig.reader.orders() == []
    assert rig.loop.state.safe is not None


def test_what_risk_denies_is_booked_with_its_code_once_and_nothing_is_written_of_the_order(rig_of: MakeRig) -> None:
    rig = rig_of(on_quotes([wish()], [wish()], [wish(qty="0.9")]), Limits(order_notional_max=Decimal(8999)))

    rig.hear(quote(), quote())

    assert rig.codes() == ["order_over_cap"]
    assert [type(event) for event in heard(rig)].count(WishDenied) == 2
    assert (rig.reader.orders(), rig.log) == ([], [])
    rig.hear(quote())
    assert [order.cell for order in rig.worker.placed] == ["1.0"]


def test_the_next_wish_of_an_event_knows_what_the_first_has_tied(rig_of: MakeRig) -> None:
    rig = rig_of(on_quotes([wish("1.0"), wish("1.1")]), Limits(free_cash=Decimal("18044.9")))

    rig.hear(quote())

    assert [order.cell for order in rig.worker.placed] == ["1.0"]
    assert rig.codes() == ["cash_does_not_reach"]


def test_lots_that_are_taken_over_and_moved_are_booked(rig_of: MakeRig) -> None:
    moves: Sequence[Command] = (adopt("start"), MoveLots(SYMBOL, "start", "1.0", Decimal("0.4")))
    rig = rig_of(on_quotes(moves, [MoveLots(SYMBOL, "start", DUST, Decimal("0.6"), closes_cycle=True)]))

    rig.hear(quote(), quote())

    book = rig.reader.book(SYMBOL)
    assert (book.held("1.0"), book.held(DUST), book.cycles) == (Decimal("0.4"), Decimal("0.6"), 1)
    assert book == rig.loop.state.strategies[SYMBOL].book


def test_notes_are_booked_and_only_warnings_are_told(rig_of: MakeRig) -> None:
    loud = Note("1.0", reason("look_here"), Weight.WARNING)

    class Noting(Script):
        def decide(self, state: GridState, event: StrategyEvent) -> Decision[GridState]:
            return Decision(state, notes=(Note("1.0", reason("seen")), loud))

    rig = rig_of(on_quotes())
    rig.loop.engine = replace(rig.loop.engine, strategies={SYMBOL: Noting()})

    rig.hear(quote())

    assert rig.codes() == ["seen", "look_here"]
    assert rig.told == [loud]


def test_a_dead_worker_stands_in_the_book_of_decisions(rig_of: MakeRig) -> None:
    rig = rig_of(on_quotes())

    rig.hear(WorkerDied("order-worker", "KeyError", NOON))

    assert [str(decision.note.why) for decision in rig.reader.each_decision()] == ["worker_died error=KeyError"]


def test_the_row_of_the_run_is_written_with_whatever_changes(rig_of: MakeRig) -> None:
    rows = iter([{"n": 1}, {"n": 2}, {"n": 3}])
    rig = rig_of(on_quotes([wish()]))
    rig.loop.run_row = lambda _: next(rows)

    rig.hear(OrdersSeen(NOON))
    first = rig.reader.state(RUN)
    rig.hear(OrdersSeen(NOON))
    quiet = rig.reader.state(RUN)
    rig.hear(quote(), accepted("bptest-1"))

    assert (first, quiet, rig.reader.state(RUN)) == ({"n": 1}, {"n": 1}, {"n": 2})


def test_at_a_timer_the_row_of_the_run_is_brought_up_to_date(rig_of: MakeRig) -> None:
    rows = iter([{"last": "9500"}, {"last": "9510"}])
    rig = rig_of(on_quotes())
    rig.loop.run_row = lambda _: next(rows)
    rig.hear(OrdersSeen(NOON))

    rig.hear(TimerFired("report", NOON))

    assert rig.reader.state(RUN) == {"last": "9510"}


def test_what_the_grid_remembers_is_on_the_disk_after_every_event(tmp_path: Path) -> None:
    with Rig(tmp_path, GridStrategy(COIN, GridSettings(steps=3))) as rig:
        placed = rig.worker.placed
        for event in (
            lambda: quote("10000"),
            lambda: accepted(placed[0]),
            lambda: filled(placed[0], str(placed[0].qty), str(placed[0].price)),
            lambda: accepted(placed[-1]),
            lambda: quote("9990"),
        ):
            rig.hear(event())
            state = rig.loop.state.strategies[SYMBOL]
            saved = restored(SYMBOL, rig.reader.states(), rig.reader.book(SYMBOL))
            assert saved is not None
            asked_anew = {name: getattr(state, name) for name in ("last", "at", "traded_at", "quiet")}
            assert replace(saved, **asked_anew) == state


def test_the_loop_takes_events_until_it_is_asked_to_stop(rig_of: MakeRig) -> None:
    rig = rig_of(on_quotes([wish()]))
    rig.inbox.put(quote())
    rig.inbox.put(accepted("bptest-1"))
    left = [False, False, False, True]

    rig.loop.run(lambda: left.pop(0), patience_s=0)

    assert (left, rig.order().state) == ([], _S.OPEN)


def test_half_a_bot_does_not_go_on_when_a_thread_has_died_and_the_book_says_why(rig_of: MakeRig) -> None:
    rig = rig_of(on_quotes([wish()]))
    rig.inbox.put(WorkerDied("order-worker", "KeyError", NOON))
    rig.inbox.put(quote())

    with pytest.raises(PartEnded, match="order-worker: KeyError"):
        rig.loop.run(lambda: False, patience_s=0)

    assert (rig.codes(), rig.worker.placed) == (["worker_died"], [])


def test_orders_that_end_make_room_for_a_new_one_of_their_slot(rig_of: MakeRig) -> None:
    asks = on_quotes([wish()])
    rig = rests(rig_of(lambda event: [wish(price="8500")] if isinstance(event, OrderClosed) else asks(event)))

    rig.hear(ended("bptest-1"))

    assert [(order.state, order.price) for order in rig.reader.orders()] == [
        (_S.CANCELED, order_of().price),
        (_S.SUBMITTED, Decimal(8500)),
    ]
