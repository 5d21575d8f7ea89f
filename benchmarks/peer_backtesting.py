"""backtesting.py playing the grid whose prices it is given; runs in an environment of its own."""

from __future__ import annotations

import csv
import sys
import warnings
from pathlib import Path
from time import perf_counter

import pandas as pd  # type: ignore[import-not-found,import-untyped,unused-ignore]  # lives in the peer's environment
from backtesting import (  # type: ignore[import-not-found,unused-ignore]  # lives in the peer's environment
    Backtest,
    Strategy,
)

from benchmarks.outcome import FillLine, Outcome, digest, peak_rss_mib

FEE = 0.0005
CASH = 10**10


class Grid(Strategy):  # type: ignore[misc]  # known in the peer's environment only
    """Keeps one order at rest for every cell and answers what was filled in the bar before."""

    cells: tuple[tuple[int, int], ...] = ()

    def init(self) -> None:
        """Begin with nothing at rest."""
        self.at_rest: dict[object, tuple[int, bool]] = {}  # from the order to its cell and whether it buys

    def next(self) -> None:
        """Look once per bar, after its fills: what is placed now can fill from the next bar on."""
        orders = self.orders
        if not self.at_rest:
            middle = len(self.cells) // 2
            for number in range(len(self.cells)):
                self._place(number, buys=number < middle)
        elif len(orders) < len(self.cells):
            for order in self.at_rest.keys() - set(orders):
                number, bought = self.at_rest.pop(order)
                self._place(number, buys=not bought)

    def _place(self, number: int, *, buys: bool) -> None:
        buy_price, sell_price = self.cells[number]
        order = self.buy(size=1, limit=buy_price) if buys else self.sell(size=1, limit=sell_price)
        self.at_rest[order] = (number, buys)


def run(bars: Path, cells: Path) -> Outcome:
    """Play a file of candles; reading it is not timed."""
    table = pd.read_csv(bars, index_col="time_utc", parse_dates=True)
    table.columns = [name.capitalize() for name in table.columns]
    # It does not look at bar 0: with one bar more in front it first looks at ours, as our engine does.
    ahead = table.iloc[[0]].copy()
    ahead.index = ahead.index - pd.Timedelta(minutes=1)
    race = Backtest(pd.concat([ahead, table]), Grid, cash=CASH, margin=0.01, commission=FEE)
    with cells.open(encoding="ascii", newline="") as file:
        prices = tuple((int(buy), int(sell)) for buy, sell in csv.reader(file))
    begun = perf_counter()
    stats = race.run(cells=prices)
    seconds = perf_counter() - begun
    player = stats["_strategy"]
    fills = _fills([*player.closed_trades, *player.trades])
    return Outcome(
        seconds=seconds,
        peak_rss_mib=peak_rss_mib(),
        buys=sum(side == "buy" for _, side, _ in fills),
        sells=sum(side == "sell" for _, side, _ in fills),
        fills_sha256=digest(fills),
        position=int(player.position.size),
        worth=float(player.equity) - CASH,
        resting=len(player.orders),
    )


def _fills(trades: list) -> list[FillLine]:  # type: ignore[type-arg]  # the peer's own trades, untyped
    """Take trades apart: with orders of one coin every fill opens one or closes one."""
    fills = []
    for trade in trades:
        sides = ("buy", "sell") if trade.is_long else ("sell", "buy")
        fills.append((trade.entry_bar - 1, sides[0], round(trade.entry_price)))
        if trade.exit_bar is not None:
            fills.append((trade.exit_bar - 1, sides[1], round(trade.exit_price)))
    return fills


if __name__ == "__main__":
    warnings.filterwarnings("ignore")  # it advises against margins and trades left open
    sys.stdout.write(run(Path(sys.argv[1]), Path(sys.argv[2])).written() + "\n")
