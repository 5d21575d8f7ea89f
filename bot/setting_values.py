"""How the text of one setting becomes its value, and what is said of a text that cannot."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from pydantic_core import core_schema

from domain.exact import ZERO
from domain.reason import reason
from strategy.grid.config import OrderSize, Profit, SizeUnit

if TYPE_CHECKING:
    from collections.abc import Mapping
    from enum import StrEnum

    from domain.reason import Reason

DIGITS_MAX = 40
SHOWN_MAX = 60

_PLAIN = re.compile(r"[+-]?(\d+(\.\d+)?|\.\d+)", re.ASCII)
_THOUSANDS = re.compile(r"[+-]?\d{1,3}(,\d{3})+(\.\d+)?", re.ASCII)


class Refused(ValueError):
    """A text that cannot be the value of its setting; `why` lacks the setting's name, which the reader adds."""

    def __init__(self, why: Reason) -> None:
        super().__init__(why.code)
        self.why = why


class Reader(ABC):
    """Turns the text of a setting into its value; stands in the annotation of the field it reads."""

    secret = False
    """Whether the text must never be shown."""

    @abstractmethod
    def read(self, text: str) -> object:
        """Return the value; raises `Refused` with the fix."""

    @property
    def allowed(self) -> str:
        """Return what may be set, in signs that need no translation; empty where words are needed."""
        return ""

    def __get_pydantic_core_schema__(self, _source: object, _handler: object) -> core_schema.CoreSchema:
        return core_schema.no_info_plain_validator_function(self.read)


@dataclass(frozen=True, slots=True)
class Number(Reader):
    """A plain decimal number between bounds; `above` and `below` are not part of the range."""

    lowest: Decimal | None = None
    highest: Decimal | None = None
    above: Decimal | None = None
    below: Decimal | None = None

    def read(self, text: str) -> object:
        """Return the exact number."""
        number = exact(text)
        if self.lowest is not None and number < self.lowest:
            raise Refused(reason("setting_too_low", value=shown(text), lowest=self.lowest))
        if self.highest is not None and number > self.highest:
            raise Refused(reason("setting_too_high", value=shown(text), highest=self.highest))
        if self.above is not None and number <= self.above:
            raise Refused(reason("setting_not_above", value=shown(text), bound=self.above))
        if self.below is not None and number >= self.below:
            raise Refused(reason("setting_not_below", value=shown(text), bound=self.below))
        return number

    @property
    def allowed(self) -> str:
        """Return the range: `0 < x < 100`."""
        low = f"{self.lowest} ≤ " if self.lowest is not None else f"{self.above} < " if self.above is not None else ""
        high = (
            f" ≤ {self.highest}" if self.highest is not None else f" < {self.below}" if self.below is not None else ""
        )
        return f"{low}x{high}" if low or high else ""


@dataclass(frozen=True, slots=True)
class Whole(Reader):
    """A whole number from `lowest` to `highest`."""

    lowest: int
    highest: int

    def read(self, text: str) -> object:
        """Return the number as an integer."""
        number = exact(text)
        if number % 1:
            raise Refused(reason("setting_not_whole", value=shown(text)))
        Number(lowest=Decimal(self.lowest), highest=Decimal(self.highest)).read(text)
        return int(number)

    @property
    def allowed(self) -> str:
        """Return the range: `1 … 500`."""
        return f"{self.lowest} … {self.highest}"


_YES = {"true", "yes", "on", "1"}
_NO = {"false", "no", "off", "0"}


@dataclass(frozen=True, slots=True)
class YesNo(Reader):
    """Yes or no, in the words usual for it."""

    def read(self, text: str) -> object:
        """Return whether it is a yes."""
        if (word := text.casefold()) in _YES | _NO:
            return word in _YES
        raise Refused(reason("setting_not_yes_no", value=shown(text)))

    @property
    def allowed(self) -> str:
        """Return the two words."""
        return "true, false"


@dataclass(frozen=True, slots=True)
class Choice(Reader):
    """One of a few words, in any letter case; `meant` are words that others use for them, which are not taken."""

    words: type[StrEnum]
    meant: tuple[tuple[StrEnum, str], ...] = ()

    def read(self, text: str) -> object:
        """Return the member of that word."""
        for word in self.words:
            if word.casefold() == text.casefold():
                return word
        for word, others in self.meant:
            if text.casefold() in others.split():
                raise Refused(
                    reason("setting_choice_meant", value=shown(text), suggestion=str(word), allowed=self.allowed)
                )
        raise Refused(reason("setting_not_a_choice", value=shown(text), allowed=self.allowed))

    @property
    def allowed(self) -> str:
        """Return all words."""
        return ", ".join(self.words)


