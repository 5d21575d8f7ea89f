"""The log: readable lines, and no secret in any of them."""

from __future__ import annotations

import io
import json
import logging
import re
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.logs import Redaction, start_logging
from bot.settings import LogFormat
from bot.sources import load_settings

if TYPE_CHECKING:
    from collections.abc import Iterator

SECRET = "s3cr/et key+0123"
TOKEN = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl"

log = logging.getLogger("bot.example")


@pytest.fixture(autouse=True)
def logging_as_before() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)


def lines_of(form: LogFormat, *secrets: str) -> io.StringIO:
    to = io.StringIO()
    start_logging(form, secrets, to=to)
    return to


def test_a_line_tells_when_where_and_what() -> None:
    to = lines_of(LogFormat.TEXT)

    log.info("filled %s", "5 shares")

    assert re.fullmatch(r"\d{4}-\d\d-\d\dT[\d:]{8}\.\d{3}Z INFO bot\.example: filled 5 shares\n", to.getvalue())


def test_a_json_line_is_one_object() -> None:
    to = lines_of(LogFormat.JSON, SECRET)

    log.warning("채워짐 %s\nnext", SECRET)

    line = json.loads(to.getvalue())
    assert to.getvalue().count("\n") == 1
    assert {name: line[name] for name in ("level", "from", "message")} == {
        "level": "WARNING",
        "from": "bot.example",
        "message": "채워짐 ***\nnext",
    }


@pytest.mark.parametrize("form", list(LogFormat))
def test_no_secret_passes_in_whatever_form(form: LogFormat) -> None:
    to = lines_of(form, SECRET)

    log.info("key %s", SECRET)
    log.info("GET /?key=%s", "s3cr%2Fet%20key%2B0123")
    log.info("header %s", {"authorization": f"Bearer {TOKEN}"})
    log.info("token %s", TOKEN)
    log.info("Authorization: bearer 0123456789abcdef")
    try:
        raise ValueError(SECRET)
    except ValueError:
        log.exception("failed")

    told = to.getvalue()
    for secret in (SECRET, "s3cr", TOKEN, "eyJ", "0123456789abcdef"):
        assert secret not in told
    assert "ValueError: ***" in told


def test_the_secrets_of_the_settings_are_known() -> None:
    settings = load_settings(
        overrides={
            "KIS_ACCOUNT_NO": "87654321",
            "MQTT_PASSWORD": "pass word",
            "DATABASE_URL": "postgresql+psycopg://me:hunter22@host/db",
        }
    )
    to = lines_of(LogFormat.TEXT, *settings.secrets())

    log.info("%s %s %s %s %s", "CANO=87654321", "8765432101", "pass word", "hunter22", "87654321-01")

    assert to.getvalue().endswith("CANO=*** *** *** *** ***\n")


def test_a_short_secret_leaves_other_words_readable() -> None:
    assert Redaction(["ab"]).clean("ab about ab.") == "*** about ***."


@given(secret=st.text(min_size=6, max_size=20), before=st.text(max_size=5), after=st.text(max_size=5))
def test_no_text_lets_a_secret_through(secret: str, before: str, after: str) -> None:
    assert secret not in Redaction([secret]).clean(f"{before}{secret}{after}")
