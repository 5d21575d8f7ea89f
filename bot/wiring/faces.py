"""What the owner sees and touches beside the run: report, page and topics, each in threads of its own."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field, replace
from queue import SimpleQueue
from typing import TYPE_CHECKING, assert_never

from bot.board import Board
from bot.clock import SystemClock, stopwatch_s
from bot.exits import places
from bot.heap import give_back
from bot.wiring.parts import hours_of
from bot.workers import Errand
from domain.events import ConcernRaised, Dial, DialTurned, OwnerAsked, OwnerWish, TimerFired
from domain.reason import reason
from domain.version import VERSION
from ledger.opening import open_reader
from messaging.commands import CancelAllAsked, GapAsked, PauseAsked, ReportAsked, SizeAsked
from messaging.topics import Dials, messages
from reports.figures import snapshot
from reports.places import report_name
from reports.wording import Wording

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from decimal import Decimal
    from pathlib import Path

    from bot.diary import Diary
    from bot.settings import Settings
    from domain.clock import Clock
    from domain.decision import Note
    from domain.events import Event
    from domain.view import Health, View
    from ledger.places import Place
    from ledger.reader import Reader
    from ledger.writer import Ledger
    from messaging.commands import Command
    from messaging.mqtt import MqttFace
    from web.server import WebServer

log = logging.getLogger(__name__)

REPORT = "report"
"""The timer at whose moment a report is written."""

_REST_S = 10.0
"""A market may play hours within a second; the report need not keep up with it."""

_DIAL_EVERY_S = 60
"""A slider that is dragged along sends dozens of values; each that is taken lays the lines anew."""

_ASKED_MAX = 100
"""So much of what was asked for waits at most, as while the start waits for the venue; the rest is left out."""

_HOST = "127.0.0.1"
"""The page has no login: only this machine may see it."""

_MQTT_ENDS_S = 1.0
_WEB_ENDS_S = 0.5
_REPORT_ENDS_S = 0.5


@dataclass(frozen=True, slots=True)
class ReportPlace:
    """Where a run's report goes: the folder, its name without the ending, and where that is seen from `DATA_DIR`."""

    folder: Path
    name: str
    shown: str

    @property
    def page(self) -> Path:
        """Return the report itself."""
        return self.folder / f"{self.name}.html"


def _unsaid(faces: Faces) -> None:
    """Say nothing of where they are."""
    del faces


