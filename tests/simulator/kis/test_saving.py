"""What was answered is still true after a kill: orders, tokens, splits, names."""

from pathlib import Path

import pytest

from simulator.saving import SavedBooks
from simulator.venue import MarketChanged
from tests.simulator.kis.customer import NEXT_OPENS_AT, OPENS_AT, Customer, Json, bar, make_venue

BARS = tuple(
    bar(minute, "80", "82", "78", "81", begins=begins) for begins in (OPENS_AT, NEXT_OPENS_AT) for minute in (0, 5)
)


def started(folder: Path) -> Customer:
    venue = make_venue(BARS)
    venue.keep_in(SavedBooks(folder))
    return Customer(venue)


def resumed(folder: Path) -> Customer:
    """Start a second venue on saved books, as a process after a kill would."""
    saved = SavedBooks(folder)
    venue = make_venue(BARS)
    venue.restore(saved.read())
    venue.keep_in(saved)
    return Again(venue)


class Again(Customer):
    """A customer who changes no setting on coming back."""

    def set(self, **settings: Json) -> None:
        if "rate_limits" not in settings:
            super().set(**settings)


def let_go(customer: Customer) -> None:
    """Free the folder without saving anything, as a kill does."""
    assert customer.venue._saved is not None  # noqa: SLF001  # a killed process cannot be asked
    customer.venue._saved.close()  # noqa: SLF001  # a killed process cannot be asked


def shown(customer: Customer, token: str) -> Json:
    """Return all that the two doors show."""
    customer.token = token
    books = {name: value for name, value in customer.books().items() if name != "requests" and "asked" not in name}
    pages = [customer.ccnl().body, customer.balance().body, customer.psamount(), customer.price()]
    asked = {"GUBN": "0", "BYMD": "", "MODP": "0"}
    return [books, *pages, customer.quote("dailyprice", "HHDFS76240000", **asked).body]


def test_a_killed_venue_goes_on_where_it_stood(tmp_path: Path) -> None:
    first = started(tmp_path)
    first.placed("buy", "80.01", "7")
    resting = first.placed("buy", "70", "1")
    first.change(first.placed("buy", "71", "1"))
    first.change(first.placed("buy", "72", "1"), "01", "1", "72.5")
    first.step()
    first.print("80.5", volume="3")
    before = shown(first, first.token)
    let_go(first)

    second = resumed(tmp_path)

    assert shown(second, first.token) == before
    second.change(resting)
    assert second.placed("buy", "60", "1") == "0000040008"
    second.step("2026-03-05T21:00:00Z", play=False)
    assert {order["state"] for order in second.books()["orders"]} == {"done", "cancel", "expired"}
    let_go(second)
    third = resumed(tmp_path)
    assert {order["state"] for order in third.books()["orders"]} == {"done", "cancel", "expired"}
    let_go(third)


def test_splits_and_names_come_back_with_their_prices(tmp_path: Path) -> None:
    first = started(tmp_path)
    first.placed("buy", "80.01", "7")
    first.step()
    first.print("80.5")
    first.admin("split", {"numerator": 3, "denominator": 1})
    first.print("27.11")
    first.step()
    first.step("2026-03-05T22:00:00Z", play=False)
    first.admin("split", {"numerator": 1, "denominator": 2})
    asked = {"GUBN": "0", "BYMD": "", "MODP": "1"}
    days = first.quote("dailyprice", "HHDFS76240000", **asked).body["output2"]
    books = first.books()
    before = shown(first, first.token)
    let_go(first)

    second = resumed(tmp_path)

    second.token = first.token
    again = second.quote("dailyprice", "HHDFS76240000", **asked).body["output2"]
    prices = ("xymd", "open", "high", "low", "clos")
    assert [[row[name] for name in prices] for row in again] == [[row[name] for name in prices] for row in days]
    assert second.books()["last"] == books["last"]
    assert shown(second, first.token)[1:5] == before[1:5]
    second.admin("rename", {"to": "NEWX"})
    let_go(second)
    third = resumed(tmp_path)
    third.token = first.token
    assert third.price(SYMB="NEWX")["last"] == second.price(SYMB="NEWX")["last"] != ""
    third.step()
    first_print = third.books()["last"]
    # 81 dollars: three new shares for one, then one for two
    assert first_print == "54"
    let_go(third)


def test_tokens_are_as_old_as_they_were(tmp_path: Path) -> None:
    first = started(tmp_path)
    token = first.sign_in()
    let_go(first)

    second = resumed(tmp_path)

    assert second.desk("/oauth2/tokenP").body["error_code"] == "EGW00133"
    second.step("2026-03-05T14:31:00Z", play=False)
    assert second.desk("/oauth2/tokenP").body["access_token"] == token
    let_go(second)


def test_the_settled_summary_comes_back(tmp_path: Path) -> None:
    first = started(tmp_path)
    first.placed("buy", "80.01", "7")
    first.step("2026-03-05T21:30:00Z", play=False)
    assert first.venue.settled == {"qty": "7", "average": "80.01", "cash": "9438.529825"}
    let_go(first)

    second = resumed(tmp_path)

    assert second.venue.settled == first.venue.settled
    let_go(second)


def test_books_of_another_world_are_refused(tmp_path: Path) -> None:
    first = started(tmp_path)
    let_go(first)
    saved = SavedBooks(tmp_path)

    with pytest.raises(MarketChanged):
        make_venue(BARS, mode="live").restore(saved.read())
    saved.close()


def test_the_keys_of_saved_books_are_kept() -> None:
    venue = make_venue()

    assert {len(venue.keys.app_key), len(venue.keys.other_app_key)} == {36}
    assert {len(venue.keys.app_secret), len(venue.keys.other_app_secret)} == {180}
    assert venue.whole()["account_no"] == "12345678-01"


def test_an_order_of_a_day_that_is_set_open_survives_a_kill(tmp_path: Path) -> None:
    first = started(tmp_path)
    first.set(plans={"2026-03-07": "full"})
    first.step("2026-03-07T15:00:00Z", play=False)
    first.token = ""
    first.placed("buy", "70", "1")
    first.step("2026-03-07T20:59:00Z", play=False)
    let_go(first)

    second = resumed(tmp_path)

    assert [order["state"] for order in second.books()["orders"]] == ["wait"]
    second.step("2026-03-07T21:00:00Z", play=False)
    assert [order["state"] for order in second.books()["orders"]] == ["expired"]
    let_go(second)
