"""Where the owner wants to trade, as the dialogue meets it: keys that are tried, a market that is found and read."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, TypeVar, cast

from bot.setting_rules import named
from bot.setting_values import Refused
from bot.settings import READERS
from domain.errors import AuthRefused, MarketUnknown, VenueError
from tools.setup.asking import Left, Option
from tools.setup.purse import Purse
from tools.setup.venue import NEEDED, Account, account_at, counter_at, keys_of, why

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from contextlib import ExitStack

    from pydantic import SecretStr

    from bot.settings import Settings
    from tools.setup.asking import Asker
    from tools.setup.draft import Draft
    from tools.setup.venue import Keys, Seen, ShareCounter

T = TypeVar("T")

SHOWN_MAX = 12


class Place(ABC):
    """One exchange. `account` is what its keys showed, None while there are none."""

    needs_keys: bool
    """Whether nothing can be seen there without keys."""

    def __init__(self, draft: Draft, asker: Asker, held: ExitStack, *, is_new: bool) -> None:
        """Remember what the talk is kept in; `is_new` says that the grid that is set was made for another exchange."""
        self.draft = draft
        self.asker = asker
        self.account: Account | None = None
        self.is_new = is_new
        self._held = held
        self._keys: Keys | None = None

    @property
    def purse(self) -> Purse:
        """Return the money of this place."""
        return Purse(self.draft.settings().currency, self.asker.wording)

    @abstractmethod
    def market(self) -> tuple[Seen, bool]:
        """Let a market be chosen and read how it moves; also returns whether it is the one set before.

        Raises `Left`.
        """

    @abstractmethod
    def words(self, code: str) -> str:
        """Return the code of a sentence as it is said of this exchange."""

    def connect(self) -> None:
        """Come to keys that the exchange accepts or, where it can be looked at without, to none; raises `Left`."""
        asker, settings = self.asker, self.draft.settings()
        asker.line()
        known, keys, ask_anew = keys_of(settings), None, True
        if known is not None:
            ways = ("use", "new") if self.needs_keys else ("use", "new", "none")
            options = [Option(each, asker.text(f"setup_keys_{each}")) for each in ways]
            answer = asker.choose(self.words("setup_keys_there"), options, "use")
            ask_anew, keys = answer == "new", known if answer == "use" else None
        elif not self.needs_keys and not asker.confirm(self.words("setup_keys_wanted"), default=True):
            ask_anew = False
        while True:
            if ask_anew:
                keys = self._typed()
            if keys is None and self.needs_keys:
                asker.say(self.words("setup_keys_needed"))
                ask_anew, keys = self._after_refusal(None, refused=True)
                continue
            if keys is None:
                return
            asker.say(self.words("setup_keys_asking"))
            try:
                self.account = self._tried(keys)
            except VenueError as trouble:
                asker.why(why(trouble))
                ask_anew, keys = self._after_refusal(keys, refused=isinstance(trouble, AuthRefused))
                continue
            break
        if keys is not known:
            self.draft.set({name: key.get_secret_value() for name, key in keys.items()})
        self._keys = keys
        self._tell_account()

    def counter(self, settings: Settings | None = None) -> ShareCounter:
        """Connect as the draft, or other settings, say; the connection lasts as long as the talk."""
        return self._held.enter_context(counter_at(settings or self.draft.settings(), self._keys))

    def answered(self, call: Callable[[], T]) -> T:
        """Return what the exchange answers; where it does not, the owner tries again or leaves.

        Raises `MarketUnknown` and `Left`.
        """
        while True:
            try:
                return call()
            except MarketUnknown:
                raise
            except VenueError as trouble:
                self.asker.why(why(trouble))
            options = [Option(each, self.asker.text(f"setup_{each}")) for each in ("try_again", "leave")]
            if self.asker.choose("setup_venue_next", options) == "leave":
                raise Left

    def _tried(self, keys: Keys) -> Account:
        """Return what the keys show; raises `VenueError` where they do not serve."""
        with counter_at(self.draft.settings(), keys) as counter:
            return account_at(counter)

    def _tell_account(self) -> None:
        """Say that the keys are good, with what is free."""
        if self.account is not None:
            self.asker.say("setup_keys_good", amount=self.purse.amount(self.account.free_of(self.purse.currency)))
            self.asker.why(*self.account.concerns)

    def _typed(self) -> Keys | None:
        """Ask for all keys; an empty one goes on without."""
        self.asker.say(self.words("setup_keys_how"))
        return self._typed_keys(NEEDED[self.draft.settings().exchange])

    def _typed_keys(self, names: Sequence[str]) -> Keys | None:
        """Ask for keys by the names of their settings; None where one was left empty."""
        asker = self.asker
        keys: dict[str, SecretStr] = {}
        for name in names:
            while text := asker.ask_hidden(f"setup_ask_{name.lower()}"):
                try:
                    keys[name] = cast("SecretStr", READERS[name].read(text))
                except Refused as refused:
                    asker.why(named(refused.why, name))
                    continue
                break
            if not text:
                return None
        return keys

    def _after_refusal(self, keys: Keys | None, *, refused: bool) -> tuple[bool, Keys | None]:
        """Ask how to go on after keys were refused, or nobody answered: whether to ask anew, else with which keys."""
        asker = self.asker
        ways = ("new", "again", *self._other_ways()) if refused else ("again", "new")
        if keys is None:
            ways = tuple(way for way in ways if way == "new")
        ways = (*ways, *(() if self.needs_keys else ("none",)), "leave")
        options = [Option(way, asker.text("setup_leave" if way == "leave" else f"setup_keys_{way}")) for way in ways]
        match asker.choose("setup_keys_next", options):
            case "new":
                return True, None
            case "again":
                return False, keys
            case "none":
                return False, None
            case "leave":
                raise Left
            case other:
                self._go(other)
                return False, keys

    def _other_ways(self) -> tuple[str, ...]:
        """Return what else can be done about refused keys."""
        return ()

    def _go(self, way: str) -> None:
        """Do one of the other things; the keys are tried again afterwards."""
        raise NotImplementedError(way)
