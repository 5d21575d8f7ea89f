"""Profit in won: price, rate and both together add up to what was really gained, or the figure is not known."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from random import Random

import pytest

from domain.book import DUST, Book, Lot
from domain.instrument import Side
from domain.money import RateCaution, WonEffects, WonProfit, WonRate
from domain.order import Fill
from tests.domain.test_telling import snapshot

AT = datetime(2026, 3, 5, 12, tzinfo=UTC)
BUY, SELL = Side.BUY, Side.SELL
ZERO = Decimal(0)


def rate(won: str | Decimal, at: datetime = AT) -> WonRate:
    return WonRate(Decimal(won), at, "KIS")


def fill(price: str | Decimal, qty: str | Decimal, fee: str | Decimal = "0") -> Fill:
    return Fill("t", Decimal(price), Decimal(qty), Decimal(fee), AT)


def effects(price: str, fx: str, cross: str) -> WonEffects:
    return WonEffects(Decimal(price), Decimal(fx), Decimal(cross))


def bought(won: str | None = "1300", fee: str = "0") -> Book:
    """Ten shares at 50 dollars."""
    return Book(rate=None if won is None else rate(won)).booked("a", BUY, fill("50", "10", fee))


def test_ten_shares_that_are_held_bring_price_rate_and_both_together() -> None:
    held = bought().won_inventory(Decimal(52), Decimal(1350))

    assert held == effects("26000", "25000", "1000")
    assert held.total == 52000


def test_ten_shares_that_were_sold_bring_the_same_and_keep_it_whatever_the_rate_does_later() -> None:
    sold = bought().rated(rate("1350")).booked("a", SELL, fill("52", "10"))

    assert sold.won_matched == effects("26000", "25000", "1000")
    assert sold.rated(rate("900")).won_matched == sold.won_matched
    assert sold.won_inventory(Decimal(1), Decimal(900)) == WonEffects()


def test_fees_count_at_the_rate_of_their_own_day() -> None:
    sold = bought(fee="1").rated(rate("1350")).booked("a", SELL, fill("52", "10", "2"))

    assert sold.won_matched is not None
    assert sold.won_matched.total == 518 * 1350 - 501 * 1300
    assert sold.matched == 17


def test_a_rate_that_is_not_known_is_no_zero() -> None:
    unknown = bought(None)
    sold = unknown.rated(rate("1350")).booked("a", SELL, fill("52", "4"))

    assert unknown.won_inventory(Decimal(52), Decimal(1350)) is None
    assert sold.won_matched is None
    assert bought().rated(None).booked("a", SELL, fill("52", "10")).won_matched is None


def test_a_purchase_without_a_rate_does_not_spoil_what_was_sold_before() -> None:
    sold = bought().rated(rate("1350")).booked("a", SELL, fill("52", "10"))

    again = sold.rated(None).booked("a", BUY, fill("50", "1"))

    assert again.won_matched == sold.won_matched
    assert again.won_inventory(Decimal(50), Decimal(1350)) is None


def test_one_sale_of_lots_of_two_rates_counts_each_at_its_own() -> None:
    both = bought().rated(rate("1400")).booked("a", BUY, fill("50", "5", "0.01"))

    sold = both.rated(rate("1350")).booked("a", SELL, fill("52", "15", "0.1"))

    assert sold.won_matched is not None
    assert sold.won_matched.total == (15 * 52 - Decimal("0.1")) * 1350 - 500 * 1300 - Decimal("250.01") * 1400


def test_a_holding_that_is_taken_over_has_the_rate_of_that_moment() -> None:
    book = Book(rate=rate("1300")).adopted("a", Decimal(10), Decimal(50))

    assert book.won_inventory(Decimal(52), Decimal(1350)) == effects("26000", "25000", "1000")


def test_lots_keep_their_rate_when_they_are_split_or_moved() -> None:
    book = bought().rated(rate("1400")).moved("a", DUST, Decimal(3))

    assert book.lots == {
        "a": (Lot(Decimal(7), Decimal(50), ZERO, Decimal(1300)),),
        DUST: (Lot(Decimal(3), Decimal(50), ZERO, Decimal(1300)),),
    }


def test_books_are_the_same_whatever_rate_the_next_booking_has() -> None:
    assert bought() == bought().rated(None)


def test_the_effects_are_the_profit_in_won_on_two_thousand_random_streams() -> None:
    chance = Random(20260305)  # noqa: S311 - the same streams in every run, no secret
    for _ in range(2000):
        book, flow = Book(), ZERO
        for _step in range(chance.randint(3, 12)):
            won = Decimal(chance.randint(100_000, 200_000)) / 100
            book, flow = _random_step(chance, book.rated(rate(won)), flow, won)
            last, now = Decimal(chance.randint(1, 10**5)) / 100, Decimal(chance.randint(100_000, 200_000)) / 100
            matched, inventory = book.won_matched, book.won_inventory(last, now)
            assert matched is not None
            assert inventory is not None
            # Every purchase and sale changed into won on its day, and what is held today.
            assert matched.total + inventory.total == flow + book.position * last * now


def _random_step(chance: Random, book: Book, flow: Decimal, won: Decimal) -> tuple[Book, Decimal]:
    """One purchase, partial sale, move to dust or adoption; beside it, the bare flow of won."""
    slot = str(chance.randint(0, 2))
    price, fee = Decimal(chance.randint(1, 10**5)) / 100, Decimal(chance.randint(-50, 500)) / 1000
    part = book.held(slot) // chance.choice((1, 2, 3))
    deed = chance.choice(("buy", "buy", "sell", "sell", "dust", "adopt"))
    if deed == "buy":
        paid = fill(price, Decimal(chance.randint(1, 99)), fee)
        return book.booked(slot, BUY, paid), flow - (paid.notional + paid.fee) * won
    if deed == "adopt":
        return book.adopted(slot, Decimal(7), price), flow - 7 * price * won
    if not part:
        return book, flow
    if deed == "dust":
        return book.moved(slot, DUST, part), flow
    got = fill(price, part, fee)
    return book.booked(slot, SELL, got), flow + (got.notional - got.fee) * won


@pytest.mark.parametrize(
    ("read_at", "seen_at", "caution"),
    [
        (AT, AT + timedelta(hours=1), None),
        (AT, AT + timedelta(hours=1, seconds=1), RateCaution.OLD),
        (AT, AT - timedelta(days=1), None),
        (AT, None, None),
        # Saturday 8:59 in Korea, when New York's Friday is over; then Saturday 9:00 until Monday 9:00.
        (datetime(2026, 3, 6, 23, 59, tzinfo=UTC), None, None),
        (datetime(2026, 3, 7, 0, 0, tzinfo=UTC), None, RateCaution.WEEKEND),
        (datetime(2026, 3, 8, 23, 59, tzinfo=UTC), None, RateCaution.WEEKEND),
        (datetime(2026, 3, 9, 0, 0, tzinfo=UTC), None, None),
    ],
)
def test_a_rate_that_is_old_or_of_a_weekend_is_flagged(
    read_at: datetime, seen_at: datetime | None, caution: RateCaution | None
) -> None:
    assert rate("1300", read_at).caution(seen_at) is caution


def test_the_summary_tells_total_in_won() -> None:
    profit = WonProfit(rate("1350"), effects("26000.50", "25000", "1000"), effects("-1", "-2", "-3"))
    shown = replace(snapshot(currency="USD"), won=profit)

    assert shown.summary()["total_pnl_krw"] == "51994.5"
    assert replace(shown, won=replace(profit, inventory=None)).summary()["total_pnl_krw"] is None
    assert replace(shown, won=WonProfit()).summary()["total_pnl_krw"] is None


def test_what_is_known_and_what_is_not_is_told_apart() -> None:
    profit = WonProfit(rate("1350.50"), effects("26000", "25000", "1000"), None)

    assert profit.row(AT + timedelta(days=1)) == {
        "rate": {"rate": "1350.5", "at": "2026-03-05T12:00:00Z", "source": "KIS"},
        "caution": "old",
        "total": None,
        "matched": {"price": "26000", "fx": "25000", "cross": "1000", "sum": "52000"},
        "inventory": None,
    }
    assert WonProfit().row(AT)["rate"] is None
    assert WonProfit().row(AT)["caution"] is None
