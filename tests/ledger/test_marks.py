"""Marks, tallies and warnings: what is read without looking at every row is what was written."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest
from sqlalchemy import event
from sqlalchemy.dialects import sqlite

from domain.decision import Note, Weight
from domain.instrument import Side
from domain.mark import Mark
from domain.order import OrderState
from domain.reason import reason
from ledger import engines
from ledger.audit import audit
from ledger.columns import Amount, Moment
from ledger.driver import Driver
from ledger.places import SqlitePlace
from ledger.reader import Reader
from tests.ledger.desk import MORNING, SYMBOL, Desk

HOUR = timedelta(hours=1)
MARK = Mark(
    MORNING.replace(minute=0, second=0, microsecond=0),
    3600,
    *(Decimal(each) for each in ("100", "101.5", "99", "100.5", "-200.25", "2", "200.25", "1.5", "0")),
)


def write(desk: Desk, *marks: Mark) -> None:
    with desk.ledger.commit() as page:
        for mark in marks:
            page.mark(SYMBOL, mark)


def test_marks_come_back_oldest_first_and_each_step_by_itself(desk: Desk) -> None:
    later, minute = replace(MARK, at=MARK.at + HOUR), replace(MARK, step_s=60)
    write(desk, later, MARK, minute)
    desk.reopen()
    read = desk.ledger.reader

    assert read.marks(SYMBOL, 3600) == [MARK, later]
    assert read.marks(SYMBOL, 60) == [minute]
    assert read.marks("KRW-ETH", 3600) == []
    assert read.newest_mark(SYMBOL, 3600) == later
    assert read.newest_mark(SYMBOL, 900) is None
    assert MARK.total == Decimal("0.75")


def test_some_of_the_marks_are_read_without_the_others(desk: Desk) -> None:
    marks = [replace(MARK, at=MARK.at + n * HOUR) for n in range(8)]
    write(desk, *marks, replace(MARK, step_s=60, at=MARK.at - HOUR))
    read = desk.ledger.reader

    assert read.newest_marks(SYMBOL, 3600, 3) == marks[5:]
    assert read.oldest_mark(SYMBOL, 3600) == marks[0]
    assert read.oldest_mark("KRW-ETH", 3600) is None
    # Counted from the newest: the last one is always there.
    assert read.thinned_marks(SYMBOL, 3600, 3) == [marks[1], marks[4], marks[7]]
    assert read.thinned_marks(SYMBOL, 3600, 1) == marks


@pytest.mark.parametrize(
    "text", ["1e2", "01", "-0", "1.", "1.50", ".5", "+1", " 1", "1\n", "\u0661", "NaN", "Infinity", "--1", ""]
)
def test_an_amount_that_we_would_not_have_written_is_no_amount(text: str) -> None:
    read = Amount().result_processor(sqlite.dialect(), None)

    assert [read(own) for own in ("0", "-0.5", "10", "0.00000001", None)] == [
        Decimal(0),
        Decimal("-0.5"),
        Decimal(10),
        Decimal("0.00000001"),
        None,
    ]
    with pytest.raises(ValueError, match="not what the ledger writes"):
        read(text)


@pytest.mark.parametrize(
    "text", ["2026-11-20", "2026-11-20T01:02:03Z", "2026-11-20T01:02:03.000004+00:00", "2026-11-20 01:02:03.000004Z"]
)
def test_a_time_that_we_would_not_have_written_is_no_time(text: str) -> None:
    assert Moment().read("2026-11-20T01:02:03.000004Z") == MORNING
    with pytest.raises(ValueError, match="not what the ledger writes"):
        Moment().read(text)


def test_a_bucket_is_written_in_the_place_of_its_former_self(desk: Desk) -> None:
    write(desk, MARK)

    write(desk, replace(MARK, close=Decimal(99)), replace(MARK, close=Decimal(98)))

    assert desk.ledger.reader.marks(SYMBOL, 3600) == [replace(MARK, close=Decimal(98))]


def test_buckets_are_forgotten_up_to_a_moment_in_one_step_of_one_symbol(desk: Desk) -> None:
    marks = [replace(MARK, at=MARK.at + n * HOUR) for n in range(4)]
    write(desk, *marks, replace(MARK, step_s=60))
    with desk.ledger.commit() as page:
        page.forget_marks(SYMBOL, 3600, marks[2].at)
        page.forget_marks("KRW-ETH", 60, marks[3].at)

    assert desk.ledger.reader.marks(SYMBOL, 3600) == marks[2:]
    assert len(desk.ledger.reader.marks(SYMBOL, 60)) == 1


def test_a_page_that_fails_leaves_marks_and_tallies_as_they_were(desk: Desk) -> None:
    desk.rest(Side.BUY, "100", "1")
    write(desk, MARK)

    def fail() -> None:
        with desk.ledger.commit() as page:
            page.forget_marks(SYMBOL, 3600, MARK.at + HOUR)
            order = desk.intent(Side.BUY, "99", "1", slot="c2").advance(OrderState.SUBMITTED)
            page.order(order.advance(OrderState.OPEN, venue_id="v9"), MORNING)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()

    assert desk.ledger.reader.marks(SYMBOL, 3600) == [MARK]
    assert desk.ledger.reader.accepted(SYMBOL) == 1
    desk.rest(Side.BUY, "99", "1", slot="c3")
    assert desk.ledger.reader.accepted(SYMBOL) == 2
    assert audit(desk.ledger.reader) == []


def test_an_order_is_tallied_once_when_the_venue_first_takes_it(desk: Desk) -> None:
    order = desk.rest(Side.BUY, "100", "2")
    desk.reopen()
    order = desk.write(order.advance(OrderState.CANCEL_PENDING))
    desk.write(desk.fill(order, "1").advance(OrderState.CANCELED))
    desk.write(desk.write(desk.intent(Side.BUY, "100", "1", slot="c2")).advance(OrderState.VOID))
    desk.rest(Side.BUY, "100", "1", symbol="KRW-ETH")
    desk.rest(Side.BUY, "100", "1", slot="c3")

    assert desk.ledger.reader.tallies() == {SYMBOL: 2, "KRW-ETH": 1}
    assert desk.ledger.reader.accepted("KRW-XRP") == 0
    assert audit(desk.ledger.reader) == []


def test_warnings_are_told_without_the_notes_between_them(desk: Desk) -> None:
    with desk.ledger.commit() as page:
        for n in range(9):
            weight = Weight.NOTE if n % 3 else Weight.WARNING
            page.decision(MORNING, SYMBOL, Note("grid", reason("gap_loses", n=n), weight))

    told = [record.note.why.plain_figures()["n"] for record in desk.ledger.reader.warnings(2)]

    assert told == ["6", "3"]
    assert {record.note.weight for record in desk.ledger.reader.warnings(9)} == {Weight.WARNING}


def test_each_execution_says_what_it_earned(desk: Desk) -> None:
    desk.buy("100", "2", fee="0.5")
    desk.sell("101", "1", fee="0.25")
    desk.reopen()

    sale, purchase = desk.ledger.reader.fills(9)

    assert (purchase.earned, sale.earned) == (Decimal(0), Decimal("0.5"))


def test_what_is_asked_often_is_found_by_an_index_and_not_sorted(folder: SqlitePlace) -> None:
    with Desk.at(folder) as desk:
        desk.buy("100", "1", slot="start")
        desk.move("start", "c1", "1")
        desk.sell("101", "1")
    asked: list[str] = []
    engine = engines.writing(folder)
    event.listen(engine, "connect", lambda connection, _: connection.set_trace_callback(asked.append))
    driver = Driver(engine, folder)
    read = Reader(driver)
    asked.clear()

    read.cycles(SYMBOL, 9)
    read.warnings(9)
    read.accepted(SYMBOL)
    read.newest_mark(SYMBOL, 60)
    read.oldest_mark(SYMBOL, 60)
    read.marks(SYMBOL, 60)
    read.newest_days(SYMBOL, 9)
    read.open_records()

    # Indexes that hold nothing but warnings and open orders are read as they are.
    scans = {"SCAN decisions USING INDEX warnings", "SCAN orders USING INDEX one_open_order_per_slot"}
    queries = [line for line in asked if line.startswith("SELECT")]
    plans = [" ".join(str(row[-1]) for row in driver.run(f"EXPLAIN QUERY PLAN {query}")) for query in queries]
    driver.close()
    engine.dispose()
    assert len(plans) > 9
    for query, plan in zip(queries, plans, strict=True):
        assert "TEMP B-TREE" not in plan, (query, plan)
        assert "SCAN" not in plan or plan in scans, (query, plan)
    assert scans <= set(plans)
