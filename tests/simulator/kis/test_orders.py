"""Orders as the wire takes, shows and refuses them."""

import pytest

from tests.simulator.kis.customer import FALLING, SYMBOL, TRADING, Customer, bar, make_venue


def test_a_paper_buy_is_acknowledged_with_a_padded_number_and_korean_time() -> None:
    customer = Customer()

    told = customer.place("buy", "79.5", "3")

    assert told.body == {
        "rt_cd": "0",
        "msg_cd": "40600000",
        "msg1": "모의투자 매수주문이 완료 되었습니다.",
        "output": {"KRX_FWDG_ORD_ORGNO": "01790", "ODNO": "0000040001", "ORD_TMD": "233000"},
    }
    assert told.headers == {}
    assert [order["order_id"] for order in customer.books()["orders"]] == ["2026-03-05-40001"]


def test_a_resting_buy_locks_its_fee_and_shows_as_the_sheet_says() -> None:
    customer = Customer()
    number = customer.placed("buy", "79.5", "3")

    assert customer.row(number) == {
        "ord_dt": "20260305",
        "ord_gno_brno": "01790",
        "odno": number,
        "orgn_odno": "",
        "sll_buy_dvsn_cd": "02",
        "sll_buy_dvsn_cd_name": "매수",
        "rvse_cncl_dvsn": "00",
        "rvse_cncl_dvsn_name": "",
        "pdno": SYMBOL,
        "prdt_name": SYMBOL,
        "ft_ord_qty": "3",
        "ft_ord_unpr3": "79.50000000",
        "ft_ccld_qty": "0",
        "ft_ccld_unpr3": "0.00000000",
        "ft_ccld_amt3": "0.00000",
        "nccs_qty": "3",
        "prcs_stat_name": "전송",
        "rjct_rson": "",
        "rjct_rson_name": "",
        "ord_tmd": "233000",
        "tr_mket_name": "나스닥",
        "tr_crcy_cd": "USD",
        "tr_natn": "840",
        "ovrs_excg_cd": "NASD",
        "tr_natn_name": "미국",
        "dmst_ord_dt": "20260305",
        "thco_ord_tmd": "233000",
        "loan_type_cd": "10",
        "loan_dt": "",
        "mdia_dvsn_name": "OpenAPI",
        "usa_amk_exts_rqst_yn": "N",
        "splt_buy_attr_name": "",
    }
    # 3 × 79.5 and a quarter of a percent
    assert customer.books()["accounts"]["USD"] == {"free": "9760.90375", "locked": "239.09625"}
    assert customer.psamount()["ord_psbl_frcr_amt"] == "9760.90"


def test_a_filled_buy_and_the_sell_that_answers_it_settle_with_fees_on_both_sides() -> None:
    customer = Customer(make_venue(FALLING))
    bought = customer.placed("buy", "79.5", "3")
    customer.step()
    row = customer.row(bought)

    assert (row["prcs_stat_name"], row["nccs_qty"], row["ft_ccld_qty"]) == ("완료", "0", "3")
    assert (row["ft_ccld_unpr3"], row["ft_ccld_amt3"]) == ("79.50000000", "238.50000")
    assert customer.shares() == "3"

    told = customer.place("sell", "80.5", "3")
    assert (told.body["msg_cd"], told.body["msg1"]) == ("40590000", "모의투자 매도주문이 완료 되었습니다.")
    customer.step()

    assert customer.shares() == "none"
    # 10000 − 238.5 × 1.0025 + 241.5 × 0.9975
    assert customer.books()["accounts"]["USD"] == {"free": "10001.8", "locked": "0"}


def test_a_marketable_limit_takes_the_best_opposite_price_at_once() -> None:
    customer = Customer()

    row = customer.row(customer.placed("buy", "82", "2"))

    assert (row["ft_ccld_qty"], row["ft_ccld_unpr3"]) == ("2", "80.01000000")


