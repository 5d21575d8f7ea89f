"""KIS (한국투자증권): US shares against dollars, in New York's hours."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from exchanges.kis.overseas import KisOverseasExchange

__all__ = ["KisOverseasExchange"]


def __getattr__(name: str) -> object:
    """Load the adapter with its HTTP only when it is asked for: the rules do not need it."""
    if name != "KisOverseasExchange":
        raise AttributeError(name)
    from exchanges.kis.overseas import KisOverseasExchange

    return KisOverseasExchange
