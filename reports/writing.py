"""Puts a report on the disk as a whole: the former one stands until the new one is complete."""

from __future__ import annotations

import json
import os
from contextlib import suppress
from typing import TYPE_CHECKING

from reports.rendering import page_of
from reports.statement import statement_of
from reports.twin import twin_of

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime
    from pathlib import Path

    from domain.session import MarketHours
    from ledger.reader import Reader
    from reports.statement import Statement
    from reports.wording import Wording

_PRIVATE_FOLDER = 0o700
_PRIVATE_FILE = 0o600


def write_report(
    reader: Reader,
    folder: Path,
    name: str,
    wording: Wording,
    *,
    at: datetime | None = None,
    hours: MarketHours | None = None,
) -> Path:
    """Write `name.html` and its twin `name.json` from one moment of the ledger; returns where the page is.

    `at` is when the report is made, shown on it, `hours` when the market trades (None: it never closes). The reader
    must have connections of its own. Raises `OSError` where the disk refuses, and `LookupError` where nothing has run
    yet; the former report then stands as it was.
    """
    with reader.frozen() as frozen:
        statement = statement_of(frozen, at, hours)
    return write_statement(statement, folder, name, wording)


def write_statement(statement: Statement, folder: Path, name: str, wording: Wording) -> Path:
    """Write page and twin of a statement; raises `OSError` where the disk refuses."""
    page = folder / f"{name}.html"
    twin = json.dumps(twin_of(statement, wording), ensure_ascii=False)
    write_whole({page: page_of(statement, wording), folder / f"{name}.json": f"{twin}\n"})
    return page


def write_whole(texts: Mapping[Path, str]) -> None:
    """Write files of one folder, all of them or none: each beside its place first, then renamed.

    Raises `OSError`; what stood there before then still stands.
    """
    parts = {path: path.with_name(f".{path.name}.{os.getpid()}.part") for path in texts}
    try:
        for path, part in parts.items():
            part.parent.mkdir(mode=_PRIVATE_FOLDER, parents=True, exist_ok=True)
            _write(part, texts[path])
        for path, part in parts.items():
            part.replace(path)
    except BaseException:
        for part in parts.values():
            with suppress(OSError):
                part.unlink(missing_ok=True)
        raise
    for folder in {path.parent for path in texts}:
        _flush(folder)


def _write(path: Path, text: str) -> None:
    number = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, _PRIVATE_FILE)
    with os.fdopen(number, "w", encoding="utf-8", newline="\n") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())


def _flush(folder: Path) -> None:
    number = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(number)
    finally:
        os.close(number)
