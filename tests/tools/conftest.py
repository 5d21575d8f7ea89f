"""A market with a past, and a desk at it for each test."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.tools.setup_rig import Desk, environment, market_with_a_past

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.simulator.customer import HttpCustomer


@pytest.fixture(scope="session")
def market(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HttpCustomer]:
    with market_with_a_past(tmp_path_factory.mktemp("market")) as admin:
        yield admin


@pytest.fixture
def desk(market: HttpCustomer, tmp_path: Path) -> Iterator[Desk]:
    yield Desk(market, tmp_path / ".env", environment(market.line["url"]))
    scopes = ["asset_read", "order_read", "order"]
    market.admin("settings", {"market_warning": "NONE", "key_scopes": scopes, "key_ips": []})
