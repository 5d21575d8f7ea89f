"""The command line: what is asked for, and a sentence of its own for all that does not go together."""

from __future__ import annotations

import re
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from bot.options import Options, Run, overrides_in, read_options
from domain.errors import ExitCode, SetupError
from domain.split import Split
from reports.wording import Wording


def refusal_of(*arguments: str) -> SetupError:
    with pytest.raises(SetupError) as caught:
        read_options(arguments)
    assert caught.value.exit_code is ExitCode.SETTINGS
    return caught.value


def test_without_options_nothing_is_said_about_the_run() -> None:
    assert read_options([]) == Options(run=None)


@pytest.mark.parametrize(
    ("arguments", "run"),
    [
        ("--paper --prices a.csv", Run.PAPER),
        ("--prices a.csv", Run.DEMO),
        ("--prices a.csv --demo", Run.DEMO),
        ("--days 3", Run.DEMO),
        ("--days 3 --from 2026-02-28", Run.DEMO),
        ("--demo --resume", Run.DEMO),
        ("--demo --fresh --speed max", Run.DEMO),
        ("--resume", None),
        ("--import-orders", None),
        ("--confirm-split 10:1", None),
        ("--demo --confirm-split 1:10", Run.DEMO),
        ("--exit --set GRID_STEPS=3", None),
        ("--fresh", None),
    ],
)
def test_what_is_given_says_which_run_it_is(arguments: str, run: Run | None) -> None:
    assert read_options(arguments.split()).run is run


def test_every_value_arrives_exactly() -> None:
    recorded = read_options("--prices a.csv --scale 0.1 --bars 7 --speed 0.5 --exit --set A=1 --set B=2".split())
    drawn = read_options("--days 3650 --from 2024-02-29 --speed max --fresh".split())

    assert recorded == Options(
        run=Run.DEMO,
        prices=Path("a.csv"),
        scale=Decimal("0.1"),
        bars=7,
        speed=Decimal("0.5"),
        exit_at_end=True,
        overrides=("A=1", "B=2"),
        for_demo=("--speed",),
    )
    assert drawn == Options(
        run=Run.DEMO, days=3650, begins=date(2024, 2, 29), speed=None, fresh=True, for_demo=("--speed", "--fresh")
    )


@pytest.mark.parametrize(("text", "split"), [("10:1", Split(10, 1)), ("1:10", Split(1, 10)), ("6:4", Split(3, 2))])
def test_a_split_is_typed_as_a_broker_announces_it(text: str, split: Split) -> None:
    assert read_options(["--confirm-split", text]).split == split


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        ("--paper", "paper_needs_prices"),
        ("--paper --prices a.csv --demo", "paper_excludes_demo option=--demo"),
        ("--paper --prices a.csv --days 3", "paper_excludes_demo option=--days"),
        ("--paper --prices a.csv --from 2026-01-01", "paper_excludes_demo option=--from"),
        ("--paper --prices a.csv --speed 8", "paper_excludes_demo option=--speed"),
        ("--paper --prices a.csv --fresh", "paper_excludes_demo option=--fresh"),
        ("--paper --prices a.csv --resume", "paper_begins_anew option=--resume"),
        ("--paper --prices a.csv --import-orders", "paper_begins_anew option=--import-orders"),
        ("--paper --prices a.csv --confirm-split 2:1", "paper_begins_anew option=--confirm-split"),
        *(
            (f"--confirm-split {text}", f"split_form value={text}")
            for text in ("10", "1:0", "0:1", "2:2", "a:1", "1:2:3")
        ),
        ("--prices a.csv --days 3", "prices_or_days"),
        ("--from 2026-01-01", "from_needs_days"),
        ("--prices a.csv --from 2026-01-01", "from_needs_days"),
        ("--scale 2", "option_needs_prices option=--scale"),
        ("--days 3 --bars 2", "option_needs_prices option=--bars"),
        ("--demo --import-orders", "demo_has_no_orders_to_import"),
        ("--prices a.csv --scale 0", "scale_not_positive value=0"),
        ("--prices a.csv --bars 1.5", "bars_not_positive value=1.5"),
        ("--days 0", "days_out_of_range highest=3650"),
        ("--days 3651", "days_out_of_range highest=3650"),
        ("--days -1", "days_out_of_range highest=3650"),
        ("--days \N{FULLWIDTH DIGIT THREE}", "days_out_of_range highest=3650"),
        (f"--days {'9' * 5000}", "days_out_of_range highest=3650"),
        ("--days 3 --from 2026-02-30", "from_not_a_day first=2000 last=2099"),
        ("--days 3 --from 20260101", "from_not_a_day first=2000 last=2099"),
        ("--days 3 --from 9999-12-31", "from_not_a_day first=2000 last=2099"),
        ("--speed 0", "speed_not_positive"),
        ("--speed -1", "speed_not_positive"),
        ("--speed NaN", "speed_not_positive"),
        ("--speed fast", "speed_not_positive"),
        ("--nonsense", "command_line problem=--nonsense program=./run.sh"),
        ("--pric a.csv", "command_line problem=--pric program=./run.sh"),
        ("--days", "command_line problem=--days program=./run.sh"),
    ],
)
def test_what_does_not_go_together_is_refused_with_the_way_out(arguments: str, code: str) -> None:
    refused = refusal_of(*arguments.split())

    assert [str(fault) for fault in refused.faults] == [code]
    assert re.search("[가-힣]", Wording("ko").sentence(refused.faults[0]))
    assert "--" in Wording("en").sentence(refused.faults[0])


def test_every_fault_is_named_at_once() -> None:
    refused = refusal_of("--days", "x", "--speed", "0", "--scale", "2")

    assert {fault.code for fault in refused.faults} == {
        "days_out_of_range",
        "speed_not_positive",
        "option_needs_prices",
    }


@pytest.mark.parametrize("arguments", [("--days",), ("--days", "3", "--from"), ("--speed",)])
def test_a_value_that_may_be_a_key_is_not_repeated(arguments: tuple[str, ...]) -> None:
    assert "s3cr3t" not in str(refusal_of(*arguments, "s3cr3t"))
    assert "s3cr3t" not in str(refusal_of("s3cr3t"))


@pytest.mark.parametrize("option", ["--fresh", "--speed=3"])
def test_what_only_a_demo_understands_is_refused_where_no_demo_comes_of_it(option: str) -> None:
    with pytest.raises(SetupError) as caught:
        read_options([option]).check_outside_demo()

    assert str(caught.value) == f"option_needs_demo option={option.partition('=')[0]}"
    read_options(["--resume"]).check_outside_demo()


def test_the_language_is_found_in_a_command_line_that_is_wrong() -> None:
    assert overrides_in(["--nonsense", "--set", "LANGUAGE=en", "--set"]) == ("LANGUAGE=en",)
