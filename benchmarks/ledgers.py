"""Ledgers of any number of fills, by exact numbers only: what a grid leaves behind after years, made in minutes.

Through the real schema and its migrations, but past the writer. Days, lots, marks and tallies agree with the fills to
the last unit, so a report on it is exact; the steps of the orders are left out, so an audit would complain.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from json import dumps
from typing import TYPE_CHECKING

from sqlalchemy import insert

from bot.clock import PlaybackClock
from domain.clock import iso
from domain.decision import Weight
from domain.exact import ONE, ZERO, plain
from domain.instrument import Side
from domain.mark import STEPS, Deepest, Mark, drawdown_row
from domain.order import IntentKey, Order, OrderState, client_id
from domain.reason import reason
from domain.snapshot import Mode
from ledger import schema
from ledger.columns import ReasonText
from ledger.engines import sqlite_writing
from ledger.opening import Identity, open_ledger
from ledger.records import DayRecord, OrderRecord
from reports.figures import RUN

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import date

    from sqlalchemy import Connection, Table

    from ledger.places import SqlitePlace

SYMBOL = "KRW-BTC"
IDENTITY = Identity("bithumb_bot", Mode.DRY_RUN, "BITHUMB")
FILLS_PER_DAY = 500
BETWEEN = timedelta(days=1) / FILLS_PER_DAY
KOREA = timedelta(hours=9)
BEGINS_AT = datetime(2020, 12, 31, 15, tzinfo=UTC)
"""Midnight in Korea."""

CELLS = 40
LINES = [Decimal(48_000_000 + 240_000 * k) for k in range(CELLS + 1)]
QTY = Decimal("0.00010493")
FEE = Decimal("0.0005")
_COSTS = [sum((line * QTY * (ONE + FEE) for line in LINES[CELLS - held : CELLS]), ZERO) for held in range(CELLS + 1)]
CAPITAL = _COSTS[CELLS]

_PAGE = 10_000
_DECISION_EVERY = 5
_WARNING_EVERY = 100
_PAUSED = reason("paused", line=LINES[0], last=LINES[1], currency="KRW")


@dataclass(frozen=True, slots=True)
class Step:
    """Fill number `n`: the price crosses a line and the cell there buys or sells; then the books stand so."""

    n: int
    cell: int
    side: Side
    price: Decimal
    held: int
    cash_flow: Decimal
    matched: Decimal

    @property
    def at(self) -> datetime:
        """Return when it was filled."""
        return BEGINS_AT + BETWEEN * (self.n + 1)

    @property
    def fee(self) -> Decimal:
        """Return its fee in won."""
        return self.price * QTY * FEE

    @property
    def earned(self) -> Decimal:
        """Return what it added to the matched profit; a cell sells one line above the one it bought at."""
        bought = LINES[self.cell]
        return ZERO if self.side is Side.BUY else (self.price - bought) * QTY - (self.price + bought) * QTY * FEE

    @property
    def day(self) -> date:
        """Return the day in Korea."""
        return (self.at + KOREA).date()

    def mark(self, begin: datetime, step_s: int, prices: Sequence[Decimal] = ()) -> Mark:
        """Return the bucket that ends after this fill; `prices` are those that it saw."""
        cost, position = _COSTS[self.held], QTY * self.held
        seen = prices or (self.price,)
        books = (self.cash_flow, position, cost, self.matched, ZERO)
        return Mark(begin, step_s, seen[0], max(seen), min(seen), self.price, *books)


def walk(fills: int) -> Iterator[Step]:
    """Let the price wander over the lines, the highest cells holding; each line it crosses is one fill."""
    chance, held = 20_201_231, 0
    cash_flow = matched = ZERO
    for n in range(fills):
        chance = chance * 48_271 % 2_147_483_647
        if held == 0 or (held < CELLS and chance & 1024):
            held += 1
            step = Step(n, CELLS - held, Side.BUY, LINES[CELLS - held], held, cash_flow, matched)
            cash_flow -= step.price * QTY + step.fee
        else:
            held -= 1
            step = Step(n, CELLS - held - 1, Side.SELL, LINES[CELLS - held], held, cash_flow, matched)
            cash_flow += step.price * QTY - step.fee
            matched += step.earned
        yield replace(step, cash_flow=cash_flow, matched=matched)


class _Course:
    """The marks of one step, made while the fills pass; only those that a ledger keeps."""

    def __init__(self, step_s: int, keep: int | None, end: datetime) -> None:
        self._size, self._step_s = timedelta(seconds=step_s), step_s
        self._begin = BEGINS_AT if keep is None else max(BEGINS_AT, end - self._size * keep)
        self._prices: list[Decimal] = []
        self.marks: list[Mark] = []

    def see(self, step: Step, before: Step) -> None:
        """Take in a fill; while none comes, the price stays where the last one left it."""
        while step.at >= self._begin + self._size:
            self.close(before)
        if step.at >= self._begin:
            self._prices.append(step.price)

    def close(self, last: Step) -> None:
        """End the bucket with the books as the last fill left them."""
        self.marks.append(last.mark(self._begin, self._step_s, self._prices))
        self._begin, self._prices = self._begin + self._size, []


class _Pen:
    """Writes rows in pages."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._rows: dict[Table, list[dict[str, object]]] = {}

    def write(self, table: Table, row: dict[str, object]) -> None:
        """Write a row, at the latest with `flush`."""
        rows = self._rows.setdefault(table, [])
        rows.append(row)
        if len(rows) >= _PAGE:
            self.flush()

    def flush(self) -> None:
        """Write what waits; an order stands before what names it."""
        for table in sorted(self._rows, key=schema.metadata.sorted_tables.index):
            self._connection.execute(insert(table), self._rows.pop(table))


