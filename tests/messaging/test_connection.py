"""What is said of the connection: once that it went away, once that it is back, and what the owner has to mend."""

import logging
import socket
import ssl

import pytest

from messaging.connection import BrokerAddress, Cause, Telling, cause, refusal

PASSWORD = "canary-password"
ADDRESS = BrokerAddress("core-mosquitto", 1883, "me", PASSWORD)


class Watch:
    now_s = 1000

    def __call__(self) -> float:
        return self.now_s


@pytest.fixture
def watch() -> Watch:
    return Watch()


@pytest.fixture
def telling(watch: Watch, caplog: pytest.LogCaptureFixture) -> Telling:
    caplog.set_level(logging.INFO)
    return Telling(ADDRESS, watch)


@pytest.mark.parametrize(
    ("error", "text", "to_mend"),
    [
        (None, "it does not answer", False),
        (TimeoutError(PASSWORD), "it does not answer", False),
        (ConnectionRefusedError(PASSWORD), "nothing listens there", False),
        (socket.gaierror(PASSWORD), "unknown host", True),
        (ssl.SSLCertVerificationError(PASSWORD), "its certificate is not trusted (no reason given)", True),
        (ssl.SSLError(PASSWORD), "no encrypted connection comes about (SSLError)", True),
        (OSError(PASSWORD), "OSError", False),
    ],
)
def test_a_failed_attempt_has_a_cause_in_our_own_words(error: Exception | None, text: str, *, to_mend: bool) -> None:
    assert cause(error) == Cause(text, to_mend)


def test_an_address_never_shows_its_password() -> None:
    assert PASSWORD not in f"{ADDRESS} {ADDRESS!r}"


def test_a_day_without_a_broker_is_one_line_and_its_return_another(
    telling: Telling, caplog: pytest.LogCaptureFixture
) -> None:
    telling.back()
    telling.lost()
    for _ in range(1000):
        telling.failed(cause(ConnectionRefusedError()))
        telling.failed(cause(None))
    telling.back()

    assert [record.getMessage() for record in caplog.records] == [
        "connected to the MQTT broker core-mosquitto:1883",
        "the MQTT broker core-mosquitto:1883 went away: the connection broke; it is tried again and again",
        "the MQTT broker core-mosquitto:1883 is back",
    ]


def test_what_the_owner_has_to_mend_is_told_though_the_broker_was_away_already(
    telling: Telling, caplog: pytest.LogCaptureFixture
) -> None:
    telling.failed(cause(ConnectionRefusedError()))
    for _ in range(1000):
        telling.failed(refusal("Not authorized"))
        telling.failed(refusal("Server unavailable"))

    assert len(caplog.records) == 2
    assert "wrong user name or password" in caplog.messages[1]


def test_a_broker_that_throws_us_out_again_and_again_is_told_of_once_and_left_alone(
    telling: Telling, watch: Watch, caplog: pytest.LogCaptureFixture
) -> None:
    telling.back()
    too_often = []
    for _ in range(100):
        watch.now_s += 2
        too_often.append(telling.lost())
        telling.back()

    assert too_often == [False] * 3 + [True] * 97
    assert sum("again and again (is another bot" in line for line in caplog.messages) == 1
    assert len(caplog.messages) == 8

    watch.now_s += 60
    assert telling.settle()
    assert not telling.settle()
    assert not telling.lost()
    assert "keeps our connection again" in caplog.text
