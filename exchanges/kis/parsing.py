"""KIS's answers about prices, cash and holdings as our values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from domain.exact import ZERO
from domain.market import Candle
from exchanges.kis.fields import amount, day_of, moment_of, needed_amount, number, output_of, rows_of, text
from exchanges.transport import Unreadable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from datetime import date, datetime, tzinfo
    from decimal import Decimal

_NO_TRADING = ("불가", "정지", "중지", "폐지")


@dataclass(frozen=True, slots=True)
class Price:
    """The last trade of a share: None for what the venue left blank. `says` tells of trading in the venue's own words.

    `is_listed`: the venue knows the share on this exchange; where it does not, every field is blank.
    """

    is_listed: bool
    last: Decimal | None
    base: Decimal | None
    volume: Decimal | None
    says: str


@dataclass(frozen=True, slots=True)
class Spendable:
    """What may be spent: in dollars alone, and with won counted in; won per dollar, 0 where it is not told."""

    dollars: Decimal
    with_won: Decimal
    rate: Decimal


def price(value: Mapping[str, object]) -> Price:
    """Read the last price; zero is none."""
    row = output_of(value, "price")
    last, base = amount(row, "last"), amount(row, "base")
    return Price(bool(text(row, "last")), last or None, base or None, number(row, "tvol"), text(row, "ordy"))


def detail_says(value: Mapping[str, object]) -> str:
    """Return what the detailed price says of trading."""
    return text(output_of(value, "price-detail"), "e_ordyn")


def forbids_trading(says: str) -> bool:
    """Whether the venue's words mean a halt; words that nobody has listed forbid nothing."""
    return any(word in says.replace(" ", "") for word in _NO_TRADING)


def spendable(value: Mapping[str, object]) -> Spendable:
    """Read what may be spent."""
    row = output_of(value, "psamount")
    return Spendable(needed_amount(row, "ovrs_ord_psbl_amt"), amount(row, "frcr_ord_psbl_amt1"), amount(row, "exrt"))


def shares_of(pages: Iterable[Mapping[str, object]], symbol: str) -> Decimal:
    """Add up how many shares there are, executed trades included, settled or not.

    The venue shows one holding under two exchanges at times: it is counted once. Holdings on loan are rows of their
    own. The list ends with a blank row.
    """
    held: dict[tuple[str, str], Decimal] = {}
    for page in pages:
        for row in rows_of(page.get("output1"), "balance"):
            if text(row, "ovrs_pdno") == symbol:
                kind = (text(row, "loan_type_cd"), text(row, "loan_dt"))
                held[kind] = max(held.get(kind, ZERO), needed_amount(row, "ovrs_cblc_qty"))
    return sum(held.values(), ZERO)


def day_bars(value: Mapping[str, object], begin_of: Callable[[date], datetime]) -> tuple[Candle, ...]:
    """Return the daily bars of one page; a day without a trade has none."""
    rows = rows_of(value.get("output2"), "dailyprice")
    dated = ((day_of(row, "xymd"), row) for row in rows)
    bars = (_bar(row, begin_of(day), "clos", "tvol") for day, row in dated if day is not None)
    return tuple(bar for bar in bars if bar is not None)


def minute_bars(value: Mapping[str, object], zone: tzinfo) -> tuple[Candle, ...]:
    """Return the bars of minutes of one page, by the market's own clock."""
    bars = []
    for row in rows_of(value.get("output2"), "minutes"):
        day, hour = day_of(row, "xymd"), text(row, "xhms")
        if day is None or not hour:
            continue
        at = moment_of(day, hour, zone)
        if at is None:
            raise Unreadable("xhms: no time")
        bars.append(_bar(row, at, "last", "evol"))
    return tuple(bar for bar in bars if bar is not None)


def _bar(row: Mapping[str, object], at: datetime, close: str, volume: str) -> Candle | None:
    opened, high, low, closed = (amount(row, key) for key in ("open", "high", "low", close))
    if not (opened and high and low and closed):
        return None
    return Candle(at, opened, high, low, closed, amount(row, volume))
