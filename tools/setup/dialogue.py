"""The dialogue from the first question to the saved file: exchange, keys, market, grid, dry run or real money."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bot.places import DOTENV
from bot.setting_values import Refused
from bot.settings import Exchange, KisMode
from domain.errors import ExitCode
from domain.exact import ZERO, plain
from domain.reason import reason
from tools.setup.asking import Asker, Left, Option
from tools.setup.coindesk import CoinDesk
from tools.setup.draft import Draft
from tools.setup.griddesk import GridDesk
from tools.setup.lines import padded
from tools.setup.repair import repaired
from tools.setup.sharedesk import ShareDesk

if TYPE_CHECKING:
    from collections.abc import Mapping
    from decimal import Decimal
    from pathlib import Path

    from bot.settings import Settings
    from reports.wording import Wording
    from tools.setup.place import Place

_CHECK = ".venv/bin/python -m tools.configure_bot --check"
_PLACES: dict[Exchange, type[CoinDesk | ShareDesk]] = {Exchange.BITHUMB: CoinDesk, Exchange.KIS: ShareDesk}
_MONEY = (
    "GRID_LOWER",
    "GRID_UPPER",
    "GRID_ANCHOR",
    "GRID_TRIGGER_PRICE",
    "GRID_FOLLOW_MAX",
    "GRID_STOP_LOW",
    "GRID_STOP_HIGH",
    "TAKE_PROFIT",
    "MAX_ORDER_NOTIONAL",
    "MAX_POSITION_NOTIONAL",
    "CASH_RESERVE",
    "PAPER_CASH",
    "ADOPT_QTY",
    "PROTECTED_QTY",
)
"""Settings that mean something else at an exchange of another currency."""


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
        is_new = self._exchange(settings)
        # What was fine for one exchange, as a size in shares, may be none for another.
        settings = self._readable()
        with ExitStack() as held:
            place = _PLACES[settings.exchange](self.draft, self.asker, held, is_new=is_new)
            place.connect()
            self._trade(place)

    def _readable(self) -> Settings:
        """Return the draft's settings, mended where need be; raises `Left`."""
        settings = repaired(self.draft, self.asker)
        if settings is None:
            raise Left
        return settings

    def _exchange(self, settings: Settings) -> bool:
        """Let the exchange be chosen, and unset the money of another currency; returns whether it is another one."""
        asker = self.asker
        closed = asker.text("setup_not_built")
        options = [
            Option(str(each), asker.text(f"setup_{each.lower()}"), closed * (each not in _PLACES)) for each in Exchange
        ]
        asker.line()
        chosen = Exchange(asker.choose("setup_exchange", options, str(settings.exchange)))
        if chosen is not settings.exchange or not self.draft.env.value("EXCHANGE"):
            self.draft.set({"EXCHANGE": str(chosen)})
        if chosen is settings.exchange:
            return False
        if foreign := [name for name in _MONEY if self.draft.env.value(name)]:
            self.draft.set(dict.fromkeys(foreign, ""))
            asker.say("setup_other_currency", names=", ".join(foreign))
        return True

    def _trade(self, place: Place) -> None:
        """Come from a market to a saved file; the owner may go back to either."""
        desk = self._desk(place)
        while True:
            match desk.decide():
                case "market":
                    desk = self._desk(place)
                    continue
                case "leave":
                    raise Left
            if not self._money(desk, place):
                continue
            match self._summary():
                case "save":
                    self._save()
                    return
                case "leave":
                    raise Left

    def _desk(self, place: Place) -> GridDesk:
        seen, may_keep = place.market()
        return GridDesk(self.draft, self.asker, seen, place.purse, may_keep)

    def _money(self, desk: GridDesk, place: Place) -> bool:
        """Let dry run or real money, or the practice account, be chosen; False goes back to the grid."""
        asker, draft = self.asker, self.draft
        settings, needed = draft.settings(), desk.needed()
        asker.line()
        practice = settings.exchange is Exchange.KIS and settings.kis_mode is KisMode.PAPER
        closed = "" if place.account is not None else asker.text("setup_live_needs_keys")
        with_orders = (
            Option("mock", asker.text("setup_mock")) if practice else Option("live", asker.text("setup_live"), closed)
        )
        options = [Option("dry", asker.text("setup_dry")), with_orders, Option("back", asker.text("setup_back"))]
        answer = asker.choose("setup_mode_practice" if practice else "setup_mode", options, "dry")
        if answer in {"live", "mock"} and place.account is not None:
            return self._is_enough(settings, needed, place) and (
                self._practised() if practice else self._armed(settings, needed, place, desk.money)
            )
        if answer == "dry":
            self._dry(settings, place.purse.rounded_up(max(needed, desk.money or needed)))
        return answer == "dry"

    def _is_enough(self, settings: Settings, needed: Decimal, place: Place) -> bool:
        """Whether the account has the money of the grid; says so where it has not."""
        purse = place.purse
        free = (place.account.free_of(purse.currency) if place.account else ZERO) - settings.cash_reserve
        if needed > free:
            self.asker.why(reason("setup_cash_short", needed=purse.amount(needed), free=purse.amount(free)))
        return needed <= free

    def _practised(self) -> bool:
        """Let orders go to the broker's practice account, which needs no arming."""
        self.draft.set({"BOT_DRY_RUN": "false", "LIVE_ARMED": ""})
        self.asker.say("setup_mock_means")
        return True

    def _dry(self, settings: Settings, money: Decimal) -> None:
        """Set a dry run, with an account on paper that is enough for the grid."""
        values = {"BOT_DRY_RUN": "true", "LIVE_ARMED": ""}
        known = self.draft.env.value("PAPER_CASH")
        if not known or (settings.paper_cash is not None and settings.paper_cash < money):
            values["PAPER_CASH"] = plain(money)
        self.draft.set(values)

    def _armed(self, settings: Settings, needed: Decimal, place: Place, money: Decimal | None) -> bool:
        """Show the caps, and arm real money for whoever types the bot's name; False goes back."""
        asker, purse = self.asker, place.purse
        proposed = purse.rounded_up(max(needed, money or needed))
        asker.line()
        asker.say("setup_live_caps", needed=purse.amount(needed), reserve=purse.amount(settings.cash_reserve))
        while True:
            text = asker.ask("setup_cap", default=plain(proposed), unit=purse.unit)
            try:
                cap = purse.read(text)
            except Refused as refused:
                asker.why(refused.why)
                continue
            if cap >= needed:
                break
            asker.why(reason("setup_cap_low", cap=purse.amount(cap), needed=purse.amount(needed)))
        asker.line()
        asker.say(
            "setup_live_means", instance=settings.instance, exchange=asker.text(f"setup_at_{settings.exchange.lower()}")
        )
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
