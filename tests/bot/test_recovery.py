"""The start: it waits for a venue that is away, and settles what the last start left half done."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, cast

import pytest

from bot.engine import Engine
from bot.recovery import Interrupted, Patience, follow_open, restored_state, settle_unsent
from bot.trail import Trail
from domain.decision import Note, Weight
from domain.errors import AuthRefused, ExitCode, MarketUnknown, RateLimited, SetupError, VenueError, VenueUnavailable
from domain.events import OutcomeLost, WishDenied
from domain.order import OrderState
from domain.reason import reason
from exchanges.refusals import KeyRefused, NoSuchMarket
from tests.bot.rig import NOON, SYMBOL, Rig, Script, accepted, distrusted, ended, filled, lost, on_quotes, quote, wish

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from domain.order import Fill
    from exchanges.base import Trading

_S = OrderState
AWAY = VenueUnavailable("away")
WHY = reason("bithumb_key_wrong")


@dataclass
class Waiting:
    """A patience whose pauses pass at once; it notes them, and what it told."""

    pauses: list[float] = field(default_factory=list)
    told: list[Note] = field(default_factory=list)
    stops_after: int = 100

    def patience(self) -> Patience:
        return Patience(self.pauses.append, lambda: len(self.pauses) >= self.stops_after, self.told.append)


def after(*troubles: VenueError) -> Callable[[], str]:
    """Answer once these troubles have passed."""
    left = list(troubles)

    def call() -> str:
        if left:
            raise left.pop(0)
        return "answer"

    return call


def test_an_answer_is_returned_and_nothing_is_said() -> None:
    waiting = Waiting()

    assert waiting.patience().answered(after()) == "answer"
    assert (waiting.pauses, waiting.told) == ([], [])


def test_a_venue_that_is_away_is_asked_less_and_less_often_and_told_of_once() -> None:
    waiting = Waiting()

    assert waiting.patience().answered(after(*[AWAY] * 9)) == "answer"
    assert waiting.pauses == [1, 2, 4, 8, 16, 32, 60, 60, 60]
    assert waiting.told == [
        Note("venue", reason("venue_not_reached", error="VenueUnavailable"), Weight.WARNING),
        Note("venue", reason("venue_back"), Weight.WARNING),
    ]


def test_that_we_were_shut_out_is_said_as_such() -> None:
    told: list[Note] = []
    patience = Patience(lambda _: None, lambda: False, told.append, lambda: NOON)

    patience.answered(after(RateLimited("held back", retry_after_s=600)))

    assert told[0].why == reason("venue_shut_out", until="2025-01-02T12:00:00Z")


@pytest.mark.parametrize(
    ("trouble", "code"),
    [
        (KeyRefused("no", why=WHY), ExitCode.KEYS),
        (AuthRefused("no"), ExitCode.KEYS),
        (NoSuchMarket("no", why=WHY), ExitCode.SETTINGS),
        (MarketUnknown("no"), ExitCode.SETTINGS),
    ],
)
def test_what_waiting_does_not_mend_is_the_owners(trouble: VenueError, code: ExitCode) -> None:
    with pytest.raises(SetupError) as refused:
        Waiting().patience().answered(after(AWAY, trouble))

    assert refused.value.exit_code is code
    if hasattr(trouble, "why"):
        assert refused.value.faults == (WHY,)


def test_asked_to_stop_it_waits_no_longer() -> None:
    waiting = Waiting(stops_after=2)

    with pytest.raises(Interrupted):
        waiting.patience().answered(after(*[AWAY] * 9))
    assert waiting.pauses == [1, 2]


def test_the_state_is_as_the_ledger_has_it(tmp_path: Path) -> None:
    script = Script(on_quotes([wish("1.0"), wish("1.1")]))
    with Rig(tmp_path, script) as rig:
        rig.hear(quote())
        rig.rest(1)
        rig.hear(filled("bptest-1", qty="0.4"), distrusted())
        left = rig.loop.state

        state = restored_state(Engine({SYMBOL: script}), rig.reader)

    assert state.orders == left.orders
    assert state.strategies[SYMBOL].book == left.strategies[SYMBOL].book
    assert state.safe == left.safe == reason("books_differ")


def test_what_never_left_is_void_and_what_may_have_left_is_lost(tmp_path: Path) -> None:
    script = Script(on_quotes([wish("1.0"), wish("1.1"), wish("1.2"), wish("1.3")]))
    with Rig(tmp_path, script) as rig:
        rig.worker.takes_one = True
        rig.hear(quote())
        rig.worker.idle = True
        rig.hear(accepted("bptest-1"))
        rig.worker.idle = True
        rig.hear(lost("bptest-2"))
        before = [rig.order(seq).state for seq in (1, 2, 3, 4)]
        rig.desk.is_closed = True

        settle_unsent(rig.loop, rig.clock)
        settle_unsent(rig.loop, rig.clock)

        assert before == [_S.OPEN, _S.UNKNOWN, _S.SUBMITTED, _S.PENDING]
        assert [rig.order(seq).state for seq in (1, 2, 3, 4)] == [_S.OPEN, _S.UNKNOWN, _S.UNKNOWN, _S.VOID]
        assert len(rig.worker.placed) == 3
    assert any(isinstance(event, WishDenied) and event.slot == "1.3" for event in script.heard)
    assert not any(isinstance(event, OutcomeLost) for event in script.heard)


class Followed:
    """An account that notes what it is to look after."""

    def __init__(self) -> None:
        self.orders: dict[str, dict[str, Decimal]] = {}

    def follow(self, symbol: str, order_id: str, booked: Sequence[Fill] = ()) -> None:
        assert symbol == SYMBOL
        self.orders[order_id] = {fill.fill_id: fill.fee for fill in booked}


def test_the_adapter_looks_after_every_order_that_the_venue_has(tmp_path: Path) -> None:
    account = Followed()
    with Rig(tmp_path, Script(on_quotes([wish("1.0"), wish("1.1"), wish("1.2")]))) as rig:
        rig.hear(quote(), accepted("bptest-1"), accepted("bptest-2"), filled("bptest-2", qty="0.4"))
        rig.clock.set(NOON + timedelta(seconds=1))

        follow_open(rig.reader, cast("Trading", account))

    assert account.orders == {"v-bptest-1": {}, "v-bptest-2": {"t1": Decimal("9.000")}}


def test_without_our_ids_at_the_venue_it_looks_after_those_that_have_just_ended_too(tmp_path: Path) -> None:
    account = Followed()
    with Rig(tmp_path, Script(on_quotes([wish("1.0"), wish("1.1")]))) as rig:
        rig.hear(quote(), accepted("bptest-1"), accepted("bptest-2"), filled("bptest-2", qty="0.4"))
        rig.hear(ended("bptest-2", OrderState.CANCELED))
        trail = Trail.restored(rig.reader, SYMBOL, NOON + timedelta(hours=1))

        follow_open(rig.reader, cast("Trading", account), trail)

    assert account.orders == {"v-bptest-1": {}, "v-bptest-2": {"t1": Decimal("9.000")}}
