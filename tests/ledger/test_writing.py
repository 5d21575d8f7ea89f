"""A page is written wholly or not at all, and what is written agrees with itself."""

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import cast

import pytest

from domain.book import Book
from domain.decision import Note
from domain.errors import IllegalTransition
from domain.instrument import Side
from domain.order import Fill, OrderState
from domain.reason import reason
from ledger.audit import audit
from ledger.places import SqlitePlace
from tests.ledger.desk import MORNING, SYMBOL, Desk


def test_an_order_comes_back_as_it_was_written(desk: Desk) -> None:
    order = desk.rest(Side.BUY, "93450000.5", "0.00010000", slot="7")

    desk.reopen()

    assert desk.ledger.reader.orders() == [order]
    assert desk.ledger.reader.order(order.client_id) == order
    assert desk.ledger.reader.open_orders() == [order]


def test_a_session_order_keeps_its_session(desk: Desk) -> None:
    order = desk.intent(Side.BUY, "61.5", "1")
    order = desk.write(replace(order, key=replace(order.key, session=date(2026, 11, 20))))

    assert desk.ledger.reader.orders() == [order]


def test_an_order_remembers_when_it_was_sent_accepted_and_closed(desk: Desk) -> None:
    order = desk.rest(Side.BUY, "100", "1")
    order = desk.write(order.advance(OrderState.CANCEL_PENDING))
    desk.write(order.advance(OrderState.CANCELED))

    (record,) = desk.ledger.reader.records(1)

    assert record.accepted
    assert record.why == reason("rung_wanted", price=Decimal(100))
    assert record.created_at == MORNING + timedelta(seconds=1)
    assert record.sent_at == MORNING + timedelta(seconds=2)
    assert record.closed_at == MORNING + timedelta(seconds=5)
    assert [row["state"] for row in desk.ledger.reader.each_transition()] == [
        OrderState.PENDING,
        OrderState.SUBMITTED,
        OrderState.OPEN,
        OrderState.CANCEL_PENDING,
        OrderState.CANCELED,
    ]


def test_an_order_that_never_left_was_never_accepted(desk: Desk) -> None:
    desk.write(desk.write(desk.intent(Side.BUY, "100", "1")).advance(OrderState.VOID))

    (record,) = desk.ledger.reader.records(1)

    assert (record.accepted, record.sent_at) == (False, None)
    assert desk.ledger.reader.accepted(SYMBOL) == 0


def test_a_void_order_that_the_venue_shows_after_all_is_open_again(desk: Desk) -> None:
    order = desk.write(desk.intent(Side.BUY, "100", "1"))
    order = desk.write(order.advance(OrderState.SUBMITTED))
    order = desk.write(order.advance(OrderState.VOID))
    desk.reopen()

    order = desk.write(order.advance(OrderState.OPEN, venue_id="v1"))

    assert desk.ledger.reader.open_orders() == [order]
    assert audit(desk.ledger.reader) == []


def test_fees_of_an_order_add_up(desk: Desk) -> None:
    order = desk.rest(Side.BUY, "100", "3")
    order = desk.fill(order, "1", fee="0.25")
    desk.reopen()
    desk.fill(order, "2", fee="-0.05")

    (record,) = desk.ledger.reader.records(1)

    assert record.fee == Decimal("0.2")
    assert record.order.state is OrderState.FILLED


def test_a_late_fill_of_an_order_closed_long_ago_is_booked(desk: Desk) -> None:
    order = desk.rest(Side.BUY, "100", "2")
    order = desk.write(order.advance(OrderState.CANCELED))
    desk.buy("99", "1")
    desk.reopen()

    order = desk.fill(order, "2")

    assert desk.ledger.reader.order(order.client_id) == order
    assert desk.ledger.reader.book(SYMBOL) == desk.book()
    assert audit(desk.ledger.reader) == []


def test_the_same_execution_is_never_booked_twice(desk: Desk) -> None:
    order = desk.fill(desk.rest(Side.BUY, "100", "2"), "1")
    (record,) = desk.ledger.reader.fills(1)
    assert desk.ledger.has_fill(SYMBOL, record.fill.fill_id)
    assert not desk.ledger.has_fill("KRW-ETH", record.fill.fill_id)
    more = order.with_fill(Decimal(1))
    after = desk.book().booked("c1", Side.BUY, record.fill)

    def again() -> None:
        with desk.ledger.commit() as page:
            page.order(more, MORNING)
            page.fill(more, record.fill, desk.book(), after, MORNING.date())

    with pytest.raises(IllegalTransition, match="booked already"):
        again()

    assert desk.ledger.reader.orders() == [order]
    assert len(desk.ledger.reader.fills(9)) == 1
    assert audit(desk.ledger.reader) == []


