"""The real clock and real chance, for what cannot be simulated: pacing, fresh keys, the real-time judge."""

from __future__ import annotations

import secrets
from datetime import UTC, datetime


def real_now() -> datetime:
    """Return the machine's time."""
    return datetime.now(UTC)


def fresh_key() -> str:
    """Return a new random key in hexadecimal digits."""
    return secrets.token_hex(24)
