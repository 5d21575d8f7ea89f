"""Where a demo lives: the same market and settings lead to the same folder, whatever else is different."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from bot.demo.folder import NOT_SHAPING, endless_folder, run_folder, shaping
from bot.demo.house import demo_settings
from bot.demo.wanted import drawn_prices, endless_prices
from bot.settings import Settings
from tests.bot.demo.markets import FALL, ONE_DAY, recorded


def folder_with(*overrides: str) -> Path:
    return run_folder(demo_settings(overrides, {}), ONE_DAY).path


def test_a_run_has_a_folder_of_its_own_with_all_that_belongs_to_it() -> None:
    demo = run_folder(demo_settings(("DATA_DIR=/d", "INSTANCE=mine"), {}), ONE_DAY)

    assert demo.path.parent == Path("/d/demo")
    assert demo.path.name.startswith("run-")
    assert len(demo.path.name) == len("run-") + 12
    assert demo.venue == demo.path / "venue"
    assert demo.ledger.file == demo.path / "mine" / "demo" / "ledger.sqlite3"
    assert demo.lock == demo.path / "mine" / "lock"
    assert demo.former == demo.path.with_name(f"{demo.path.name}.old")


@pytest.mark.parametrize(
    "overrides",
    [
        ("DATA_DIR=/elsewhere",),
        ("LANGUAGE=en", "LOG_FORMAT=json", "REPORT_INTERVAL_MINUTES=5", "WEB_PORT=9000"),
        ("MQTT_HOST=broker", "MQTT_PASSWORD=secret"),
        ("BITHUMB_ACCESS_KEY=a", "LIVE_ARMED=x"),
        ("GRID_GAP_PCT=1.00", "PAPER_CASH=10000000.0"),
    ],
)
def test_what_does_not_shape_trading_leads_to_the_same_folder(overrides: tuple[str, ...]) -> None:
    assert folder_with(*overrides).name == folder_with().name


@pytest.mark.parametrize(
    "override",
    [
        "GRID_GAP_PCT=2",
        "GRID_STEPS=7",
        "ORDER_SIZE=20000",
        "PAPER_CASH=5",
        "FEE_BUY_PCT=0.04",
        "MAX_OPEN_ORDERS=3",
        "PROTECTED_QTY=1",
        "CASH_RESERVE=1",
        "INSTANCE=mine",
        "BITHUMB_MARKET=KRW-ETH",
        "MAX_ORDER_NOTIONAL=50000",
        "TAKE_PROFIT=5%",
    ],
)
def test_what_shapes_trading_leads_to_another_folder(override: str) -> None:
    assert folder_with(override) != folder_with()


def test_another_market_is_another_folder(tmp_path: Path) -> None:
    settings = demo_settings((), {})
    file = tmp_path / "prices.csv"
    markets = (
        ONE_DAY,
        drawn_prices(2, None),
        drawn_prices(1, date(2025, 1, 1)),
        recorded(file),
        recorded(file, bars=2),
        recorded(file, scale=Decimal(2)),
        recorded(file, FALL.replace("9500", "9501")),
    )

    assert len({run_folder(settings, prices).path for prices in markets}) == len(markets)


def test_the_same_prices_are_the_same_folder_wherever_the_file_stands(tmp_path: Path) -> None:
    settings = demo_settings((), {})
    here, there = recorded(tmp_path / "a.csv", bars=2), recorded(tmp_path / "b.csv", FALL.replace("9500", "9500.0"))
    cut = recorded(tmp_path / "c.csv", "".join(FALL.splitlines(keepends=True)[:3]))

    assert run_folder(settings, recorded(tmp_path / "a.csv")).path == run_folder(settings, there).path
    assert run_folder(settings, here).path == run_folder(settings, cut).path


def test_a_setting_counts_unless_it_is_known_not_to(tmp_path: Path) -> None:
    settings = demo_settings(("MQTT_PASSWORD=hush",), {})
    counted = shaping(settings)
    secret = {name for name, _ in settings if name not in counted and name not in NOT_SHAPING}

    assert set(Settings.model_fields) >= NOT_SHAPING
    assert all(name.endswith(("key", "secret", "token", "password", "account_no", "database_url")) for name in secret)
    assert "hush" not in str(counted)
    assert {"exchange", "instance", "bithumb_market", "grid_gap_pct", "adopt_qty", "paper_cash"} <= set(counted)


def test_the_endless_market_has_one_folder_for_each_instance() -> None:
    usual = endless_folder(demo_settings(("DATA_DIR=/d",), {}))
    other = endless_folder(demo_settings(("DATA_DIR=/d", "INSTANCE=mine", "GRID_STEPS=3"), {}))

    assert (usual.path, other.path) == (Path("/d/demo/market"), Path("/d/demo/market-mine"))
    assert usual.ledger.file == Path("/d/demo/market/bithumb_bot/demo/ledger.sqlite3")
    assert endless_prices().bars is None
