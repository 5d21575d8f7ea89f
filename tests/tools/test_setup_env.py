"""A `.env` is changed in place: what is written is read back, and nothing else moves."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.setting_values import Refused
from bot.sources import load_settings
from domain.errors import ExitCode, SetupError
from tests.house.tree import ROOT
from tools.setup.envtext import EnvText
from tools.setup.privatefile import read_private, sweep, write_private

if TYPE_CHECKING:
    from pathlib import Path

OWNERS = """\ufeff# my bot

export EXCHANGE=bithumb   # the one
  GRID_STEPS = '12'# cells
#GRID_GAP_PCT=1
MY_OWN="two
lines"
ORDER_SIZE=1
ORDER_SIZE=20000KRW
LANGUAGE= # none
MQTT_PASSWORD='it''s'
""".replace("MQTT_PASSWORD='it''s'\n", "MQTT_PASSWORD='it\\'s # \\\\'\n")

PRINTABLE = st.text(st.characters(exclude_categories=["C", "Z"]) | st.sampled_from(" #'\"\\$`{}=!"), max_size=30)


def read(text: str) -> EnvText:
    return EnvText(text, ".env")


@given(value=PRINTABLE, end=st.sampled_from(["\n", "\r\n"]), name=st.sampled_from(["MQTT_PASSWORD", "MQTT_USERNAME"]))
def test_what_is_written_is_read_back_by_the_bot_itself(value: str, end: str, name: str) -> None:
    made = read(OWNERS.replace("MY_OWN", "#").replace('lines"', "#").replace("\n", end)).with_value(name, value)

    told = getattr(load_settings(dotenv=made), name.lower())

    if name == "MQTT_PASSWORD":
        assert (told.get_secret_value() if told else "") == (value if value.strip() else "")
    else:
        assert (told or "") == value.strip()


@given(before=PRINTABLE, value=PRINTABLE, other=PRINTABLE)
def test_a_change_leaves_every_other_value_and_comment(before: str, value: str, other: str) -> None:
    begun = read("# mine\n").with_value("A", before).with_value("B", other)

    made = begun.with_value("A", value)

    assert made.value("A") == value
    assert made.value("B") == other
    assert made.text.startswith("# mine\n")


def test_a_value_is_replaced_where_it_stands() -> None:
    made = read(OWNERS)
    for name, value in {
        "EXCHANGE": "BITHUMB",
        "GRID_STEPS": "7",
        "GRID_GAP_PCT": "2",
        "ORDER_SIZE": "30000KRW",
        "LANGUAGE": "en",
        "BITHUMB_MARKET": "KRW-ETH",
    }.items():
        made = made.with_value(name, value)

    assert (
        made.text
        == OWNERS.replace("EXCHANGE=bithumb", "EXCHANGE=BITHUMB")
        .replace("'12'# cells", "7 # cells")
        .replace("#GRID_GAP_PCT=1\n", "#GRID_GAP_PCT=1\nGRID_GAP_PCT=2\n")
        .replace("20000KRW", "30000KRW")
        .replace("LANGUAGE= #", "LANGUAGE=en #")
        + "BITHUMB_MARKET=KRW-ETH\n"
    )


def test_unsetting_empties_every_line_of_a_name() -> None:
    made = read(OWNERS).with_value("ORDER_SIZE", "")

    assert "ORDER_SIZE=\nORDER_SIZE=\n" in made.text
    assert made.value("ORDER_SIZE") == ""


def test_what_no_line_can_hold_is_refused() -> None:
    with pytest.raises(Refused, match="setup_value_form"):
        read("").with_value("A", "two\nlines")


def test_faulty_lines_become_comments_and_stay_readable() -> None:
    made = read("GRID_STEP=3\nwhat is this\nGRID_STEPS=4\n").without("GRID_STEP").without_unreadable()

    assert made.text == "# GRID_STEP=3\n# what is this\nGRID_STEPS=4\n"


def test_a_draft_never_shows_its_text() -> None:
    assert "canary" not in f"{read('KEY=canary')!r} {read('KEY=canary')}"


def test_a_file_is_private_from_its_first_byte_whatever_the_umask_is(tmp_path: Path) -> None:
    path = tmp_path / ".env"
    path.write_text("old")
    path.chmod(0o644)
    before = os.umask(0)
    try:
        write_private(path, "new")
    finally:
        os.umask(before)

    assert path.read_text() == "new"
    assert path.stat().st_mode & 0o777 == 0o600
    assert [each.name for each in tmp_path.iterdir()] == [".env"]


def test_a_link_stays_a_link(tmp_path: Path) -> None:
    real, link = tmp_path / "real", tmp_path / ".env"
    real.write_text("old")
    link.symlink_to(real)

    write_private(link, "new")

    assert link.is_symlink()
    assert real.read_text() == "new"


def test_a_folder_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    with pytest.raises(SetupError) as refused:
        write_private(tmp_path / "nowhere" / ".env", "new")

    assert refused.value.exit_code is ExitCode.DISK


def test_a_file_that_is_no_text_is_told(tmp_path: Path) -> None:
    path = tmp_path / ".env"
    path.write_bytes(b"\xff\xfe")

    with pytest.raises(SetupError, match="settings_file_unreadable"):
        read_private(path)
    assert read_private(tmp_path / "none") is None


_KILLED = """
import os, signal, sys
from pathlib import Path
from tools.setup.privatefile import write_private

os.fsync = lambda descriptor: os.kill(os.getpid(), signal.SIGKILL)
write_private(Path(sys.argv[1]), "KEY=canary")
"""


def test_a_writer_killed_halfway_leaves_the_old_file_and_its_own_is_private_and_swept(tmp_path: Path) -> None:
    path = tmp_path / ".env"
    path.write_text("old")
    ended = subprocess.run([sys.executable, "-c", _KILLED, str(path)], cwd=ROOT, check=False)
    left = [each for each in tmp_path.iterdir() if each != path]

    assert ended.returncode == -signal.SIGKILL
    assert path.read_text() == "old"
    assert [each.stat().st_mode & 0o777 for each in left] == [0o600]

    sweep(path)
    assert list(tmp_path.iterdir()) == [path]


def test_a_writer_that_is_at_work_is_left_alone(tmp_path: Path) -> None:
    path, other = tmp_path / ".env", tmp_path / f".env.new-{os.getppid()}"
    other.touch()
    stranger = tmp_path / ".env.new-notes"
    stranger.touch()

    sweep(path)

    assert other.exists()
    assert stranger.exists()
