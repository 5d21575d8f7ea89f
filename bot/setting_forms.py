"""The settings whose text has a form of its own: venues, markets, days, names, keys, folders and addresses."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, time
from ipaddress import ip_address
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import SecretStr

from bot.setting_values import Reader, Refused, shown
from domain.reason import reason
from domain.session import DayPlan

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from enum import StrEnum

PORT_MAX = 65535
_SHARES = "01"
_PASSWORD_MAX = 1000


@dataclass(frozen=True, slots=True)
class Venue(Reader):
    """The name of a venue, in any letter case; of those known some are not built yet."""

    known: type[StrEnum]
    built: tuple[StrEnum, ...]

    def read(self, text: str) -> object:
        """Return the venue."""
        for venue in self.known:
            if venue.casefold() == text.casefold():
                if venue not in self.built:
                    raise Refused(reason("exchange_not_built", exchange=str(venue), allowed=self.allowed))
                return venue
        raise Refused(reason("exchange_unknown", value=shown(text), allowed=self.allowed))

    @property
    def allowed(self) -> str:
        """Return the venues that can be chosen."""
        return ", ".join(self.built)


@dataclass(frozen=True, slots=True)
class Market(Reader):
    """A coin's market against won, `KRW-BTC`, in any letter case."""

    def read(self, text: str) -> object:
        """Return the market in capitals."""
        market = text.upper()
        if re.fullmatch(r"KRW-(?!KRW$)[A-Z0-9]{1,20}", market, re.ASCII):
            return market
        coin = re.sub(r"[-_/ ]|KRW", "", market)
        suggestion = f"KRW-{coin}" if re.fullmatch(r"[A-Z0-9]{1,20}", coin, re.ASCII) else "KRW-BTC"
        raise Refused(reason("market_form", value=shown(text), suggestion=suggestion))


_DAY = re.compile(r"(\d{4}-\d{2}-\d{2})\s*=\s*(?:(closed)|(open)|(\d{1,2}:\d{2}))", re.ASCII | re.IGNORECASE)
_SATURDAY = 5


@dataclass(frozen=True, slots=True)
class MarketDays(Reader):
    """What the owner says of single days of a market: `2026-11-27=closed, 2026-12-24=13:00, 2027-01-04=open`.

    A time is an early close, after `opens` and not after `closes` of the market's own time.
    """

    opens: time
    closes: time

    def read(self, text: str) -> object:
        """Return the same days, oldest first, each written in one way."""
        return ", ".join(f"{day}={_written(plan)}" for day, plan in sorted(self.plans(text).items()))

    def plans(self, text: str) -> Mapping[date, DayPlan]:
        """Return what is said, by day; raises `Refused`."""
        plans: dict[date, DayPlan] = {}
        for entry in filter(None, map(str.strip, text.split(","))):
            day, plan = self._plan(entry)
            if day in plans:
                raise Refused(reason("market_days_twice", value=day.isoformat()))
            plans[day] = plan
        return plans

    def _plan(self, entry: str) -> tuple[date, DayPlan]:
        if not (match := _DAY.fullmatch(entry)):
            raise Refused(reason("market_days_form", value=shown(entry)))
        written, closed, _, hour = match.groups()
        try:
            day, closes = date.fromisoformat(written), _hour(hour)
        except ValueError:
            raise Refused(reason("market_days_impossible", value=shown(entry))) from None
        if day.weekday() >= _SATURDAY:
            raise Refused(reason("market_days_weekend", value=written))
        if closes is not None and not self.opens < closes <= self.closes:
            opens, latest = f"{self.opens:%H:%M}", f"{self.closes:%H:%M}"
            raise Refused(reason("market_days_hour", value=shown(entry), opens=opens, closes=latest))
        return day, DayPlan(closed is None, closes)


def _hour(text: str | None) -> time | None:
    return None if text is None else time.fromisoformat(text.zfill(5))


def _written(plan: DayPlan) -> str:
    if plan.closes is not None:
        return f"{plan.closes:%H:%M}"
    return "open" if plan.is_open else "closed"


_RESERVED = ("demo", "homeassistant", "paper", "reports", "shared")


@dataclass(frozen=True, slots=True)
class InstanceName(Reader):
    """The name of one running bot: it becomes a topic, a folder and a part of order ids."""

    def read(self, text: str) -> object:
        """Return the name."""
        if text in _RESERVED:
            raise Refused(reason("instance_reserved", value=text, allowed=", ".join(_RESERVED)))
        if re.fullmatch(r"[a-z0-9_-]{1,32}", text, re.ASCII):
            return text
        cleaned = re.sub(r"[^a-z0-9_-]+", "_", text.lower(), flags=re.ASCII)[:32].strip("_")
        raise Refused(reason("instance_form", value=shown(text), suggestion=cleaned or "bithumb_bot"))


