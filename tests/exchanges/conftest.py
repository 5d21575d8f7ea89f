"""A stub, a clock set by hand, and an account of Bithumb's between them."""

from collections.abc import Iterator

import pytest

from exchanges.bithumb import BithumbExchange
from tests.exchanges.bithumb_desk import account_at
from tests.exchanges.stub import HandClock, Stub


@pytest.fixture
def stub() -> Iterator[Stub]:
    with Stub() as stub:
        yield stub


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
def exchange(stub: Stub, clock: HandClock) -> Iterator[BithumbExchange]:
    with account_at(stub, clock) as exchange:
        yield exchange
