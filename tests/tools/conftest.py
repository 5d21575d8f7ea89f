"""A market with a past, and a desk at it for each test."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.tools.setup_rig import Desk, environment, market_with_a_past
from tests.tools.share_rig import Broker, ShareDesk, broker

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


@pytest.fixture(scope="session")
def live_broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Broker]:
    with broker(tmp_path_factory.mktemp("live"), "live", days=5) as made:
        yield made


@pytest.fixture(scope="session")
def practice_broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Broker]:
    with broker(tmp_path_factory.mktemp("practice"), "paper", days=1) as made:
        yield made


@pytest.fixture
def share_desk(live_broker: Broker, tmp_path: Path) -> ShareDesk:
    return ShareDesk.at(live_broker, tmp_path)


@pytest.fixture
def practice_desk(practice_broker: Broker, tmp_path: Path) -> ShareDesk:
    return ShareDesk.at(practice_broker, tmp_path)
