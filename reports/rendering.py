"""Turns a statement into one page that needs nothing else: no script, no network, every text escaped."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from domain.clock import iso
from domain.exact import ONE, plain
from domain.reason import Reason
from reports import numbers
from reports.charts import day_bars, drawdown_chart, equity_chart, price_chart
from reports.formulas import ratio
from reports.history import KOREA

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime
    from decimal import Decimal

    from jinja2 import Template

    from reports.charts import Moment
    from reports.statement import Statement
    from reports.wording import Wording

_TEMPLATES = Path(__file__).parent / "templates"

_NONE = Markup('<span class="none">–</span>')

_TWO_DAYS = timedelta(days=2)
_YEAR = timedelta(days=365)
_MINUTES_OF_AN_HOUR = 60
_HOURS_OF_A_DAY = 24


@dataclass(frozen=True, slots=True)
class Pen:
    """Writes figures into the page, each with every digit beside it; what is not known is a dash."""

    currency: str

    def money(self, amount: Decimal | None, name: str = "") -> Markup:
        """Write an amount."""
        return _NONE if amount is None else _figure(name, amount, numbers.money(amount, self.currency))

    def price(self, value: Decimal | None, name: str = "") -> Markup:
        """Write a price."""
        return _NONE if value is None else _figure(name, value, numbers.price(value, self.currency))

    def exactly(self, value: Decimal | None, name: str = "") -> Markup:
        """Write a number with all its digits."""
        return _NONE if value is None else _figure(name, value, numbers.quantity(value))

    def qty(self, value: Decimal | None, name: str = "") -> Markup:
        """Write a quantity."""
        return _NONE if value is None else _figure(name, value, numbers.quantity(value))

    def count(self, value: int | None, name: str = "") -> Markup:
        """Write a count."""
        if value is None:
            return _NONE
        return _told(f'<span class="n" data-name="{name}" data-exact="{value}">{value:,}</span>')

    def gain(self, amount: Decimal | None, name: str = "") -> Markup:
        """Write a gain or loss of money, with its sign."""
        return _NONE if amount is None else _gain(name, amount, numbers.money(amount, self.currency))

    def gain_pct(self, part: Decimal | None, name: str = "") -> Markup:
        """Write a gain or loss as a part of a whole, in percent."""
        return _NONE if part is None else _gain(name, part, f"{numbers.percent(part)}", " %")

    def pct(self, part: Decimal | None, name: str = "") -> Markup:
        """Write a part of a whole in percent."""
        return _NONE if part is None else _figure(name, part, f"{numbers.percent(part)} %")


def page_of(statement: Statement, wording: Wording) -> str:
    """Return the page of a statement in the language of the wording."""
    shown = statement.snapshot

    def say(code: str, **figures: object) -> str:
        return wording.sentence(Reason(code, tuple((name, str(value)) for name, value in figures.items())))

    return _template().render(
        s=statement,
        shown=shown,
        pen=Pen(shown.currency),
        won_pen=Pen("KRW"),
        lang=wording.language,
        t=wording.text,
        say=say,
        why=wording.sentence,
        named=_namer(wording),
        base=shown.symbol.rpartition("-")[2],
        distance=_distance(shown.last),
        price_chart=price_chart(statement),
        equity_chart=equity_chart(statement.course),
        drawdown_chart=drawdown_chart(statement.course),
        day_bars=day_bars(statement.days),
    )


@cache
def _template() -> Template:
    pages = Environment(
        loader=FileSystemLoader(_TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    pages.filters |= {"when": _when, "moment": _when_short, "grouped": numbers.grouped, "span": _span}
    pages.globals |= {"label": _label}
    return pages.get_template("report.html")


def _namer(wording: Wording) -> Callable[[str, object], str]:
    """Return what says a word of ours (`mode`, `live`) in the owner's language; an unknown one as it is."""

    def named(kind: str, word: object) -> str:
        code = f"report_{kind}_{word}"
        text = wording.text(code)
        return str(word) if text == code else text

    return named


def _distance(last: Decimal | None) -> Callable[[Decimal | None], Decimal | None]:
    """Return what tells how far a price is from the last one, as a part of it."""

    def distance(price: Decimal | None) -> Decimal | None:
        if price is None or not last:
            return None
        return (ratio(price, last) or ONE) - ONE

    return distance


def _figure(name: str, value: Decimal, shown: str) -> Markup:
    exact = plain(value)
    return _told(f'<span class="n" data-name="{name}" data-exact="{exact}" title="{exact}">{shown}</span>')


def _gain(name: str, value: Decimal, text: str, unit: str = "") -> Markup:
    way, sign = ("up", "▲ ") if value > 0 else ("down", "▼ ") if value < 0 else ("none", "")
    exact, shown = plain(value), f"{sign}{numbers.signed(text)}{unit}"
    return _told(f'<span class="n {way}" data-name="{name}" data-exact="{exact}" title="{exact}">{shown}</span>')


def _when(at: datetime | None, *, short: bool = False) -> Markup:
    if at is None:
        return _NONE
    full = numbers.korean_time(at)
    shown = full[5:-3] if short else full
    return _told(f'<time datetime="{iso(at)}" title="{full}">{shown}</time>')


def _span(age: timedelta) -> tuple[str, int]:
    """Return the greatest unit of which a span has one, and how many of it."""
    minutes = age // timedelta(minutes=1)
    if minutes < _MINUTES_OF_AN_HOUR:
        return "minutes", minutes
    hours = minutes // _MINUTES_OF_AN_HOUR
    return ("hours", hours) if hours < _HOURS_OF_A_DAY else ("days", age.days)


def _when_short(at: datetime | None) -> Markup:
    return _when(at, short=True)


def _told(text: str) -> Markup:
    return Markup(text)  # noqa: S704 - made of digits, signs and names of ours alone; formatting by Markup is slow


def _label(moment: Moment, moments: Sequence[Moment]) -> str:
    """Write a time under its axis as short as the span allows."""
    span = moments[-1].value - moments[0].value
    form = "%H:%M" if span < _TWO_DAYS else "%m-%d" if span < _YEAR else "%Y-%m"
    return f"{moment.value.astimezone(KOREA):{form}}"
