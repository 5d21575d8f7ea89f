"""The real process, from the outside: one line on stdout, sentences on stderr, and the table of exit codes."""

import json
import os
import re
import resource
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from random import Random

import pytest

from bot.lock import instance_lock
from domain.errors import ExitCode
from tests.house.tree import ROOT

HANGUL = re.compile("[가-힣]")
HEADER = "time_utc,open,high,low,close,volume"
BEGIN = datetime(2025, 1, 1, tzinfo=UTC)
LEDGER = Path("paper/bithumb_bot/dry_run/ledger.sqlite3")
Done = subprocess.CompletedProcess[str]


def row(number: int, *prices: int) -> str:
    at = (BEGIN + timedelta(minutes=number)).isoformat().replace("+00:00", "Z")
    return f"{at},{','.join(map(str, prices))},1"


def market(bars: int = 200, price: int = 100_000_000) -> str:
    """A market that goes up and down by a few tenths of a percent, the same every time."""
    rng, rows = Random(7), [HEADER]  # noqa: S311 - a test wants chance that can be repeated, not secrecy
    for number in range(bars):
        close = price + rng.randint(-8, 8) * price // 1000
        rows.append(row(number, price, max(price, close), min(price, close), close))
        price = close
    return "\n".join(rows) + "\n"


def environment(folder: Path, settings: Mapping[str, str]) -> dict[str, str]:
    """Nothing of the caller's environment, so that no setting of the machine counts."""
    kept = {name: os.environ[name] for name in ("PATH", "TZ", "SYSTEMROOT") if name in os.environ}
    return {**kept, "PYTHONPATH": str(ROOT), "DATA_DIR": str(folder / "data"), **settings}


def start(
    module: str,
    folder: Path,
    *arguments: str,
    settings: Mapping[str, str] | None = None,
    file_bytes_max: int | None = None,
) -> subprocess.Popen[str]:
    def limit() -> None:
        if file_bytes_max is not None:
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
            resource.setrlimit(resource.RLIMIT_FSIZE, (file_bytes_max, file_bytes_max))

    return subprocess.Popen(
        [sys.executable, "-P", "-m", module, *arguments],
        cwd=folder,
        env=environment(folder, settings or {}),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        encoding="utf-8",
        preexec_fn=limit if file_bytes_max is not None else None,  # noqa: PLW1509 - no thread runs beside the start
    )


def finish(process: subprocess.Popen[str]) -> Done:
    out, err = process.communicate(timeout=120)
    assert "Traceback" not in err
    return subprocess.CompletedProcess(process.args, process.returncode, out, err)


def bot(folder: Path, *arguments: str, prices: str | None = None, **settings: str) -> Done:
    """Play a market to its end, or try to."""
    (folder / "prices.csv").write_text(prices or market(), encoding="utf-8")
    return finish(start("bot", folder, "--prices", "prices.csv", "--paper", *arguments, settings=settings))


def report(folder: Path) -> Done:
    return finish(start("tools.report", folder))


def assert_refused(done: Done, code: ExitCode, *words: str) -> None:
    """Nothing on stdout; on stderr a Korean sentence with these words."""
    assert (done.returncode, done.stdout) == (code, "")
    assert HANGUL.search(done.stderr)
    assert all(word in done.stderr for word in words), done.stderr


def test_a_run_ends_with_one_line_of_figures_and_the_report_repeats_it(tmp_path: Path) -> None:
    done = bot(tmp_path)
    line = json.loads(done.stdout)
    told = report(tmp_path)

    assert (done.returncode, done.stdout.count("\n")) == (0, 1)
    assert (line["schema"], line["exchange"], line["mode"], line["bars"]) == (1, "BITHUMB", "dry_run", 200)
    assert (line["state"], line["ledger_agrees_with_exchange"]) == ("finished", True)
    assert line["fills"] == line["buys"] + line["sells"] > 0
    assert HANGUL.search(done.stderr)
    assert (told.returncode, told.stdout) == (0, done.stdout)


