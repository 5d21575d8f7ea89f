"""What leaves the core: reasons with figures, errors by what comes next, and the summary in plain notation."""

import tomllib
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from domain import errors
from domain.clock import Clock, iso
from domain.errors import ExitCode, GridRefused, OrderRejected, RateLimited, SetupError, VenueError
from domain.events import QuoteReceived
from domain.market import Quote
from domain.reason import reason
from domain.session import SessionRule
from domain.snapshot import Mode, RunState, Snapshot
from domain.venue import CancelAnswer
from domain.version import VERSION

AT = datetime(2025, 3, 3, 14, 30, tzinfo=UTC)


def snapshot(*, currency: str = "KRW", last: Decimal | None = Decimal("9.5E+3")) -> Snapshot:
    return Snapshot(
        exchange="bithumb",
        instance="bithumb_bot",
        mode=Mode.DRY_RUN,
        symbol="KRW-BTC",
        currency=currency,
        started_at=AT,
        at=AT + timedelta(hours=1),
        bars=None,
        last=last,
        orders=5,
        buys=2,
        sells=1,
        cycles=1,
        open_orders=4,
        position=Decimal("0.50000000"),
        cash=Decimal("9990000.00"),
        fees=Decimal("12.3450"),
        matched_pnl=Decimal("1E+2"),
        inventory_pnl=Decimal("-30.10"),
        lines=(Decimal("9900.000000000000"), Decimal(10000)),
        state=RunState.RUNNING,
        version="0.1.0",
    )


def test_the_summary_is_plain_text_for_money_and_integers_for_counts() -> None:
    summary = snapshot().summary()

    assert summary == {
        "schema": 1, "exchange": "bithumb", "instance": "bithumb_bot", "mode": "dry_run", "symbol": "KRW-BTC",
        "currency": "KRW", "started_at": "2025-03-03T14:30:00Z", "at": "2025-03-03T15:30:00Z", "bars": None,
        "orders": 5, "fills": 3, "buys": 2, "sells": 1, "cycles": 1, "open_orders": 4, "position": "0.5",
        "cash": "9990000", "equity": "9994750", "fees": "12.345", "matched_pnl": "100", "inventory_pnl": "-30.1",
        "total_pnl": "69.9", "total_pnl_krw": "69.9", "lines": ["9900", "10000"], "state": "running",
        "version": "0.1.0", "report": None,
    }  # fmt: skip


def test_without_a_rate_there_is_no_won_figure_for_dollars() -> None:
    assert snapshot(currency="USD").summary()["total_pnl_krw"] is None


def test_before_the_first_price_equity_is_the_cash() -> None:
    assert snapshot(last=None).summary()["equity"] == "9990000"


@pytest.mark.parametrize(("differences", "agrees"), [((), True), (("KRW: 1 here, 2 there",), False)])
def test_a_comparison_with_the_venue_is_told_with_what_differs(differences: tuple[str, ...], *, agrees: bool) -> None:
    fields = {name: getattr(snapshot(), name) for name in Snapshot.__dataclass_fields__}

    summary = Snapshot(**{**fields, "differences": differences}).summary()

    assert summary["ledger_agrees_with_exchange"] is agrees
    assert summary["differences"] == list(differences)


def test_a_moment_is_written_in_utc_whatever_its_zone() -> None:
    seoul = timezone(timedelta(hours=9))

    assert iso(datetime(2025, 3, 4, 0, 30, 0, 500000, tzinfo=seoul)) == "2025-03-03T15:30:00.500000Z"


def test_a_reason_shows_its_code_and_plain_figures() -> None:
    why = reason("gap_loses", gap_pct=Decimal("0.150"), count=4, currency="KRW")

    assert str(why) == "gap_loses gap_pct=0.15 count=4 currency=KRW"
    assert why.plain_figures() == {"gap_pct": "0.15", "count": "4", "currency": "KRW"}
    assert str(reason("paused")) == "paused"


def test_a_refused_start_carries_every_fault_and_its_exit_code() -> None:
    refusal = GridRefused(reason("cash_short", needed=Decimal(5)), reason("gap_loses"))

    assert str(refusal) == "cash_short needed=5; gap_loses"
    assert refusal.exit_code is ExitCode.GRID
    assert [fault.code for fault in refusal.faults] == ["cash_short", "gap_loses"]
    assert int(refusal.exit_code) == 3


def test_the_exit_codes_are_those_the_owner_was_told() -> None:
    assert {code.name: int(code) for code in ExitCode} == {
        "OK": 0, "SETTINGS": 2, "GRID": 3, "ALREADY_RUNS": 4, "LEDGER": 5, "PRICE_FILE": 6, "PORT": 7, "DISK": 8,
        "KEYS": 9, "OUR_FAULT": 70,
    }  # fmt: skip


def test_errors_are_sorted_by_what_the_caller_does_next() -> None:
    venue = {kind.__name__ for kind in VenueError.__subclasses__()}

    assert venue == {
        *("VenueUnavailable", "RateLimited", "AuthRefused"),
        *("OrderRejected", "OrderNotFound", "OrderNotReady", "OutcomeUnknown"),
    }
    ours = {kind.__name__ for kind in errors.BotError.__subclasses__() if kind.__module__ == errors.__name__}
    assert ours == {
        SetupError.__name__,
        "IllegalTransition",
        VenueError.__name__,
    }
    assert RateLimited("slow down", retry_after_s=7).retry_after_s == 7
    assert OrderRejected("no").code == "venue_rejected"


def test_a_session_is_the_markets_own_date() -> None:
    new_york = SessionRule(ZoneInfo("America/New_York"))

    # 20:00 in New York is already the next day in UTC, an hour later in winter than in summer.
    assert new_york.date_of(datetime(2025, 3, 8, 4, 59, tzinfo=UTC)) == date(2025, 3, 7)
    assert new_york.date_of(datetime(2025, 3, 10, 3, 59, tzinfo=UTC)) == date(2025, 3, 9)
    assert new_york.date_of(datetime(2025, 3, 10, 4, 0, tzinfo=UTC)) == date(2025, 3, 10)


def test_a_clock_is_whatever_tells_an_aware_time() -> None:
    class Stopped:
        def now(self) -> datetime:
            return AT

    def told(clock: Clock) -> str:
        return iso(clock.now())

    assert told(Stopped()) == "2025-03-03T14:30:00Z"


def test_a_price_is_for_its_symbol() -> None:
    assert QuoteReceived(Quote("TQQQ", Decimal(80), AT), AT).symbol == "TQQQ"


def test_a_venue_answers_a_cancel_in_one_of_four_words() -> None:
    assert {str(answer) for answer in CancelAnswer} == {"accepted", "already_filled", "already_closed", "unknown_order"}


def test_the_version_we_tell_is_the_projects() -> None:
    project = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text(encoding="utf-8"))

    assert project["project"]["version"] == VERSION
