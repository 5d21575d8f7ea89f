"""An order on the wire: its bytes, what is never sent, and what each answer means."""

from decimal import Decimal
from pathlib import Path

import pytest

from domain.errors import (
    AuthRefused,
    MarketClosed,
    OrderNotFound,
    OrderRejected,
    OutcomeUnknown,
    RateLimited,
    VenueUnavailable,
)
from domain.instrument import Side
from domain.order import OrderState
from domain.venue import CancelAnswer
from exchanges.kis import KisOverseasExchange
from exchanges.kis.calls import CHANGE as CHANGES
from exchanges.kis.calls import OPEN_ORDERS, PLACE, US, Mode
from exchanges.kis.tokens import ASK_EVERY
from tests.exchanges.kis.desk import (
    CHANGE,
    KEY,
    LIST,
    ORDER,
    SECRET,
    SPENDABLE,
    SYMBOL,
    TOKEN,
    TOKEN_PATH,
    account_at,
    cash,
    filled,
    fine,
    nothing,
    refused,
    row,
    taken,
    token,
)
from tests.exchanges.stub import HandClock, Said, Stub, page

D = Decimal
RECORDED = Path(__file__).with_name("order_request.txt")
HASHKEY = "/uapi/hashkey"


def buy(exchange: KisOverseasExchange, price: str = "90", qty: str = "3") -> str:
    return exchange.place_order(SYMBOL, Side.BUY, D(qty), D(price), client_order_id="bp-1").order_id


def test_an_order_stands_on_the_wire_byte_for_byte_as_recorded(exchange: KisOverseasExchange, stub: Stub) -> None:
    stub.says("POST", ORDER, taken())

    exchange.place_order(SYMBOL, Side.SELL, D(3), D("90.5"))

    (asked,) = stub.asked_for(ORDER)
    sent = {name.lower(): value for name, value in asked.headers.items()}
    head, _, body = RECORDED.read_text(encoding="utf-8").partition("\n\n")
    first, *lines = head.splitlines()
    recorded = {name: value.strip() for name, _, value in (line.partition(":") for line in lines)}
    assert first == f"{asked.method} {asked.path}"
    assert {name: sent[name] for name in recorded} == recorded
    assert asked.body == body.removesuffix("\n").encode()


def test_every_order_goes_under_the_id_of_its_side_and_world() -> None:
    ids = {(side, mode): PLACE[US, side].tr_id(mode) for side in Side for mode in Mode}

    assert ids == {
        (Side.BUY, Mode.LIVE): "TTTT1002U",
        (Side.BUY, Mode.PAPER): "VTTT1002U",
        (Side.SELL, Mode.LIVE): "TTTT1006U",
        (Side.SELL, Mode.PAPER): "VTTT1001U",
    }
    assert {mode: CHANGES[US].tr_id(mode) for mode in Mode} == {Mode.LIVE: "TTTT1004U", Mode.PAPER: "VTTT1004U"}
    assert not OPEN_ORDERS.served(Mode.PAPER)


def test_an_order_is_named_by_new_yorks_date_and_the_number_without_its_zeros(
    exchange: KisOverseasExchange, stub: Stub
) -> None:
    stub.says("POST", ORDER, taken(40840, "003000"))

    order = exchange.place_order(SYMBOL, Side.BUY, D(3), D(90), client_order_id="bp-1")

    assert order.order_id == "2026-03-05-40840"
    assert (order.client_order_id, order.state, order.at.isoformat()) == (
        None,
        OrderState.OPEN,
        "2026-03-05T15:30:00+00:00",
    )


@pytest.mark.parametrize(("price", "written"), [("90", "90.00"), ("1", "1.00"), ("0.98", "0.9800"), ("0.01", "0.0100")])
def test_a_price_has_the_digits_of_its_tick(
    exchange: KisOverseasExchange, stub: Stub, price: str, written: str
) -> None:
    stub.says("POST", ORDER, taken())

    buy(exchange, price)

    assert f'"OVRS_ORD_UNPR":"{written}"' in stub.asked_for(ORDER)[0].body.decode()


