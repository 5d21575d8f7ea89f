"""Finds and reads the project's own files, with or without version control."""

import ast
import io
import tokenize
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
FLOORS = {
    *("tools", "backtest", "bot", "reports", "messaging", "web"),
    *("strategy", "exchanges", "ledger", "simulator", "domain"),
}
_FOREIGN = {"build", "data", "dist", "node_modules", "__pycache__"}


@dataclass(frozen=True)
class Source:
    """One Python file: where it stands and what it says."""

    path: str  # relative to the root, with forward slashes
    text: str

    @property
    def floor(self) -> str:
        """Name the top folder; empty for a file at the root."""
        return self.path.rpartition("/")[0].partition("/")[0]

    @property
    def lines(self) -> list[str]:
        return self.text.splitlines()

    def nodes(self) -> Iterator[ast.AST]:
        yield from ast.walk(ast.parse(self.text, self.path))

    def comments(self) -> Iterator[tuple[int, str]]:
        """Give every comment with the number of its line."""
        for token in tokenize.generate_tokens(io.StringIO(self.text).readline):
            if token.type == tokenize.COMMENT:
                yield token.start[0], token.string


def _is_foreign(name: str) -> bool:
    return name in _FOREIGN or name.endswith(".egg-info") or (name.startswith(".") and name != ".ci")


def _walk(folder: Path) -> Iterator[Path]:
    for entry in sorted(folder.iterdir()):
        if entry.is_dir() and not entry.is_symlink():
            if not _is_foreign(entry.name):
                yield from _walk(entry)
        else:
            yield entry


@cache
def files() -> tuple[Path, ...]:
    """Every file of the project, relative to the root."""
    return tuple(path.relative_to(ROOT) for path in _walk(ROOT))


@cache
def sources() -> tuple[Source, ...]:
    """Every Python file of the project."""
    return tuple(
        Source(path.as_posix(), (ROOT / path).read_text(encoding="utf-8")) for path in files() if path.suffix == ".py"
    )


def shipped() -> tuple[Source, ...]:
    """Give the Python files an owner runs: no tests, no benchmarks."""
    return tuple(source for source in sources() if source.floor in FLOORS)


def read(name: str) -> str:
    """Read one text file at or below the root."""
    return (ROOT / name).read_text(encoding="utf-8")
