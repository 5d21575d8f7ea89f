"""Prices, days, minutes and the book as the wire shows them."""

from datetime import timedelta

import pytest

from tests.simulator.kis.customer import NEXT_OPENS_AT, OPENS_AT, Customer, bar, make_venue

TWO_DAYS = (
    bar(0, "80", "82", "78", "81"),
    bar(5, "81", "81", "80", "80.5"),
    bar(0, "79", "79.5", "76", "77", begins=NEXT_OPENS_AT),
    bar(5, "77", "77", "77", "77", begins=NEXT_OPENS_AT),
)


def second_day(mode: str = "live") -> Customer:
    """Return a customer on the second day's last print."""
    customer = Customer(make_venue(TWO_DAYS, mode=mode))  # type: ignore[arg-type]  # one of the two
    for _ in range(12):
        customer.step()
    return customer


def test_a_price_is_text_against_the_close_before() -> None:
    assert second_day("paper").price() == {
        "rsym": "DNASTQQQ",
        "zdiv": "4",
        "base": "80.5000",
        "pvol": "8000",
        "last": "77.0000",
        "sign": "5",
        "diff": "3.5000",
        "rate": " -4.35",
        "tvol": "5000",
        "tamt": "388500",
        "ordy": "매매 가능",
    }


def test_on_the_first_day_the_base_is_the_open() -> None:
    price = Customer().price()

    assert (price["base"], price["sign"], price["diff"], price["rate"]) == ("80.0000", "3", "0.0000", " +0.00")


@pytest.mark.parametrize("fields", [{"SYMB": "SOXL"}, {"EXCD": "NYS"}, {"EXCD": "NASD"}, {"EXCD": "BAQ"}])
def test_an_unknown_share_is_told_blanks_in_good_words(fields: dict[str, str]) -> None:
    customer = Customer()
    told = customer.quote("price", "HHDFS00000300", **fields)

    assert (told.ok, set(told.body["output"].values())) == (True, {""})


def test_a_quote_may_fail_by_chance() -> None:
    customer = Customer()
    flaky = {"route": "price", "kind": "reject", "status": 500, "name": "EGW00002", "count": None}
    customer.admin("faults", {**flaky, "probability": "0.3", "seed": "4"})

    answers = [customer.quote("price", "HHDFS00000300") for _ in range(30)]

    assert {told.status for told in answers} == {200, 500}
    assert next(told for told in answers if told.status == 500).refusal == (500, "EGW00002")


def test_the_detail_has_every_field() -> None:
    told = second_day().quote("price-detail", "HHDFS76200200").body["output"]

    assert len(told) == 41
    assert (told["open"], told["high"], told["low"], told["last"]) == ("79.0000", "79.5000", "76.0000", "77.0000")
    assert (told["e_hogau"], told["vnit"], told["e_ordyn"], told["zdiv"]) == ("0.0100", "1", "매매 가능", "4")
    assert (told["h52p"], told["l52d"]) == ("82.0000", "20260306")


def test_days_come_newest_first_and_page_back_by_date() -> None:
    customer = second_day()
    asked = {"GUBN": "0", "BYMD": "", "MODP": "1"}

    told = customer.quote("dailyprice", "HHDFS76240000", **asked).body
    earlier = customer.quote("dailyprice", "HHDFS76240000", **asked | {"BYMD": "20260305"}).body

    assert told["output1"] == {"rsym": "DNASTQQQ", "zdiv": "4", "nrec": "2"}
    assert [row["xymd"] for row in told["output2"]] == ["20260306", "20260305"]
    newest = told["output2"][0]
    assert (newest["clos"], newest["sign"], newest["diff"], newest["rate"]) == ("77.0000", "5", "3.5000", "-4.35")
    assert (newest["open"], newest["high"], newest["low"]) == ("79.0000", "79.5000", "76.0000")
    assert [row["xymd"] for row in earlier["output2"]] == ["20260305"]
    week = customer.quote("dailyprice", "HHDFS76240000", **asked | {"GUBN": "1"}).body["output2"]
    assert [(row["open"], row["high"], row["low"], row["clos"]) for row in week] == [
        ("80.0000", "82.0000", "76.0000", "77.0000")
    ]


def test_minutes_come_newest_first_in_both_times_and_page_back() -> None:
    customer = second_day()
    asked = {"NMIN": "5", "PINC": "1", "NEXT": "", "NREC": "3", "FILL": "", "KEYB": ""}

    told = customer.quote("inquire-time-itemchartprice", "HHDFS76950200", **asked).body
    back = asked | {"NEXT": "1", "KEYB": "20260306092500"}
    older = customer.quote("inquire-time-itemchartprice", "HHDFS76950200", **back).body
    today = customer.quote("inquire-time-itemchartprice", "HHDFS76950200", **asked | {"PINC": "0"}).body

    assert [(row["xymd"], row["xhms"], row["khms"]) for row in told["output2"]] == [
        ("20260306", "093500", "233500"),
        ("20260306", "093000", "233000"),
        ("20260305", "093500", "233500"),
    ]
    assert (told["output2"][1]["open"], told["output2"][1]["low"], told["output2"][1]["last"]) == (
        *("79.0000", "76.0000", "77.0000"),
    )
    assert (told["output1"]["next"], told["output1"]["sktm"], told["output1"]["nrec"]) == ("1", "233000", "3")
    assert [row["xhms"] for row in older["output2"]] == ["093500", "093000"]
    assert len(today["output2"]) == 2


def test_the_book_has_ten_levels_and_none_by_night() -> None:
    customer = Customer(make_venue(mode="live"))
    customer.placed("buy", "79.99", "7")

    told = customer.quote("inquire-asking-price", "HHDFS76200100").body
    customer.step((OPENS_AT + timedelta(hours=7)).isoformat(), play=False)
    closed = customer.quote("inquire-asking-price", "HHDFS76200100").body["output2"]

    levels = told["output2"]
    assert len(levels) == 60
    assert (levels["pbid1"], levels["pask1"], levels["pbid2"], levels["vbid2"]) == (
        "80.0000",
        "80.0100",
        "79.9900",
        "507",
    )
    assert (closed["pbid1"], closed["vask10"]) == ("0.0000", "0")
    assert set(told["output3"].values()) == {""}


def test_the_rate_of_the_dollar_is_listed_by_day() -> None:
    customer = Customer()
    asked = {
        "FID_COND_MRKT_DIV_CODE": "X",
        "FID_INPUT_ISCD": "FX@KRW",
        "FID_PERIOD_DIV_CODE": "D",
        "FID_INPUT_DATE_1": "20260301",
        "FID_INPUT_DATE_2": "20260310",
    }

    told = customer.get("/uapi/overseas-price/v1/quotations/inquire-daily-chartprice", "FHKST03030100", asked).body

    assert [row["stck_bsop_date"] for row in told["output2"]] == ["20260305", "20260304", "20260303", "20260302"]
    assert told["output1"]["ovrs_nmix_prpr"] == told["output2"][0]["ovrs_nmix_prpr"]
    assert told["output1"]["ovrs_nmix_prpr"] == customer.psamount()["exrt"][:-4]
