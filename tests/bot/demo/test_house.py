"""The house rules of a demo: nothing is guessed where something is set up, and nothing leads out of it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from bot.demo.house import DROPPED, KEYS, demo_settings, is_demo_house
from bot.settings import READERS, Exchange
from domain.errors import ExitCode, SetupError
from domain.snapshot import Mode
from reports.wording import Wording


def faults_of(*overrides: str, **environ: str) -> list[str]:
    with pytest.raises(SetupError) as caught:
        demo_settings(overrides, environ)
    assert caught.value.exit_code is ExitCode.SETTINGS
    for fault in caught.value.faults:
        assert re.search("[가-힣]", Wording("ko").sentence(fault))
    return [str(fault) for fault in caught.value.faults]


def test_a_house_without_anything_is_a_demo(tmp_path: Path) -> None:
    others = {
        "PATH": "/bin",
        "GRID_STEPS": "3",
        "MQTT_PASSWORD": "x",
        "DATABASE_URL": "sqlite:///x",
        "KIS_APP_KEY": " ",
    }

    assert is_demo_house({}, tmp_path / ".env", None)
    assert is_demo_house(others, tmp_path / ".env", None)


@pytest.mark.parametrize("name", sorted(KEYS))
def test_a_key_in_the_environment_is_no_demo(tmp_path: Path, name: str) -> None:
    assert not is_demo_house({name: "x"}, tmp_path / ".env", None)


def test_settings_of_the_owner_options_of_an_add_on_and_our_image_are_no_demo(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("", encoding="utf-8")

    assert not is_demo_house({}, tmp_path / ".env", None)
    assert not is_demo_house({}, tmp_path / "none", tmp_path / "options.json")
    assert not is_demo_house({"BADUKPAN_IMAGE": "1"}, tmp_path / "none", None)
    assert is_demo_house({"BADUKPAN_IMAGE": "0"}, tmp_path / "none", None)


def test_the_keys_are_those_of_the_schema() -> None:
    assert {"BITHUMB_ACCESS_KEY", "BITHUMB_SECRET_KEY", "KIS_APP_KEY", "KIS_APP_SECRET", "KIS_ACCOUNT_NO"} <= KEYS
    assert KEYS.isdisjoint({"MQTT_PASSWORD", "DATABASE_URL"})
    assert set(READERS) >= DROPPED
    assert {"BITHUMB_BASE_URL", "COINONE_WS_URL", "DATABASE_URL", "SHARED_DIR", "LIVE_ARMED"} <= DROPPED


def test_settings_come_from_the_command_line_before_the_environment() -> None:
    settings = demo_settings(
        ("grid_steps=4", "MQTT_HOST=broker"), {"GRID_STEPS": "3", "DATA_DIR": "/d", "MQTT_PASSWORD": "p"}
    )

    assert (settings.grid_steps, settings.mqtt_host, settings.data_dir) == (4, "broker", Path("/d"))
    assert settings.mqtt_password is not None
    assert settings.exchange is Exchange.BITHUMB


VALUES = {
    "KIS_ACCOUNT_NO": "12345678",
    "BITHUMB_BASE_URL": "https://api.bithumb.com",
    "DATABASE_URL": "sqlite:///x",
    "BOT_DRY_RUN": "false",
    "LIVE_ARMED": "bithumb_bot",
    "SHARED_DIR": "/shared",
}


@pytest.mark.parametrize("name", sorted(DROPPED))
def test_what_leads_out_of_the_demo_is_taken_from_nowhere(name: str) -> None:
    value = VALUES.get(name, "canary-value")

    from_environment = demo_settings((), {name: value, "SUPERVISOR_TOKEN": "t"})
    from_command_line = demo_settings((f" {name.lower()} ={value}",), {})

    usual = demo_settings((), {})
    field = name.lower()
    assert getattr(from_environment, field) == getattr(from_command_line, field) == getattr(usual, field)
    assert from_environment.mode is from_command_line.mode is Mode.DRY_RUN
    assert not from_environment.in_home_assistant
    assert f"demo_setting_unused name={name}" in [str(warning) for warning in from_command_line.warnings]
    assert "unused" not in str(from_environment.warnings)
    assert "canary" not in str(from_command_line.warnings)


def test_a_setting_that_is_emptied_needs_no_warning() -> None:
    assert "demo_setting_unused" not in str(demo_settings(("LIVE_ARMED= ",), {}).warnings)


def test_the_place_of_a_faulty_setting_is_that_on_the_command_line() -> None:
    assert faults_of("LIVE_ARMED=x", "GRID_STEPS") == ["override_form position=2"]


def test_what_there_is_no_demo_of_is_refused_with_the_way_out() -> None:
    assert faults_of(EXCHANGE="kis", PAPER_CASH="unlimited") == ["demo_needs_cash"]
    assert faults_of("PAPER_CASH=0") == ["demo_needs_cash"]
    assert faults_of(EXCHANGE="COINONE") != []
    assert faults_of("GRID_STEPZ=3") != []
