"""The picture of the grid: lines as a board, open orders as stones, dark ones buy and light ones sell."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from decimal import Decimal

    from domain.instrument import Side
    from domain.view import View

WIDTH_PX = 1000
HEIGHT_PX = 132
_EDGE_PX = 40
_STONE_MAX_PX = 21
_STONE_MIN_PX = 5

LINES_MAX = 31
"""More would run together on a phone: of a larger grid the lines around the price are drawn."""


@dataclass(frozen=True, slots=True)
class Stone:
    """An open order on the board."""

    x_px: int
    side: Side
    price: Decimal
    qty: Decimal


@dataclass(frozen=True, slots=True)
class Board:
    """Where everything stands, from left (cheap) to right (dear); `last_px` None while the price is beyond the edge."""

    lines_px: tuple[int, ...]
    stones: tuple[Stone, ...]
    stone_px: int
    last_px: int | None
    lowest: Decimal
    highest: Decimal
    hidden: int


def board(view: View) -> Board | None:
    """Lay the board of a run; None while it has no lines."""
    shown = view.snapshot
    lines = _around(shown.lines, shown.last)
    if len(lines) < 2:  # noqa: PLR2004  # between two lines there is a cell
        return None
    gap_px = (WIDTH_PX - 2 * _EDGE_PX) // (len(lines) - 1)
    first_px = (WIDTH_PX - gap_px * (len(lines) - 1)) // 2

    def place(price: Decimal) -> int | None:
        """Return where a price stands, half a gap beyond the outer lines still on the board."""
        k = min(max(bisect_right(lines, price) - 1, 0), len(lines) - 2)
        x_px = first_px + k * gap_px + int(gap_px * (price - lines[k]) / (lines[k + 1] - lines[k]))
        return x_px if first_px - gap_px // 2 <= x_px <= WIDTH_PX - first_px + gap_px // 2 else None

    stones = [
        Stone(x_px, order.side, order.price, order.remaining)
        for order in view.orders
        if (x_px := place(order.price)) is not None
    ]
    return Board(
        lines_px=tuple(first_px + k * gap_px for k in range(len(lines))),
        stones=tuple(stones),
        stone_px=max(_STONE_MIN_PX, min(_STONE_MAX_PX, gap_px * 45 // 100)),
        last_px=None if shown.last is None else place(shown.last),
        lowest=lines[0],
        highest=lines[-1],
        hidden=len(shown.lines) - len(lines),
    )


def _around(lines: Sequence[Decimal], last: Decimal | None) -> Sequence[Decimal]:
    """Return the lines nearest to the price, without a line that stands twice."""
    apart = sorted(set(lines))
    middle = len(apart) // 2 if last is None else bisect_right(apart, last)
    first = max(0, min(middle - LINES_MAX // 2, len(apart) - LINES_MAX))
    return apart[first : first + LINES_MAX]
