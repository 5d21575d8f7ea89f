"""Ticks, steps and hours of US shares through KIS."""

from decimal import Decimal

from domain.instrument import TickTable
from exchanges.rules import VenueRules
from exchanges.us_hours import us_hours

# Source: the standard US rule (a cent from one dollar up, a hundredth of a cent below); no fractional shares by API.
RULES = VenueRules(
    currency="USD",
    ticks=TickTable(((Decimal(0), Decimal("0.0001")), (Decimal(1), Decimal("0.01")))),
    qty_step=Decimal(1),
    notional_min=Decimal(0),
    sessions=us_hours(),
)
