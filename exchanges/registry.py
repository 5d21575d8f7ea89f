"""Which venues there are; each is imported only when it is chosen."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from exchanges.rules import VenueRules


@dataclass(frozen=True, slots=True)
class VenueEntry:
    """Where a venue's parts stand, as `module:name`; `adapter` is empty while it is not built."""

    rules: str
    adapter: str = ""


VENUES: dict[str, VenueEntry] = {
    "BITHUMB": VenueEntry(rules="exchanges.bithumb.rules:RULES", adapter="exchanges.bithumb:BithumbExchange"),
    "KIS": VenueEntry(rules="exchanges.kis.rules:RULES"),
}


def venue_rules(name: str) -> VenueRules:
    """Return the standing rules of a venue; raises `KeyError` for a name that is not in `VENUES`."""
    module, _, attribute = VENUES[name].rules.partition(":")
    rules: VenueRules = getattr(import_module(module), attribute)
    return rules
