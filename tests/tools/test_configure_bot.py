"""The owner prepares a bot in a terminal: asked, refused, interrupted, and nothing is ever shown or lost."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING, Any

import pytest

from domain.exact import plain
from domain.snapshot import Mode
from tests.tools.setup_rig import (
    CTRL_C,
    CTRL_D,
    DOWN,
    talk,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tests.tools.setup_rig import Desk, Talk

INTERRUPTED = 130
OLD = "# mine\nGRID_STEPS=9 # kept\n"


def without_keys(talked: Talk) -> None:
    """Answer up to the market."""
    talked.sees("Where do you want to trade?")
    talked.chooses()
    talked.sees("Enter API keys of Bithumb?")
    talked.chooses(1)


def with_keys(talked: Talk, access: str, secret: str) -> None:
    """Type both keys, after the question whether there are any."""
    talked.sees("Access key:")
    talked.types(access)
    talked.sees("Secret key:")
    talked.types(secret)
    talked.sees("Asking Bithumb")


def to_the_grid(talked: Talk, words: str = "", money: str = "1,000,000") -> None:
    """Answer from the market to the first proposal."""
    talked.sees("Which coin?")
    talked.types("\x15" + words if words else "")
    talked.sees("How much money?")
    talked.types(money)
    talked.sees("Take this grid?")


def test_a_newcomer_comes_to_a_dry_run_without_keys(desk: Desk) -> None:
    with talk(desk.file, desk.environ) as talked:
        without_keys(talked)
        to_the_grid(talked, "비트")
        talked.chooses()
        talked.sees("A dry run, or real money?")
        talked.chooses()
        talked.sees("Save?")
        talked.chooses()
        talked.sees("Saved")
        assert talked.ends() == 0

    settings = desk.settings()
    assert settings.mode is Mode.DRY_RUN
    assert settings.missing_keys() != ()
    assert desk.file.stat().st_mode & 0o777 == 0o600
    # The hours of this market move by 2.1 %: that is the gap, and it was crossed every other hour.
    assert plain(settings.grid_gap_pct) == "2.1"
    assert "14 times" in talked.text
    assert desk.runs("--check").returncode == 0
    assert desk.is_clean()


def test_keys_are_asked_about_and_never_shown(desk: Desk) -> None:
    access, secret = desk.keys
    with talk(desk.file, desk.environ) as talked:
        talked.sees("Where do you want to trade?")
        talked.chooses()
        talked.sees("Enter API keys of Bithumb?")
        talked.chooses()
        with_keys(talked, access, "wrongcanary" * 4)
        talked.sees("Bithumb does not accept the signature of the API key")
        talked.sees("What now?")
        talked.chooses()
        with_keys(talked, access, secret)
        talked.sees("Money free: 5,000,000 won")
        to_the_grid(talked, "bitcoin")
        talked.chooses()
        talked.sees("A dry run, or real money?")
        talked.chooses(1)
        talked.sees("Cap MAX_POSITION_NOTIONAL")
        talked.types("")
        talked.sees("Name of the bot:")
        talked.types("yes")
        talked.sees("That is another name")
        talked.types("bithumb_bot")
        talked.sees("Save?")
        talked.chooses()
        talked.sees("Saved")
        assert talked.ends() == 0

    shown = desk.runs("--check")
    settings = desk.settings()
    assert settings.mode is Mode.LIVE
    assert {access, secret} <= set(settings.secrets())
    assert settings.max_position_notional is not None
    assert shown.returncode == 0, shown
    assert "The keys are good" in shown.stdout
    told = talked.text + shown.stdout + shown.stderr
    assert not any(key in told for key in (access, secret, "wrongcanary"))


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"key_ips": ["10.1.2.3"]}, "is not registered for the Bithumb API key"),
        ({"key_scopes": ["order"]}, "The Bithumb API key lacks a right"),
    ],
)
def test_a_refusal_says_what_is_wrong_and_one_may_go_on_without(
    desk: Desk, changes: Mapping[str, Any], sentence: str
) -> None:
    desk.market.admin("settings", dict(changes))
    with talk(desk.file, desk.environ) as talked:
        talked.sees("Where do you want to trade?")
        talked.chooses()
        talked.sees("Enter API keys of Bithumb?")
        talked.chooses()
        with_keys(talked, *desk.keys)
        talked.sees(sentence.rpartition(" ")[2])
        talked.sees("What now?")
        talked.chooses(2)
        to_the_grid(talked)
        talked.chooses(6)
        talked.sees("Nothing has changed")
        assert talked.ends() == 0

    assert sentence.split(" ", maxsplit=1)[0] in talked.text
    assert not desk.file.exists()


def test_keys_that_are_good_at_the_second_look_are_kept(desk: Desk) -> None:
    desk.market.admin("settings", {"key_ips": ["10.1.2.3"]})
    desk.file.write_text("EXCHANGE=KIS\nORDER_SIZE=5shares\n")
    with talk(desk.file, desk.environ) as talked:
        # The menu begins with what is set, and goes round.
        talked.sees("Where do you want to trade?")
        talked.chooses(1)
        # Shares are no size at Bithumb.
        talked.sees("How to mend the first?")
        talked.chooses(1)
        talked.sees("Enter API keys of Bithumb?")
        talked.chooses()
        with_keys(talked, *desk.keys)
        talked.sees("What now?")
        desk.market.admin("settings", {"key_ips": []})
        talked.chooses(1)
        talked.sees("The keys are good")
        to_the_grid(talked)
        talked.chooses()
        talked.sees("A dry run")
        talked.chooses()
        talked.sees("Save?")
        talked.chooses()
        talked.sees("Saved")
        assert talked.ends() == 0

    assert set(desk.keys) <= set(desk.settings().secrets())
    assert desk.settings().exchange == "BITHUMB"


def test_bad_answers_are_told_and_asked_again(desk: Desk) -> None:
    with talk(desk.file, desk.environ, columns=60) as talked:
        without_keys(talked)
        talked.sees("Which coin?")
        talked.types("\x15없는코인")
        talked.sees("no won market like")
        talked.types("\x15btc")
        for text, answer in (
            ("abc", "is no amount of money"),
            ("1.5", "is no amount"),
            ("3000", "5,0"),
            ("60000", "?"),
        ):
            talked.sees("How much money?")
            talked.types(text)
            talked.sees(answer)
        # A gap that the fees eat cannot be taken; neither can more cells than the money is enough for.
        talked.child.send(DOWN)
        talked.chooses()
        talked.sees("Gap (%):")
        talked.types("0.15")
        talked.sees("GRID_GAP_PCT=0.51")
        talked.sees("Take this grid?")
        talked.chooses()
        talked.sees("Gap (%):")
        talked.types("2%")
        talked.sees("Take this grid?")
        talked.chooses(2)
        talked.sees("Cells:")
        talked.types("40")
        talked.sees("more than the 60,000")
        talked.sees("Take this grid?")
        talked.child.send(CTRL_C)
        assert talked.ends() == INTERRUPTED
    assert not desk.file.exists()


def test_a_warned_market_is_marked_and_needs_a_yes(desk: Desk) -> None:
    desk.market.admin("settings", {"market_warning": "CAUTION"})
    with talk(desk.file, desk.environ) as talked:
        without_keys(talked)
        talked.sees("Which coin?")
        talked.types("")
        talked.sees("be careful with")
        talked.sees("Take this coin all the same?")
        talked.chooses()
        talked.sees("Which coin?")
        talked.child.send(CTRL_D)
        assert desk.is_clean()


def stop_by_key(talked: Talk) -> None:
    talked.child.send(CTRL_C)


def stop_by_end(talked: Talk) -> None:
    talked.child.send(CTRL_D)


def stop_by_signal(talked: Talk) -> None:
    talked.child.kill(signal.SIGTERM)


def hang_up(talked: Talk) -> None:
    talked.child.kill(signal.SIGHUP)


@pytest.mark.parametrize(
    ("at", "stop"),
    [
        ("Where do you want", stop_by_end),
        ("Access key:", stop_by_key),
        ("Secret key:", stop_by_end),
        ("Secret key:", stop_by_signal),
        ("Take this grid?", stop_by_key),
        ("Save?", hang_up),
        ("Save?", stop_by_key),
    ],
)
def test_interrupted_anywhere_the_file_is_as_it_was(desk: Desk, at: str, stop: Callable[[Talk], None]) -> None:
    desk.file.write_text(OLD)
    answers = {
        "Where do you want": "",
        "Enter API keys": "",
        "Access key:": desk.keys[0],
        "Secret key:": desk.keys[1],
        "Which coin?": "",
        "A grid is set already": DOWN,
        "How much money?": "1000000",
        "Take this grid?": "",
        "A dry run": "",
        "Save?": "",
    }
    with talk(desk.file, desk.environ) as talked:
        for question, answer in answers.items():
            talked.sees(question)
            if question == at:
                break
            talked.types(answer)
        stop(talked)
        assert talked.ends() == INTERRUPTED

    assert "Nothing was saved" in talked.text
    assert desk.file.read_text() == OLD
    assert desk.is_clean()
    assert not any(key in talked.text for key in desk.keys)


def test_a_faulty_file_is_mended_line_by_line(desk: Desk) -> None:
    desk.file.write_text("GRID_STEPZ=5\nwhat\nMINE=1\nGRID_GAP_PCT=1,5\nBITHUMB_ACCESS_KEY=abc\n# kept\n")
    with talk(desk.file, desk.environ) as talked:
        talked.sees(": 5\r")
        # The name is mended, the line without sense and the unknown name become comments.
        for count in (": 4\r", ": 3\r", ": 2\r"):
            talked.sees("How to mend the first?")
            talked.chooses()
            talked.sees(count)
        talked.sees("How to mend the first?")
        talked.chooses()
        talked.sees("GRID_GAP_PCT:")
        talked.types("x")
        talked.sees("is not a number")
        talked.types("1.5")
        talked.sees(": 1\r")
        talked.sees("How to mend the first?")
        # A key without its other half is unset.
        talked.chooses(1)
        without_keys(talked)
        talked.sees("Which coin?")
        talked.types("")
        talked.sees("A grid is set already")
        talked.chooses()
        talked.sees("Take this grid?")
        talked.chooses()
        talked.sees("A dry run")
        talked.chooses()
        talked.sees("Save?")
        talked.chooses()
        talked.sees("Saved")
        assert talked.ends() == 0

    lines = desk.file.read_text().splitlines()
    assert lines[:5] == ["# GRID_STEPZ=5", "# what", "# MINE=1", "GRID_GAP_PCT=1.5", "BITHUMB_ACCESS_KEY="]
    assert {"# kept", "GRID_STEPS=5", "BOT_DRY_RUN=true"} <= set(lines)
