"""The board: what the faces see is what the loop has booked, and asking it never touches the loop."""

from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from bot.agreement import Opening
from bot.board import NEWEST, Board, Part, Shield
from bot.diary import Diary
from domain.decision import Note
from domain.events import TimerFired, VenueAway, VenueBack
from domain.instrument import Side
from domain.reason import reason
from domain.snapshot import RunState
from domain.view import FillSeen, SessionSeen, View
from exchanges.us_hours import us_hours
from strategy.grid.config import GridSettings
from strategy.grid.grid import GridStrategy
from strategy.grid.state import Shape
from tests.bot.rig import COIN, NOON, SYMBOL, Rig, Script, distrusted, filled, on_quotes, quote, wish

SILENT = reason("venue_not_reached", error="VenueUnavailable")


class Stopwatch:
    """Seconds as the test says."""

    def __init__(self) -> None:
        self.now_s = 100.0

    def __call__(self) -> float:
        return self.now_s


class Shown:
    """A run with a board."""

    def __init__(self, folder: Path) -> None:
        self.watch = Stopwatch()
        self.rig = Rig(folder, Script(on_quotes([wish(qty="2")], [], [wish(side=Side.SELL, price="9100", qty="2")])))
        self.report = folder / "bithumb_report.html"
        self.board = Board(self.report, self.watch)
        self.diary = Diary(SYMBOL, {SYMBOL: COIN}, Opening(Decimal(1_000_000), Decimal(0)))
        self.rig.loop.faces, self.rig.loop.run_row = self.board, self.diary.row_of
        self.board.open(self.diary, self.rig.ledger.ledger)

    @property
    def view(self) -> View:
        view = self.board.view()
        assert view is not None
        return view


@pytest.fixture
def shown(tmp_path: Path) -> Iterator[Shown]:
    made = Shown(tmp_path)
    with made.rig:
        yield made


def test_before_the_first_turn_there_is_nothing_to_be_seen(shown: Shown) -> None:
    assert shown.board.view() is None
    assert shown.board.health().is_good


def test_a_round_is_seen_with_its_orders_fills_and_what_it_earned(shown: Shown) -> None:
    shown.rig.hear(quote())
    shown.rig.rest(1)
    assert [(order.client_id, order.qty) for order in shown.view.orders] == [("bptest-1", Decimal(2))]

    shown.rig.hear(filled("bptest-1", "2", "9000", "t1"), quote(), quote("9200"))
    shown.rig.rest(2)
    assert [(each.slot, [lot.qty for lot in each.lots]) for each in shown.view.positions] == [("1.0", [Decimal(2)])]
    shown.rig.hear(filled("bptest-2", "2", "9100", "t2"))

    view = shown.view
    assert [(seen.client_id, seen.side, seen.earned) for seen in view.fills] == [
        ("bptest-2", Side.SELL, view.snapshot.matched_pnl),
        ("bptest-1", Side.BUY, Decimal(0)),
    ]
    assert (view.orders, view.positions) == ((), ())
    assert (view.snapshot.orders, view.snapshot.cycles, view.snapshot.open_orders) == (2, 1, 0)
    assert view.snapshot.matched_pnl == shown.rig.reader.book(SYMBOL).matched


def test_a_later_start_shows_what_the_ledger_kept(shown: Shown) -> None:
    shown.rig.hear(quote())
    shown.rig.rest(1)
    shown.rig.hear(filled("bptest-1", "2"))
    before = shown.view

    again = Board(shown.report, shown.watch)
    again.open(shown.diary, shown.rig.ledger.ledger)
    again.stand(shown.rig.loop.state)

    assert again.view() == replace(before, price_age_s=None)


def test_only_the_newest_are_kept(shown: Shown) -> None:
    for number in range(NEWEST + 5):
        shown.board.note(NOON, Note("grid", reason("owner_pause", number=number)))
    shown.rig.hear(quote())

    numbers = [seen.note.why.plain_figures()["number"] for seen in shown.view.decisions]
    assert (len(numbers), numbers[0], numbers[-1]) == (NEWEST, str(NEWEST + 4), "5")


def test_why_nothing_is_traded_is_said_the_gravest_first(shown: Shown) -> None:
    shown.rig.hear(quote(), distrusted("books_differ"), VenueAway(SILENT, NOON))
    assert [why.code for why in shown.view.standing] == ["books_differ", "venue_not_reached"]

    shown.rig.hear(VenueBack(NOON))
    assert [why.code for why in shown.view.standing] == ["books_differ"]


def test_a_picture_once_taken_does_not_change(shown: Shown) -> None:
    shown.rig.hear(quote())
    before = shown.view
    kept = replace(before)

    shown.rig.rest(1)
    shown.rig.hear(filled("bptest-1", "2"))

    assert before == kept
    assert shown.view != before


def test_the_report_is_named_once_it_is_there(shown: Shown) -> None:
    shown.rig.hear(quote())
    assert shown.view.report is None

    shown.report.touch()
    assert shown.view.report == "bithumb_report.html"


