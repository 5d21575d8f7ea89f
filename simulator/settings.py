"""What can be set on every running simulator: fees, liquidity, delays, speed."""

from __future__ import annotations

from decimal import Decimal
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field


class CoreSettings(BaseModel):
    """The settings of the matching core; seconds are simulated seconds unless said otherwise."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    bid_fee: Decimal = Field(Decimal("0.0025"), ge=0, lt=1)
    ask_fee: Decimal = Field(Decimal("0.0025"), ge=0, lt=1)
    maker_bid_fee: Decimal = Field(Decimal("0.0025"), ge=0, lt=1)
    maker_ask_fee: Decimal = Field(Decimal("0.0025"), ge=0, lt=1)

    print_volume: Literal["unlimited", "candle"] = "unlimited"
    """`candle`: a print fills no more than its volume, so orders fill in parts."""
    jump_fill: Literal["print", "own"] = "print"
    """Where a bar opens beyond an order's price: it fills at the open (the bar rule), or at its own price."""
    spread_ticks: int = Field(1, ge=1)
    depth: Decimal | None = Field(None, gt=0)
    """Quantity of each level of the world's book; none: no end at the best level."""
    accept_delay_s: Decimal = Field(Decimal(0), ge=0)
    """How long an acknowledged order is `order_not_ready`."""
    cancel_delay_s: Decimal = Field(Decimal(0), ge=0)
    """How long an acknowledged cancel takes; the order may fill meanwhile."""
    user_cancel_type: str | None = None
    speed: Decimal | None = Field(None, gt=0)
    """Prints per real second at most; none: no cap."""

    judge_clock: Literal["simulated", "real"] = "simulated"
    """By which clock token times and request rates are judged; `real` is for clients that cannot read ours."""

    def patched(self, patch: dict[str, object]) -> Self:
        """Return a copy with some values changed; raises pydantic's `ValidationError`. Tables are merged."""
        merged = self.model_dump(mode="json")
        for name, value in patch.items():
            table = merged.get(name)
            merged[name] = table | value if isinstance(table, dict) and isinstance(value, dict) else value
        return type(self).model_validate(merged)
