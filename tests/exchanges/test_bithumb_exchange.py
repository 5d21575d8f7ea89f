"""Bithumb's adapter: what is looked up is read whole, and nothing but a full answer proves anything."""

from datetime import timedelta
from decimal import Decimal
from urllib.parse import parse_qsl

import pytest

from domain.account import Balance
from domain.errors import AuthRefused, OrderNotReady, VenueUnavailable
from domain.exact import ZERO
from domain.instrument import Fees
from exchanges.bithumb import BithumbExchange
from exchanges.bithumb.rules import RULES
from exchanges.refusals import KeyRefused
from tests.exchanges.bithumb_desk import ACCESS, SYMBOL, Json, claims_of, order_v1
from tests.exchanges.stub import NOON, HandClock, Said, Stub, error, page

# Looking up


def test_one_order_is_read_by_its_id(stub: Stub, exchange: BithumbExchange) -> None:
    stub.says("GET", "/v1/order", order_v1())

    assert exchange.get_order("C1").order_id == "C1"
    assert stub.asked[0].query == "uuid=C1"


def test_another_orders_answer_is_refused(stub: Stub, exchange: BithumbExchange) -> None:
    stub.says("GET", "/v1/order", order_v1("C2"))

    with pytest.raises(VenueUnavailable):
        exchange.get_order("C1")
    with pytest.raises(VenueUnavailable):
        exchange.find_order("bp0a1b2c-c1")


def test_an_order_is_found_by_our_id_or_proven_absent(stub: Stub, exchange: BithumbExchange) -> None:
    stub.says("GET", "/v1/order", order_v1(), error(404, "order_not_found"))

    found = exchange.find_order("bp0a1b2c-c1")

    assert found is not None
    assert found.order_id == "C1"
    assert exchange.find_order("bp0a1b2c-c1") is None
    assert stub.asked[0].query == "client_order_id=bp0a1b2c-c1"


@pytest.mark.parametrize(
    "said",
    [
        page(404),
        Said(404, {"name": "not_found", "message": "No Route matched with those values"}),
        error(200, 404),
        error(404, 404),
        error(404, "deposit_not_found"),
        Said(500, {}),
        Said(drop=True),
        Said(value={}),
    ],
)
def test_no_other_answer_proves_an_order_absent(stub: Stub, exchange: BithumbExchange, said: Said) -> None:
    stub.says("GET", "/v1/order", said)

    with pytest.raises(VenueUnavailable):
        exchange.find_order("bp0a1b2c-c1")


def test_an_order_that_is_being_taken_in_exists(stub: Stub, exchange: BithumbExchange) -> None:
    stub.says("GET", "/v1/order", error(422, "order_not_ready"), order_v1())

    with pytest.raises(OrderNotReady):
        exchange.find_order("bp0a1b2c-c1")

    assert len(stub.asked) == 1
    assert exchange.find_order("bp0a1b2c-c1") is not None


def test_every_attempt_of_a_read_is_signed_anew(stub: Stub, exchange: BithumbExchange) -> None:
    stub.says("GET", "/v1/accounts", Said(500, {}), Said(500, {}), [])

    assert exchange.get_balance() == ()

    assert len({str(claims_of(asked)["nonce"]) for asked in stub.asked}) == 3


# Time, keys


def test_a_machine_whose_clock_is_minutes_off_signs_with_the_venues_time(
    stub: Stub, clock: HandClock, exchange: BithumbExchange
) -> None:
    clock.at = NOON - timedelta(minutes=5)
    stub.says("GET", "/v1/accounts", error(401, "expired_jwt"), [])

    assert exchange.get_balance() == ()

    assert claims_of(stub.asked[1])["timestamp"] == int(NOON.timestamp()) * 1000
    assert exchange.clock_offset == timedelta(minutes=5)
    warning = exchange.clock_warning()
    assert warning is not None
    assert warning.plain_figures() == {"seconds": "300"}


def test_a_refused_time_is_told_where_the_clock_is_right(stub: Stub, exchange: BithumbExchange) -> None:
    stub.says("GET", "/v1/accounts", error(401, "expired_jwt"))

    with pytest.raises(KeyRefused) as refused:
        exchange.get_balance()

    assert refused.value.why.code == "bithumb_time_refused"
    assert len(stub.asked) == 1


def test_a_refused_key_is_asked_once(stub: Stub, exchange: BithumbExchange) -> None:
    stub.says("GET", "/v1/accounts", error(401, "NotAllowIP", "IP 203.0.113.7"))

    with pytest.raises(AuthRefused):
        exchange.get_balance()

    assert len(stub.asked) == 1


def test_the_end_of_our_key_is_read(stub: Stub, exchange: BithumbExchange) -> None:
    other = {"access_key": "other", "expire_at": "2026-01-01T00:00:00+09:00"}
    ours = {"access_key": ACCESS, "expire_at": "2026-11-30T12:00:00+09:00"}
    stub.says("GET", "/v1/api_keys", [other, ours], [other])

    assert exchange.key_expires_at() == NOON + timedelta(days=10)
    assert exchange.key_expires_at() is None
    assert "query_hash" not in claims_of(stub.asked[0])


# Balance, market


