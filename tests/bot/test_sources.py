"""Sources of settings: which goes before which, and what is said of a source that cannot be read."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.settings import Language, Source
from bot.sources import language_wanted, load_settings
from domain.errors import SetupError


def faults_of(**sources: object) -> list[str]:
    with pytest.raises(SetupError) as caught:
        load_settings(**sources)  # type: ignore[arg-type]  # each test names its sources
    return [str(fault) for fault in caught.value.faults]


def write(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


def test_each_source_goes_before_the_next(tmp_path: Path) -> None:
    dotenv = write(tmp_path / ".env", "GRID_STEPS=1\nGRID_GAP_PCT=1.1\nGRID_STOP_LOW=11\nWEB_PORT=1001\n")
    environ = {"GRID_STEPS": "2", "GRID_GAP_PCT": "1.2", "GRID_STOP_LOW": "12"}
    options = write(tmp_path / "options.json", '{"grid_steps": 3, "GRID_GAP_PCT": 1.3}')

    settings = load_settings(overrides=["grid_steps=4"], options=options, environ=environ, dotenv=dotenv)

    assert settings.grid_steps == 4
    assert str(settings.grid_gap_pct) == "1.3"
    assert str(settings.grid_stop_low) == "12"
    assert settings.web_port == 1001
    assert settings.origins["GRID_STEPS"] is Source.COMMAND_LINE
    assert settings.origins["GRID_GAP_PCT"] is Source.OPTIONS
    assert settings.origins["GRID_STOP_LOW"] is Source.ENVIRONMENT
    assert settings.is_set("WEB_PORT")
    assert not settings.is_set("DATA_DIR")


def test_an_empty_value_is_unset_and_leaves_the_next_source_its_say(tmp_path: Path) -> None:
    dotenv = write(tmp_path / ".env", "GRID_STEPS=7\nMQTT_HOST=\n")

    settings = load_settings(overrides={"GRID_STEPS": ""}, environ={"GRID_STEPS": "  "}, dotenv=dotenv)

    assert settings.grid_steps == 7
    assert settings.mqtt_host is None


def test_files_that_do_not_exist_are_no_fault(tmp_path: Path) -> None:
    assert load_settings(options=tmp_path / "none.json", dotenv=tmp_path / ".none").grid_steps == 20


def test_what_came_from_the_environment_is_listed_without_values() -> None:
    settings = load_settings(environ={"EXCHANGE": "KIS", "KIS_SYMBOL": "SOXL", "PATH": "/bin"})

    assert [str(warning) for warning in settings.warnings] == ["settings_from_environment names=EXCHANGE, KIS_SYMBOL"]


def test_the_environment_of_others_is_no_fault_and_a_near_miss_a_warning() -> None:
    environ = {
        "EXCHANGE": "KIS",
        "PATH": "/bin",
        "MAX_CONN": "3",
        "GRID_ENGINE": "x",
        "GRID_STEP": "5",
        "BOT_TOKEN": "t",
    }

    warnings = [str(warning) for warning in load_settings(environ=environ).warnings]

    assert warnings == [
        "settings_from_environment names=EXCHANGE",
        "unknown_variable name=GRID_STEP suggestion=GRID_STEPS",
    ]


@pytest.mark.parametrize("text", ["ko_KR:ko", "en_US:en", "de_DE", "C.UTF-8"])
def test_the_language_that_a_desktop_sets_for_all_programs_is_not_ours(text: str) -> None:
    settings = load_settings(environ={"LANGUAGE": text}, overrides={"EXCHANGE": "KIS"})

    assert settings.language is Language.KO
    assert settings.warnings == ()


def test_our_own_language_may_come_from_the_environment() -> None:
    assert load_settings(environ={"LANGUAGE": "EN"}).language is Language.EN
    assert [w.code for w in load_settings(environ={"LANGUAGE": "fr", "EXCHANGE": "KIS"}).warnings] == [
        "language_ignored",
        "settings_from_environment",
    ]


def test_an_unknown_name_in_a_file_of_ours_is_a_fault(tmp_path: Path) -> None:
    dotenv = write(tmp_path / ".env", "GRID_STEP=5\n")
    options = write(tmp_path / "options.json", '{"ORDERSIZE": "1"}')

    assert faults_of(dotenv=dotenv, options=options) == [
        "setting_unknown_close name=GRID_STEP source=.env suggestion=GRID_STEPS",
        "setting_unknown_close name=ORDERSIZE source=options suggestion=ORDER_SIZE",
    ]


def test_a_line_of_dotenv_that_says_nothing_is_named_by_its_number_alone(tmp_path: Path) -> None:
    dotenv = write(tmp_path / ".env", '# mine\n\nGRID_STEPS=5\n\nmysecretkey\nMQTT_HOST="open\n')

    assert faults_of(dotenv=dotenv) == [
        f"env_file_line path={dotenv} line=5",
        f"env_file_line path={dotenv} line=6",
    ]


def test_dotenv_reads_what_other_programs_write(tmp_path: Path) -> None:
    text = "\ufeffexport GRID_STEPS=5 # few\r\nMQTT_PASSWORD='a ${B} # c'\r\nMQTT_USERNAME=\"me\"\r\n"

    settings = load_settings(dotenv=write(tmp_path / ".env", text))

    assert settings.grid_steps == 5
    assert settings.mqtt_username == "me"
    assert settings.mqtt_password is not None
    assert settings.mqtt_password.get_secret_value() == "a ${B} # c"


def test_options_keep_every_digit(tmp_path: Path) -> None:
    text = '{"GRID_GAP_PCT": 0.15, "ADOPT_QTY": 1e-05, "GRID_STOP_LOW": 0.1234567890123456789, "BOT_DRY_RUN": true}'

    settings = load_settings(options=write(tmp_path / "options.json", text))

    assert [format(n or 0, "f") for n in (settings.grid_gap_pct, settings.adopt_qty, settings.grid_stop_low)] == [
        "0.15",
        "0.00001",
        "0.1234567890123456789",
    ]
    assert settings.bot_dry_run


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("", "options_not_json"),
        ("[1]", "options_not_json"),
        ("{", "options_not_json"),
        ("[" * 100000, "options_not_json"),
        ('{"GRID_STEPS": [1]}', "setting_option_kind"),
        ('{"GRID_STEPS": {}}', "setting_option_kind"),
        ('{"GRID_STEPS": NaN}', "setting_not_a_number"),
        ('{"GRID_STEPS": 1e999}', "setting_not_a_number"),
        ('{"MQTT_HOST": null, "GRID_STEPS": true}', "setting_not_a_number"),
        ('{"GRID_STEPS": "\\ud800"}', "setting_not_a_number"),
    ],
)
def test_options_that_cannot_be_are_refused(tmp_path: Path, text: str, fault: str) -> None:
    told = faults_of(options=write(tmp_path / "options.json", text))

    assert [one.split()[0] for one in told] == [fault]
    assert all(one.isprintable() for one in told)


def test_a_source_that_cannot_be_read_is_told_with_the_other_faults(tmp_path: Path) -> None:
    (tmp_path / "latin").write_bytes(b"\xff\xfeG")

    told = faults_of(dotenv=tmp_path / "latin", options=tmp_path, overrides={"GRID_STEPS": "x"})

    assert [one.split()[0] for one in told] == [
        "settings_file_unreadable",
        "settings_file_unreadable",
        "setting_not_a_number",
    ]


def test_a_set_without_a_value_is_not_repeated() -> None:
    assert faults_of(overrides=["GRID_STEPS=1", "BITHUMB_SECRET_KEYabc"]) == ["override_form position=2"]


def test_home_assistant_has_its_own_folders() -> None:
    settings = load_settings(environ={"SUPERVISOR_TOKEN": "t"})

    assert settings.in_home_assistant
    assert (settings.data_dir, settings.shared_dir) == (Path("/data"), Path("/share/badukpan"))


def test_the_shared_folder_lies_in_the_data_folder() -> None:
    assert load_settings(overrides={"DATA_DIR": "/srv/bot"}).shared_dir == Path("/srv/bot/shared")


def test_the_language_of_faults_is_known_before_the_settings_are() -> None:
    assert language_wanted(overrides=["LANGUAGE=EN", "GRID_STEPS=x", "oops"]) is Language.EN
    assert language_wanted(overrides={"LANGUAGE": "xx"}) is Language.KO


@given(
    st.dictionaries(
        st.text(max_size=20), st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20), max_size=5
    )
)
def test_no_options_raise_anything_but_a_setup_error(
    tmp_path_factory: pytest.TempPathFactory, options: dict[str, object]
) -> None:
    path = write(tmp_path_factory.mktemp("options") / "options.json", json.dumps(options))

    try:
        told = load_settings(options=path).warnings
    except SetupError as error:
        told = error.faults

    assert told
