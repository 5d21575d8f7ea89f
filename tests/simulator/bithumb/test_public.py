"""The public pages with the traps of the live ones."""

from decimal import Decimal
from typing import Any

import pytest

from simulator.bithumb.wire import millis
from simulator.calls import Call
from tests.simulator.customer import BEGIN, Customer, bar, make_venue

BARS = tuple(
    bar(minute, str(100 + minute), str(103 + minute), str(98 + minute), str(101 + minute)) for minute in range(20)
)


def played(prints: int) -> Customer:
    customer = Customer(make_venue(BARS))
    for _ in range(prints - 1):
        customer.step()
    return customer


def test_the_ticker_is_nine_hours_ahead_unless_told_otherwise() -> None:
    customer = played(2)

    ahead = customer.public("/v1/ticker", "markets=KRW-BTC")[1][0]
    customer.set(ticker_ahead_9h=False)
    right = customer.public("/v1/ticker", "markets=KRW-BTC")[1][0]

    now = millis(customer.venue.now())
    assert (ahead["timestamp"], ahead["trade_timestamp"]) == (now + 9 * 3600 * 1000,) * 2
    assert right["timestamp"] == now
    assert (ahead["trade_price"], ahead["opening_price"], ahead["low_price"]) == (98, 100, 98)
    assert (ahead["trade_time"], ahead["trade_time_kst"], ahead["change"]) == ("000015", "090015", "FALL")


def test_numbers_of_public_pages_are_numbers_with_all_their_digits() -> None:
    customer = Customer(make_venue((bar(0, "0.1234", "0.1234", "0.1234", "0.1234", volume="1.00000004"),)))

    answer = customer.door.answer(Call("GET", "/v1/ticker", "markets=KRW-BTC"))

    assert b'"trade_price":0.1234,' in answer.body
    assert b'"trade_volume":0.25000001,' in answer.body


def test_too_many_markets_and_unknown_ones_are_refused_as_they_are_live() -> None:
    customer = played(1)

    many = customer.public("/v1/ticker", "markets=" + ",".join(["KRW-BTC"] * 201))
    unknown = customer.public("/v1/ticker", "markets=KRW-NONE")
    missing = customer.public("/v1/ticker")
    customer.set(error_in_200=False)

    assert many[0] == 400
    assert unknown == (200, {"error": {"name": 404, "message": "Code not found"}})
    assert (missing[0], missing[1]["error"]["name"]) == (200, 400)
    assert customer.public("/v1/ticker", "markets=KRW-NONE")[0] == 404
    assert customer.public("/v1/nothing")[0] == 404
    assert customer.send(Call("POST", "/v1/ticker"))[1]["name"] == "not_found"


def test_the_book_has_thirty_units_true_time_own_orders_and_empty_units() -> None:
    customer = Customer(make_venue(cash="100000000"))
    customer.placed("bid", "89999000", "0.5")

    row = customer.public("/v1/orderbook", "markets=KRW-BTC")[1][0]
    units = row["orderbook_units"]

    assert (len(units), row["timestamp"]) == (30, millis(BEGIN))
    assert (units[0]["bid_price"], units[0]["ask_price"]) == (90_000_000, 90_001_000)
    assert units[1]["bid_size"] == Decimal("12.8456")
    assert units[-1]["ask_size"] == units[-1]["bid_size"] == 0
    customer.set(book_zero_units=False)
    assert customer.public("/v1/orderbook", "markets=KRW-BTC")[1][0]["orderbook_units"][-1]["ask_size"] > 0
    assert len(customer.public("/v1/orderbook", "markets=KRW-BTC,KRW-BTC")[1][0]["orderbook_units"]) == 15


def candles(customer: Customer, what: str, query: str) -> list[dict[str, Any]]:
    status, rows = customer.public(f"/v1/candles/{what}", f"market=KRW-BTC&{query}")
    assert status == 200, rows
    return list(rows)


def test_candles_come_newest_first_with_the_running_one_and_one_by_default() -> None:
    customer = played(4 * 3 + 2)

    running = candles(customer, "minutes/1", "")
    rows = candles(customer, "minutes/1", "count=10")

    assert len(running) == 1
    assert [row["candle_date_time_kst"][11:16] for row in rows] == ["09:03", "09:02", "09:01", "09:00"]
    keys = ("opening_price", "high_price", "low_price", "trade_price", "candle_acc_trade_volume")
    assert [rows[0][key] for key in keys] == [103, 103, 101, 101, 2]
    assert [rows[1][key] for key in keys] == [102, 105, 100, 103, 4]
    assert rows[1]["candle_acc_trade_price"] == 102 + 100 + 105 + 103


