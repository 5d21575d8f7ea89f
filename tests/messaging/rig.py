"""A broker of its own for a test, a witness of what stands there, and a run to be told of."""

from __future__ import annotations

import shutil
import socket
import subprocess
import threading
from contextlib import closing, suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from decimal import Decimal
from time import monotonic
from typing import TYPE_CHECKING

from paho.mqtt.client import Client, MQTTv311
from paho.mqtt.enums import CallbackAPIVersion

from domain.instrument import Side
from domain.order import Fill
from domain.snapshot import Mode, RunState, Snapshot
from domain.view import FillSeen, View
from messaging.connection import BrokerAddress
from messaging.mqtt import MqttFace
from messaging.topics import Dials

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from paho.mqtt.client import ConnectFlags, MQTTMessage
    from paho.mqtt.properties import Properties
    from paho.mqtt.reasoncodes import ReasonCode

    from messaging.commands import Command

MOSQUITTO = shutil.which("mosquitto") or shutil.which("/usr/sbin/mosquitto")
LIMIT_S = 10
AT = datetime(2025, 3, 3, 14, 30, tzinfo=UTC)
INSTANCE = "bithumb_bot"

SNAPSHOT = Snapshot(
    exchange="bithumb",
    instance=INSTANCE,
    mode=Mode.DRY_RUN,
    symbol="KRW-BTC",
    currency="KRW",
    started_at=AT,
    at=AT,
    bars=None,
    last=Decimal("9.5E+3"),
    orders=5,
    buys=2,
    sells=1,
    cycles=1,
    open_orders=4,
    position=Decimal("0.50000000"),
    cash=Decimal("9990000.00"),
    fees=Decimal("12.3450"),
    matched_pnl=Decimal("1E+2"),
    inventory_pnl=Decimal("-30.10"),
    lines=(Decimal("9900.000000000000"), Decimal(10000)),
    state=RunState.RUNNING,
    version="0.1.0",
)
VIEW = View(SNAPSHOT)
DIALS = Dials(Decimal("0.50"), Decimal("1E+4"))


def bought(n: int = 1) -> FillSeen:
    """Return one of our executions."""
    fill = Fill(f"t{n}", Decimal("9.5E+3"), Decimal("0.10"), Decimal("2.50"), AT)
    return FillSeen(f"bdk-{n}", "c7", Side.BUY, fill, Decimal(0))


def with_total(matched: str) -> View:
    """Return a view whose Matched is so much and whose Inventory is nothing."""
    return View(replace(SNAPSHOT, matched_pnl=Decimal(matched), inventory_pnl=Decimal(0)))


def free_port() -> int:
    """Return a port that nobody holds now."""
    with closing(socket.socket()) as sock:
        sock.bind(("127.0.0.1", 0))
        port: int = sock.getsockname()[1]
        return port