def make_ledger(place: SqlitePlace, fills: int) -> list[Decimal]:
    """Write a ledger of so many fills, at least one; returns what each day brought, as a part of the equity before."""
    open_ledger(place, IDENTITY, create=True, clock=PlaybackClock(BEGINS_AT)).close()
    engine = sqlite_writing(place.file)
    with engine.connect() as connection:
        # What is lost with the power is made again.
        connection.exec_driver_sql("PRAGMA synchronous=OFF")
        connection.exec_driver_sql("BEGIN")
        pen = _Pen(connection)
        days = _write(pen, fills)
        pen.flush()
        connection.exec_driver_sql("COMMIT")
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    engine.dispose()
    totals = [ZERO, *(mark.total for mark in days)]
    return [(after - before) / (CAPITAL + before) for before, after in pairwise(totals)]


def _write(pen: _Pen, fills: int) -> list[Mark]:
    end = BEGINS_AT + BETWEEN * fills
    courses = [_Course(step_s, keep, end) for step_s, keep in STEPS]
    cycles: Counter[int] = Counter()
    deepest = Deepest.begun(BEGINS_AT)
    before = next(walk(1))
    day = DayRecord(SYMBOL, before.day)
    for step in walk(fills):
        _fill(pen, step, cycles[step.cell])
        if step.day != day.day:
            pen.write(schema.days, day.row())
            day = DayRecord(SYMBOL, step.day)
        day = _added(day, step)
        for course in courses:
            course.see(step, before)
        deepest = deepest.seen(step.mark(step.at, 0).total, step.at)
        cycles[step.cell] += step.side is Side.SELL
        before = step
    pen.write(schema.days, day.row())
    for course in courses:
        course.close(before)
        for mark in course.marks:
            pen.write(schema.marks, {"symbol": SYMBOL, **asdict(mark)})
    _state(pen, drawdown_row(SYMBOL), deepest.row())
    _end(pen, before, cycles)
    return courses[-1].marks


