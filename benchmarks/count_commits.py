"""The bot with its commits counted: `python -m benchmarks.count_commits FILE ARGUMENTS` writes their number to FILE."""

from __future__ import annotations

import runpy
import sqlite3
import sys
from pathlib import Path
from typing import Any
from unittest.mock import patch


class CommitCount:
    """Opens connections to SQLite as ever, and listens to what is said to them."""

    def __init__(self) -> None:
        """Begin with none."""
        self.commits = 0
        self._connect = sqlite3.connect

    def connect(self, *arguments: Any, **options: Any) -> sqlite3.Connection:  # noqa: ANN401  # whatever SQLite takes
        """Open a connection."""
        connection: sqlite3.Connection = self._connect(*arguments, **options)
        connection.set_trace_callback(self._hear)
        return connection

    def _hear(self, statement: str) -> None:
        if statement == "COMMIT":
            self.commits += 1


def main() -> None:
    """Run the bot as its own launcher does."""
    file = Path(sys.argv[1])
    count = CommitCount()
    sys.argv[1:] = sys.argv[2:]
    try:
        with patch.object(sqlite3, "connect", count.connect):
            runpy.run_module("bot", run_name="__main__", alter_sys=True)
    finally:
        file.write_text(str(count.commits), encoding="ascii")


if __name__ == "__main__":
    main()
