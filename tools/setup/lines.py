"""Lines of a terminal: broken between words, and set under each other, with Hangul two columns wide."""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_INDENT = "  "


def width(text: str) -> int:
    """Return how many columns a text takes."""
    return sum(2 if unicodedata.east_asian_width(sign) in "WF" else 1 for sign in text)


def wrapped(text: str, columns: int) -> Iterator[str]:
    """Yield the lines of a text, broken between words; what goes on of an indented line is indented more."""
    for paragraph in text.split("\n"):
        words = paragraph.lstrip(" ").split(" ")
        indent = paragraph[: len(paragraph) - len(paragraph.lstrip(" "))]
        line = indent + words[0]
        for word in words[1:]:
            if width(f"{line} {word}") > columns:
                yield line
                line = indent * 2 + word
            else:
                line = f"{line} {word}"
        yield line


def padded(rows: Iterable[tuple[str, str]]) -> Iterator[str]:
    """Yield rows of a label and a value, the values under each other."""
    listed = list(rows)
    widest = max((width(label) for label, _ in listed), default=0)
    for label, value in listed:
        yield f"{_INDENT}{label}{' ' * (widest - width(label))}  {value}"
