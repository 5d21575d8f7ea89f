"""The rate of the won: asked for where prices are in another currency, kept with every booking, told with its age."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any, cast

from bot.clock import PlaybackClock
from bot.diary import Diary
from bot.rates import RATE_EVERY_S, rate_questions, rate_read
from domain.events import RateRead
from domain.money import WonEffects, WonRate
from ledger.audit import audit
from reports.figures import RUN, described
from tests.bot.rig import COIN, NOON, SYMBOL, Rig, Script, adopt, filled, on_quotes, quote, wish
from tests.bot.test_diary import diary, state
from tests.reports.books import ROW

if TYPE_CHECKING:
    from pathlib import Path

    from domain.book import Book
    from domain.snapshot import Snapshot
    from exchanges.base import MarketData

SHARE = replace(COIN, symbol="TQQQ", base="TQQQ", quote="USD")
RATE = WonRate(Decimal("1350.5"), NOON, "KIS")
IDENTITY = {"exchange": "KIS", "instance": "kis_bot", "mode": "mock"}


@dataclass
class Told:
    """A market that is asked for its rate."""

    rate: WonRate | None
    asked: int = 0

    def won_rate(self) -> WonRate | None:
        self.asked += 1
        return self.rate

    @property
    def market(self) -> MarketData:
        return cast("MarketData", self)


def read(won: str) -> RateRead:
    return RateRead(WonRate(Decimal(won), NOON, "KIS"), SYMBOL, NOON)


def shown(book: Book, **row: object) -> Snapshot:
    run = {**ROW, "currency": "USD", "last": "9500", "rate": RATE.row(), **row}
    return described(IDENTITY, run, book, orders=0, open_orders=0)


def test_a_market_in_won_is_never_asked() -> None:
    told = Told(RATE)

    assert rate_questions(told.market, COIN, PlaybackClock(NOON)) == ()
    assert rate_read(told.market, COIN, PlaybackClock(NOON)) == ()
    assert told.asked == 0


def test_the_rate_is_asked_for_every_ten_minutes_and_nothing_hangs_on_it() -> None:
    told = Told(RATE)

    (question,) = rate_questions(told.market, SHARE, PlaybackClock(NOON))

    assert question.ask() == (RateRead(RATE, "TQQQ", NOON),)
    assert (question.every_s, question.vital, RATE_EVERY_S) == (600, False, 600)


def test_a_venue_that_knows_no_rate_says_nothing() -> None:
    assert rate_read(Told(None).market, SHARE, PlaybackClock(NOON)) == ()


def test_what_is_booked_has_the_newest_rate_and_the_strategy_is_not_asked(tmp_path: Path) -> None:
    script = Script(on_quotes([wish()], [adopt("1.5")]))
    with Rig(tmp_path, script) as rig:
        rig.hear(read("1300"), quote())
        rig.rest()
        rig.hear(filled("bptest-1", "0.5"), read("1400"), filled("bptest-1", "0.5", fill_id="t2"), quote())

        book = rig.reader.book(SYMBOL)
        assert [lot.won for lot in book.lots["1.0"]] == [1300, 1400]
        assert [lot.won for lot in book.lots["1.5"]] == [1400]
        assert not any(isinstance(event, RateRead) for event in script.heard)
        assert audit(rig.reader) == []


def test_a_rate_is_written_at_once_and_a_later_start_goes_on_from_it(tmp_path: Path) -> None:
    with Rig(tmp_path, Script()) as rig:
        kept = Diary(SYMBOL, {SYMBOL: COIN}, diary().opening)
        rig.loop.run_row = kept.row_of
        rig.hear(read("1300"))

        row = rig.reader.state(RUN)
    later = diary()
    later.go_on_from(row)

    assert later.rate == read("1300").rate
    # Until the first answer of this start the former rate is shown.
    assert later.row_of(state())["rate"] == {"rate": "1300", "at": "2025-01-02T12:00:00Z", "source": "KIS"}


def test_a_row_from_before_there_were_rates_is_read() -> None:
    row: dict[str, Any] = diary().row()
    del row["rate"]
    later = diary()
    later.go_on_from(row)

    assert later.rate is None


def test_the_figures_have_the_won_beside_the_dollars(tmp_path: Path) -> None:
    with Rig(tmp_path, Script(on_quotes([wish()]))) as rig:
        rig.hear(read("1300"), quote())
        rig.rest()
        rig.hear(filled("bptest-1"))
        book = rig.reader.book(SYMBOL)

    told = shown(book)

    assert told.won is not None
    assert told.won.matched == WonEffects()
    assert told.total_pnl_krw == 9500 * Decimal("1350.5") - Decimal("9022.5") * 1300
    assert shown(book, rate=None).total_pnl_krw is None
    assert shown(book, last=None).total_pnl_krw is None
    assert shown(book, currency="KRW").won is None
    assert shown(replace(book, lots={}), last=None).total_pnl_krw == 0
    old = shown(book, at="2025-01-02T13:30:00Z").won
    assert old is not None
    assert old.row(NOON + timedelta(hours=1, minutes=30))["caution"] == "old"
