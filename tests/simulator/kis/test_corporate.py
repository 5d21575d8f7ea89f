"""A share that splits or is called otherwise: prices, holdings and the reference price go on together."""

import json
from decimal import Decimal

import pytest

from tests.simulator.kis.customer import NEXT_OPENS_AT, Customer, bar, make_venue

FIRST = tuple(bar(minute, "80", "82", "78", "81") for minute in (0, 5))
SECOND = tuple(bar(minute, "81.07", "81.07", "81.07", "81.07", begins=NEXT_OPENS_AT) for minute in (0, 5))


def over_night(shares: str = "7") -> Customer:
    """Return a customer who holds shares after the first close."""
    customer = Customer(make_venue(FIRST + SECOND))
    customer.placed("buy", "80.01", shares)
    for _ in range(7):
        customer.step()
    customer.step("2026-03-05T22:00:00Z", play=False)
    customer.token = ""
    return customer


def days(customer: Customer, adjusted: str) -> list[tuple[str, str]]:
    asked = {"GUBN": "0", "BYMD": "", "MODP": adjusted}
    rows = customer.quote("dailyprice", "HHDFS76240000", **asked).body["output2"]
    return [(row["xymd"], row["clos"]) for row in rows]


def test_ten_for_one_over_night_divides_price_reference_and_average() -> None:
    customer = over_night()

    told = customer.admin("split", {"numerator": 10, "denominator": 1})

    assert (told["last"], customer.price()["last"]) == ("8.1", "8.1000")
    row = customer.balance().body["output1"][0]
    assert (row["ovrs_cblc_qty"], row["pchs_avg_pric"], row["now_pric2"]) == ("70", "8.0010", "8.100000")
    customer.step()
    price = customer.price()
    assert (price["last"], price["base"]) == ("8.1000", "8.1000")
    assert customer.admin("clock", method="GET")["last"] == "8.1"
    assert days(customer, "1") == [("20260306", "8.1000"), ("20260305", "8.1000")]
    assert days(customer, "0") == [("20260306", "8.1000"), ("20260305", "81.0000")]
    books = customer.books()
    assert (books["accounts"]["TQQQ"]["free"], books["paid_for_fractions"]) == ("70", "0")
    assert [(split["numerator"], split["denominator"]) for split in books["splits"]] == [(10, 1)]


def test_one_for_ten_pays_the_fraction_out_at_the_last_price() -> None:
    customer = over_night("27")
    before = customer.books()["accounts"]["USD"]["free"]

    customer.admin("split", {"numerator": 1, "denominator": 10})

    books = customer.books()
    assert (books["accounts"]["TQQQ"]["free"], books["last"]) == ("2", "810")
    assert books["paid_for_fractions"] == "567"
    assert Decimal(books["accounts"]["USD"]["free"]) - Decimal(before) == 567
    assert customer.balance().body["output1"][0]["pchs_avg_pric"] == "800.1000"


def test_three_for_two_stays_conserved() -> None:
    customer = over_night()

    customer.admin("split", {"numerator": 3, "denominator": 2})

    # 7 shares are 10.5 new ones; half a share at 54 is paid out
    assert customer.books()["accounts"]["TQQQ"]["free"] == "10"
    assert customer.books()["paid_for_fractions"] == "27"


def test_a_split_at_once_ends_open_orders_and_goes_on_at_the_new_price() -> None:
    customer = Customer(make_venue(FIRST))
    customer.placed("buy", "79", "5")

    customer.admin("split", {"numerator": 2, "denominator": 1})

    assert customer.books()["orders"][0]["state"] == "expired"
    assert customer.books()["accounts"]["USD"] == {"free": "10000", "locked": "0"}
    number = customer.placed("buy", "39.5", "5")
    customer.step()
    assert customer.row(number)["ft_ccld_unpr3"] == "39.50000000"
    assert customer.price()["last"] == "39.0000"


def test_a_new_name_leaves_the_old_one_blank_and_trades_on() -> None:
    customer = over_night()

    customer.admin("rename", {"to": "NEWX"})

    assert set(customer.price().values()) == {""}
    assert customer.price(SYMB="NEWX")["last"] == "81.0000"
    assert customer.price(SYMB="NEWX")["rsym"] == "DNASNEWX"
    assert customer.balance().body["output1"][0]["ovrs_pdno"] == "NEWX"
    assert customer.row("0000040001")["pdno"] == "TQQQ"
    customer.step()
    customer.token = ""
    assert customer.place("sell", "90", "1").refusal == (200, "APBK0656")
    told = customer.place("sell", "90", "1", PDNO="NEWX")
    assert told.ok
    assert [row["pdno"] for row in customer.ccnl().body["output"]] == ["TQQQ", "NEWX"]
    assert (customer.books()["market"], customer.books()["accounts"]["NEWX"]["locked"]) == ("NEWX", "1")


@pytest.mark.parametrize(
    ("path", "body"),
    [("split", {"numerator": 0, "denominator": 1}), ("split", {}), ("rename", {"to": "no"}), ("rename", {})],
)
def test_what_no_company_does_is_refused(path: str, body: dict[str, object]) -> None:
    customer = Customer()

    status, _ = customer.admin_door.answer("POST", f"/admin/{path}", json.dumps(body).encode(), "admin", "127.0.0.1")

    assert status == 400
