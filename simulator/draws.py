"""Chance without surprise: numbers drawn from a seed and a place, the same on every machine and after every restart."""

from __future__ import annotations

from hashlib import sha256


def below(bound: int, *place: object) -> int:
    """Draw a whole number from 0 to `bound - 1`; the same place gives the same number."""
    digest = sha256("/".join(str(part) for part in place).encode()).digest()
    return int.from_bytes(digest[:16], "big") % bound
