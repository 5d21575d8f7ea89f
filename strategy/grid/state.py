"""What the grid remembers: cells, epoch, stops, and what it waits for."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from decimal import Decimal  # noqa: TC003 - the types of this page are read at run time, to restore a saved state
from enum import StrEnum
from typing import TYPE_CHECKING

from domain.book import Book
from domain.exact import ZERO
from domain.instrument import Side
from domain.reason import Reason  # noqa: TC001 - as above
from strategy.grid.config import Bounds, OrderSize, Spacing, Start, StopAction

if TYPE_CHECKING:
    from collections.abc import Collection

    from strategy.grid.config import GridSettings

START = "start"
"""The slot of the one order that buys for all cells above the price."""

NEVER = datetime(1970, 1, 1, tzinfo=UTC)
"""The time of the last price before there was one."""

OWNER = "owner"
"""Who fired a stop that is no limit."""

GRID = "grid"
"""Where a note concerns no single cell."""


@dataclass(frozen=True, slots=True)
class CellOrder:
    """What a cell has resting, or on its way.

    `gives_way` marks a price moved for `MAKER_ONLY`; `overtaken` a partly filled buy whose sell line the price reached.
    """

    side: Side
    price: Decimal
    qty: Decimal
    filled: Decimal = ZERO
    canceling: bool = False
    gives_way: bool = False
    overtaken: bool = False


class CellState(StrEnum):
    """A cell as its owner sees it."""

    EMPTY = "empty"
    BUYING = "buying"
    HELD = "held"
    SELLING = "selling"
    FROZEN = "frozen"


@dataclass(frozen=True, slots=True)
class Cell:
    """Buys at its lower line, sells at its upper one; what it holds stands in the book under its key.

    `armed`: it may buy, because its line was below the price once. `resting_side`: the side on which it ranks among
    the orders that rest. `retry_at`: the venue refused, ask again no sooner. `why`: the reason of how it stands.
    """

    key: str
    buy_line: Decimal
    sell_line: Decimal
    buy_price: Decimal
    sell_price: Decimal
    qty: Decimal
    armed: bool = True
    legacy: bool = False
    cycle: int = 0
    order: CellOrder | None = None
    resting_side: Side | None = None
    retry_at: datetime | None = None
    frozen: bool = False
    why: Reason | None = None

    def stands(self, book: Book) -> CellState:
        """Return the cell's state."""
        if self.frozen:
            return CellState.FROZEN
        if self.order is not None:
            return CellState.BUYING if self.order.side is Side.BUY else CellState.SELLING
        return CellState.HELD if self.key in book.lots else CellState.EMPTY


class Phase(StrEnum):
    """How far the grid has come."""

    NO_PRICE = "no_price"
    TRIGGER = "trigger"
    BALANCING = "balancing"
    RUNNING = "running"


class Move(StrEnum):
    """Why every buy is being taken back, to lay the lines anew."""

    FOLLOW = "follow"
    SETTINGS = "settings"


@dataclass(frozen=True, slots=True)
class Shape:
    """The settings whose change begins a new epoch."""

    steps: int
    steps_above: int
    gap: Decimal
    bounds: Bounds | None
    spacing: Spacing
    size: OrderSize
    start: Start

    @classmethod
    def of(cls, settings: GridSettings) -> Shape:
        """Take the shape out of the settings."""
        return cls(
            settings.steps,
            settings.steps_above,
            settings.gap,
            settings.bounds,
            settings.spacing,
            settings.size,
            settings.start,
        )


@dataclass(frozen=True, slots=True)
class StartOrder:
    """The balancing order and the cells it buys for, lowest first, with their quantities."""

    serves: tuple[tuple[str, Decimal], ...]
    placed_at: datetime | None = None
    filled: Decimal = ZERO
    canceling: bool = False