def test_the_end_of_candles_is_exclusive_local_and_without_a_zone() -> None:
    customer = played(40)

    rows = candles(customer, "minutes/1", "count=2&to=2026-03-02T09:05:00")

    assert [row["candle_date_time_utc"][11:16] for row in rows] == ["00:04", "00:03"]
    for wrong in ("to=2026-03-02T00:05:00Z", "to=2026-03-02T09:05:00%2B09:00", "to=x", "count=201", "count=0"):
        assert customer.public("/v1/candles/minutes/1", f"market=KRW-BTC&{wrong}")[0] == 400


def test_longer_candles_lie_on_the_local_grid() -> None:
    flat = ("100", "100", "100", "100")
    customer = Customer(make_venue((bar(0, *flat), bar(1, *flat), bar(16 * 60, "110", "110", "110", "110"))))
    for _ in range(11):
        customer.step()

    days = candles(customer, "days", "count=5&convertingPriceUnit=KRW")
    fours = candles(customer, "minutes/240", "count=5")

    # 2026-03-02 00:00 UTC is nine in the morning; the day opened at 15:00 UTC of the day before.
    assert [row["candle_date_time_utc"] for row in days] == ["2026-03-02T15:00:00", "2026-03-01T15:00:00"]
    assert (days[0]["prev_closing_price"], days[0]["change_price"], days[0]["converted_trade_price"]) == (100, 10, 110)
    assert [row["candle_date_time_utc"] for row in fours] == ["2026-03-02T15:00:00", "2026-03-01T23:00:00"]
    assert candles(customer, "weeks", "")[0]["first_day_of_period"] == "2026-03-02"
    assert candles(customer, "months", "")[0]["candle_date_time_utc"] == "2026-02-28T15:00:00"


@pytest.mark.parametrize("unit", ["days", "weeks", "minutes/60"])
def test_before_the_first_candle_there_is_none(unit: str) -> None:
    assert candles(played(5), unit, "count=5&to=2026-01-01T00:00:00") == []


def test_five_minutes_are_five_single_ones() -> None:
    row = candles(played(80), "minutes/5", "count=2")[1]

    keys = ("opening_price", "high_price", "low_price", "trade_price", "candle_acc_trade_volume", "unit")
    assert [row[key] for key in keys] == [110, 117, 108, 115, 20, 5]


def test_trades_come_newest_first_and_their_ids_go_beyond_a_binary_fraction() -> None:
    customer = played(5)

    rows = customer.public("/v1/trades/ticks", "market=KRW-BTC&count=3")[1]
    older = customer.public("/v1/trades/ticks", f"market=KRW-BTC&count=9&cursor={rows[1]['sequential_id']}")[1]

    assert [row["trade_price"] for row in rows] == [101, 101, 103]
    assert rows[0]["sequential_id"] > 2**53
    assert [row["trade_price"] for row in older] == [103, 98, 100]
    assert len(customer.public("/v1/trades/ticks", "market=KRW-BTC")[1]) == 1


def test_warnings_and_notices_are_what_is_set() -> None:
    customer = played(1)
    assert customer.public("/v1/market/virtual_asset_warning")[1] == []
    warned = {"warning_type": "PRICE_DIFFERENCE_HIGH", "warning_step": "CAUTION", "end_date": "2026-03-03 07:00:00"}
    notice = {"title": "점검", "published_at": "2026-03-02 09:00:00", "modified_at": "2026-03-02 09:00:00"}
    customer.set(market_warning="CAUTION", warnings=[warned], notices=[notice])

    assert customer.public("/v1/market/virtual_asset_warning")[1] == [{"market": "KRW-BTC", **warned}]
    assert customer.public("/v1/notices", "count=1")[1][0]["title"] == "점검"
    assert "market_warning" not in customer.public("/v1/market/all")[1][0]
    assert customer.public("/v1/market/all", "isDetails=true")[1][0]["market_warning"] == "CAUTION"


@pytest.mark.parametrize("path", ["/v1/ticker", "/v1/orderbook"])
def test_public_answers_tell_what_is_left_of_the_rate(path: str) -> None:
    answer = played(1).door.answer(Call("GET", path, "markets=KRW-BTC"))

    assert (answer.headers["x-ratelimit-remaining"], answer.headers["x-ratelimit-burst-capacity"]) == ("149", "150")
