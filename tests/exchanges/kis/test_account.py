"""Quotes, bars, cash and shares: what is blank is never taken for zero, and a failure never for an empty account."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from domain.account import Balance
from domain.errors import AuthRefused, MarketUnknown, VenueError, VenueUnavailable
from exchanges.kis import KisOverseasExchange
from tests.exchanges.kis.desk import (
    BALANCE,
    LIST,
    OPEN,
    PRICE,
    RESTING,
    SPENDABLE,
    SYMBOL,
    account_at,
    cash,
    fine,
    held,
    holding,
    nothing,
    quoted,
    refused,
    row,
)
from tests.exchanges.stub import HandClock, Said, Stub, page

D = Decimal
DAYS = "/uapi/overseas-price/v1/quotations/dailyprice"
MINUTES = "/uapi/overseas-price/v1/quotations/inquire-time-itemchartprice"
DETAIL = "/uapi/overseas-price/v1/quotations/price-detail"
BLANK = dict.fromkeys(("base", "pvol", "tvol", "ordy"), "")


def test_a_quote_is_as_old_as_it_was_seen_unchanged(
    exchange: KisOverseasExchange, stub: Stub, clock: HandClock
) -> None:
    stub.says("GET", PRICE, quoted(), quoted(), quoted(tvol="1300"), quoted("100.0100", tvol="1300"))

    seen = []
    for _ in range(4):
        clock.at += timedelta(minutes=1)
        seen.append(exchange.get_quote(SYMBOL))

    ages = [(quote.at - OPEN) // timedelta(minutes=1) for quote in seen]
    assert ages == [1, 1, 3, 4]
    assert {(quote.symbol, quote.currency, quote.bid) for quote in seen} == {(SYMBOL, "USD", None)}


def test_a_share_that_the_exchange_does_not_know_is_told_as_such(exchange: KisOverseasExchange, stub: Stub) -> None:
    stub.says("GET", PRICE, quoted("", **BLANK))

    for symbol in (SYMBOL, "no such share"):
        with pytest.raises(MarketUnknown):
            exchange.get_quote(symbol)


@pytest.mark.parametrize("last", ["0", "0.0000"])
def test_zero_is_no_price(exchange: KisOverseasExchange, stub: Stub, last: str) -> None:
    stub.says("GET", PRICE, quoted(last))

    with pytest.raises(VenueUnavailable) as trouble:
        exchange.get_quote(SYMBOL)

    assert not isinstance(trouble.value, MarketUnknown)


def test_a_flaky_quote_is_asked_for_again(exchange: KisOverseasExchange, stub: Stub) -> None:
    stub.says(
        "GET", PRICE, Said(500, {"rt_cd": "1", "msg_cd": "EGW00203", "msg1": "OPS라우팅 중"}), page(500), quoted()
    )

    assert exchange.get_quote(SYMBOL).last == 100


@pytest.mark.parametrize(
    ("says", "held_back"),
    [
        ("매도가능", False),
        ("매매 가능", False),
        ("", False),
        ("새로운 말", False),
        ("매매불가", True),
        ("거래 정지", True),
    ],
)
def test_only_words_that_mean_a_halt_hold_buying_back(
    exchange: KisOverseasExchange, stub: Stub, says: str, *, held_back: bool
) -> None:
    stub.says("GET", PRICE, quoted(ordy=says))

    assert (exchange.buying_hold(SYMBOL) is not None) is held_back


def test_a_live_key_hears_of_a_halt_in_the_details_too(live: KisOverseasExchange, stub: Stub) -> None:
    stub.says("GET", PRICE, quoted())
    stub.says("GET", DETAIL, fine({"e_ordyn": "매매 정지"}))

    hold = live.buying_hold(SYMBOL)

    assert hold is not None
    assert hold.code == "kis_halted"


def test_the_reference_price_of_the_day_is_the_venues_own(exchange: KisOverseasExchange, stub: Stub) -> None:
    stub.says("GET", PRICE, quoted(), quoted(base=""), quoted(base="0.0000"))

    assert [exchange.previous_close(SYMBOL) for _ in range(3)] == [D(99), None, None]


def test_the_exchange_of_a_share_is_found_by_asking_all_three(exchange: KisOverseasExchange, stub: Stub) -> None:
    blank = quoted("", **BLANK)
    stub.says("GET", PRICE, blank, blank, quoted(), blank)

    assert exchange.listed_on("SPY") == "AMEX"
    assert exchange.listed_on("NOPE") is None
    assert exchange.listed_on("not a share") is None
    asked = [each.query for each in stub.asked_for(PRICE)]
    assert asked[:3] == [f"AUTH=&EXCD={code}&SYMB=SPY" for code in ("NAS", "NYS", "AMS")]


def test_a_share_of_another_exchange_is_refused_with_the_right_one_and_looked_for_once(
    exchange: KisOverseasExchange, stub: Stub
) -> None:
    blank = quoted("", **BLANK)
    stub.says("GET", PRICE, blank, blank, blank, quoted(), blank)

    for _ in range(2):
        with pytest.raises(MarketUnknown) as unknown:
            exchange.get_quote("SPY")
        why = getattr(unknown.value, "why", None)
        assert str(why) == "kis_symbol_elsewhere symbol=SPY exchange=AMEX"
    assert len(stub.asked_for(PRICE)) == 5


def test_a_second_pair_of_live_keys_serves_for_prices_alone(stub: Stub, clock: HandClock, tmp_path: Path) -> None:
    stub.says("GET", PRICE, quoted())
    stub.says("GET", SPENDABLE, cash())
    with account_at(stub, clock, tmp_path, quote_keys=("Q" * 36, "R" * 180)) as exchange:
        exchange.get_quote(SYMBOL)
        exchange.won_rate()

    assert [asked.headers["appkey"] for asked in stub.asked_for(PRICE)] == ["Q" * 36]
    assert [asked.headers["tr_id"] for asked in stub.asked_for(SPENDABLE)] == ["VTTS3007R"]
    assert exchange.capabilities.price_every_s == 1


def test_a_refused_key_for_prices_is_not_told_as_the_one_that_trades(
    stub: Stub, clock: HandClock, tmp_path: Path
) -> None:
    stub.says("GET", PRICE, refused("EGW02004", "실전투자 TR 이 아닙니다.", status=500))
    with (
        account_at(stub, clock, tmp_path, quote_keys=("Q" * 36, "R" * 180)) as exchange,
        pytest.raises(AuthRefused) as refusal,
    ):
        exchange.get_quote(SYMBOL)

    assert getattr(refusal.value, "why").code == "kis_quote_key_refused"  # noqa: B009  # no port has it


def test_dollars_have_the_won_rate_that_the_broker_reckons_with(exchange: KisOverseasExchange, stub: Stub) -> None:
    stub.says("GET", SPENDABLE, cash(), cash(rate=""))

    rate = exchange.won_rate()

    assert rate is not None
    assert (rate.rate, rate.at) == (D("1380.50"), OPEN)
    assert "KIS" in rate.source
    assert exchange.won_rate() is None


def test_the_account_lists_dollars_and_the_share_with_what_open_orders_bind(
    exchange: KisOverseasExchange, stub: Stub
) -> None:
    stub.says("GET", SPENDABLE, cash("9729.00"))
    stub.says("GET", BALANCE, held(holding("10"), holding("7", ovrs_pdno="SPY")), held(), held())
    stub.says("GET", LIST, fine([row(), row(7, sll_buy_dvsn_cd="01", nccs_qty="2", ft_ord_qty="2")]))

    assert exchange.get_balance() == (
        Balance("USD", D(9729), D("270.675")),
        Balance(SYMBOL, D(8), D(2)),
    )
    assert [asked.query.partition("EXCG_CD=")[2][:4] for asked in stub.asked_for(BALANCE)] == ["NASD", "NYSE", "AMEX"]


def test_a_live_account_is_asked_for_all_of_the_us_at_once(live: KisOverseasExchange, stub: Stub) -> None:
    stub.says("GET", SPENDABLE, cash())
    stub.says("GET", BALANCE, held(holding("10.00000000")))
    stub.says("GET", RESTING, nothing())

    assert live.get_balance()[1] == Balance(SYMBOL, D(10), D(0))
    assert len(stub.asked_for(BALANCE)) == 1


@pytest.mark.parametrize(
    ("answers", "total"),
    [
        # The same holding under two exchanges is one; on loan it is another one.
        ([held(holding("10")), held(), held(holding("10"))], D(10)),
        ([held(holding("10", loan_type_cd="10"), holding("3", loan_type_cd="27")), held(), held()], D(13)),
        # Executed today and not settled: what may be sold is not told by the settled quantity.
        ([held(holding("5", ord_psbl_qty="0")), held(), held()], D(5)),
        ([fine(output1={"ovrs_pdno": "", "ovrs_cblc_qty": ""}), held(), held()], D(0)),
        ([fine(output1=[]), held(), held()], D(0)),
    ],
)
def test_a_holding_is_counted_once_and_as_executed(
    exchange: KisOverseasExchange, stub: Stub, answers: list[Said], total: Decimal
) -> None:
    stub.says("GET", SPENDABLE, cash())
    stub.says("GET", LIST, nothing())
    stub.says("GET", BALANCE, *answers)

    assert exchange.get_balance()[1].total == total


@pytest.mark.parametrize(
    "trouble",
    [
        refused("EGW00201", status=500),
        refused("EGW00215", status=500),
        refused("APBK9999"),
        page(200),
        Said(drop=True),
        Said(200, {"rt_cd": "0"}),
        fine(output1=[holding("")]),
    ],
)
def test_a_failure_is_never_an_account_without_holdings(
    exchange: KisOverseasExchange, stub: Stub, trouble: Said
) -> None:
    stub.says("GET", SPENDABLE, cash())
    stub.says("GET", LIST, nothing())
    stub.says("GET", BALANCE, trouble)

    with pytest.raises(VenueError):
        exchange.get_balance()


@pytest.mark.parametrize("output", [{}, {"ovrs_ord_psbl_amt": ""}, {"ovrs_ord_psbl_amt": "many"}, []])
def test_cash_that_cannot_be_read_is_not_zero(exchange: KisOverseasExchange, stub: Stub, output: object) -> None:
    stub.says("GET", SPENDABLE, fine(output))

    with pytest.raises(VenueUnavailable):
        exchange.get_balance()


def test_days_come_oldest_first_and_page_after_page(exchange: KisOverseasExchange, stub: Stub) -> None:
    def day(date: str, close: str) -> dict[str, str]:
        return {"xymd": date, "open": "99", "high": "101", "low": "98", "clos": close, "tvol": "12"}

    stub.says(
        "GET",
        DAYS,
        fine(output2=[day("20260305", "100"), day("20260304", "99.5"), day("20260303", "")]),
        fine(output2=[day("20260302", "98")]),
        fine(output2=[]),
    )

    bars = exchange.candles(SYMBOL, interval_s=86_400, count=5)

    assert [(bar.at, bar.close) for bar in bars] == [
        (datetime(2026, 3, 2, 14, 30, tzinfo=UTC), D(98)),
        (datetime(2026, 3, 4, 14, 30, tzinfo=UTC), D("99.5")),
        (datetime(2026, 3, 5, 14, 30, tzinfo=UTC), D(100)),
    ]
    assert ["BYMD=20260303" in asked.query for asked in stub.asked_for(DAYS)] == [False, True, False]


def test_minutes_are_there_with_a_live_key_only(
    exchange: KisOverseasExchange, live: KisOverseasExchange, stub: Stub
) -> None:
    bar = {"xymd": "20260305", "xhms": "093100", "open": "1", "high": "2", "low": "1", "last": "2", "evol": "5"}
    stub.says("GET", MINUTES, fine(output2=[bar]), fine(output2=[]))

    with pytest.raises(ValueError, match="no bars of 60 s"):
        exchange.candles(SYMBOL, interval_s=60, count=1)
    (shown,) = live.candles(SYMBOL, interval_s=60, count=2)

    assert (shown.at, shown.close) == (datetime(2026, 3, 5, 14, 31, tzinfo=UTC), D(2))
    assert "KEYB=20260305093000" in stub.asked_for(MINUTES)[1].query


@pytest.mark.parametrize("account", ["12345678", "12345678-01", "1234567801"])
def test_an_account_number_may_be_written_in_three_ways(
    stub: Stub, clock: HandClock, tmp_path: Path, account: str
) -> None:
    stub.says("GET", SPENDABLE, cash())
    with account_at(stub, clock, tmp_path, account_no=account) as exchange:
        exchange.won_rate()

    assert stub.asked_for(SPENDABLE)[0].query.startswith("CANO=12345678&ACNT_PRDT_CD=01&")
