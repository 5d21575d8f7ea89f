"""The face at the MQTT broker: it tells the newest view of a run, and hears the owner's commands."""

from __future__ import annotations

import logging
import sys
import threading
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from paho.mqtt.client import Client, MQTTv311
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode

from messaging.commands import CommandDoor
from messaging.connection import NO_SUCH_HOST, SILENT, BrokerAddress, Telling, cause, refusal
from messaging.outbox import Outbox
from messaging.topics import AVAILABILITY, COMMAND, OFFLINE, PNL, QOS, availability, fill_message, messages, topic

if TYPE_CHECKING:
    from collections.abc import Callable

    from paho.mqtt.client import ConnectFlags, DisconnectFlags, MQTTMessage, MQTTMessageInfo
    from paho.mqtt.properties import Properties
    from paho.mqtt.reasoncodes import ReasonCode

    from domain.view import FillSeen, View
    from messaging.commands import Command
    from messaging.topics import Dials, Message

__all__ = ["BrokerAddress", "MqttFace"]

_log = logging.getLogger(__name__)

KEEPALIVE_S = 30
"""A broker gives a silent guest up after one and a half of it: `offline` stands there within a minute."""
RETRY_MIN_S = 1
RETRY_MAX_S = 60
LOOK_EVERY_S = 1
HEALTH_EVERY_S = 5
PNL_EVERY_S = 50
"""Less than the minute that is promised: the pump may be waiting when it is due."""
UNCONFIRMED_MAX = 20
_QUEUED_MAX = 2 * UNCONFIRMED_MAX


@dataclass(frozen=True, slots=True)
class _Sent:
    """A message under way, until the broker confirms it."""

    message: Message
    info: MQTTMessageInfo