@pytest.mark.parametrize(
    ("order", "code"),
    [
        ((SYMBOL, "1.5", "90", "limit"), "kis_whole_shares_only"),
        ((SYMBOL, "0", "90", "limit"), "kis_whole_shares_only"),
        ((SYMBOL, "1", "90.005", "limit"), "kis_price_off_tick"),
        ((SYMBOL, "1", "0.009", "limit"), "kis_price_too_low"),
        ((SYMBOL, "1", "90", "market"), "kis_limit_orders_only"),
        ((SYMBOL, "1", None, "limit"), "kis_limit_orders_only"),
        (("SPY", "1", "90", "limit"), "kis_other_symbol"),
    ],
)
def test_what_the_venue_would_refuse_is_not_sent(
    exchange: KisOverseasExchange, stub: Stub, order: tuple[str, str, str | None, str], code: str
) -> None:
    symbol, qty, price, kind = order
    with pytest.raises(OrderRejected) as refusal:
        exchange.place_order(symbol, Side.BUY, D(qty), None if price is None else D(price), kind)

    assert refusal.value.code == code
    assert stub.asked == []


@pytest.mark.parametrize(
    "said",
    [
        Said(drop=True),
        Said(hold=True),
        Said(200, raw=b'{"rt_cd": "0", "msg'),
        Said(200, {"rt_cd": "0", "output": {"ODNO": ""}}),
        Said(200, {"rt_cd": "0", "output": []}),
        Said(200, {"answer": 42}),
        page(200),
        page(502),
        Said(500, {}),
        refused("EGW00301", status=500),
        refused("EGW00302", status=500),
        refused("EGW00002", status=500),
        refused("EGW99999", "처음 보는 오류", status=500),
        refused("EGW00301"),
    ],
)
def test_an_order_whose_answer_tells_nothing_is_sent_once_and_its_outcome_unknown(
    exchange: KisOverseasExchange, stub: Stub, said: Said
) -> None:
    stub.says("POST", ORDER, said, taken())

    with pytest.raises(OutcomeUnknown):
        buy(exchange)

    assert len(stub.asked_for(ORDER)) == 1


def test_a_refusal_with_status_200_is_a_refusal(exchange: KisOverseasExchange, stub: Stub) -> None:
    stub.says("POST", ORDER, refused("APBK0656", "해당종목정보가 없습니다."))

    with pytest.raises(OrderRejected) as refusal:
        buy(exchange)

    assert refusal.value.code == "kis_symbol_wrong"
    assert refusal.value.why is not None
    assert refusal.value.why.plain_figures() == {"msg_cd": "APBK0656"}


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("40580000", "모의투자 장종료 입니다."),
        ("40100000", "모의투자 영업일이 아닙니다."),
        ("APBK0918", "장운영시간이 아닙니다.(단,주간거래시간이면 전용화면 주문가능, 주문시간 외 불가)"),
        ("APBK1664", "해외 장운영시간이 아닙니다"),
    ],
)
def test_a_closed_market_is_waited_for_and_is_no_fault_of_the_order(
    exchange: KisOverseasExchange, stub: Stub, code: str, said: str
) -> None:
    stub.says("POST", ORDER, refused(code, said))

    with pytest.raises(MarketClosed) as refusal:
        buy(exchange)

    assert refusal.value.retry_after_s > 0
    assert [concern.code for concern in exchange.concerns()] == ["kis_calendar_doubt"]


