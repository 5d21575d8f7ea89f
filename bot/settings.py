"""All settings in one frozen schema; a field's name in capitals is its name in the environment."""

from __future__ import annotations

from datetime import time
from decimal import Decimal
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from pydantic import BaseModel, ConfigDict, Field, SecretStr

from bot.setting_forms import (
    PORT_MAX,
    Account,
    Address,
    Database,
    Folder,
    InstanceName,
    Key,
    Market,
    MarketDays,
    Password,
    Venue,
    forms_of,
)
from bot.setting_values import Cash, Choice, Gain, Number, Reader, Text, Whole, YesNo, order_size
from domain.exact import ONE, ZERO, plain
from domain.instrument import Fees
from domain.reason import Reason
from domain.snapshot import Mode
from strategy.grid.config import (
    Bounds,
    Follow,
    GapPolicy,
    GridSettings,
    OrderSize,
    Profit,
    SizeUnit,
    Spacing,
    Start,
    StopAction,
)

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

    from domain.session import DayPlan

_HUNDRED = Decimal(100)


class Exchange(StrEnum):
    """The venues we know by name."""

    BITHUMB = "BITHUMB"
    KIS = "KIS"
    COINONE = "COINONE"


class KisMode(StrEnum):
    """With which of the broker's worlds we speak: its practice account, or real money."""

    PAPER = "paper"
    LIVE = "live"


class KisExchange(StrEnum):
    """Where a US share is listed."""

    NASD = "NASD"
    NYSE = "NYSE"
    AMEX = "AMEX"


class Language(StrEnum):
    """What the owner reads."""

    KO = "ko"
    EN = "en"


class LogFormat(StrEnum):
    """How a log line is written."""

    TEXT = "text"
    JSON = "json"


class Unit(StrEnum):
    """In what a number is given; `money` is won for coins, dollars for US shares."""

    PERCENT = "percent"
    MONEY = "money"
    QTY = "qty"
    CELLS = "cells"
    ORDERS = "orders"
    SECONDS = "seconds"
    MINUTES = "minutes"


class Source(StrEnum):
    """Where a value was found, each going before the one above it."""

    DEFAULT = "default"
    DOTENV = ".env"
    ENVIRONMENT = "environment"
    OPTIONS = "options"
    COMMAND_LINE = "command line"


BUILT = (Exchange.BITHUMB, Exchange.KIS)

KIS_OFFICIAL = {
    KisMode.LIVE: ("https://openapi.koreainvestment.com:9443", "ws://ops.koreainvestment.com:21000"),
    KisMode.PAPER: ("https://openapivts.koreainvestment.com:29443", "ws://ops.koreainvestment.com:31000"),
}
"""The broker's addresses of each world: HTTP, websocket."""

_HTTP = ("http", "https")
_WS = ("ws", "wss")

_US_DAYS = MarketDays(time(9, 30), time(16))
_WORLD = Choice(
    KisMode,
    (
        (KisMode.LIVE, "real prod production 실전 실전투자 실계좌"),
        (KisMode.PAPER, "mock demo vts virtual 모의 모의투자"),
    ),
)
_LISTED = Choice(
    KisExchange,
    # What quotes call them, and people.
    (
        (KisExchange.NASD, "nas nasdaq 나스닥"),
        (KisExchange.NYSE, "nys 뉴욕"),
        (KisExchange.AMEX, "ams arca nysearca 아멕스"),
    ),
)

_Price = Annotated[Decimal | None, Number(above=ZERO), Unit.MONEY]
_Money = Annotated[Decimal, Number(lowest=ZERO), Unit.MONEY]
_Cap = Annotated[Decimal | None, Number(above=ZERO), Unit.MONEY]
_FeePct = Annotated[Decimal, Number(lowest=-ONE, below=Decimal(50)), Unit.PERCENT]
_Action = Annotated[StopAction, Choice(StopAction)]
_Secret = Annotated[SecretStr | None, Key()]


