"""A split of shares: prices and quantities, whole shares in every slot, and a cost that stays what it was."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.book import Book, Lot
from domain.exact import ZERO
from domain.instrument import Side
from domain.mark import Mark
from domain.money import WonRate
from domain.order import Fill
from domain.rescale import rescaled, rescaled_lots
from domain.split import Split

D = Decimal
NOON = datetime(2026, 3, 6, 17, tzinfo=UTC)
SHARE = D(1)

TEN, TENTH = Split(10, 1), Split(1, 10)
RATIOS = st.builds(Split.of, st.integers(1, 100), st.integers(1, 100))
LOTS = st.lists(
    st.builds(
        Lot,
        st.integers(1, 500).map(D),
        st.decimals("0.01", "900", places=2),
        st.decimals("0", "3", places=6),
        st.one_of(st.none(), st.decimals("900", "1700", places=2)),
    ),
    min_size=1,
    max_size=3,
)
HELD = st.lists(LOTS, max_size=6).map(lambda many: {f"0.{n}": tuple(lots) for n, lots in enumerate(many)})


def bought(book: Book, slot: str, qty: str, price: str, fee: str = "0") -> Book:
    return book.booked(slot, Side.BUY, Fill(f"{slot}-{qty}-{price}", D(price), D(qty), D(fee), NOON))


def three_cells() -> Book:
    """Return 7 at 10, 8 at 11 and 10 at 12, a fee of 0.25 on each."""
    book = bought(Book(), "0.0", "7", "10", "0.25")
    book = bought(book, "0.1", "8", "11", "0.25")
    return bought(book, "0.2", "10", "12", "0.25")


def test_a_split_in_lowest_terms_is_written_as_it_is_typed() -> None:
    assert str(Split.of(20, 2)) == "10:1"
    assert Split.of(6, 4) == Split(3, 2)


@pytest.mark.parametrize(
    ("split", "price", "qty"),
    [
        (TEN, "10.25", "1000"),
        (TENTH, "1025", "10"),
        (Split(3, 2), "68.33333333", "150"),
        (Split(7, 3), "43.92857143", "233.33333333"),
    ],
)
def test_prices_go_one_way_and_quantities_the_other(split: Split, price: str, qty: str) -> None:
    assert (split.price(D("102.5")), split.qty(D(100))) == (D(price), D(qty))


def test_ten_new_shares_for_each_leave_every_lot_where_it_is() -> None:
    before = three_cells()

    after = rescaled(before, TEN, tuple(before.lots), SHARE, D("1.2"))

    assert after.lots["0.0"] == (Lot(D(70), D(1), D("0.25")),)
    assert after.lots["0.2"] == (Lot(D(100), D("1.2"), D("0.25")),)
    assert (after.cash_flow, after.matched, after.cost) == (before.cash_flow, before.matched, before.cost)
    assert after.total(D("1.2")) == before.total(D(12))


def test_one_new_share_for_ten_hands_fractions_on_and_pays_for_the_last() -> None:
    before = three_cells()

    after = rescaled(before, TENTH, tuple(before.lots), SHARE, D(120))

    # 0.7, then 0.7 + 0.8, then 0.5 + 1.0 shares: one each for the second and the third, half a share is left.
    assert {slot: after.held(slot) for slot in after.lots} == {"0.1": D(1), "0.2": D(1)}
    assert after.cash_flow - before.cash_flow == D(60)
    assert before.cost - after.cost == before.matched - after.matched + D(60)
    assert after.total(D(120)) == before.total(D(12))


def test_what_is_less_than_a_share_is_paid_out_whole() -> None:
    before = bought(Book(), "0.0", "3", "10")

    after = rescaled(before, TENTH, ("0.0",), SHARE, D("99.99"))

    assert (after.lots, after.position) == ({}, ZERO)
    assert after.cash_flow - before.cash_flow == D("29.99")
    assert after.matched == D("-0.01")
    assert (after.sells, after.cycles) == (before.sells, before.cycles)


def test_a_fraction_that_is_paid_out_counts_in_won_like_a_sale() -> None:
    before = bought(Book().rated(WonRate(D(1400), NOON, "test")), "0.0", "5", "10")

    dear = rescaled(before.rated(WonRate(D(1500), NOON, "test")), TENTH, ("0.0",), SHARE, D(120))
    unknown = rescaled(before.rated(None), TENTH, ("0.0",), SHARE, D(120))

    assert dear.won.total == 60 * 1500 - 50 * 1400
    assert (dear.unrated, unknown.unrated) == (0, 1)


def test_lots_that_are_put_together_cost_in_won_what_they_did() -> None:
    lots = (Lot(D(5), D(10), ZERO, D(1400)), Lot(D(5), D(30), ZERO, D(1500)))

    made = rescaled_lots([("0.0", lots)], TENTH, SHARE)
    unknown = rescaled_lots([("0.0", (lots[0], Lot(D(5), D(30), ZERO)))], TENTH, SHARE)

    assert made.lots["0.0"] == (Lot(D(1), D(200), ZERO, D(1475)),)
    assert unknown.lots["0.0"][0].won is None


def test_an_empty_book_is_split_without_a_trace() -> None:
    assert rescaled(Book(), TENTH, (), SHARE, D(1)) == Book()


@given(held=HELD, split=RATIOS, price=st.decimals("0.01", "900", places=2))
def test_no_share_and_no_cent_is_lost_in_any_split(
    held: dict[str, tuple[Lot, ...]], split: Split, price: Decimal
) -> None:
    before = Book(lots=held)

    made = rescaled_lots(held.items(), split, SHARE)
    after = rescaled(before, split, tuple(held), SHARE, price)

    assert all(lot.qty % 1 == 0 and lot.qty > 0 for lots in after.lots.values() for lot in lots)
    assert after.position == before.position * split.new // split.old
    fraction = ZERO if made.fraction is None else made.fraction.cost
    assert after.cost + fraction == before.cost
    paid_out = after.cash_flow
    assert after.matched == paid_out - fraction
    assert after.matched + after.inventory(price) == after.total(price) - before.cost


def test_a_bucket_of_prices_counts_in_new_shares_and_its_money_stays() -> None:
    mark = Mark(NOON, 60, D(100), D(110), D(90), D(105), D(-4000), D(40), D(4000), D(12), ZERO)

    new = mark.rescaled(TEN)

    assert (new.open, new.high, new.low, new.close, new.position) == (D(10), D(11), D(9), D("10.5"), D(400))
    assert (new.total, new.cost, new.matched) == (mark.total, mark.cost, mark.matched)
