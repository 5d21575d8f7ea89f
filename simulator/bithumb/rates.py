"""Counts requests per class and closes a class for a while when it was asked too fast."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from simulator.bithumb.wire import Refused
from simulator.clock import after

if TYPE_CHECKING:
    from datetime import datetime

    from simulator.bithumb.venue import BithumbVenue

PUBLIC = frozenset({"candles", "orderbook", "ticker", "trades", "other"})
_MICRO = 1_000_000


@dataclass(slots=True)
class _Bucket:
    """Tokens in millionths; refilled by the judge's clock."""

    tokens: int
    at: datetime
    closed_until: datetime


class RateJudge:
    """One bucket per address and class."""

    def __init__(self, venue: BithumbVenue) -> None:
        self._venue = venue
        self._buckets: dict[tuple[str, str], _Bucket] = {}

    def count(self, ip: str, group: str) -> dict[str, str]:
        """Take a token; returns the headers of the answer. Raises `Refused` where the class is closed."""
        if not self._venue.settings.rate_limits:
            return {}
        per_s = self._per_s(group)
        left = self._take(ip, group, per_s)
        if group not in PUBLIC:
            return {}
        return {
            "x-ratelimit-remaining": str(left),
            "x-ratelimit-requested-tokens": "1",
            "x-ratelimit-burst-capacity": str(per_s),
            "x-ratelimit-replenish-rate": str(per_s),
        }

    def count_asset(self, ip: str, asset: str) -> None:
        """Count a placement or cancel against the limit of one asset, where one is set."""
        per_s = self._venue.settings.asset_orders_per_s
        if per_s is not None and self._venue.settings.rate_limits:
            self._take(ip, f"asset {asset}", per_s)

    def _per_s(self, group: str) -> int:
        settings = self._venue.settings
        if group in PUBLIC:
            return settings.public_per_s
        return settings.batch_per_s if group == "batch" else settings.private_per_s

    def _take(self, ip: str, group: str, per_s: int) -> int:
        venue, now = self._venue, self._venue.judge_now()
        bucket = self._buckets.setdefault((ip, group), _Bucket(per_s * _MICRO, now, now))
        passed = max(now - bucket.at, timedelta()) // timedelta(microseconds=1)
        bucket.tokens = min(per_s * _MICRO, bucket.tokens + passed * per_s)
        bucket.at = now
        if now >= bucket.closed_until and bucket.tokens < _MICRO:
            bucket.closed_until = after(now, venue.settings.rate_closed_s)
            refused = True
        else:
            refused = now < bucket.closed_until
        if refused:
            wait = {"Retry_After": "1"} if venue.settings.retry_after_header else {}
            raise Refused(429, venue.settings.names["too_many_requests"], **wait)
        bucket.tokens -= _MICRO
        return bucket.tokens // _MICRO
