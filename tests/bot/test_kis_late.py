"""What the broker's list tells late: a fill from before a cancel is booked, whether the order has ended for us or not."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

from domain.events import OwnerAsked, OwnerWish
from domain.order import OrderState
from tests.bot.kis_rig import OPENS_AT, kis_desk, placed

if TYPE_CHECKING:
    from pathlib import Path

    from tests.bot.demo_rig import Desk

# One cell that buys three shares at 79.00; every print trades a quarter of a share's minute.
GRID = ("GRID_STEPS=1", "GRID_GAP_PCT=1.25", "ORDER_SIZE=3", "GRID_FOLLOW=off")
LATE = {"visible_after_s": "50", "print_volume": "candle"}
_HEADER = "time_utc,open,high,low,close,volume"


def falling(minutes: int) -> str:
    """Return minutes at 80 dollars, then one at 79 in which four shares are traded, then 79.50 to the end."""
    rows = [_HEADER]
    for number in range(minutes):
        at = (OPENS_AT + timedelta(minutes=number)).isoformat().replace("+00:00", "Z")
        price, volume = ("80", 4000) if number < 2 else ("79", 4) if number == 2 else ("79.5", 4000)
        rows.append(f"{at},{price},{price},{price},{price},{volume}")
    return "\n".join(rows) + "\n"


def cancel_all_at(run: Desk, minute: timedelta) -> None:
    """Play to the end; at one moment the owner takes every order back."""
    asked: list[OwnerAsked] = []

    def look_on() -> bool:
        now = run.demo.clock.now()
        if not asked and now >= OPENS_AT + minute:
            asked.append(OwnerAsked(run.demo.run.symbol, OwnerWish.CANCEL_ALL, now))
            run.demo.run.loop.inbox.put(asked[0])
        return False

    assert run.demo.play(run.patience, look_on, resume=False)


def test_what_was_filled_before_a_cancel_and_is_listed_after_it_is_booked(tmp_path: Path) -> None:
    with kis_desk(tmp_path, falling(20), *GRID, "OPEN_DELAY_S=105") as run:
        run.customer.admin("settings", LATE)
        cancel_all_at(run, timedelta(minutes=2, seconds=15))
        (there,) = placed(run)
        (ours,) = run.demo.run.ledger.reader.orders()
        book = run.demo.run.ledger.reader.book(run.demo.run.symbol)

        assert run.demo.run.diary.differences == ()

    assert 0 < Decimal(there["executed_volume"]) < 3
    assert ours.filled == book.position == Decimal(there["executed_volume"])
    assert ours.state is OrderState.CANCELED
