"""The face at a real broker: exact figures, right again after every trouble, and nothing ever waits for it."""

from __future__ import annotations

import json
import logging
import signal
import socket
import subprocess
import sys
import threading
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from time import monotonic
from typing import TYPE_CHECKING

from domain.view import View
from messaging.commands import CancelAllAsked, PauseAsked
from messaging.connection import BrokerAddress
from messaging.outbox import EVENTS_MAX
from messaging.topics import Dials
from tests.house.tree import ROOT
from tests.messaging.rig import (
    AT,
    INSTANCE,
    LIMIT_S,
    SNAPSHOT,
    Broker,
    Run,
    Witness,
    bought,
    free_port,
    wait_for,
    with_total,
)

if TYPE_CHECKING:
    import pytest

    from tests.messaging.conftest import Starts


def test_a_late_subscriber_finds_every_figure_exactly(broker: Broker, start: Starts, witness: Witness) -> None:
    start(broker.address)
    assert witness.sees("availability", "online")

    late = Witness(broker)

    assert late.sees("availability", "online")
    said = {topic.removeprefix(f"{INSTANCE}/"): heard for topic, heard in late.newest.items()}
    assert all(heard.retain for heard in said.values())
    assert json.loads(said.pop("report/summary").payload) == SNAPSHOT.summary()
    assert {name: heard.payload for name, heard in said.items()} == {
        "pnl": "69.9", "state": "running", "state/pause": "OFF", "state/gap": "0.5", "state/size": "10000",
        "availability": "online",
    }  # fmt: skip
    late.close()


def test_what_changes_is_told_when_poked_and_nothing_else(
    broker: Broker, run: Run, start: Starts, witness: Witness
) -> None:
    face = start(broker.address)
    assert witness.sees("availability", "online")

    run.view = with_total("-1E+3")
    run.dials = Dials(Decimal("0.75"), run.dials.size)
    run.skipped_s += 1
    face.poke()

    assert witness.sees("pnl", "-1000")
    assert witness.sees("state/gap", "0.75")
    assert (witness.times("pnl"), witness.times("state"), witness.times("state/size")) == (2, 1, 1)


def test_total_is_told_every_minute_though_nothing_changes(
    broker: Broker, run: Run, start: Starts, witness: Witness
) -> None:
    start(broker.address)
    assert witness.sees("availability", "online")

    run.skipped_s += 60

    assert witness.waits(lambda: witness.times("pnl") == 2)
    assert witness.times("report/summary") == 1


def test_a_price_like_the_one_before_is_told_with_the_next_total(
    broker: Broker, run: Run, start: Starts, witness: Witness
) -> None:
    face = start(broker.address)
    assert witness.sees("availability", "online")
    later = replace(SNAPSHOT, at=AT + timedelta(seconds=1))

    run.view, run.healthy = View(later), False
    run.skipped_s += 1
    face.poke()

    # Told after whatever the same look at the view had to tell.
    assert witness.sees("availability", "offline")
    assert witness.times("report/summary") == 1
    run.skipped_s += 60
    assert witness.waits(lambda: witness.times("report/summary") == 2)
    assert json.loads(witness.newest[f"{INSTANCE}/report/summary"].payload) == later.summary()


def test_a_fill_is_told_once_and_not_retained(broker: Broker, start: Starts, witness: Witness) -> None:
    face = start(broker.address)
    face.fill(bought(1))

    assert witness.waits(lambda: witness.times("fill") == 1)
    assert json.loads(witness.newest[f"{INSTANCE}/fill"].payload)["client_id"] == "bdk-1"
    late = Witness(broker)
    assert late.sees("availability", "online")
    assert late.times("fill") == 0
    late.close()


def test_a_bot_that_cannot_be_asked_how_it_is_counts_as_offline(
    broker: Broker, run: Run, start: Starts, witness: Witness
) -> None:
    run.healthy = None
    start(broker.address)

    assert witness.sees("availability", "offline")
    assert witness.sees("pnl", "69.9")


def test_a_bot_whose_parts_stand_still_is_offline_until_they_go_on(
    broker: Broker, run: Run, start: Starts, witness: Witness
) -> None:
    face = start(broker.address)
    assert witness.sees("availability", "online")

    run.healthy = False
    face.poke()
    assert witness.sees("availability", "offline")
    run.healthy = True
    run.skipped_s += 1
    face.poke()
    assert witness.sees("availability", "online")


