"""Killed at any moment, hindered by any answer, started again: nothing is sent twice, nothing is lost.

`python -m tests.bot.test_kill --seeds 20` plays longer campaigns, one line for each seed.
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

from domain.errors import ExitCode
from tests.bot.demo_rig import LIVELY, Demo, Start, Verdict, chance, demo, judged, settings

if TYPE_CHECKING:
    from collections.abc import Iterator
    from random import Random

KILLS = 32
BARS = 60
_LAST = 0.8
_OVERDUE = 4
_AFTER_THE_END = "after the end"
_MARK = "hold"
_MARKET = "market"
_MOMENTS_MORE = 8  # some moments take the market, or are missed
_GONE = int(ExitCode.OUR_FAULT)

Fault = dict[str, Any]

# Where the bot is held by an answer that does not come, and killed.
TRADING = ("place", "place", "place", "cancel", "cancel", "order", "pending", "ticker", "history")
RECOVERING = ("chance", "pending", "history", "order", "accounts", "markets", "warnings", "api_keys")

ASKING = ("pending", "order", "history", "ticker", "orderbook", "accounts", "chance")
SPOILT: tuple[Fault, ...] = (
    {"kind": "lose_reply_after_accept"},
    {"kind": "drop_connection"},
    {"kind": "half_body"},
    {"kind": "status", "status": 500, "processed": True},
    {"kind": "status", "status": 502},
    {"kind": "html", "processed": True},
    {"kind": "html", "status": 200},
    {"kind": "delay", "delay_s": "0.2", "processed": True},
)
ORDERLY: tuple[Fault, ...] = (
    {"route": "place", "kind": "stp"},
    {"route": "place", "kind": "status", "status": 429, "retry_after_s": 3},
    {"route": "cancel", "kind": "status", "status": 429},
    {"route": "order", "kind": "duplicate_fill_report", "count": 5},
    {"route": "order", "kind": "not_ready", "count": 2},
    {"route": "place", "kind": "reject", "name": "insufficient_funds_bid"},
)
LATE: Fault = {"route": "place", "kind": "delay", "delay_s": "3.5", "processed": True}
DELAYS = ("0", "0", "1", "4", "15")


@dataclass(frozen=True)
class Campaign:
    """What a run went through, and how it ended."""

    killed: Counter[str]
    starts: int
    line: dict[str, Any]
    verdict: Verdict
    took_s: float

    @property
    def kills(self) -> int:
        """Return how often the bot was killed while there was something left to play."""
        return _bots(self.killed)

    @property
    def faults(self) -> list[str]:
        """Return everything that is wrong with the end."""
        agrees = self.line["ledger_agrees_with_exchange"] is True and self.line["differences"] == []
        return [*self.verdict.faults, *(() if agrees else (f"differences {self.line['differences']}",))]

    def __str__(self) -> str:
        where = " ".join(f"{name}:{count}" for name, count in sorted(self.killed.items()))
        figures = f"{self.kills} kills, {self.verdict.orders} orders, {self.verdict.fills} fills"
        state = self.line["state"]
        return f"{figures}, {self.verdict.voids} void, {state}, {self.took_s:.0f} s ({where}) {self.faults or 'agree'}"


def _bots(killed: Counter[str]) -> int:
    return killed.total() - killed[_AFTER_THE_END] - killed[_MARKET]


def hindrances(rng: Random) -> Iterator[Fault]:
    """Choose what goes wrong while one start lasts."""
    yield {"route": "place", **rng.choice(SPOILT), "after": rng.randrange(6)}
    yield {"route": "cancel", **rng.choice(SPOILT), "after": rng.randrange(4)}
    yield {"route": rng.choice(ASKING), **rng.choice(SPOILT), "after": rng.randrange(9), "count": rng.choice((1, 3, 7))}
    yield {**rng.choice(ORDERLY), "after": rng.randrange(4)}


def held(route: str, rng: Random, after_max: int) -> Fault:
    """Return an answer that is held back: the request has been carried out, or will be soon."""
    processed, after = rng.random() < 0.5, rng.randrange(after_max)
    return {"route": route, "kind": "delay", "delay_s": "0.3", "processed": processed, "after": after, "seed": _MARK}


def hinder(demo: Demo, rng: Random) -> None:
    demo.hinder(*hindrances(rng))
    accept_s, cancel_s = rng.choice(DELAYS), rng.choice(DELAYS)
    demo.ask("settings", {"accept_delay_s": accept_s, "cancel_delay_s": cancel_s})


def fall(demo: Demo, start: Start, rng: Random, target: int) -> str | None:
    """Let a start run to its moment, then kill the bot or the market under it; returns what was killed, and where."""
    if not start.until(lambda: demo.played() >= target):
        return None
    hinder(demo, rng)
    if rng.random() < 0.2:
        demo.kill_market()
        done = start.end()
        assert done.code in {_GONE, 0}, done.err
        return _MARKET if done.code == _GONE else None
    if rng.random() < 0.2:
        return _killed(demo, start, "at a print")
    route = rng.choice(TRADING)
    demo.hinder(held(route, rng, 2))
    return _killed_while_held(demo, start, route)


def fall_early(demo: Demo, rng: Random) -> str | None:
    """Kill a start while it recovers."""
    route = rng.choice(RECOVERING)
    demo.hinder(held(route, rng, 2))
    return _killed_while_held(demo, demo.start(), f"recovering at {route}")


def _killed_while_held(demo: Demo, start: Start, where: str) -> str | None:
    overdue = demo.played() + _OVERDUE

    def is_held() -> bool:
        return not any(fault["seed"] == _MARK for fault in demo.armed())

    if not start.until(lambda: is_held() or demo.played() >= overdue):
        return None
    return _killed(demo, start, where if is_held() else "at a print")


def _killed(demo: Demo, start: Start, where: str) -> str:
    told = demo.ask("clock", method="GET")
    start.kill()
    return _AFTER_THE_END if told is not None and told["ended"] else where


def campaign(folder: Path, seed: str, kills: int = KILLS, *, bars: int = BARS, cash: str = "10000000") -> Campaign:
    """Kill a run so many times, let it go on each time, and judge what came of it."""
    rng, killed, begun_s = chance(f"kills {seed}"), Counter[str](), monotonic()
    options = ("--speed", "max", "--exit", *settings(*LIVELY, f"PAPER_CASH={cash}"))
    late = rng.randrange(kills)
    with demo(folder, *options, bars=bars, seed=seed) as run:
        targets = sorted(rng.randrange(1, int(4 * bars * _LAST)) for _ in range(kills + _MOMENTS_MORE))
        for number, target in enumerate(targets):
            if _bots(killed) == kills:
                break
            early = number > 0 and run.played() > 0 and rng.random() < 0.2
            if number == late:
                run.hinder(LATE)
            where = fall_early(run, rng) if early else fall(run, run.start(), rng, target)
            if where is None:
                # It ended before its moment came: at the market's end, and by nothing else.
                assert (done := run.starts[-1].end()).code == 0, (target, run.starts[-1].log, done.err)
            else:
                killed[where] += 1
        done = run.play()
        assert done.code == 0, done.err
        verdict = judged(run, "--prices", str(folder / "prices.csv"), "--cash", cash)
        return Campaign(killed, len(run.starts), done.line, verdict, monotonic() - begun_s)


@pytest.mark.slow
@pytest.mark.parametrize("seed", ["1"])
def test_a_run_that_is_killed_again_and_again_ends_with_books_that_agree(tmp_path: Path, seed: str) -> None:
    ended = campaign(tmp_path, seed)

    assert ended.faults == [], ended
    assert ended.kills >= 25, ended
    assert ended.verdict.orders >= 100
    assert len(ended.killed) >= 5, "the moments are spread over placing, canceling, polling and recovery"


def main() -> int:
    """Play campaigns; returns 1 where books differ or orders stand twice."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--first", type=int, default=1)
    parser.add_argument("--kills", type=int, default=KILLS)
    parser.add_argument("--bars", type=int, default=BARS)
    parser.add_argument("--cash", default="10000000")
    parser.add_argument("--keep", type=Path, help="where all that was written is kept")
    asked = parser.parse_args()
    failed = 0
    for seed in range(asked.first, asked.first + asked.seeds):
        with tempfile.TemporaryDirectory() as passing:
            folder = Path(passing) if asked.keep is None else asked.keep / str(seed)
            folder.mkdir(parents=True, exist_ok=True)
            try:
                ended = campaign(folder, str(seed), asked.kills, bars=asked.bars, cash=asked.cash)
                said, failed = str(ended), failed + bool(ended.faults)
            except AssertionError as fault:
                said, failed = f"failed: {fault}", failed + 1
        sys.stdout.write(f"seed {seed}: {said}\n")
        sys.stdout.flush()
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
