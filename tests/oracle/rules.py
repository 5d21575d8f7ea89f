"""What the oracle knows of venues and settings: ticks, minimums, sizes, and where the lines stand."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Context, Decimal
from fractions import Fraction

PRICE_SCALE = 10**12  # prices are integers of 10**-12
LINE_STEP = Decimal("1e-12")
CONTEXT = Context(prec=28, rounding=ROUND_HALF_EVEN)
STOPS = ("GRID_STOP_LOW", "GRID_STOP_HIGH", "MAX_DRAWDOWN_PCT", "TAKE_PROFIT")


@dataclass(frozen=True)
class Venue:
    """What the venue fixes; `bands` are (lowest price, tick), highest first."""

    currency: str
    bands: tuple[tuple[int, int], ...]
    qty_scale: int
    notional_min: Fraction
    paper_cash: str
    order_size: str
    has_sessions: bool

    def tick_at(self, price: int) -> int:
        return next(tick for lowest, tick in self.bands if price >= lowest)

    def round_down(self, price: int) -> int:
        return price // self.tick_at(price) * self.tick_at(price)

    def round_up(self, price: int) -> int:
        return -(-price // self.tick_at(price)) * self.tick_at(price)

    def step_down(self, price: int, ticks: int) -> int:
        for _ in range(ticks):
            if price > 0:
                price -= self.tick_at(price - 1)  # at a band's edge the lower band's tick
        return price

    def step_up(self, price: int, ticks: int) -> int:
        for _ in range(ticks):
            price += self.tick_at(price)
        return price

    def notional(self, price: int, qty: int) -> Fraction:
        return Fraction(price * qty, PRICE_SCALE * self.qty_scale)


def to_units(text: str | Decimal) -> int:
    """A price as integer units; more than 12 decimals are not a price."""
    units = Fraction(Decimal(text)) * PRICE_SCALE
    if units.denominator != 1:
        raise ValueError(f"more than 12 decimals: {text}")
    return units.numerator


def _bands(*rows: tuple[str, str]) -> tuple[tuple[int, int], ...]:
    return tuple((to_units(lowest), to_units(tick)) for lowest, tick in rows)


_WON_BANDS = _bands(
    ("1000000", "1000"), ("500000", "500"), ("100000", "100"), ("50000", "50"), ("10000", "10"),
    ("5000", "5"), ("100", "1"), ("10", "0.01"), ("1", "0.001"), ("0", "0.0001"),
)  # fmt: skip
VENUES = {
    "BITHUMB": Venue("KRW", _WON_BANDS, 10**8, Fraction(5000), "10000000", "10000KRW", False),
    "KIS": Venue("USD", _bands(("1", "0.01"), ("0", "0.0001")), 1, Fraction(0), "10000", "1shares", True),
}


class Rules:
    """The settings, read once."""

    def __init__(self, settings: Mapping[str, str]) -> None:
        def get(name: str, default: str) -> str:
            return settings.get(name, "").strip() or default

        def price(name: str) -> int | None:
            return to_units(get(name, "0")) or None

        self.venue = VENUES[get("EXCHANGE", "BITHUMB").upper()]
        self.cells_below, self.cells_above = int(get("GRID_STEPS", "20")), int(get("GRID_STEPS_ABOVE", "0"))
        self.gap = CONTEXT.divide(Decimal(get("GRID_GAP_PCT", "1.0")), Decimal(100))
        self.arithmetic = get("GRID_SPACING", "geometric") == "arithmetic"
        self.lower, self.upper = Decimal(get("GRID_LOWER", "0")), Decimal(get("GRID_UPPER", "0"))
        self.has_bounds = self.upper > 0
        self.start = get("GRID_START", "buy_only")
        self.adopt_qty = int(Fraction(get("ADOPT_QTY", "0")) * self.venue.qty_scale)
        self.anchor, self.trigger = price("GRID_ANCHOR"), price("GRID_TRIGGER_PRICE")
        self.follow = get("GRID_FOLLOW", "off" if self.has_bounds else "flat")
        self.follow_max = price("GRID_FOLLOW_MAX")
        self.stops = {name: Fraction(re.sub(r"[^0-9.]", "", get(name, "0"))) for name in STOPS}
        self.profit_is_pct = get("TAKE_PROFIT", "0").endswith("%")
        self.actions = {name: get(f"{name}_ACTION", "pause") for name in STOPS}
        self.orders_max = int(get("MAX_OPEN_ORDERS", "10"))
        self.buy_rate = Fraction(get("FEE_BUY_PCT", "0.25")) / 100
        self.sell_rate = (Fraction(get("FEE_SELL_PCT", "0.25")) + Fraction(get("SELL_TAX_PCT", "0"))) / 100
        self.reserve = Fraction(get("CASH_RESERVE", "0"))
        cash = get("PAPER_CASH", self.venue.paper_cash)
        self.has_cash_limit = cash != "unlimited"
        self.cash = Fraction(cash) if self.has_cash_limit else Fraction(0)
        self.gap_places = int(get("MAX_LEVELS_PER_OPEN", "3")) if get("GAP_POLICY", "limit") == "limit" else 0
        self.own_cross = get("SELF_CROSS", "never") == "allow"
        self.size, self.size_is_money = self._order_size(get("ORDER_SIZE", self.venue.order_size))

    def _order_size(self, text: str) -> tuple[Fraction, bool]:
        match = re.fullmatch(r"([0-9.]+)\s*([A-Za-z]*)", text)
        if match is None:
            raise ValueError(f"ORDER_SIZE: {text}")
        unit = match[2].upper()
        is_money = unit == self.venue.currency if unit else not self.venue.has_sessions
        return Fraction(match[1]), is_money

    def qty_at(self, price: int) -> int:
        """The quantity of a cell in steps: the size over its own rounded buy price, rounded down."""
        units = self.size / Fraction(price, PRICE_SCALE) if self.size_is_money else self.size
        return int(units * self.venue.qty_scale)

    @property
    def factor(self) -> Decimal:
        """From one line to the next: 1+g, in the bounds form (U/L)^(1/N)."""
        if not self.has_bounds:
            return CONTEXT.add(Decimal(1), self.gap)
        nth = CONTEXT.divide(Decimal(1), Decimal(self.cells_below))
        return CONTEXT.power(CONTEXT.divide(self.upper, self.lower), nth)

    def lines(self, anchor: int, shift: int) -> list[int]:
        """L0 … LM in units, `shift` cells above where the settings put them."""
        times, power, factor = CONTEXT.multiply, CONTEXT.power, self.factor
        moved = power(factor, Decimal(shift))
        if self.has_bounds:
            lower, upper, count = times(self.lower, moved), times(self.upper, moved), Decimal(self.cells_below)
            span = CONTEXT.subtract(upper, lower)
            steps = [Decimal(k) for k in range(self.cells_below)]
            if self.arithmetic:
                exact = [CONTEXT.add(lower, CONTEXT.divide(times(k, span), count)) for k in steps]
            else:
                exact = [times(lower, power(factor, k)) for k in steps]
            exact.append(upper)
        else:
            middle = times(to_decimal(anchor), moved)
            below = [Decimal(i) for i in range(self.cells_below, 0, -1)]
            above = [Decimal(j) for j in range(self.cells_above + 1)]
            if self.arithmetic:
                exact = [CONTEXT.subtract(middle, times(times(i, middle), self.gap)) for i in below]
                exact += [CONTEXT.add(middle, times(times(j, middle), self.gap)) for j in above]
            else:
                exact = [CONTEXT.divide(middle, power(factor, i)) for i in below]
                exact += [times(middle, power(factor, j)) for j in above]
        return [to_units(CONTEXT.quantize(line, LINE_STEP)) for line in exact]


def to_decimal(units: int) -> Decimal:
    return CONTEXT.multiply(Decimal(units), LINE_STEP)
