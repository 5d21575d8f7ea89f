"""What the account shows, with the gaps that each world has."""

from decimal import Decimal

from tests.simulator.kis.customer import Customer, make_venue


def holding(customer: Customer) -> Customer:
    customer.placed("buy", "80.01", "2")
    return customer


def test_a_holding_stands_in_texts_of_so_many_places_before_a_blank_row() -> None:
    customer = holding(Customer())
    customer.placed("sell", "90", "1")

    told = customer.balance()

    row, blank = told.body["output1"]
    assert (told.body["msg_cd"], told.headers["tr_cont"]) == ("KIOK0510", "D")
    assert row == {
        "cano": "12345678",
        "acnt_prdt_cd": "01",
        "prdt_type_cd": "512",
        "ovrs_pdno": "TQQQ",
        "ovrs_item_name": "TQQQ",
        "frcr_evlu_pfls_amt": "-0.020000",
        "evlu_pfls_rt": "-0.01",
        "pchs_avg_pric": "80.0100",
        "ovrs_cblc_qty": "2",
        "ord_psbl_qty": "1",
        "frcr_pchs_amt1": "160.02000",
        "ovrs_stck_evlu_amt": "160.00000000",
        "now_pric2": "80.000000",
        "tr_crcy_cd": "USD",
        "ovrs_excg_cd": "NASD",
        "loan_type_cd": "10",
        "loan_dt": "",
        "expd_dt": "",
    }
    assert (blank["ovrs_pdno"], blank["cano"], blank["ovrs_cblc_qty"], blank["ord_psbl_qty"]) == ("", "", "0", "0")
    assert told.body["output2"]["frcr_pchs_amt1"] == "160.02000"
    assert "cash" not in str(told.body)


def test_on_paper_nasd_is_nasdaq_alone_and_live_all_of_america() -> None:
    paper, live = (holding(Customer(make_venue(mode=mode, listed="AMEX"))) for mode in ("paper", "live"))

    def held(customer: Customer, exchange: str) -> int:
        return len(customer.balance(exchange).body["output1"]) - 1

    assert [held(paper, exchange) for exchange in ("NASD", "NYSE", "AMEX")] == [0, 0, 1]
    assert [held(live, exchange) for exchange in ("NASD", "NYSE", "AMEX", "NAS")] == [1, 0, 1, 0]
    assert paper.balance("XXXX").refusal == (200, "OPSQ2001")


def test_quirks_on_command() -> None:
    customer = holding(Customer(make_venue(mode="live")))
    customer.set(settled_zero=True, listed_twice=True)

    rows = customer.balance().body["output1"]

    assert [(row["ovrs_excg_cd"], row["ovrs_cblc_qty"], row["ord_psbl_qty"]) for row in rows] == [
        ("NASD", "2", "0"),
        ("AMEX", "2", "0"),
        ("", "0", "0"),
    ]


def test_what_can_be_spent_is_the_free_purse_and_comes_with_the_rate() -> None:
    customer = Customer()
    customer.set(fx_rate="1385.5", fx_drift=False)
    customer.placed("buy", "79.5", "3")

    told = customer.psamount("79.5")

    # 10000 − 239.09625 is free; a share costs 79.69875 with its fee
    assert (told["ord_psbl_frcr_amt"], told["max_ord_psbl_qty"]) == ("9760.90", "122")
    assert (told["tr_crcy_cd"], told["exrt"], told["echm_af_ord_psbl_qty"]) == ("USD", "1385.500000", "0")
    assert customer.place("buy", "79.4", "122").ok
    asked = {**customer.account, "OVRS_EXCG_CD": "NASD", "OVRS_ORD_UNPR": "1", "ITEM_CD": "SOXL"}
    path = "/uapi/overseas-stock/v1/trading/inquire-psamount"
    assert customer.get(path, "VTTS3007R", asked).refusal == (200, "APBK0656")


def test_the_summary_is_sums_alone_on_paper() -> None:
    customer = holding(Customer())
    customer.set(fx_rate="1400", fx_drift=False)

    told = customer.present()

    assert (told["output1"], told["output2"]) == ([], [])
    assert told["output3"]["evlu_amt_smtl"] == "224000"
    assert len(told["output3"]) == 21


def test_the_live_summary_lacks_the_running_session() -> None:
    customer = holding(Customer(make_venue(mode="live")))
    during = customer.present()
    customer.step("2026-03-05T21:29:59Z", play=False)
    before = customer.present()
    customer.step("2026-03-05T21:30:00Z", play=False)
    settled = customer.present()

    assert (during["output1"], during["output2"][0]["frcr_dncl_amt_2"]) == ([], "10000.000000")
    assert before["output1"] == []
    assert (settled["output1"][0]["cblc_qty13"], settled["output1"][0]["pdno"]) == ("2.00000000", "TQQQ")
    assert len(settled["output1"][0]) == 29
    assert settled["output2"][0]["frcr_dncl_amt_2"] == "9839.579950"


def test_a_dollar_costs_a_little_more_or_less_every_day() -> None:
    customer = Customer()
    rates = set()
    for day in range(5, 10):
        customer.step(f"2026-03-{day:02d}T15:30:00Z", play=False)
        customer.token = ""
        rates.add(Decimal(customer.psamount()["exrt"]))

    assert len(rates) > 2
    assert all(abs(rate - 1350) <= Decimal("6.75") for rate in rates)
