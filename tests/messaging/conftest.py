"""What the tests of the MQTT face share: a broker, a witness, and faces that are stopped at the end."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.messaging.rig import LIMIT_S, MOSQUITTO, Broker, Run, Witness

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from messaging.connection import BrokerAddress
    from messaging.mqtt import MqttFace

    Starts = Callable[..., MqttFace]


@pytest.fixture
def make_broker(tmp_path: Path) -> Iterator[Callable[..., Broker]]:
    """Return a maker of brokers that are killed at the end."""
    if MOSQUITTO is None:
        pytest.skip("no MQTT broker was found (mosquitto)")
    made: list[Broker] = []

    def make(extra: str = "allow_anonymous true") -> Broker:
        made.append(Broker(tmp_path, extra))
        return made[-1]

    yield make
    for broker in made:
        broker.stop()


@pytest.fixture
def broker(make_broker: Callable[..., Broker]) -> Broker:
    """Return a broker that runs and lets everybody in."""
    broker = make_broker()
    broker.start()
    return broker


@pytest.fixture
def witness(broker: Broker) -> Iterator[Witness]:
    """Return a second guest of the broker."""
    witness = Witness(broker)
    yield witness
    witness.close()


@pytest.fixture
def run() -> Run:
    """Return a run to be told of."""
    return Run()


@pytest.fixture
def start(run: Run) -> Iterator[Starts]:
    """Return a starter of faces that are stopped at the end."""
    started: list[MqttFace] = []

    def begin(address: BrokerAddress, *, hears: bool = False) -> MqttFace:
        face = run.face(address, hears=hears)
        face.start()
        started.append(face)
        return face

    yield begin
    ended = [face.stop(LIMIT_S) for face in started]
    assert all(ended)
