"""The one writer of a ledger: a page of changes is one durable commit."""

from __future__ import annotations

import contextlib
from dataclasses import replace
from typing import TYPE_CHECKING

from domain.errors import BotError, IllegalTransition, SetupError
from ledger.backups import back_up
from ledger.memory import Present, remembered
from ledger.migrating import REVISION
from ledger.page import Page
from ledger.places import SqlitePlace
from ledger.reader import Reader

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime
    from pathlib import Path
    from typing import Self

    from sqlalchemy import Engine

    from ledger.driver import Driver
    from ledger.places import Place


class Ledger:
    """Writes, on one thread; its `reader` sees what is committed, and `present` has it at hand."""

    def __init__(self, engine: Engine, driver: Driver, place: Place) -> None:
        """Load the present; `ledger.opening.open_ledger` has made sure that it may."""
        self.place = place
        self.reader = Reader(driver)
        self._engine = engine
        self._driver = driver
        self._memory = remembered(driver, self.reader)
        self.present = Present(self._memory)
        self._page: Page | None = None
        self._broken: BotError | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the ledger; SQLite then brings its log into the file."""
        self._driver.close()
        self._engine.dispose()

    def next_order_seq(self) -> int:
        """Hand out the next number of the journal; on a page that fails it is handed out again."""
        self._memory.numbers.order += 1
        return self._memory.numbers.order

    def skip_order_seqs(self, last: int) -> None:
        """Hand out no number up to this one: it was given before, in a ledger that is lost."""
        self._memory.numbers.order = max(self._memory.numbers.order, last)

    def has_fill(self, symbol: str, fill_id: str) -> bool:
        """Say whether an execution is booked, on the page at hand or before."""
        return (self._page or self._memory.reader).has_fill(symbol, fill_id)

    @contextlib.contextmanager
    def commit(self) -> Iterator[Page]:
        """Gather a page and make it durable; an exception inside leaves disk and memory as they were.

        After a fault of disk or server nobody knows what it holds: the ledger then takes no more pages,
        and only opening it anew tells.
        """
        if self._broken is not None:
            raise self._broken
        if self._page is not None:
            raise IllegalTransition("a page of the ledger is open already")
        numbers = replace(self._memory.numbers)
        page = self._page = Page(self._memory)
        try:
            yield page
            if not page.is_blank:
                self._write(page)
        except BaseException:
            self._memory.numbers = numbers
            raise
        finally:
            self._page = None

    def back_up(self, at: datetime) -> Path | None:
        """Copy a SQLite ledger into `backups/` while it is in use; a server's copies are its keeper's task."""
        if not isinstance(self.place, SqlitePlace):
            return None
        revision = self._driver.read(REVISION)[0]["version_num"]
        return back_up(self.place.file, self.place.backups, revision, at)

    def _write(self, page: Page) -> None:
        try:
            with self._driver.transaction():
                page.write(self._driver)
            page.remember()
        except SetupError as error:
            self._broken = error
            raise
        except Exception:
            # Refused before the commit: the disk is as it was.
            raise
        except BaseException:
            self._broken = IllegalTransition(
                "interrupted in a commit: only opening the ledger anew tells what it holds"
            )
            raise
