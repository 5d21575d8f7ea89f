"""The lists of orders: paged, late, blank, and wrong where they are told to be."""

from tests.simulator.kis.customer import Customer, Told, make_venue


def numbers(told: Told) -> list[str]:
    return [row["odno"] for row in told.body["output"]]


def with_orders(count: int, customer: Customer) -> list[str]:
    return [customer.placed("buy", f"{79 - index * 0.5:.2f}", "1") for index in range(count)]


def all_pages(customer: Customer) -> list[Told]:
    pages = [customer.ccnl()]
    while pages[-1].headers["tr_cont"] in {"F", "M"}:
        keys = {name.upper(): pages[-1].body[name] for name in ("ctx_area_fk200", "ctx_area_nk200")}
        pages.append(customer.ccnl(head="N", **keys))
    return pages


def test_nothing_found_is_one_blank_object_and_no_list() -> None:
    told = Customer().ccnl()

    assert (told.body["rt_cd"], told.body["msg_cd"], told.headers["tr_cont"]) == ("0", "KIOK0560", "D")
    assert {told.body["output"][name] for name in ("odno", "pdno", "ord_dt", "prcs_stat_name")} == {""}
    assert {told.body["output"][name] for name in ("ft_ord_qty", "ft_ccld_qty", "nccs_qty")} == {"0"}
    assert told.body["output"]["mdia_dvsn_name"] == "OpenAPI"


def test_messages_and_keys_come_padded() -> None:
    customer = Customer()
    customer.placed("buy", "79", "1")

    body = customer.ccnl().body

    assert len(body["msg1"].encode("euc-kr")) == 80
    assert body["msg1"].strip() == "조회가 완료되었습니다"
    assert (len(body["ctx_area_fk200"]), len(body["ctx_area_nk200"])) == (200, 200)


def test_paper_gives_fifteen_rows_a_page_until_the_last() -> None:
    customer = Customer()
    placed = with_orders(35, customer)

    pages = all_pages(customer)

    assert [page.headers["tr_cont"] for page in pages] == ["F", "M", "E"]
    assert [page.body["msg_cd"] for page in pages] == ["KIOK0500", "KIOK0500", "KIOK0510"]
    assert [number for page in pages for number in numbers(page)] == placed


def test_live_gives_twenty_and_paging_without_the_header_begins_anew() -> None:
    customer = Customer(make_venue(mode="live"))
    placed = with_orders(21, customer)
    first = customer.ccnl()
    keys = {name.upper(): first.body[name] for name in ("ctx_area_fk200", "ctx_area_nk200")}

    assert numbers(customer.ccnl(**keys)) == numbers(first) == placed[:20]
    assert numbers(customer.ccnl(head="N", **keys)) == placed[20:]
    assert customer.ccnl("20260302", head="N", **keys).refusal == (200, "OPSQ2001")


def test_a_fresh_order_moves_money_before_it_is_seen() -> None:
    customer = Customer()
    customer.set(visible_after_s="12")
    customer.placed("buy", "80.01", "2")

    assert customer.ccnl().body["msg_cd"] == "KIOK0560"
    assert (customer.shares(), customer.psamount()["ord_psbl_frcr_amt"]) == ("2", "9839.57")
    customer.step("2026-03-05T14:30:11Z", play=False)
    assert customer.ccnl().body["msg_cd"] == "KIOK0560"
    customer.step("2026-03-05T14:30:12Z", play=False)

    assert numbers(customer.ccnl()) == ["0000040001"]


def test_live_filters_and_sorts_and_paper_does_not() -> None:
    live, paper = Customer(make_venue(mode="live")), Customer()
    for customer in (live, paper):
        customer.placed("buy", "80.01", "2")
        customer.placed("buy", "79", "1")
        customer.placed("sell", "81", "2")

    one, two, three = "0000040001", "0000040002", "0000040003"
    assert numbers(live.ccnl(SORT_SQN="AS")) == [three, two, one]
    assert numbers(live.ccnl(SLL_BUY_DVSN="01", PDNO="%", OVRS_EXCG_CD="%")) == [three]
    assert numbers(live.ccnl(CCLD_NCCS_DVSN="01")) == [one]
    assert numbers(live.ccnl(CCLD_NCCS_DVSN="02", OVRS_EXCG_CD="NASD")) == [two, three]
    assert live.ccnl(PDNO="SOXL").body["msg_cd"] == "KIOK0560"
    assert numbers(paper.ccnl(SLL_BUY_DVSN="01", CCLD_NCCS_DVSN="02", SORT_SQN="AS")) == [one, two, three]


