"""Prices of US shares: the last trade, bars, what the venue says of trading, and on which exchange a share is."""

from __future__ import annotations

import re
from contextlib import suppress
from datetime import timedelta
from typing import TYPE_CHECKING

from domain.errors import VenueError
from domain.market import Quote
from domain.reason import reason
from exchanges.kis import calls, parsing
from exchanges.kis.rules import RULES
from exchanges.refusals import KeyRefused, NoSuchMarket
from exchanges.transport import NoAnswer

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date, datetime
    from decimal import Decimal

    from domain.market import Candle
    from domain.reason import Reason
    from domain.session import MarketHours
    from exchanges.kis.calls import Endpoint
    from exchanges.kis.client import Client
    from exchanges.kis.parsing import Price
    from exchanges.transport import ServerClock

MINUTES_PER_PAGE = 120

_MINUTE_S = 60
_DAY_S = 86_400
_ONE_DAY = timedelta(days=1)
_MINUTES = tuple(_MINUTE_S * count for count in (1, 2, 3, 5, 10, 15, 30, 60, 120))
_SYMBOL = re.compile(r"[A-Z0-9][A-Z0-9./]{0,11}")


class Quotes:
    """Asks for prices on one exchange, with the account's own key or with another one."""

    def __init__(
        self, client: Client, exchange_code: str, hours: MarketHours, clock: ServerClock, *, own_key: bool = False
    ) -> None:
        """Remember whom to ask; `exchange_code` is that of orders. `own_key`: the key serves for prices alone."""
        self._client = client
        self._own_key = own_key
        self._code = calls.QUOTE_CODES[exchange_code]
        self._hours = hours
        self._clock = clock
        self._seen: dict[str, tuple[tuple[Decimal, Decimal | None], datetime]] = {}
        self._elsewhere: dict[str, str | None] = {}

    @property
    def is_live(self) -> bool:
        """Whether the calls are there that only live keys have."""
        return calls.MINUTES.served(self._client.mode)

    def last(self, symbol: str) -> Quote:
        """Return the last trade; the venue does not say when it was, so it is as old as we have seen it unchanged."""
        shown = self.price(symbol)
        if shown.last is None:
            raise NoAnswer("price: none yet", why=reason("kis_no_price", symbol=symbol))
        trade = (shown.last, shown.volume)
        known, at = self._seen.get(symbol, (None, None))
        if at is None or known != trade:
            at = self._clock.now()
            self._seen[symbol] = (trade, at)
        return Quote(symbol, shown.last, at, currency=RULES.currency)

    def known_price(self, symbol: str) -> Decimal | None:
        """Return the last price that was asked for."""
        seen = self._seen.get(symbol)
        return None if seen is None else seen[0][0]

    def price(self, symbol: str) -> Price:
        """Ask for the price; raises `MarketUnknown` where the exchange has no such share."""
        shown = self._price(symbol, self._code)
        if not shown.is_listed:
            raise NoSuchMarket("price: every field is blank", why=self._why_unknown(symbol))
        return shown

    def _why_unknown(self, symbol: str) -> Reason:
        """Say on which other exchange a share is; looked for once, for who asks on is about to be told the same."""
        if symbol not in self._elsewhere:
            self._elsewhere[symbol] = None
            # That it is not here is certain already; an answer that does not come takes nothing of it.
            with suppress(VenueError):
                self._elsewhere[symbol] = self.listed_on(symbol)
        code = self._elsewhere[symbol]
        if code is None:
            return reason("kis_market_unknown", symbol=symbol)
        return reason("kis_symbol_elsewhere", symbol=symbol, exchange=code)

    def hold(self, symbol: str) -> Reason | None:
        """Ask why the share cannot be traded; words that we do not know hold nothing back."""
        says = [self.price(symbol).says]
        if self.is_live:
            # The price has answered already; a host without the details holds nothing back.
            with suppress(VenueError):
                says.append(parsing.detail_says(self._read(calls.PRICE_DETAIL, *_share(self._code, symbol))))
        return next(
            (reason("kis_halted", symbol=symbol, says=each) for each in says if parsing.forbids_trading(each)), None
        )

    def listed_on(self, symbol: str) -> str | None:
        """Look on which of the three exchanges a share is; None where it is on none."""
        if not _SYMBOL.fullmatch(symbol):
            return None
        for code, quoted in calls.QUOTE_CODES.items():
            if self._price(symbol, quoted).is_listed:
                return code
        return None

    def candles(self, symbol: str, interval_s: int, count: int) -> tuple[Candle, ...]:
        """Return the newest bars, oldest first; raises `ValueError` for an interval that is not to be had."""
        if interval_s != _DAY_S and (interval_s not in _MINUTES or not self.is_live):
            offered = (*(_MINUTES if self.is_live else ()), _DAY_S)
            message = f"no bars of {interval_s} s; there are {', '.join(map(str, offered))}"
            raise ValueError(message)
        if count <= 0:
            return ()
        check(symbol)
        bars = self._days(symbol, count) if interval_s == _DAY_S else self._minutes(symbol, interval_s, count)
        return tuple(bars[at] for at in sorted(bars)[-count:])

    def _price(self, symbol: str, code: str) -> Price:
        check(symbol)
        return parsing.price(self._read(calls.PRICE, *_share(code, symbol)))

    def _read(self, endpoint: Endpoint, *params: tuple[str, str]) -> Mapping[str, object]:
        try:
            return self._client.read(endpoint, *params)
        except KeyRefused as refusal:
            if not self._own_key:
                raise
            # The owner has two pairs of keys in the settings: this is not the one that trades.
            why = reason("kis_quote_key_refused", msg_cd=refusal.why.plain_figures().get("msg_cd", "-"))
            raise KeyRefused(str(refusal), why=why) from None

    def _days(self, symbol: str, count: int) -> dict[datetime, Candle]:
        bars: dict[datetime, Candle] = {}
        until = ""
        while len(bars) < count:
            # Adjusted for splits: a bar of yesterday stands beside one of today.
            params = (*_share(self._code, symbol), ("GUBN", "0"), ("BYMD", until), ("MODP", "1"))
            page = parsing.day_bars(self._read(calls.DAYS, *params), self._begin_of)
            before = len(bars)
            bars |= {bar.at: bar for bar in page}
            if len(bars) == before:
                break
            until = f"{self._hours.date_of(min(bars)) - _ONE_DAY:%Y%m%d}"
        return bars

    def _minutes(self, symbol: str, interval_s: int, count: int) -> dict[datetime, Candle]:
        bars: dict[datetime, Candle] = {}
        including, further, key = "0", "", ""
        while len(bars) < count:
            params = (
                *_share(self._code, symbol),
                ("NMIN", str(interval_s // _MINUTE_S)),
                ("PINC", including),
                ("NEXT", further),
                ("NREC", str(min(count - len(bars), MINUTES_PER_PAGE))),
                ("FILL", ""),
                ("KEYB", key),
            )
            page = parsing.minute_bars(self._read(calls.MINUTES, *params), self._hours.zone)
            before = len(bars)
            bars |= {bar.at: bar for bar in page}
            if len(bars) == before and including == "1":
                break
            including = "1"
            if bars:
                older = min(bars) - timedelta(seconds=interval_s)
                further, key = "1", f"{older.astimezone(self._hours.zone):%Y%m%d%H%M%S}"
        return bars

    def _begin_of(self, day: date) -> datetime:
        session = self._hours.regular_on(day)
        return self._hours.midnight_of(day) if session is None else session.opens_at


def check(symbol: str) -> None:
    """Raise `MarketUnknown` for what cannot be a share's name."""
    if not _SYMBOL.fullmatch(symbol):
        raise NoSuchMarket("no share has such a name", why=reason("kis_market_unknown", symbol=symbol))


def _share(code: str, symbol: str) -> tuple[tuple[str, str], ...]:
    return ("AUTH", ""), ("EXCD", code), ("SYMB", symbol)