@pytest.mark.parametrize("code", ["EGW00121", "EGW00122", "EGW00123"])
@pytest.mark.parametrize("status", [200, 500])
def test_an_order_that_meets_an_old_token_is_sent_again_once_with_a_new_one(
    exchange: KisOverseasExchange, stub: Stub, clock: HandClock, code: str, status: int
) -> None:
    stub.says("POST", TOKEN_PATH, token(), token("second"))
    stub.says("POST", ORDER, taken(40839), refused(code, status=status), taken())
    buy(exchange)
    clock.at += ASK_EVERY

    assert buy(exchange) == "2026-03-05-40840"

    sent = [asked.headers["authorization"] for asked in stub.asked_for(ORDER)]
    assert sent == [f"Bearer {TOKEN}", f"Bearer {TOKEN}", "Bearer second"]


def test_an_order_does_not_wait_for_the_minute_of_a_new_token(
    exchange: KisOverseasExchange, stub: Stub, clock: HandClock
) -> None:
    stub.says("POST", TOKEN_PATH, token(), token("second"))
    stub.says("POST", ORDER, refused("EGW00123", status=500), taken())

    with pytest.raises(RateLimited) as held:
        buy(exchange)

    assert held.value.retry_after_s == ASK_EVERY.seconds
    assert len(stub.asked_for(ORDER)) == 1
    assert sum(clock.waits) < 5
    clock.at += ASK_EVERY
    assert buy(exchange) == "2026-03-05-40840"


def test_a_key_whose_new_token_is_refused_too_is_told_as_such(
    exchange: KisOverseasExchange, stub: Stub, clock: HandClock
) -> None:
    stub.says("POST", ORDER, taken(40839), refused("EGW00123", status=500))
    buy(exchange)
    clock.at += ASK_EVERY

    with pytest.raises(AuthRefused):
        buy(exchange)

    assert len(stub.asked_for(ORDER)) == 3


@pytest.mark.parametrize("code", ["EGW00201", "EGW00215"])
def test_an_order_over_the_quota_is_sent_again_once_after_a_pause(
    exchange: KisOverseasExchange, stub: Stub, clock: HandClock, code: str
) -> None:
    stub.says("POST", ORDER, refused(code, status=500), taken())

    buy(exchange)

    assert len(stub.asked_for(ORDER)) == 2
    assert sum(clock.waits) >= 1


def test_an_order_that_stays_over_the_quota_did_not_happen(exchange: KisOverseasExchange, stub: Stub) -> None:
    stub.says("POST", ORDER, refused("EGW00201", status=500))

    with pytest.raises(RateLimited):
        buy(exchange)

    assert len(stub.asked_for(ORDER)) == 2


def test_a_lack_of_dollars_says_whether_the_won_would_do(exchange: KisOverseasExchange, stub: Stub) -> None:
    stub.says("POST", ORDER, refused("APBK0952", "주문가능금액을 초과 했습니다"))
    stub.says("GET", SPENDABLE, cash("100.00", "5000.00"), cash("100.00", "100.00"), Said(500, {}))

    codes = []
    for _ in range(3):
        with pytest.raises(OrderRejected) as refusal:
            buy(exchange)
        codes.append(refusal.value.code)

    assert codes == ["kis_dollars_short_won_there", "kis_dollars_short", "kis_funds_short"]


def test_keys_of_the_other_world_are_told_with_the_setting_to_change(exchange: KisOverseasExchange, stub: Stub) -> None:
    stub.says("POST", ORDER, refused("EGW02007", "모의투자용 앱키가 아닙니다", status=500))

    with pytest.raises(AuthRefused) as refusal:
        buy(exchange)

    assert getattr(refusal.value, "why").code == "kis_mode_not_paper_key"  # noqa: B009 - the port promises no `why`


