"""The registry imports a venue only when it is chosen, and each venue's rules are the published ones."""

import os
import subprocess
import sys
from datetime import UTC, date, datetime
from decimal import Decimal
from itertools import pairwise

import pytest

from domain.instrument import Fees, Side, TickTable
from exchanges.registry import VENUES, venue_rules
from exchanges.rules import VenueRules
from tests.house.tree import ROOT

D = Decimal
FEES = Fees(D("0.0025"), D("0.0025"))


def modules_after(code: str) -> set[str]:
    """Which of our venues a fresh Python has loaded after some code."""
    shown = "import sys; print(*(name for name in sys.modules if name.startswith('exchanges.')))"
    done = subprocess.run(
        [sys.executable, "-P", "-c", f"{code}; {shown}"],
        env={"PYTHONPATH": str(ROOT), "PATH": os.environ.get("PATH", "")},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    return set(done.stdout.split())


def test_the_registry_alone_imports_no_venue() -> None:
    assert modules_after("import exchanges.registry") == {"exchanges.registry"}


def test_a_chosen_venue_comes_without_the_others() -> None:
    assert modules_after("from exchanges.registry import venue_rules; venue_rules('KIS')") == {
        "exchanges.registry",
        "exchanges.rules",
        "exchanges.kis",
        "exchanges.kis.rules",
        "exchanges.us_days",
        "exchanges.us_hours",
    }


@pytest.mark.parametrize("name", sorted(VENUES))
def test_every_entry_can_be_had(name: str) -> None:
    rules = venue_rules(name)

    assert isinstance(rules, VenueRules)
    assert rules.qty_step > 0


def test_a_name_that_is_not_there_is_refused() -> None:
    with pytest.raises(KeyError):
        venue_rules("MTGOX")


@pytest.mark.parametrize("name", sorted(VENUES))
def test_every_border_of_a_band_stands_on_the_ticks_of_both_sides(name: str) -> None:
    bands = venue_rules(name).ticks.bands

    assert bands[0][0] == 0
    assert [lower for lower, _ in bands] == sorted({lower for lower, _ in bands})
    for (_, below), (border, tick) in pairwise(bands):
        assert border % below == 0
        assert border % tick == 0


# Border, unit just under it, unit at it: the venue's table of price units of won markets.
WON_BORDERS = [
    ("1", "0.0001", "0.001"),
    ("10", "0.001", "0.01"),
    ("100", "0.01", "1"),
    ("5000", "1", "5"),
    ("10000", "5", "10"),
    ("50000", "10", "50"),
    ("100000", "50", "100"),
    ("500000", "100", "500"),
    ("1000000", "500", "1000"),
]
DOLLAR_BORDERS = [("1", "0.0001", "0.01")]


@pytest.mark.parametrize(
    ("name", "border", "under", "over"),
    [("BITHUMB", *row) for row in WON_BORDERS] + [("KIS", *row) for row in DOLLAR_BORDERS],
)
def test_the_price_unit_changes_exactly_at_its_border(name: str, border: str, under: str, over: str) -> None:
    ticks: TickTable = venue_rules(name).ticks
    edge, below, above = D(border), D(under), D(over)

    assert (ticks.at(edge - below), ticks.at(edge)) == (below, above)
    assert ticks.at(edge - D("1e-9")) == below
    assert (ticks.below(edge), ticks.above(edge)) == (edge - below, edge + above)
    assert (ticks.above(edge - below), ticks.below(edge + above)) == (edge, edge)
    # Rounded in the band of the price as given: up onto the border itself, down from just over it.
    assert (ticks.up(edge - below / 2), ticks.down(edge + above / 2)) == (edge, edge)


def test_bithumb_trades_coins_for_won_around_the_clock() -> None:
    rules = venue_rules("BITHUMB")
    coin = rules.instrument("KRW-BTC", FEES)

    assert (coin.symbol, coin.base, coin.quote, coin.fees) == ("KRW-BTC", "BTC", "KRW", FEES)
    assert (len(rules.ticks.bands), rules.sessions) == (len(WON_BORDERS) + 1, None)
    assert coin.round_qty(D("0.123456789")) == D("0.12345678")
    assert coin.placeable(D(5000), D(1))
    assert not coin.placeable(D(4999), D(1))
    assert coin.round_price(Side.BUY, D(150_000_499)) == D(150_000_000)
    assert coin.round_price(Side.SELL, D(150_000_499)) == D(150_001_000)
    assert not coin.whole_shares


def test_kis_trades_whole_us_shares_for_dollars_by_new_yorks_days() -> None:
    rules = venue_rules("KIS")
    share = rules.instrument("TQQQ", FEES)

    assert (share.symbol, share.base, share.quote) == ("TQQQ", "TQQQ", "USD")
    assert share.whole_shares
    assert share.round_qty(D("2.9")) == 2
    assert share.placeable(D("0.0001"), D(1))
    assert not share.placeable(D(10), D(0))
    assert rules.sessions is not None
    assert rules.sessions.date_of(datetime(2025, 1, 7, 4, 59, tzinfo=UTC)) == date(2025, 1, 6)
    assert rules.sessions.date_of(datetime(2025, 7, 7, 4, 0, tzinfo=UTC)) == date(2025, 7, 7)