def test_the_same_execution_twice_on_one_page_is_refused(desk: Desk) -> None:
    order = desk.rest(Side.BUY, "100", "2")
    fill = Fill("t1", Decimal(100), Decimal(1), Decimal(0), MORNING)
    once = Book().booked("c1", Side.BUY, fill)

    def both() -> None:
        with desk.ledger.commit() as page:
            page.fill(order, fill, Book(), once, MORNING.date())
            assert desk.ledger.has_fill(SYMBOL, "t1")
            page.fill(order, fill, once, once.booked("c1", Side.BUY, fill), MORNING.date())

    with pytest.raises(IllegalTransition, match="booked already"):
        both()

    assert not desk.ledger.has_fill(SYMBOL, "t1")


def test_a_filled_quantity_without_its_fill_is_refused(desk: Desk) -> None:
    order = desk.rest(Side.BUY, "100", "2")

    with pytest.raises(IllegalTransition, match="filled by 1 more, but 0 is booked"):
        desk.write(order.with_fill(Decimal(1)))

    assert desk.ledger.reader.orders() == [order]


def test_a_fill_without_the_step_of_its_order_is_refused(desk: Desk) -> None:
    order = desk.rest(Side.BUY, "100", "2")
    fill = Fill("t1", Decimal(100), Decimal(1), Decimal(0), MORNING)

    with pytest.raises(IllegalTransition, match="filled by 0 more, but 1 is booked"), desk.ledger.commit() as page:
        page.fill(order, fill, Book(), Book().booked("c1", Side.BUY, fill), MORNING.date())

    assert desk.ledger.reader.fills(9) == []


def test_a_fill_of_an_order_that_was_never_written_is_refused(desk: Desk) -> None:
    order = desk.intent(Side.BUY, "100", "1")
    fill = Fill("t1", Decimal(100), Decimal(1), Decimal(0), MORNING)

    with pytest.raises(IllegalTransition, match="never written"), desk.ledger.commit() as page:
        page.fill(order, fill, Book(), Book().booked("c1", Side.BUY, fill), MORNING.date())


def test_a_booking_that_begins_with_another_book_is_refused(desk: Desk) -> None:
    desk.buy("100", "1")
    desk.books.clear()

    with pytest.raises(IllegalTransition, match="another book"):
        desk.buy("100", "1", slot="c2")


def test_what_was_decided_of_an_order_does_not_change(desk: Desk) -> None:
    order = desk.fill(desk.rest(Side.BUY, "100", "2"), "1")

    for other in (
        replace(order, price=Decimal(101)),
        replace(order, client_id="bp0a1b2c-zz"),
        replace(order, venue_id="v-other"),
        replace(order, venue_id=None),
        replace(order, filled=Decimal(0)),
    ):
        with pytest.raises(IllegalTransition):
            desk.write(other)
    assert desk.ledger.reader.orders() == [order]


def test_a_slot_has_one_order_that_is_not_closed(desk: Desk) -> None:
    order = desk.rest(Side.BUY, "100", "1", slot="c1")
    other = desk.rest(Side.BUY, "100", "1", slot="c2")
    foreign = desk.rest(Side.BUY, "100", "1", slot="c1", symbol="KRW-ETH")

    with pytest.raises(IllegalTransition):
        desk.rest(Side.SELL, "100", "1", slot="c1")

    assert desk.ledger.reader.open_orders() == [order, other, foreign]
    desk.write(order.advance(OrderState.CANCELED))
    desk.rest(Side.SELL, "100", "1", slot="c1")
    assert audit(desk.ledger.reader) == []


def test_one_page_may_close_an_order_and_open_the_next_of_its_slot(desk: Desk) -> None:
    order = desk.rest(Side.BUY, "100", "1")
    answer = desk.intent(Side.SELL, "101", "1")

    with desk.ledger.commit() as page:
        page.order(answer, MORNING)
        page.order(order.advance(OrderState.EXPIRED), MORNING)

    assert desk.ledger.reader.open_orders() == [answer]


