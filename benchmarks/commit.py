"""What a durable commit of the ledger costs beside a bare append and fdatasync: `python -m benchmarks.commit`."""

from __future__ import annotations

import sys
from argparse import ArgumentParser
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import TYPE_CHECKING

from benchmarks.disk import BareAppend, percentiles_us
from benchmarks.orm_peer import OrmPeer
from benchmarks.outcome import tell
from bot.clock import PlaybackClock
from domain.book import Book
from domain.instrument import Side
from domain.order import Fill, IntentKey, Order, OrderState, client_id
from domain.reason import reason
from domain.snapshot import Mode
from ledger.opening import Identity, open_ledger
from ledger.places import SqlitePlace

if TYPE_CHECKING:
    from collections.abc import Callable

    from ledger.writer import Ledger

BEGINS_AT = datetime(2026, 1, 1, tzinfo=UTC)
SYMBOL = "KRW-BTC"
SLOT = "0.7"
PRICES = {Side.BUY: Decimal(95_299_000), Side.SELL: Decimal(96_252_000)}
QTY = Decimal("0.00010493")
FEE = Decimal("24.99931642675")

# As large as a run with 20 cells writes them.
CELL_ROW = {
    "key": SLOT,
    "buy_line": "95299123.456789012345",
    "sell_line": "96252114.691356902468",
    "cycle": 3,
    "armed": True,
}
RUN_ROW = {"symbol": SYMBOL, "state": "running", "lines": [f"{95_000_000 + k}.123456789012" for k in range(21)]}


class Trader:
    """One cell that buys and sells in turn; every step is a page of the ledger."""

    def __init__(self, ledger: Ledger) -> None:
        """Begin with a buy at rest."""
        self._ledger = ledger
        self._book = Book()
        self._at = BEGINS_AT
        self._seq = ledger.next_order_seq()
        self._order = self._new(Side.BUY)
        with ledger.commit() as page:
            page.order(self._order, self._at)
        self.bring_to_rest()

    def fill_and_answer(self) -> float:
        """Commit one fill with its order, day, lots, the answer's intent and two state rows; returns the seconds."""
        self._at += timedelta(minutes=1)
        filled = self._order.with_fill(QTY)
        fill = Fill(f"fill-{filled.seq}", filled.price, QTY, FEE, self._at)
        after = self._book.booked(SLOT, filled.side, fill)
        self._seq = self._ledger.next_order_seq()
        answer = self._new(Side.SELL if filled.side is Side.BUY else Side.BUY)
        why = reason("answers_buy", price=answer.price, qty=QTY, last=filled.price, line=answer.price, currency="KRW")
        begun = perf_counter()
        with self._ledger.commit() as page:
            page.fill(filled, fill, self._book, after, self._at.date())
            page.order(filled, self._at)
            page.order(answer, self._at, why)
            page.state(f"cell/{SYMBOL}/{SLOT}", {**CELL_ROW, "cycle": self._seq})
            page.state("run", {**RUN_ROW, "bars": self._seq})
        seconds = perf_counter() - begun
        self._book, self._order = after, answer
        return seconds

    def bring_to_rest(self) -> float:
        """Commit that the order leaves and that the venue took it; returns the seconds of the first of the two."""
        self._order = self._order.advance(OrderState.SUBMITTED)
        begun = perf_counter()
        with self._ledger.commit() as page:
            page.order(self._order, self._at)
        seconds = perf_counter() - begun
        self._order = self._order.advance(OrderState.OPEN, venue_id=f"C{self._seq:019d}")
        with self._ledger.commit() as page:
            page.order(self._order, self._at)
        return seconds

    def _new(self, side: Side) -> Order:
        key = IntentKey(0, SLOT, side, self._seq, 1)
        return Order(self._seq, client_id("bp123456", self._seq), key, SYMBOL, side, PRICES[side], QTY)


def measure(folder: Path, rounds: int) -> None:
    """Take turns, so that a disk that grows slower grows slower for all."""
    place = SqlitePlace(folder / "ledger")
    identity = Identity("race", Mode.DRY_RUN, "BITHUMB")
    with open_ledger(place, identity, create=True, clock=PlaybackClock(BEGINS_AT)) as ledger:
        trader, bare, orm = Trader(ledger), BareAppend(folder / "floor"), OrmPeer(folder / "orm.sqlite3")
        turns: dict[str, Callable[[], float]] = {
            "bare append of 200 B and fdatasync": bare,
            "ledger: fill, order, answer, day, lots, two state rows": trader.fill_and_answer,
            "ledger: one step of an order": trader.bring_to_rest,
            "SQLAlchemy ORM: one row": orm,
        }
        times: dict[str, list[float]] = {name: [] for name in turns}
        for _ in range(rounds):
            for name, turn in turns.items():
                times[name].append(turn())
        bare.close()
        orm.close()
    floor_us, _ = percentiles_us(times["bare append of 200 B and fdatasync"])
    for name, seconds in times.items():
        p50_us, p99_us = percentiles_us(seconds)
        tell(
            {"case": name, "commits": rounds, "p50_us": p50_us, "p99_us": p99_us, "ratio": round(p50_us / floor_us, 2)}
        )


def main() -> int:
    """Measure in a folder of the disk that is meant."""
    options = ArgumentParser(prog="python -m benchmarks.commit", description=__doc__)
    options.add_argument("--rounds", type=int, default=2000)
    options.add_argument("--folder", type=Path, help="a folder on the disk to measure; a RAM disk tells nothing")
    given = options.parse_args()
    with TemporaryDirectory(prefix="commit-", dir=given.folder) as folder:
        measure(Path(folder), given.rounds)
    return 0


if __name__ == "__main__":
    sys.exit(main())