def test_a_cancel_names_number_and_nothing_of_the_branch(exchange: KisOverseasExchange, stub: Stub) -> None:
    stub.says("POST", CHANGE, taken(40841))

    assert exchange.cancel_order("2026-03-05-40840") is CancelAnswer.ACCEPTED

    (asked,) = stub.asked_for(CHANGE)
    assert asked.headers["tr_id"] == "VTTT1004U"
    assert asked.body == (
        b'{"CANO":"12345678","ACNT_PRDT_CD":"01","OVRS_EXCG_CD":"NASD","PDNO":"TQQQ","ORGN_ODNO":"0000040840",'
        b'"RVSE_CNCL_DVSN_CD":"02","ORD_QTY":"0","OVRS_ORD_UNPR":"0","MGCO_APTM_ODNO":"","ORD_SVR_DVSN_CD":"0"}'
    )


@pytest.mark.parametrize(
    ("listed", "answer"),
    [
        ([filled(3, "270")], CancelAnswer.ALREADY_FILLED),
        ([row(nccs_qty="0"), row(40841, orgn_odno="0000040840", rvse_cncl_dvsn="02")], CancelAnswer.ALREADY_CLOSED),
        ([row(7)], CancelAnswer.UNKNOWN_ORDER),
    ],
)
def test_a_refused_cancel_is_judged_by_the_order_itself(
    exchange: KisOverseasExchange, stub: Stub, listed: list[object], answer: CancelAnswer
) -> None:
    stub.says("POST", CHANGE, refused("APBK9999", "모의투자 정정/취소할 수량이 없습니다."))
    stub.says("GET", LIST, fine(listed))

    assert exchange.cancel_order("2026-03-05-40840") is answer


def test_a_cancel_refused_for_an_order_at_rest_is_not_taken_for_done(exchange: KisOverseasExchange, stub: Stub) -> None:
    stub.says("POST", CHANGE, refused("APBK9999", "모의투자 주문처리가 안되었습니다"))
    stub.says("GET", LIST, fine([row()]))

    with pytest.raises(VenueUnavailable):
        exchange.cancel_order("2026-03-05-40840")


def test_the_number_of_another_day_cancels_nothing_today(exchange: KisOverseasExchange, stub: Stub) -> None:
    stub.says("GET", LIST, nothing())

    assert exchange.cancel_order("2026-03-04-40840") is CancelAnswer.UNKNOWN_ORDER
    assert exchange.cancel_order("no-such-order") is CancelAnswer.UNKNOWN_ORDER
    assert stub.asked_for(CHANGE) == []


def test_the_venue_knows_nothing_of_our_ids(exchange: KisOverseasExchange, stub: Stub) -> None:
    assert not exchange.capabilities.client_order_id
    with pytest.raises(OrderNotFound):
        exchange.find_order("bp-1")
    assert stub.asked == []


def test_a_hash_is_asked_for_once_by_body_and_left_out_where_it_cannot_be_had(
    stub: Stub, clock: HandClock, tmp_path: Path
) -> None:
    stub.says("POST", HASHKEY, {"BODY": {}, "HASH": "ab12" * 16})
    stub.says("POST", ORDER, taken())
    with account_at(stub, clock, tmp_path, use_hashkey=True) as exchange:
        buy(exchange)
        buy(exchange)
        stub.says("POST", HASHKEY, Said(500, {"rt_cd": "1"}))
        buy(exchange, "91")

    orders, hashes = stub.asked_for(ORDER), stub.asked_for(HASHKEY)
    assert [asked.headers.get("hashkey") for asked in orders] == ["ab12" * 16, "ab12" * 16, None]
    assert [asked.body for asked in hashes] == [orders[0].body, orders[2].body, orders[2].body]


def test_no_secret_shows_in_an_error_or_a_text(exchange: KisOverseasExchange, stub: Stub) -> None:
    stub.says("POST", ORDER, refused("IGW00002", f"account 12345678 key {KEY} {SECRET}", status=500))

    with pytest.raises(AuthRefused) as refusal:
        buy(exchange)

    shown = f"{refusal.value!r} {refusal.value} {refusal.value.__dict__} {exchange!r} {exchange.__dict__!r}"
    assert all(secret not in shown for secret in (KEY, SECRET, TOKEN))
    assert "12345678" not in str(refusal.value)
