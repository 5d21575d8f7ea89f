"""The part of the dialogue that is about US shares at KIS: one of its two worlds, keys, and a share by its name."""

from __future__ import annotations

import re
from functools import partial
from typing import TYPE_CHECKING

from bot.setting_rules import lengths_off
from bot.settings import KIS_OFFICIAL, KisMode
from domain.errors import MarketUnknown, VenueError
from domain.exact import plain
from exchanges.kis.symbols import find, search
from tools.setup.asking import Left, Option
from tools.setup.figures import of_price, pct
from tools.setup.place import SHOWN_MAX, Place
from tools.setup.proposal import HUNDRED
from tools.setup.venue import Account, account_at, counter_at, keys_of, seen_at, why

if TYPE_CHECKING:
    from bot.settings import Settings
    from domain.money import WonRate
    from exchanges.kis.symbols import Share
    from tools.setup.venue import Keys, Seen, ShareCounter

_QUOTE_KEYS = ("KIS_QUOTE_APP_KEY", "KIS_QUOTE_APP_SECRET")
_TICKER = re.compile(r"[A-Za-z0-9][A-Za-z0-9./]{0,11}")


class ShareDesk(Place):
    """US shares for dollars; the broker shows nothing to whoever has no keys."""

    needs_keys = True

    def words(self, code: str) -> str:
        """Return the code of the sentence that is about shares."""
        return f"{code}_share"

    def connect(self) -> None:
        """Come to one of the two worlds with keys of it, and perhaps to a second pair for prices; raises `Left`."""
        asker = self.asker
        asker.line()
        options = [Option(str(each), asker.text(f"setup_kis_{each}")) for each in KisMode]
        self._enter(KisMode(asker.choose("setup_kis_mode", options, str(self.draft.settings().kis_mode))))
        super().connect()
        if self.draft.settings().kis_mode is KisMode.PAPER:
            self._second_pair()

    def market(self) -> tuple[Seen, bool]:
        """Let a share be searched, find the exchange that it is listed on, and read how it moves."""
        asker, begun = self.asker, self.draft.settings()
        before = (begun.kis_symbol, str(begun.kis_exchange_code))
        while True:
            asker.line()
            symbol, code = self._searched(*before)
            asker.say("setup_market_reading", symbol=symbol)
            try:
                counter, code = self._found(begun, symbol, code)
                seen = self.answered(partial(seen_at, counter, symbol, fees_told=False))
                hold = self.answered(partial(counter.buying_hold, symbol))
                account = self.account
                if account is None or (symbol, code) != before:
                    account = self.answered(partial(account_at, counter))
                rate = self.answered(counter.won_rate)
            except MarketUnknown as unknown:
                asker.why(why(unknown))
                continue
            if hold is not None:
                asker.why(hold)
                if not asker.confirm("setup_share_warned", default=False):
                    continue
            self.account = account
            self.draft.set({"KIS_SYMBOL": symbol, "KIS_EXCHANGE_CODE": code})
            self._tell_share(seen, account, code, rate)
            return seen, (symbol, code) == before and not self.is_new

    def _found(self, begun: Settings, symbol: str, code: str) -> tuple[ShareCounter, str]:
        """Connect to the exchange that a share is on, one asked first; raises `MarketUnknown` where it is on none."""
        wanted = begun.model_copy(update={"kis_symbol": symbol, "kis_exchange_code": code})
        counter = self.counter(wanted)
        try:
            self.answered(partial(counter.get_quote, symbol))
        except MarketUnknown:
            found = self.answered(partial(counter.listed_on, symbol))
            if found is None:
                raise
            self.asker.say("setup_share_elsewhere", symbol=symbol, listed=code, found=found)
            return self.counter(wanted.model_copy(update={"kis_exchange_code": found})), found
        return counter, code

    def _tell_share(self, seen: Seen, account: Account, code: str, rate: WonRate | None) -> None:
        """Say what is known of the share and of the money for it."""
        asker, base = self.asker, seen.instrument.base
        asker.say("setup_share_found", symbol=base, listed=code, price=self.purse.price(seen.price))
        dollars = self.purse.amount(account.free_of(self.purse.currency))
        if rate is None:
            asker.say("setup_share_dollars", amount=dollars)
        else:
            asker.say("setup_share_dollars_rate", amount=dollars, rate=of_price(rate.rate))
        asker.say("setup_share_held", qty=plain(account.free_of(base)), base=base)
        fees = seen.instrument.fees
        asker.say("setup_fees_share", buy_pct=pct(fees.buy * HUNDRED), sell_pct=pct(fees.sell * HUNDRED))
        if seen.past.is_daily:
            asker.say("setup_only_days")

    def _tried(self, keys: Keys) -> Account:
        """Return what the keys show; a share that is not there says nothing against them."""
        asker = self.asker
        asker.why(*lengths_off(keys))
        try:
            return super()._tried(keys)
        except MarketUnknown:
            return Account({}, ())

    def _tell_account(self) -> None:
        """Say that the keys are good; the money is told with the share, which it depends on."""
        self.asker.say("setup_keys_good_share", mode=str(self.draft.settings().kis_mode))
        if self.account is not None:
            self.asker.why(*self.account.concerns)
            if not self.account.free:
                self.account = None

    def _enter(self, mode: KisMode) -> None:
        """Choose a world; an official address of the other one is no wish of the owner."""
        official = {address for pair in KIS_OFFICIAL.values() for address in pair}
        names = [name for name in ("KIS_BASE_URL", "KIS_WS_URL") if self.draft.env.value(name).rstrip("/") in official]
        if self.draft.settings().kis_mode is not mode or not self.draft.env.value("KIS_MODE"):
            self.draft.set({"KIS_MODE": str(mode), **dict.fromkeys(names, "")})

    def _other_ways(self) -> tuple[str, ...]:
        return ("live",) if self.draft.settings().kis_mode is KisMode.PAPER else ("paper",)

    def _go(self, way: str) -> None:
        self._enter(KisMode(way))

    def _second_pair(self) -> None:
        """Offer a live pair for prices; it is kept once it has shown one."""
        asker, settings = self.asker, self.draft.settings()
        asker.line()
        found = {name: key for name in _QUOTE_KEYS if (key := getattr(settings, name.lower())) is not None}
        keys: Keys | None = found or None
        if keys is None:
            asker.say("setup_quote_keys_what")
            keys = self._typed_keys(_QUOTE_KEYS) if asker.confirm("setup_quote_keys_wanted", default=False) else None
        while keys is not None:
            asker.why(*lengths_off(keys))
            asker.say("setup_keys_asking_share")
            try:
                self._priced(settings, keys)
            except VenueError as trouble:
                asker.why(why(trouble))
                keys = self._after_second_refusal(keys)
                continue
            self.draft.set({name: key.get_secret_value() for name, key in keys.items()})
            asker.say("setup_quote_keys_good")
            return
        self.draft.set(dict.fromkeys(_QUOTE_KEYS, ""))

    def _after_second_refusal(self, keys: Keys) -> Keys | None:
        """Ask how to go on without prices by the second pair; None goes on without it."""
        asker = self.asker
        ways = {
            "new": "setup_keys_new",
            "again": "setup_keys_again",
            "none": "setup_quote_keys_none",
            "leave": "setup_leave",
        }
        match asker.choose("setup_keys_next", [Option(way, asker.text(code)) for way, code in ways.items()]):
            case "new":
                return self._typed_keys(_QUOTE_KEYS)
            case "again":
                return keys
            case "none":
                return None
            case _:
                raise Left

    def _priced(self, settings: Settings, keys: Keys) -> None:
        """Ask for a price with the second pair; raises `VenueError` where it does not serve."""
        with counter_at(settings, {**(keys_of(settings) or {}), **keys}) as counter:
            try:
                counter.get_quote(settings.kis_symbol)
            except MarketUnknown:
                # It was answered, and that is what was asked.
                return

    def _searched(self, symbol: str, code: str) -> tuple[str, str]:
        """Let a share be searched until one is chosen; returns its ticker and the exchange that it should be on."""
        asker = self.asker
        while True:
            words = asker.ask("setup_market_share", now=symbol)
            if not words or words.upper() == symbol:
                return symbol, code
            if (share := find(words)) is not None:
                return share.symbol, share.exchange_code
            found = search(words, SHOWN_MAX)
            # Nobody lists every share: the exchange that is set is asked for a ticker first, then the others.
            ticker = words.upper() if _TICKER.fullmatch(words) else ""
            if found:
                options = [Option(each.symbol, self._title(each)) for each in found]
                if ticker:
                    options.append(Option(ticker, asker.text("setup_share_as_ticker", symbol=ticker)))
                options.append(Option("", asker.text("setup_market_again")))
                chosen = asker.choose("setup_market_which", options, count=len(found))
                if chosen:
                    return chosen, next((each.exchange_code for each in found if each.symbol == chosen), code)
                continue
            if ticker:
                return ticker, code
            asker.say("setup_share_unknown", words=words[:40])

    def _title(self, share: Share) -> str:
        name = share.korean if self.asker.wording.language == "ko" else share.english
        return f"{share.symbol}  {name}  ({share.exchange_code})"
