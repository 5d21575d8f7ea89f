"""The log: one line per fact on stderr, as text or JSON, in UTC, with every secret taken out."""

from __future__ import annotations

import json
import logging
import re
import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from bot.settings import LogFormat

if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import TextIO

_HIDDEN = "***"
_WHOLE_WORD_MAX = 5
"""A secret this short is taken out only where it stands alone; elsewhere it would make every line unreadable."""

_BEARER = re.compile(r"\b(bearer|basic)\s+[\w.~+/=-]{6,}", re.IGNORECASE)
_JWT = re.compile(r"\beyJ[\w-]{5,}\.[\w-]+(\.[\w-]*)?")

_TALKATIVE = ("apscheduler", "urllib3", "sqlalchemy", "alembic", "paho")


class Redaction(logging.Filter):
    """Replaces every known secret, and whatever looks like a bearer token or a JWT, by `***`."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        super().__init__()
        forms = {form for secret in secrets if secret for form in (secret, _percent_encoded(secret))}
        words = (_pattern(form) for form in sorted(forms, key=len, reverse=True))
        self._known = re.compile("|".join(words)) if forms else None

    def clean(self, text: str) -> str:
        """Take the secrets out of a text."""
        if self._known is not None:
            text = self._known.sub(_HIDDEN, text)
        return _JWT.sub(_HIDDEN, _BEARER.sub(rf"\1 {_HIDDEN}", text))

    def filter(self, record: logging.LogRecord) -> bool:
        """Clean the line, and the error that goes with it; every record passes."""
        record.msg, record.args = self.clean(record.getMessage()), ()
        if record.exc_info:
            record.exc_text = self.clean(logging.Formatter().formatException(record.exc_info))
            record.exc_info = None
        if record.stack_info:
            record.stack_info = self.clean(record.stack_info)
        return True


class TextLines(logging.Formatter):
    """A line for people: time in UTC, weight, where it comes from, what happened."""

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)s %(name)s: %(message)s")

    def formatTime(self, record: logging.LogRecord, datefmt: str | None = None) -> str:  # noqa: ARG002, N802 - its name and arguments are those of logging
        """Write the moment as ISO UTC with Z."""
        return _moment(record)


class JsonLines(logging.Formatter):
    """A line for machines: one JSON object."""

    def format(self, record: logging.LogRecord) -> str:
        """Write the record; line ends stay within the object."""
        line = {"at": _moment(record), "level": record.levelname, "from": record.name, "message": record.getMessage()}
        if record.exc_text:
            line["error"] = record.exc_text
        return json.dumps(line, ensure_ascii=False)


def start_logging(form: LogFormat, secrets: Iterable[str], *, to: TextIO | None = None) -> logging.Handler:
    """Let everything that is logged from now on go to one place, cleaned; returns the handler that does it."""
    handler = logging.StreamHandler(to or sys.stderr)
    handler.addFilter(Redaction(secrets))
    handler.setFormatter(JsonLines() if form is LogFormat.JSON else TextLines())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.INFO)
    for name in _TALKATIVE:
        logging.getLogger(name).setLevel(logging.WARNING)
    return handler


def _pattern(secret: str) -> str:
    escaped = re.escape(secret)
    return escaped if len(secret) > _WHOLE_WORD_MAX else rf"(?<!\w){escaped}(?!\w)"


def _percent_encoded(text: str) -> str:
    """Write a secret as it would stand in an address."""
    return re.sub(r"[^A-Za-z0-9_.~-]", lambda sign: "".join(f"%{byte:02X}" for byte in _bytes(sign[0])), text)


def _bytes(sign: str) -> bytes:
    return sign.encode("utf-8", "surrogatepass")


def _moment(record: logging.LogRecord) -> str:
    at = datetime.fromtimestamp(record.created, UTC)
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