def test_a_bot_that_stops_says_how_it_stands_at_last_and_that_it_is_offline(
    broker: Broker, run: Run, start: Starts, witness: Witness
) -> None:
    face = start(broker.address)
    assert witness.sees("availability", "online")
    run.view = with_total("5")
    face.fill(bought(9))

    assert face.stop(LIMIT_S)

    assert witness.sees("availability", "offline")
    assert (witness.newest[f"{INSTANCE}/pnl"].payload, witness.times("fill")) == ("5", 1)


def test_a_killed_bot_is_offline_by_its_last_will_and_online_after_its_restart(
    broker: Broker, start: Starts, witness: Witness
) -> None:
    with subprocess.Popen([sys.executable, "-m", "tests.messaging.guest", str(broker.port)], cwd=ROOT) as guest:
        try:
            assert witness.sees("availability", "online")
        finally:
            guest.kill()
    assert witness.sees("availability", "offline")

    start(broker.address)

    assert witness.sees("availability", "online")


def test_a_broker_that_forgot_everything_hears_everything_again(
    broker: Broker, run: Run, start: Starts, witness: Witness, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "messaging")
    face = start(broker.address)
    assert witness.sees("availability", "online")

    broker.stop()
    wait_for(lambda: "went away" in caplog.text)
    run.view = with_total("1")
    face.poke()
    face.fill(bought(1))
    face.fill(bought(2))
    run.view = with_total("2")
    broker.start()
    again = Witness(broker)

    assert again.sees("availability", "online")
    assert again.sees("state", "running")
    assert [payload for topic, payload in again.all if topic == f"{INSTANCE}/pnl"] == ["2"]
    assert face.stop(LIMIT_S)
    lines = [line for line in caplog.messages if str(broker.port) in line]
    assert [line.partition(f"127.0.0.1:{broker.port} ")[2][:9] for line in lines[1:]] == ["went away", "is back"]
    again.close()


def test_fills_of_an_outage_are_told_after_it_the_newest_thousand(
    broker: Broker, start: Starts, witness: Witness, caplog: pytest.LogCaptureFixture
) -> None:
    face = start(broker.address)
    assert witness.sees("availability", "online")
    broker.stop()
    wait_for(lambda: "went away" in caplog.text)
    for n in range(EVENTS_MAX + 7):
        face.fill(bought(n))

    broker.start()

    assert witness.waits(lambda: witness.times("fill") >= 1 and '"t1006"' in witness.newest[f"{INSTANCE}/fill"].payload)
    assert "7 fills were not told by MQTT" in caplog.text


def test_a_broker_that_is_not_there_holds_nobody_up_and_is_one_line(
    start: Starts, caplog: pytest.LogCaptureFixture
) -> None:
    port = free_port()
    before_s = monotonic()
    face = start(BrokerAddress("127.0.0.1", port))
    for n in range(5000):
        face.fill(bought(n))
        face.poke()
    # Far less than one connection attempt to each would take, and room for a busy machine.
    assert monotonic() - before_s < 10

    wait_for(lambda: "nothing listens there" in caplog.text)
    assert face.stop(3)
    assert len(caplog.messages) == 1


def test_a_broker_that_never_answers_holds_nobody_up(start: Starts) -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as mute:
        face = start(BrokerAddress("127.0.0.1", mute.getsockname()[1]))
        guest, _ = mute.accept()
        with closing(guest):
            assert guest.recv(1)
            face.fill(bought())
            face.poke()
            before_s = monotonic()

            assert face.stop(3)

            assert monotonic() - before_s < 3 + LIMIT_S


def test_a_broker_that_hangs_later_holds_nobody_up_either(broker: Broker, start: Starts, witness: Witness) -> None:
    face = start(broker.address)
    assert witness.sees("availability", "online")
    broker.send_signal(signal.SIGSTOP)
    for n in range(100):
        face.fill(bought(n))
    face.poke()
    before_s = monotonic()

    assert face.stop(2)

    assert monotonic() - before_s < 2 + LIMIT_S
    broker.send_signal(signal.SIGCONT)
    assert witness.sees("availability", "offline")


