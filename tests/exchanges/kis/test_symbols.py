"""Names of shares: typed in Korean, in English or as a ticker, they lead to ticker and exchange."""

from argparse import Namespace

import pytest

from exchanges.kis.symbols import find, search, shares
from simulator.kis.opening import KisOpener
from tests.bot.test_settings import load


@pytest.mark.parametrize(
    ("typed", "symbol"),
    [
        ("tqqq", "TQQQ"),
        ("테슬라", "TSLA"),
        ("엔비디아", "NVDA"),
        ("구글", "GOOGL"),
        ("슈드", "SCHD"),
        ("coca cola", "KO"),
        ("palantir", "PLTR"),
        ("brk.b", "BRK/B"),
        ("나스닥 3배", "TQQQ"),
    ],
)
def test_a_name_finds_its_share_first(typed: str, symbol: str) -> None:
    assert search(typed)[0].symbol == symbol


def test_what_fits_worse_comes_later_and_what_does_not_fit_not_at_all() -> None:
    assert [share.symbol for share in search("테슬라")][:2] == ["TSLA", "TSLL"]
    assert search("삼성전자") == ()
    assert search("  ") == ()
    assert len(search("a")) == 10


def test_a_ticker_tells_its_exchange_and_one_that_is_not_listed_nothing() -> None:
    found = find("spy")

    assert found is not None
    assert (found.symbol, found.exchange_code, found.korean) == ("SPY", "AMEX", "SPDR S&P500")
    assert find("NOSUCH") is None


def test_every_entry_is_whole() -> None:
    listed = shares()

    assert len(listed) >= 150
    assert len({share.symbol for share in listed}) == len(listed)
    assert {share.exchange_code for share in listed} == {"NASD", "NYSE", "AMEX"}
    assert all(share.korean and share.english for share in listed)
    # Nothing may be named like the currency it is bought with.
    assert find("USD") is None


def test_every_share_can_be_set_and_traded_in_a_demo() -> None:
    for share in shares():
        assert load(EXCHANGE="KIS", KIS_SYMBOL=share.symbol).symbol == share.symbol
        assert KisOpener().flaw(Namespace(market=share.symbol)) is None