def test_who_listens_hears_of_fills_changes_and_timers(shown: Shown) -> None:
    fills: list[FillSeen] = []
    timers: list[str] = []
    changes: list[None] = []
    shown.board.on_fill, shown.board.on_timer = fills.append, timers.append
    shown.board.on_change = lambda: changes.append(None)

    shown.rig.hear(quote())
    shown.rig.rest(1)
    shown.rig.hear(filled("bptest-1", "2"), TimerFired("report", NOON))

    assert [seen.client_id for seen in fills] == ["bptest-1"]
    assert timers == ["report"]
    assert len(changes) >= 4


def test_a_loop_that_stands_still_turns_red_and_green_again(shown: Shown) -> None:
    shown.board.watch(10)
    shown.watch.now_s += 10
    assert shown.board.health().is_good

    shown.watch.now_s += 1
    assert [(pulse.part, pulse.is_alive) for pulse in shown.board.health().pulses] == [("loop", False)]

    shown.rig.loop.wake()
    assert shown.board.health().is_good


def test_a_part_that_stands_still_turns_red_though_the_loop_goes_on(shown: Shown) -> None:
    silence_s = 0.0
    shown.board.watch(10, Part("feed", lambda: silence_s, 60))
    assert shown.board.health().is_good

    silence_s = 61.0

    health = shown.board.health()
    assert not health.is_good
    assert [pulse.part for pulse in health.pulses if not pulse.is_alive] == ["feed"]


def test_of_a_run_that_is_over_nothing_is_expected(shown: Shown) -> None:
    shown.board.watch(10)
    shown.watch.now_s += 1000
    shown.board.unwatch()

    assert shown.board.health().is_good


def test_nothing_is_told_before_it_is_durable(shown: Shown) -> None:
    shown.rig.hear(quote())
    shown.rig.rest(1)
    seen: list[int] = []
    shown.board.on_fill = lambda _: seen.append(len(shown.rig.reader.fills(10)))

    shown.rig.hear(filled("bptest-1", "1"))

    assert seen == [1]


def test_a_face_that_fails_never_ends_the_trading(shown: Shown, caplog: pytest.LogCaptureFixture) -> None:
    def fails(_: object) -> None:
        raise KeyError("secret value")

    shown.board.on_fill = fails
    shown.rig.loop.faces = Shield(shown.board)

    shown.rig.hear(quote())
    shown.rig.rest(1)
    shown.rig.hear(filled("bptest-1", "1", fill_id="t1"), filled("bptest-1", "1", fill_id="t2"))

    assert shown.rig.reader.book(SYMBOL).buys == 2
    assert caplog.text.count("the faces failed") == 1
    assert "secret value" not in caplog.text


def test_the_age_of_the_price_grows_while_the_venue_is_silent(shown: Shown) -> None:
    shown.rig.hear(quote())
    shown.watch.now_s += 40
    shown.rig.loop.wake()

    assert shown.view.price_age_s == 40


def test_which_session_runs_is_seen_by_the_runs_own_clock(shown: Shown) -> None:
    shown.rig.hear(quote())
    assert shown.view.session is None
    clock, hours = shown.rig.clock, us_hours()
    board = Board(shown.report, shown.watch, hours)
    board.open(shown.diary, shown.rig.ledger.ledger, clock)
    board.stand(shown.rig.loop.state)

    view = board.view()

    assert view is not None
    assert view.session == SessionSeen.at(hours, clock.now())


def test_a_start_that_waits_for_the_venue_shows_the_session_too(shown: Shown) -> None:
    shown.rig.hear(quote())
    board = Board(shown.report, shown.watch, us_hours())
    board.wait(shown.view.snapshot)

    waiting = board.view()

    assert waiting is not None
    assert waiting.session is not None


def test_how_the_lines_are_laid_is_told_once_they_are(tmp_path: Path) -> None:
    settings = GridSettings(steps=3)
    with Rig(tmp_path, GridStrategy(COIN, settings)) as rig:
        board = Board(None, Stopwatch())
        rig.loop.faces = board
        board.open(Diary(SYMBOL, {SYMBOL: COIN}, Opening(Decimal(1_000_000), Decimal(0))), rig.ledger.ledger)
        assert board.shape() is None

        rig.hear(quote("10000"))

        assert board.shape() == Shape.of(settings)


def test_while_a_start_waits_for_the_venue_the_former_run_is_shown_waiting_and_why(shown: Shown) -> None:
    shown.rig.hear(quote())
    former = shown.view.snapshot

    again = Board(shown.report, shown.watch)
    assert again.view() is None
    again.wait(former)
    again.told(Note("venue", SILENT))

    view = again.view()
    assert view is not None
    assert (view.snapshot.state, [why.code for why in view.standing]) == (RunState.WAITING, ["venue_not_reached"])
    assert view.snapshot.total_pnl == former.total_pnl

    again.told(Note("venue", reason("venue_back")))
    assert again.view() == View(replace(former, state=RunState.WAITING))
