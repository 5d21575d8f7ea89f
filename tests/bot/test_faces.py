"""Report, page and topics beside a bot that trades: whatever becomes of them, it trades on and ends in time."""

from __future__ import annotations

import os
import socket
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from decimal import Decimal
from time import monotonic
from typing import TYPE_CHECKING

import pytest
import requests

from bot.agreement import Opening
from bot.diary import Diary
from bot.sources import load_settings
from bot.wiring.faces import Faces
from domain.errors import ExitCode
from domain.events import Dial, DialTurned, OwnerAsked
from domain.order import OrderState
from domain.view import SessionSeen
from ledger.places import SqlitePlace
from messaging.commands import CancelAllAsked, GapAsked, PauseAsked, SizeAsked
from reports.wording import Wording
from tests.bot.own_rig import FIRST_BUY, disagreements, ledger_in, live, market, run_here, waiting
from tests.bot.rig import COIN, SYMBOL, Rig, Script

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from domain.events import Event
    from tests.bot.own_rig import Market

STOP_MAX_S = 8
"""A container is given no longer."""


def trading(venue: Market, folder: Path, then: Iterator[object] | None = None) -> Iterator[object]:
    """Let the bot place its grid, buy once and answer; then go on with a script."""
    yield from waiting(lambda: len(venue.orders("wait")) == 3)
    venue.trade_at(FIRST_BUY - 1000)
    yield from waiting(lambda: sells(folder) == 1)
    if then is not None:
        yield from then


def sells(folder: Path) -> int:
    with ledger_in(folder) as reader:
        return sum(order.side == "sell" and order.state is OrderState.OPEN for order in reader.open_orders())


def told(folder: Path) -> list[str]:
    with ledger_in(folder) as reader:
        return [decision.note.why.code for decision in reader.each_decision()]


def ended_in_time(folder: Path, venue: Market, then: Iterator[object] | None = None, **changes: str) -> None:
    """Trade, stop, and see that the bot did both as if nobody looked."""
    stopped_s: list[float] = []

    def script() -> Iterator[object]:
        yield from trading(venue, folder, then)
        stopped_s.append(monotonic())

    code = run_here(folder, live(venue.url, **changes), script())

    assert code == ExitCode.OK
    assert monotonic() - stopped_s[0] < STOP_MAX_S
    assert disagreements(venue, folder) == []


@contextmanager
def silent_server() -> Iterator[int]:
    """A port that takes a connection and never answers."""
    with closing(socket.create_server(("127.0.0.1", 0))) as listener:
        yield listener.getsockname()[1]


def page_of(err: str) -> str:
    return next(line.partition(": ")[2] for line in err.splitlines() if line.startswith("Page: "))