class MqttFace:
    """Tells a broker how a run stands; nothing that it is asked for waits for the broker.

    One thread of ours, the pump, builds and sends; paho's thread holds the connection. Messages are sent only while
    there is a connection, and everything that stands on a topic is built anew for each: so nothing stale ever follows
    something newer. Fills wait for the next connection, within the bounds of the outbox.

    `shown`, `healthy` and `dials` are called by the pump, `commands` by paho's thread; they must not block.
    """

    def __init__(
        self,
        address: BrokerAddress,
        instance: str,
        *,
        shown: Callable[[], View | None],
        healthy: Callable[[], bool],
        dials: Callable[[], Dials],
        commands: Callable[[Command], None] | None,
        stopwatch_s: Callable[[], float],
    ) -> None:
        """Prepare; `start` begins. Without `commands` none is even subscribed to."""
        self._address = address
        self._instance = instance
        self._shown = shown
        self._healthy = healthy
        self._dials = dials
        self._commands = commands
        self._stopwatch_s = stopwatch_s
        self._outbox = Outbox()
        self._telling = Telling(address, stopwatch_s)
        self._door = CommandDoor(instance, stopwatch_s)
        self._complained: set[tuple[str, str]] = set()
        self._wake = threading.Event()
        self._poked = threading.Event()
        self._ending = threading.Event()
        self._end_by_s = stopwatch_s()
        # Written by paho's thread: which connection since the start this is, and whether it stands.
        self._connection = 0
        self._connected = threading.Event()
        # The pump's own.
        self._seen_connection = 0
        self._standing: dict[str, str] = {}
        self._sent: list[_Sent] = []
        self._looked_s: float | None = None
        self._pnl_s: float | None = None
        self._seen: object = None
        self._client = self._make_client()
        self._pump = threading.Thread(target=self._work, name="mqtt-pump", daemon=True)

    def start(self) -> None:
        """Begin to connect; returns at once, whatever the broker does."""
        host = self._address.host.strip("[]")
        try:
            host.encode("idna")
        except UnicodeError:
            # No machine can bear such a name; paho's thread would die of it.
            self._telling.failed(NO_SUCH_HOST)
            return
        self._client.connect_async(host, self._address.port, keepalive=KEEPALIVE_S)
        self._pump.start()

    def stop(self, timeout_s: float) -> bool:
        """Tell the last view and `offline`, and leave; returns whether all threads ended within so many seconds."""
        if self._pump.ident is None:
            return True
        self._end_by_s = self._stopwatch_s() + timeout_s
        self._ending.set()
        self._wake.set()
        self._pump.join(timeout_s)
        return not self._pump.is_alive()

    def fill(self, seen: FillSeen) -> None:
        """Have an execution told."""
        self._guarded("telling a fill", lambda: self._outbox.put(fill_message(self._instance, seen)))
        self._wake.set()

    def poke(self) -> None:
        """Have the newest view told soon."""
        # It may be poked thousands of times a second; the pump need not wake for more than the first.
        if not self._poked.is_set():
            self._poked.set()
            self._wake.set()

    # The pump.

    def _work(self) -> None:
        while not self._ending.is_set():
            self._guarded("the MQTT pump", self._turn)
            self._wake.wait(self._pause_s())
            self._wake.clear()
        self._guarded("telling the end", self._tell_the_end)
        self._guarded("leaving the broker", self._leave)

    def _turn(self) -> None:
        # It does nothing while paho's thread runs; should that have died of an error, it begins anew.
        self._client.loop_start()
        if not self._connected.is_set():
            return
        self._greet()
        if self._telling.settle():
            self._client.reconnect_delay_set(RETRY_MIN_S, RETRY_MAX_S)
        if self._is_time_to_look():
            self._guarded("building the topics", self._look)
        self._put_if_new(availability(self._instance, good=self._is_healthy()))
        self._send()

    def _greet(self) -> None:
        """Begin anew with a new connection: the broker may have forgotten everything."""
        if self._seen_connection == self._connection:
            return
        self._seen_connection = self._connection
        self._standing.clear()
        self._outbox.forget_standing()
        # Those that were confirmed before the connection broke need not be told twice.
        self._outbox.put_back([sent.message for sent in self._unconfirmed() if not sent.message.retain])
        self._sent.clear()
        self._looked_s = self._pnl_s = None
        if dropped := self._outbox.take_dropped():
            _log.warning("%s fills were not told by MQTT: the broker was away for too long", dropped)

    def _is_time_to_look(self) -> bool:
        if self._looked_s is None:
            return True
        now_s = self._stopwatch_s()
        return (self._poked.is_set() and now_s - self._looked_s >= LOOK_EVERY_S) or self._is_pnl_due(now_s)

    def _is_pnl_due(self, now_s: float) -> bool:
        return self._pnl_s is None or now_s - self._pnl_s >= PNL_EVERY_S

    def _look(self) -> None:
        """Let what changed since the last look wait to be sent, and Total from time to time though it did not."""
        self._poked.clear()
        self._looked_s = now_s = self._stopwatch_s()
        again = self._is_pnl_due(now_s)
        if again:
            self._pnl_s = now_s
        view = self._shown()
        if view is None:
            return
        dials = self._dials()
        # A price like the one before moves nothing but its time, which goes out with the next Total.
        seen = (replace(view.snapshot, at=None), view.standing, dials)
        if seen == self._seen and not again and not self._ending.is_set():
            return
        self._seen = seen
        for message in messages(view, dials):
            if again and message.topic == topic(self._instance, PNL):
                self._standing.pop(message.topic, None)
            self._put_if_new(message)

    def _put_if_new(self, message: Message) -> None:
        if self._standing.get(message.topic) != message.payload:
            self._standing[message.topic] = message.payload
            self._outbox.put(message)

    def _is_healthy(self) -> bool:
        good = False  # what cannot be asked is not well
        try:
            good = self._healthy()
        except Exception as error:  # noqa: BLE001 - whatever it is, the broker must hear that nothing can be relied on
            self._complain("asking for the bot's health", error)
        return good

    def _send(self) -> None:
        """Send what waits, as long as the broker confirms it."""
        self._sent = self._unconfirmed()
        while self._connected.is_set() and len(self._sent) < UNCONFIRMED_MAX:
            message = self._outbox.take()
            if message is None:
                return
            info = self._client.publish(message.topic, message.payload, qos=QOS, retain=message.retain)
            if info.rc == MQTTErrorCode.MQTT_ERR_SUCCESS:
                self._sent.append(_Sent(message, info))
                continue
            # The connection has just broken: what stands is built anew for the next one, a fill has to wait for it.
            if not message.retain:
                self._outbox.put_back([message])
            return

    def _unconfirmed(self) -> list[_Sent]:
        return [sent for sent in self._sent if not sent.info.is_published()]

    def _pause_s(self) -> float:
        """Return how long nothing is to be done unless something happens."""
        pause_s: float = HEALTH_EVERY_S
        if self._connected.is_set() and self._looked_s is not None and self._poked.is_set():
            pause_s = LOOK_EVERY_S - (self._stopwatch_s() - self._looked_s)
        return max(pause_s, 0)

    def _tell_the_end(self) -> None:
        """Tell how the run stands at last, and then that nothing more comes; half of the time left is for that."""
        if not self._connected.is_set():
            return
        now_s = self._stopwatch_s()
        until_s = now_s + (self._end_by_s - now_s) / 2
        self._greet()
        self._guarded("building the topics", self._look)
        while True:
            self._send()
            left_s = until_s - self._stopwatch_s()
            if not self._connected.is_set() or left_s <= 0 or not (self._sent or len(self._outbox)):
                break
            self._wake.wait(left_s)
            self._wake.clear()
        last = availability(self._instance, good=False)
        info = self._client.publish(last.topic, last.payload, qos=QOS, retain=last.retain)
        if info.rc == MQTTErrorCode.MQTT_ERR_SUCCESS:
            info.wait_for_publish(max(until_s - self._stopwatch_s(), 0))

    def _leave(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()
        # A connection that came about in this very moment is cut, not left politely: the broker then tells our will.
        sock = self._client.socket()
        if sock is not None:
            sock.close()

    # Paho's thread.

    def _make_client(self) -> Client:
        client = Client(
            CallbackAPIVersion.VERSION2,
            client_id=f"badukpan-{self._instance}",
            # The broker keeps nothing for us while we are away: what the owner asked then must not happen hours later.
            clean_session=True,
            protocol=MQTTv311,
        )
        client.suppress_exceptions = True
        client.username_pw_set(self._address.username, self._address.password)
        if self._address.tls:
            client.tls_set()
        client.will_set(topic(self._instance, AVAILABILITY), OFFLINE, qos=QOS, retain=True)
        client.reconnect_delay_set(RETRY_MIN_S, RETRY_MAX_S)
        client.max_inflight_messages_set(_QUEUED_MAX)
        client.max_queued_messages_set(_QUEUED_MAX)
        client.on_connect = self._on_connect
        client.on_connect_fail = self._on_connect_fail
        client.on_disconnect = self._on_disconnect
        client.on_publish = self._on_publish
        client.on_subscribe = self._on_subscribe
        client.on_message = self._on_message
        return client

    def _on_connect(
        self, client: Client, _data: object, _flags: ConnectFlags, answer: ReasonCode, _more: Properties | None
    ) -> None:
        if answer.is_failure:
            self._telling.failed(refusal(str(answer)))
            return
        # Left over from an earlier connection: paho would send it again after what is newer.
        client.drop_out_messages()
        if self._ending.is_set():
            client.disconnect()
            return
        if self._commands is not None:
            client.subscribe(topic(self._instance, f"{COMMAND}/+"), qos=QOS)
        self._telling.back()
        self._connection += 1
        self._connected.set()
        self._wake.set()

    def _on_connect_fail(self, _client: Client, _data: object) -> None:
        # Called while paho handles the error of the attempt, which it does not hand over.
        self._telling.failed(cause(sys.exc_info()[1]))

    def _on_disconnect(
        self, client: Client, _data: object, _flags: DisconnectFlags, _why: ReasonCode, _more: Properties | None
    ) -> None:
        was_connected = self._connected.is_set()
        self._connected.clear()
        self._wake.set()
        if self._ending.is_set():
            return
        if not was_connected:
            # After a refusal, which is told of already, or without a word.
            self._telling.failed(SILENT)
        elif self._telling.lost():
            client.reconnect_delay_set(RETRY_MAX_S, RETRY_MAX_S)

    def _on_publish(self, *_: Any) -> None:  # noqa: ANN401 - what paho tells here is not looked at
        self._wake.set()

    def _on_subscribe(
        self, _client: Client, _data: object, _mid: int, answers: list[ReasonCode], _more: Properties | None
    ) -> None:
        if any(answer.is_failure for answer in answers):
            _log.warning("the MQTT broker %s does not let us hear commands", self._address)

    def _on_message(self, _client: Client, _data: object, message: MQTTMessage) -> None:
        self._guarded("a command by MQTT", lambda: self._hear(message))

    def _hear(self, message: MQTTMessage) -> None:
        if self._commands is None or self._ending.is_set():
            return
        command = self._door.admit(message.topic, bytes(message.payload), retain=message.retain)
        if command is not None:
            self._commands(command)

    # Both.

    def _guarded(self, what: str, act: Callable[[], None]) -> None:
        try:
            act()
        except Exception as error:  # noqa: BLE001 - no error of this face may end a thread, and least of all the bot's
            self._complain(what, error)

    def _complain(self, what: str, error: Exception) -> None:
        kind = (what, type(error).__name__)
        if kind not in self._complained:
            self._complained.add(kind)
            _log.error("%s failed; this is said once", what, exc_info=error)
