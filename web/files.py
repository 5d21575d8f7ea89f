"""The files that are handed out as they stand: reports from their folder, the page's style and script."""

from __future__ import annotations

import hashlib
import os
import re
import stat
from dataclasses import dataclass
from email.utils import formatdate, parsedate_to_datetime
from pathlib import Path

_REPORT = re.compile(r"[A-Za-z0-9_-]{1,64}_report\.(html|json)")
_STATIC = Path(__file__).parent / "static"
_KINDS = {
    ".css": "text/css",
    ".html": "text/html",
    ".js": "text/javascript",
    ".json": "application/json",
    ".svg": "image/svg+xml",
}


@dataclass(frozen=True, slots=True)
class Handout:
    """A file's content as it stood when it was opened, `kind` its content type."""

    body: bytes
    kind: str
    etag: str
    changed_s: int

    @property
    def changed(self) -> str:
        """Return when it was last written, as HTTP says it."""
        return formatdate(self.changed_s, usegmt=True)

    def is_known(self, etags: str | None, since: str | None) -> bool:
        """Whether a client that names what it has needs nothing new; the tag speaks before the time."""
        if etags is not None:
            return etags.strip() == "*" or self.etag in (tag.strip().removeprefix("W/") for tag in etags.split(","))
        if since is None:
            return False
        try:
            return self.changed_s <= int(parsedate_to_datetime(since).timestamp())
        except (TypeError, ValueError, OverflowError):
            return False


def report(folder: Path, name: str) -> Handout | None:
    """Read a report or its twin that stands directly in the folder; None where there is no such file of ours."""
    return _read(folder / name) if _REPORT.fullmatch(name) else None


def newest(folder: Path, name: str | None) -> tuple[str, str | None, int] | None:
    """Return the newest report's name, its twin's if there is one, and when it was written; None without a report."""
    if name is None or not name.endswith(".html") or not _REPORT.fullmatch(name):
        return None
    written_s, twin = _written_s(folder / name), name.removesuffix("html") + "json"
    if written_s is None:
        return None
    return name, twin if _written_s(folder / twin) is not None else None, written_s


def statics() -> dict[str, Handout]:
    """Read the page's own files, by name; they stay as they are while the bot runs."""
    found = ((path.name, _read(path)) for path in sorted(_STATIC.iterdir()))
    return {name: handout for name, handout in found if handout is not None}


def _written_s(path: Path) -> int | None:
    try:
        seen = path.lstat()
    except OSError:
        return None
    return int(seen.st_mtime) if stat.S_ISREG(seen.st_mode) else None


def _read(path: Path) -> Handout | None:
    try:
        # A link may lead out of the folder, and a pipe would keep its reader waiting.
        opened = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError:
        return None
    seen = os.fstat(opened)
    if not stat.S_ISREG(seen.st_mode):
        os.close(opened)
        return None
    with os.fdopen(opened, "rb") as file:
        body = file.read()
    kind = _KINDS[path.suffix]
    charset = "" if path.suffix == ".json" else "; charset=utf-8"
    etag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
    return Handout(body, kind + charset, etag, int(seen.st_mtime))