def test_days_are_new_yorks() -> None:
    customer = Customer()
    customer.placed("buy", "79", "1")

    assert numbers(customer.ccnl("20260305", "20260305")) == ["0000040001"]
    assert customer.ccnl("20260306", "20260306").body["msg_cd"] == "KIOK0560"
    assert customer.ccnl("2026-03-05").refusal == (200, "OPSQ2001")


def test_late_in_the_session_seoul_has_another_date() -> None:
    customer = Customer()
    customer.step("2026-03-05T15:30:00Z", play=False)

    row = customer.row(customer.placed("buy", "79", "1"))

    assert (row["ord_dt"], row["dmst_ord_dt"], row["ord_tmd"]) == ("20260305", "20260306", "003000")


def test_rows_are_missing_by_chance_and_come_back() -> None:
    customer = Customer()
    placed = with_orders(10, customer)
    customer.set(ccnl_missing="0.5", ccnl_seed="7")

    seen = [numbers(customer.ccnl()) for _ in range(12)]

    assert len({tuple(each) for each in seen}) > 3
    assert sorted({number for each in seen for number in each}) == placed


def test_an_answer_may_say_its_first_row_over_and_over() -> None:
    customer = Customer()
    customer.set(ccnl_repeats=True)
    with_orders(3, customer)

    assert numbers(customer.ccnl()) == ["0000040001"] * 3


def test_open_orders_have_a_list_of_their_own_on_live_alone() -> None:
    live, paper = Customer(make_venue(mode="live")), Customer()
    live.placed("buy", "80.01", "2")
    number = live.placed("buy", "79", "1")

    told = live.nccs()

    assert numbers(told) == [number]
    assert told.body["output"][0]["rvse_cncl_dvsn_cd"] == "00"
    assert len(told.body["output"][0]) == 29
    assert live.nccs(OVRS_EXCG_CD="NYSE").body["output"] == []
    assert paper.nccs().refusal == (500, "EGW02006")
    unknown = paper.get("/uapi/overseas-stock/v1/trading/inquire-nccs", "VTTS3018R", paper.account)
    assert unknown.refusal == (500, "OPSQ0002")


def test_open_orders_are_paged() -> None:
    customer = Customer(make_venue(mode="live"))
    customer.set(nccs_rows=2)
    placed = with_orders(3, customer)
    first = customer.nccs()
    keys = {name.upper(): first.body[name] for name in ("ctx_area_fk200", "ctx_area_nk200")}

    asked = {**customer.account, "OVRS_EXCG_CD": "NASD", "SORT_SQN": "DS", **keys}
    second = customer.get("/uapi/overseas-stock/v1/trading/inquire-nccs", "TTTS3018R", asked, tr_cont="N")

    assert (numbers(first), numbers(second), second.headers["tr_cont"]) == (placed[:2], placed[2:], "E")


def test_numbers_may_come_without_zeros_and_open_orders_may_be_called_done() -> None:
    customer = Customer()
    customer.placed("buy", "79", "1")
    customer.set(padded_odno=False, open_says_done=True, open_price_zero=True, tr_cont_blank=True)

    told = customer.ccnl()

    assert (numbers(told), told.headers["tr_cont"]) == (["40001"], "")
    row = told.body["output"][0]
    assert (row["prcs_stat_name"], row["ft_ord_unpr3"], row["nccs_qty"]) == ("완료", "0.00000000", "1")


def test_rows_may_come_twice_on_command() -> None:
    customer = Customer()
    customer.placed("buy", "79", "1")
    customer.admin("faults", {"route": "ccnl", "kind": "duplicate_fill_report"})

    assert numbers(customer.ccnl()) == ["0000040001"] * 2


def test_the_clock_tells_what_was_asked() -> None:
    customer = Customer(make_venue(mode="live"))
    customer.price()
    customer.price(SYMB="NONE")
    customer.ccnl()
    customer.nccs()
    customer.nccs()
    customer.balance()

    clock = customer.admin("clock", method="GET")

    assert (clock["prices_asked"], clock["orders_asked"], clock["market"]) == (2, 3, "TQQQ")
    assert customer.books()["requests"]["balance 200"] == 1
