"""A slow and plain simulation of the grid's rules on bars, in integers, to judge the engine by."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise
from zoneinfo import ZoneInfo

from tests.oracle.rules import PRICE_SCALE, STOPS, Rules, to_decimal, to_units

NEW_YORK = ZoneInfo("America/New_York")
RENEW_AFTER = timedelta(seconds=60)
SEVERITY = {"": 0, "pause": 1, "cancel": 2, "cancel_sell": 3}


@dataclass(frozen=True)
class Bar:
    """One candle; `at` is an aware time."""

    at: datetime
    open: Decimal
    high: Decimal
    low: Decimal
    close: Decimal


def play(bars: Sequence[Bar], settings: Mapping[str, str]) -> dict[str, object]:
    """Play the grid over the bars: the figures, or `{"refused": why}`."""
    run = _Run(bars, Rules(settings))
    try:
        for index in range(len(bars)):
            run.play_bar(index)
    except _Refused as why:
        return {"refused": str(why)}
    return run.figures()


class _Refused(Exception):
    """The grid cannot be placed as set."""


@dataclass(frozen=True)
class _Order:
    side: str
    price: int
    qty: int
    placed_at: datetime
    is_offer: bool = False  # of `cancel_sell`


@dataclass(eq=False)
class _Cell:
    line: int
    sell_line: int
    buy: int
    sell: int
    qty: int
    may_buy: bool
    lot_qty: int = 0
    lot_cost: Fraction = Fraction(0)
    order: _Order | None = None


class _Run:
    """The state of one run; one method for each thing that is judged at a close."""

    def __init__(self, bars: Sequence[Bar], rules: Rules) -> None:
        self.bars, self.rules, self.venue = bars, rules, rules.venue
        dates = [bar.at.astimezone(NEW_YORK).date() if self.venue.has_sessions else None for bar in bars]
        self.dates, self.is_daily = dates, self.venue.has_sessions and len(set(dates)) == len(dates)
        self.cash, self.fees, self.matched = rules.cash, Fraction(0), Fraction(0)
        self.orders = self.buys = self.sells = self.cycles = self.shift = self.anchor = 0
        self.trades: list[tuple[int, str, Fraction, Fraction]] = []
        self.lines: list[int] = []
        self.cells: list[_Cell] = []
        self.legacy: list[_Cell] = []  # held cells a follow left behind, until sold
        self.balancing: list[_Cell] = []  # cells the balancing order serves, until it is closed
        self.balance_order: _Order | None = None
        self.capital = self.peak = Fraction(0)
        self.met: dict[str, bool] = {}
        self.stopped = ""

    def play_bar(self, index: int) -> None:
        bar, close = self.bars[index], to_units(self.bars[index].close)
        is_first = self.venue.has_sessions and (index == 0 or self.dates[index] != self.dates[index - 1])
        is_last = index + 1 < len(self.bars) and self.dates[index] != self.dates[index + 1]
        self._fill(index, bar)
        if is_last:
            for cell in self._all():
                cell.order = None
        if self.lines:
            for cell in self.cells:
                cell.may_buy = cell.may_buy or close > cell.line
        elif self._is_reached(index, close):
            self._begin(close)
        if not self.lines:
            return
        self._judge_stops(close)
        self._follow(close)
        if is_last and not self.is_daily:
            return
        # Daily bars: at their close the next session opens, but for the last bar of the file.
        if is_last if self.is_daily else is_first:
            self._apply_gap_policy(close)
        self._place(close, bar.at)

    def figures(self) -> dict[str, object]:
        last = to_units(self.bars[-1].close) if self.bars else 0
        held = sum(cell.lot_qty for cell in self._all())
        inventory = self._inventory(last)
        resting = [cell for cell in self._all() if cell.order] + [order for order in (self.balance_order,) if order]
        return {
            "bars": len(self.bars), "orders": self.orders, "fills": self.buys + self.sells, "buys": self.buys,
            "sells": self.sells, "cycles": self.cycles, "open_orders": len(resting),
            "position": Fraction(held, self.venue.qty_scale), "cash": self.cash,
            "equity": self.cash + self.venue.notional(last, held), "fees": self.fees, "matched_pnl": self.matched,
            "inventory_pnl": inventory, "total_pnl": self.matched + inventory,
            "lines": [to_decimal(line) for line in self.lines], "trades": self.trades,
        }  # fmt: skip

    def _all(self) -> list[_Cell]:
        return self.legacy + self.cells

    def _inventory(self, price: int) -> Fraction:
        held = [cell for cell in self._all() if cell.lot_qty]
        return sum((self.venue.notional(price, cell.lot_qty) - cell.lot_cost for cell in held), Fraction(0))

    # The bar's fills.

    def _fill(self, index: int, bar: Bar) -> None:
        opened, high, low = to_units(bar.open), to_units(bar.high), to_units(bar.low)
        order = self.balance_order
        if order:
            if low <= order.price:
                price = min(order.price, opened)
                self._book(index, "buy", price, order.qty)
                for cell in self.balancing:
                    self._hold(cell, cell.qty, self.venue.notional(price, cell.qty) * (1 + self.rules.buy_rate))
            self.balance_order, self.balancing = None, []
        for cell in self._all():
            order = cell.order
            if order and order.side == "buy" and low <= order.price:
                price = min(order.price, opened)
                cost = self._book(index, "buy", price, order.qty)
                self._hold(cell, order.qty, cost)
            elif order and order.side == "sell" and high >= order.price:
                price = max(order.price, opened)
                self.matched += self._book(index, "sell", price, order.qty) - cell.lot_cost
                self.cycles += 1
                cell.lot_qty, cell.lot_cost, cell.order = 0, Fraction(0), None
        self.legacy = [cell for cell in self.legacy if cell.lot_qty]

    def _hold(self, cell: _Cell, qty: int, cost: Fraction) -> None:
        cell.lot_qty, cell.lot_cost, cell.may_buy, cell.order = qty, cost, True, None

    def _book(self, index: int, side: str, price: int, qty: int) -> Fraction:
        """Book an execution; what it cost, or brought, with its fee."""
        gross = self.venue.notional(price, qty)
        fee = gross * (self.rules.buy_rate if side == "buy" else self.rules.sell_rate)
        net = gross + fee if side == "buy" else gross - fee
        self.fees += fee
        self.cash += -net if side == "buy" else net
        self.buys, self.sells = self.buys + (side == "buy"), self.sells + (side == "sell")
        self.trades.append((index, side, Fraction(price, PRICE_SCALE), Fraction(qty, self.venue.qty_scale)))
        return net

    # Anchor and epochs.

    def _is_reached(self, index: int, close: int) -> bool:
        trigger, first = self.rules.trigger, to_units(self.bars[0].close)
        if trigger is None:
            return index == 0
        return close >= trigger if first < trigger else close <= trigger if first > trigger else True

    def _begin(self, close: int) -> None:
        self.anchor = self.rules.anchor or self.rules.trigger or close
        self.lines = self.rules.lines(self.anchor, 0)
        self.cells = self._make_cells(self.lines)
        for cell in self.cells:
            cell.may_buy = cell.line < self.anchor or cell.line < close
        served = [cell for cell in self.cells if cell.line >= close]
        if self.rules.start != "buy_only" and not served:
            raise _Refused(f"{self.rules.start}: no cell at or above the price")
        if self.rules.start == "balance":
            self.balancing = served
        if self.rules.start == "adopt":
            self._adopt(served)
        self._count_capital()

    def _adopt(self, served: list[_Cell]) -> None:
        left = self.rules.adopt_qty
        for cell in served:
            qty = min(left, cell.qty)
            if qty == 0 or self.venue.notional(cell.sell, qty) < self.venue.notional_min:
                break
            self._hold(cell, qty, self.venue.notional(self.anchor, qty))
            left -= qty
        if not any(cell.lot_qty for cell in served):
            raise _Refused("adopt: nothing to adopt")

    def _make_cells(self, lines: list[int]) -> list[_Cell]:
        cells: list[_Cell] = []
        for line, sell_line in pairwise(lines):
            buy = self.venue.round_down(line) if line > 0 else 0
            qty = self.rules.qty_at(buy) if buy else 0
            if qty == 0 or self.venue.notional(buy, qty) < self.venue.notional_min:
                raise _Refused(f"cell at {line}: {qty} steps at {buy} cannot be placed")
            cells.append(_Cell(line, sell_line, buy, self.venue.round_up(sell_line), qty, may_buy=True))
        if len({cell.buy for cell in cells}) < len(cells):
            raise _Refused("two buys round to one price")
        return cells

    def _count_capital(self) -> None:
        costs = [self.venue.notional(c.buy, c.qty) * (1 + self.rules.buy_rate) for c in self.cells if not c.lot_qty]
        self.capital = sum(costs or [cell.lot_cost for cell in self._all()], Fraction(0))

    def _judge_stops(self, close: int) -> None:
        total = self.matched + self._inventory(close)
        self.peak = max(self.peak, total)
        low, high, drawdown, profit = (self.rules.stops[name] for name in STOPS)
        goal = profit / 100 * self.capital if self.rules.profit_is_pct else profit
        met = {
            "GRID_STOP_LOW": low > 0 and close <= low * PRICE_SCALE,
            "GRID_STOP_HIGH": high > 0 and close >= high * PRICE_SCALE,
            "MAX_DRAWDOWN_PCT": drawdown > 0 and self.peak - total >= drawdown / 100 * self.capital,
            "TAKE_PROFIT": profit > 0 and total >= goal,
        }
        for name in STOPS:
            if met[name] and self.met.get(name, False):
                self.stopped = max(self.stopped, self.rules.actions[name], key=lambda action: SEVERITY[action])
        self.met = met

    def _follow(self, close: int) -> None:
        is_holding = any(cell.lot_qty for cell in self._all())
        if self.rules.follow == "off" or self.stopped or self.balancing:
            return
        if self.rules.follow == "flat" and is_holding:
            return
        cells_up, factor, reach = 0, Fraction(self.rules.factor), Fraction(self.lines[-1])
        while reach * factor <= close:
            cells_up, reach = cells_up + 1, reach * factor
        limit = self.rules.follow_max
        while cells_up and limit and self.rules.lines(self.anchor, self.shift + cells_up)[-1] > limit:
            cells_up -= 1
        if not cells_up:
            return
        lines = self.rules.lines(self.anchor, self.shift + cells_up)
        try:
            fresh = self._make_cells(lines)
        except _Refused:
            return
        self.legacy += [cell for cell in self.cells if cell.lot_qty]  # buys are gone with their cells
        self.cells, self.lines, self.shift = fresh, lines, self.shift + cells_up
        self._count_capital()

    # Placing.

    def _wants_buy(self, cell: _Cell) -> bool:
        is_blocked = any(cell.line < old.sell_line <= cell.sell_line for old in self.legacy)
        return cell.may_buy and not cell.lot_qty and not is_blocked

    def _apply_gap_policy(self, close: int) -> None:
        above = [cell for cell in self.cells if cell.line > close and self._wants_buy(cell)]
        for cell in above[self.rules.gap_places :]:  # cells stand lowest first: nearest to the price first
            cell.may_buy = False

    def _place(self, close: int, at: datetime) -> None:
        if self.balancing and not self.stopped and self._place_balance(close, at):
            return
        self.balancing = []
        sells = {cell: self._sell_price(cell, close, at) for cell in self._real_sells(close)}
        buyers = self._real_buys(close)
        buys = self._without_own_cross(buyers, sells)
        wanted = {**{cell: (p, cell.lot_qty) for cell, p in sells.items()}, **{c: (buys[c], c.qty) for c in buyers}}
        for cell in self._all():
            if cell.order and (cell.order.price, cell.order.qty) != wanted.get(cell):
                cell.order = None
        is_offer = self.stopped == "cancel_sell"
        for cell, price in sells.items():
            if not cell.order and self._is_accepted(price, cell.lot_qty):
                cell.order, self.orders = _Order("sell", price, cell.lot_qty, at, is_offer), self.orders + 1
        for cell in [] if self.stopped else buyers:
            price = buys[cell]
            if not cell.order and self._is_accepted(price, cell.qty) and self._fits(price, cell.qty):
                cell.order, self.orders = _Order("buy", price, cell.qty, at), self.orders + 1

    def _place_balance(self, close: int, at: datetime) -> bool:
        price, qty = self.venue.step_up(self.venue.round_up(close), 5), sum(cell.qty for cell in self.balancing)
        if not self._fits(price, qty):
            return False
        self.balance_order, self.orders = _Order("buy", price, qty, at), self.orders + 1
        return True

    def _is_accepted(self, price: int, qty: int) -> bool:
        return price > 0 and self.venue.notional(price, qty) >= self.venue.notional_min

    def _fits(self, price: int, qty: int) -> bool:
        resting = [cell.order for cell in self.cells if cell.order and cell.order.side == "buy"]
        value = sum((self.venue.notional(order.price, order.qty) for order in resting), self.venue.notional(price, qty))
        needed = value * (1 + self.rules.buy_rate)
        return not self.rules.has_cash_limit or needed <= self.cash - self.rules.reserve

    def _real_sells(self, close: int) -> list[_Cell]:
        if self.stopped == "cancel":
            return []
        return self._ranked([cell for cell in self._all() if cell.lot_qty], lambda cell: cell.sell_line, close)

    def _real_buys(self, close: int) -> list[_Cell]:
        if self.stopped == "pause":
            return [cell for cell in self.cells if cell.order and cell.order.side == "buy"]
        wishing = [] if self.stopped else [cell for cell in self.cells if self._wants_buy(cell)]
        return self._ranked(wishing, lambda cell: cell.line, close)

    def _ranked(self, cells: list[_Cell], line: Callable[[_Cell], int], close: int) -> list[_Cell]:
        """The cells whose orders are real, nearest to the price first; a rank just beyond stays if it rests."""
        ordered, count = sorted(cells, key=lambda cell: (abs(line(cell) - close), line(cell))), self.rules.orders_max
        if not count:
            return ordered
        return ordered[:count] + [cell for cell in ordered[count : count + 2] if cell.order]

    def _sell_price(self, cell: _Cell, close: int, at: datetime) -> int:
        if self.stopped != "cancel_sell":
            return cell.sell
        if cell.order and cell.order.is_offer and at - cell.order.placed_at < RENEW_AFTER:
            return cell.order.price
        return self.venue.step_down(self.venue.round_up(close), 5)

    def _without_own_cross(self, buyers: list[_Cell], sells: Mapping[_Cell, int]) -> dict[_Cell, int]:
        prices = {cell: cell.buy for cell in buyers}
        if sells and not self.rules.own_cross:
            lowest = min(sells.values())
            crossing = sorted((cell for cell in buyers if cell.buy >= lowest), key=lambda cell: cell.line)
            prices |= {cell: self.venue.step_down(lowest, j) for j, cell in enumerate(crossing, start=1)}
        return prices
