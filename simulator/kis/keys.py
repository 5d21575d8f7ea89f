"""What a customer of the broker has: a key pair for each of its two worlds, and an account in one."""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

Mode = Literal["paper", "live"]

APP_KEY_CHARS = 36
APP_SECRET_CHARS = 180


@dataclass(frozen=True, slots=True)
class Listing:
    """A share, the exchange it is listed on (NASD, NYSE, AMEX), and the world in which it is traded."""

    symbol: str
    exchange: str
    mode: Mode


@dataclass(frozen=True, slots=True)
class KisKeys:
    """The pair of this world, the pair of the other one, the account, and what opens the admin door."""

    app_key: str
    app_secret: str
    account_no: str
    other_app_key: str
    other_app_secret: str
    admin_token: str

    def saved(self) -> dict[str, str]:
        """Return all of them by name."""
        return asdict(self)

    def secret_of(self, app_key: str) -> str | None:
        """Return the secret that belongs to a key; none where nobody has it."""
        return {self.app_key: self.app_secret, self.other_app_key: self.other_app_secret}.get(app_key)

    @property
    def account(self) -> tuple[str, str]:
        """Return the account's eight digits and its product."""
        number, _, product = self.account_no.partition("-")
        return number, product


def known_keys(known: Mapping[str, str]) -> KisKeys:
    """Return the keys of saved books; raises `KeyError` where they are another venue's."""
    return KisKeys(**{field.name: known[field.name] for field in fields(KisKeys)})


def fresh_keys(fresh: Callable[[], str]) -> KisKeys:
    """Make keys of the lengths that clients insist on; `fresh` gives hexadecimal digits."""
    return KisKeys(
        app_key=_app_key(fresh),
        app_secret=_long(fresh, APP_SECRET_CHARS),
        account_no=f"{int(fresh(), 16) % 90_000_000 + 10_000_000}-01",
        other_app_key=_app_key(fresh),
        other_app_secret=_long(fresh, APP_SECRET_CHARS),
        admin_token=fresh(),
    )


def _app_key(fresh: Callable[[], str]) -> str:
    return f"PS{_long(fresh, APP_KEY_CHARS - 2).upper()}"


def _long(fresh: Callable[[], str], chars: int) -> str:
    text = ""
    while len(text) < chars:
        text += fresh()
    return text[:chars]
