"""The demo as a process: one line that never changes, stopped and begun anew as its owner likes, and nobody else's."""

from __future__ import annotations

import json
import re
import shutil
from typing import TYPE_CHECKING

import pytest

from domain.errors import ExitCode
from tests.bot.demo_rig import ENGLISH, LIVELY, demo, judged, settings
from tests.simulator.customer import HttpCustomer

if TYPE_CHECKING:
    from pathlib import Path

    from tests.bot.demo_rig import Demo, Done

BARS = 16
LAST_PRINT_FILLS = 4
_PRINTS = 4 * BARS
FAST = ("--speed", "max", "--exit")
STOPPED = "The demo is stopped:"


def own_folder(tmp_path: Path, name: str) -> Path:
    folder = tmp_path / name
    folder.mkdir()
    return folder


def interrupted(run: Demo, at: int, *more: str) -> Done:
    """Start, and press Ctrl-C once so many prints were played."""
    start = run.start(*more)
    assert start.until(lambda: run.played() >= at), start.said()
    start.interrupt()
    return start.end()


# One line


def test_equal_prices_and_settings_give_the_same_line_in_any_folder_and_again_at_a_further_start(
    tmp_path: Path,
) -> None:
    with demo(own_folder(tmp_path, "one"), *FAST, *settings(*LIVELY), bars=BARS) as one:
        first, again = one.play(), one.play()
        verdict = judged(one, "--prices", str(one.folder / "prices.csv"))
    with demo(own_folder(tmp_path, "two"), *FAST, *settings(*LIVELY), bars=BARS) as two:
        elsewhere = two.play()

    assert (first.code, again.code, elsewhere.code) == (0, 0, 0)
    assert first.out == again.out == elsewhere.out
    assert first.out.count("\n") == 1
    assert first.line["ledger_agrees_with_exchange"] is True
    assert first.line["differences"] == []
    assert (first.line["mode"], first.line["state"], first.line["bars"]) == ("demo", "finished", BARS)
    assert (verdict.orders, verdict.fills) == (first.line["orders"], first.line["fills"])
    assert verdict.orders >= 100
    assert verdict.faults == ()


def test_what_is_sent_at_the_last_print_and_filled_at_once_is_booked_before_the_end(tmp_path: Path) -> None:
    # With so few orders at rest the last print makes room for buys above the price, which are filled when placed.
    with demo(tmp_path, *FAST, *settings(*LIVELY), bars=LAST_PRINT_FILLS) as run:
        done = run.play()

    assert done.code == 0, done.err
    assert done.line["differences"] == []


