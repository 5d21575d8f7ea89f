"""The lock: one process per instance, and none left behind by the dead."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from bot.lock import instance_lock
from domain.errors import ExitCode, SetupError

ROOT = Path(__file__).resolve().parents[2]

HOLDER = """
import sys
from pathlib import Path
from bot.lock import instance_lock
with instance_lock(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""


def refusal(path: Path) -> SetupError:
    with pytest.raises(SetupError) as caught, instance_lock(path):
        pytest.fail("the lock was given twice")
    return caught.value


def test_an_instance_runs_once(tmp_path: Path) -> None:
    path = tmp_path / "bot" / "lock"

    with instance_lock(path):
        error = refusal(path)

    assert error.exit_code is ExitCode.ALREADY_RUNS
    assert str(error) == f"already_runs path={path} pid={os.getpid()}"


def test_another_instance_is_no_obstacle(tmp_path: Path) -> None:
    with instance_lock(tmp_path / "one"), instance_lock(tmp_path / "two"):
        assert (tmp_path / "two").read_text() == f"{os.getpid()}\n"


def test_the_lock_is_given_back_at_the_end_and_after_an_error(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    with pytest.raises(KeyError), instance_lock(path):
        raise KeyError

    with instance_lock(path):
        assert path.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("left", [b"", b"99999999\n", b"rubbish \xff" * 100])
def test_a_file_that_nobody_holds_is_no_obstacle(tmp_path: Path, left: bytes) -> None:
    path = tmp_path / "lock"
    path.write_bytes(left)

    with instance_lock(path):
        assert path.read_text() == f"{os.getpid()}\n"


def test_a_killed_process_leaves_no_lock_behind(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    with subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(path)], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"held\n"
        assert str(refusal(path)) == f"already_runs path={path} pid={holder.pid}"
        holder.kill()
        holder.wait()

    with instance_lock(path):
        assert path.read_text() == f"{os.getpid()}\n"


def test_a_place_that_cannot_be_written_is_a_fault_of_the_disk(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    error = refusal(tmp_path / "file" / "sub" / "lock")

    assert error.exit_code is ExitCode.DISK
    assert str(error) == f"disk_unwritable path={tmp_path}/file/sub/lock what=Not a directory"


def test_a_link_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "lock").symlink_to(tmp_path / "elsewhere")

    assert refusal(tmp_path / "lock").exit_code is ExitCode.DISK
    assert not (tmp_path / "elsewhere").exists()
