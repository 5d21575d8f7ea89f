"""How the owner wants the grid; the names of the settings stand behind each field."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from domain.exact import ZERO


class Spacing(StrEnum):
    """Whether neighbouring lines differ by a ratio or by an amount."""

    GEOMETRIC = "geometric"
    ARITHMETIC = "arithmetic"


class Start(StrEnum):
    """How the cells above the price begin."""

    BUY_ONLY = "buy_only"
    BALANCE = "balance"
    ADOPT = "adopt"


class Follow(StrEnum):
    """When the lines go up with the price."""

    OFF = "off"
    FLAT = "flat"
    UP = "up"


class StopAction(StrEnum):
    """What a stop does, each more than the one before."""

    PAUSE = "pause"
    CANCEL = "cancel"
    CANCEL_SELL = "cancel_sell"


class GapPolicy(StrEnum):
    """What becomes of cells above the price when a session opens."""

    LIMIT = "limit"
    SKIP = "skip"


class SizeUnit(StrEnum):
    """In what the size of an order is given: the quote currency before fees, or shares and coins."""

    MONEY = "money"
    BASE = "base"


@dataclass(frozen=True, slots=True)
class OrderSize:
    """The size of one cell's order."""

    amount: Decimal
    unit: SizeUnit


@dataclass(frozen=True, slots=True)
class Profit:
    """A profit in the quote currency, or in percent of the epoch's capital."""

    amount: Decimal
    is_pct: bool


@dataclass(frozen=True, slots=True)
class Bounds:
    """The lowest and the highest line, where the owner gives them instead of a gap."""

    lower: Decimal
    upper: Decimal


@dataclass(frozen=True, slots=True)
class GridSettings:
    """One grid. `gap` is a fraction (0.01 is 1 %); prices and money are in the quote currency.

    `strict` is set where money is at stake (live, the broker's practice account): a grid that loses, or that the cash
    does not cover, is refused there and warned about elsewhere. `bars` is set where prices come as recorded bars:
    everything is judged at their close. `own_cross` lets a buy and a sell of ours rest at one price, to compare with
    others.
    """

    steps: int = 20  # GRID_STEPS
    steps_above: int = 0  # GRID_STEPS_ABOVE
    gap: Decimal = Decimal("0.01")  # GRID_GAP_PCT / 100
    bounds: Bounds | None = None  # GRID_LOWER, GRID_UPPER
    spacing: Spacing = Spacing.GEOMETRIC  # GRID_SPACING
    size: OrderSize = OrderSize(Decimal(10000), SizeUnit.MONEY)  # ORDER_SIZE
    start: Start = Start.BUY_ONLY  # GRID_START
    adopt_qty: Decimal = ZERO  # ADOPT_QTY, else the free holdings less PROTECTED_QTY
    anchor: Decimal | None = None  # GRID_ANCHOR
    trigger: Decimal | None = None  # GRID_TRIGGER_PRICE
    follow: Follow = Follow.FLAT  # GRID_FOLLOW
    follow_max: Decimal | None = None  # GRID_FOLLOW_MAX
    stop_low: Decimal | None = None  # GRID_STOP_LOW
    stop_low_action: StopAction = StopAction.PAUSE  # GRID_STOP_LOW_ACTION
    stop_high: Decimal | None = None  # GRID_STOP_HIGH
    stop_high_action: StopAction = StopAction.PAUSE  # GRID_STOP_HIGH_ACTION
    drawdown_pct: Decimal | None = None  # MAX_DRAWDOWN_PCT
    drawdown_action: StopAction = StopAction.PAUSE  # MAX_DRAWDOWN_PCT_ACTION
    take_profit: Profit | None = None  # TAKE_PROFIT
    take_profit_action: StopAction = StopAction.PAUSE  # TAKE_PROFIT_ACTION
    open_orders_max: int = 10  # MAX_OPEN_ORDERS, a side; 0 = no limit
    maker_only: bool = False  # MAKER_ONLY
    reinvest: bool = False  # REINVEST
    gap_policy: GapPolicy = GapPolicy.LIMIT  # GAP_POLICY
    levels_per_open_max: int = 3  # MAX_LEVELS_PER_OPEN
    free_cash: Decimal | None = None  # what the venue has free at the start less CASH_RESERVE; None = unlimited
    strict: bool = False
    bars: bool = False
    own_cross: bool = False  # --self-cross allow
