"""Bithumb's adapter keeps every venue's promises on the simulator, whichever way the open questions of the sheet go."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from tests.exchanges.bithumb_venue import market_at
from tests.exchanges.contract import ExchangeContract, Market


class TestBithumb(ExchangeContract):
    """The venue as the sheet takes it to be; it tells times to the second."""

    time_step = timedelta(seconds=1)
    codes = ("venue_", "bithumb_")

    @pytest.fixture
    def market(self, tmp_path: Path) -> Iterator[Market]:
        with market_at(tmp_path) as market:
            yield market


class TestBithumbOtherwise(ExchangeContract):
    """The venue where everything that the sheet leaves open is the other way round."""

    time_step = timedelta(seconds=1)
    codes = ("venue_", "bithumb_")

    @pytest.fixture
    def market(self, tmp_path: Path) -> Iterator[Market]:
        with market_at(
            tmp_path,
            absent_as="null",
            times_with_ms=True,
            user_cancel_type="user_cancel",
            history_by="closed",
            repeat_client_id="refuse",
            query_hash_form="sent",
            chance_price_unit=False,
            error_in_200=False,
            ticker_ahead_9h=False,
            book_zero_units=False,
            names={
                f"{name}_{side}": "something_else"
                for name in ("insufficient_funds", "under_min_total")
                for side in ("bid", "ask")
            },
        ) as market:
            yield market
