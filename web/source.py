"""What the page asks of the bot, all of it read-only."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from domain.reason import Reason
    from domain.view import Health, View

LANGUAGES = ("ko", "en")
"""What `?lang=` may ask for."""


class Words(Protocol):
    """The sentences of one language; neither call raises, whatever it is given."""

    @property
    def language(self) -> str:
        """Return `ko` or `en`."""
        ...

    def sentence(self, why: Reason) -> str:
        """Say a reason with its figures."""
        ...

    def text(self, code: str) -> str:
        """Return the text of a code that has no figures, else the code itself."""
        ...


class Source(Protocol):
    """Where the page finds what it shows. Its calls are made in the server's thread, and must not wait."""

    @property
    def words(self) -> Words:
        """Return the owner's own language."""
        ...

    @property
    def version(self) -> str:
        """Return the version of the program."""
        ...

    @property
    def reports(self) -> Path:
        """Return the folder of reports; it need not be there yet."""
        ...

    def words_for(self, language: str) -> Words:
        """Return another of the languages, by its name in `LANGUAGES`."""
        ...

    def view(self) -> View | None:
        """Return the newest picture of the run, or None before the first."""
        ...

    def health(self) -> Health:
        """Return how the parts of the bot are alive now."""
        ...

    def topics(self) -> Mapping[str, str] | None:
        """Return what a broker would hold, payload by topic; None where there is a broker."""
        ...
