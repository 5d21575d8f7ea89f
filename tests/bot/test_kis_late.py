"""What the broker tells late: a fill is booked, also one of an order that has ended for us."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from domain.events import OwnerAsked, OwnerWish
from domain.order import OrderState
from tests.bot.kis_rig import OPENINGS, OPENS_AT, days, kis_desk, placed
from tests.bot.test_kis_days import stop_at

if TYPE_CHECKING:
    from pathlib import Path

    from tests.bot.demo_rig import Desk

# One cell that buys three shares at 79.01; of the minute in which the price is there each print trades one share.
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


@pytest.mark.parametrize("starts", [1, 2])
def test_what_is_traded_after_the_close_of_our_calendar_is_booked_too(tmp_path: Path, starts: int) -> None:
    # The owner believes in a short day; the price comes down at 14:00 in New York, and the broker trades until 16:00.
    market, short = days(["80"] * 9 + ["79"]), (*GRID, "MARKET_DAYS=2026-03-05=13:00")
    if starts > 1:
        with kis_desk(tmp_path, market, *short) as run:
            stop_at(run, OPENS_AT + timedelta(hours=4))
            (expired,) = run.demo.run.ledger.reader.orders()
        assert expired.state is OrderState.EXPIRED
    with kis_desk(tmp_path, market, *short) as run:
        assert run.play()
        (ours,) = run.demo.run.ledger.reader.orders()

        assert run.demo.run.diary.differences == ()

    assert (ours.state, ours.filled) == (OrderState.FILLED, Decimal(3))


def test_a_start_waits_for_the_list_before_it_takes_a_sale_for_a_loss(tmp_path: Path) -> None:
    # Bought on the first day; on the second the market opens above the sale, which is executed at once.
    market = days(("80", "78.5"), ("85",))
    grid = ("GRID_STEPS=1", "GRID_GAP_PCT=1.25", "ORDER_SIZE=2", "GRID_FOLLOW=off")
    opening = OPENINGS[1] + timedelta(seconds=60)
    with kis_desk(tmp_path, market, *grid) as run:
        run.customer.admin("settings", {"visible_after_s": "45"})
        stop_at(run, OPENS_AT + timedelta(hours=3))
        assert not run.demo.play(run.patience, lambda: sold(run), resume=False)
        assert run.demo.clock.now() < opening + timedelta(seconds=20)
        assert run.demo.run.ledger.reader.book("TQQQ").position == 2
    with kis_desk(tmp_path, market, *grid) as run:
        assert run.play()

        assert run.demo.run.diary.differences == ()
        assert run.demo.run.loop.state.safe is None
        assert "holdings_short" not in [note.why.code for note in run.told]
        assert run.demo.run.ledger.reader.book("TQQQ").position == 0


def sold(run: Desk) -> bool:
    return any(row["side"] == "sell" and row["state"] == "done" for row in placed(run))
