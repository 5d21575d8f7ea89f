"""A split of shares in the ledger: made again from its journal, and told from then on in new shares."""

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal

import pytest

from domain.exact import ZERO
from domain.mark import Mark
from domain.money import WonRate
from domain.split import Split
from ledger.audit import audit
from ledger.places import Place, SqlitePlace
from tests.ledger.desk import MORNING, SYMBOL, Desk
from tests.ledger.test_audit import tamper
from tests.ledger.test_migrating import begun_at

D = Decimal
TEN, TENTH = Split(10, 1), Split(1, 10)


def two_lots(desk: Desk) -> None:
    """Hold 7 in one slot and 8 in another, and have closed a cycle."""
    desk.buy("9", "5", fee="0.1")
    desk.sell("10", "5", fee="0.1")
    desk.buy("10", "7", fee="0.25")
    desk.buy("11", "8", fee="0.25", slot="c2")


@pytest.mark.parametrize(("ratio", "price"), [(TEN, "1.1"), (TENTH, "110"), (Split(7, 3), "4.71")])
def test_the_books_after_a_split_are_made_again_from_the_journal(place: Place, ratio: Split, price: str) -> None:
    with Desk.at(place) as desk:
        two_lots(desk)
        desk.split(ratio, price, "c1", "c2")
        desk.buy("50", "2", slot="c3")

        desk.reopen()

        assert desk.ledger.reader.book(SYMBOL) == desk.book()
        assert audit(desk.ledger.reader) == []
        (day,) = desk.ledger.reader.days(SYMBOL)
        assert (day.position, day.cost) == (desk.book().position, desk.book().cost)
        assert day.fills == desk.book().buys + desk.book().sells


def test_the_ledger_goes_on_counting_after_a_split(place: Place) -> None:
    with Desk.at(place) as desk:
        two_lots(desk)
        desk.split(TEN, "1.1", "c1", "c2")
        desk.reopen()

        desk.sell("1.2", "70")
        desk.split(TENTH, "11", "c2")

        assert audit(desk.ledger.reader) == []
        assert [record.entry for record in desk.ledger.reader.rescales(SYMBOL)] == [5, 7]
        assert desk.ledger.reader.rescales("KRW-ETH") == []


def test_a_split_is_told_with_what_there_was_and_what_it_brought(place: Place) -> None:
    with Desk.at(place) as desk:
        two_lots(desk)
        desk.split(TENTH, "110", "c1", "c2")

        (record,) = desk.ledger.reader.rescales(SYMBOL)

    assert (record.command.split, record.day, record.symbol) == (TENTH, desk.now.date(), SYMBOL)
    assert [(slot, sum(lot.qty for lot in lots)) for slot, lots in record.before] == [("c1", 7), ("c2", 8)]
    assert (record.gained, record.paid_out) == (D(-14), D(55))


def test_a_split_without_a_fraction_pays_nothing(place: Place) -> None:
    with Desk.at(place) as desk:
        two_lots(desk)
        desk.split(TEN, "1.1", "c1", "c2")

        (record,) = desk.ledger.reader.rescales(SYMBOL)

    assert (record.gained, record.paid_out) == (D(135), ZERO)


def test_the_rate_at_which_a_fraction_was_paid_out_is_kept(place: Place) -> None:
    with Desk.at(place) as desk:
        two_lots(desk)
        desk.books[SYMBOL] = desk.book().rated(WonRate(D("1400.5"), MORNING, "test"))
        desk.split(TENTH, "110", "c1", "c2")

        desk.reopen()

        assert desk.ledger.reader.rescales(SYMBOL)[0].won == D("1400.5")
        assert audit(desk.ledger.reader) == []


def test_what_a_lot_was_worth_in_won_is_kept_through_a_split(place: Place) -> None:
    with Desk.at(place) as desk:
        desk.books[SYMBOL] = desk.book().rated(WonRate(D(1400), MORNING, "test"))
        desk.adopt("c1", "3", "10")
        desk.split(TEN, "1", "c1")

        desk.reopen()

        (lot,) = desk.ledger.reader.book(SYMBOL).lots["c1"]
        assert (lot.qty, lot.price, lot.won) == (D(30), D(1), D(1400))
        assert audit(desk.ledger.reader) == []


