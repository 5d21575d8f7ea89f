"""After a split a report draws the whole run in new shares: no curve falls where nobody lost anything."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from domain.split import Split
from ledger.places import SqlitePlace
from tests.ledger.desk import MORNING, Desk
from tests.reports.books import describe, draw, stated, twin

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    """Trades on a new ledger."""
    with Desk.at(SqlitePlace(tmp_path / "dry_run")) as desk:
        yield desk


def test_executions_stand_where_the_prices_of_new_shares_are(desk: Desk) -> None:
    desk.buy("100", "4")
    desk.buy("90", "4", slot="c2")
    draw(desk, ["100", "95", "90"], cash_flow="-760", position="8")
    desk.split(Split(10, 1), "9", "c1", "c2")
    desk.sell("10", "40")
    describe(desk, last="9", started_at=MORNING.isoformat(), at=desk.now.isoformat())

    statement = stated(desk)

    drawn = {(record.fill.price, record.fill.qty) for record in statement.course.fills}
    assert drawn == {(Decimal(10), Decimal(40)), (Decimal(9), Decimal(40))}
    closes = [mark.close for mark in statement.course.whole]
    assert (max(closes), min(closes)) == (Decimal(10), Decimal(9))
    assert [mark.total for mark in statement.course.whole] == [Decimal(40), Decimal(0), Decimal(-40)]


def test_the_cost_of_what_is_held_is_told_in_new_shares(desk: Desk) -> None:
    desk.buy("100", "4")
    desk.split(Split(10, 1), "9", "c1")
    describe(desk, last="9")

    told = twin(desk)

    assert [(lot["qty"], lot["price"], lot["inventory_pnl"]) for lot in told["lots"]] == [("40", "10", "-40")]
    assert told["summary"]["position"] == "40"
