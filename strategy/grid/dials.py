"""The dials of a running grid: they move only where the lines could be laid so, would earn, and can be paid."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING

from domain.errors import GridRefused
from domain.events import Dial
from domain.reason import reason
from strategy.grid.epochs import faults_of

if TYPE_CHECKING:
    from domain.instrument import Instrument
    from strategy.grid.config import GridSettings
    from strategy.grid.state import GridState

_HUNDRED = Decimal(100)


def turned(
    state: GridState,
    settings: GridSettings,
    instrument: Instrument,
    dial: Dial,
    value: Decimal,
    *,
    order_max: Decimal | None,
) -> GridSettings:
    """Return the settings with a dial set otherwise, the gap in percent; raises `GridRefused` where it will not do.

    `order_max` is what one order may cost at most, in the quote currency; None: any sum.
    """
    if state.epoch is None:
        raise GridRefused(reason("dial_too_early"))
    if dial is Dial.GAP and settings.bounds is not None:
        raise GridRefused(reason("dial_in_bounds"))
    if value <= 0 or (dial is Dial.GAP and value >= _HUNDRED):
        raise GridRefused(reason("dial_out_of_range", dial=str(dial), value=value))
    if dial is Dial.GAP:
        asked = replace(settings, gap=value / _HUNDRED)
    else:
        asked = replace(settings, size=replace(settings.size, amount=value))
    if faults := faults_of(state, state.epoch, asked, instrument, order_max=order_max):
        raise GridRefused(*faults)
    return asked
