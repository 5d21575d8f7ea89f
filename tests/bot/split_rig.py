"""A broker of shares in memory, who splits them as a company does, and the owner's bot before it, start after start."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from bot.clock import PlaybackClock
from bot.recovery import Patience
from bot.sources import load_settings
from bot.wiring.assembly import venue_run
from bot.wiring.venue import Venue
from bot.workers import InlineWorker, VenueCalls
from domain.errors import MarketUnknown
from domain.market import Quote
from domain.snapshot import Mode
from exchanges.kis.rules import RULES
from exchanges.paper import PaperExchange
from exchanges.us_hours import us_hours
from ledger.audit import audit
from ledger.opening import Identity, open_ledger
from ledger.places import SqlitePlace
from reports.figures import snapshot_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from bot.wiring.run import VenueRun
    from domain.decision import Note
    from domain.instrument import Instrument
    from domain.order import Order
    from domain.snapshot import Snapshot
    from domain.split import Split

# New York is five hours behind: a session goes from 14:30 to 21:00.
FRIDAY = datetime(2026, 2, 27, tzinfo=UTC)
SATURDAY, SUNDAY, MONDAY = (FRIDAY + timedelta(days=days) for days in (1, 2, 3))
SYMBOL = "TQQQ"
GRID = ("EXCHANGE=KIS", "GRID_STEPS=4", "GRID_GAP_PCT=2", "ORDER_SIZE=7shares", "FEE_BUY_PCT=0", "FEE_SELL_PCT=0")
"""Buys at 98.03, 96.11, 94.23 and 92.38 below a price of 100, and a tenth of it below 10."""
SLUMBER = timedelta(hours=2)


def clock_time(day: datetime, hour: int, minute: int = 0) -> datetime:
    return day + timedelta(hours=hour, minutes=minute)


class Broker:
    """An account that shows what it has, unlike the paper one of a dry run, which it keeps its orders in.

    `reference` is what it compares the day's prices with; `is_known`: whether it knows the share.
    """

    def __init__(self, paper: PaperExchange, clock: PlaybackClock) -> None:
        self.paper = paper
        self.clock = clock
        self.last = Decimal(100)
        self.traded_at = clock.now()
        self.reference: Decimal | None = None
        self.is_known = True
        self.asked = 0

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401  # whatever else a venue is asked
        return getattr(self.paper, name)

    def get_quote(self, symbol: str) -> Quote:
        if not self.is_known:
            raise MarketUnknown(symbol)
        return Quote(symbol, self.last, self.traded_at, currency="USD")

    def previous_close(self, symbol: str) -> Decimal | None:
        del symbol
        self.asked += 1
        return self.reference

    def refresh_instrument(self, symbol: str) -> Instrument:
        if not self.is_known:
            raise MarketUnknown(symbol)
        return self.paper.refresh_instrument(symbol)

    def trade_at(self, price: str) -> None:
        """Trade, while the market is open."""
        self.last, self.traded_at = Decimal(price), self.clock.now()
        self.paper.see(self.last)

    def held(self) -> Decimal:
        return self.paper.get_balance()[1].total

    def cash(self) -> Decimal:
        return self.paper.get_balance()[0].total

    def split(self, split: Split, *, books: bool = True, adjusts: bool = True) -> None:
        """Let new shares be traded; `books`: in the account as well, `adjusts`: and in the reference."""
        self.last = split.price(self.last)
        if adjusts:
            self.reference = self.last
        if books:
            self.book(split)

    def book(self, split: Split) -> None:
        """Count the account in new shares, and pay for the fraction at the last price."""
        exact = split.qty(self.held())
        whole = exact // 1
        self.paper.rescale(whole - self.held(), (exact - whole) * self.last)


@dataclass
class Bot:
    """One start of the bot, on a clock that the test sets."""

    run: VenueRun
    clock: PlaybackClock
    told: list[Note]

    def settle(self) -> None:
        loop, feed = self.run.loop, self.run.feed
        loop.wake()
        feed.ask_anew()
        loop.drain()
        while feed.ask_due():
            loop.drain()
            loop.wake()

    def at(self, moment: datetime) -> None:
        """Let time pass until a moment, and see all that is due on the way; between two sessions now and then."""
        sessions = self.run.sessions
        assert sessions is not None
        while (due := self.run.feed.next_at()) is not None and due < moment:
            now = self.clock.now()
            coming = sessions.hours.next_regular(now)
            if sessions.hours.regular_at(now) is None and coming is not None:
                due = max(due, min(coming.opens_at, now + SLUMBER))
            self.clock.set(min(moment, max(due, now)))
            self.settle()
        self.clock.set(moment)
        self.settle()

    def codes(self) -> list[str]:
        return [note.why.code for note in self.told]

    def orders(self) -> list[Order]:
        return self.run.ledger.reader.open_orders()

    def shown(self) -> Snapshot:
        self.run.diary.row_of(self.run.loop.state)
        self.run.close_books()
        return snapshot_of(self.run.ledger.reader)

    def position(self) -> Decimal:
        return self.run.ledger.reader.book(SYMBOL).position


class Table:
    """The account, the ledger and the settings that outlive a start."""

    def __init__(self, folder: Path, *settings: str, anchor: str = "100", holdings: str = "0") -> None:
        self.folder = folder
        self.settings = [*GRID, *settings]
        self.clock = PlaybackClock(clock_time(FRIDAY, 14, 25))
        self.hours = us_hours()
        made = load_settings(overrides=self.settings)
        instrument = RULES.instrument(SYMBOL, made.fees())
        paper = PaperExchange(instrument, self.clock, Decimal(100_000), holdings=Decimal(holdings), sessions=self.hours)
        self.broker = Broker(paper, self.clock)
        self.broker.last = self.broker.reference = Decimal(anchor)

    @contextmanager
    def started(
        self, *, resume: bool = False, split: Split | None = None, on_paper: bool = False, changes: tuple[str, ...] = ()
    ) -> Iterator[Bot]:
        """Start the bot; its ledger is sound at the end."""
        settings = load_settings(overrides=[*self.settings, *changes])
        told: list[Note] = []
        patience = Patience(lambda _: None, lambda: False, told.append)
        identity = Identity(settings.instance, Mode.LIVE, "KIS")
        account: Any = self.broker.paper if on_paper else self.broker
        market: Any = self.broker
        with open_ledger(SqlitePlace(self.folder), identity, create=True, clock=self.clock) as ledger:
            run = venue_run(
                settings,
                ledger,
                Venue(market, account, self.clock, 60, 60),
                patience,
                strict=False,
                worker=lambda put: InlineWorker(VenueCalls(account, self.clock), put),
                tell=told.append,
                watch=lambda _: None,
            )
            run.recover(patience, resume=resume, split=split)
            bot = Bot(run, self.clock, told)
            bot.settle()
            yield bot
            run.close_books()
            assert audit(ledger.reader) == []

    def friday(self, bot: Bot, *prices: str) -> None:
        """Trade a Friday at some prices, a minute apart, and let its orders expire at the close."""
        bot.at(clock_time(FRIDAY, 14, 32))
        for minute, price in enumerate(prices):
            self.broker.trade_at(price)
            bot.at(clock_time(FRIDAY, 14, 35 + minute))
        bot.at(clock_time(FRIDAY, 21, 1))
        self.broker.paper.end_session()
        bot.at(clock_time(FRIDAY, 21, 20))
        assert bot.orders() == []
