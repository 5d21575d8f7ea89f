"""The lists of the customer's orders, page by page, with all that is known to be wrong with them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from domain.exact import ZERO
from domain.instrument import Side
from simulator.clock import after
from simulator.draws import below
from simulator.kis import codes
from simulator.kis.orders import OFFICE, number_of, written
from simulator.kis.rules import MARKET_NAMES
from simulator.kis.venue import CURRENCY, is_rejected
from simulator.kis.wire import Said, context, field_missing, kst, places, whole
from simulator.orders import State

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from decimal import Decimal

    from simulator.kis.venue import Cancel, KisVenue
    from simulator.kis.wire import Ask, Row
    from simulator.orders import Order

_CHANCES = 1_000_000
_DAY = re.compile(r"\d{8}", re.ASCII)
_SELLS, _BUYS = "01", "02"
_FILLED, _OPEN = "01", "02"
_PLAIN, _REVISED, _CANCELED = ("00", ""), ("01", "정정"), ("02", "취소")
_DONE, _REJECTED, _SENT = "완료", "거부", "전송"
_REASON = ("0001", "거래소 거부")
_BLANK_NUMBERS = ("ft_ord_qty", "ft_ccld_qty", "nccs_qty")
_ALL = {"", "%"}

_HEAD = (
    *("ord_dt", "ord_gno_brno", "odno", "orgn_odno", "sll_buy_dvsn_cd", "sll_buy_dvsn_cd_name"),
    *("rvse_cncl_dvsn", "rvse_cncl_dvsn_name", "pdno", "prdt_name", "ft_ord_qty", "ft_ord_unpr3", "ft_ccld_qty"),
    *("ft_ccld_unpr3", "ft_ccld_amt3", "nccs_qty", "prcs_stat_name", "rjct_rson", "rjct_rson_name", "ord_tmd"),
    *("tr_mket_name", "tr_crcy_cd", "tr_natn", "ovrs_excg_cd", "tr_natn_name", "dmst_ord_dt", "thco_ord_tmd"),
    *("loan_type_cd", "loan_dt", "mdia_dvsn_name", "usa_amk_exts_rqst_yn", "splt_buy_attr_name"),
)


@dataclass(frozen=True, slots=True)
class _Line:
    """An order, or the cancel of one, as a line of the list."""

    day: str
    number: int
    at: datetime
    order: Order
    cancel: Cancel | None = None

    @property
    def place(self) -> tuple[str, int]:
        """Return its place in the list."""
        return self.day, self.number


def ccnl(ask: Ask) -> Said:
    """List orders and what was filled of them, between two dates of New York."""
    venue = ask.venue
    first, last = _date(ask, "ORD_STRT_DT"), _date(ask, "ORD_END_DT")
    on_paper = venue.mode == "paper"
    lines = list(_lines(venue, venue.orders_between(first, last), venue.cancels_between(first, last)))
    if not on_paper:
        lines = [line for line in lines if _is_asked(ask, line)]
    lines = _seen(venue, lines)
    upwards = on_paper or ask["SORT_SQN"] != "AS"
    most = venue.settings.paper_rows if on_paper else venue.settings.live_rows
    page = _page(ask, lines, most, upwards=upwards)
    rows = [_row(venue, line) for line in page.lines]
    if venue.settings.ccnl_repeats:
        rows = [rows[0] for _ in rows]
    return page.said(venue, rows or _blank())


def nccs(ask: Ask) -> Said:
    """List what is still open."""
    venue = ask.venue
    if ask["OVRS_EXCG_CD"] not in {"", "NASD", venue.listed}:
        lines = []
    else:
        lines = list(_lines(venue, venue.book.open_orders.values(), ()))
    page = _page(ask, lines, venue.settings.nccs_rows, upwards=ask["SORT_SQN"] == "DS")
    return page.said(venue, [_open_row(venue, line) for line in page.lines])


@dataclass(frozen=True, slots=True)
class _Page:
    """So many lines, the echo of what was asked, and where the next page begins."""

    lines: list[_Line]
    echo: str
    follows: bool
    next_key: str | None

    def said(self, venue: KisVenue, output: Any) -> Said:  # noqa: ANN401  # a list of rows, or one blank row
        """Return the page as an answer."""
        payload = {
            "ctx_area_fk200": context(self.echo),
            "ctx_area_nk200": context(self.next_key or ""),
            "output": output,
        }
        if self.next_key is not None:
            return Said(codes.READ_MORE, payload, "M" if self.follows else "F", padded=True)
        code = codes.READ if self.lines else codes.READ_NOTHING
        last = "" if venue.settings.tr_cont_blank else "E" if self.follows else "D"
        return Said(code, payload, last, padded=True)


def _page(ask: Ask, lines: list[_Line], most: int, *, upwards: bool) -> _Page:
    """Cut a page; it goes on only where the header says so and both keys came back."""
    lines = sorted(lines, key=lambda line: line.place, reverse=not upwards)
    kept = ("CTX_AREA_FK200", "CTX_AREA_NK200")
    asked = [value for name, value in sorted(ask.fields.items()) if name not in kept]
    echo = "^".join(asked)
    follows = ask.continues and bool(ask["CTX_AREA_NK200"].strip())
    if follows:
        if ask["CTX_AREA_FK200"].strip() != echo.strip():
            raise field_missing("CTX_AREA_FK200")
        lines = _behind(lines, ask["CTX_AREA_NK200"].strip(), upwards=upwards)
    page = lines[:most]
    more = len(lines) > most
    next_key = f"{page[-1].day}^{page[-1].number}" if more else None
    return _Page(page, echo, follows, next_key)


def _behind(lines: list[_Line], key: str, *, upwards: bool) -> list[_Line]:
    """Return what stands behind the last line of the page before."""
    day, _, number = key.partition("^")
    if not number.isdecimal():
        raise field_missing("CTX_AREA_NK200")
    last = (day, int(number))
    return [line for line in lines if (line.place > last if upwards else line.place < last)]


def _lines(venue: KisVenue, orders: Iterable[Order], cancels: Iterable[Cancel]) -> Iterator[_Line]:
    """Give the lines that can be seen already."""
    seen_until, delay_s = venue.now(), venue.settings.visible_after_s
    for order in orders:
        if after(order.created_at, delay_s) <= seen_until:
            yield _Line(order.order_id[:10], number_of(order), order.created_at, order)
    for cancel in cancels:
        at = datetime.fromisoformat(cancel.at)
        if after(at, delay_s) <= seen_until:
            yield _Line(cancel.day, cancel.number, at, venue.book.orders[cancel.order_id], cancel)


def _seen(venue: KisVenue, lines: list[_Line]) -> list[_Line]:
    """Leave lines out by chance, others in every answer."""
    missing, seed = venue.settings.ccnl_missing, venue.settings.ccnl_seed
    if not missing:
        return lines
    venue.looks += 1
    venue.note_changed()
    return [line for line in lines if below(_CHANCES, seed, venue.looks, *line.place) >= missing * _CHANCES]


def _is_asked(ask: Ask, line: _Line) -> bool:
    venue, order = ask.venue, line.order
    side = {"00": None, _SELLS: Side.SELL, _BUYS: Side.BUY}.get(ask["SLL_BUY_DVSN"])
    wanted = ask["CCLD_NCCS_DVSN"]
    return (
        (ask["PDNO"] in _ALL or ask["PDNO"] == venue.symbol_of(order))
        and (ask["OVRS_EXCG_CD"] in _ALL | {"NASD"} or ask["OVRS_EXCG_CD"] == venue.listed)
        and (side is None or side is order.side)
        and (wanted != _FILLED or (line.cancel is None and order.executed > 0))
        and (wanted != _OPEN or (line.cancel is None and order.is_open))
    )


def _date(ask: Ask, name: str) -> str:
    text = ask[name]
    try:
        if _DAY.fullmatch(text):
            return date.fromisoformat(f"{text[:4]}-{text[4:6]}-{text[6:]}").isoformat()
    except ValueError:
        pass
    raise field_missing(name)


def _row(venue: KisVenue, line: _Line) -> Row:
    order, cancel = line.order, line.cancel
    replaced = venue.revised.get(order.order_id)
    kind = _CANCELED if cancel else _REVISED if replaced else _PLAIN
    origin = order.order_id if cancel else replaced
    rejected = is_rejected(order) and cancel is None
    sells = order.side is Side.SELL
    executed = ZERO if cancel else order.executed
    unpriced = cancel or (order.is_open and venue.settings.open_price_zero)
    price = ZERO if unpriced else order.price or ZERO
    values = (
        *(line.day.replace("-", ""), OFFICE, _number(venue, line.number)),
        "" if origin is None else _number(venue, int(origin.rpartition("-")[2])),
        *((_SELLS, "매도") if sells else (_BUYS, "매수")),
        *kind,
        *(venue.symbol_of(order), venue.symbol_of(order)),
        *(cancel.qty if cancel else whole(order.volume or ZERO), places(price, 8)),
        *(whole(executed), places(order.funds / executed if executed else ZERO, 8)),
        places(order.funds if executed else ZERO, 5),
        whole(ZERO if cancel else _left(venue, order)),
        _state(venue, line),
        *(_REASON if rejected else ("", "")),
        kst(line.at, "%H%M%S"),
        *(MARKET_NAMES[venue.listed], CURRENCY, "840", venue.listed, "미국"),
        *(kst(line.at, "%Y%m%d"), kst(line.at, "%H%M%S")),
        *("10", "", "OpenAPI", "N", ""),
    )
    return dict(zip(_HEAD, values, strict=True))


def _left(venue: KisVenue, order: Order) -> Decimal:
    """Return what a row says is still open."""
    if order.is_open or (order.state is State.EXPIRED and venue.settings.expired_nccs == "stays"):
        return order.remaining
    return ZERO


def _state(venue: KisVenue, line: _Line) -> str:
    order = line.order
    if line.cancel is None and is_rejected(order):
        return _REJECTED
    waits = line.cancel is None and (order.is_open or _left(venue, order) > 0)
    return _SENT if waits and not venue.settings.open_says_done else _DONE


def _open_row(venue: KisVenue, line: _Line) -> Row:
    """Show an open order as its own list does: other names, other columns."""
    row = _row(venue, line)
    kept = {
        name: row[name]
        for name in _HEAD
        if name not in {"rvse_cncl_dvsn", "rvse_cncl_dvsn_name", "tr_natn", "tr_natn_name", "dmst_ord_dt"}
        and name not in {"thco_ord_tmd", "mdia_dvsn_name"}
    }
    return kept | {
        "rvse_cncl_dvsn_cd": row["rvse_cncl_dvsn"],
        "rvse_cncl_dvsn_cd_name": row["rvse_cncl_dvsn_name"],
        "natn_cd": "840",
        "natn_kor_name": "미국",
        "prcs_stat_name": "",
    }


def _blank() -> Row:
    """Return the one object that stands where nothing was found."""
    row = dict.fromkeys(_HEAD, "") | dict.fromkeys(_BLANK_NUMBERS, "0")
    zeros = {"ft_ord_unpr3": places(ZERO, 8), "ft_ccld_unpr3": places(ZERO, 8), "ft_ccld_amt3": places(ZERO, 5)}
    return row | zeros | {"mdia_dvsn_name": "OpenAPI"}


def _number(venue: KisVenue, number: int) -> str:
    return written(number) if venue.settings.padded_odno else str(number)