def _fill(pen: _Pen, step: Step, cycle: int) -> None:
    """Write a fill with its order, and now and then a decision."""
    order = _order(step.n + 1, step.cell, step.side, cycle).with_fill(QTY)
    why = reason(
        "answers_buy", price=order.price, qty=QTY, bought_at=LINES[step.cell], line=order.price, last=step.price
    )
    record = OrderRecord(order, step.at - BETWEEN, why, accepted=True, fee=step.fee, sent_at=step.at, closed_at=step.at)
    pen.write(schema.orders, record.row())
    pen.write(
        schema.fills,
        {
            "entry": step.n + 1,
            "symbol": SYMBOL,
            "fill_id": f"C{step.n:019d}",
            "order_seq": order.seq,
            "slot": order.cell,
            "side": step.side,
            "price": step.price,
            "qty": QTY,
            "fee": step.fee,
            "at": step.at,
            "day": step.day,
            "earned": step.earned,
        },
    )
    if not step.n % _DECISION_EVERY:
        pen.write(
            schema.decisions,
            {
                "id": step.n // _DECISION_EVERY + 1,
                "at": step.at,
                "symbol": SYMBOL,
                "slot": order.cell,
                "code": _PAUSED.code,
                "figures": _PAUSED.figures,
                "weight": Weight.NOTE if step.n % _WARNING_EVERY else Weight.WARNING,
                "order_seq": order.seq,
            },
        )


def _added(day: DayRecord, step: Step) -> DayRecord:
    sells = step.side is Side.SELL
    notional = step.price * QTY
    left = step.mark(step.at, 0)
    return replace(
        day,
        fills=day.fills + 1,
        buys=day.buys + (not sells),
        sells=day.sells + sells,
        cycles=day.cycles + sells,
        fees=day.fees + step.fee,
        matched=day.matched + step.earned,
        cash_flow=day.cash_flow + (notional if sells else -notional) - step.fee,
        position=left.position,
        cost=left.cost,
    )


def _order(seq: int, cell: int, side: Side, cycle: int) -> Order:
    """Return an order at rest; a cell sells one line above the one it buys at."""
    key = IntentKey(1, f"1.{cell}", side, cycle, 1)
    price = LINES[cell + (side is Side.SELL)]
    order = Order(seq, client_id("bp123456", seq), key, SYMBOL, side, price, QTY)
    return order.advance(OrderState.SUBMITTED).advance(OrderState.OPEN, venue_id=f"V{seq:019d}")


def _end(pen: _Pen, last: Step, cycles: Counter[int]) -> None:
    """Write what is there only once: an order at rest for every cell, the lots, the cells and the run."""
    held = range(CELLS - last.held, CELLS)
    for cell, line in enumerate(LINES[:CELLS]):
        side = Side.SELL if cell in held else Side.BUY
        order = _order(last.n + 2 + cell, cell, side, cycles[cell])
        pen.write(schema.orders, OrderRecord(order, last.at, accepted=True, sent_at=last.at).row())
        if cell in held:
            lot = {"symbol": SYMBOL, "slot": order.cell, "n": 0, "qty": QTY, "price": line, "fee": line * QTY * FEE}
            pen.write(schema.lots, lot)
        resting = {"side": str(side), "price": plain(order.price), "qty": plain(QTY)}
        _state(
            pen,
            f"cell/{SYMBOL}/{order.cell}",
            {
                "key": order.cell,
                "buy_line": plain(line),
                "sell_line": plain(LINES[cell + 1]),
                "buy_price": plain(line),
                "sell_price": plain(LINES[cell + 1]),
                "qty": plain(QTY),
                "armed": True,
                "legacy": False,
                "cycle": cycles[cell],
                "order": resting,
                "resting_side": str(side),
                "retry_at": None,
                "frozen": False,
                "why": ReasonText().written(_PAUSED),
            },
        )
    pen.write(schema.tallies, {"symbol": SYMBOL, "orders": last.n + 1 + CELLS})
    _state(
        pen,
        RUN,
        {
            "symbol": SYMBOL,
            "currency": "KRW",
            "cash_start": "10000000",
            "holdings_start": "0",
            "unlimited": False,
            "prices": "live",
            "fee_buy": plain(FEE),
            "fee_sell": plain(FEE),
            "capital": plain(CAPITAL),
            "started_at": iso(BEGINS_AT),
            "at": iso(last.at),
            "bars": None,
            "last": plain(last.price),
            "lines": [plain(line) for line in LINES],
            "state": "running",
            "standing": [],
            "version": "0.1.0",
            "report": None,
            "seen_at": iso(last.at),
            "differences": None,
        },
    )


def _state(pen: _Pen, name: str, body: Mapping[str, object]) -> None:
    pen.write(schema.state, {"name": name, "body": dumps(body, ensure_ascii=False, separators=(",", ":"))})
