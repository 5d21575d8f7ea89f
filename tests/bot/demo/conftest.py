"""Markets that leave no process behind."""

from collections.abc import Iterator

import pytest

from tests.bot.demo.markets import Markets


@pytest.fixture
def markets() -> Iterator[Markets]:
    markets = Markets()
    yield markets
    markets.end()
