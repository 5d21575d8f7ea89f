"""A stub, a clock set by hand at an open market, and a practice account of KIS's between them."""

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest

from exchanges.kis import KisOverseasExchange
from tests.exchanges.kis.desk import OPEN, TOKEN_PATH, account_at, token
from tests.exchanges.stub import HandClock, Stub


class TimedStub(Stub):
    """A stub that lives by the clock of its customer."""

    def __init__(self, clock: HandClock) -> None:
        self._clock = clock
        super().__init__()

    @property
    def date(self) -> datetime:
        return self._clock.at.replace(microsecond=0)

    @date.setter
    def date(self, _: datetime) -> None:
        """Leave it to the clock."""


@pytest.fixture
def clock() -> HandClock:
    return HandClock(OPEN)


@pytest.fixture
def stub(clock: HandClock) -> Iterator[Stub]:
    with TimedStub(clock) as stub:
        stub.says("POST", TOKEN_PATH, token())
        yield stub


@pytest.fixture
def exchange(stub: Stub, clock: HandClock, tmp_path: Path) -> Iterator[KisOverseasExchange]:
    with account_at(stub, clock, tmp_path) as exchange:
        yield exchange


@pytest.fixture
def live(stub: Stub, clock: HandClock, tmp_path: Path) -> Iterator[KisOverseasExchange]:
    with account_at(stub, clock, tmp_path, "live") as exchange:
        yield exchange
