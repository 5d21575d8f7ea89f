"""The part of the dialogue that is about coins at Bithumb: a market found by its name, and what is told of it."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from domain.errors import MarketUnknown
from domain.exact import plain
from tools.setup.asking import Option
from tools.setup.figures import pct
from tools.setup.place import SHOWN_MAX, Place
from tools.setup.proposal import HUNDRED
from tools.setup.venue import found_in, seen_at, why

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tools.setup.venue import MarketName, Seen, ShareCounter


class CoinDesk(Place):
    """Coins for won; the market is open to everybody, only the account needs keys."""

    needs_keys = False
    _open: ShareCounter | None = None

    def words(self, code: str) -> str:
        """Return the code itself: the sentences begin with coins."""
        return code

    def market(self) -> tuple[Seen, bool]:
        """Let a market be searched and read how it moves."""
        asker, account = self.asker, self.account
        counter = self._open = self._open or self.counter()
        listed = self.answered(counter.markets)
        before = self.draft.settings().bithumb_market
        while True:
            asker.line()
            market = self._searched(listed, before)
            symbol = market.symbol
            asker.say("setup_market_reading", symbol=symbol)
            try:
                seen = self.answered(partial(seen_at, counter, symbol, fees_told=account is not None))
                hold = self.answered(partial(counter.buying_hold, symbol))
            except MarketUnknown as unknown:
                asker.why(why(unknown))
                continue
            if hold is not None:
                asker.why(hold)
                if not asker.confirm("setup_market_warned", default=False):
                    continue
            self.draft.set({"BITHUMB_MARKET": symbol})
            if account is not None:
                base = seen.instrument.base
                asker.say("setup_market_held", qty=plain(account.free_of(base)), base=base)
            fees = seen.instrument.fees
            code = "setup_fees_told" if seen.fees_told else "setup_fees_assumed"
            asker.say(code, buy_pct=pct(fees.buy * HUNDRED), sell_pct=pct(fees.sell * HUNDRED))
            return seen, symbol == before and not self.is_new

    def _searched(self, listed: Sequence[MarketName], default: str) -> MarketName:
        """Let a market be searched until one is chosen."""
        asker = self.asker
        while True:
            # Not prefilled: whoever types a name would add it to the old one.
            words = asker.ask("setup_market", now=default) or default
            found = found_in(listed, words)
            if not found:
                asker.say("setup_market_none", words=words[:40])
                continue
            if len(found) == 1:
                return found[0]
            options = [Option(each.symbol, self._title(each)) for each in found[:SHOWN_MAX]]
            options.append(Option("", asker.text("setup_market_again")))
            symbol = asker.choose("setup_market_which", options, count=len(found))
            if symbol:
                return next(each for each in found if each.symbol == symbol)

    def _title(self, market: MarketName) -> str:
        name = market.korean_name if self.asker.wording.language == "ko" else market.english_name
        mark = f"  ⚠ {self.asker.text('setup_caution')}" if market.caution else ""
        return f"{market.symbol}  {name}{mark}"
