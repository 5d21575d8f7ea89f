"""What can be set on a running KIS: limits, delays, the lies of its lists, every unverified fact of its wire."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Literal

from pydantic import Field

from simulator.kis.codes import CODES
from simulator.kis.hours import DayPlan
from simulator.settings import CoreSettings


class KisSettings(CoreSettings):
    """All settings; seconds are simulated seconds unless said otherwise."""

    plans: dict[date, DayPlan] = Field(default_factory=dict)
    """Days of New York that trade otherwise than the rules say: `closed`, `half` or `full`."""
    halted: bool = False
    """Whether the share cannot be traded though the market is open."""

    rate_limits: bool = True
    live_per_s: int = Field(18, ge=1)
    paper_per_s: int = Field(1, ge=1)
    hashkey_counts: bool = False
    token_life_s: int = Field(86_400, ge=1)
    token_same_s: int = Field(21_600, ge=0)
    """How long after an issue the same token is given again."""
    token_gap_s: int = Field(60, ge=0)
    """How long after an issue the next one is refused."""
    end_tokens: Literal["expired", "revoked"] | None = None
    """A command: ends all tokens there are, then is none again."""
    live_key_quotes: bool = True
    """Whether the practice host answers quotes to a key of the real one."""

    strict_parameters: bool = True
    """Refuse parameters that the sheet does not know."""
    old_ids: bool = False
    """Whether the J ids of the former day ledger still work."""
    codes: dict[str, str] = Field(default_factory=lambda: dict(CODES))
    """`msg_cd` of refusals that no sheet tells, by our own name for the case."""

    visible_after_s: Decimal = Field(Decimal(1), ge=0)
    """How long a fresh order is missing from the lists, though balance and cash have moved."""
    expired_nccs: Literal["stays", "zero"] = "zero"
    """What a day order that has ended at the close says is still open."""
    open_price_zero: bool = False
    """Whether the row of an open order says no price."""
    open_says_done: bool = False
    """Whether the row of an open order says 완료, too: taken, not filled."""
    ccnl_missing: Decimal = Field(Decimal(0), ge=0, le=1)
    """How likely a row is left out of one answer."""
    ccnl_seed: str = "0"
    ccnl_repeats: bool = False
    """Whether an answer says its first row over and over."""
    live_rows: int = Field(20, ge=1, le=20)
    paper_rows: int = Field(15, ge=1, le=15)
    nccs_rows: int = Field(40, ge=1, le=40)
    padded_odno: bool = True
    """Whether the lists write order numbers with leading zeros."""
    tr_cont_blank: bool = False
    """A fault: the paging header comes blank on the last page."""
    settled_zero: bool = False
    """Whether a holding says 0 shares that can be sold, until it is settled."""
    listed_twice: bool = False
    """Whether a holding is shown under two exchanges."""

    fx_rate: Decimal = Field(Decimal(1350), gt=0)
    """Won for one dollar."""
    fx_drift: bool = True
    """Whether the rate is another one every day, by half a percent at most."""
    fx_seed: str = "1"
    cash_places: int = Field(2, ge=0, le=8)
    """To how many places spendable money is cut."""