def test_a_partly_filled_order_says_what_is_left_and_a_cancel_of_nothing_takes_the_rest() -> None:
    customer = Customer()
    customer.set(print_volume="candle")
    number = customer.placed("buy", "79", "5")
    customer.print("79", volume="2")
    part = customer.row(number)

    told = customer.change(number, qty="0")

    assert (part["ft_ccld_qty"], part["nccs_qty"]) == ("2", "3")
    assert (told.body["msg_cd"], told.body["output"]["ODNO"]) == ("40630000", "0000040002")
    assert (customer.row(number)["ft_ccld_qty"], customer.row(number)["nccs_qty"]) == ("2", "0")
    row = customer.row("0000040002")
    assert (row["rvse_cncl_dvsn"], row["rvse_cncl_dvsn_name"], row["orgn_odno"]) == ("02", "취소", number)
    assert (row["ft_ord_qty"], row["nccs_qty"]) == ("3", "0")
    assert customer.books()["accounts"]["USD"]["locked"] == "0"


def test_a_cancel_takes_the_unpadded_number_and_once_only() -> None:
    customer = Customer()
    number = customer.placed("buy", "79", "5")

    assert customer.change("40001", qty="5").ok
    assert customer.change(number).refusal == (200, "40330000")
    assert customer.change("49999").refusal == (200, "40330000")
    assert customer.change(number).body["msg1"] == "모의투자 정정/취소할 수량이 없습니다."


def test_a_revision_gets_a_new_number_and_names_the_old_one() -> None:
    customer = Customer()
    number = customer.placed("buy", "79", "5")

    told = customer.change(number, "01", "5", "78.5")

    assert told.body["msg1"] == "모의투자 정정주문이 완료 되었습니다."
    new = told.body["output"]["ODNO"]
    row = customer.row(new)
    assert (row["orgn_odno"], row["rvse_cncl_dvsn"], row["ft_ord_unpr3"]) == (number, "01", "78.50000000")
    assert customer.row(number)["nccs_qty"] == "0"
    # 5 × 78.5 × 1.0025
    assert customer.books()["accounts"]["USD"]["locked"] == "393.48125"


def test_a_revision_that_cannot_be_paid_leaves_the_order_as_it_was() -> None:
    customer = Customer(make_venue(cash="400"))
    number = customer.placed("buy", "79", "5")

    assert customer.change(number, "01", "5", "79.9").refusal == (200, "40310000")
    assert customer.row(number)["nccs_qty"] == "5"


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"OVRS_ORD_UNPR": "0"}, "APBK1507"),
        ({"OVRS_ORD_UNPR": "0.009"}, "APBK1507"),
        ({"OVRS_ORD_UNPR": "79.505"}, "40570000"),
        ({"OVRS_ORD_UNPR": "7.9e1"}, "OPSQ2001"),
        ({"ORD_QTY": "1.5"}, "OPSQ2001"),
        ({"ORD_QTY": "0"}, "OPSQ2001"),
        ({"ORD_QTY": 1}, "OPSQ2001"),
        ({"ORD_DVSN": "01"}, "40250000"),
        ({"ORD_DVSN": "34"}, "40250000"),
        ({"ORD_SVR_DVSN_CD": "1"}, "OPSQ2001"),
        ({"OVRS_EXCG_CD": "NYSE"}, "APBK0656"),
        ({"OVRS_EXCG_CD": "NAS"}, "APBK0656"),
        ({"PDNO": "SOXL"}, "APBK0656"),
        ({"ORD_QTY": "126"}, "40310000"),
        ({"ODR_QTY": "1"}, "OPSQ2001"),
        ({"KRX_FWDG_ORD_ORGNO": "01790"}, "OPSQ2001"),
    ],
)
def test_an_order_that_cannot_be_is_refused_in_a_good_answer(fields: dict[str, str], code: str) -> None:
    customer = Customer()

    assert customer.place("buy", "79.5", "1", **fields).refusal == (200, code)
    assert customer.books()["orders"] == []


