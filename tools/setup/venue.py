"""What the dialogue asks of the exchange: whether the keys serve, which markets there are, how one of them moves."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from pydantic import SecretStr

from bot.clock import SystemClock
from bot.settings import Exchange
from bot.wiring.adapters import adapter_of
from bot.workers import Alarm, not_reached
from domain.exact import ZERO
from tools.setup.proposal import Past

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from decimal import Decimal

    from bot.settings import Settings
    from domain.account import Balance
    from domain.errors import VenueError
    from domain.instrument import Instrument
    from domain.market import Candle, Quote
    from domain.money import WonRate
    from domain.reason import Reason

DAYS = 60
HOURS = 480
_DAY_S = 86_400
_HOUR_S = 3600


class MarketName(Protocol):
    """A market in the exchange's list."""

    @property
    def symbol(self) -> str:
        """Return its code."""
        ...

    @property
    def korean_name(self) -> str:
        """Return its Korean name, empty where there is none."""
        ...

    @property
    def english_name(self) -> str:
        """Return its English name, empty where there is none."""
        ...

    @property
    def caution(self) -> bool:
        """Whether the exchange warns of it."""
        ...


class Counter(Protocol):
    """The exchange as the dialogue needs it. Every call may raise `VenueError`."""

    def get_balance(self) -> tuple[Balance, ...]:
        """Return every currency and coin of the account; needs keys."""
        ...

    def concerns(self) -> tuple[Reason, ...]:
        """Return what the owner should see to."""
        ...

    def markets(self) -> Sequence[MarketName]:
        """Return all markets."""
        ...

    def get_quote(self, symbol: str) -> Quote:
        """Return the last trade."""
        ...

    def candles(self, symbol: str, *, interval_s: int, count: int) -> tuple[Candle, ...]:
        """Return the newest bars, oldest first."""
        ...

    def refresh_instrument(self, symbol: str) -> Instrument:
        """Return ticks, minimum and, with keys, the account's own fees."""
        ...

    def buying_hold(self, symbol: str) -> Reason | None:
        """Return why nothing should be bought there now."""
        ...


class ShareCounter(Counter, Protocol):
    """The broker of shares as the dialogue needs it."""

    def listed_on(self, symbol: str) -> str | None:
        """Return on which exchange a share is; None where it is on none."""
        ...

    def won_rate(self) -> WonRate | None:
        """Return how many won the broker reckons for a dollar."""
        ...


@dataclass(frozen=True, slots=True)
class Account:
    """What a working pair of keys shows."""

    free: Mapping[str, Decimal]
    concerns: tuple[Reason, ...]

    def free_of(self, currency: str) -> Decimal:
        """Return what is free of a currency or coin."""
        return self.free.get(currency, ZERO)


@dataclass(frozen=True, slots=True)
class Seen:
    """A market as it is now; `fees_told` says whether its fees are the account's own, asked with keys."""

    instrument: Instrument
    price: Decimal
    past: Past
    fees_told: bool


Keys = Mapping[str, SecretStr]
"""The keys of an account by the names of their settings; none of them is ever shown."""

NEEDED = {
    Exchange.BITHUMB: ("BITHUMB_ACCESS_KEY", "BITHUMB_SECRET_KEY"),
    Exchange.KIS: ("KIS_ACCOUNT_NO", "KIS_APP_KEY", "KIS_APP_SECRET"),
}
"""What opens an account, in the order in which it is asked for."""


def keys_of(settings: Settings) -> Keys | None:
    """Return the keys that are set; None where one is missing."""
    found = {name: getattr(settings, name.lower()) for name in NEEDED[settings.exchange]}
    return found if all(found.values()) else None


@contextmanager
def counter_at(settings: Settings, keys: Keys | None) -> Iterator[ShareCounter]:
    """Lend a connection to the exchange that is set; without keys only the public calls serve, where there are any."""
    with_keys = settings.model_copy(update={name.lower(): key for name, key in (keys or {}).items()})
    with closing(adapter_of(with_keys, SystemClock(), Alarm().wait, with_keys=keys is not None)) as made:
        yield made


def account_at(counter: Counter) -> Account:
    """Return what the keys show; raises `VenueError` where they are refused or nobody answers."""
    balances = counter.get_balance()
    return Account({each.currency: each.free for each in balances}, counter.concerns())


def seen_at(counter: Counter, symbol: str, *, fees_told: bool) -> Seen:
    """Return how a market stands and how it moved lately."""
    quote = counter.get_quote(symbol)
    instrument = counter.refresh_instrument(symbol)
    days = counter.candles(symbol, interval_s=_DAY_S, count=DAYS)
    try:
        hours = counter.candles(symbol, interval_s=_HOUR_S, count=HOURS)
    except ValueError:
        # The practice server of shares shows days alone.
        hours = ()
    return Seen(instrument, quote.last, Past(days, hours), fees_told)


def why(trouble: VenueError) -> Reason:
    """Return what to tell the owner of a call that came to nothing."""
    return not_reached(trouble)


def found_in(markets: Iterable[MarketName], words: str) -> list[MarketName]:
    """Return the won markets that a search means, the best first: by code, coin, Korean or English name.

    Whoever names one exactly is not shown others that only contain the word.
    """
    wanted = _plain(words)
    if not wanted:
        return []
    ranked = [(rank, each.symbol, each) for each in markets if (rank := _rank(each, wanted)) is not None]
    exact = [each for rank, _, each in ranked if rank == 0]
    return exact or [each for _, _, each in sorted(ranked, key=lambda item: item[:2])]


def _rank(market: MarketName, wanted: str) -> int | None:
    """Return how well a market fits: 0 exactly, 1 by a beginning, 2 by a part; None not at all."""
    if not market.symbol.startswith("KRW-"):
        return None
    names = [_plain(each) for each in (market.symbol, market.symbol[4:], market.korean_name, market.english_name)]
    if wanted in names:
        return 0
    if any(name.startswith(wanted) for name in names):
        return 1
    return 2 if any(wanted in name for name in names) else None


def _plain(text: str) -> str:
    """Take out what does not tell names apart: case, spaces, hyphens, and how a keyboard composes Hangul."""
    composed = unicodedata.normalize("NFC", text).casefold()
    return "".join(sign for sign in composed if sign.isalnum())
