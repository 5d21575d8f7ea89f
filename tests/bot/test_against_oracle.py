"""The engine against the oracle: a thousand random markets and settings, equal in every figure."""

import os
from collections.abc import Sequence
from pathlib import Path

import pytest

from bot.pricefile import read_prices
from bot.sources import load_settings
from bot.wiring.paper import paper_run
from domain.errors import GridRefused
from domain.market import Candle
from ledger.audit import audit
from reports.figures import snapshot
from tests.bot.rehearsal import Rehearsal, candles_of, exact, unheard
from tests.oracle.grid import Bar, play
from tests.oracle.market import random_case

CHUNK = 50
PRICES = "BADUKPAN_PRICES"
"""Names a file of recorded candles; it is large and no part of the project."""


def with_ledger(candles: Sequence[Candle], settings: dict[str, str], folder: Path) -> dict[str, object]:
    """Play a complete run: its summary, once its ledger agrees with itself and with the venue."""
    read = load_settings(environ=settings | {"DATA_DIR": str(folder)})
    try:
        with paper_run(read, candles, unheard, lambda: False) as run:
            assert run.play(candles)
            assert audit(run.ledger.reader) == []
            shown = snapshot(run.ledger.reader)
    except GridRefused as refusal:
        return {"refused": str(refusal)}
    assert shown is not None
    summary = shown.summary()
    assert (summary["ledger_agrees_with_exchange"], summary["differences"]) == (True, [])
    assert summary["state"] == "finished"
    return summary


def _differ(seed: int) -> list[str]:
    bars, settings = random_case(seed)
    wanted = exact(play(bars, settings))
    found = exact(Rehearsal(settings).run(candles_of(bars)))
    return [
        f"{seed} {name}: {found.get(name)} not {wanted.get(name)}"
        for name in {*wanted, *found}
        if wanted.get(name) != found.get(name)
    ]


@pytest.mark.parametrize("first", range(0, 1000, CHUNK))
def test_random_runs_equal_the_oracle_in_every_figure(first: int) -> None:
    assert [difference for seed in range(first, first + CHUNK) for difference in _differ(seed)] == []


def _told_to_the_oracle(settings: dict[str, str]) -> dict[str, str]:
    """A complete run always keeps our own orders from meeting: so does the oracle then."""
    return {name: value for name, value in settings.items() if name != "SELF_CROSS"}


@pytest.mark.parametrize("seed", [1, 2, 3, 5, 8, 13, 21, 34, 55, 89, 144, 233])
def test_a_complete_run_with_its_ledger_equals_the_oracle_too(seed: int, tmp_path: Path) -> None:
    bars, case = random_case(seed)
    settings = _told_to_the_oracle(case)

    summary = with_ledger(candles_of(bars), settings, tmp_path)

    assert exact(summary) == exact(play(bars, settings))


@pytest.mark.slow
@pytest.mark.parametrize("gap_pct", ["0.6", "1.0"])
def test_a_whole_file_of_recorded_candles_equals_the_oracle(gap_pct: str, tmp_path: Path) -> None:
    named = os.environ.get(PRICES)
    if not named:
        pytest.skip(f"{PRICES} names no file")
    candles = read_prices(Path(named)).candles
    bars = [Bar(candle.at, candle.open, candle.high, candle.low, candle.close) for candle in candles]
    settings = {"GRID_GAP_PCT": gap_pct}

    summary = with_ledger(candles, settings, tmp_path)

    assert exact(summary) == exact(play(bars, settings))
