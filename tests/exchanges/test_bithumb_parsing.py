"""Bithumb's answers: what is missing is rebuilt, what cannot be is refused by type, and nothing else ever happens."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.errors import VenueError
from domain.exact import ZERO
from domain.instrument import Side
from domain.order import OrderState
from exchanges.bithumb import fields, parsing
from exchanges.bithumb.errors import complaint_in, for_placing
from exchanges.bithumb.executions import split_fee
from exchanges.transport import Reply, Unreadable
from tests.exchanges.bithumb_desk import SYMBOL, Json, filled_v1, history, order_v1, order_v2, trade
from tests.exchanges.stub import NOON


def read(row: Json) -> parsing.OrderRow:
    return parsing.order_row(row, NOON)


def test_an_order_at_rest_is_read_by_the_names_of_both_versions() -> None:
    first, second = read(order_v1()), read(order_v2(order_v1()))

    assert first == second
    order = first.order
    assert (order.order_id, order.client_order_id, order.symbol, order.side) == ("C1", "bp0a1b2c-c1", SYMBOL, Side.BUY)
    assert (order.price, order.qty, order.filled, order.fee) == (Decimal(9500000), Decimal("0.001"), ZERO, ZERO)
    assert order.state is OrderState.OPEN
    assert order.at == datetime(2026, 11, 20, 2, 59, tzinfo=UTC)


def test_an_ask_sells() -> None:
    assert read(order_v1(side="ask")).order.side is Side.SELL


@pytest.mark.parametrize(
    ("changes", "state", "filled"),
    [
        ({}, OrderState.OPEN, "0"),
        ({"executed_volume": "0.0004", "remaining_volume": "0.0006"}, OrderState.PARTIALLY_FILLED, "0.0004"),
        ({"executed_volume": None, "remaining_volume": "0.0006"}, OrderState.PARTIALLY_FILLED, "0.0004"),
        (
            {"volume": None, "executed_volume": "0.0004", "remaining_volume": "0.0006"},
            OrderState.PARTIALLY_FILLED,
            "0.0004",
        ),
        ({"state": "watch"}, OrderState.OPEN, "0"),
        ({"state": "trade", "executed_volume": "0.0004"}, OrderState.PARTIALLY_FILLED, "0.0004"),
        ({"executed_volume": "0.001"}, OrderState.FILLED, "0.001"),
        ({"state": "done", "executed_volume": "0.001"}, OrderState.FILLED, "0.001"),
        ({"state": "done", "executed_volume": None, "remaining_volume": None}, OrderState.FILLED, "0.001"),
        ({"state": "done", "executed_volume": "0.0004"}, OrderState.PARTIALLY_FILLED, "0.0004"),
        ({"state": "done", "executed_volume": "0.0004", "time_in_force": "ioc"}, OrderState.CANCELED, "0.0004"),
        ({"state": "done", "executed_volume": "0.0004", "ord_type": "market"}, OrderState.CANCELED, "0.0004"),
        ({"state": "cancel"}, OrderState.CANCELED, "0"),
        ({"state": "cancel", "executed_volume": "0.0004"}, OrderState.CANCELED, "0.0004"),
        ({"state": "cancel", "executed_volume": "0.001"}, OrderState.FILLED, "0.001"),
        ({"state": "cancel", "volume": None, "price": None}, OrderState.CANCELED, "0"),
    ],
)
def test_the_fills_count_before_the_state_does(changes: Json, state: OrderState, filled: str) -> None:
    order = read(order_v1(**changes)).order

    assert (order.state, order.filled) == (state, Decimal(filled))


def test_a_finished_order_is_rebuilt_from_its_trades() -> None:
    missing = dict.fromkeys(
        (
            "volume",
            "remaining_volume",
            "price",
            "paid_fee",
            "reserved_fee",
            "remaining_fee",
            "executed_volume",
            "created_at",
        )
    )

    row = read(filled_v1(**missing))

    assert (row.order.price, row.order.qty, row.order.filled) == (Decimal(9500000), Decimal("0.001"), Decimal("0.001"))
    assert (row.order.state, row.order.at, row.fee) == (OrderState.FILLED, NOON, None)


def test_a_price_is_rebuilt_from_the_funds_where_there_are_no_trades() -> None:
    row = read(filled_v1(price=None, trades=None))

    assert row.order.price == Decimal(9500000)


def test_a_missing_fee_is_what_is_left_of_the_reserved_one_gone() -> None:
    assert read(filled_v1(paid_fee=None)).fee == Decimal("23.75")
    assert read(filled_v1(paid_fee=None, reserved_fee="0")).fee is None


@pytest.mark.parametrize(
    "changes",
    [
        {"state": "shiny"},
        {"state": None},
        {"side": "buy"},
        {"uuid": None},
        {"market": None},
        {"price": None},
        {"price": "9,500,000"},
        {"price": "-1"},
        {"volume": None, "remaining_volume": None},
        {"volume": True},
        {"volume": "1e99"},
        {"executed_volume": "NaN"},
        {"created_at": "yesterday"},
        {"created_at": "0001-01-01T00:00:00+09:00"},
        {"trades": {}},
        {"trades": [{}]},
        {"trades": [trade("T1", "0", "11:59:30")]},
        {"state": "done", "volume": None, "executed_volume": None, "remaining_volume": None},
    ],
)
def test_what_cannot_be_read_is_refused(changes: Json) -> None:
    with pytest.raises(Unreadable):
        read(order_v1(**changes))


def test_a_page_without_a_word_on_more_is_not_taken_for_whole() -> None:
    whole = history(order_v1())
    del whole["has_next"]

    with pytest.raises(Unreadable):
        parsing.page(whole)


TICKER: Json = {
    "market": SYMBOL,
    "trade_price": Decimal("143250000.0"),
    "trade_date_kst": "20261120",
    "trade_time_kst": "115958",
}
BOOK: Json = {
    "market": SYMBOL,
    "orderbook_units": [
        {"ask_price": 0, "bid_price": 0, "ask_size": 0, "bid_size": 0},
        {"ask_price": 143240000, "bid_price": 143239000, "ask_size": 0, "bid_size": Decimal("0.0")},
        {"ask_price": 143260000, "bid_price": 143210000, "ask_size": Decimal("0.1"), "bid_size": Decimal("0.5")},
        {"ask_price": 143251000, "bid_price": 143230000, "ask_size": Decimal("0.1"), "bid_size": Decimal("0.5")},
    ],
}


def test_a_quote_has_the_best_prices_that_have_a_size() -> None:
    quote = parsing.quote([TICKER], [BOOK], SYMBOL, NOON)

    assert (quote.last, quote.bid, quote.ask) == (Decimal(143250000), Decimal(143230000), Decimal(143251000))
    assert quote.at == NOON - timedelta(seconds=2)


def test_an_empty_book_has_no_best_prices() -> None:
    assert parsing.best_prices([{"market": SYMBOL, "orderbook_units": []}], SYMBOL) == (None, None)


@pytest.mark.parametrize(
    ("ahead", "seen"),
    [
        (timedelta(hours=9, seconds=-2), timedelta(seconds=-2)),  # Korean wall clock counted as UTC
        (timedelta(seconds=-2), timedelta(seconds=-2)),  # the day the venue mends it
        (timedelta(hours=30), timedelta(0)),  # never later than now
    ],
)
def test_the_tickers_time_is_brought_back_from_the_future(ahead: timedelta, seen: timedelta) -> None:
    row = {"market": SYMBOL, "trade_price": 1, "trade_timestamp": int((NOON + ahead).timestamp()) * 1000}

    assert parsing.quote([row], [BOOK], SYMBOL, NOON).at == NOON + seen


def test_a_time_beyond_the_calendar_is_refused() -> None:
    row = {"market": SYMBOL, "trade_price": 1, "trade_timestamp": 10**17}

    with pytest.raises(Unreadable):
        parsing.quote([row], [BOOK], SYMBOL, NOON)


def test_an_answer_about_another_market_is_none() -> None:
    with pytest.raises(Unreadable):
        parsing.quote([TICKER], [BOOK], "KRW-ETH", NOON)


def test_candles_come_oldest_first_in_utc() -> None:
    row: Json = dict.fromkeys(("opening_price", "high_price", "low_price", "trade_price"), 5)
    newer = row | {"candle_date_time_utc": "2026-11-20T02:59:00", "candle_acc_trade_volume": Decimal("1.5")}
    older = row | {"candle_date_time_kst": "2026-11-20T11:58:00"}

    bars = parsing.candles([newer, older])

    assert [bar.at for bar in bars] == [NOON - timedelta(minutes=2), NOON - timedelta(minutes=1)]
    assert [bar.volume for bar in bars] == [ZERO, Decimal("1.5")]


def test_a_chance_without_anything_says_nothing() -> None:
    assert parsing.chance({}) == parsing.Chance(None, None, None, None)


def test_the_larger_minimum_counts() -> None:
    market = {"state": "active", "bid": {"min_total": "5000"}, "ask": {"min_total": "5500", "price_unit": None}}

    assert parsing.chance({"bid_fee": "0.0004", "market": market}) == parsing.Chance(
        Decimal("0.0004"), None, Decimal(5500), "active"
    )


def test_a_warning_without_a_readable_end_is_a_warning() -> None:
    row = {"market": SYMBOL, "warning_type": "PRICE_DIFFERENCE_HIGH", "warning_step": "DANGER", "end_date": "soon"}

    assert parsing.warnings([row]) == (parsing.MarketWarning(SYMBOL, "PRICE_DIFFERENCE_HIGH", "DANGER", None),)


@given(
    fee=st.decimals(min_value=0, max_value=10**9, places=8),
    funds=st.lists(st.decimals(min_value="0.00000001", max_value=10**9, places=8), min_size=1, max_size=8),
)
def test_a_split_fee_adds_up_to_the_last_unit(fee: Decimal, funds: list[Decimal]) -> None:
    parts = split_fee(fee, funds)

    assert sum(parts) == fee
    assert len(parts) == len(funds)


def test_a_fee_is_split_by_funds_and_the_last_takes_the_rest() -> None:
    assert split_fee(Decimal(1), [Decimal(1), Decimal(1), Decimal(1)]) == (
        Decimal("0.33333333"),
        Decimal("0.33333333"),
        Decimal("0.33333334"),
    )


KEYS = st.sampled_from(
    sorted(
        {
            *order_v1(),
            *order_v2(filled_v1()),
            *trade("T", "1", "00:00:00", funds="1"),
            *("market", "trade_price", "trade_date_kst", "trade_time_kst", "trade_timestamp", "orderbook_units"),
            *("ask_price", "bid_price", "ask_size", "bid_size", "candle_date_time_utc", "currency", "balance"),
            *("data", "has_next", "bid_fee", "bid", "ask", "min_total", "error", "name", "message", "end_date"),
            *("access_key", "expire_at", "client_order_id", "trades", "order_id", "locked"),
        }
    )
)
LEAVES = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.decimals()
    | st.text(max_size=12)
    | st.sampled_from(
        [SYMBOL, "bid", "ask", "wait", "done", "cancel", "0", "1", "1e-8", "9e99", "2026-11-20T00:00:00+09:00"]
    )
)
ANY = st.recursive(
    LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=9), max_leaves=25
)

READERS: dict[str, Callable[[object], object]] = {
    "quote": lambda value: parsing.quote(value, value, SYMBOL, NOON),
    "candles": parsing.candles,
    "balances": parsing.balances,
    "chance": parsing.chance,
    "placed": lambda value: parsing.placed(value, SYMBOL, Side.BUY),
    "order": lambda value: parsing.order_row(value, NOON),
    "page": parsing.page,
    "markets": parsing.markets,
    "warnings": parsing.warnings,
    "key": lambda value: parsing.key_expiry(value, "AK"),
    "complaint": lambda value: complaint_in("GET /x", 400, value),
}


@pytest.mark.parametrize("reader", READERS.values(), ids=READERS.keys())
@given(value=ANY)
def test_any_json_is_a_value_or_a_typed_error(reader: Callable[[object], object], value: object) -> None:
    for each in (value, [value]):
        try:
            reader(each)
        except VenueError:
            continue


MUTANTS = st.dictionaries(st.sampled_from(sorted(filled_v1())), LEAVES, max_size=4)


@given(changes=MUTANTS, trades=st.lists(st.dictionaries(st.sampled_from(["uuid", "price", "volume", "funds"]), LEAVES)))
def test_an_order_that_is_nearly_right_is_a_value_or_a_typed_error(changes: Json, trades: list[Json]) -> None:
    whole = [trade("T1", "0.0004", "11:59:30") | each for each in trades]
    try:
        order = read(filled_v1() | changes | {"trades": whole}).order
    except VenueError:
        return
    assert order.filled >= 0
    assert order.qty >= 0


@given(body=st.binary(max_size=200) | st.text(max_size=200).map(str.encode))
def test_any_bytes_are_a_value_or_a_typed_error(body: bytes) -> None:
    try:
        value = Reply("GET /x", 200, "application/json", body).json()
    except VenueError:
        return
    complaint = complaint_in("GET /x", 200, value)
    assert complaint is None or isinstance(for_placing(complaint), VenueError)


@given(written=st.text(max_size=30) | st.datetimes().map(datetime.isoformat))
def test_any_text_is_a_time_or_a_typed_error(written: str) -> None:
    try:
        assert fields.moment_of(written, "x").tzinfo is UTC
    except Unreadable:
        return
