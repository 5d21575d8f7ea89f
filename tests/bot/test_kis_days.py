"""A grid through the market's days: placed once each morning, never outside the session, expired at the close."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from bot.gate import MARKET_CLOSED
from domain.order import OrderState
from reports.figures import snapshot_of
from tests.bot.kis_rig import OPENINGS, OPENS_AT, days, kis_desk, placed

if TYPE_CHECKING:
    from pathlib import Path

    from tests.bot.demo_rig import Desk

# Lines at 79.00, 78.02, 77.05, 76.10 under 80 dollars, and as many of the cells as there are.
GRID = ("GRID_STEPS=4", "GRID_GAP_PCT=1.25", "ORDER_SIZE=2", "GRID_FOLLOW=off")
DELAY = timedelta(seconds=60)
SESSION = timedelta(hours=6, minutes=30)
FLAT = ("80",)


def at(row: dict[str, Any]) -> datetime:
    return datetime.fromisoformat(row["created_at"])


def by_session(rows: list[dict[str, Any]]) -> dict[str, list[dict[str, Any]]]:
    """Return the orders by the trading date in their ids."""
    sessions: dict[str, list[dict[str, Any]]] = {}
    for row in rows:
        sessions.setdefault(row["order_id"][:10], []).append(row)
    return sessions


def agree(run: Desk) -> None:
    assert run.demo.run.diary.differences == ()


def stop_at(run: Desk, moment: datetime) -> None:
    """Play until the market's clock is there."""
    assert not run.demo.play(run.patience, lambda: run.demo.clock.now() >= moment, resume=False)


def test_each_morning_what_is_missing_is_placed_once_after_the_delay_and_nothing_outside_the_session(
    tmp_path: Path,
) -> None:
    with kis_desk(tmp_path, days(FLAT, FLAT, FLAT), *GRID) as run:
        assert run.play()
        rows = placed(run)
        states = {order.venue_id: order.state for order in run.demo.run.ledger.reader.orders()}
        agree(run)

    mornings = by_session(rows)
    # The last of them after New York's change to summer time: an hour earlier by ours.
    assert list(mornings) == ["2026-03-05", "2026-03-06", "2026-03-09"]
    for (day, orders), opens in zip(mornings.items(), OPENINGS, strict=False):
        assert len(orders) == len({row["price"] for row in orders}) == 4, day
        assert all(opens + DELAY <= at(row) < opens + DELAY + timedelta(minutes=1) for row in orders), day
        last = day == "2026-03-09"
        assert {states[row["order_id"]] for row in orders} <= {OrderState.EXPIRED, *([OrderState.OPEN] if last else [])}
    assert all(Decimal(row["volume"]) == 2 for row in rows)


def test_what_a_fill_cost_is_shown_as_an_estimate(tmp_path: Path) -> None:
    with kis_desk(tmp_path, days(("80", "78.5"), FLAT), *GRID) as run:
        stop_at(run, OPENS_AT + timedelta(hours=2))
        shown = snapshot_of(run.demo.run.ledger.reader)

    assert shown.fees_estimated
    assert shown.fees == Decimal("78.5") * 2 * Decimal("0.0025")


def test_a_second_start_on_the_same_morning_places_nothing(tmp_path: Path) -> None:
    market = days(FLAT, FLAT)
    with kis_desk(tmp_path, market, *GRID) as run:
        stop_at(run, OPENS_AT + timedelta(minutes=45))
        before = placed(run)
    with kis_desk(tmp_path, market, *GRID) as run:
        stop_at(run, OPENS_AT + timedelta(hours=2))
        after = placed(run)
    with kis_desk(tmp_path, market, *GRID) as run:
        assert run.play()
        agree(run)
        sessions = by_session(placed(run))

    assert [row["order_id"] for row in after] == [row["order_id"] for row in before]
    assert len(before) == 4
    assert [len(orders) for orders in sessions.values()] == [4, 4]


