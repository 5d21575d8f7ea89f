"""Which venues there are; each is imported only when it is chosen."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from exchanges.rules import VenueRules


@dataclass(frozen=True, slots=True)
class VenueEntry:
    """Where a venue's parts stand, as `module:name`; `adapter` is empty while it is not built."""

    rules: str
    adapter: str = ""


VENUES: dict[str, VenueEntry] = {
    "BITHUMB": VenueEntry(rules="exchanges.bithumb.rules:RULES", adapter="exchanges.bithumb:BithumbExchange"),
    "KIS": VenueEntry(rules="exchanges.kis.rules:RULES", adapter="exchanges.kis:KisOverseasExchange"),
}


def load(place: str) -> Any:  # noqa: ANN401 - what stands there is known to its caller
    """Return what stands at `module:name`."""
    module, _, attribute = place.partition(":")
    return getattr(import_module(module), attribute)


def venue_rules(name: str) -> VenueRules:
    """Return the standing rules of a venue; raises `KeyError` for a name that is not in `VENUES`."""
    rules: VenueRules = load(VENUES[name].rules)
    return rules
