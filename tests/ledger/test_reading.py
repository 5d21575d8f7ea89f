"""What the gate, the engine and the faces ask the ledger is answered from what is committed."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal

import pytest

from domain.errors import SetupError
from domain.instrument import Side
from domain.order import OrderState
from ledger.audit import audit
from ledger.opening import open_reader
from ledger.places import Place
from ledger.reader import PAGE_ROWS
from ledger.records import FillSum
from tests.ledger.desk import IDENTITY, MORNING, SYMBOL, Desk


def test_the_ledger_says_whose_it_is(desk: Desk) -> None:
    assert desk.ledger.reader.meta() == {
        "instance": IDENTITY.instance,
        "mode": "dry_run",
        "exchange": "BITHUMB",
        "created_at": "2026-11-20T01:02:03.000004Z",
    }


def test_attempts_are_counted_by_their_whole_key(desk: Desk) -> None:
    order = desk.intent(Side.BUY, "100", "1", slot="1")
    for attempt in (1, 2, 10):
        order = replace(order, key=replace(order.key, cycle=5, attempt=attempt))
        desk.write(desk.write(order).advance(OrderState.VOID))
        seq = desk.ledger.next_order_seq()
        order = replace(order, seq=seq, client_id=f"bp0a1b2c-{seq}")
    session = date(2026, 11, 20)
    desk.write(replace(order, key=replace(order.key, attempt=3, session=session)))
    reader = desk.ledger.reader

    assert reader.last_attempt(SYMBOL, 1, "1", Side.BUY, 5) == 10
    assert reader.last_attempt(SYMBOL, 1, "1", Side.BUY, 5, session) == 3
    assert reader.last_attempt(SYMBOL, 1, "1", Side.BUY, 5, date(2026, 11, 21)) == 0
    assert reader.last_attempt(SYMBOL, 1, "1", Side.SELL, 5) == 0
    assert reader.last_attempt(SYMBOL, 1, "11", Side.BUY, 5) == 0
    assert reader.last_attempt(SYMBOL, 2, "1", Side.BUY, 5) == 0
    assert reader.last_attempt("KRW-ETH", 1, "1", Side.BUY, 5) == 0


def test_sends_are_counted_from_a_moment_on(desk: Desk) -> None:
    desk.buy("100", "1", slot="c1")
    sent = desk.ledger.reader.records(1)[0].sent_at
    assert sent is not None
    desk.buy("100", "1", slot="c2")
    desk.write(desk.write(desk.intent(Side.BUY, "100", "1", slot="c1")).advance(OrderState.VOID))
    reader = desk.ledger.reader

    assert reader.sends_since(sent) == 2
    assert reader.sends_since(sent + timedelta(microseconds=1)) == 1
    assert reader.sends_since(sent.astimezone(timezone(timedelta(hours=9)))) == 2
    assert reader.creates_since(SYMBOL, "c1", MORNING) == 1
    assert reader.creates_since(SYMBOL, "c1", desk.now) == 0
    assert reader.accepted(SYMBOL) == 2


def test_the_newest_stands_first(desk: Desk) -> None:
    for price in ("100", "101", "102"):
        desk.buy(price, "1", fee="0.5", slot=price)

    assert [record.fill.price for record in desk.ledger.reader.fills(2)] == [Decimal(102), Decimal(101)]
    assert [record.order.price for record in desk.ledger.reader.records(2)] == [Decimal(102), Decimal(101)]


def test_fills_are_summed_by_order(desk: Desk) -> None:
    order = desk.rest(Side.BUY, "100", "3")
    desk.fill(desk.fill(order, "1", fee="0.25"), "2", fee="0.5", price="99.5")
    desk.rest(Side.BUY, "90", "1", slot="c2")

    sums = desk.ledger.reader.fill_sums()

    assert sums == {order.client_id: FillSum(2, Decimal(3), Decimal(299), Decimal("0.75"))}


def test_what_is_not_there_is_not_there(desk: Desk) -> None:
    reader = desk.ledger.reader

    assert reader.order("bp-none") is None
    assert reader.record(7) is None
    assert reader.state("none") is None
    assert reader.fill_sums() == {}
    assert reader.book(SYMBOL) == desk.book()
    assert audit(reader) == []


def test_a_face_reads_beside_the_writer(place: Place, desk: Desk) -> None:
    desk.buy("100", "1")
    reader = open_reader(place)
    try:
        assert reader.book(SYMBOL) == desk.book()
        with reader.frozen() as same:
            assert len(same.fills(9)) == 1
            desk.buy("99", "1", slot="c2")
            assert len(same.fills(9)) == 1
        assert reader.book(SYMBOL) == desk.book()
        assert reader.orders() == desk.ledger.reader.orders()
        assert audit(reader) == []
    finally:
        reader.close()
    desk.buy("98", "1", slot="c3")


def test_a_face_finds_no_ledger_before_there_is_one(place: Place) -> None:
    with pytest.raises(SetupError) as refused:
        open_reader(place)

    assert refused.value.faults[0].code == "ledger_missing"


def test_a_long_journal_is_read_in_parts(desk: Desk) -> None:
    states = [OrderState.CANCEL_PENDING, OrderState.OPEN]
    order = desk.rest(Side.BUY, "100", "1")
    with desk.ledger.commit() as page:
        for n in range(PAGE_ROWS):
            order = order.advance(states[n % 2])
            page.order(order, MORNING)

    steps = list(desk.ledger.reader.each_transition())

    assert len(steps) == PAGE_ROWS + 3
    assert [row["id"] for row in steps] == list(range(1, PAGE_ROWS + 4))
    assert audit(desk.ledger.reader) == []


def test_times_come_back_in_utc_and_to_the_microsecond(desk: Desk) -> None:
    korea = timezone(timedelta(hours=9))
    desk.now = datetime(2026, 11, 20, 9, 0, 0, 123456, tzinfo=korea)
    desk.buy("100", "1")

    (record,) = desk.ledger.reader.fills(1)

    assert record.fill.at == desk.now
    assert record.fill.at.tzinfo == UTC


def test_the_gate_sees_a_remembered_state_from_its_commit_on_and_after_a_restart_until_it_is_forgotten(
    desk: Desk,
) -> None:
    seen = [desk.ledger.present.has_state("safe")]
    with desk.ledger.commit() as page:
        page.state("safe", {"why": "books_differ"})
        seen.append(desk.ledger.present.has_state("safe"))
    seen.append(desk.ledger.present.has_state("safe"))
    desk.reopen()
    seen.append(desk.ledger.present.has_state("safe"))
    with desk.ledger.commit() as page:
        page.state("safe", None)

    assert seen == [False, False, True, True]
    assert not desk.ledger.present.has_state("safe")