class Settings(BaseModel):
    """Everything the owner can set, made by `bot.sources.load_settings`.

    Its text never shows a secret. A field without a default here has one that depends on the exchange.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    exchange: Annotated[Exchange, Venue(Exchange, BUILT)] = Exchange.BITHUMB
    instance: Annotated[str, InstanceName()]
    language: Annotated[Language, Choice(Language)] = Language.KO
    bot_dry_run: Annotated[bool, YesNo()] = True
    live_armed: Annotated[str, Text()] = ""

    bithumb_access_key: _Secret = None
    bithumb_secret_key: _Secret = None
    bithumb_market: Annotated[str, Market()] = "KRW-BTC"
    bithumb_base_url: Annotated[str | None, Address(_HTTP, ("https://api.bithumb.com",))] = None
    bithumb_ws_url: Annotated[str | None, Address(_WS, ("wss://ws-api.bithumb.com",))] = None

    kis_app_key: _Secret = None
    kis_app_secret: _Secret = None
    kis_account_no: Annotated[SecretStr | None, Account()] = None
    kis_mode: Annotated[KisMode, _WORLD] = KisMode.PAPER
    kis_exchange_code: Annotated[KisExchange, _LISTED] = KisExchange.NASD
    kis_symbol: Annotated[str, Text(r"[A-Z0-9][A-Z0-9./]{0,11}", "symbol_form", upper=True)] = "TQQQ"
    kis_use_hashkey: Annotated[bool, YesNo()] = False
    kis_quote_app_key: _Secret = None
    kis_quote_app_secret: _Secret = None
    kis_base_url: Annotated[str | None, Address(_HTTP, tuple(http for http, _ in KIS_OFFICIAL.values()))] = None
    kis_ws_url: Annotated[str | None, Address(_WS, tuple(ws for _, ws in KIS_OFFICIAL.values()))] = None

    coinone_access_token: _Secret = None
    coinone_secret_key: _Secret = None
    coinone_market: Annotated[str, Market()] = "KRW-BTC"
    coinone_base_url: Annotated[str | None, Address(_HTTP, ("https://api.coinone.co.kr",))] = None
    coinone_ws_url: Annotated[str | None, Address(_WS, ("wss://stream.coinone.co.kr",))] = None

    grid_steps: Annotated[int, Whole(1, 500), Unit.CELLS] = 20
    grid_steps_above: Annotated[int, Whole(0, 500), Unit.CELLS] = 0
    grid_gap_pct: Annotated[Decimal, Number(above=ZERO, below=_HUNDRED), Unit.PERCENT] = ONE
    grid_spacing: Annotated[Spacing, Choice(Spacing)] = Spacing.GEOMETRIC
    grid_lower: _Price = None
    grid_upper: _Price = None
    order_size: Annotated[str, Text()]
    grid_start: Annotated[Start, Choice(Start)] = Start.BUY_ONLY
    adopt_qty: Annotated[Decimal | None, Number(above=ZERO), Unit.QTY] = None
    grid_anchor: _Price = None
    grid_trigger_price: _Price = None
    grid_follow: Annotated[Follow, Choice(Follow)]
    grid_follow_max: _Price = None
    grid_stop_low: _Price = None
    grid_stop_low_action: _Action = StopAction.PAUSE
    grid_stop_high: _Price = None
    grid_stop_high_action: _Action = StopAction.PAUSE
    max_drawdown_pct: Annotated[Decimal | None, Number(above=ZERO, highest=_HUNDRED), Unit.PERCENT] = None
    max_drawdown_pct_action: _Action = StopAction.PAUSE
    take_profit: Annotated[Profit | None, Gain(), Unit.MONEY] = None
    take_profit_action: _Action = StopAction.PAUSE
    max_open_orders: Annotated[int, Whole(0, 1000), Unit.ORDERS] = 10
    maker_only: Annotated[bool, YesNo()] = False
    reinvest: Annotated[bool, YesNo()] = False
    fee_buy_pct: _FeePct = Decimal("0.25")
    fee_sell_pct: _FeePct = Decimal("0.25")
    sell_tax_pct: Annotated[Decimal, Number(lowest=ZERO, below=Decimal(50)), Unit.PERCENT] = ZERO
    open_delay_s: Annotated[int, Whole(0, 3600), Unit.SECONDS] = 60
    gap_policy: Annotated[GapPolicy, Choice(GapPolicy)] = GapPolicy.LIMIT
    max_levels_per_open: Annotated[int, Whole(0, 500), Unit.CELLS] = 3
    market_days: Annotated[str, _US_DAYS] = ""

    max_order_notional: _Cap = None
    max_position_notional: _Cap = None
    cash_reserve: _Money = ZERO
    protected_qty: Annotated[Decimal, Number(lowest=ZERO), Unit.QTY] = ZERO
    paper_cash: Annotated[Decimal | None, Cash(), Unit.MONEY]

    report_interval_minutes: Annotated[int, Whole(0, 44640), Unit.MINUTES] = 60
    mqtt_host: Annotated[str | None, Text(r"[A-Za-z0-9.:_\[\]-]{1,253}", "host_form")] = None
    mqtt_port: Annotated[int, Whole(1, PORT_MAX)] = 1883
    mqtt_username: Annotated[str | None, Text()] = None
    mqtt_password: Annotated[SecretStr | None, Password()] = None
    mqtt_tls: Annotated[bool, YesNo()] = False
    mqtt_commands: Annotated[bool, YesNo()] = False
    web_port: Annotated[int, Whole(1, PORT_MAX)]
    data_dir: Annotated[Path, Folder()]
    shared_dir: Annotated[Path, Folder()]
    database_url: Annotated[SecretStr | None, Database()] = None
    log_format: Annotated[LogFormat, Choice(LogFormat)] = LogFormat.TEXT

    # Not set by the owner: what the reading of the sources found.
    in_home_assistant: bool = False
    origins: dict[str, Source] = Field(default_factory=dict, repr=False)
    warnings: tuple[Reason, ...] = Field(default=(), repr=False)

    def is_set(self, name: str) -> bool:
        """Whether the owner gave the value (`WEB_PORT`: a port that is not given may move on when it is busy)."""
        return self.origins.get(name, Source.DEFAULT) is not Source.DEFAULT

    @property
    def symbol(self) -> str:
        """Return what is traded, as the venue names it."""
        match self.exchange:
            case Exchange.BITHUMB:
                return self.bithumb_market
            case Exchange.COINONE:
                return self.coinone_market
            case Exchange.KIS:
                return self.kis_symbol

    @property
    def base(self) -> str:
        """Return the coin or share that is traded."""
        return self.symbol if self.whole_shares else self.symbol.removeprefix("KRW-")

    @property
    def currency(self) -> str:
        """Return the currency of prices and cash."""
        return "USD" if self.whole_shares else "KRW"

    @property
    def whole_shares(self) -> bool:
        """Whether quantities are whole shares."""
        return self.exchange is Exchange.KIS

    @property
    def size(self) -> OrderSize:
        """Return `ORDER_SIZE`, understood."""
        return order_size(self.order_size, base=self.base, currency=self.currency, whole_shares=self.whole_shares)

    @property
    def day_plans(self) -> Mapping[date, DayPlan]:
        """Return `MARKET_DAYS`, understood: what goes before the market's calendar, by its own dates."""
        return _US_DAYS.plans(self.market_days)

    def with_dials(self, gap_pct: Decimal, size: Decimal) -> Settings:
        """Return the settings with the gap in percent and the size in its own unit as the owner has set them since."""
        counted_in = "shares" if self.whole_shares else self.base
        unit = counted_in if self.size.unit is SizeUnit.BASE else self.currency
        order_size = self.order_size if size == self.size.amount else f"{plain(size)}{unit}"
        return self.model_copy(update={"grid_gap_pct": gap_pct, "order_size": order_size})

    @property
    def bounds(self) -> Bounds | None:
        """Return the lowest and highest line where the owner gave them."""
        if self.grid_lower is None or self.grid_upper is None:
            return None
        return Bounds(self.grid_lower, self.grid_upper)

    @property
    def is_armed(self) -> bool:
        """Whether the owner allowed real money: no dry run, and this very instance armed."""
        return not self.bot_dry_run and self.live_armed == self.instance

    @property
    def mode(self) -> Mode:
        """Return with what a run without further wishes trades; the broker's practice account needs no arming."""
        if self.exchange is Exchange.KIS and self.kis_mode is KisMode.PAPER:
            return Mode.DRY_RUN if self.bot_dry_run else Mode.MOCK
        return Mode.LIVE if self.is_armed else Mode.DRY_RUN

    def missing_keys(self) -> tuple[str, ...]:
        """Return the names of the keys that trading on this venue needs and that are not set."""
        needed = {
            Exchange.BITHUMB: ("bithumb_access_key", "bithumb_secret_key"),
            Exchange.KIS: ("kis_app_key", "kis_app_secret", "kis_account_no"),
            Exchange.COINONE: ("coinone_access_token", "coinone_secret_key"),
        }
        return tuple(name.upper() for name in needed[self.exchange] if getattr(self, name) is None)

    def fees(self) -> Fees:
        """Return the fees as fractions, for as long as the venue does not tell its own."""
        return Fees(self.fee_buy_pct / _HUNDRED, self.fee_sell_pct / _HUNDRED, self.sell_tax_pct / _HUNDRED)

    def qty_to_adopt(self, free: Decimal) -> Decimal:
        """Return how much of the free holdings the grid takes over, never touching `PROTECTED_QTY`."""
        allowed = max(free - self.protected_qty, ZERO)
        return allowed if self.adopt_qty is None else min(self.adopt_qty, allowed)

    def grid(self, *, strict: bool, bars: bool, free_cash: Decimal | None, adopt_qty: Decimal) -> GridSettings:
        """Return the grid; `free_cash` is what the venue has free (None: unlimited), `CASH_RESERVE` comes off here."""
        return GridSettings(
            steps=self.grid_steps,
            steps_above=self.grid_steps_above,
            gap=self.grid_gap_pct / _HUNDRED,
            bounds=self.bounds,
            spacing=self.grid_spacing,
            size=self.size,
            start=self.grid_start,
            adopt_qty=adopt_qty,
            anchor=self.grid_anchor,
            trigger=self.grid_trigger_price,
            follow=self.grid_follow,
            follow_max=self.grid_follow_max,
            stop_low=self.grid_stop_low,
            stop_low_action=self.grid_stop_low_action,
            stop_high=self.grid_stop_high,
            stop_high_action=self.grid_stop_high_action,
            drawdown_pct=self.max_drawdown_pct,
            drawdown_action=self.max_drawdown_pct_action,
            take_profit=self.take_profit,
            take_profit_action=self.take_profit_action,
            open_orders_max=self.max_open_orders,
            maker_only=self.maker_only,
            reinvest=self.reinvest,
            gap_policy=self.gap_policy,
            levels_per_open_max=self.max_levels_per_open,
            free_cash=None if free_cash is None else free_cash - self.cash_reserve,
            strict=strict,
            bars=bars,
        )

    def secrets(self) -> tuple[str, ...]:
        """Return every text that must not appear in a log."""
        values = (getattr(self, name.lower()) for name in READERS)
        return tuple(form for value in values if isinstance(value, SecretStr) for form in forms_of(value))