def test_the_same_file_gives_the_same_line_again_and_in_another_folder(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()

    first, second, elsewhere = bot(tmp_path), bot(tmp_path), bot(tmp_path / "elsewhere")

    assert first.stdout == second.stdout == elsewhere.stdout != ""
    assert (tmp_path / "data" / "paper.old").is_dir()


@pytest.mark.parametrize(
    ("language", "is_korean"), [({}, True), ({"LANGUAGE": "ko"}, True), ({"LANGUAGE": "en"}, False)]
)
def test_a_wrong_command_line_is_refused_in_the_owners_language(
    tmp_path: Path,
    language: dict[str, str],
    is_korean: bool,  # noqa: FBT001  # pytest hands it in by name
) -> None:
    done = finish(start("bot", tmp_path, "--paper", settings=language))

    assert (done.returncode, done.stdout) == (2, "")
    assert bool(HANGUL.search(done.stderr)) is is_korean
    assert "--prices" in done.stderr


@pytest.mark.parametrize(
    ("settings", "word"),
    [
        ({"EXCHANGE": "MTGOX"}, "MTGOX"),
        ({"EXCHANGE": "COINONE"}, "COINONE"),
        ({"GRID_GAP_PCT": "much"}, "GRID_GAP_PCT"),
        ({"EXCHANGE": "KIS", "ORDER_SIZE": "1.5"}, "ORDER_SIZE"),
        ({"GRID_LOWER": "90000000", "GRID_UPPER": "110000000", "GRID_GAP_PCT": "1"}, "GRID_GAP_PCT"),
    ],
)
def test_faulty_settings_are_refused_by_name(tmp_path: Path, settings: dict[str, str], word: str) -> None:
    assert_refused(bot(tmp_path, **settings), ExitCode.SETTINGS, word)
    assert not (tmp_path / "data" / "paper").exists()


def test_a_cell_under_the_venues_minimum_is_refused_with_the_size_that_works(tmp_path: Path) -> None:
    assert_refused(bot(tmp_path, ORDER_SIZE="4999"), ExitCode.GRID, "5,000 KRW", "ORDER_SIZE", "5001KRW")


def test_a_gap_below_the_fees_is_a_warning_with_the_smallest_that_pays(tmp_path: Path) -> None:
    done = bot(tmp_path, GRID_GAP_PCT="0.15")
    smallest = re.search(r"GRID_GAP_PCT=([0-9.]+)", done.stderr)

    assert done.returncode == 0
    assert smallest is not None
    again = bot(tmp_path, GRID_GAP_PCT=smallest[1])
    assert (again.returncode, "GRID_GAP_PCT=" in again.stderr) == (0, False)


@pytest.mark.parametrize(
    "prices",
    [
        "",
        "time_utc,open\n",
        f"{HEADER}\n",
        f"{HEADER}\n{row(0, 1, 1, 1, 1)}\n{row(0, 1, 1, 1, 1)}\n",
        f"{HEADER}\n{row(1, 1, 1, 1, 1)}\n{row(0, 1, 1, 1, 1)}\n",
        f"{HEADER}\n{row(0, 5, 4, 3, 3)}\n",
        f"{HEADER}\n{row(0, 1, 1, 1, 1)},7\n",
        f"{HEADER}\n{row(0, 1, 1, 1, 1).replace(',1,', ',x,')}\n",
    ],
)
def test_a_faulty_price_file_is_refused_with_its_name(tmp_path: Path, prices: str) -> None:
    (tmp_path / "bad.csv").write_text(prices, encoding="utf-8")

    done = finish(start("bot", tmp_path, "--prices", "bad.csv", "--paper"))

    assert_refused(done, ExitCode.PRICE_FILE, "bad.csv")


def test_a_price_file_that_is_not_there_is_refused_with_its_name(tmp_path: Path) -> None:
    assert_refused(finish(start("bot", tmp_path, "--prices", "none.csv", "--paper")), ExitCode.PRICE_FILE, "none.csv")


def test_a_second_start_while_one_runs_is_refused_and_harms_nothing(tmp_path: Path) -> None:
    first = bot(tmp_path)

    with instance_lock(tmp_path / "data" / "paper.lock"):
        second = bot(tmp_path)

    assert_refused(second, ExitCode.ALREADY_RUNS, "DATA_DIR")
    assert report(tmp_path).stdout == first.stdout


def test_a_ledger_cut_in_half_is_refused_and_left_as_it_is(tmp_path: Path) -> None:
    bot(tmp_path)
    ledger = tmp_path / "data" / LEDGER
    half = ledger.read_bytes()[: ledger.stat().st_size // 2]
    ledger.write_bytes(half)

    assert_refused(report(tmp_path), ExitCode.LEDGER, "ledger.sqlite3")
    assert ledger.read_bytes() == half


def test_a_report_before_the_first_run_says_where_it_looked(tmp_path: Path) -> None:
    assert_refused(report(tmp_path), ExitCode.LEDGER, str(LEDGER))


@pytest.mark.parametrize("file_bytes_max", [4096, 250_000])
def test_a_full_disk_ends_with_its_own_code(tmp_path: Path, file_bytes_max: int) -> None:
    (tmp_path / "prices.csv").write_text(market(400), encoding="utf-8")
    options = ("--prices", "prices.csv", "--paper")

    done = finish(start("bot", tmp_path, *options, file_bytes_max=file_bytes_max))

    assert_refused(done, ExitCode.DISK)


def told(process: subprocess.Popen[str], word: str) -> str:
    """Read what the process says until a word of it."""
    said = ""
    assert process.stderr is not None
    while word not in said:
        line = process.stderr.readline()
        assert line, said
        said += line
    return said


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_in_the_middle_ends_in_peace_and_leaves_a_sound_ledger(tmp_path: Path, number: int) -> None:
    (tmp_path / "prices.csv").write_text(market(20_000), encoding="utf-8")
    process = start("bot", tmp_path, "--prices", "prices.csv", "--paper", settings={"GRID_GAP_PCT": "0.6"})
    begun = told(process, str(tmp_path / "data" / "paper"))

    process.send_signal(number)
    done = finish(process)

    assert (done.returncode, done.stdout) == (0, "")
    assert HANGUL.search(begun)
    assert "20000" in done.stderr
    line = json.loads(report(tmp_path).stdout)
    assert line["bars"] < 20_000
    assert line["state"] != "finished"


def _arguments_that_are_wrong() -> Sequence[tuple[str, ...]]:
    return (
        ("--prices",),
        ("--paper",),
        ("--nonsense",),
        ("--paper", "--prices", "prices.csv", "--bars", "0"),
        ("--paper", "--prices", "prices.csv", "--scale", "-1"),
        ("--paper", "--prices", "prices.csv", "--set", "GRID_STEPZ=3"),
    )


@pytest.mark.parametrize("arguments", _arguments_that_are_wrong(), ids=" ".join)
def test_a_command_line_that_is_wrong_is_a_fault_of_settings(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    assert_refused(finish(start("bot", tmp_path, *arguments)), ExitCode.SETTINGS)


def test_options_scale_the_prices_limit_the_bars_and_go_before_the_environment(tmp_path: Path) -> None:
    done = bot(tmp_path, "--bars", "50", "--scale", "0.001", "--set", "GRID_STEPS=3", GRID_STEPS="7")
    line = json.loads(done.stdout)

    assert (done.returncode, line["bars"], len(line["lines"])) == (0, 50, 4)
    assert max(map(Decimal, line["lines"])) < 200_000
