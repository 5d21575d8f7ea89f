"""A made-up run that fills the page, and a source that shows it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

from domain.book import Lot
from domain.decision import Note, Weight
from domain.instrument import BUY, SELL, Side
from domain.order import Fill, IntentKey, Order, OrderState
from domain.reason import Reason, reason
from domain.snapshot import Mode, PriceSource, RunState, Snapshot
from domain.view import DecisionSeen, FillSeen, Health, LotsSeen, Pulse, View
from reports.wording import Wording

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

AT = datetime(2026, 3, 2, 4, 5, 6, tzinfo=UTC)
LINES = tuple(Decimal(value) for value in range(90_000_000, 102_000_001, 1_000_000))
WELL = Health((Pulse("loop", 0.2, 10), Pulse("feed", 1.4, 30), Pulse("orders", 3.0, 60)))


def snapshot(
    state: RunState = RunState.RUNNING, mode: Mode = Mode.DEMO, prices: PriceSource = PriceSource.SYNTHETIC
) -> Snapshot:
    return Snapshot(
        exchange="bithumb",
        instance="bithumb_bot",
        mode=mode,
        symbol="KRW-BTC",
        currency="KRW",
        started_at=AT - timedelta(hours=3),
        at=AT,
        bars=180,
        last=Decimal(96543000),
        orders=61,
        buys=31,
        sells=24,
        cycles=24,
        open_orders=12,
        position=Decimal("0.00731"),
        cash=Decimal("9312345.6789012345"),
        fees=Decimal("12345.678"),
        matched_pnl=Decimal("23456.78901234567890123"),
        inventory_pnl=Decimal("-4321.5"),
        lines=LINES,
        state=state,
        version="0.1.0",
        report="reports/bithumb_report.html",
        prices=prices,
    )


def order(seq: int, side: Side, price: Decimal, state: OrderState = OrderState.OPEN, filled: str = "0") -> Order:
    key = IntentKey(1, f"1.{seq}", side, 0, 0)
    return Order(
        seq, f"bp0a1b2c-{seq}", key, "KRW-BTC", side, price, Decimal("0.00103"), state, Decimal(filled), f"C{seq}"
    )


def fill(seq: int, side: Side, price: str, earned: str) -> FillSeen:
    made = Fill(f"t{seq}", Decimal(price), Decimal("0.00103"), Decimal("39.7"), AT - timedelta(minutes=7 * seq))
    return FillSeen(f"bp0a1b2c-{seq}", f"1.{seq}", side, made, Decimal(earned))


def decision(minutes: int, why: Reason, weight: Weight = Weight.NOTE) -> DecisionSeen:
    return DecisionSeen(AT - timedelta(minutes=minutes), Note("grid", why, weight))


def full_view(shown: Snapshot | None = None, standing: tuple[Reason, ...] = ()) -> View:
    bought = reason("answers_buy", bought_at=95000000, qty="0.00103", line=96000000, price=96000000, currency="KRW",
                    last=95100000)  # fmt: skip
    return View(
        snapshot=shown or snapshot(),
        orders=(
            *(order(k, BUY, line) for k, line in enumerate(LINES[:6], 1)),
            order(7, BUY, LINES[6], OrderState.PARTIALLY_FILLED, "0.0004"),
            *(order(k, SELL, line) for k, line in enumerate(LINES[7:12], 8)),
        ),
        fills=(
            fill(1, SELL, "96000000", "987.654321"),
            fill(2, BUY, "95000000", "0"),
            fill(3, SELL, "97000000", "-12.5"),
            fill(4, BUY, "96000000", "0"),
        ),
        decisions=(
            decision(1, bought),
            decision(4, reason("venue_back")),
            decision(5, reason("venue_not_reached", error="VenueUnavailable"), Weight.WARNING),
        ),
        positions=(LotsSeen("1.8", (Lot(Decimal("0.00103"), Decimal(95000000), Decimal("39.7")),)),),
        standing=standing,
        report="bithumb_report.html",
        price_age_s=1.4,
    )


@dataclass
class Shelf:
    """A source whose answers the test sets."""

    reports: Path
    seen: View | None = None
    pulses: Health = WELL
    published: Mapping[str, str] | None = None
    language: str = "ko"
    version: str = "0.1.0"
    looking: Callable[[], None] = field(default=lambda: None)
    looks: int = 0

    @property
    def words(self) -> Wording:
        return Wording(self.language)

    def words_for(self, language: str) -> Wording:
        return Wording(language)

    def view(self) -> View | None:
        self.looks += 1
        self.looking()
        return self.seen

    def health(self) -> Health:
        return self.pulses

    def topics(self) -> Mapping[str, str] | None:
        return self.published