def test_balances_are_read_whole(stub: Stub, exchange: BithumbExchange) -> None:
    stub.says(
        "GET",
        "/v1/accounts",
        [
            {"currency": "KRW", "balance": "1000000.5", "locked": "9523.75", "unit_currency": "KRW"},
            {"currency": "BTC", "balance": "0.1", "locked": "0", "avg_buy_price": "1"},
        ],
    )

    assert exchange.get_balance() == (
        Balance("KRW", Decimal("1000000.5"), Decimal("9523.75")),
        Balance("BTC", Decimal("0.1"), ZERO),
    )


@pytest.mark.parametrize("said", [error(200, 400), Said(value={}), Said(value=[{"currency": "KRW"}]), page(200)])
def test_a_broken_balance_is_never_an_empty_one(stub: Stub, exchange: BithumbExchange, said: Said) -> None:
    stub.says("GET", "/v1/accounts", said)

    with pytest.raises(VenueUnavailable):
        exchange.get_balance()


def test_an_instrument_has_the_venues_fees_until_it_is_refreshed(stub: Stub, exchange: BithumbExchange) -> None:
    rules = {"bid": {"min_total": "5000"}, "ask": {"min_total": "5000"}, "state": "active"}
    stub.says(
        "GET",
        "/v1/orders/chance",
        {"bid_fee": "0.0004", "ask_fee": "0.0004", "market": rules},
        {"bid_fee": "0.0025", "market": {}},
    )

    first, cached = exchange.instrument(SYMBOL), exchange.instrument(SYMBOL)

    assert first == cached == RULES.instrument(SYMBOL, Fees(Decimal("0.0004"), Decimal("0.0004")))
    assert len(stub.asked) == 1
    assert exchange.refresh_instrument(SYMBOL).fees == Fees(Decimal("0.0025"), Decimal("0.0025"))
    assert exchange.instrument(SYMBOL).fees.buy == Decimal("0.0025")


def test_a_quote_joins_ticker_and_book(stub: Stub, exchange: BithumbExchange) -> None:
    stub.says("GET", "/v1/ticker", [{"market": SYMBOL, "trade_price": 143250000.0}])
    unit = {"ask_price": 143251000, "bid_price": 143250000, "ask_size": 0.1, "bid_size": 0.2}
    stub.says("GET", "/v1/orderbook", [{"market": SYMBOL, "orderbook_units": [unit]}])

    quote = exchange.get_quote(SYMBOL)

    assert (quote.last, quote.bid, quote.ask) == (Decimal(143250000), Decimal(143250000), Decimal(143251000))
    assert quote.at == NOON
    assert [asked.query for asked in stub.asked] == [f"markets={SYMBOL}"] * 2
    assert all("Authorization" not in asked.headers for asked in stub.asked)


def test_an_error_in_a_200_is_no_quote(stub: Stub, exchange: BithumbExchange) -> None:
    stub.says("GET", "/v1/ticker", error(200, 404, "Code not found"))

    with pytest.raises(VenueUnavailable):
        exchange.get_quote("KRW-NOPE")
    with pytest.raises(VenueUnavailable):
        exchange.get_quote("nope")

    assert len(stub.asked) == 1


def bar(minutes_ago: int) -> Json:
    at = NOON - timedelta(minutes=minutes_ago)
    prices: Json = dict.fromkeys(("opening_price", "high_price", "low_price", "trade_price"), 5)
    return prices | {"candle_date_time_utc": at.isoformat()[:19], "candle_acc_trade_volume": 1.5}


def test_candles_are_paged_back_in_korean_time(stub: Stub, exchange: BithumbExchange) -> None:
    stub.says("GET", "/v1/candles/minutes/1", [bar(i) for i in range(200)], [bar(i) for i in range(200, 250)])

    bars = exchange.candles(SYMBOL, interval_s=60, count=250)

    assert [each.at for each in bars] == [NOON - timedelta(minutes=i) for i in range(249, -1, -1)]
    assert dict(parse_qsl(stub.asked[0].query)) == {"market": SYMBOL, "count": "200"}
    assert dict(parse_qsl(stub.asked[1].query)) == {"market": SYMBOL, "to": "2026-11-20T08:41:00", "count": "50"}


def test_candles_end_where_the_history_does(stub: Stub, exchange: BithumbExchange) -> None:
    stub.says("GET", "/v1/candles/days", [bar(0)], [])

    assert len(exchange.candles(SYMBOL, interval_s=86_400, count=5)) == 1
    assert exchange.candles(SYMBOL, interval_s=86_400, count=0) == ()
    with pytest.raises(ValueError, match="no bars"):
        exchange.candles(SYMBOL, interval_s=61, count=1)


def test_markets_and_warnings_are_read(stub: Stub, exchange: BithumbExchange) -> None:
    market = {"market": SYMBOL, "korean_name": "비트코인", "english_name": "Bitcoin", "market_warning": "CAUTION"}
    stub.says("GET", "/v1/market/all", [market])
    warning = {"warning_type": "PRICE_DIFFERENCE_HIGH", "warning_step": "CAUTION", "end_date": "2026-11-20 12:00:00"}
    stub.says(
        "GET", "/v1/market/virtual_asset_warning", [warning | {"market": SYMBOL}, warning | {"market": "KRW-ETH"}]
    )

    assert [each.caution for each in exchange.markets()] == [True]
    assert [(each.symbol, each.ends_at) for each in exchange.warnings(SYMBOL)] == [(SYMBOL, NOON)]