@dataclass
class Broker:
    """A real mosquitto in a folder of its own; what it was told is lost when it is killed."""

    folder: Path
    extra: str = "allow_anonymous true"
    port: int = field(default_factory=free_port)
    _process: subprocess.Popen[bytes] | None = None

    @property
    def address(self) -> BrokerAddress:
        """Where a bot finds it."""
        return BrokerAddress("127.0.0.1", self.port)

    def start(self) -> None:
        """Start it and wait until it can be reached."""
        config = self.folder / "mosquitto.conf"
        config.write_text(f"listener {self.port} 127.0.0.1\n{self.extra}\npersistence false\nuser root\n")
        with (self.folder / "mosquitto.log").open("ab") as log:
            assert MOSQUITTO is not None
            self._process = subprocess.Popen([MOSQUITTO, "-c", str(config)], stdout=log, stderr=log)
        wait_for(self._answers)

    def stop(self) -> None:
        """End it at once and without a word."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def send_signal(self, number: int) -> None:
        """Freeze it, or let it go on."""
        assert self._process is not None
        self._process.send_signal(number)

    def _answers(self) -> bool:
        assert self._process is not None
        assert self._process.poll() is None, (self.folder / "mosquitto.log").read_text()
        with suppress(OSError), closing(socket.create_connection(("127.0.0.1", self.port), 1)):
            return True
        return False


@dataclass
class Heard:
    """What a witness heard of one topic."""

    payload: str
    retain: bool


class Witness:
    """A second guest of the broker, who hears everything; `sees` waits for what it should hear."""

    def __init__(self, broker: Broker, username: str | None = None, password: str | None = None) -> None:
        self.newest: dict[str, Heard] = {}
        self.all: list[tuple[str, str]] = []
        self._news = threading.Condition()
        self._client = Client(CallbackAPIVersion.VERSION2, protocol=MQTTv311)
        self._client.username_pw_set(username, password)
        self._client.reconnect_delay_set(1, 1)
        self._client.on_connect = self._on_connect
        self._client.on_message = self._on_message
        self._ready = threading.Event()
        self._client.on_subscribe = lambda *_: self._ready.set()
        self._client.connect("127.0.0.1", broker.port)
        self._client.loop_start()
        assert self._ready.wait(LIMIT_S)

    def close(self) -> None:
        """Leave."""
        self._client.disconnect()
        self._client.loop_stop()

    def sees(self, name: str, payload: str) -> bool:
        """Wait until a topic of the bot says so."""
        return self.waits(
            lambda: (heard := self.newest.get(f"{INSTANCE}/{name}")) is not None and heard.payload == payload
        )

    def waits(self, condition: Callable[[], bool]) -> bool:
        """Wait until something is so; it is looked at with every message."""
        with self._news:
            return self._news.wait_for(condition, LIMIT_S)

    def times(self, name: str) -> int:
        """Return how often a topic was heard."""
        with self._news:
            return sum(topic == f"{INSTANCE}/{name}" for topic, _ in self.all)

    def says(self, name: str, payload: str | bytes, *, retain: bool = False) -> None:
        """Publish, and wait until the broker has it."""
        self._client.publish(f"{INSTANCE}/{name}", payload, qos=1, retain=retain).wait_for_publish(LIMIT_S)

    def _on_connect(
        self, client: Client, _data: object, _flags: ConnectFlags, _answer: ReasonCode, _more: Properties | None
    ) -> None:
        client.subscribe("#", qos=1)

    def _on_message(self, _client: Client, _data: object, message: MQTTMessage) -> None:
        text = bytes(message.payload).decode("utf-8", "replace")
        with self._news:
            self.newest[message.topic] = Heard(text, message.retain)
            self.all.append((message.topic, text))
            self._news.notify_all()


@dataclass
class Run:
    """What a face shows; `skipped_s` lets time pass for it, `stands_still` keeps it from passing by itself."""

    view: View | None = VIEW
    dials: Dials = DIALS
    healthy: bool | None = True
    skipped_s: float = 0
    stands_still: bool = False
    asked: list[Command] = field(default_factory=list)
    error: Exception | None = None

    def shown(self) -> View | None:
        """Hand the view out, or fail."""
        if self.error is not None:
            raise self.error
        return self.view

    def is_healthy(self) -> bool:
        """Tell how the run is, or fail."""
        if self.healthy is None:
            raise LookupError
        return self.healthy

    def stopwatch_s(self) -> float:
        """Return real seconds, and those that were skipped; only these while time stands still."""
        return self.skipped_s if self.stands_still else monotonic() + self.skipped_s

    def face(self, address: BrokerAddress, *, hears: bool = False) -> MqttFace:
        """Make a face of this run."""
        return MqttFace(
            address,
            INSTANCE,
            shown=self.shown,
            healthy=self.is_healthy,
            dials=lambda: self.dials,
            commands=self.asked.append if hears else None,
            stopwatch_s=self.stopwatch_s,
        )


def wait_for(condition: Callable[[], bool]) -> None:
    """Wait until something is so that nobody tells; fails after `LIMIT_S`."""
    until_s = monotonic() + LIMIT_S
    pause = threading.Event()
    while not condition():
        assert monotonic() < until_s, "it never came about"
        pause.wait(0.01)
