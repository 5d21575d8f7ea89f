"""A split over a weekend at the broker's own door: no order before its owner confirms it, not a cent off afterwards."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from bot.corporate import SUSPECTED
from domain.errors import SetupError
from domain.instrument import Side
from domain.snapshot import RunState
from domain.split import Split
from ledger.audit import audit
from reports.figures import snapshot_of
from tests.bot.kis_rig import days, kis_desk, placed

if TYPE_CHECKING:
    from pathlib import Path

    from domain.snapshot import Snapshot
    from tests.bot.demo_rig import Desk

FRIDAY_EVENING = datetime(2026, 3, 6, 22, tzinfo=UTC)
# New York has changed to summer time over this weekend.
MONDAY_NOON = datetime(2026, 3, 9, 16, tzinfo=UTC)
TEN, TENTH = Split(10, 1), Split(1, 10)
GRID = ("GRID_STEPS=4", "GRID_GAP_PCT=1.5", "GRID_SPACING=arithmetic", "ORDER_SIZE=13shares", "PAPER_CASH=20000")


def until(desk: Desk, moment: datetime, split: Split | None = None) -> None:
    """Trade until the broker's clock is past a moment."""
    desk.demo.play(desk.patience, lambda: desk.demo.clock.now() >= moment, resume=False, split=split)


def shown(desk: Desk) -> Snapshot:
    return snapshot_of(desk.demo.run.ledger.reader)


def split_at(desk: Desk, split: Split) -> None:
    desk.customer.admin("split", {"numerator": split.new, "denominator": split.old})


@pytest.mark.parametrize(
    ("prices", "split", "position", "sells"),
    [
        # 80 dollars: lots at 78.80 and 77.60. Ten new shares for each.
        (("80", "78.5", "77.5", "79"), TEN, 260, [("7.88", 130), ("8", 130)]),
        # 8 dollars: lots at 7.88 and 7.76, thirteen shares each. One new share for ten: 2.6 of them.
        (("8", "7.85", "7.75", "7.9"), TENTH, 2, [("78.8", 1), ("80", 1)]),
    ],
    ids=["ten for one", "one for ten"],
)
def test_a_weekend_with_a_split(
    tmp_path: Path, prices: tuple[str, ...], split: Split, position: int, sells: list[tuple[str, int]]
) -> None:
    candles = days([prices[0]], [prices[1], prices[2]], [*[prices[2]] * 10, prices[3]], [prices[3]])
    with kis_desk(tmp_path, candles, *GRID) as desk:
        until(desk, FRIDAY_EVENING)
        before, orders = shown(desk), len(placed(desk))
        assert (int(before.position), before.open_orders) == (26, 0)
        split_at(desk, split)
        until(desk, MONDAY_NOON)

        assert SUSPECTED in desk.codes
        frozen = shown(desk)
        assert (len(placed(desk)), frozen.state) == (orders, RunState.SAFE)
        assert (frozen.equity, frozen.total_pnl) == (before.equity, before.total_pnl)

    with kis_desk(tmp_path, candles, *GRID) as desk, pytest.raises(SetupError, match="split_other_ratio"):
        # Neither a restart nor a wrong ratio lets an order through.
        until(desk, MONDAY_NOON, split=Split(5, 1))
    with kis_desk(tmp_path, candles, *GRID) as desk:
        begun = desk.demo.clock.now()
        until(desk, begun, split=split)
        after = shown(desk)
        assert (len(placed(desk)), int(after.position)) == (orders, position)
        # What the fraction brought is cash by now; beside it nothing has become more or less.
        assert (after.equity, after.total_pnl) == (before.equity, before.total_pnl)
        assert after.last is not None
        assert before.last is not None
        assert after.last == split.price(before.last)
        assert Decimal(desk.books()["paid_for_fractions"]) == after.cash - before.cash

        until(desk, datetime(2027, 1, 1, tzinfo=UTC))
        reader = desk.demo.run.ledger.reader
        assert audit(reader) == []
        offered = {(order.price, int(order.qty)) for order in reader.orders() if order.side is Side.SELL}
        assert offered >= {(Decimal(price), qty) for price, qty in sells}
        assert desk.demo.run.diary.differences == ()
