"""The sentences that the owner reads, in Korean and English, found by the code of a reason."""

from __future__ import annotations

import tomllib
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from domain.exact import plain

if TYPE_CHECKING:
    from collections.abc import Mapping

    from domain.reason import Figure, Reason

LANGUAGES = ("ko", "en")
_GROUPED_FROM = 1000
_TO_BE_TYPED = frozenset({"smallest", "suggestion"})
"""Figures that the owner is asked to put into the settings, which take no commas."""

TEXTS = Path(__file__).parent / "texts"


class Wording:
    """The sentences of one language; an unknown language is Korean."""

    def __init__(self, language: str) -> None:
        self.language = language if language in LANGUAGES else LANGUAGES[0]
        self._sentences = sentences_of(self.language)

    def sentence(self, why: Reason) -> str:
        """Say a reason with its figures; where no sentence fits, its plain form. Never raises."""
        try:
            return self._sentences[why.code].format_map({name: _readable(name, value) for name, value in why.figures})
        except (LookupError, ValueError, AttributeError):
            return str(why)

    def text(self, code: str) -> str:
        """Return the text of a code that has no figures, else the code itself. Never raises."""
        return self._sentences.get(code, code)


def _readable(name: str, value: Figure) -> str:
    """Write a figure for people: prices, amounts and quantities in groups of three digits, all of them."""
    if not isinstance(value, Decimal):
        return str(value)
    text = plain(value)
    if name in _TO_BE_TYPED:
        return text
    whole, point, rest = text.partition(".")
    return f"{int(whole):,}{point}{rest}" if abs(value) >= _GROUPED_FROM else text


@cache
def sentences_of(language: str) -> Mapping[str, str]:
    """Return all sentences of a language by code; files and their tables only sort them for their readers."""
    return {
        code: sentence
        for file in texts_of(language)
        for table in tomllib.loads(file.read_text(encoding="utf-8")).values()
        for code, sentence in table.items()
    }


def texts_of(language: str) -> list[Path]:
    """Return the files of a language: one for the sentences of the core, one for each face."""
    return sorted(TEXTS.glob(f"*{language}.toml"))
