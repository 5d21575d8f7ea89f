"""Ledgers to report on, and what is read off a page: every exact figure by its name, and all that a reader sees."""

from __future__ import annotations

import re
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from html.parser import HTMLParser
from typing import TYPE_CHECKING, Any, cast

from domain.decision import Note, Weight
from domain.instrument import Side
from domain.mark import DAY_S, Deepest, Mark, drawdown_row
from domain.order import Fill, OrderState
from domain.reason import reason
from ledger.columns import ReasonText
from ledger.reader import Reader
from reports.figures import RUN
from reports.rendering import page_of
from reports.statement import statement_of
from reports.twin import twin_of
from reports.wording import Wording
from tests.ledger.desk import SYMBOL, Desk

if TYPE_CHECKING:
    from collections.abc import Iterator

    from domain.reason import Reason
    from ledger.driver import Driver
    from reports.statement import Statement

BEGIN = datetime(2026, 11, 1, 3, tzinfo=UTC)
ROW: dict[str, Any] = {
    "symbol": SYMBOL,
    "currency": "KRW",
    "cash_start": "10000",
    "holdings_start": "0",
    "unlimited": False,
    "prices": "live",
    "fee_buy": "0.001",
    "fee_sell": "0.001",
    "capital": "1000",
    "started_at": "2026-11-01T03:00:00Z",
    "at": "2026-11-20T01:00:00Z",
    "bars": None,
    "last": "99",
    "lines": ["98", "100", "102"],
    "state": "running",
    "standing": [],
    "version": "0.1.0",
    "report": None,
    "seen_at": "2026-11-20T00:59:30Z",
    "differences": None,
}
"""The row of a run at ease."""


def describe(desk: Desk, **changes: object) -> None:
    """Write the row of the run."""
    with desk.ledger.commit() as page:
        page.state(RUN, {**ROW, **changes})


def fixture_two(desk: Desk) -> None:
    """Buy at 100 and 98, sell the latter at 100, one each, at 0.1 % a side: the books of the formulas' sheet."""
    desk.buy("100", "1", "0.1", slot="c2")
    desk.buy("98", "1", "0.098", slot="c1")
    desk.sell("100", "1", "0.1", slot="c1")
    describe(desk)


def mark(at: datetime, close: str, step_s: int = 3600, cash_flow: str = "0", position: str = "0") -> Mark:
    """Return a bucket that opened one lower than it closed."""
    price = Decimal(close)
    flow, held = Decimal(cash_flow), Decimal(position)
    return Mark(at, step_s, price - 1, price + 1, price - 2, price, flow, held, Decimal(0), Decimal(0), Decimal(0))


def draw(desk: Desk, closes: list[str], step_s: int = 3600, **book: str) -> None:
    """Write buckets since the begin of the run, and its greatest fall."""
    deepest = Deepest.begun(BEGIN)
    with desk.ledger.commit() as page:
        for n, close in enumerate(closes):
            at = BEGIN + timedelta(seconds=step_s * n)
            made = mark(at, close, step_s, **book)
            deepest = deepest.seen(made.total, at)
            page.mark(SYMBOL, made)
        # The day of the begin, by Korea's clock.
        page.mark(SYMBOL, mark(BEGIN - timedelta(hours=12), closes[0], DAY_S))
        page.mark(SYMBOL, mark(BEGIN + timedelta(hours=12), closes[-1], DAY_S, **book))
        page.state(drawdown_row(SYMBOL), deepest.row())


def cell(key: str, buy: str, sell: str, *, order: str | None = None, why: Reason | None = None) -> dict[str, Any]:
    """Return the row in which the grid remembers a cell; `order` is the side of what rests."""
    resting = None if order is None else {"side": order, "price": buy if order == "buy" else sell, "qty": "1"}
    return {
        "key": key,
        "buy_line": buy,
        "sell_line": sell,
        "buy_price": buy,
        "sell_price": sell,
        "qty": "1",
        "armed": True,
        "legacy": False,
        "cycle": 2,
        "order": resting,
        "resting_side": order,
        "retry_at": None,
        "frozen": False,
        "why": None if why is None else ReasonText().written(why),
    }


def trade(desk: Desk, rounds: int) -> None:
    """Buy and sell so many times, all on one page and on one day."""
    with desk.ledger.commit() as page:
        for n in range(rounds):
            slot = f"1.{n % 40}"
            for side, price in ((Side.BUY, "100"), (Side.SELL, "101")):
                order = desk.intent(side, price, "1", slot)
                page.order(order, desk.now)
                order = order.advance(OrderState.SUBMITTED)
                page.order(order, desk.now)
                order = order.advance(OrderState.OPEN, venue_id=f"v{order.seq}")
                page.order(order, desk.now)
                filled = order.with_fill(order.qty)
                fill = Fill(f"f{order.seq}", order.price, order.qty, Decimal("0.1"), desk.now)
                before = desk.book()
                after = before.booked(slot, side, fill)
                page.order(filled, desk.now)
                page.fill(filled, fill, before, after, desk.now.date())
                page.decision(desk.now, SYMBOL, Note(slot, reason("paused", line=order.price, last=1), Weight.WARNING))
                desk.books[SYMBOL] = after


def stated(desk: Desk) -> Statement:
    """Gather the statement of a desk's ledger."""
    with desk.ledger.reader.frozen() as frozen:
        return statement_of(frozen)


def page(desk: Desk, language: str = "en") -> str:
    """Return the page of a desk's ledger."""
    return page_of(stated(desk), Wording(language))


def twin(desk: Desk, language: str = "en") -> dict[str, Any]:
    """Return the twin of a desk's ledger."""
    return twin_of(stated(desk), Wording(language))


class Seen(HTMLParser):
    """A page as it is read: figures by name with all their digits, text without marks, and every tag."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.exact: dict[str, str] = {}
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str]] = []
        self._text: list[str] = []
        self._hidden = 0
        self.feed(page)
        self.close()

    @property
    def text(self) -> str:
        return re.sub(r"\s+", " ", " ".join(self._text))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        given = {name: value or "" for name, value in attrs}
        self.attributes += given.items()
        if given.get("data-name"):
            self.exact[given["data-name"]] = given["data-exact"]
        self._hidden += tag == "style"

    def handle_endtag(self, tag: str) -> None:
        self._hidden -= tag == "style"

    def handle_data(self, data: str) -> None:
        if not self._hidden:
            self._text.append(data)


class Counted:
    """Stands before a ledger's connection and counts what is asked and what comes back."""

    def __init__(self, driver: Driver) -> None:
        self.questions = self.rows = 0
        self._driver = driver

    def read(self, statement: Any, **values: object) -> list[dict[str, Any]]:  # noqa: ANN401 - any query
        found = self._driver.read(statement, **values)
        self.questions, self.rows = self.questions + 1, self.rows + len(found)
        return found

    @contextmanager
    def snapshot(self) -> Iterator[Counted]:
        yield self

    connected = snapshot


def counted(desk: Desk) -> tuple[int, int]:
    """Return how many questions a statement asks, and how many rows it reads."""
    with desk.ledger.reader._source.connected() as driver:  # noqa: SLF001 - to stand between reader and connection
        between = Counted(driver)
        statement_of(Reader(cast("Driver", between)))
    return between.questions, between.rows
