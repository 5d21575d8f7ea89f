"""A run in dollars, from its first question to its figures: all it books has the rate of then, over restarts too."""

from __future__ import annotations

from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from bot.clock import PlaybackClock
from bot.recovery import Patience
from bot.sources import load_settings
from bot.wiring.assembly import venue_run
from bot.wiring.venue import Venue
from bot.workers import InlineWorker, VenueCalls
from domain.errors import VenueUnavailable
from domain.exact import ZERO
from domain.money import WonRate
from domain.snapshot import Mode, Snapshot
from exchanges.kis.rules import RULES
from exchanges.paper import PaperExchange
from ledger.audit import audit
from ledger.opening import Identity, open_ledger
from ledger.places import SqlitePlace
from reports.figures import snapshot_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from bot.wiring.run import VenueRun
    from domain.clock import Clock

BEGIN = datetime(2026, 3, 4, 15, tzinfo=UTC)
GRID = ("EXCHANGE=KIS", "GRID_STEPS=4", "GRID_GAP_PCT=2", "ORDER_SIZE=1shares", "FEE_BUY_PCT=0.1", "FEE_SELL_PCT=0.1")


class Broker(PaperExchange):
    """A paper account whose venue tells a rate; `fails` times it does not answer first."""

    won = Decimal(1300)
    fails = 0
    clock: Clock

    def won_rate(self) -> WonRate | None:
        if self.fails:
            self.fails -= 1
            raise VenueUnavailable("rate")
        return WonRate(self.won, self.clock.now(), "KIS")


class Table:
    """One account and its clock; each start goes on from the same ledger."""

    def __init__(self, folder: Path) -> None:
        self.settings = load_settings(overrides=GRID)
        self.clock = PlaybackClock(BEGIN)
        instrument = RULES.instrument(self.settings.symbol, self.settings.fees())
        self.broker = Broker(instrument, self.clock, Decimal(10_000))
        self.broker.clock = self.clock
        self.folder = folder
        self.trade_at("50")

    @contextmanager
    def started(self) -> Iterator[VenueRun]:
        """Start, recover, and look at the market once."""
        identity = Identity(self.settings.instance, Mode.DRY_RUN, "KIS")
        patience = Patience(lambda _: None, lambda: False, lambda _: None)
        with open_ledger(SqlitePlace(self.folder), identity, create=True, clock=self.clock) as ledger:
            run = venue_run(
                self.settings,
                ledger,
                Venue(self.broker, self.broker, self.clock, None, None),
                patience,
                strict=False,
                worker=lambda put: InlineWorker(VenueCalls(self.broker, self.clock), put),
                tell=lambda _: None,
                watch=lambda _: None,
            )
            run.recover(patience, resume=False)
            look(run)
            yield run
            run.close_books()
            assert audit(ledger.reader) == []

    def trade_at(self, price: str, *, after_s: int = 1) -> None:
        self.clock.set(self.clock.now() + timedelta(seconds=after_s))
        self.broker.see(Decimal(price))


def look(run: VenueRun) -> Snapshot:
    run.feed.ask_anew()
    while run.feed.ask_due() or not run.loop.inbox.is_empty:
        run.loop.drain()
    run.diary.row_of(run.loop.state)
    run.close_books()
    return snapshot_of(run.ledger.reader)


@pytest.fixture
def table(tmp_path: Path) -> Table:
    """An account of ten thousand dollars, a share at 50."""
    return Table(tmp_path / "ledger")


def test_what_is_bought_sold_and_missed_has_the_rate_of_then(table: Table) -> None:
    with table.started() as run:
        table.trade_at("49")
        look(run)
        table.broker.won = Decimal(1350)
        table.trade_at("49.5", after_s=600)
        look(run)
        table.trade_at("50.1")
        sold = look(run)
        buy, sale = run.ledger.reader.each_fill()

    assert [fill.won for fill in (buy, sale)] == [1300, 1350]
    paid, got = buy.fill.notional + buy.fill.fee, sale.fill.notional - sale.fill.fee
    assert sold.total_pnl_krw == got * 1350 - paid * 1300

    # While nobody looks a share is bought; the next start books it, at the rate that it asks for first.
    table.broker.won, table.broker.fails = Decimal(1400), 2
    table.trade_at("49")
    with table.started() as run:
        lots = [lot for slot in run.ledger.reader.book(run.symbol).lots.values() for lot in slot]
        told = look(run)

    assert [lot.won for lot in lots] == [Decimal(1400)]
    assert told.won is not None
    assert told.won.inventory is not None
    assert told.won.inventory.fx == ZERO
    assert told.total_pnl_krw == got * 1350 - paid * 1300 + told.inventory_pnl * 1400


def test_the_rate_is_asked_again_after_ten_minutes_and_a_failure_stops_nothing(table: Table) -> None:
    with table.started() as run:
        table.broker.won = Decimal(1350)
        table.trade_at("50", after_s=599)
        assert look(run).won.rate.rate == 1300  # type: ignore[union-attr]  # in dollars there is one
        table.broker.fails = 1
        table.trade_at("49", after_s=1)
        failed = look(run)
        assert (failed.buys, failed.won.rate.rate) == (1, 1300)  # type: ignore[union-attr]  # in dollars there is one
        table.trade_at("49", after_s=1)
        assert look(run).won.rate.rate == 1350  # type: ignore[union-attr]  # in dollars there is one
