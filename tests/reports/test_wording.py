"""Wording: whatever the code says has its sentence, in both languages, with the same figures."""

from __future__ import annotations

import ast
import string
import tomllib
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.settings import READERS
from domain.exact import ONE
from domain.reason import Figure, Reason, reason
from reports.wording import LANGUAGES, Wording, sentences_of, texts_of

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parents[2]
FLOORS = ("domain", "strategy", "exchanges", "ledger", "reports", "messaging", "web", "bot", "backtest", "tools")


def figures_of(sentence: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(sentence) if name is not None}


def reasons_given() -> Iterator[tuple[str, str, set[str] | None]]:
    """Yield place, code and figures of every reason in the source; no figures where they are not all named there."""
    for floor in FLOORS:
        for path in sorted((ROOT / floor).rglob("*.py")):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                match node:
                    case ast.Call(func=ast.Name(id="reason"), args=[ast.Constant(value=str(code))], keywords=figures):
                        names = {figure.arg for figure in figures if figure.arg is not None}
                        place = f"{path.relative_to(ROOT)}:{node.lineno}"
                        yield place, code, names if len(names) == len(figures) else None


def test_both_languages_say_the_same_things() -> None:
    korean, english = (sentences_of(language) for language in LANGUAGES)

    assert set(korean) == set(english)
    assert {code: figures_of(korean[code]) for code in korean} == {code: figures_of(english[code]) for code in english}


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_code_stands_in_one_table_only(language: str) -> None:
    files = [tomllib.loads(file.read_text(encoding="utf-8")) for file in texts_of(language)]
    codes = [code for tables in files for table in tables.values() for code in table]

    assert len(codes) == len(set(codes))


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_reason_of_the_source_has_its_sentence(language: str) -> None:
    known = sentences_of(language)

    assert [f"{place}: {code}" for place, code, _ in reasons_given() if code not in known] == []


# What the places that pass a reason on add to it.
ADDED = {"path", "line", "name"}


def test_no_sentence_asks_for_a_figure_that_its_reason_lacks() -> None:
    known = sentences_of("ko")

    assert [
        f"{place}: {code} lacks {', '.join(sorted(lacks))}"
        for place, code, names in reasons_given()
        if names is not None and code in known and (lacks := figures_of(known[code]) - names - ADDED)
    ] == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_setting_is_described(language: str) -> None:
    assert [name for name in READERS if name not in sentences_of(language)] == []


def test_a_sentence_holds_its_figures() -> None:
    why = reason("setting_too_low", name="GRID_STEPS", value="0", lowest=1)

    assert Wording("ko").sentence(why) == "GRID_STEPS: '0' 값이 너무 작습니다. 1 이상으로 적어 주세요."
    assert Wording("en").sentence(why) == "GRID_STEPS: '0' is too small. Write 1 or more."


def test_amounts_are_grouped_for_the_eye_and_lose_no_digit() -> None:
    why = reason(
        "sold",
        at="01-01",
        qty=Decimal("0.0001"),
        base="BTC",
        price=Decimal(100000000),
        currency="KRW",
        earned=Decimal("-1049.84"),
    )

    assert Wording("en").sentence(why) == "01-01 sold 0.0001 BTC at 100,000,000 KRW, earned -1,049.84 KRW"


def test_what_the_owner_is_asked_to_type_has_no_commas() -> None:
    figures: dict[str, Figure] = {
        "count": 20,
        "minimum": Decimal(5000),
        "qty": ONE,
        "price": ONE,
        "notional": ONE,
        "currency": "KRW",
    }

    assert "5001KRW" in Wording("en").sentence(reason("cell_too_small", smallest=Decimal(5001), **figures))


def test_a_language_we_do_not_speak_is_korean() -> None:
    assert Wording("fr").language == "ko"


def test_what_has_no_sentence_is_told_plainly() -> None:
    assert Wording("ko").sentence(reason("nobody_knows", price=1)) == "nobody_knows price=1"
    assert Wording("ko").sentence(reason("setting_too_low", name="X")) == "setting_too_low name=X"
    assert Wording("ko").text("nobody_knows") == "nobody_knows"


@given(code=st.sampled_from(sorted(sentences_of("en"))) | st.text(), figures=st.dictionaries(st.text(), st.text()))
def test_no_reason_is_without_words(code: str, figures: dict[str, str]) -> None:
    assert isinstance(Wording("en").sentence(Reason(code, tuple(figures.items()))), str)
