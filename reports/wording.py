"""The sentences that the owner reads, in Korean and English, found by the code of a reason."""

from __future__ import annotations

import tomllib
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from domain.reason import Reason

LANGUAGES = ("ko", "en")
TEXTS = Path(__file__).parent / "texts"


class Wording:
    """The sentences of one language; an unknown language is Korean."""

    def __init__(self, language: str) -> None:
        self.language = language if language in LANGUAGES else LANGUAGES[0]
        self._sentences = sentences_of(self.language)

    def sentence(self, why: Reason) -> str:
        """Say a reason with its figures; where no sentence fits, its plain form. Never raises."""
        try:
            return self._sentences[why.code].format_map(why.plain_figures())
        except (LookupError, ValueError, AttributeError):
            return str(why)

    def text(self, code: str) -> str:
        """Return the text of a code that has no figures, else the code itself. Never raises."""
        return self._sentences.get(code, code)


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