def test_report_and_page_show_what_the_ledger_holds(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    reports = tmp_path / "data" / "reports"
    seen: list[object] = []

    def look() -> Iterator[object]:
        url = page_of(capsys.readouterr().err)
        yield from waiting((reports / "bithumb_report.html").exists)
        seen.append(requests.get(f"{url}api/v1/summary", timeout=5).json())
        seen.append(requests.get(f"{url}api/v1/health", timeout=5).json()["healthy"])
        seen.append(requests.get(f"{url}reports/bithumb_report.html", timeout=5).status_code)

    with market() as venue:
        ended_in_time(tmp_path, venue, look())

    summary, healthy, report = seen
    assert isinstance(summary, dict)
    assert (summary["buys"], summary["open_orders"], summary["report"]) == (1, 3, "reports/bithumb_report.html")
    assert healthy is True
    assert report == 200
    with ledger_in(tmp_path) as reader:
        assert summary["orders"] == reader.accepted("KRW-BTC")


def test_a_report_that_cannot_be_written_is_told_and_trading_goes_on(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "reports").write_text("not a folder", "utf-8")

    with market() as venue:
        ended_in_time(tmp_path, venue, waiting(lambda: "report_failed" in told(tmp_path)))


def test_a_report_that_hangs_delays_neither_trading_nor_the_end(tmp_path: Path) -> None:
    reports = tmp_path / "data" / "reports"
    reports.mkdir(parents=True)
    # Who opens a pipe to write waits for a reader.
    pipe = reports / f".bithumb_report.html.{os.getpid()}.part"
    os.mkfifo(pipe)

    with market() as venue:
        ended_in_time(tmp_path, venue)

    # Let go whoever still hangs there.
    with pipe.open("rb") as freed:
        freed.read()


def test_a_broker_that_never_answers_delays_neither_trading_nor_the_end(tmp_path: Path) -> None:
    with silent_server() as port, market() as venue:
        ended_in_time(tmp_path, venue, MQTT_HOST="127.0.0.1", MQTT_PORT=str(port))


def test_a_port_that_the_owner_set_and_another_has_ends_the_start(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with silent_server() as port, market() as venue:
        assert run_here(tmp_path, live(venue.url, WEB_PORT=str(port))) == ExitCode.PORT
        assert venue.orders() == []

    assert str(port) in capsys.readouterr().err


def test_without_an_interval_no_report_is_written(tmp_path: Path) -> None:
    with market() as venue:
        ended_in_time(tmp_path, venue, REPORT_INTERVAL_MINUTES="0")

    assert not (tmp_path / "data" / "reports").exists()


class Steered:
    """Faces that serve nothing, of a run that only listens; `heard` is what reaches it."""

    def __init__(self, folder: Path, rig: Rig, **changes: str) -> None:
        self.now_s = 100.0
        self.heard: list[Event] = []
        settings = load_settings(environ={"DATA_DIR": str(folder), **changes})
        self.faces = Faces.of(settings, SqlitePlace(folder), folder, Wording("en"))
        self.faces.stopwatch_s = lambda: self.now_s
        diary = Diary(SYMBOL, {SYMBOL: COIN}, Opening(Decimal(1), Decimal(0)))
        self.faces.attach(diary, rig.ledger.ledger, self.heard.append, rig.clock)

    def turns(self) -> list[tuple[Dial, Decimal]]:
        """End a turn of the loop; returns how the dials were turned by then."""
        self.faces.board.on_change()
        return [(event.dial, event.value) for event in self.heard if isinstance(event, DialTurned)]


@pytest.fixture
def steered(tmp_path: Path) -> Iterator[Steered]:
    with Rig(tmp_path, Script()) as rig:
        yield Steered(tmp_path, rig)


def test_what_the_owner_asks_waits_until_the_run_listens_and_keeps_its_order(steered: Steered) -> None:
    steered.faces.take_command(PauseAsked(on=True))
    steered.faces.take_command(CancelAllAsked())
    steered.faces.take_command(PauseAsked(on=False))
    assert (steered.turns(), steered.heard) == ([], [])

    steered.faces.listen()

    assert [event.wish for event in steered.heard if isinstance(event, OwnerAsked)] == [
        "pause",
        "cancel_all",
        "unpause",
    ]


def test_of_a_dial_that_is_turned_on_and_on_the_newest_value_goes_in_once_a_minute(steered: Steered) -> None:
    steered.faces.listen()
    for value in (2, 3):
        steered.faces.take_command(GapAsked(Decimal(value)))
    steered.faces.take_command(SizeAsked(Decimal(20000)))
    assert steered.turns() == (once := [(Dial.GAP, Decimal(3)), (Dial.SIZE, Decimal(20000))])

    for value in (4, 5):
        steered.faces.take_command(GapAsked(Decimal(value)))
        assert steered.turns() == once
    steered.now_s += 60
    assert steered.turns() == [*once, (Dial.GAP, Decimal(5))]


def test_of_a_flood_while_the_start_waits_only_so_much_is_kept(
    steered: Steered, caplog: pytest.LogCaptureFixture
) -> None:
    for _ in range(200):
        steered.faces.take_command(PauseAsked(on=True))

    steered.faces.listen()

    assert len(steered.heard) == 100
    assert "too much waits for the run, left out: OwnerAsked" in caplog.text


@pytest.mark.parametrize(("exchange", "closes"), [("KIS", True), ("BITHUMB", False)])
def test_the_faces_know_the_hours_of_a_market_that_closes(tmp_path: Path, exchange: str, *, closes: bool) -> None:
    with Rig(tmp_path, Script()) as rig:
        faces = Steered(tmp_path, rig, EXCHANGE=exchange, MARKET_DAYS="2025-01-02=closed").faces
        faces.board.stand(rig.loop.state)
        view = faces.board.view()

    assert view is not None
    # The clock of the run stands at noon of 2025-01-02, which the owner has as a day off.
    friday = datetime(2025, 1, 3, 14, 30, tzinfo=UTC)
    assert view.session == (SessionSeen(None, None, None, friday) if closes else None)


@pytest.mark.parametrize(
    ("changes", "told"), [({}, True), ({"GRID_LOWER": "9000", "GRID_UPPER": "10000", "GRID_STEPS": "4"}, False)]
)
def test_between_bounds_no_gap_is_told_even_before_the_lines_are_laid(
    tmp_path: Path, changes: dict[str, str], *, told: bool
) -> None:
    with Rig(tmp_path, Script()) as rig:
        faces = Steered(tmp_path, rig, **changes).faces
        faces.board.stand(rig.loop.state)

        topics = faces.topics()

    assert topics is not None
    assert [name for name in topics if name.endswith("state/size")]
    assert bool([name for name in topics if name.endswith("state/gap")]) is told