@pytest.mark.parametrize("name", ["CANO", "ACNT_PRDT_CD", "OVRS_EXCG_CD", "PDNO", "ORD_QTY", "OVRS_ORD_UNPR"])
def test_each_needed_field_is_needed_in_capitals(name: str) -> None:
    customer = Customer()
    body = {
        **customer.account,
        "OVRS_EXCG_CD": "NASD",
        "PDNO": SYMBOL,
        "ORD_QTY": "1",
        "OVRS_ORD_UNPR": "79",
        "ORD_SVR_DVSN_CD": "0",
        "ORD_DVSN": "00",
    }
    value = body.pop(name)

    for fields in (body, {**body, name.lower(): value}):
        told = customer.post(f"{TRADING}order", "VTTT1002U", fields)
        assert (told.status, told.body["rt_cd"], told.body["msg_cd"]) == (200, "2", "OPSQ2001")


def test_below_a_dollar_the_ladder_is_finer() -> None:
    customer = Customer(make_venue((bar(0, "0.8", "0.8", "0.8", "0.8"),)))

    assert customer.place("buy", "0.7905", "1").ok
    assert customer.place("buy", "0.79051", "1").refusal == (200, "40570000")


def test_shares_that_are_not_there_or_are_bound_already_cannot_be_sold() -> None:
    customer = Customer()
    customer.placed("buy", "80.01", "2")

    assert customer.place("sell", "81", "3").refusal == (200, "40240000")
    assert customer.place("sell", "81", "2").ok
    assert customer.place("sell", "82", "1").refusal == (200, "40240000")


def test_live_says_it_in_other_codes() -> None:
    customer = Customer(make_venue(mode="live"))

    told = customer.place("buy", "79", "1")

    assert (told.body["msg_cd"], told.body["msg1"]) == ("APBK0013", "주문 전송 완료 되었습니다.")
    assert customer.change(told.body["output"]["ODNO"]).body["msg_cd"] == "APBK0013"
    assert customer.place("buy", "79", "999").refusal == (200, "APBK0952")
    assert customer.place("sell", "79", "1").refusal == (200, "APBK0400")
    assert customer.place("buy", "79", "1", ORD_DVSN="01").refusal == (200, "APBK1943")


def test_the_exchange_may_refuse_what_the_broker_took() -> None:
    customer = Customer()
    customer.admin("faults", {"route": "place", "kind": "reject_after_accept"})

    row = customer.row(customer.placed("buy", "79", "1"))

    assert (row["prcs_stat_name"], row["rjct_rson_name"], row["nccs_qty"]) == ("거부", "거래소 거부", "0")
    assert customer.books()["accounts"]["USD"] == {"free": "10000", "locked": "0"}


def test_a_refusal_on_command_says_code_and_text() -> None:
    customer = Customer()
    customer.admin("faults", {"route": "place", "kind": "reject", "name": "APBK0919", "message": "장이 아닙니다"})

    told = customer.place("buy", "79", "1")

    assert (told.refusal, told.body["msg1"]) == ((200, "APBK0919"), "장이 아닙니다")
    assert customer.place("buy", "79", "1").ok


def test_an_equal_order_beside_an_open_one_is_counted() -> None:
    customer = Customer()
    customer.placed("buy", "79", "1")
    customer.placed("buy", "79", "2")
    assert customer.books()["repeats"] == 0

    customer.placed("buy", "79.00", "1")

    assert customer.books()["repeats"] == 1


def test_daytime_trading_is_not_for_paper_and_closed_by_night() -> None:
    body = {
        **Customer().account,
        "OVRS_EXCG_CD": "NASD",
        "PDNO": SYMBOL,
        "ORD_QTY": "1",
        "OVRS_ORD_UNPR": "79",
        "ORD_SVR_DVSN_CD": "0",
        "ORD_DVSN": "00",
    }
    paper, live = Customer(), Customer(make_venue(mode="live"))

    assert paper.post(f"{TRADING}daytime-order", "TTTS6036U", body).refusal == (500, "EGW02006")
    assert live.post(f"{TRADING}daytime-order", "TTTS6036U", body).refusal == (200, "APBK0918")
    assert live.post(f"{TRADING}order-resv", "TTTT3014U", body).refusal == (500, "OPSQ0002")
