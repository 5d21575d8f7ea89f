"""Exits: a sentence and a code for every end, and never a traceback."""

from __future__ import annotations

import errno
import logging
from typing import TYPE_CHECKING

import pytest

from bot.exits import INTERRUPTED, run_guarded
from domain.errors import ExitCode, GridRefused, SetupError
from domain.reason import reason
from reports.wording import Wording

if TYPE_CHECKING:
    from collections.abc import Callable

SECRET = "canary-0123456789"


def raising(error: BaseException) -> Callable[[], int]:
    def main() -> int:
        raise error

    return main


def test_a_good_end_keeps_its_code_and_says_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    assert run_guarded(lambda: 0, Wording("ko")) == 0
    assert run_guarded(lambda: 3, Wording("ko")) == 3
    assert capsys.readouterr() == ("", "")


def test_every_fault_of_the_settings_is_a_line_in_the_owner_s_language(capsys: pytest.CaptureFixture[str]) -> None:
    error = SetupError(ExitCode.SETTINGS, reason("grid_anchor_and_trigger"), reason("key_form", name="KIS_APP_KEY"))

    assert run_guarded(raising(error), Wording("ko")) == 2
    korean = capsys.readouterr().err.splitlines()
    assert run_guarded(raising(error), Wording("en")) == 2
    english = capsys.readouterr().err.splitlines()

    assert korean[0] == "GRID_ANCHOR와 GRID_TRIGGER_PRICE는 함께 쓸 수 없습니다. 둘 중 하나를 지워 주세요."
    assert english[0] == "GRID_ANCHOR and GRID_TRIGGER_PRICE do not go together. Remove one of them."
    assert len(korean) == len(english) == 2


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (GridRefused(reason("cash_short")), ExitCode.GRID),
        (SetupError(ExitCode.PORT, reason("port_busy")), ExitCode.PORT),
        (OSError(errno.ENOSPC, "No space left on device", "/data/x"), ExitCode.DISK),
        (OSError(errno.EROFS, "Read-only file system", "/data/x"), ExitCode.DISK),
        (KeyboardInterrupt(), INTERRUPTED),
        (OSError(errno.EIO, SECRET), ExitCode.OUR_FAULT),
        (ValueError(SECRET), ExitCode.OUR_FAULT),
        (RecursionError(SECRET), ExitCode.OUR_FAULT),
    ],
)
def test_every_end_has_its_code_and_no_traceback(
    capsys: pytest.CaptureFixture[str], error: BaseException, code: int
) -> None:
    assert run_guarded(raising(error), Wording("en")) == code

    told = capsys.readouterr()
    assert "Traceback" not in told.err
    assert SECRET not in told.err
    assert told.out == ""


def test_a_full_disk_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    run_guarded(raising(OSError(errno.ENOSPC, "No space left on device", "/data/x")), Wording("en"))

    assert capsys.readouterr().err == "The disk is full (/data/x). Make room and start again.\n"


def test_our_own_fault_is_logged_by_class_and_place_without_values(
    capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.CRITICAL):
        run_guarded(raising(ValueError(SECRET)), Wording("en"))

    (line,) = caplog.messages
    assert line.startswith("ended by ValueError at tests/bot/test_exits.py:")
    assert "bot/exits.py:" in line
    assert SECRET not in line
    assert "ValueError, tests/bot/test_exits.py:" in capsys.readouterr().err


def test_an_exit_asked_for_is_left_alone() -> None:
    with pytest.raises(SystemExit):
        run_guarded(raising(SystemExit(2)), Wording("ko"))
