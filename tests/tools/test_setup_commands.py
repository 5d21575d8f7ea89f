"""The owner prepares a bot without being asked: `--set` writes, `--check` only looks."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from bot.settings import READERS
from domain.errors import ExitCode
from tests.tools.setup_rig import PRICE

if TYPE_CHECKING:
    from tests.tools.setup_rig import Desk

OLD = "# mine\nGRID_STEPS=9 # kept\n"


def test_set_writes_what_the_bot_reads(desk: Desk) -> None:
    desk.file.write_text(OLD)
    password = 'it\'s # a "pass$word" \\'

    ended = desk.runs(
        "--set", "GRID_STEPS=12", "--set", "mqtt_password=-", "--set", "GRID_GAP_PCT=2", told=f"{password}\n"
    )

    assert ended.returncode == 0, ended
    assert desk.file.read_text().startswith("# mine\nGRID_STEPS=12 # kept\n")
    assert password in desk.settings().secrets()
    assert password not in ended.stdout + ended.stderr
    assert desk.file.stat().st_mode & 0o777 == 0o600


def test_set_warns_once_of_a_secret_in_the_list_of_processes(desk: Desk) -> None:
    ended = desk.runs("--set", "BITHUMB_ACCESS_KEY=canaryA", "--set", "BITHUMB_SECRET_KEY=canaryB")

    assert ended.returncode == 0
    assert ended.stderr.count("--set BITHUMB_ACCESS_KEY=-") == 1
    assert "canary" not in ended.stdout + ended.stderr


def test_set_tells_every_fault_and_writes_nothing(desk: Desk) -> None:
    desk.file.write_text(OLD)

    ended = desk.runs("--set", "GRID_STEPS=x", "--set", "GRID_GAPP=1", "--set", "canary", "--set", "KIS_MODE=no")

    assert ended.returncode == ExitCode.SETTINGS
    assert desk.file.read_text() == OLD
    for word in ("GRID_STEPS", "GRID_GAP_PCT", "--set NAME=VALUE", "KIS_MODE"):
        assert word in ended.stderr
    assert "canary" not in ended.stderr


def test_set_says_where_the_environment_goes_before_the_file(desk: Desk) -> None:
    ended = desk.runs("--set", "GRID_STEPS=12", GRID_STEPS="5")

    assert ended.returncode == 0
    assert "The environment sets these too: GRID_STEPS" in ended.stderr


def test_check_shows_every_value_with_its_origin_and_no_secret(desk: Desk) -> None:
    access, secret = desk.keys
    desk.file.write_text(f"GRID_STEPS=3\nBITHUMB_ACCESS_KEY={access}\nBITHUMB_SECRET_KEY={secret}\n")

    ended = desk.runs("--check", GRID_GAP_PCT="2")
    rows = {line.split()[0]: line.split(maxsplit=1)[1] for line in ended.stdout.splitlines() if line.startswith("  ")}

    assert ended.returncode == 0, ended
    assert set(READERS) <= set(rows)
    assert rows["GRID_STEPS"] == "3  (file)"
    assert rows["GRID_GAP_PCT"] == "2  (environment)"
    assert rows["BITHUMB_SECRET_KEY"] == "****  (file)"
    assert rows["GRID_START"] == "buy_only  (default)"
    assert f"{PRICE:,}" in ended.stdout
    assert access not in ended.stdout
    assert secret not in ended.stdout


@pytest.mark.parametrize(
    ("text", "code", "word"),
    [
        ("GRID_STEPS=x\nFOO=1\n", ExitCode.SETTINGS, "GRID_STEPS"),
        ("GRID_GAP_PCT=0.15\n", ExitCode.GRID, "GRID_GAP_PCT=0.51"),
        ("ORDER_SIZE=100KRW\n", ExitCode.GRID, "ORDER_SIZE"),
        ("BITHUMB_MARKET=KRW-NONE\n", ExitCode.SETTINGS, "no such won market"),
        ("BITHUMB_ACCESS_KEY=canary\nBITHUMB_SECRET_KEY=canary\n", ExitCode.KEYS, "does not accept the signature"),
    ],
)
def test_check_ends_with_the_code_of_what_is_wrong(desk: Desk, text: str, code: ExitCode, word: str) -> None:
    desk.file.write_text(text)

    ended = desk.runs("--check")

    assert ended.returncode == code, ended
    assert word in ended.stderr
    assert "canary" not in ended.stdout + ended.stderr


def test_check_of_a_market_that_does_not_answer_proves_nothing(desk: Desk) -> None:
    ended = desk.runs("--check", BITHUMB_BASE_URL="http://127.0.0.1:9")

    assert ended.returncode == 1
    assert "could not be asked" in ended.stderr


def test_without_a_terminal_it_says_what_to_do(desk: Desk) -> None:
    korean = desk.runs(LANGUAGE="ko")
    english = desk.runs("--language", "en", LANGUAGE="ko")

    assert korean.returncode == english.returncode == ExitCode.SETTINGS
    assert "터미널" in korean.stderr
    assert "This is no terminal" in english.stderr
    assert desk.is_clean()


def test_what_is_typed_in_a_wrong_place_is_not_shown(desk: Desk) -> None:
    ended = desk.runs("--cheque", "canary")

    assert ended.returncode == ExitCode.SETTINGS
    assert "canary" not in ended.stderr
