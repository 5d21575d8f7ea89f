"""Ticks, steps and hours of US shares through KIS."""

from decimal import Decimal

from domain.instrument import TickTable
from exchanges.rules import VenueRules
from exchanges.us_hours import us_hours

# Source: Rule 612 of Regulation NMS (17 CFR 242.612): nothing finer than a cent from one dollar up, nor than a
# hundredth of a cent below. No fractional shares by the broker's API.
RULES = VenueRules(
    currency="USD",
    ticks=TickTable(((Decimal(0), Decimal("0.0001")), (Decimal(1), Decimal("0.01")))),
    qty_step=Decimal(1),
    notional_min=Decimal(0),
    sessions=us_hours(),
)