def test_ctrl_c_in_the_middle_is_no_fault_and_the_next_start_ends_with_books_that_agree(tmp_path: Path) -> None:
    with demo(tmp_path, *FAST, *settings(*LIVELY), bars=BARS, environ=ENGLISH) as run:
        stops = [interrupted(run, at) for at in (2, _PRINTS // 3, _PRINTS // 2)]
        done = run.play()
        verdict = judged(run, "--prices", str(tmp_path / "prices.csv"))

    assert [stop.code for stop in stops] == [0, 0, 0]
    assert all(STOPPED in stop.err and stop.out == "" for stop in stops)
    assert done.code == 0
    assert done.line["ledger_agrees_with_exchange"] is True
    assert (done.line["bars"], done.line["state"]) == (BARS, "finished")
    assert verdict.faults == ()


# Whose demo it is


def test_a_second_bot_is_refused_and_the_first_one_trades_on(tmp_path: Path) -> None:
    with demo(tmp_path, *FAST, *settings(*LIVELY), bars=BARS, environ=ENGLISH) as run:
        first = run.start("--speed", "60")
        assert first.until(lambda: run.played() >= 3)

        second = run.play()
        fresh = run.play("--fresh")

        assert (second.code, fresh.code) == (ExitCode.ALREADY_RUNS, ExitCode.ALREADY_RUNS)
        assert f"process {first.process.pid}" in second.err
        assert first.end().line["ledger_agrees_with_exchange"] is True


def test_a_fresh_start_begins_anew_and_keeps_the_former_run(tmp_path: Path) -> None:
    with demo(tmp_path, *FAST, *settings(*LIVELY), bars=6) as run:
        first = run.play()
        anew = run.play("--fresh")
        former = run.place.with_name(f"{run.place.name}.old")
        kept = sorted(path.name for path in former.rglob("*") if path.name in {"ledger.sqlite3", "books.jsonl"})

    assert (first.code, anew.code) == (0, 0)
    assert anew.out == first.out
    assert kept == ["books.jsonl", "ledger.sqlite3"]


@pytest.mark.parametrize("gone", ["venue/books.jsonl", "bithumb_bot"])
def test_a_ledger_and_a_market_of_two_demos_are_not_played_together(tmp_path: Path, gone: str) -> None:
    with demo(tmp_path, *FAST, *settings(*LIVELY), bars=4, environ=ENGLISH) as run:
        run.play()
        lost = run.place / gone
        shutil.rmtree(lost) if lost.is_dir() else lost.unlink()
        again = run.play()
        anew = run.play("--fresh")

    assert (again.code, anew.code) == (ExitCode.LEDGER, 0)
    assert "--fresh" in again.err


def test_no_market_is_left_behind_by_a_run_that_has_ended(tmp_path: Path) -> None:
    with demo(tmp_path, *FAST, *settings(*LIVELY), bars=3, environ=ENGLISH) as run:
        ended = run.play()
        after_the_end = run.ask("clock", method="GET")
        with_a_faulty_grid = run.play(*settings("ORDER_SIZE=10"))

        assert (ended.code, after_the_end) == (0, None)
        assert with_a_faulty_grid.code == ExitCode.GRID
        assert not any(_answers(path) for path in tmp_path.glob("data/demo/*/venue/address.json"))


def _answers(path: Path) -> bool:
    try:
        HttpCustomer(json.loads(path.read_bytes())).admin("clock", method="GET")
    except OSError:
        return False
    return True


# What is no demo


@pytest.mark.parametrize(
    ("environ", "said"),
    [
        ({"BITHUMB_ACCESS_KEY": "key-of-an-owner"}, "BITHUMB_ACCESS_KEY is set and BITHUMB_SECRET_KEY is not"),
        (
            {"BITHUMB_ACCESS_KEY": "key-of-an-owner", "BITHUMB_SECRET_KEY": "key-of-an-owner"},
            "Keys needed to trade on KIS are missing: KIS_APP_KEY",
        ),
        ({"BADUKPAN_IMAGE": "1"}, "Keys needed to trade on KIS are missing: KIS_APP_KEY"),
    ],
)
def test_whose_keys_are_set_or_who_starts_our_image_gets_no_demo(
    tmp_path: Path, environ: dict[str, str], said: str
) -> None:
    # A broker whose keys are missing: refused before any call is made.
    with demo(tmp_path, environ={**ENGLISH, "EXCHANGE": "KIS", **environ}) as run:
        done = run.play()

    assert (done.code, done.out) == (ExitCode.SETTINGS, "")
    assert said in done.err
    assert "key-of-an-owner" not in done.err
    assert not (tmp_path / "data" / "demo").exists()


@pytest.mark.parametrize("options", [("--no-such-option=secret-word",), ("--demo", "--days"), ("--demo", "surplus")])
def test_what_nobody_understands_is_refused_in_a_sentence_without_echo(
    tmp_path: Path, options: tuple[str, ...]
) -> None:
    with demo(tmp_path, *options) as run:
        done = run.play()

    assert (done.code, done.out) == (ExitCode.SETTINGS, "")
    assert re.search("[가-힣]", done.err)
    assert "secret-word" not in done.err
