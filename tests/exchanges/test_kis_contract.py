"""KIS's adapter keeps every venue's promises on the simulator, in both of the broker's worlds."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.exchanges.contract import ExchangeContract, Market
from tests.exchanges.kis.desk import SYMBOL
from tests.exchanges.kis.venue import market_at


class TestKisPaper(ExchangeContract):
    """The practice account: one call a second, no list of open orders, each exchange's holdings apart."""

    symbol = SYMBOL
    off_ticks = ("9000.005",)
    codes = ("venue_", "kis_")

    @pytest.fixture
    def market(self, tmp_path: Path) -> Iterator[Market]:
        with market_at(tmp_path, "paper") as market:
            yield market


class TestKisLive(ExchangeContract):
    """The real account, where what the sheet leaves open is the other way round."""

    symbol = SYMBOL
    off_ticks = ("9000.005",)
    codes = ("venue_", "kis_")

    @pytest.fixture
    def market(self, tmp_path: Path) -> Iterator[Market]:
        with market_at(
            tmp_path,
            "live",
            listed="AMEX",
            padded_odno=False,
            tr_cont_blank=True,
            open_says_done=True,
            visible_after_s="0",
        ) as market:
            yield market
