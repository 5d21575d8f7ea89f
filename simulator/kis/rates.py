"""Counts requests by key and refuses what is too fast; a refused one counts for nothing."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from simulator.kis.wire import gateway

if TYPE_CHECKING:
    from datetime import datetime

    from simulator.kis.venue import KisVenue

_MICRO = 1_000_000


@dataclass(slots=True)
class _Bucket:
    """Permits in millionths; refilled by the judge's clock."""

    permits: int
    at: datetime


class RateJudge:
    """One bucket per key; the practice account's is small."""

    def __init__(self, venue: KisVenue) -> None:
        self._venue = venue
        self._buckets: dict[str, _Bucket] = {}

    def count(self, app_key: str) -> None:
        """Take a permit; raises `Refused`."""
        venue = self._venue
        settings, now = venue.settings, venue.judge_now()
        if not settings.rate_limits:
            return
        on_paper = (app_key == venue.keys.app_key) == (venue.mode == "paper")
        per_s = settings.paper_per_s if on_paper else settings.live_per_s
        bucket = self._buckets.setdefault(app_key, _Bucket(per_s * _MICRO, now))
        passed = max(now - bucket.at, timedelta()) // timedelta(microseconds=1)
        bucket.permits = min(per_s * _MICRO, bucket.permits + passed * per_s)
        bucket.at = now
        if bucket.permits < _MICRO:
            raise gateway("EGW00201")
        bucket.permits -= _MICRO
