"""Any mark of Bithumb's on a market stops buying there, and a key's end is told in time."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from domain.reason import reason
from exchanges.bithumb import BithumbExchange
from exchanges.bithumb.cautions import ending_key, hold_on
from exchanges.bithumb.parsing import Market, MarketWarning
from reports.wording import sentences_of
from tests.exchanges.bithumb_desk import SYMBOL
from tests.exchanges.bithumb_venue import BithumbMarket, market_at
from tests.exchanges.stub import NOON, HandClock, Stub

DAY = timedelta(days=1)
LISTED = Market(SYMBOL, "비트코인", "Bitcoin", caution=False)
WARNED = {
    "PRICE_SUDDEN_FLUCTUATION": "bithumb_warned_price_jump",
    "PRICE_DIFFERENCE_HIGH": "bithumb_warned_price_apart",
    "SPECIFIC_ACCOUNT_HIGH_TRANSACTION": "bithumb_warned_few_accounts",
    "TRADING_VOLUME_SUDDEN_FLUCTUATION": "bithumb_warned_volume_jump",
    "DEPOSIT_AMOUNT_SUDDEN_FLUCTUATION": "bithumb_warned_deposit_jump",
    "SOMETHING_NEW": "bithumb_warned",
}


@pytest.fixture
def market(tmp_path: Path) -> Iterator[BithumbMarket]:
    with market_at(tmp_path) as market:
        yield market


def warned(ends_at: datetime | None, kind: str = "PRICE_DIFFERENCE_HIGH") -> MarketWarning:
    return MarketWarning(SYMBOL, kind, "DANGER", ends_at)


@pytest.mark.parametrize(("kind", "code"), WARNED.items())
@pytest.mark.parametrize("language", ["ko", "en"])
def test_every_warning_has_its_words(kind: str, code: str, language: str) -> None:
    why = hold_on(SYMBOL, (LISTED,), (warned(NOON + DAY, kind),), "active", NOON)

    assert why == reason(code, symbol=SYMBOL, kind=kind, step="DANGER", until="2026-11-21")
    assert sentences_of(language)[code].format(**why.plain_figures())


def test_a_warning_counts_until_the_day_of_its_end_is_over() -> None:
    assert hold_on(SYMBOL, (LISTED,), (warned(NOON),), None, NOON + DAY - timedelta(seconds=1)) is not None
    assert hold_on(SYMBOL, (LISTED,), (warned(NOON),), None, NOON + DAY) is None
    endless = hold_on(SYMBOL, (LISTED,), (warned(None),), None, NOON)
    assert endless is not None
    assert endless.plain_figures()["until"] == "?"


def test_a_market_that_is_not_listed_is_gone() -> None:
    assert hold_on(SYMBOL, (), (), "active", NOON) == reason("bithumb_market_gone", symbol=SYMBOL)


def test_a_market_under_caution_or_halted_or_warned_of_is_not_bought_in(market: BithumbMarket) -> None:
    warning = {"warning_type": "PRICE_DIFFERENCE_HIGH", "warning_step": "CAUTION", "end_date": "2026-03-09 09:00:00"}
    told = []
    for settings in (
        {"market_warning": "CAUTION"},
        {"warnings": [warning]},
        {"market_state": "preview", "warnings": []},
        {"market_state": "active", "market_warning": "NONE"},
    ):
        market.set(**settings)
        told.append(market.bithumb.buying_hold(SYMBOL))

    assert told == [
        reason("bithumb_market_caution", symbol=SYMBOL),
        reason(
            "bithumb_warned_price_apart",
            symbol=SYMBOL,
            kind="PRICE_DIFFERENCE_HIGH",
            step="CAUTION",
            until="2026-03-09",
        ),
        reason("bithumb_market_halted", symbol=SYMBOL, state="preview"),
        None,
    ]


def test_a_key_that_ends_within_a_month_is_told_with_its_days(market: BithumbMarket) -> None:
    ends_at = market.clock.now() + timedelta(days=20, hours=1)
    market.set(key_expire_at=ends_at.isoformat())

    (concern,) = market.bithumb.concerns()

    assert concern == reason("bithumb_key_expires_soon", date="2026-03-22", days=20)


def test_a_key_is_told_of_from_thirty_days_before_its_end_and_after_it() -> None:
    soon = ending_key(NOON + 30 * DAY, NOON)

    assert ending_key(NOON + 30 * DAY + timedelta(seconds=1), NOON) is None
    assert ending_key(None, NOON) is None
    assert soon is not None
    assert soon.plain_figures() == {"date": "2026-12-20", "days": "30"}
    assert ending_key(NOON, NOON) == reason("bithumb_key_expired")


def test_without_keys_only_the_market_and_the_clock_are_looked_at(stub: Stub, clock: HandClock) -> None:
    exchange = BithumbExchange(None, None, clock=clock, wait=clock.wait, nonce=str, base_url=stub.url)
    stub.date = NOON + timedelta(minutes=5)
    stub.says("GET", "/v1/market/all", [{"market": SYMBOL, "market_warning": "NONE"}])
    stub.says("GET", "/v1/market/virtual_asset_warning", [])

    hold = exchange.buying_hold(SYMBOL)
    (concern,) = exchange.concerns()
    exchange.close()

    assert (hold, concern.code) == (None, "venue_clock_off")
    assert {asked.path for asked in stub.asked} == {"/v1/market/all", "/v1/market/virtual_asset_warning"}
