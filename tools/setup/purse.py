"""Money of one currency: how it is said, how people type it, and to which unit it is rounded."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import ROUND_CEILING, Decimal
from typing import TYPE_CHECKING

from bot.setting_values import Refused, exact
from bot.setting_values import shown as fit_to_show
from domain.exact import ONE, ZERO
from domain.reason import Reason, reason
from tools.setup.figures import of_price, won

if TYPE_CHECKING:
    from reports.wording import Wording

DOLLARS = "USD"

_PRICES = frozenset({"price", "tick"})
_CENT = Decimal("0.01")
_TEN_THOUSAND = Decimal(10000)
_TYPED = re.compile(
    r"\$?(?P<number>[\d,.]+)\s*(?P<unit>억|만|천)?\s*(?P<currency>원|krw|won|달러|불|usd|dollars?)?",
    re.IGNORECASE | re.ASCII,
)
_UNITS = {"억": _TEN_THOUSAND**2, "만": _TEN_THOUSAND, "천": Decimal(1000), None: ONE}
_WON = frozenset({"원", "krw", "won"})


@dataclass(frozen=True, slots=True)
class Purse:
    """Money of a currency in the owner's language."""

    currency: str
    wording: Wording

    def amount(self, amount: Decimal) -> str:
        """Say an amount with its unit, no finer than it deserves; dollars to the cent."""
        return self._with_unit(self._bare(amount))

    def price(self, price: Decimal) -> str:
        """Say a price with its unit, every digit of it."""
        return self._with_unit(self.bare_price(price))

    def bare_price(self, price: Decimal) -> str:
        """Say a price without its unit; a dollar has two digits of cents, whatever they are."""
        in_cents = self.currency == DOLLARS and price % _CENT == 0
        return f"{price:,.2f}" if in_cents else of_price(price)

    def range(self, low: Decimal, high: Decimal) -> str:
        """Say two amounts as a range, one where they look alike."""
        first, last = self._bare(low), self._bare(high)
        both = self.wording.sentence(reason("setup_range", low=first, high=last))
        return self._with_unit(first if first == last else both)

    def fault(self, why: Reason) -> Reason:
        """Write the money in a fault of the dialogue as people read it; other faults have words of their own for it."""
        if not why.code.startswith("setup_"):
            return why
        return Reason(why.code, tuple((name, self._figure(name, value)) for name, value in why.figures))

    def read(self, text: str) -> Decimal:
        """Read money as people write it: `1000000`, `1,000,000`, `100만원`, `$2,500.50`, `5천 달러`; raises `Refused`.

        Won are whole, dollars have cents.
        """
        dollars = self.currency == DOLLARS
        match = _TYPED.fullmatch(text.strip())
        number = ZERO
        if match and (match["unit"] or dollars or "." not in match["number"]) and self._is_ours(text, match):
            try:
                number = exact(match["number"].replace(",", "") or "?") * _UNITS[match["unit"]]
            except Refused:
                number = ZERO
        unit = _CENT if dollars else ONE
        if number <= 0 or number % unit:
            raise Refused(reason("setup_money_form_usd" if dollars else "setup_money_form", value=fit_to_show(text)))
        return number.normalize() if number % 1 else number.quantize(ONE)

    def rounded_up(self, amount: Decimal) -> Decimal:
        """Round to whole won or cents, so that it is enough."""
        return amount.quantize(_CENT if self.currency == DOLLARS else ONE, rounding=ROUND_CEILING)

    @property
    def unit(self) -> str:
        """Return what its unit is called."""
        return self.wording.text(f"setup_unit_{self.currency.lower()}")

    def _is_ours(self, text: str, match: re.Match[str]) -> bool:
        """Whether the currency that is named, if one is, is this one."""
        named = (match["currency"] or "").casefold()
        names_won = named in _WON
        names_dollars = text.strip().startswith("$") or bool(named and not names_won)
        return not (names_won if self.currency == DOLLARS else names_dollars)

    def _bare(self, amount: Decimal) -> str:
        return f"{amount:,.2f}" if self.currency == DOLLARS else won(amount)

    def _with_unit(self, text: str) -> str:
        minus, number = ("-", text[1:]) if text.startswith("-") else ("", text)
        said = self.wording.sentence(reason(f"setup_money_{self.currency.lower()}", amount=number))
        return f"{minus}{said}"

    def _figure(self, name: str, value: Decimal | int | str) -> Decimal | int | str:
        if not isinstance(value, Decimal):
            return value
        return self.price(value) if name in _PRICES else self.amount(value)
