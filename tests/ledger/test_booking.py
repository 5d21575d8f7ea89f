"""Moves, days, decisions and states are kept as they were written."""

from datetime import timedelta
from decimal import Decimal

from domain.book import Book, Lot
from domain.decision import Note, Weight
from domain.instrument import Side
from domain.order import Fill
from domain.reason import reason
from ledger.audit import audit
from tests.ledger.desk import MORNING, SYMBOL, Desk


def test_moves_and_adoptions_are_kept(desk: Desk) -> None:
    desk.adopt("c3", "0.5", "90")
    desk.buy("100", "2", fee="0.5", slot="start")
    desk.move("start", "c1", "1.5")
    desk.move("start", "dust", "0.5", closes_cycle=True)
    desk.sell("110", "1.5", fee="0.4", slot="c1")
    desk.reopen()

    book = desk.ledger.reader.book(SYMBOL)

    assert book == desk.book()
    assert book.lots["dust"] == (Lot(Decimal("0.5"), Decimal(100), Decimal("0.125")),)
    assert (book.cycles, book.adopted_cost) == (2, Decimal(45))
    assert audit(desk.ledger.reader) == []


def test_several_bookings_share_a_page(desk: Desk) -> None:
    order = desk.rest(Side.BUY, "100", "2")
    first = Fill("t1", Decimal(100), Decimal(1), Decimal("0.1"), MORNING)
    second = Fill("t2", Decimal(99), Decimal(1), Decimal("0.1"), MORNING)
    half = order.with_fill(Decimal(1))
    full = half.with_fill(Decimal(1))
    one = Book().booked("c1", Side.BUY, first)
    two = one.booked("c1", Side.BUY, second)

    with desk.ledger.commit() as page:
        page.order(half, MORNING)
        page.fill(half, first, Book(), one, MORNING.date())
        page.order(full, MORNING)
        page.fill(full, second, one, two, MORNING.date())

    assert desk.ledger.reader.book(SYMBOL) == two
    assert desk.ledger.reader.orders() == [full]
    assert audit(desk.ledger.reader) == []


def test_each_day_has_its_roll_up(desk: Desk) -> None:
    desk.buy("100", "2", fee="0.5")
    desk.now += timedelta(days=1)
    desk.reopen()
    desk.sell("110", "1", fee="0.25")
    desk.now -= timedelta(days=1)
    desk.sell("120", "1", fee="0.25")

    first, second = desk.ledger.reader.days(SYMBOL)

    assert (first.fills, first.buys, first.sells, first.cycles, second.fills) == (2, 1, 1, 1, 1)
    assert (first.fees, second.fees) == (Decimal("0.75"), Decimal("0.25"))
    assert (first.matched, second.matched) == (Decimal("19.5"), Decimal("9.5"))
    assert (first.position, second.position) == (Decimal(0), Decimal(1))
    assert second.cost == Decimal("100.25")
    assert desk.ledger.reader.book(SYMBOL) == desk.book()
    assert audit(desk.ledger.reader) == []


def test_decisions_and_states_come_back(desk: Desk) -> None:
    order = desk.rest(Side.BUY, "100", "1")
    note = Note("grid", reason("gap_loses", gap=Decimal("0.150"), cells=20, unit="percent %"), Weight.WARNING)
    body = {"anchor": "93450000", "cells": [{"slot": "1", "above": True, "n": 3, "frozen": None}], "이름": "바둑판"}
    with desk.ledger.commit() as page:
        page.decision(MORNING, SYMBOL, note, order.seq)
        page.state("grid/KRW-BTC", body)
        page.state("grid_not", {})
        page.state("run", {"paused": False})

    desk.reopen()

    (decision,) = desk.ledger.reader.decisions(9)
    assert (decision.note, decision.order_seq, decision.at) == (note, order.seq, MORNING)
    assert desk.ledger.reader.state("grid/KRW-BTC") == body
    assert desk.ledger.reader.states("grid/") == {"grid/KRW-BTC": body}
    assert desk.ledger.reader.states("GRID") == {}
    assert set(desk.ledger.reader.states()) == {"grid/KRW-BTC", "grid_not", "run"}
    with desk.ledger.commit() as page:
        page.state("run", {"paused": True})
        page.state("grid_not", None)
        page.state("never_was", None)
    desk.reopen()
    assert desk.ledger.reader.state("run") == {"paused": True}
    assert desk.ledger.reader.state("grid_not") is None
