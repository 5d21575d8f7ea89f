"""Profit by lot agrees with the cash to the last unit, whatever was traded."""

from datetime import UTC, datetime
from decimal import Decimal
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.book import DUST, Book, Lot
from domain.errors import IllegalTransition
from domain.instrument import Side
from domain.order import Fill

AT = datetime(2025, 3, 3, tzinfo=UTC)
RATE = Decimal("0.001")
BUY, SELL = Side.BUY, Side.SELL
ZERO = Decimal(0)
EIGHT = Decimal("0.00000001")


def fill(price: str | Decimal, qty: str | Decimal = "1", rate: Decimal = RATE) -> Fill:
    at, many = Decimal(price), Decimal(qty)
    return Fill("t", at, many, at * many * rate, AT)


def play(*trades: tuple[str, Side, str]) -> Book:
    book = Book()
    for slot, side, price in trades:
        book = book.booked(slot, side, fill(price))
    return book


def test_fixture_one_pairs_every_sale_with_its_own_level() -> None:
    book = play(
        *(("100", BUY, "100"), ("98", BUY, "98"), ("100", SELL, "102"), ("96", BUY, "96")),
        *(("96", SELL, "98"), ("98", SELL, "100"), ("98", BUY, "98")),
    )

    assert book.matched == Decimal("5.406")
    assert book.inventory(Decimal(97)) == Decimal("-1.098")
    assert book.total(Decimal(97)) == Decimal("4.308")
    assert book.fees == Decimal("0.692")
    assert (book.buys, book.sells, book.cycles, list(book.lots)) == (4, 3, 3, ["98"])
    assert book.position == 1


def test_fixture_two_leaves_the_dearer_lot_open() -> None:
    book = play(("100", BUY, "100"), ("98", BUY, "98"), ("98", SELL, "100"))

    assert book.matched == Decimal("1.802")
    assert book.inventory(Decimal(99)) == Decimal("-1.1")
    assert book.total(Decimal(99)) == Decimal("0.702")
    assert book.cost == Decimal("100.1")


def test_a_rebate_is_a_gain() -> None:
    bought = Book().booked("a", BUY, fill("100", rate=-RATE))
    sold = bought.booked("a", SELL, fill("100", rate=-RATE))

    assert bought.total(Decimal(100)) == Decimal("0.1")
    assert (sold.matched, sold.fees) == (Decimal("0.2"), Decimal("-0.2"))


def test_a_cycle_counts_when_the_lot_is_gone_not_before() -> None:
    bought = Book().booked("a", BUY, fill("100", "3"))
    part = bought.booked("a", SELL, fill("102", "1"))
    rest = part.booked("a", SELL, fill("102", "2"))

    assert (part.cycles, part.held("a")) == (0, Decimal(2))
    assert part.matched == Decimal(102) - Decimal("0.102") - Decimal("100.1")
    assert (rest.cycles, rest.held("a")) == (1, ZERO)
    assert not rest.lots


def test_what_was_not_bought_cannot_be_sold() -> None:
    book = Book().booked("a", BUY, fill("100", "3"))

    with pytest.raises(IllegalTransition, match="slot a lacks 1 of 4"):
        book.booked("a", SELL, fill("102", "4"))
    with pytest.raises(IllegalTransition, match="slot b lacks 1 of 1"):
        book.booked("b", SELL, fill("102"))
    with pytest.raises(IllegalTransition, match="slot b lacks"):
        book.moved("b", "a", Decimal(1))


def test_the_oldest_lot_of_a_slot_is_sold_first() -> None:
    book = Book().booked("a", BUY, fill("100", rate=ZERO)).booked("a", BUY, fill("90", rate=ZERO))

    assert book.booked("a", SELL, fill("101", rate=ZERO)).matched == 1


def test_dust_stays_in_the_position_and_in_inventory() -> None:
    book = Book().booked("a", BUY, fill("100", "3")).booked("a", SELL, fill("102", "2"))

    swept = book.moved("a", DUST, Decimal(1), closes_cycle=True)

    assert (swept.held("a"), swept.held(DUST), swept.position) == (ZERO, Decimal(1), Decimal(1))
    assert swept.cycles == 1
    assert swept.inventory(Decimal(99)) == book.inventory(Decimal(99)) == Decimal("-1.1")
    assert swept.matched == book.matched


def test_lots_that_stay_where_they_are_are_not_lost() -> None:
    book = Book().booked("a", BUY, fill("100", "3"))

    assert book.moved("a", "a", Decimal(2)).held("a") == 3


def test_an_adopted_holding_earns_from_its_price_on() -> None:
    book = Book().adopted("a", Decimal(2), Decimal(100))

    assert (book.total(Decimal(100)), book.total(Decimal(103))) == (ZERO, Decimal(6))
    assert (book.cash_flow, book.buys) == (ZERO, 0)
    assert book.booked("a", SELL, fill("110", "2", ZERO)).matched == 20


@given(
    qty=st.decimals(min_value=EIGHT, max_value=1000, places=8),
    price=st.decimals(min_value=EIGHT, max_value=10**8, places=4),
    fee=st.decimals(min_value=-100, max_value=100, places=8),
    share=st.integers(0, 1000),
)
def test_the_parts_of_a_lot_cost_exactly_what_it_did(qty: Decimal, price: Decimal, fee: Decimal, share: int) -> None:
    lot = Lot(qty, price, fee)

    taken, left = lot.split(qty * share / 1000)

    assert taken.cost + left.cost == lot.cost
    assert taken.qty + left.qty == qty


def test_total_is_matched_and_inventory_on_ten_thousand_random_streams() -> None:
    chance = Random(20250303)  # noqa: S311 - the same streams in every run, no secret
    for _ in range(10_000):
        book, owned, cash = Book(), ZERO, ZERO
        for _step in range(chance.randint(3, 12)):
            book, owned, cash = _random_step(chance, book, owned, cash)
            last = Decimal(chance.randint(1, 10**6)) / 1000
            assert book.total(last) == book.matched + book.inventory(last)
            assert book.position == owned
            assert book.cash_flow == cash


def _random_step(chance: Random, book: Book, owned: Decimal, cash: Decimal) -> tuple[Book, Decimal, Decimal]:
    """One purchase, partial sale, move to dust or adoption; beside it, the bare sums of coins and money."""
    slot = str(chance.randint(0, 3))
    price, rate = Decimal(chance.randint(1, 10**6)) / 1000, Decimal(chance.randint(-20, 50)) / 10_000
    held = book.held(slot)
    part = (held * chance.choice((1, 3, 7, 10)) / 10 // EIGHT) * EIGHT
    deed = chance.choice(("buy", "buy", "sell", "sell", "dust", "adopt"))
    if deed == "buy":
        qty = Decimal(chance.randint(1, 10**10)) * EIGHT
        bought = fill(price, qty, rate)
        return book.booked(slot, BUY, bought), owned + qty, cash - bought.notional - bought.fee
    if deed == "adopt":
        return book.adopted(slot, Decimal(2), price), owned + 2, cash
    if not part:
        return book, owned, cash
    if deed == "dust":
        return book.moved(slot, DUST, part, closes_cycle=chance.random() < 0.5), owned, cash
    sold = fill(price, part, rate)
    return book.booked(slot, SELL, sold), owned - part, cash + sold.notional - sold.fee
