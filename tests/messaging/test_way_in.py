"""The way in to a broker: what is wrong with host, password or certificate is named, and nothing secret is shown."""

from __future__ import annotations

import hashlib
import logging
import socket
import subprocess
from base64 import b64encode
from contextlib import closing, suppress
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from messaging.connection import BrokerAddress
from tests.messaging.rig import LIMIT_S, Broker, Witness, bought, wait_for

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.messaging.conftest import Starts

PASSWORD = "canary-password"


@pytest.mark.parametrize("host", ["no-such-broker.invalid", "a..b"])
def test_an_unknown_host_is_named_as_such(host: str, start: Starts, caplog: pytest.LogCaptureFixture) -> None:
    face = start(BrokerAddress(host))

    wait_for(lambda: bool(caplog.messages))
    assert caplog.messages == [f"the MQTT broker {host}:1883 is away: unknown host; it is tried again and again"]
    assert face.stop(LIMIT_S)


def test_a_wrong_password_is_named_once_and_never_shown(
    make_broker: Callable[..., Broker], start: Starts, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    with_password(tmp_path)
    broker = make_broker(f"password_file {tmp_path / 'passwords'}")
    broker.start()

    start(replace(broker.address, username="me", password=PASSWORD))
    wait_for(lambda: (tmp_path / "mosquitto.log").read_text().count("not authorised") >= 2)

    lines = [line for line in caplog.messages if "MQTT" in line]
    assert len(lines) == 1
    assert "wrong user name or password" in lines[0]
    assert PASSWORD not in caplog.text


def test_the_right_password_lets_in(make_broker: Callable[..., Broker], start: Starts, tmp_path: Path) -> None:
    with_password(tmp_path)
    broker = make_broker(f"password_file {tmp_path / 'passwords'}")
    broker.start()

    start(replace(broker.address, username="me", password="right"))

    witness = Witness(broker, "me", "right")
    assert witness.sees("availability", "online")
    assert all(PASSWORD not in payload and "right" not in payload for _, payload in witness.all)
    witness.close()


def with_password(folder: Path) -> None:
    """Write a file that lets `me` in with `right`, hashed as mosquitto does it."""
    salt = bytes(12)
    digest = hashlib.pbkdf2_hmac("sha512", b"right", salt, 101)
    (folder / "passwords").write_text(f"me:$7$101${b64encode(salt).decode()}${b64encode(digest).decode()}\n")


@pytest.fixture
def encrypted(make_broker: Callable[..., Broker], tmp_path: Path) -> Broker:
    """Return a broker whose certificate, beside its log, no system trusts."""
    command = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=broker"
    names = ["-addext", "subjectAltName=IP:127.0.0.1", "-keyout", "key.pem", "-out", "cert.pem"]
    try:
        subprocess.run([*command.split(), *names], cwd=tmp_path, check=True, capture_output=True)
    except FileNotFoundError:
        pytest.skip("openssl was not found")
    broker = make_broker(f"allow_anonymous true\ncertfile {tmp_path / 'cert.pem'}\nkeyfile {tmp_path / 'key.pem'}")
    broker.start()
    return broker


def test_an_encrypted_broker_that_the_system_trusts_is_believed(
    encrypted: Broker, start: Starts, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "messaging")
    monkeypatch.setenv("SSL_CERT_FILE", str(encrypted.folder / "cert.pem"))

    start(replace(encrypted.address, tls=True))

    wait_for(lambda: "connected to the MQTT broker" in caplog.text)


# Paho leaves it to the garbage collector to close a connection whose certificate it refused.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_an_encrypted_broker_that_the_system_does_not_trust_is_told_nothing(
    encrypted: Broker, start: Starts, caplog: pytest.LogCaptureFixture
) -> None:
    start(replace(encrypted.address, tls=True, username="me", password=PASSWORD))

    wait_for(lambda: "its certificate is not trusted (self-signed certificate)" in caplog.text)
    assert "badukpan-" not in (encrypted.folder / "mosquitto.log").read_text()


# Some of it ends paho's thread by an error; the next one leaves the old one's sockets to the garbage collector.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize("answer", [b"\x20\x02\x00\x01", b"\x20\x00", b"\x20\x02\x00\x00\x30\x01x", b"\xff" * 9])
def test_nonsense_from_a_broker_ends_no_thread_for_good(
    answer: bytes, make_broker: Callable[..., Broker], start: Starts
) -> None:
    broker = make_broker()
    with closing(socket.create_server(("127.0.0.1", broker.port))) as odd:
        face = start(broker.address)
        guest, _ = odd.accept()
    with closing(guest):
        assert guest.recv(1000)
        guest.sendall(answer)
        # Long enough for whatever it does of it: the connection is closed, or the thread dies.
        guest.settimeout(0.5)
        with suppress(TimeoutError, ConnectionError):
            while guest.recv(1000):
                pass
    broker.start()
    face.fill(bought())

    witness = Witness(broker)
    assert witness.sees("availability", "online")
    witness.close()