@dataclass(slots=True)
class Faces:
    """Report, page and topics of one run. Whatever becomes of them, the run goes on."""

    settings: Settings
    ledger_at: Place
    reports: Path
    report: ReportPlace | None
    wording: Wording
    board: Board
    stopwatch_s: Callable[[], float] = stopwatch_s
    opened: Callable[[Faces], None] = _unsaid
    _put: Callable[[Event], None] | None = field(default=None, init=False)
    _clock: Clock = field(default_factory=SystemClock, init=False)
    _reports: Errand | None = field(default=None, init=False)
    _web: WebServer | None = field(default=None, init=False)
    _mqtt: MqttFace | None = field(default=None, init=False)
    _asked: SimpleQueue[Event] = field(default_factory=SimpleQueue, init=False)
    _dials_asked: dict[Dial, DialTurned] = field(default_factory=dict, init=False)
    _dialed_s: float | None = field(default=None, init=False)

    @classmethod
    def of(cls, settings: Settings, ledger_at: Place, home: Path, wording: Wording) -> Faces:
        """Prepare the faces of a run that keeps its things in `home`; nothing is opened yet."""
        reports = home / "reports"
        report = None if settings.report_interval_minutes == 0 else _report_place(settings, reports)
        page = None if report is None else report.page
        return cls(settings, ledger_at, reports, report, wording, Board(page, stopwatch_s, hours_of(settings)))

    @property
    def report_shown(self) -> str | None:
        """Return where the report is, as the run's own line says it; None where none is written."""
        return None if self.report is None else self.report.shown

    @property
    def url(self) -> str | None:
        """Return where the page is; None while there is none."""
        return None if self._web is None else self._web.url

    @property
    def port(self) -> int:
        """Return the page's port: the one that was wanted, or the next that was free."""
        return self.settings.web_port if self._web is None else self._web.port

    def open(self) -> None:
        """Begin to serve; raises `SetupError` where the port that the owner set is taken."""
        self._web = self._served()
        self._reports = Errand(REPORT, self.write_report, self._failed, _REST_S)
        self._reports.start()
        self.board.on_timer = self._take_timer
        if self.settings.mqtt_host is not None:
            self._mqtt = self._connected(self.settings.mqtt_host)
        self.opened(self)

    def await_venue(self, reader: Reader, tell: Callable[[Note], None]) -> Callable[[Note], None]:
        """Show how the run was left, waiting, for as long as its venue does not answer.

        Returns `tell` for what is told from now on, which the owner sees on page and topics as well.
        """
        self.board.wait(snapshot(reader))

        def told(note: Note) -> None:
            self.board.told(note)
            if self._mqtt is not None:
                self._mqtt.poke()
            tell(note)

        return told

    def attach(self, run: Diary, ledger: Ledger, put: Callable[[Event], None], clock: Clock) -> None:
        """Show a run from now on; what the owner asks for waits for `listen`, and is dated by the run's clock."""
        run.report = self.report_shown
        self._put, self._clock = put, clock
        try:
            self.board.open(run, ledger, clock)
        except Exception:  # whatever keeps a picture from being shown must not keep the bot from trading
            log.exception("the page stays empty, trading goes on")

    def listen(self) -> None:
        """Let the owner's commands reach the run, once it has recovered: those that came before go before any price."""
        self.board.on_change = self._turn_ended
        self._turn_ended()

    def write_report(self) -> None:
        """Write the report of what the ledger holds now; raises `OSError` or `SetupError` where that cannot be."""
        if self.report is None:
            return
        from reports.writing import write_report

        # Candles that were played in one go have no present, and so no session that runs.
        hours = None if self._put is None else self.board.hours
        reader = open_reader(self.ledger_at)
        try:
            write_report(reader, self.report.folder, self.report.name, self.wording, at=self._clock.now(), hours=hours)
        except LookupError:
            log.info("nothing has run yet, so there is no report")
        finally:
            reader.close()
            # The first report compiles its templates: a bot that then only watches need not hold on to what that took.
            give_back()

    def last_report(self, timeout_s: float) -> None:
        """Write the report of a run that is over, and wait for it so many seconds."""
        reports, self._reports = self._reports, None
        if reports is not None and not reports.finish(timeout_s, once_more=True):
            log.warning("the last report is not ready after %d s and is left", timeout_s)

    def close(self) -> None:
        """End in the time that a container is given, whatever hangs."""
        ended = {
            "topics": self._mqtt is None or self._mqtt.stop(_MQTT_ENDS_S),
            "report": self._reports is None or self._reports.finish(_REPORT_ENDS_S, once_more=False),
            "page": self._web is None or self._web.stop(_WEB_ENDS_S),
        }
        if hanging := [name for name, has_ended in ended.items() if not has_ended]:
            log.warning("left behind, still at work: %s", ", ".join(hanging))

    def take_command(self, command: Command) -> None:
        """Pass on what the owner asks for by MQTT; called in the broker's thread."""
        match command:
            case PauseAsked(on=on):
                self._wish(OwnerWish.PAUSE if on else OwnerWish.UNPAUSE)
            case CancelAllAsked():
                self._wish(OwnerWish.CANCEL_ALL)
            case ReportAsked():
                self._ask(TimerFired(REPORT, self._clock.now()))
            case GapAsked(gap=gap):
                self._turn(Dial.GAP, gap, self.settings.grid_gap_pct)
            case SizeAsked(size=size):
                self._turn(Dial.SIZE, size, self.settings.size.amount)
            case _:
                assert_never(command)

    def topics(self) -> Mapping[str, str] | None:
        """Return what would go to a broker, where there is none; None where there is one, or nothing to be told yet."""
        if self._mqtt is not None or (view := self.board.view()) is None:
            return None
        return {message.topic: message.payload for message in messages(view, self._dials())}

    def _served(self) -> WebServer:
        # The page brings libraries of its own: only a run that has one loads them.
        from web.app import make_app
        from web.server import WebServer

        server = WebServer(make_app(_Page(self)), _HOST, self.settings.web_port, exact=self.settings.is_set("WEB_PORT"))
        server.start()
        return server

    def _connected(self, host: str) -> MqttFace:
        from messaging.mqtt import BrokerAddress, MqttFace

        settings = self.settings
        password = settings.mqtt_password
        secret = None if password is None else password.get_secret_value()
        face = MqttFace(
            BrokerAddress(host, settings.mqtt_port, settings.mqtt_username, secret, settings.mqtt_tls),
            settings.instance,
            shown=self.board.view,
            healthy=lambda: self.board.health().is_good,
            dials=self._dials,
            commands=self.take_command if settings.mqtt_commands else None,
            stopwatch_s=self.stopwatch_s,
        )
        self.board.on_fill = face.fill
        face.start()
        return face

    def _dials(self) -> Dials:
        """Return how the dials stand: as the lines are laid, before that as the settings say."""
        settings, shape = self.settings, self.board.shape()
        if shape is None:
            bounds, gap_pct, size = settings.bounds, settings.grid_gap_pct, settings.size.amount
        else:
            bounds, gap_pct, size = shape.bounds, shape.gap * 100, shape.size.amount
        # Between bounds the gap follows from them, and is none of the owner's to turn.
        return Dials(None if bounds else gap_pct, size)

    def _take_timer(self, name: str) -> None:
        if name == REPORT and self._reports is not None:
            self._reports.ask()

    def _wish(self, wish: OwnerWish) -> None:
        self._ask(OwnerAsked(self.settings.symbol, wish, self._clock.now()))

    def _turn(self, dial: Dial, value: Decimal, instead_of: Decimal) -> None:
        self._ask(DialTurned(self.settings.symbol, dial, value, instead_of, self._clock.now()))

    def _ask(self, event: Event) -> None:
        """Keep what is asked for until the end of the loop's turn; may be called from any thread."""
        if self._asked.qsize() < _ASKED_MAX:
            self._asked.put(event)
        else:
            log.warning("too much waits for the run, left out: %s", type(event).__name__)

    def _turn_ended(self) -> None:
        """Hand in what was asked for, and let the topics know; called in the loop's thread."""
        while self._put is not None and not self._asked.empty():
            event = self._asked.get()
            if isinstance(event, DialTurned):
                self._dials_asked[event.dial] = event
            else:
                self._put(event)
        self._hand_in_dials()
        if self._mqtt is not None:
            self._mqtt.poke()

    def _hand_in_dials(self) -> None:
        """Hand in how the dials were turned last, at most once a minute: each time every buy is taken back."""
        now_s = self.stopwatch_s()
        rests = self._dialed_s is not None and now_s - self._dialed_s < _DIAL_EVERY_S
        if self._put is None or not self._dials_asked or rests:
            return
        for event in self._dials_asked.values():
            # Judged now, whenever it was asked.
            self._put(replace(event, at=self._clock.now()))
        self._dials_asked.clear()
        self._dialed_s = now_s

    def _failed(self, error: Exception) -> None:
        what = error.strerror if isinstance(error, OSError) and error.strerror else type(error).__name__
        log.warning("no report: %s at %s", type(error).__name__, next(iter(places(error)), "?"))
        self._ask(ConcernRaised(reason("report_failed", what=what), self._clock.now()))


@dataclass(frozen=True, slots=True)
class _Page:
    """What the page asks, in its own thread."""

    faces: Faces

    @property
    def reports(self) -> Path:
        """Return the folder of the reports, where there are some or not."""
        return self.faces.reports

    @property
    def words(self) -> Wording:
        """Return the owner's language."""
        return self.faces.wording

    @property
    def version(self) -> str:
        """Return the program's version."""
        return VERSION

    def words_for(self, language: str) -> Wording:
        """Return another language."""
        return Wording(language)

    def view(self) -> View | None:
        """Return the newest picture of the run."""
        return self.faces.board.view()

    def health(self) -> Health:
        """Return how the parts that trade are alive."""
        return self.faces.board.health()

    def topics(self) -> Mapping[str, str] | None:
        """Return what would go to a broker, where there is none."""
        return self.faces.topics()


def _report_place(settings: Settings, folder: Path) -> ReportPlace:
    name = report_name(str(settings.exchange), settings.instance)
    return ReportPlace(folder, name, (folder / f"{name}.html").relative_to(settings.data_dir).as_posix())
