"""What a dollar costs in won: as it is set, and a little different on every day of Seoul."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from simulator.draws import below
from simulator.kis.hours import SEOUL

if TYPE_CHECKING:
    from datetime import date

    from simulator.kis.venue import KisVenue

_DRIFT = 50
"""Hundredths of a percent, at most."""
_UNIT = Decimal("0.01")


def won_rate(venue: KisVenue, day: date | None = None) -> Decimal:
    """Return won for one dollar on a date of Seoul; today's without one."""
    settings = venue.settings
    if not settings.fx_drift:
        return settings.fx_rate
    on = day or venue.now().astimezone(SEOUL).date()
    drift = below(2 * _DRIFT + 1, settings.fx_seed, "fx", on.isoformat()) - _DRIFT
    return (settings.fx_rate * (1 + Decimal(drift) / 10_000)).quantize(_UNIT)
