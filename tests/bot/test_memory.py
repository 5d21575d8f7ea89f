"""What the grid remembers comes back from its rows as it was, every field of it."""

import json
from dataclasses import MISSING, fields, replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from bot.memory import changed_rows, restored, restored_safe, safe_row
from domain.book import Book, Lot
from domain.instrument import Side
from domain.reason import reason
from strategy.grid.config import Bounds, GridSettings, OrderSize, SizeUnit, Spacing, Start, StopAction
from strategy.grid.state import NEVER, Cell, CellOrder, Epoch, GridState, Move, Phase, Quiet, Shape, StartOrder, Stops
from tests.bot.rig import NOON, SYMBOL

D = Decimal
ASKED_ANEW = {"last", "bid", "ask", "at", "traded_at", "terms_hold", "quiet"}
"""Prices and terms: asked anew after a start, never remembered."""

CELL = Cell(
    key="1.10",
    buy_line=D("9900.990099009901"),
    sell_line=D("10000"),
    buy_price=D("9900"),
    sell_price=D("10010"),
    qty=D("1.00000001"),
    armed=False,
    legacy=True,
    cycle=3,
    order=CellOrder(Side.SELL, D("10010"), D("1"), D("0.25"), canceling=True, gives_way=True, overtaken=True),
    resting_side=Side.SELL,
    retry_at=NOON + timedelta(microseconds=7),
    frozen=True,
    why=reason("answers_buy", price=D("10010.50"), text="10010.50", count=2),
)
SHAPE = Shape(
    20, 3, D("0.01"), Bounds(D("1"), D("2.5")), Spacing.ARITHMETIC, OrderSize(D("0.5"), SizeUnit.BASE), Start.ADOPT
)
FULL = GridState(
    phase=Phase.BALANCING,
    book=Book(D("-9022.5"), D("22.5"), lots={"1.10": (Lot(D(1), D(9000), D("22.5")),)}, buys=1),
    epoch=Epoch(2, SHAPE, D("10000"), 4, D("10406.0401"), (D("9900.990099009901"), D("1E+4")), D("123.45"), D("-7")),
    cells=tuple(replace(CELL, key=f"2.{k}", legacy=False) for k in range(12)),
    legacy=(replace(CELL, key="1.2"), CELL),
    last=D(9000),
    bid=D(8990),
    ask=D(9010),
    first=D("10000"),
    at=NOON,
    start=StartOrder((("2.1", D("1.5")), ("2.2", D("0.5"))), NOON, D("0.1"), canceling=True),
    moving=Move.FOLLOW,
    stops=Stops(1, 2, 3, 4, StopAction.CANCEL_SELL, "low", D("8800"), NOON, StopAction.PAUSE, "high"),
    peak=D("12.5"),
    paused=True,
    cash_short=True,
    session=date(2025, 1, 2),
    session_open=True,
    gap_due=True,
    sized_on=date(2025, 1, 1),
    follow_refused=True,
    traded_at=NOON,
    terms_hold=reason("market_warned"),
    quiet=Quiet(D(1), D(2), GridSettings()),
)


def rows_of(state: GridState, before: GridState | None = None) -> dict[str, Any]:
    """The rows as a database has them: JSON, in no order of its own."""
    rows = dict(changed_rows(SYMBOL, before, state))
    return dict(sorted(json.loads(json.dumps(rows)).items()))


def back(state: GridState) -> GridState | None:
    return restored(SYMBOL, rows_of(state), state.book)


def left_at_default(value: Any) -> list[str]:  # noqa: ANN401 - any of the state's dataclasses
    """Which fields of an example say nothing, because they are as they begin."""
    plain = []
    for field in fields(value):
        default = field.default_factory() if field.default_factory is not MISSING else field.default
        if getattr(value, field.name) == default:
            plain.append(field.name)
    return plain


def test_the_example_says_something_in_every_field() -> None:
    # A new field fails here until the example has it, and below until it is remembered.
    parts: list[Any] = [FULL, CELL, CELL.order, FULL.start, FULL.stops]

    assert [left_at_default(part) for part in parts] == [[]] * len(parts)


def test_every_field_but_prices_and_terms_comes_back() -> None:
    came = back(FULL)

    assert came is not None
    for field in fields(GridState):
        wanted = getattr(GridState() if field.name in ASKED_ANEW else FULL, field.name)
        assert getattr(came, field.name) == wanted, field.name
    assert came.at == NEVER


def test_cells_come_back_in_their_order_whatever_the_order_of_the_rows() -> None:
    came = back(FULL)

    assert came is not None
    assert [cell.key for cell in came.cells] == [f"2.{k}" for k in range(12)]
    assert [cell.key for cell in came.legacy] == ["1.2", "1.10"]


def test_every_field_of_a_cell_comes_back_and_a_number_of_its_reason_stays_a_number() -> None:
    came = back(replace(FULL, cells=(), legacy=(CELL,)))

    assert came is not None
    assert came.legacy == (CELL,)
    assert came.legacy[0].why is not None
    assert [type(figure) for _, figure in came.legacy[0].why.figures] == [Decimal, str, int]


def test_a_state_that_has_only_begun_comes_back() -> None:
    assert back(GridState()) == GridState()


def test_without_rows_there_is_nothing_to_restore() -> None:
    assert restored(SYMBOL, {}, Book()) is None


def test_rows_of_another_symbol_are_not_mixed_in() -> None:
    rows = rows_of(FULL) | dict(changed_rows("KRW-BTC2", None, replace(FULL, cells=(CELL,))))

    came = restored(SYMBOL, rows, FULL.book)

    assert came is not None
    assert len(came.cells) == len(FULL.cells)


def test_only_what_changed_is_written() -> None:
    moved = replace(FULL.cells[3], cycle=9)

    assert rows_of(FULL, FULL) == {}
    assert list(rows_of(replace(FULL, last=D(1), at=NOON), FULL)) == []
    assert list(rows_of(FULL.having(moved), FULL)) == [f"cell/{SYMBOL}/2.3"]
    assert list(rows_of(replace(FULL, paused=False), FULL)) == [f"grid/{SYMBOL}"]


def test_the_row_of_a_cell_that_went_is_taken_away() -> None:
    assert rows_of(FULL.without_legacy("1.2"), FULL) == {f"cell/{SYMBOL}/1.2": None}


def test_why_we_are_safe_comes_back_with_its_figures() -> None:
    why = reason("order_not_in_ledger", order="v-1", price=D("10010.50"))

    row = json.loads(json.dumps(safe_row(why, {why.code, "holdings_short"})))

    assert restored_safe(row) == (why, frozenset({why.code, "holdings_short"}))
    assert (safe_row(None, ()), restored_safe(None)) == (None, (None, frozenset()))