def test_an_error_in_what_is_shown_is_told_once_and_ends_nothing(
    broker: Broker, run: Run, start: Starts, witness: Witness, caplog: pytest.LogCaptureFixture
) -> None:
    run.error = RuntimeError("broken view")
    face = start(broker.address)
    assert witness.sees("availability", "online")
    for _ in range(3):
        run.skipped_s += 60
        face.poke()
        face.fill(replace(bought(), earned=Decimal("NaN")))
    run.error = None
    wait_for(lambda: "building the topics failed" in caplog.text)
    run.skipped_s += 60
    face.poke()

    assert witness.sees("pnl", "69.9")
    assert caplog.text.count("building the topics failed") == 1
    assert caplog.text.count("telling a fill failed") == 1


def test_before_there_is_a_view_the_bot_is_there_and_says_nothing_else(
    broker: Broker, run: Run, start: Starts, witness: Witness
) -> None:
    run.view = None
    face = start(broker.address)
    assert witness.sees("availability", "online")
    assert set(witness.newest) == {f"{INSTANCE}/availability"}

    run.view = with_total("3")
    run.skipped_s += 1
    face.poke()

    assert witness.sees("pnl", "3")


def test_the_owner_is_heard_where_commands_are_on(
    broker: Broker, run: Run, start: Starts, witness: Witness, caplog: pytest.LogCaptureFixture
) -> None:
    run.stands_still = True
    witness.says("command/cancel_all", "PRESS", retain=True)
    start(broker.address, hears=True)
    wait_for(lambda: "it was retained" in caplog.text)

    witness.says("command/live", b"\xff" * 100_000)
    witness.says("command/pause", "ON")
    witness.says("command/pause", "OFF")
    witness.says("command/cancel_all", "PRESS")

    wait_for(lambda: len(run.asked) == 2)
    assert run.asked == [PauseAsked(on=True), CancelAllAsked()]
    assert "100000 bytes are too long" in caplog.text


def test_an_error_of_whoever_is_asked_does_not_deafen(
    broker: Broker, run: Run, start: Starts, witness: Witness, caplog: pytest.LogCaptureFixture
) -> None:
    class Full(list[object]):
        def append(self, _: object) -> None:
            raise OverflowError

    run.asked = Full()  # type: ignore[assignment]  # a list that takes nothing
    start(broker.address, hears=True)
    assert witness.sees("availability", "online")
    witness.says("command/report", "PRESS")
    wait_for(lambda: "a command by MQTT failed" in caplog.text)

    witness.says("command/gap", "never")

    wait_for(lambda: "it takes a plain number" in caplog.text)


def test_a_broker_that_lets_nobody_hear_commands_is_told_of(start: Starts, caplog: pytest.LogCaptureFixture) -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as strict:
        face = start(BrokerAddress("127.0.0.1", strict.getsockname()[1]), hears=True)
        guest, _ = strict.accept()
    with closing(guest):
        guest.sendall(b"\x20\x02\x00\x00" + b"\x90\x03\x00\x01\x80")  # welcome, and no to the first subscription

        wait_for(lambda: "does not let us hear commands" in caplog.text)
        assert face.stop(1)


def test_nobody_is_heard_where_commands_are_off(broker: Broker, run: Run, start: Starts, witness: Witness) -> None:
    face = start(broker.address)
    assert witness.sees("availability", "online")
    witness.says("command/pause", "ON")
    face.fill(bought())
    assert witness.waits(lambda: witness.times("fill") == 1)

    assert face.stop(LIMIT_S)
    assert run.asked == []
    assert "badukpan-bithumb_bot" in (log := (broker.folder / "mosquitto.log").read_text())
    assert "SUBSCRIBE from badukpan" not in log


def test_no_thread_is_left_behind(broker: Broker, start: Starts, witness: Witness) -> None:
    before = set(threading.enumerate())
    face = start(broker.address)
    assert witness.sees("availability", "online")

    assert face.stop(LIMIT_S)
    assert face.stop(LIMIT_S)

    assert set(threading.enumerate()) == before


def test_a_face_that_never_began_ends_at_once(run: Run) -> None:
    assert run.face(BrokerAddress("127.0.0.1", 1)).stop(0)
