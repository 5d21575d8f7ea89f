"""A broker that knows nothing of our ids and loses its answers: nothing is sent twice, and what is lost is found.

`python -m tests.bot.test_kis_outages --orders 1000` loses every second answer of so many placings, with lists that
show orders late and leave rows out.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Any

import pytest

from tests.bot.kis_rig import LIVELY, kis_desk, minutes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.bot.demo_rig import Desk

_ORDERS_PER_BAR = 4
_EVERY = 5
"""Minutes of a bar: so long that a few sessions hold a thousand orders, and a day's list stays readable."""

LATE = {"visible_after_s": "15", "ccnl_missing": "0.15", "ccnl_seed": "7"}
"""Lists that lag by as long as was seen at the practice account, and leave out every seventh row."""


@dataclass(frozen=True)
class Loss:
    """What was placed and lost, and all that is wrong after it."""

    orders: int
    lost: int
    frozen: int
    faults: tuple[str, ...]


def lose_every_second(folder: Path, orders: int, mode: str, lists: dict[str, str]) -> Loss:
    """Place so many orders, take every second answer away, and judge the end."""
    bars = -(-orders // _ORDERS_PER_BAR)
    with kis_desk(folder, minutes(bars, every=_EVERY), *LIVELY, f"KIS_MODE={mode}") as run:
        run.customer.admin("settings", lists)
        for number in range(1, orders // 2 + 1):
            run.customer.admin("faults", {"route": "place", "kind": "lose_reply_after_accept", "after": number})
        assert run.play()
        lost = orders // 2 - len(run.customer.admin("faults", method="GET")["armed"])
        frozen = sum(note.why.code == "frozen_not_found" for note in run.told)
        books = run.books()
        return Loss(len(books["orders"]), lost, frozen, tuple(_wrong(run, books)))


def _wrong(run: Desk, books: dict[str, Any]) -> Iterator[str]:
    yield from run.demo.run.diary.differences or ()
    ours = Counter(order.venue_id for order in run.demo.run.ledger.reader.orders() if order.venue_id)
    yield from (f"{name} is owned {count} times" for name, count in ours.items() if count > 1)
    yield from (f"{row['order_id']} is nobody's" for row in books["orders"] if row["order_id"] not in ours)
    if not books["conserved"]:
        yield f"broken {books['broken']}"
    if (safe := run.demo.run.loop.state.safe) is not None:
        yield f"safe: {safe}"


@pytest.mark.parametrize("mode", ["paper", "live"])
def test_every_second_answer_is_lost_the_lists_lag_and_no_order_is_lost_or_doubled(tmp_path: Path, mode: str) -> None:
    loss = lose_every_second(tmp_path, 40, mode, LATE)

    assert loss.faults == ()
    assert loss.lost >= 10


def main() -> int:
    """Lose every second answer of many placings; returns 1 where anything went wrong."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--orders", type=int, default=1000)
    parser.add_argument("--mode", choices=["paper", "live"], default="paper")
    options = parser.parse_args()
    begun_s = monotonic()
    with tempfile.TemporaryDirectory() as folder:
        loss = lose_every_second(Path(folder), options.orders, options.mode, LATE)
    taken_s = monotonic() - begun_s
    print(*loss.faults or ["agree"], sep="\n")  # noqa: T201 - a command line answers on stdout
    print(f"{loss.orders} orders, {loss.lost} answers lost, {loss.frozen} frozen, {taken_s:.0f} s")  # noqa: T201 - as above
    return 1 if loss.faults else 0


if __name__ == "__main__":
    sys.exit(main())
