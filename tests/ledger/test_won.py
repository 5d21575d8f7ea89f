"""The ledger keeps the rate of every booking, and the profit in won comes back as it was, also from fills alone."""

from collections.abc import Callable
from decimal import Decimal

import pytest

from domain.money import WonEffects, WonRate
from ledger.audit import audit
from ledger.places import Place, SqlitePlace
from tests.ledger.desk import MORNING, SYMBOL, Desk, opened
from tests.ledger.test_audit import tamper
from tests.ledger.test_migrating import begun_at, copy_rows


def rated(desk: Desk, won: str | None) -> None:
    """Let the next bookings have a rate."""
    desk.books[SYMBOL] = desk.book().rated(None if won is None else WonRate(Decimal(won), MORNING, "KIS"))


@pytest.fixture
def traded(place: Place) -> Place:
    """A closed ledger: ten shares of 1300 sold at 1350, ten held, three of them as dust, and two taken over."""
    with Desk.at(place) as desk:
        rated(desk, "1300")
        desk.buy("50", "10")
        rated(desk, "1350")
        desk.sell("52", "10")
        desk.buy("51", "10", fee="0.1", slot="c2")
        desk.move("c2", "dust", "3")
        rated(desk, "1400")
        desk.adopt("c3", "2", "40")
    return place


def test_a_restart_knows_the_profit_in_won_to_the_last_unit(traded: Place) -> None:
    with opened(traded) as ledger:
        book = ledger.reader.book(SYMBOL)

        assert book.won_matched == WonEffects(Decimal(26000), Decimal(25000), Decimal(1000))
        assert {lot.won for slot in ("c2", "dust") for lot in book.lots[slot]} == {Decimal(1350)}
        assert [lot.won for lot in book.lots["c3"]] == [Decimal(1400)]
        assert book == ledger.present.book(SYMBOL)
        assert [record.won for record in ledger.reader.each_fill()] == [Decimal(1300), Decimal(1350), Decimal(1350)]
        assert [record.won for record in ledger.reader.each_adjustment()] == [None, Decimal(1400)]
        assert audit(ledger.reader) == []


def test_a_sale_without_a_rate_is_counted_and_makes_the_figure_unknown(place: Place) -> None:
    with Desk.at(place) as desk:
        desk.buy("50", "10")
        rated(desk, "1350")
        desk.sell("52", "10")
        desk.reopen()

        book = desk.ledger.reader.book(SYMBOL)
        assert (book.unrated, book.won_matched, book.won) == (1, None, WonEffects())
        assert audit(desk.ledger.reader) == []


@pytest.mark.parametrize(
    ("statement", "code"),
    [
        ("UPDATE fills SET won = '1301' WHERE entry = 1", "audit_book_differs"),
        ("UPDATE fills SET won = NULL WHERE entry = 1", "audit_day_differs"),
        ("UPDATE fills SET won = '1351' WHERE entry = 3", "audit_lots_differ"),
        ("UPDATE adjustments SET won = NULL WHERE won IS NOT NULL", "audit_lots_differ"),
        ("UPDATE lots SET won = '1' WHERE slot = 'dust'", "audit_lots_differ"),
        ("UPDATE days SET won_fx = '25001'", "audit_book_differs"),
        ("UPDATE days SET unrated = 1", "audit_day_differs"),
    ],
)
def test_a_changed_rate_is_told(traded: Place, statement: str, code: str) -> None:
    tamper(traded, statement)

    with opened(traded) as ledger:
        found = {fault.code for fault in audit(ledger.reader)}

    assert code in found


def test_of_an_older_ledger_no_rate_is_known_and_it_is_sound(places: Callable[[], Place]) -> None:
    newest, older = places(), places()
    with Desk.at(newest) as desk:
        desk.buy("100", "1.5", fee="0.375")
        desk.sell("101", "1", fee="0.25")
        desk.adopt("c2", "2", "95.5")
    begun_at(older, "0002")
    copy_rows(newest, older)

    with opened(older, create=False) as ledger:
        book = ledger.reader.book(SYMBOL)
        assert book == desk.book()
        assert (book.unrated, book.won_matched) == (1, None)
        assert {record.won for record in ledger.reader.each_fill()} == {None}
        assert audit(ledger.reader) == []
    if isinstance(older, SqlitePlace):
        assert [copy.name.endswith("-0002.sqlite3") for copy in older.backups.iterdir()] == [True]
    # It goes on in the new form: what is bought from now on has a rate.
    with Desk.at(older) as again:
        again.books = desk.books
        rated(again, "1350")
        again.buy("100", "1", slot="c3")
        assert [lot.won for lot in again.ledger.reader.book(SYMBOL).lots["c3"]] == [Decimal(1350)]
        assert audit(again.ledger.reader) == []