@dataclass(frozen=True, slots=True)
class Text(Reader):
    """Printable text of a given form; `code` is what is said of any other."""

    form: str = r".{1,200}"
    code: str = "setting_text_form"
    upper: bool = False

    def read(self, text: str) -> object:
        """Return the text, in capitals where the setting knows no small letters."""
        if not text.isprintable() or not re.fullmatch(self.form, wanted := text.upper() if self.upper else text):
            raise Refused(reason(self.code, value=shown(text)))
        return wanted


@dataclass(frozen=True, slots=True)
class Gain(Reader):
    """A profit: money, or a percentage (`5%`)."""

    def read(self, text: str) -> object:
        """Return the profit."""
        is_pct = text.endswith("%")
        number = exact(text.removesuffix("%").rstrip())
        if number <= 0:
            raise Refused(reason("setting_not_above", value=shown(text), bound=ZERO))
        return Profit(number, is_pct)


@dataclass(frozen=True, slots=True)
class Cash(Reader):
    """An amount of cash, or `unlimited`."""

    def read(self, text: str) -> object:
        """Return the amount; None is unlimited."""
        if text.casefold() == "unlimited":
            return None
        number = exact(text)
        if number < 0:
            raise Refused(reason("setting_too_low", value=shown(text), lowest=ZERO))
        return number

    @property
    def allowed(self) -> str:
        """Return the range and the word."""
        return "0 ≤ x, unlimited"


def exact(text: str) -> Decimal:
    """Read a plain decimal number: no exponent, no separator of thousands; raises `Refused`."""
    if not _PLAIN.fullmatch(text):
        if _THOUSANDS.fullmatch(text):
            raise Refused(
                reason("setting_number_has_comma", value=shown(text), suggestion=text.replace(",", "")[:SHOWN_MAX])
            )
        if _PLAIN.fullmatch(pointed := text.replace(",", ".")):
            raise Refused(reason("setting_number_has_comma", value=shown(text), suggestion=pointed[:SHOWN_MAX]))
        raise Refused(reason("setting_not_a_number", value=shown(text)))
    if len(text) > DIGITS_MAX:
        raise Refused(reason("setting_number_too_long", value=shown(text), highest=DIGITS_MAX))
    return Decimal(text) + ZERO  # -0 becomes 0


def order_size(text: str, *, base: str, currency: str, whole_shares: bool) -> OrderSize:
    """Read the size of an order, `10000`, `5shares`, `500USD`, `0.001BTC`; raises `Refused`.

    A bare number is shares where they are whole, else money before fees.
    """
    units = _units(base, currency, whole_shares=whole_shares)
    allowed = f"5shares, 500{currency}" if whole_shares else f"10000{currency}, 0.001{base}"
    number, unit = text, SizeUnit.BASE if whole_shares else SizeUnit.MONEY
    for word in sorted(units, key=len, reverse=True):
        if text.casefold().endswith(word):
            number, unit = text[: -len(word)].rstrip(), units[word]
            break
    else:
        # What stands behind the number is a unit that this market does not know; 1e999 is no number with a unit.
        if match := re.fullmatch(r"[+-]?[\d.,]+\s*(?P<unit>(?!e[+-]?\d)[^\W\d]\w*|\$)", text, re.IGNORECASE):
            raise Refused(reason("size_unit", value=shown(text), unit=shown(match["unit"]), allowed=allowed))
    amount = exact(number)
    if amount <= 0:
        raise Refused(reason("size_not_positive", value=shown(text), allowed=allowed))
    if whole_shares and unit is SizeUnit.BASE and amount % 1:
        raise Refused(
            reason("size_share_fraction", value=shown(text), suggestion=f"{max(amount // 1, Decimal(1))}shares")
        )
    return OrderSize(amount, unit)


def _units(base: str, currency: str, *, whole_shares: bool) -> Mapping[str, SizeUnit]:
    spoken = {"KRW": "원", "USD": "달러"}.get(currency, currency)
    money = {currency.casefold(): SizeUnit.MONEY, spoken.casefold(): SizeUnit.MONEY}
    own = ("shares", "share", "주") if whole_shares else (base.casefold(),)
    return money | dict.fromkeys(own, SizeUnit.BASE)


def shown(text: str) -> str:
    """Make a text of unknown origin fit for a message: one line, not endless."""
    clean = "".join(sign if sign.isprintable() else "?" for sign in text)
    return clean if len(clean) <= SHOWN_MAX else f"{clean[: SHOWN_MAX - 1]}…"
