"""New York's day: orders are for it alone, and outside of it nobody trades."""

import pytest

from tests.simulator.kis.customer import Customer, make_venue

CLOSED = [
    ("2026-03-05T12:00:00Z", "40580000", "모의투자 장시작전 입니다."),
    ("2026-03-05T21:00:00Z", "40580000", "모의투자 장종료 입니다."),
    ("2026-03-07T15:00:00Z", "40100000", "모의투자 영업일이 아닙니다."),
]


@pytest.mark.parametrize(("at", "code", "text"), CLOSED[1:])
def test_a_closed_market_takes_no_order(at: str, code: str, text: str) -> None:
    customer = Customer()
    number = customer.placed("buy", "79", "1")
    customer.step(at, play=False)
    customer.token = ""

    told = customer.place("buy", "79", "1")

    assert (told.refusal, told.body["msg1"]) == ((200, code), text)
    assert customer.change(number).refusal == (200, code)
    live = Customer(make_venue(mode="live"))
    live.step(at, play=False)
    assert live.place("buy", "79", "1").refusal == (200, "APBK0918")


def test_before_the_opening_paper_says_so() -> None:
    customer = Customer()
    customer.step("2026-03-06T14:29:59Z", play=False)

    assert customer.place("buy", "79", "1").body["msg1"] == CLOSED[0][2]


def test_summer_time_opens_an_hour_earlier_by_our_clocks() -> None:
    customer = Customer()
    customer.step("2026-03-09T13:29:59Z", play=False)
    assert customer.place("buy", "79", "1").refusal == (200, "40580000")

    customer.step("2026-03-09T13:30:00Z", play=False)

    assert customer.place("buy", "79", "1").ok


def test_two_days_with_expiry_and_numbers_that_begin_anew() -> None:
    customer = Customer()
    filled = customer.placed("buy", "80.01", "2")
    resting = customer.placed("buy", "79", "3")
    customer.placed("sell", "85", "2")
    plays = customer.admin("clock", method="GET")["left"]
    for _ in range(plays // 2):
        customer.step()
    assert [order["state"] for order in customer.books()["orders"]] == ["done", "wait", "wait"]
    customer.step("2026-03-05T20:59:59Z", play=False)
    assert customer.books()["accounts"]["USD"]["locked"] == "237.5925"

    customer.step("2026-03-05T21:00:00Z", play=False)

    books = customer.books()
    assert [order["state"] for order in books["orders"]] == ["done", "expired", "expired"]
    assert books["orders"][1]["closed_at"] == "2026-03-05T21:00:00Z"
    assert books["accounts"] == {"USD": {"free": "9839.57995", "locked": "0"}, "TQQQ": {"free": "2", "locked": "0"}}
    assert customer.row(resting)["nccs_qty"] == "0"
    customer.set(expired_nccs="stays")
    assert customer.row(resting)["nccs_qty"] == "3"

    customer.step()
    customer.token = ""
    assert customer.admin("clock", method="GET")["now"] == "2026-03-06T14:30:00Z"
    assert customer.placed("buy", "79", "1") == filled
    assert [order["order_id"] for order in customer.books()["orders"]][-1] == "2026-03-06-40001"
    assert customer.change(resting).refusal == (200, "40330000")
    for _ in range(plays):
        customer.step()
    customer.step("2026-03-06T21:00:00Z", play=False)
    assert customer.books()["orders"][-1]["state"] == "expired"


def test_a_day_can_be_set_closed_or_short() -> None:
    customer = Customer()
    number = customer.placed("buy", "79", "1")
    customer.set(plans={"2026-03-05": "half", "2026-03-06": "closed"})

    customer.step("2026-03-05T18:00:00Z", play=False)
    assert customer.books()["orders"][0]["state"] == "expired"
    assert customer.place("buy", "79", "1").refusal == (200, "40580000")
    customer.step("2026-03-06T15:00:00Z", play=False)
    customer.token = ""

    assert customer.place("buy", "79", "1").refusal == (200, "40100000")
    assert customer.row(number)["nccs_qty"] == "0"


def test_a_day_that_is_cut_short_late_ends_at_once() -> None:
    customer = Customer()
    customer.placed("buy", "79", "1")
    customer.step("2026-03-05T19:00:00Z", play=False)

    customer.set(plans={"2026-03-05": "half"})

    assert customer.books()["orders"][0]["state"] == "expired"


def test_a_halted_share_takes_no_order() -> None:
    customer = Customer()
    customer.set(halted=True)

    assert customer.place("buy", "79", "1").refusal == (200, "40910000")
    assert customer.price()["ordy"] == "매매 불가"
