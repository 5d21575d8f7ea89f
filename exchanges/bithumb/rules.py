"""Price units, volume step and minimum of Bithumb's won markets."""

from decimal import Decimal

from domain.instrument import TickTable
from exchanges.rules import VenueRules

# Source: the venue's published price units of won markets, in force since 2025-07-31; minimum total by its policy
# of 2026-08-11. Volumes have 8 decimals.
_KRW_UNITS = (
    ("0", "0.0001"),
    ("1", "0.001"),
    ("10", "0.01"),
    ("100", "1"),
    ("5000", "5"),
    ("10000", "10"),
    ("50000", "50"),
    ("100000", "100"),
    ("500000", "500"),
    ("1000000", "1000"),
)

RULES = VenueRules(
    currency="KRW",
    ticks=TickTable(tuple((Decimal(lower), Decimal(unit)) for lower, unit in _KRW_UNITS)),
    qty_step=Decimal("0.00000001"),
    notional_min=Decimal(5000),
    sessions=None,
)
