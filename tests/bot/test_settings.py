"""Settings: every text is understood exactly, or refused with its fix."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.settings import READERS, Exchange, Settings
from bot.sources import load_settings
from domain.errors import ExitCode, SetupError
from domain.instrument import Fees
from domain.snapshot import Mode
from reports.wording import Wording, sentences_of
from strategy.grid.config import Bounds, Follow, GridSettings, OrderSize, Profit, SizeUnit, StopAction


def load(**values: str) -> Settings:
    """Load settings given on the command line alone."""
    return load_settings(overrides=values)


def faults(**values: str) -> list[str]:
    """Return the faults of settings as a log would show them; each has a sentence in both languages."""
    with pytest.raises(SetupError) as caught:
        load(**values)
    assert caught.value.exit_code is ExitCode.SETTINGS
    for language in ("ko", "en"):
        for fault in caught.value.faults:
            assert "{" not in (sentence := Wording(language).sentence(fault))
            assert sentence != str(fault)
    return [str(fault) for fault in caught.value.faults]


def test_nothing_set_is_a_dry_run_on_bithumb_that_says_so() -> None:
    settings = load()

    assert (settings.exchange, settings.symbol, settings.base, settings.currency) == (
        Exchange.BITHUMB,
        "KRW-BTC",
        "BTC",
        "KRW",
    )
    assert settings.mode is Mode.DRY_RUN
    assert settings.instance == "bithumb_bot"
    assert (settings.paper_cash, settings.web_port) == (Decimal(10000000), 8099)
    assert (settings.data_dir, settings.shared_dir) == (Path("data"), Path("data/shared"))
    assert [str(warning) for warning in settings.warnings] == ["exchange_default exchange=BITHUMB"]


def test_kis_trades_whole_shares_for_dollars() -> None:
    settings = load(EXCHANGE="Kis", KIS_SYMBOL="soxl")

    assert (settings.symbol, settings.base, settings.currency) == ("SOXL", "SOXL", "USD")
    assert settings.size == OrderSize(Decimal(1), SizeUnit.BASE)
    assert (settings.instance, settings.paper_cash, settings.web_port) == ("kis_bot", Decimal(10000), 8100)
    assert settings.warnings == ()


def test_the_defaults_are_those_of_the_grid() -> None:
    assert load().grid(strict=False, bars=False, free_cash=None, adopt_qty=Decimal(0)) == GridSettings()
    assert load().fees() == Fees(Decimal("0.0025"), Decimal("0.0025"), Decimal(0))


def test_every_setting_of_the_grid_arrives_there() -> None:
    settings = load(
        GRID_STEPS="7",
        GRID_LOWER="50000000",
        GRID_UPPER="60000000",
        ORDER_SIZE="0.001btc",
        GRID_ANCHOR="55000000",
        GRID_STOP_LOW="40000000",
        GRID_STOP_LOW_ACTION="cancel_sell",
        MAX_DRAWDOWN_PCT="12.5",
        TAKE_PROFIT="5 %",
        MAX_OPEN_ORDERS="0",
        MAKER_ONLY="yes",
        CASH_RESERVE="1000",
    )

    grid = settings.grid(strict=True, bars=True, free_cash=Decimal(5000), adopt_qty=Decimal(3))

    assert (grid.steps, grid.bounds) == (7, Bounds(Decimal(50000000), Decimal(60000000)))
    assert grid.follow is Follow.OFF
    assert grid.size == OrderSize(Decimal("0.001"), SizeUnit.BASE)
    assert grid.anchor == Decimal(55000000)
    assert (grid.stop_low, grid.stop_low_action) == (Decimal(40000000), StopAction.CANCEL_SELL)
    assert (grid.drawdown_pct, grid.drawdown_action) == (Decimal("12.5"), StopAction.PAUSE)
    assert grid.take_profit == Profit(Decimal(5), is_pct=True)
    assert (grid.open_orders_max, grid.maker_only) == (0, True)
    assert (grid.free_cash, grid.adopt_qty, grid.strict, grid.bars) == (Decimal(4000), Decimal(3), True, True)


@pytest.mark.parametrize(
    ("exchange", "text", "amount", "unit"),
    [
        ("KIS", "3", "3", SizeUnit.BASE),
        ("KIS", "5shares", "5", SizeUnit.BASE),
        ("KIS", "1 Share", "1", SizeUnit.BASE),
        ("KIS", "2주", "2", SizeUnit.BASE),
        ("KIS", "2.0", "2", SizeUnit.BASE),
        ("KIS", "500USD", "500", SizeUnit.MONEY),
        ("KIS", "99.5 usd", "99.5", SizeUnit.MONEY),
        ("BITHUMB", "20000", "20000", SizeUnit.MONEY),
        ("BITHUMB", "10000KRW", "10000", SizeUnit.MONEY),
        ("BITHUMB", "10000원", "10000", SizeUnit.MONEY),
        ("BITHUMB", "0.001BTC", "0.001", SizeUnit.BASE),
    ],
)
def test_a_size_says_its_unit_or_has_that_of_its_market(exchange: str, text: str, amount: str, unit: SizeUnit) -> None:
    assert load(EXCHANGE=exchange, ORDER_SIZE=text).size == OrderSize(Decimal(amount), unit)


def test_a_coin_whose_name_begins_with_a_digit_is_a_unit_too() -> None:
    size = load(BITHUMB_MARKET="KRW-1INCH", ORDER_SIZE="2.51INCH").size

    assert size == OrderSize(Decimal("2.5"), SizeUnit.BASE)


@pytest.mark.parametrize(
    ("exchange", "text", "fault"),
    [
        ("KIS", "1.5", "size_share_fraction name=ORDER_SIZE value=1.5 suggestion=1shares"),
        ("KIS", "0.5shares", "size_share_fraction name=ORDER_SIZE value=0.5shares suggestion=1shares"),
        ("KIS", "0", "size_not_positive name=ORDER_SIZE value=0 allowed=5shares, 500USD"),
        ("KIS", "-1shares", "size_not_positive name=ORDER_SIZE value=-1shares allowed=5shares, 500USD"),
        ("KIS", "10000KRW", "size_unit name=ORDER_SIZE value=10000KRW unit=KRW allowed=5shares, 500USD"),
        ("KIS", "0.1BTC", "size_unit name=ORDER_SIZE value=0.1BTC unit=BTC allowed=5shares, 500USD"),
        ("BITHUMB", "5shares", "size_unit name=ORDER_SIZE value=5shares unit=shares allowed=10000KRW, 0.001BTC"),
        ("BITHUMB", "1ETH", "size_unit name=ORDER_SIZE value=1ETH unit=ETH allowed=10000KRW, 0.001BTC"),
        ("BITHUMB", "$50", "setting_not_a_number name=ORDER_SIZE value=$50"),
        ("BITHUMB", "BTC", "setting_not_a_number name=ORDER_SIZE value="),
        ("BITHUMB", "1e9", "setting_not_a_number name=ORDER_SIZE value=1e9"),
        ("BITHUMB", "10,000KRW", "setting_number_has_comma name=ORDER_SIZE value=10,000 suggestion=10000"),
    ],
)
def test_a_size_that_cannot_be_is_refused_with_what_can(exchange: str, text: str, fault: str) -> None:
    assert faults(EXCHANGE=exchange, ORDER_SIZE=text) == [fault]


@pytest.mark.parametrize(
    ("name", "text", "fault"),
    [
        ("GRID_GAP_PCT", "abc", "setting_not_a_number name=GRID_GAP_PCT value=abc"),
        ("GRID_GAP_PCT", "1e999", "setting_not_a_number name=GRID_GAP_PCT value=1e999"),
        ("GRID_GAP_PCT", "nan", "setting_not_a_number name=GRID_GAP_PCT value=nan"),
        ("GRID_GAP_PCT", "inf", "setting_not_a_number name=GRID_GAP_PCT value=inf"),
        ("GRID_GAP_PCT", "一", "setting_not_a_number name=GRID_GAP_PCT value=一"),
        ("GRID_GAP_PCT", "1_0", "setting_not_a_number name=GRID_GAP_PCT value=1_0"),
        ("GRID_GAP_PCT", "1,5", "setting_number_has_comma name=GRID_GAP_PCT value=1,5 suggestion=1.5"),
        ("GRID_GAP_PCT", "0", "setting_not_above name=GRID_GAP_PCT value=0 bound=0"),
        ("GRID_GAP_PCT", "100", "setting_not_below name=GRID_GAP_PCT value=100 bound=100"),
        ("GRID_ANCHOR", "1,000", "setting_number_has_comma name=GRID_ANCHOR value=1,000 suggestion=1000"),
        ("GRID_ANCHOR", "9" * 41, f"setting_number_too_long name=GRID_ANCHOR value={'9' * 41} highest=40"),
        ("GRID_STEPS", "0", "setting_too_low name=GRID_STEPS value=0 lowest=1"),
        ("GRID_STEPS", "501", "setting_too_high name=GRID_STEPS value=501 highest=500"),
        ("GRID_STEPS", "2.5", "setting_not_whole name=GRID_STEPS value=2.5"),
        ("MAX_OPEN_ORDERS", "-1", "setting_too_low name=MAX_OPEN_ORDERS value=-1 lowest=0"),
        ("FEE_BUY_PCT", "50", "setting_not_below name=FEE_BUY_PCT value=50 bound=50"),
        ("FEE_SELL_PCT", "-1.1", "setting_too_low name=FEE_SELL_PCT value=-1.1 lowest=-1"),
        ("WEB_PORT", "65536", "setting_too_high name=WEB_PORT value=65536 highest=65535"),
        ("PAPER_CASH", "-5", "setting_too_low name=PAPER_CASH value=-5 lowest=0"),
        ("TAKE_PROFIT", "0%", "setting_not_above name=TAKE_PROFIT value=0% bound=0"),
        ("BOT_DRY_RUN", "maybe", "setting_not_yes_no name=BOT_DRY_RUN value=maybe"),
        ("GRID_START", "all", "setting_not_a_choice name=GRID_START value=all allowed=buy_only, balance, adopt"),
        ("EXCHANGE", "upbit", "exchange_unknown name=EXCHANGE value=upbit allowed=BITHUMB, KIS"),
        ("EXCHANGE", "coinone", "exchange_not_built name=EXCHANGE exchange=COINONE allowed=BITHUMB, KIS"),
        ("BITHUMB_MARKET", "btc_krw", "market_form name=BITHUMB_MARKET value=btc_krw suggestion=KRW-BTC"),
        ("BITHUMB_MARKET", "KRW-KRW", "market_form name=BITHUMB_MARKET value=KRW-KRW suggestion=KRW-BTC"),
        ("KIS_SYMBOL", "삼성", "symbol_form name=KIS_SYMBOL value=삼성"),
        ("KIS_SYMBOL", "BRK-B", "symbol_form name=KIS_SYMBOL value=BRK-B"),
        ("INSTANCE", "My Bot", "instance_form name=INSTANCE value=My Bot suggestion=my_bot"),
        ("INSTANCE", "../x", "instance_form name=INSTANCE value=../x suggestion=x"),
        ("INSTANCE", "a" * 33, f"instance_form name=INSTANCE value={'a' * 33} suggestion={'a' * 32}"),
        ("INSTANCE", "한글", "instance_form name=INSTANCE value=한글 suggestion=bithumb_bot"),
        ("LIVE_ARMED", "a\nb", "setting_text_form name=LIVE_ARMED value=a?b"),
        ("MQTT_HOST", "mqtt://broker", "host_form name=MQTT_HOST value=mqtt://broker"),
        ("DATA_DIR", "a\0b", "folder_form name=DATA_DIR value=a?b"),
        ("DATA_DIR", "~nobody-of-that-name/x", "folder_form name=DATA_DIR value=~nobody-of-that-name/x"),
        ("DATABASE_URL", "postgres://u:hunter2@host/db", "database_form name=DATABASE_URL"),
        (
            "BITHUMB_MARKETS",
            "x",
            "setting_unknown_close name=BITHUMB_MARKETS source=command line suggestion=BITHUMB_MARKET",
        ),
        ("QQQQ", "x", "setting_unknown name=QQQQ source=command line"),
    ],
)
def test_a_text_that_cannot_be_is_refused_with_its_fix(name: str, text: str, fault: str) -> None:
    assert faults(**{name: text}) == [fault]


def test_a_reserved_name_cannot_be_an_instance() -> None:
    assert [fault.split()[0] for fault in faults(INSTANCE="shared")] == ["instance_reserved"]


@pytest.mark.parametrize(
    "address",
    [
        "https://api.bithumb.com.evil.com",
        "http://api.bithumb.com",
        "https://api.bithumb.com@evil.com",
        "https://evil.com",
        "http://127.0.0.1.evil.com",
        "http://127.0.0.1@evil.com",
        "http://127.0.0.1\\@evil.com",
        "http://evil.com#@127.0.0.1",
        "http://10.0.0.1:80",
        "http://2130706433",
        "http://127.0.0.1:0",
        "http://127.0.0.1:99999",
        "ftp://127.0.0.1",
        "127.0.0.1:8080",
        "http://[::2]",
        "http://",
    ],
)
def test_keys_cannot_leave_the_house(address: str) -> None:
    assert [fault.split()[0] for fault in faults(BITHUMB_BASE_URL=address)] == ["address_refused"]


@pytest.mark.parametrize(
    "address",
    [
        "https://api.bithumb.com",
        "https://api.bithumb.com/",
        "http://127.0.0.1:8123",
        "http://localhost:1",
        "http://[::1]:9",
    ],
)
def test_the_official_address_and_this_machine_are_reached(address: str) -> None:
    assert load(BITHUMB_BASE_URL=address).bithumb_base_url == address.rstrip("/")


@pytest.mark.parametrize(
    ("values", "fault"),
    [
        ({"GRID_LOWER": "1", "GRID_UPPER": "2", "GRID_GAP_PCT": "1"}, "grid_two_forms bounds=GRID_LOWER, GRID_UPPER"),
        ({"GRID_LOWER": "1"}, "setting_pair_incomplete name=GRID_LOWER missing=GRID_UPPER"),
        ({"GRID_UPPER": "1"}, "setting_pair_incomplete name=GRID_UPPER missing=GRID_LOWER"),
        ({"GRID_LOWER": "2", "GRID_UPPER": "2"}, "grid_bounds_order lower=2 upper=2"),
        ({"GRID_LOWER": "1", "GRID_UPPER": "2", "GRID_STEPS_ABOVE": "3"}, "grid_steps_above_in_bounds value=3"),
        ({"GRID_ANCHOR": "1", "GRID_TRIGGER_PRICE": "1"}, "grid_anchor_and_trigger"),
        ({"GRID_STOP_LOW": "5", "GRID_STOP_HIGH": "4"}, "grid_stops_order low=5 high=4"),
        ({"KIS_APP_KEY": "k"}, "setting_pair_incomplete name=KIS_APP_KEY missing=KIS_APP_SECRET"),
    ],
)
def test_settings_that_contradict_each_other_are_refused(values: dict[str, str], fault: str) -> None:
    assert faults(**values) == [fault]


def test_all_faults_are_told_at_once() -> None:
    told = faults(
        EXCHANGE="KIS", GRID_STEPS="x", GRID_LOWER="y", ORDER_SIZE="1.5", WEB_PORT="0", KIS_ACCOUNT_NO="1", OOPS="1"
    )

    assert [fault.split()[0] for fault in told] == [
        "setting_unknown",
        "setting_not_a_number",
        "setting_not_a_number",
        "setting_too_low",
        "account_form",
        "setting_pair_incomplete",
        "size_share_fraction",
    ]


@pytest.mark.parametrize(
    ("values", "mode"),
    [
        ({"BOT_DRY_RUN": "false"}, Mode.DRY_RUN),
        ({"BOT_DRY_RUN": "false", "LIVE_ARMED": "kis_bot"}, Mode.DRY_RUN),
        ({"LIVE_ARMED": "bithumb_bot"}, Mode.DRY_RUN),
        ({"BOT_DRY_RUN": "false", "LIVE_ARMED": "bithumb_bot"}, Mode.LIVE),
        ({"EXCHANGE": "KIS", "BOT_DRY_RUN": "false"}, Mode.MOCK),
        ({"EXCHANGE": "KIS"}, Mode.DRY_RUN),
        ({"EXCHANGE": "KIS", "BOT_DRY_RUN": "false", "KIS_MODE": "live"}, Mode.DRY_RUN),
        ({"EXCHANGE": "KIS", "BOT_DRY_RUN": "false", "KIS_MODE": "live", "LIVE_ARMED": "kis_bot"}, Mode.LIVE),
    ],
)
def test_real_money_needs_both_signs(values: dict[str, str], mode: Mode) -> None:
    assert load(**values).mode is mode


def test_a_run_that_stays_dry_for_lack_of_arming_says_so() -> None:
    warnings = [str(warning) for warning in load(EXCHANGE="BITHUMB", BOT_DRY_RUN="false").warnings]

    assert warnings == ["not_armed instance=bithumb_bot"]


def test_missing_keys_are_named() -> None:
    settings = load(EXCHANGE="KIS", KIS_APP_KEY="k", KIS_APP_SECRET="s")

    assert settings.missing_keys() == ("KIS_ACCOUNT_NO",)


def test_protected_holdings_are_never_adopted() -> None:
    assert load(PROTECTED_QTY="3").qty_to_adopt(Decimal(5)) == Decimal(2)
    assert load(PROTECTED_QTY="3").qty_to_adopt(Decimal(2)) == Decimal(0)
    assert load(PROTECTED_QTY="3", ADOPT_QTY="9").qty_to_adopt(Decimal(5)) == Decimal(2)


def test_unlimited_cash_is_none() -> None:
    assert load(PAPER_CASH="Unlimited").paper_cash is None


CANARY = "canary-0123456789"
SECRETS = {
    name: {"KIS_ACCOUNT_NO": "87654321-01", "DATABASE_URL": f"postgresql+psycopg://me:{CANARY}@host/db"}.get(
        name, CANARY
    )
    for name, reader in READERS.items()
    if reader.secret
}


def test_nothing_secret_is_in_a_text_of_the_settings() -> None:
    settings = load(**SECRETS)

    for text in (
        repr(settings),
        str(settings),
        repr(settings.grid(strict=True, bars=False, free_cash=None, adopt_qty=Decimal(0))),
    ):
        assert CANARY not in text
        assert "87654321" not in text
    assert {CANARY, "87654321-01", "8765432101", "87654321"} <= set(settings.secrets())


def test_nothing_secret_is_in_a_fault_even_in_the_wrong_place() -> None:
    broken = {name: f"{text} \x7f" for name, text in SECRETS.items()}

    told = faults(**SECRETS, BITHUMB_MARKET=CANARY, GRID_STEPS=CANARY) + faults(**broken)

    assert len(told) == 2 + len(SECRETS)
    assert CANARY not in " ".join(told)


@given(st.dictionaries(st.sampled_from([*READERS, "SOMETHING"]), st.text(max_size=30), max_size=8))
def test_no_text_raises_anything_but_a_setup_error(values: dict[str, str]) -> None:
    try:
        told = load(**values).warnings
    except SetupError as error:
        told = error.faults

    assert {why.code for why in told} <= set(sentences_of("ko"))


@given(st.decimals(min_value="0.0001", max_value="99.9999", places=4))
def test_a_gap_keeps_every_digit(gap: Decimal) -> None:
    assert load(GRID_GAP_PCT=format(gap, "f")).grid_gap_pct == gap