@dataclass(frozen=True, slots=True)
class Epoch:
    """One set of lines. `base` is the anchor of the settings' epoch, which follow has moved by `shifts` gaps."""

    number: int
    shape: Shape
    base: Decimal
    shifts: int
    anchor: Decimal
    lines: tuple[Decimal, ...]
    capital: Decimal
    matched_before: Decimal


@dataclass(frozen=True, slots=True)
class Stops:
    """How often in a row each limit was met, and what has fired; it holds until the owner resumes.

    `limit_action` and `limit_by` keep what a limit did before the owner had all orders taken back.
    """

    low: int = 0
    high: int = 0
    drawdown: int = 0
    profit: int = 0
    action: StopAction | None = None
    by: str = ""
    exit_price: Decimal | None = None
    exit_at: datetime | None = None
    limit_action: StopAction | None = None
    limit_by: str = ""

    def by_owner(self) -> Stops:
        """Return the stops once the owner had all orders taken back."""
        kept = self if self.by == OWNER else replace(self, limit_action=self.action, limit_by=self.by)
        return replace(kept, action=StopAction.CANCEL, by=OWNER)

    def without_owner(self) -> Stops:
        """Return the stops without what the owner asked for; a limit that fired holds on."""
        if self.by != OWNER:
            return self
        return replace(self, action=self.limit_action, by=self.limit_by, limit_action=None, limit_by="")

    @property
    def counting(self) -> bool:
        """Whether a limit was met at the last price."""
        return bool(self.low or self.high or self.drawdown or self.profit)


@dataclass(frozen=True, slots=True)
class Quiet:
    """Between which prices nothing happens as things stand settled, under these settings, until something else does."""

    low: Decimal
    high: Decimal
    settings: GridSettings


@dataclass(frozen=True, slots=True)
class GridState:
    """All that the grid knows between two events; the engine keeps `book`, the grid reads it.

    `traded_at` is when the last price was traded, `at` when we heard of it. `terms_hold`: why nothing is bought under
    the venue's present terms.
    """

    phase: Phase = Phase.NO_PRICE
    book: Book = field(default_factory=Book)
    epoch: Epoch | None = None
    cells: tuple[Cell, ...] = ()
    legacy: tuple[Cell, ...] = ()
    last: Decimal = ZERO
    bid: Decimal | None = None
    ask: Decimal | None = None
    first: Decimal | None = None
    at: datetime = NEVER
    traded_at: datetime = NEVER
    start: StartOrder | None = None
    moving: Move | None = None
    stops: Stops = Stops()
    peak: Decimal = ZERO
    paused: bool = False
    cash_short: bool = False
    session: date | None = None
    session_open: bool = False
    gap_due: bool = False
    sized_on: date | None = None
    follow_refused: bool = False
    terms_hold: Reason | None = None
    quiet: Quiet | None = None

    def with_book(self, book: Book) -> GridState:
        """Return the state after the engine booked something."""
        return replace(self, book=book)

    def slots(self) -> tuple[Cell, ...]:
        """Return the grid's cells, lowest first, then those of former epochs."""
        return self.cells + self.legacy

    def find(self, key: str) -> Cell | None:
        """Return the cell with this key, if it is still there."""
        return next((cell for cell in self.slots() if cell.key == key), None)

    def having(self, cell: Cell) -> GridState:
        """Return the state with this cell in the place of its former self."""
        if cell.legacy:
            return replace(self, legacy=tuple(cell if old.key == cell.key else old for old in self.legacy))
        return replace(self, cells=tuple(cell if old.key == cell.key else old for old in self.cells))

    def with_cancels_forgotten(self, slots: Collection[str]) -> GridState:
        """Return the state in which the orders of these slots rest, and nobody has asked for their end."""
        state = self
        for cell in self.slots():
            if cell.key in slots and cell.order is not None:
                state = state.having(replace(cell, order=replace(cell.order, canceling=False)))
        return state

    def without_legacy(self, key: str) -> GridState:
        """Return the state after a cell of a former epoch has sold what it held."""
        return replace(self, legacy=tuple(old for old in self.legacy if old.key != key))
