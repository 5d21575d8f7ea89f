"""Bithumb (빗썸): coins against won, around the clock."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from exchanges.bithumb.exchange import BithumbExchange

__all__ = ["BithumbExchange"]


def __getattr__(name: str) -> object:
    """Load the adapter with its HTTP and its signatures only when it is asked for: the rules need neither."""
    if name != "BithumbExchange":
        raise AttributeError(name)
    from exchanges.bithumb.exchange import BithumbExchange

    return BithumbExchange
