"""Books that keep every digit in all tests of the simulator."""

import decimal
from collections.abc import Iterator

import pytest

from domain.exact import DIGITS


@pytest.fixture(autouse=True)
def every_digit() -> Iterator[None]:
    """Compute as the simulator's process does; the other tests keep their context."""
    with decimal.localcontext() as context:
        context.prec = DIGITS
        yield