@dataclass(frozen=True, slots=True)
class Key(Reader):
    """A key or token; a stray space or line end of copying is the usual fault."""

    secret = True

    def read(self, text: str) -> object:
        """Return the key, hidden."""
        if not re.fullmatch(r"[!-~]{1,1000}", text):
            raise Refused(reason("key_form"))
        return SecretStr(text)


@dataclass(frozen=True, slots=True)
class Password(Reader):
    """A password of the owner's choice."""

    secret = True

    def read(self, text: str) -> object:
        """Return the password, hidden."""
        if not text.isprintable() or len(text) > _PASSWORD_MAX:
            raise Refused(reason("password_form"))
        return SecretStr(text)


@dataclass(frozen=True, slots=True)
class Account(Reader):
    """A broker's account: eight digits and the product code, `01` unless given; no other holds shares for trading."""

    secret = True

    def read(self, text: str) -> object:
        """Return `12345678-01`, hidden."""
        if not (match := re.fullmatch(r"(\d{8})(?:-?(\d{2}))?", text, re.ASCII)):
            raise Refused(reason("account_form"))
        if match[2] not in {None, _SHARES}:
            raise Refused(reason("account_product", product=match[2], suggestion=_SHARES))
        return SecretStr(f"{match[1]}-{_SHARES}")


@dataclass(frozen=True, slots=True)
class Folder(Reader):
    """A folder, `~` being the owner's home."""

    def read(self, text: str) -> object:
        """Return its path; whether it exists is found out where it is used."""
        try:
            folder = Path(text).expanduser()
        except RuntimeError:  # nobody's home
            folder = None
        if folder is None or "\0" in text:
            raise Refused(reason("folder_form", value=shown(text)))
        return folder


_ADDRESS = re.compile(
    r"(?P<origin>(?P<scheme>[a-z]+)://(?P<host>\[[0-9a-f:]+\]|[a-z0-9.-]+)(:(?P<port>\d{1,5}))?)(/[A-Za-z0-9._~/-]*)?",
    re.ASCII,
)


@dataclass(frozen=True, slots=True)
class Address(Reader):
    """Where a venue is reached: its official origins, or this machine (a simulator).

    Anything else is refused: keys would leave the house. The form is narrow on purpose: no user, no query, nothing that
    two programs may read differently.
    """

    schemes: tuple[str, ...]
    official: tuple[str, ...]

    def read(self, text: str) -> object:
        """Return the address without a slash at its end."""
        match = _ADDRESS.fullmatch(text)
        if match and int(match["port"] or 1) in range(1, PORT_MAX + 1):
            loopback = match["scheme"] in self.schemes and _is_loopback(match["host"].strip("[]"))
            if loopback or match["origin"] in self.official:
                return text.rstrip("/")
        raise Refused(reason("address_refused", value=shown(re.sub(r"//.*@", "//***@", text)), allowed=self.allowed))

    @property
    def allowed(self) -> str:
        """Return the official origins and the loopback form."""
        return ", ".join((*self.official, f"{self.schemes[0]}://127.0.0.1:PORT"))


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


@dataclass(frozen=True, slots=True)
class Database(Reader):
    """Where the ledger stands; the address may hold a password."""

    secret = True

    def read(self, text: str) -> object:
        """Return the address, hidden."""
        if not text.isprintable() or not re.fullmatch(r"sqlite:///.+|postgresql\+psycopg://[^\s]+", text):
            raise Refused(reason("database_form"))
        return SecretStr(text)

    @property
    def allowed(self) -> str:
        """Return the two forms."""
        return "sqlite:///…, postgresql+psycopg://…"


def forms_of(secret: SecretStr) -> Iterator[str]:
    """Return a secret and the parts of it that are secrets themselves: account numbers, a database's password."""
    text = secret.get_secret_value()
    yield text
    if "://" in text:
        _, _, rest = text.partition("://")
        login, at, _ = rest.rpartition("@")
        if at and ":" in login:
            yield login.partition(":")[2]
    elif len(text) == len("12345678-01") and text.replace("-", "", 1).isdigit():
        yield text.replace("-", "")
        yield text.partition("-")[0]
