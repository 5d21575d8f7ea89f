"""Names of US shares: found by ticker, by Korean or by English name; what is not listed may still be traded."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

FOUND_MAX = 10

_NAMES = Path(__file__).with_name("names.toml")


@dataclass(frozen=True, slots=True)
class Share:
    """One share or ETF: its ticker, the exchange that orders name (`NASD`, `NYSE`, `AMEX`), and what it is called."""

    symbol: str
    exchange_code: str
    korean: str
    english: str
    other_names: tuple[str, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """Return everything it is called."""
        return (self.symbol, self.korean, self.english, *self.other_names)


@cache
def shares() -> tuple[Share, ...]:
    """Return all shares that are listed here."""
    return tuple(
        Share(symbol, code, korean, english, tuple(others))
        for group in tomllib.loads(_NAMES.read_text(encoding="utf-8")).values()
        for symbol, (code, korean, english, *others) in group.items()
    )


def find(ticker: str) -> Share | None:
    """Return the share with a ticker, in whatever letter case; None where it is not listed here."""
    wanted = _plain(ticker)
    return next((share for share in shares() if _plain(share.symbol) == wanted), None)


def search(text: str, count_max: int = FOUND_MAX) -> tuple[Share, ...]:
    """Return the shares whose ticker or name fits best, the best first; none for nothing."""
    wanted = _plain(text)
    if not wanted:
        return ()
    ranked = [(rank, place, share) for place, share in enumerate(shares()) if (rank := _rank(share, wanted))]
    ranked.sort(key=lambda each: each[:2])
    return tuple(share for _, _, share in ranked[:count_max])


def _rank(share: Share, wanted: str) -> int:
    """Return how well a share fits, 1 for the best, 0 for not at all."""
    names = [_plain(name) for name in share.names]
    fits = (
        names[0] == wanted,
        wanted in names,
        any(name.startswith(wanted) for name in names),
        any(wanted in name for name in names),
    )
    return next((rank for rank, fit in enumerate(fits, 1) if fit), 0)


def _plain(text: str) -> str:
    return "".join(letter for letter in text.casefold() if letter.isalnum())