@pytest.mark.parametrize(
    ("what", "told"),
    [
        ("UPDATE rescales SET new = 9", "audit_lots_differ"),
        ("UPDATE rescales SET price = '111'", "audit_book_differs"),
        ("UPDATE rescales SET day = '2026-11-21'", "audit_day_differs"),
        ("""UPDATE rescales SET lots = replace(lots, '"8"', '"9"')""", "audit_entry_unbookable"),
        ("DELETE FROM rescales", "audit_entry_gap"),
        ("""UPDATE rescales SET lots = '{"a": 1.5}'""", "ledger_damaged"),
    ],
)
def test_a_split_that_was_tampered_with_is_found(place: Place, what: str, told: str) -> None:
    with Desk.at(place) as desk:
        two_lots(desk)
        desk.split(TENTH, "110", "c1", "c2")
        desk.sell("120", "1", slot="c2")
    tamper(place, what)

    with Desk.at(place) as desk:
        assert told in {why.code for why in audit(desk.ledger.reader)}


def test_cycles_from_before_and_after_a_split_are_told_each_in_its_own_shares(place: Place) -> None:
    with Desk.at(place) as desk:
        two_lots(desk)
        desk.split(TENTH, "110", "c1", "c2")
        cost = desk.book().lots["c2"][0].cost
        desk.sell("120", "1", fee="0.5", slot="c2")
        desk.buy("100", "2", slot="c2")
        desk.sell("110", "2", slot="c2")

        newest, after, before = desk.ledger.reader.cycles(SYMBOL, 9)

    assert ([each.fill.price for each in newest.buys], newest.earned) == ([D(100)], D(20))
    # The lots were counted anew: their cost is known, their purchases are not.
    assert (after.buys, after.cost, after.earned) == ((), cost, D("119.5") - cost)
    assert ([each.fill.qty for each in before.buys], before.earned) == ([D(5)], D("4.8"))


def test_a_lot_that_was_split_and_moved_is_followed(place: Place) -> None:
    with Desk.at(place) as desk:
        desk.buy("10", "6", slot="start")
        desk.split(TEN, "1", "start")
        desk.move("start", "c1", "20")
        desk.sell("1.1", "20")

        (cycle,) = desk.ledger.reader.cycles(SYMBOL, 9)

    assert (cycle.buys, cycle.cost, cycle.earned) == ((), D(20), D(2))


def test_the_prices_of_before_are_told_in_new_shares_so_that_no_chart_shows_a_crash(place: Place) -> None:
    with Desk.at(place) as desk:
        two_lots(desk)
        book = desk.book()
        marks = [
            Mark(
                MORNING + timedelta(days=n),
                step_s,
                D(10),
                D(12),
                D(9),
                D(11),
                cash_flow=book.cash_flow,
                position=book.position,
                cost=book.cost,
                matched=book.matched,
                adopted_cost=ZERO,
            )
            for n, step_s in enumerate((60, 900, 86400))
        ]
        with desk.ledger.commit() as page:
            for mark in marks:
                page.mark(SYMBOL, mark)
                page.mark("KRW-ETH", mark)

        desk.split(TENTH, "110", "c1", "c2")
        desk.reopen()

        for mark in marks:
            (told,) = desk.ledger.reader.marks(SYMBOL, mark.step_s)
            assert (told.open, told.high, told.low, told.close) == (D(100), D(120), D(90), D(110))
            assert told == mark.rescaled(TENTH)
            assert told.total == mark.total == desk.book().total(D(110))
            assert desk.ledger.reader.marks("KRW-ETH", mark.step_s) == [mark]


def test_a_ledger_from_before_there_were_splits_has_none(places: Callable[[], Place]) -> None:
    place = places()
    begun_at(place, "0003")

    with Desk.at(place) as desk:
        assert list(desk.ledger.reader.each_rescale()) == []
        assert audit(desk.ledger.reader) == []
    assert not isinstance(place, SqlitePlace) or len(list(place.backups.iterdir())) == 1