def test_a_bot_that_slept_through_the_close_books_it_and_goes_on_the_next_morning(tmp_path: Path) -> None:
    market = days(("80", "78.5", "78.5"), FLAT)
    with kis_desk(tmp_path, market, *GRID) as run:
        stop_at(run, OPENS_AT + timedelta(hours=2))
        run.customer.admin("step", {"until": (OPENINGS[1] + timedelta(hours=1)).isoformat()})
        while run.customer.admin("clock", method="GET")["now"] < (OPENINGS[1] + timedelta(minutes=31)).isoformat():
            run.customer.admin("step", {"until": (OPENINGS[1] + timedelta(hours=1)).isoformat()})
    with kis_desk(tmp_path, market, *GRID) as run:
        assert run.play()
        agree(run)
        first, second = by_session(placed(run)).values()
        reader = run.demo.run.ledger.reader
        ended = {order.venue_id: order.state for order in reader.orders()}

    assert {ended[row["order_id"]] for row in first} == {OrderState.FILLED, OrderState.EXPIRED}
    # What had been bought before the close is sold the day after, for a whole gap more.
    assert [(row["side"], row["price"], row["volume"]) for row in second if row["side"] == "sell"] == [
        ("sell", "80", "2")
    ]


def test_an_opening_far_below_buys_the_three_nearest_cells_and_skips_the_rest(tmp_path: Path) -> None:
    with kis_desk(tmp_path, days(FLAT, ("72",)), *GRID) as run:
        assert run.play()
        agree(run)
        _, second = by_session(placed(run)).values()
        codes = [entry.note.why.code for entry in run.demo.run.ledger.reader.each_decision()]

    assert len([row for row in second if row["side"] == "buy"]) == 3
    assert "gap_skipped" in codes


def test_what_was_bought_at_the_opening_costs_what_was_traded_and_not_the_line(tmp_path: Path) -> None:
    with kis_desk(tmp_path, days(FLAT, ("72",)), *GRID) as run:
        assert run.play()
        book = run.demo.run.ledger.reader.book("TQQQ")

    assert {lot.price for lots in book.lots.values() for lot in lots} == {Decimal("72.01")}


def test_what_waits_at_the_close_is_not_sent_after_it(tmp_path: Path) -> None:
    refusal = {
        "route": "place",
        "kind": "reject",
        "name": "APBK0918",
        "message": "장운영시간이 아닙니다.",
        "count": 500,
    }
    with kis_desk(tmp_path, days(FLAT, FLAT), *GRID, "KIS_MODE=live") as run:
        clock, desk = run.demo.clock, run.demo.run.loop.desk
        at_close: list[tuple[bool, dict[str, int]]] = []

        def is_late() -> bool:
            if clock.now() >= OPENS_AT + SESSION and not at_close:
                at_close.append((desk.is_waiting, run.books()["requests"]))
            return clock.now() >= OPENS_AT + SESSION + timedelta(hours=3)

        run.customer.admin("faults", refusal)
        assert not run.demo.play(run.patience, is_late, resume=False)
        ((waiting, before),) = at_close
        after = run.books()["requests"]
        run.customer.admin("faults", {"clear": True})
        assert run.play()
        agree(run)
        codes = [entry.note.why.code for entry in run.demo.run.ledger.reader.each_decision()]
        rows = placed(run)

    assert waiting
    assert after["place 200 APBK0918"] == before["place 200 APBK0918"] > 0
    assert MARKET_CLOSED in codes
    assert [len(orders) for orders in by_session(rows).values()] == [4]


def test_while_the_market_is_closed_no_order_call_is_made(tmp_path: Path) -> None:
    with kis_desk(tmp_path, days(FLAT, FLAT), *GRID) as run:
        stop_at(run, OPENS_AT + SESSION + timedelta(hours=3))
        before = run.books()["requests"]
        stop_at(run, OPENINGS[1] - timedelta(minutes=10))
        after = run.books()["requests"]

    changed = {name.split()[0] for name, count in after.items() if count != before.get(name, 0)}
    assert changed.isdisjoint({"place", "cancel", "revise"})
    assert "price" in changed or "psamount" in changed