@pytest.mark.parametrize("same", ["client_id", "key", "venue_id"])
def test_no_two_orders_share_an_id(desk: Desk, same: str) -> None:
    order = desk.rest(Side.BUY, "100", "1")
    desk.write(order.advance(OrderState.CANCELED))
    other = replace(desk.intent(Side.BUY, "100", "1"), **{same: getattr(order, same)})

    with pytest.raises(IllegalTransition):
        desk.write(other)

    assert len(desk.ledger.reader.orders()) == 1


def test_two_symbols_may_use_the_same_intent_key(desk: Desk) -> None:
    order = desk.rest(Side.BUY, "100", "1")
    other = replace(desk.intent(Side.BUY, "100", "1", symbol="KRW-ETH"), key=order.key)

    desk.write(other)

    assert desk.ledger.reader.orders() == [order, other]


def test_an_exception_on_a_page_leaves_everything_as_it_was(desk: Desk) -> None:
    desk.buy("100", "1", fee="0.25")
    order = desk.rest(Side.SELL, "101", "1")
    fill = Fill("t9", Decimal(101), Decimal(1), Decimal(0), MORNING)
    sold = order.with_fill(Decimal(1))
    seq = desk.ledger.next_order_seq()

    def fail() -> None:
        with desk.ledger.commit() as page:
            page.order(sold, MORNING)
            page.fill(sold, fill, desk.book(), desk.book().booked("c1", Side.SELL, fill), MORNING.date())
            page.decision(MORNING, SYMBOL, Note("c1", reason("sold")))
            page.state("grid", {"anchor": "100"})
            page.order(desk.intent(Side.BUY, "99", "1", slot="c2"), MORNING)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()

    assert desk.ledger.next_order_seq() == seq + 1
    assert desk.ledger.reader.open_orders() == [order]
    assert desk.ledger.reader.book(SYMBOL) == desk.book()
    assert desk.ledger.reader.decisions(9) == []
    assert desk.ledger.reader.state("grid") is None
    desk.fill(order, "1")
    desk.reopen()
    assert desk.ledger.reader.book(SYMBOL) == desk.book()
    assert audit(desk.ledger.reader) == []


def test_what_cannot_be_written_exactly_is_refused_before_anything_is_written(desk: Desk) -> None:
    for price in (100.5, Decimal("NaN"), 100):
        with pytest.raises(TypeError, match="exact amount"):
            desk.write(replace(desk.intent(Side.BUY, "100", "1"), price=cast("Decimal", price)))
    with pytest.raises(TypeError, match="time zone"), desk.ledger.commit() as page:
        page.order(desk.intent(Side.BUY, "100", "1"), MORNING.replace(tzinfo=None))
    with pytest.raises(TypeError, match="binary fraction"), desk.ledger.commit() as page:
        page.state("grid", {"levels": [{"price": 0.1}]})

    assert desk.ledger.reader.orders() == []
    desk.buy("100", "1")
    assert audit(desk.ledger.reader) == []


def test_a_commit_that_was_interrupted_is_known_only_after_opening_anew(desk: Desk) -> None:
    class Interrupted(Decimal):
        def __format__(self, *_: object) -> str:
            raise KeyboardInterrupt

    order = desk.intent(Side.BUY, "100", "1")

    with pytest.raises(KeyboardInterrupt):
        desk.write(replace(order, price=Interrupted(100)))

    with pytest.raises(IllegalTransition, match="anew"):
        desk.write(order)
    desk.reopen()
    assert desk.write(order) == desk.ledger.reader.order(order.client_id)


def test_a_page_is_not_opened_inside_a_page(desk: Desk) -> None:
    with desk.ledger.commit(), pytest.raises(IllegalTransition), desk.ledger.commit():
        pass
    with desk.ledger.reader.frozen(), pytest.raises(IllegalTransition):
        desk.rest(Side.BUY, "100", "1")
    desk.rest(Side.BUY, "100", "1")


def test_a_page_in_which_nothing_changed_touches_no_disk(folder: SqlitePlace) -> None:
    with Desk.at(folder) as desk:
        order = desk.rest(Side.BUY, "100", "1")
        with desk.ledger.commit() as page:
            page.state("grid", {"anchor": "100"})
        size = folder.wal.stat().st_size

        with desk.ledger.commit() as page:
            page.order(order, desk.later())
            page.state("grid", {"anchor": "100"})
        with desk.ledger.commit() as page:
            page.state("grid", {"anchor": "101"})
            page.state("grid", {"anchor": "100"})

        assert folder.wal.stat().st_size == size
        desk.write(order.advance(OrderState.CANCELED))
        assert folder.wal.stat().st_size > size
