"""A venue that loses its answers, cannot be found or takes no calls: nothing is sent twice, and the end agrees.

`python -m tests.bot.test_outages --orders 1000` loses every second answer of so many placings.
"""

from __future__ import annotations

import argparse
import logging
import socket
import sys
import tempfile
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Any

from bot.exits import run_guarded
from bot.feed import Feed, Question
from bot.lockstep import BUSY_MAX_S, Lockstep
from domain.errors import ExitCode
from domain.events import ConcernRaised
from domain.reason import reason
from reports.wording import Wording
from tests.bot.demo_rig import ENGLISH, LIVELY, Desk, demo, desk, settings
from tests.bot.rig import NOON, Rig, Script

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import pytest

    from domain.decision import Note
    from domain.events import Event

OUTAGE = timedelta(minutes=30)
_ORDERS_PER_BAR = 5


# Answers that are lost


def lose_every_second(folder: Path, orders: int) -> tuple[Desk, dict[str, Any], int]:
    """Place so many orders, and take every second answer away; returns the books and how many were lost."""
    with desk(folder, -(-orders // _ORDERS_PER_BAR), "GRID_STEPS=10") as run:
        # Each fault lets those before it have their turn, and one answer more.
        for number in range(1, orders // 2 + 1):
            run.customer.admin("faults", {"route": "place", "kind": "lose_reply_after_accept", "after": number})
        assert run.play()
        lost = orders // 2 - len(run.customer.admin("faults", method="GET")["armed"])
        return run, run.books(), lost


def wrong_after_losing(run: Desk, books: dict[str, Any]) -> list[str]:
    """Return all that is wrong after answers were lost."""
    names = [row["client_order_id"] for row in books["orders"]]
    faults = list(run.demo.run.diary.differences or ())
    faults += [f"{name} stands twice" for name in set(names) if names.count(name) > 1]
    if books["repeats"] or not books["conserved"]:
        faults.append(f"repeats {books['repeats']}, broken {books['broken']}")
    return faults


def test_every_second_answer_to_a_placing_is_lost_and_no_order_is_lost_or_doubled(tmp_path: Path) -> None:
    run, books, lost = lose_every_second(tmp_path, 200)

    assert wrong_after_losing(run, books) == []
    assert lost >= 60
    assert "order_not_in_ledger" not in run.codes
    assert run.demo.run.loop.state.safe is None


# A name that cannot be resolved


@dataclass
class Resolver:
    """Finds every host, until a connection is cut: from then on none, for so long by the market's time."""

    now: Callable[[], datetime]
    look: Callable[[], dict[str, str]]
    armed: bool = False
    gone_until: datetime | None = None
    seen: list[dict[str, str]] = field(default_factory=list)
    real: Callable[..., Any] = field(default=socket.getaddrinfo)

    def __call__(self, host: str, *args: Any, **more: Any) -> Any:  # noqa: ANN401 - as the one of the library
        if self.armed and self.gone_until is None:
            self.gone_until = self.now() + OUTAGE
        if self.gone_until is not None and self.now() < self.gone_until:
            self.seen.append(self.look())
            raise socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")
        return self.real(host, *args, **more)


def test_half_an_hour_without_names_changes_no_order_and_is_told_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told_after: list[int] = []
    with desk(tmp_path, 50, *LIVELY) as run:
        # The market's own door keeps the connection that it has: what cannot be found again is the exchange.
        resolver = Resolver(run.demo.clock.now, run.states)
        monkeypatch.setattr(socket, "getaddrinfo", resolver)
        run.customer.admin("faults", {"route": "place", "kind": "lose_reply_after_accept", "after": 40})
        resolver.armed = True
        tell = run.demo.run.loop.tell

        def hear(note: Note) -> None:
            if note.slot == "venue":
                told_after.append(len(resolver.seen))
            tell(note)

        run.demo.run.loop.tell = hear

        assert run.play()

        assert run.codes == ["venue_silent", "venue_back"]
        away, back = told_after
        first, *others = resolver.seen[away:back]
        assert len(others) > 50
        assert all(states == first for states in others)
        assert list(first.values()).count("unknown") == 1
        assert run.demo.run.diary.differences == ()
        assert "unknown" not in run.states().values()


# A venue that answers something else


def test_pages_for_people_are_waited_out_and_then_the_run_goes_on(tmp_path: Path) -> None:
    with desk(tmp_path, 12, *LIVELY) as run:
        run.customer.admin("faults", {"kind": "html", "count": 40, "after": 60})

        assert run.play()

        assert run.codes == ["bithumb_maintenance", "venue_back"]
        assert run.demo.run.diary.differences == ()
        assert len(run.books()["orders"]) > 20


def test_after_too_many_calls_none_is_made_for_as_long_as_the_venue_says(tmp_path: Path) -> None:
    with desk(tmp_path, 6, *LIVELY) as run:
        limited = {"route": "place", "kind": "status", "status": 429, "retry_after_s": 40, "after": 12}
        run.customer.admin("faults", limited)

        assert run.play()

        orders = [datetime.fromisoformat(row["created_at"]) for row in run.books()["orders"]]
        before, behind = orders[11], orders[12]
        assert behind - before >= timedelta(seconds=40)
        assert run.demo.run.diary.differences == ()


# A bot that never comes to rest


class StandingMarket:
    """A market on which nothing happens; the bot must not ask it for anything more."""

    def step(self, until: datetime | None) -> Any:  # noqa: ANN401 - it never answers
        raise AssertionError(until)


def busy(folder: Path, events: Callable[[], Sequence[Event]]) -> int:
    """Run a bot whose one question is due again and again, on a watch that goes a second at every look."""
    seconds = iter(range(10_000))
    with Rig(folder, Script()) as rig:
        feed = Feed([Question("prices", events, 0)], rig.clock, rig.inbox.put, lambda: None)
        feed.begin()
        lockstep = Lockstep(rig.loop, feed, StandingMarket(), lambda: None, lambda: float(next(seconds)), lambda: None)
        return run_guarded(lambda: int(lockstep.run(lambda: False)), Wording("en"))


def test_a_bot_that_never_comes_to_rest_ends_and_says_what_it_was_busy_with(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    with caplog.at_level(logging.CRITICAL):
        asking = busy(tmp_path / "asking", lambda: ())
        telling = busy(tmp_path / "telling", lambda: [ConcernRaised(reason("told_so"), NOON)] * BUSY_MAX_S)

    assert (asking, telling) == (ExitCode.OUR_FAULT, ExitCode.OUR_FAULT)
    said = [record.getMessage() for record in caplog.records if record.name == "bot.lockstep"]
    assert said == ["busy for 30 s, last with a question", "busy for 30 s, last with ConcernRaised"]
    assert capsys.readouterr().err.count("Busy") == 2


# A market whose process is gone


def test_a_market_that_dies_ends_the_bot_with_a_sentence_and_the_next_start_goes_on(tmp_path: Path) -> None:
    with demo(tmp_path, "--speed", "max", "--exit", *settings(*LIVELY), bars=10, environ=ENGLISH) as run:
        start = run.start()
        assert start.until(lambda: run.played() >= 12)
        run.kill_market()

        ended = start.end()
        again = run.play()

    assert ended.code == ExitCode.OUR_FAULT
    assert "The demo's simulator has stopped. Start again to go on where it stood." in ended.err
    assert again.code == 0
    assert again.line["ledger_agrees_with_exchange"] is True


def main() -> int:
    """Lose answers in a longer run; returns 1 where anything is wrong at the end."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--orders", type=int, default=1000)
    asked = parser.parse_args()
    begun_s = monotonic()
    with tempfile.TemporaryDirectory() as folder:
        run, books, lost = lose_every_second(Path(folder), asked.orders)
    faults = wrong_after_losing(run, books)
    took_s = monotonic() - begun_s
    sys.stdout.write(f"{len(books['orders'])} orders, {lost} answers lost, {took_s:.0f} s: {faults or 'agree'}\n")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
