"""The dialogue from the first question to the saved file: exchange, keys, market, grid, dry run or real money."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass
from decimal import ROUND_CEILING
from functools import partial
from typing import TYPE_CHECKING, TypeVar, cast

from bot.places import DOTENV
from bot.setting_rules import named
from bot.setting_values import Refused
from bot.settings import BUILT, READERS, Exchange
from domain.errors import AuthRefused, ExitCode, VenueError
from domain.exact import ONE, plain
from domain.reason import reason
from tools.setup.asking import Asker, Option
from tools.setup.draft import Draft
from tools.setup.figures import pct, won
from tools.setup.griddesk import GridDesk, money_of
from tools.setup.lines import padded
from tools.setup.proposal import HUNDRED
from tools.setup.repair import repaired
from tools.setup.venue import Account, KeyPair, account_at, counter_at, found_in, seen_at, why

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from decimal import Decimal
    from pathlib import Path

    from bot.settings import Settings
    from exchanges.bithumb.signing import Secret
    from reports.wording import Wording
    from tools.setup.venue import Counter, MarketName, Seen

T = TypeVar("T")

_CHECK = ".venv/bin/python -m tools.configure_bot --check"
_SHOWN_MAX = 12
_KEY_NAMES = ("BITHUMB_ACCESS_KEY", "BITHUMB_SECRET_KEY")


class Left(Exception):
    """The owner leaves without saving."""


@dataclass(slots=True)
class Dialogue:
    """One talk with the owner; what is decided is kept in the draft until it is saved."""

    draft: Draft
    asker: Asker
    language: str | None = None

    @classmethod
    def of(cls, path: Path, environ: Mapping[str, str], wording: Wording, language: str | None) -> Dialogue:
        """Begin with a file; `language` was asked for. Raises `SetupError` where the file is unreadable."""
        return cls(Draft(path, environ), Asker(wording), language)

    def run(self) -> int:
        """Talk; returns the exit code."""
        asker = self.asker
        asker.say("setup_welcome")
        asker.say("setup_file_new" if self.draft.is_new else "setup_file_there", path=str(self.draft.path))
        try:
            self._talk()
        except Left:
            asker.line()
            asker.say("setup_left")
        return ExitCode.OK

    def _talk(self) -> None:
        settings = self._readable()
        if self.language is not None and self.language != settings.language:
            self.draft.set({"LANGUAGE": self.language})
        self._exchange(settings)
        # What was fine for one exchange, as a size in shares, may be none for another.
        settings = self._readable()
        with ExitStack() as held:
            counter, account = self._keys(settings, held)
            self._trade(counter, account)

    def _readable(self) -> Settings:
        """Return the draft's settings, mended where need be; raises `Left`."""
        settings = repaired(self.draft, self.asker)
        if settings is None:
            raise Left
        return settings

    def _exchange(self, settings: Settings) -> None:
        """Let the exchange be chosen; those that cannot trade yet are shown, with the reason."""
        asker = self.asker
        options = []
        for venue in Exchange:
            closed = ""
            if venue not in BUILT:
                closed = asker.text("setup_not_built")
            elif venue is not Exchange.BITHUMB:
                closed = asker.text("setup_paper_only")
            options.append(Option(str(venue), asker.text(f"setup_{venue.lower()}"), closed))
        asker.line()
        chosen = asker.choose("setup_exchange", options, str(Exchange.BITHUMB))
        if chosen != settings.exchange or not self.draft.env.value("EXCHANGE"):
            self.draft.set({"EXCHANGE": chosen})

    def _keys(self, settings: Settings, held: ExitStack) -> tuple[Counter, Account | None]:
        """Come to a connection, with keys that the exchange accepts or with none; raises `Left`."""
        asker, ask_anew, known = self.asker, True, None
        asker.line()
        if (pair := _pair(settings)) is not None:
            known = pair
            options = [Option(each, asker.text(f"setup_keys_{each}")) for each in ("use", "new", "none")]
            answer = asker.choose("setup_keys_there", options, "use")
            ask_anew, pair = answer == "new", pair if answer == "use" else None
        elif not asker.confirm("setup_keys_wanted", default=True):
            ask_anew = False
        while True:
            if ask_anew:
                pair = self._typed_keys()
            counter = held.enter_context(counter_at(self.draft.settings(), pair))
            if pair is None:
                return counter, None
            asker.say("setup_keys_asking")
            try:
                account = account_at(counter)
            except VenueError as trouble:
                asker.why(why(trouble))
                ask_anew, pair = self._after_refusal(pair, refused=isinstance(trouble, AuthRefused))
                continue
            if pair is not known:
                texts = (key.get_secret_value() for key in (pair.access, pair.secret))
                self.draft.set(dict(zip(_KEY_NAMES, texts, strict=True)))
            asker.say("setup_keys_good", amount=won(account.free_of("KRW")))
            asker.why(*account.concerns)
            return counter, account

    def _typed_keys(self) -> KeyPair | None:
        """Ask for both keys; an empty one goes on without."""
        asker = self.asker
        asker.say("setup_keys_how")
        keys: list[Secret] = []
        for name in _KEY_NAMES:
            while True:
                text = asker.ask_hidden(f"setup_ask_{name.lower()}")
                if not text:
                    return None
                try:
                    key = cast("Secret", READERS[name].read(text))
                except Refused as refused:
                    asker.why(named(refused.why, name))
                    continue
                keys.append(key)
                break
        return KeyPair(keys[0], keys[1])

    def _after_refusal(self, pair: KeyPair, *, refused: bool) -> tuple[bool, KeyPair | None]:
        """Ask how to go on after keys were refused, or nobody answered: whether to ask anew, else with which keys."""
        asker = self.asker
        ways = ("new", "again", "none", "leave") if refused else ("again", "new", "none", "leave")
        options = [Option(way, asker.text("setup_leave" if way == "leave" else f"setup_keys_{way}")) for way in ways]
        match asker.choose("setup_keys_next", options):
            case "new":
                return True, None
            case "again":
                return False, pair
            case "none":
                return False, None
            case _:
                raise Left

    def _trade(self, counter: Counter, account: Account | None) -> None:
        """Come from a market to a saved file; the owner may go back to either."""
        desk = GridDesk(self.draft, self.asker, *self._market(counter, account))
        while True:
            match desk.decide():
                case "market":
                    desk = GridDesk(self.draft, self.asker, *self._market(counter, account))
                    continue
                case "leave":
                    raise Left
            if not self._money(desk, account):
                continue
            match self._summary():
                case "save":
                    self._save()
                    return
                case "leave":
                    raise Left

    def _market(self, counter: Counter, account: Account | None) -> tuple[Seen, bool]:
        """Let a market be searched and read how it moves; also returns whether it is the one set before."""
        asker = self.asker
        listed = self._answered(counter.markets)
        before = self.draft.settings().bithumb_market
        while True:
            asker.line()
            market = self._searched(listed, before)
            asker.say("setup_market_reading", symbol=market.symbol)
            symbol = market.symbol
            seen = self._answered(partial(seen_at, counter, symbol, fees_told=account is not None))
            hold = self._answered(partial(counter.buying_hold, symbol))
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
            return seen, symbol == before

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
            options = [Option(each.symbol, self._title(each)) for each in found[:_SHOWN_MAX]]
            options.append(Option("", asker.text("setup_market_again")))
            symbol = asker.choose("setup_market_which", options, count=len(found))
            if symbol:
                return next(each for each in found if each.symbol == symbol)

    def _title(self, market: MarketName) -> str:
        name = market.korean_name if self.asker.wording.language == "ko" else market.english_name
        mark = f"  ⚠ {self.asker.text('setup_caution')}" if market.caution else ""
        return f"{market.symbol}  {name}{mark}"

    def _answered(self, call: Callable[[], T]) -> T:
        """Return what the exchange answers; where it does not, the owner tries again or leaves."""
        while True:
            try:
                return call()
            except VenueError as trouble:
                self.asker.why(why(trouble))
            options = [Option(each, self.asker.text(f"setup_{each}")) for each in ("try_again", "leave")]
            if self.asker.choose("setup_venue_next", options) == "leave":
                raise Left

    def _money(self, desk: GridDesk, account: Account | None) -> bool:
        """Let dry run or real money be chosen; False goes back to the grid."""
        asker, draft = self.asker, self.draft
        settings, needed = draft.settings(), desk.needed()
        asker.line()
        closed = "" if account is not None else asker.text("setup_live_needs_keys")
        options = [
            Option("dry", asker.text("setup_dry")),
            Option("live", asker.text("setup_live"), closed),
            Option("back", asker.text("setup_back")),
        ]
        answer = asker.choose("setup_mode", options, "dry")
        if answer == "live" and account is not None:
            return self._armed(settings, needed, account, desk.money)
        if answer == "dry":
            self._dry(settings, max(needed, desk.money or needed))
        return answer == "dry"

    def _dry(self, settings: Settings, money: Decimal) -> None:
        """Set a dry run, with an account on paper that is enough for the grid."""
        values = {"BOT_DRY_RUN": "true", "LIVE_ARMED": ""}
        known = self.draft.env.value("PAPER_CASH")
        if not known or (settings.paper_cash is not None and settings.paper_cash < money):
            values["PAPER_CASH"] = plain(money.quantize(ONE, rounding=ROUND_CEILING))
        self.draft.set(values)

    def _armed(self, settings: Settings, needed: Decimal, account: Account, money: Decimal | None) -> bool:
        """Show the caps, and arm real money for whoever types the bot's name; False goes back."""
        asker = self.asker
        free = account.free_of("KRW") - settings.cash_reserve
        if needed > free:
            asker.why(reason("setup_cash_short", needed=won(needed), free=won(free)))
            return False
        proposed = max(needed, money or needed).quantize(ONE, rounding=ROUND_CEILING)
        asker.line()
        asker.say("setup_live_caps", needed=won(needed), reserve=won(settings.cash_reserve))
        while True:
            text = asker.ask("setup_cap", default=plain(proposed))
            try:
                cap = money_of(text)
            except Refused as refused:
                asker.why(refused.why)
                continue
            if cap >= needed:
                break
            asker.why(reason("setup_cap_low", cap=won(cap), needed=won(needed)))
        asker.line()
        asker.say("setup_live_means", instance=settings.instance)
        while typed := asker.ask("setup_live_phrase", instance=settings.instance):
            if typed == settings.instance:
                armed = {"BOT_DRY_RUN": "false", "LIVE_ARMED": settings.instance}
                self.draft.set(armed | {"MAX_POSITION_NOTIONAL": plain(cap)})
                return True
            asker.say("setup_live_other", instance=settings.instance)
        asker.say("setup_live_not")
        return False

    def _summary(self) -> str:
        """Show all that will be written, keys masked; returns `save`, `back` or `leave`."""
        asker = self.asker
        asker.line()
        changes = list(self.draft.changes())
        asker.say("setup_summary", path=str(self.draft.path), count=len(changes))
        for line in padded((name, value or asker.text("setup_unset")) for name, value in changes):
            asker.tell(line)
        asker.line()
        titles = {"save": "setup_save", "back": "setup_back", "leave": "setup_leave"}
        return asker.choose("setup_save_next", [Option(each, asker.text(code)) for each, code in titles.items()])

    def _save(self) -> None:
        asker = self.asker
        self.draft.settings()
        self.draft.save(asker.text("setup_heading"))
        asker.line()
        asker.say("setup_saved", path=str(self.draft.path))
        if hidden := self.draft.hidden_by_environment():
            asker.why(reason("setup_environment_wins", names=", ".join(hidden)))
        if self.draft.path.resolve() == DOTENV.resolve():
            asker.say("setup_next", check=_CHECK)
        else:
            asker.say("setup_next_other", used=str(DOTENV), check=f"{_CHECK} --file {self.draft.path}")


def _pair(settings: Settings) -> KeyPair | None:
    """Return the keys that are set."""
    access, secret = settings.bithumb_access_key, settings.bithumb_secret_key
    return None if access is None or secret is None else KeyPair(access, secret)
