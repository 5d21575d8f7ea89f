"""The launcher finds a Python, installs once, and becomes the bot where the caller stands."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.house.tree import ROOT

BASH = shutil.which("bash")
TOOLS = ("basename", "cat", "cp", "dirname", "env", "grep", "mkdir", "mv", "readlink", "rm", "chmod")

# Stands in for a Python: it says how it was called, makes an environment with itself in it, and installs nothing.
PYTHON = """#!{bash}
case "$*" in
    *"-m venv "*) mkdir -p "${{@: -1}}/bin" && cp "$0" "${{@: -1}}/bin/python" ;;
    *"-m pip install"*) echo "pip $*" >>"{log}"; exit "${{PIP_EXIT:-0}}" ;;
    *"-m bot"*) echo "$PWD"; echo "$PYTHONPATH"; echo "$@" ;;
esac
"""
OLD_PYTHON = """#!{bash}
exit 1
"""


class Machine:
    """A checkout and a search path of our own, with nothing else on it."""

    def __init__(self, folder: Path) -> None:
        self.home = folder / "Badukpan 집"
        self.caller = folder / "caller"
        self.path = folder / "bin"
        self.log = folder / "pip.log"
        for made in (self.home / "tools", self.caller, self.path):
            made.mkdir(parents=True)
        for name in ("run.sh", "requirements.txt", "requirements-postgres.txt", "tools/environment.sh"):
            shutil.copy(ROOT / name, self.home / name)
        for tool in TOOLS:
            (self.path / tool).symlink_to(shutil.which(tool) or "/nowhere")
        (self.path / "bash").symlink_to(BASH or "/nowhere")

    def add(self, name: str, text: str) -> None:
        python = self.path / name
        python.write_text(text.format(bash=BASH, log=self.log), encoding="utf-8")
        python.chmod(0o755)

    def run(self, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [str(self.home / "run.sh"), *arguments],
            cwd=self.caller,
            env={"PATH": str(self.path), "LANG": "C.UTF-8", **environment},
            capture_output=True,
            text=True,
            encoding="utf-8",
            timeout=60,
            check=False,
        )

    @property
    def installs(self) -> list[str]:
        return self.log.read_text(encoding="utf-8").splitlines() if self.log.exists() else []


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    if BASH is None or os.name != "posix":
        pytest.skip("the launcher needs bash")
    return Machine(tmp_path)


def test_without_a_python_the_owner_is_told_in_both_languages(machine: Machine) -> None:
    machine.add("python3", OLD_PYTHON)

    ended = machine.run()

    assert ended.returncode == 2
    assert ended.stdout == ""
    assert "Python 3.11 이상을 찾지 못했습니다" in ended.stderr
    assert "no Python 3.11 or newer was found" in ended.stderr


def test_the_bot_starts_where_the_caller_stands(machine: Machine) -> None:
    machine.add("python3.13", OLD_PYTHON)
    machine.add("python3.11", PYTHON)

    ended = machine.run("--prices", "my prices.csv")

    assert ended.returncode == 0, ended.stderr
    assert ended.stdout.splitlines() == [str(machine.caller), str(machine.home), "-P -m bot --prices my prices.csv"]
    assert "first start" in ended.stderr


def test_what_is_installed_is_not_installed_again(machine: Machine) -> None:
    machine.add("python3", PYTHON)
    machine.run()

    again = machine.run()

    assert again.stderr == ""
    assert len(machine.installs) == 1
    assert "--require-hashes" in machine.installs[0]


def test_changed_requirements_are_installed(machine: Machine) -> None:
    machine.add("python3", PYTHON)
    machine.run()

    with (machine.home / "requirements.txt").open("a", encoding="utf-8") as lock:
        lock.write("# changed\n")
    machine.run()

    assert len(machine.installs) == 2


def test_an_install_that_broke_off_is_done_again(machine: Machine) -> None:
    machine.add("python3", PYTHON)

    broken = machine.run(PIP_EXIT="1")
    mended = machine.run()

    assert (broken.returncode, broken.stdout) == (2, "")
    assert "설치에 실패했습니다" in broken.stderr
    assert mended.returncode == 0
    assert len(machine.installs) == 2


def test_an_environment_whose_python_is_gone_is_made_anew(machine: Machine) -> None:
    machine.add("python3", PYTHON)
    machine.run()

    (machine.home / ".venv/bin/python").write_text(OLD_PYTHON.format(bash=BASH), encoding="utf-8")

    assert machine.run().returncode == 0
    assert len(machine.installs) == 2


@pytest.mark.parametrize("where", ["environment", ".env"])
def test_a_ledger_in_postgresql_brings_its_driver(machine: Machine, where: str) -> None:
    machine.add("python3", PYTHON)
    url = "postgresql+psycopg://badukpan@db/badukpan"

    if where == "environment":
        machine.run(DATABASE_URL=url)
    else:
        (machine.home / ".env").write_text(f"DATABASE_URL={url}\n", encoding="utf-8")
        machine.run()

    assert [install.rpartition("/")[2] for install in machine.installs] == [
        "requirements.txt",
        "requirements-postgres.txt",
    ]


def test_in_the_image_nothing_is_installed(machine: Machine) -> None:
    machine.add("python3", PYTHON)

    ended = machine.run("--exit", BADUKPAN_IMAGE="1")

    assert ended.stdout.splitlines()[-1] == "-P -m bot --exit"
    assert machine.installs == []
    assert not (machine.home / ".venv").exists()
