"""What must hold between settings, each rule with its fix, and what the owner should know of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from bot.setting_values import Refused
from bot.settings import KIS_OFFICIAL, Exchange, KisMode
from domain.reason import Reason, reason
from strategy.grid.config import Follow, Start

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from pydantic import SecretStr

    from bot.settings import Settings

_LENGTHS = {
    "KIS_APP_KEY": 36,
    "KIS_APP_SECRET": 180,
    "KIS_QUOTE_APP_KEY": 36,
    "KIS_QUOTE_APP_SECRET": 180,
}
"""How many characters the broker's keys have; source: the API documents at KIS Developers."""
_KOREAN_DIGITS = 6

_PAIRS = (
    ("BITHUMB_ACCESS_KEY", "BITHUMB_SECRET_KEY"),
    ("KIS_APP_KEY", "KIS_APP_SECRET"),
    ("KIS_QUOTE_APP_KEY", "KIS_QUOTE_APP_SECRET"),
    ("COINONE_ACCESS_TOKEN", "COINONE_SECRET_KEY"),
    ("GRID_LOWER", "GRID_UPPER"),
)


@dataclass(frozen=True, slots=True)
class Read:
    """What was read: `given` are the names that the owner set, `faulty` those of them that are at their default now."""

    settings: Settings
    given: frozenset[str]
    faulty: frozenset[str]

    def sound(self, *names: str) -> bool:
        """Whether the values of these settings are those the owner wants."""
        return self.faulty.isdisjoint(names)


def broken_rules(read: Read) -> Iterator[Reason]:
    """Name every rule that is broken."""
    for pair in _PAIRS:
        present = [name for name in pair if name in read.given]
        if len(present) == 1:
            missing = next(name for name in pair if name not in present)
            yield reason("setting_pair_incomplete", name=present[0], missing=missing)
    yield from _forms_of_the_grid(read)
    yield from _prices_in_order(read)
    yield from _size(read)
    yield from _world_of_the_broker(read)
    yield from _share_of_the_broker(read)


def _forms_of_the_grid(read: Read) -> Iterator[Reason]:
    bounds = [name for name in ("GRID_LOWER", "GRID_UPPER") if name in read.given]
    if bounds and "GRID_GAP_PCT" in read.given:
        yield reason("grid_two_forms", bounds=", ".join(bounds))
    if bounds and read.settings.grid_steps_above:
        yield reason("grid_steps_above_in_bounds", value=read.settings.grid_steps_above)
    if {"GRID_ANCHOR", "GRID_TRIGGER_PRICE"} <= read.given:
        yield reason("grid_anchor_and_trigger")


def _prices_in_order(read: Read) -> Iterator[Reason]:
    lower, upper = read.settings.grid_lower, read.settings.grid_upper
    if lower is not None and upper is not None and lower >= upper:
        yield reason("grid_bounds_order", lower=lower, upper=upper)
    low, high = read.settings.grid_stop_low, read.settings.grid_stop_high
    if low is not None and high is not None and low >= high:
        yield reason("grid_stops_order", low=low, high=high)


def _size(read: Read) -> Iterator[Reason]:
    if not read.sound("EXCHANGE", "ORDER_SIZE", "BITHUMB_MARKET", "KIS_SYMBOL", "COINONE_MARKET"):
        return
    try:
        _ = read.settings.size
    except Refused as refused:
        yield named(refused.why, "ORDER_SIZE")


def _world_of_the_broker(read: Read) -> Iterator[Reason]:
    """The practice account's keys and the real address, or the reverse, must not meet."""
    mode = read.settings.kis_mode
    other = KIS_OFFICIAL[KisMode.LIVE if mode is KisMode.PAPER else KisMode.PAPER]
    addresses = {"KIS_BASE_URL": read.settings.kis_base_url, "KIS_WS_URL": read.settings.kis_ws_url}
    for (name, address), origin, fit in zip(addresses.items(), other, KIS_OFFICIAL[mode], strict=True):
        if read.sound("KIS_MODE") and address is not None and address.startswith(origin):
            yield reason("kis_address_of_other_mode", name=name, value=address, mode=str(mode), suggestion=fit)


def _share_of_the_broker(read: Read) -> Iterator[Reason]:
    """What is no US share, and a key for prices that cannot be the live one."""
    settings = read.settings
    if settings.exchange is not Exchange.KIS:
        return
    if len(settings.kis_symbol) == _KOREAN_DIGITS and settings.kis_symbol.isdecimal():
        yield reason("kis_symbol_korean", name="KIS_SYMBOL", value=settings.kis_symbol)
    if settings.kis_symbol == settings.currency:
        # There is a fund of this name; an account's dollars and its shares could not be told apart.
        yield reason("kis_symbol_currency", name="KIS_SYMBOL", value=settings.kis_symbol)
    own, second = settings.kis_app_key, settings.kis_quote_app_key
    is_practice = read.sound("KIS_MODE") and settings.kis_mode is KisMode.PAPER
    if is_practice and own is not None and own == second:
        yield reason("kis_quote_key_same", name="KIS_QUOTE_APP_KEY", other="KIS_APP_KEY")


def remarks(read: Read) -> Iterator[Reason]:
    """Name what is no fault but worth a line at the start."""
    settings = read.settings
    if "EXCHANGE" not in read.given:
        yield reason("exchange_default", exchange=str(settings.exchange))
    practice = settings.exchange is Exchange.KIS and settings.kis_mode is KisMode.PAPER
    if not settings.bot_dry_run and not settings.is_armed and not practice:
        yield reason("not_armed", instance=settings.instance)
    if settings.adopt_qty is not None and settings.grid_start is not Start.ADOPT:
        yield reason("setting_without_effect", name="ADOPT_QTY", needs="GRID_START=adopt")
    if settings.grid_follow_max is not None and settings.grid_follow is Follow.OFF:
        yield reason("setting_without_effect", name="GRID_FOLLOW_MAX", needs="GRID_FOLLOW=flat")
    if settings.exchange is Exchange.KIS:
        yield from lengths_off({name: getattr(settings, name.lower()) for name in _LENGTHS})
    if settings.market_days and settings.exchange is not Exchange.KIS:
        yield reason("setting_without_effect", name="MARKET_DAYS", needs="EXCHANGE=KIS")


def lengths_off(keys: Mapping[str, SecretStr | None]) -> Iterator[Reason]:
    """Name keys of the broker that are not as long as all of them are: a piece of one was lost in copying."""
    for name, usual in _LENGTHS.items():
        key = keys.get(name)
        if key is not None and (found := len(key.get_secret_value())) != usual:
            yield reason("kis_key_length", name=name, found=found, usual=usual)


def named(why: Reason, name: str) -> Reason:
    """Put the setting's name before the figures."""
    return Reason(why.code, (("name", name), *why.figures))