READERS: dict[str, Reader] = {
    name.upper(): reader
    for name, field in Settings.model_fields.items()
    for reader in field.metadata
    if isinstance(reader, Reader)
}
"""How each setting is read, by its name in the environment, in the order of the guide."""


def derived_defaults(
    exchange: Exchange, *, in_bounds: bool = False, in_home_assistant: bool = False, data_dir: str | None = None
) -> dict[str, str]:
    """Return the defaults that depend on other settings, as texts."""
    stocks = exchange is Exchange.KIS
    folder = data_dir or ("/data" if in_home_assistant else "./data")
    return {
        "INSTANCE": f"{exchange.lower()}_bot",
        "ORDER_SIZE": "1shares" if stocks else "10000KRW",
        "GRID_FOLLOW": str(Follow.OFF if in_bounds else Follow.FLAT),
        "PAPER_CASH": "10000" if stocks else "10000000",
        "WEB_PORT": {Exchange.BITHUMB: "8099", Exchange.KIS: "8100", Exchange.COINONE: "8101"}[exchange],
        "DATA_DIR": folder,
        "SHARED_DIR": "/share/badukpan" if in_home_assistant else f"{folder}/shared",
    }


def exchange_of(text: str | None) -> Exchange:
    """Return the exchange of a text, Bithumb where it names none."""
    return next((venue for venue in Exchange if text and venue.casefold() == text.casefold()), Exchange.BITHUMB)
