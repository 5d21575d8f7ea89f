"""Starts simulators as processes of their own, and ends them whatever happens."""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.house.tree import ROOT
from tests.simulator.customer import HttpCustomer

Process = subprocess.Popen[bytes]


def command(folder: Path, *options: str) -> list[str]:
    return [sys.executable, "-m", "simulator", "bithumb", "--state", str(folder), *options]


@contextmanager
def running(folder: Path, *options: str, before: tuple[str, ...] = ()) -> Iterator[tuple[Process, HttpCustomer]]:
    """Start a simulator, behind another command if need be, and wait for its line; it is ended whatever happens."""
    process = subprocess.Popen(
        [*before, *command(folder, *options)], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert process.stdout is not None
    try:
        line = process.stdout.readline()
        assert line, process.communicate()
        yield process, HttpCustomer(json.loads(line))
    finally:
        if process.poll() is None:
            process.kill()
        process.communicate()
