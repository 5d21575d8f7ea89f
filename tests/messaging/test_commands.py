"""The owner's commands: read strictly, never from yesterday, once a second, and the log is not flooded."""

import logging
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from messaging.commands import (
    CancelAllAsked,
    Command,
    CommandDoor,
    GapAsked,
    NoCommand,
    PauseAsked,
    ReportAsked,
    SizeAsked,
    parse,
)
from tests.messaging.rig import INSTANCE


class Watch:
    now_s = 1000

    def __call__(self) -> float:
        return self.now_s


@pytest.mark.parametrize(
    ("name", "payload", "command"),
    [
        ("pause", b"ON", PauseAsked(on=True)),
        ("pause", b"OFF", PauseAsked(on=False)),
        ("cancel_all", b"PRESS", CancelAllAsked()),
        ("report", b"PRESS", ReportAsked()),
        ("gap", b"0.75", GapAsked(Decimal("0.75"))),
        ("gap", b"1.0", GapAsked(Decimal(1))),
        ("size", b"10000", SizeAsked(Decimal(10000))),
        ("size", b"0.001", SizeAsked(Decimal("0.001"))),
    ],
)
def test_a_command_is_one_word_or_one_number(name: str, payload: bytes, command: Command) -> None:
    assert parse(name, payload) == command


@pytest.mark.parametrize(
    ("name", "payload"),
    [
        ("pause", b""),
        ("pause", b"on"),
        ("pause", b"true"),
        ("pause", b"ON\n"),
        ("cancel_all", b""),
        ("cancel_all", b"ON"),
        ("report", b"press"),
        ("gap", b"0"),
        ("gap", b"100"),
        ("gap", b"-1"),
        ("gap", b"1e1"),
        ("gap", b"NaN"),
        ("gap", b" 1"),
        ("gap", b"1_0"),
        ("gap", "\u0661".encode()),
        ("gap", b"1."),
        ("size", b"0.0"),
        ("size", b"5shares"),
        ("size", b"9" * 13),
        ("size", b"1" * 65),
        ("live", b"PRESS"),
        ("arm", b"ON"),
        ("pause/set", b"ON"),
        ("", b"ON"),
    ],
)
def test_anything_else_is_none(name: str, payload: bytes) -> None:
    with pytest.raises(NoCommand):
        parse(name, payload)


@given(name=st.sampled_from(["pause", "cancel_all", "report", "gap", "size", "live"]), payload=st.binary(max_size=100))
def test_no_payload_does_more_than_be_refused(name: str, payload: bytes) -> None:
    try:
        command = parse(name, payload)
    except NoCommand:
        return
    assert payload.decode("ascii").isprintable()
    assert not isinstance(command, GapAsked) or 0 < command.gap < 100


def test_what_was_retained_is_no_command() -> None:
    door = CommandDoor(INSTANCE, Watch())

    assert door.admit(f"{INSTANCE}/command/pause", b"ON", retain=True) is None
    assert door.admit(f"{INSTANCE}/command/pause", b"ON", retain=False) == PauseAsked(on=True)


def test_each_command_passes_once_a_second(caplog: pytest.LogCaptureFixture) -> None:
    watch = Watch()
    door = CommandDoor(INSTANCE, watch)
    pause, cancel = f"{INSTANCE}/command/pause", f"{INSTANCE}/command/cancel_all"

    assert door.admit(pause, b"ON", retain=False) == PauseAsked(on=True)
    assert door.admit(pause, b"OFF", retain=False) is None
    assert door.admit(cancel, b"PRESS", retain=False) == CancelAllAsked()
    watch.now_s += 1
    assert door.admit(pause, b"OFF", retain=False) == PauseAsked(on=False)
    assert "on command/pause: the last one came less than a second before" in caplog.text
    assert door.admit(pause, b"ON", retain=False) == PauseAsked(on=True)


def test_the_source_of_a_command_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)

    CommandDoor(INSTANCE, Watch()).admit(f"{INSTANCE}/command/size", b"20000", retain=False)

    assert "command by MQTT on bithumb_bot/command/size: SizeAsked(size=Decimal('20000'))" in caplog.text


def test_a_flood_of_nonsense_is_a_line_a_minute_and_holds_no_command_back(caplog: pytest.LogCaptureFixture) -> None:
    watch = Watch()
    door = CommandDoor(INSTANCE, watch)
    for n in range(1000):
        assert door.admit(f"{INSTANCE}/command/\n{n}", b"x" * n, retain=False) is None

    assert len(caplog.records) == 1
    assert "\n0" not in caplog.text
    assert door.admit(f"{INSTANCE}/command/report", b"PRESS", retain=False) == ReportAsked()
    watch.now_s += 60
    door.admit(f"{INSTANCE}/command/gap", b"wide", retain=False)
    assert "and 999 more like it before" in caplog.text
