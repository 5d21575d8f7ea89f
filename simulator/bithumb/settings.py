"""What can be set on a running Bithumb: its key, its strictness, every unverified fact of its wire."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from simulator.settings import CoreSettings

NAMES = {
    "insufficient_funds_bid": "insufficient_funds_bid",
    "insufficient_funds_ask": "insufficient_funds_ask",
    "under_min_total_bid": "under_min_total_bid",
    "under_min_total_ask": "under_min_total_ask",
    "invalid_price_bid": "invalid_price",
    "invalid_price_ask": "invalid_price",
    "nonce_used": "nonce_used",
    "unknown_key": "jwt_verification",
    "key_expired": "jwt_verification",
    "too_many_requests": "too_many_requests",
    "client_id_repeated": "invalid_parameter",
    "market_halted": "invalid_parameter",
}
"""Names of refusals that no official page tells, by our own name for the case: the sibling's, or the nearest known."""


class Warned(BaseModel):
    """One warning of the market."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    warning_type: Literal[
        "PRICE_SUDDEN_FLUCTUATION",
        "PRICE_DIFFERENCE_HIGH",
        "SPECIFIC_ACCOUNT_HIGH_TRANSACTION",
        "TRADING_VOLUME_SUDDEN_FLUCTUATION",
        "DEPOSIT_AMOUNT_SUDDEN_FLUCTUATION",
    ]
    warning_step: Literal["CAUTION", "WARNING", "DANGER"]
    end_date: str


class Notice(BaseModel):
    """One notice of the venue; times in its own zone."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    categories: tuple[str, ...] = ("안내",)
    title: str
    pc_url: str = "https://feed.bithumb.com/notice/1"
    published_at: str
    modified_at: str


class Settings(CoreSettings):
    """All settings; seconds are simulated seconds unless said otherwise."""

    market_state: str = "active"
    market_warning: Literal["NONE", "CAUTION"] = "NONE"
    warnings: tuple[Warned, ...] = ()
    notices: tuple[Notice, ...] = ()
    key_scopes: tuple[Literal["asset_read", "order_read", "order", "withdraw"], ...] = (
        "asset_read",
        "order_read",
        "order",
    )
    key_expire_at: datetime | None = None
    """None: a year after the market's begin."""
    key_ips: tuple[str, ...] = ()
    """Addresses from which the key may be used; empty: any."""
    member_blocked: bool = False

    timestamp_window_s: Decimal = Field(Decimal(30), gt=0)
    nonce_uuid: bool = True
    query_hash_form: Literal["raw", "sent", "either"] = "either"
    """Whether the hash is over the values as they are, or over the text as it was sent (percent-encoded)."""
    names: dict[str, str] = Field(default_factory=lambda: dict(NAMES))
    repeat_client_id: Literal["same_order", "refuse"] = "same_order"
    strict_parameters: bool = True
    """Refuse parameters that the sheet does not know."""
    rate_limits: bool = True
    public_per_s: int = Field(150, ge=1)
    private_per_s: int = Field(140, ge=1)
    batch_per_s: int = Field(20, ge=1)
    asset_orders_per_s: int | None = Field(None, ge=1)
    rate_closed_s: Decimal = Field(Decimal(1), ge=0)
    retry_after_header: bool = False
    chance_price_unit: bool = True
    max_total: Decimal = Decimal(1_000_000_000)
    """Shown by `chance`; not enforced."""
    done_rows_lack: tuple[str, ...] = ()
    """Fields that rows of closed orders lack."""
    absent_as: Literal["missing", "null"] = "missing"
    times_with_ms: bool = False
    history_by: Literal["created", "closed"] = "created"
    error_in_200: bool = True
    ticker_ahead_9h: bool = True
    book_zero_units: bool = True
    legacy_v1_orders: bool = False
    """Whether `POST /v1/orders` and `DELETE /v1/order` still answer."""
