"""What anyone with a key may read: prices, days, minutes, the book, and what a dollar costs."""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta
from decimal import Decimal
from itertools import islice, repeat
from typing import TYPE_CHECKING, Any

from domain.exact import ONE, ZERO
from domain.instrument import Side
from simulator.kis import codes
from simulator.kis.fx import won_rate
from simulator.kis.hours import NEW_YORK, SEOUL
from simulator.kis.rules import DAYTIME_LISTINGS, LISTINGS, TICKS
from simulator.kis.venue import CURRENCY
from simulator.kis.wire import Said, field_missing, kst, places, sign, signed_pct, whole

if TYPE_CHECKING:
    from collections.abc import Iterator

    from simulator.kis.venue import KisVenue
    from simulator.kis.wire import Ask, Row
    from simulator.tape import Span

PLACES = 4
ROWS_MAX = 100
MINUTE_ROWS_MAX = 120
LEVELS = 10
_SHOWN_SIZE = Decimal(500)
_DAY = re.compile(r"\d{8}", re.ASCII)
_MOMENT = re.compile(r"\d{14}", re.ASCII)
_TRADABLE, _HALTED = "매매 가능", "매매 불가"
_PRICE = ("rsym", "zdiv", "base", "pvol", "last", "sign", "diff", "rate", "tvol", "tamt", "ordy")
_DETAIL = (
    *("rsym", "pvol", "open", "high", "low", "last", "base", "tomv", "pamt", "uplp", "dnlp", "h52p", "h52d"),
    *("l52p", "l52d", "perx", "pbrx", "epsx", "bpsx", "shar", "mcap", "curr", "zdiv", "vnit", "t_xprc", "t_xdif"),
    *("t_xrat", "p_xprc", "p_xdif", "p_xrat", "t_rate", "p_rate", "t_xsgn", "p_xsng", "e_ordyn", "e_hogau"),
    *("e_icod", "e_parp", "tvol", "tamt", "etyp_nm"),
)
_BOOK = (
    *("rsym", "zdiv", "curr", "base", "open", "high", "low", "last", "dymd", "dhms", "bvol", "avol", "bdvl"),
    *("advl", "code", "ropen", "rhigh", "rlow", "rclose"),
)
_MINUTE_HEAD = ("rsym", "zdiv", "stim", "etim", "sktm", "ektm", "next", "more", "nrec")
_SATURDAY = 5
_DAY_CODES, _WEEK, _MONTH = {"0", "1", "2"}, "1", "2"


def price(ask: Ask) -> Said:
    """Tell the last price; an unknown share is told nothing, in good words."""
    venue = ask.venue
    row = dict.fromkeys(_PRICE, "")
    if _is_known(ask):
        today, before = _days(venue)
        change = venue.last - before
        row |= {
            "rsym": f"D{LISTINGS[venue.listed]}{venue.symbol}",
            "zdiv": str(PLACES),
            "base": places(before, PLACES),
            "pvol": whole(_volume_before(venue)),
            "last": places(venue.last, PLACES),
            "sign": sign(change),
            "diff": places(abs(change), PLACES),
            "rate": signed_pct(change, before).rjust(6),
            "tvol": whole(today.volume),
            "tamt": whole(today.funds),
            "ordy": _tradable(venue),
        }
    return _said({"output": row})


def detail(ask: Ask) -> Said:
    """Tell everything about the share."""
    venue = ask.venue
    row = dict.fromkeys(_DETAIL, "")
    if _is_known(ask, daytime=True):
        today, before = _days(venue)
        change, rate = venue.last - before, won_rate(venue)
        highest = max(venue.tape.days, key=lambda day: day.high)
        lowest = min(venue.tape.days, key=lambda day: day.low)
        row |= dict.fromkeys(("uplp", "dnlp", "perx", "pbrx", "epsx", "bpsx", "e_parp"), places(ZERO, PLACES))
        row |= dict.fromkeys(("tomv", "pamt", "shar", "mcap"), "0") | _of_day(venue, today)
        row |= {
            "rsym": f"D{ask['EXCD']}{venue.symbol}",
            "pvol": whole(_volume_before(venue)),
            "base": places(before, PLACES),
            "h52p": places(highest.high, PLACES),
            "h52d": f"{highest.begins_at:%Y%m%d}",
            "l52p": places(lowest.low, PLACES),
            "l52d": f"{lowest.begins_at:%Y%m%d}",
            "curr": CURRENCY,
            "zdiv": str(PLACES),
            "vnit": "1",
            "t_xprc": places(venue.last * rate, 0),
            "t_xdif": places(abs(change) * rate, 0),
            "t_xrat": signed_pct(change, before).rjust(6),
            "p_xprc": "0",
            "p_xdif": "0",
            "p_xrat": " 0.00",
            "t_rate": places(rate, 2),
            "t_xsgn": sign(change),
            "p_xsng": "3",
            "e_ordyn": _tradable(venue),
            "e_hogau": places(TICKS.at(venue.last), PLACES),
        }
    return _said({"output": row})


def daily(ask: Ask) -> Said:
    """List days, weeks or months, newest first; raw prices are in the shares of their time."""
    venue = ask.venue
    if ask["GUBN"] not in _DAY_CODES or ask["MODP"] not in {"0", "1"}:
        raise field_missing("GUBN" if ask["GUBN"] not in _DAY_CODES else "MODP")
    until = _until(ask)
    if not _is_known(ask):
        return _said({"output1": {"rsym": "", "zdiv": "", "nrec": "0"}, "output2": []})
    spans = [span for span in _grouped(venue, ask["GUBN"]) if until is None or span.begins_at.date() <= until]
    rows = []
    for span, before in zip(spans, [*spans[1:], None][: len(spans)], strict=True):
        factor = ONE if ask["MODP"] == "1" else _factor(venue, span)
        previous = (span.open if before is None else before.close) * factor
        close = span.close * factor
        rows.append(
            {
                "xymd": f"{span.begins_at:%Y%m%d}",
                "clos": places(close, PLACES),
                "sign": sign(close - previous),
                "diff": places(abs(close - previous), PLACES),
                "rate": signed_pct(close - previous, previous),
                "open": places(span.open * factor, PLACES),
                "high": places(span.high * factor, PLACES),
                "low": places(span.low * factor, PLACES),
                "tvol": whole(span.volume / factor),
                "tamt": whole(span.funds),
                "pbid": places(TICKS.down(close), PLACES),
                "vbid": "100",
                "pask": places(TICKS.above(TICKS.down(close)), PLACES),
                "vask": "100",
            }
        )
    rows = rows[:ROWS_MAX]
    head = {"rsym": f"D{LISTINGS[venue.listed]}{venue.symbol}", "zdiv": str(PLACES), "nrec": str(len(rows))}
    return _said({"output1": head, "output2": rows})


def minute(ask: Ask) -> Said:
    """List minutes, newest first; a page back begins at the key."""
    venue = ask.venue
    unit, count = _whole(ask, "NMIN", 1, 240), _whole(ask, "NREC", 1, MINUTE_ROWS_MAX)
    if not _is_known(ask, daytime=True) or ask["EXCD"] in DAYTIME_LISTINGS.values():
        return _said({"output1": dict.fromkeys(_MINUTE_HEAD, "") | {"nrec": "0"}, "output2": []})
    before = _key(ask) + timedelta(seconds=1) if ask["NEXT"] == "1" else None
    found = venue.tape.newest(lambda at: _minute_grid(at, unit), before)
    if ask["PINC"] != "1":
        today = venue.tape.days[-1].begins_at.date()
        found = (span for span in found if span.begins_at.astimezone(NEW_YORK).date() == today)
    spans = list(islice(found, count + 1))
    rows = [_minute_row(span) for span in spans[:count]]
    head = {
        "rsym": f"D{ask['EXCD']}{venue.symbol}",
        "zdiv": str(PLACES),
        "stim": "093000",
        "etim": "160000",
        "sktm": "",
        "ektm": "",
        "next": "1" if len(spans) > count else "",
        "more": "0",
        "nrec": str(len(rows)),
    }
    if (session := venue.hours.regular_on(venue.today)) is not None:
        head |= {"sktm": kst(session.opens_at, "%H%M%S"), "ektm": kst(session.closes_at, "%H%M%S")}
    return _said({"output1": head, "output2": rows})


def orderbook(ask: Ask) -> Said:
    """Show ten levels on both sides, the customer's own orders among them."""
    venue = ask.venue
    head = dict.fromkeys(_BOOK, "")
    levels: Row = {}
    bids = asks = [(ZERO, ZERO)] * LEVELS
    if _is_known(ask, daytime=True):
        today, before = _days(venue)
        if venue.hours.regular_at(venue.now()) is not None:
            bids, asks = _levels(venue, Side.SELL), _levels(venue, Side.BUY)
        head |= dict.fromkeys(("bdvl", "advl"), "0") | _of_day(venue, today)
        head |= {
            "rsym": f"D{ask['EXCD']}{venue.symbol}",
            "zdiv": str(PLACES),
            "curr": CURRENCY,
            "base": places(before, PLACES),
            "dymd": f"{venue.last_at.astimezone(NEW_YORK):%Y%m%d}",
            "dhms": f"{venue.last_at.astimezone(NEW_YORK):%H%M%S}",
            "bvol": whole(sum((size for _, size in bids), ZERO)),
            "avol": whole(sum((size for _, size in asks), ZERO)),
            "code": f"{ask['EXCD']}{venue.symbol}",
        }
        head = {name: head[name] for name in _BOOK}
    for number, (bid, offer) in enumerate(zip(bids, asks, strict=True), 1):
        levels |= {
            f"pbid{number}": places(bid[0], PLACES),
            f"pask{number}": places(offer[0], PLACES),
            f"vbid{number}": whole(bid[1]),
            f"vask{number}": whole(offer[1]),
            f"dbid{number}": "0",
            f"dask{number}": "0",
        }
    blank = dict.fromkeys(("vstm", "vetm", "csbp", "cshi", "cslo", "iep", "iev"), "")
    return _said({"output1": head, "output2": levels, "output3": blank})


def fx(ask: Ask) -> Said:
    """List what a dollar cost in won, day by day, newest first."""
    venue = ask.venue
    if ask["FID_COND_MRKT_DIV_CODE"] not in {"N", "X", "I", "S"}:
        raise field_missing("FID_COND_MRKT_DIV_CODE")
    first, last = (_day_of(ask, f"FID_INPUT_DATE_{number}") for number in (1, 2))
    today = venue.now().astimezone(SEOUL).date()
    known = (ask["FID_COND_MRKT_DIV_CODE"], ask["FID_INPUT_ISCD"]) == ("X", "FX@KRW")
    if not known or ask["FID_PERIOD_DIV_CODE"] != "D":
        return _said({"output1": {}, "output2": []})
    newest = min(last, today)
    wanted = (newest - timedelta(days=back) for back in range(max((newest - first).days + 1, 0)))
    days = [day for day in wanted if day.weekday() < _SATURDAY][:ROWS_MAX]
    rate, before = won_rate(venue), won_rate(venue, today - timedelta(days=1))
    head = {
        "ovrs_nmix_prdy_vrss": places(abs(rate - before), 2),
        "prdy_vrss_sign": sign(rate - before),
        "prdy_ctrt": signed_pct(rate - before, before).removeprefix("+"),
        "ovrs_nmix_prdy_clpr": places(before, 2),
        "acml_vol": "0",
        "hts_kor_isnm": "원/달러",
        "ovrs_nmix_prpr": places(rate, 2),
        "stck_shrn_iscd": "FX@KRW",
        **dict.fromkeys(("ovrs_prod_oprc", "ovrs_prod_hgpr", "ovrs_prod_lwpr"), places(rate, 2)),
    }
    return _said({"output1": head, "output2": [_fx_row(venue, day) for day in days]})


def _said(payload: dict[str, Any]) -> Said:
    return Said(codes.QUOTED, payload)


def _is_known(ask: Ask, *, daytime: bool = False) -> bool:
    venue = ask.venue
    places_asked = {LISTINGS[venue.listed]} | ({DAYTIME_LISTINGS[venue.listed]} if daytime else set())
    return ask["SYMB"] == venue.symbol and ask["EXCD"] in places_asked


def _tradable(venue: KisVenue) -> str:
    return _HALTED if venue.settings.halted else _TRADABLE


def _days(venue: KisVenue) -> tuple[Span, Decimal]:
    """Return the newest day and the close before it; the first day has none and takes its open."""
    days = venue.tape.days
    return days[-1], days[-2].close if len(days) > 1 else days[-1].open


def _volume_before(venue: KisVenue) -> Decimal:
    days = venue.tape.days
    return days[-2].volume if len(days) > 1 else ZERO


def _of_day(venue: KisVenue, today: Span) -> Row:
    row = {name: places(number, PLACES) for name, number in _prices(today)}
    return row | {"last": places(venue.last, PLACES), "tvol": whole(today.volume), "tamt": whole(today.funds)}


def _prices(span: Span) -> Iterator[tuple[str, Decimal]]:
    yield from (("open", span.open), ("high", span.high), ("low", span.low))


def _factor(venue: KisVenue, span: Span) -> Decimal:
    """Return how many shares of today one share of that day is."""
    factor = ONE
    for split in venue.splits:
        if split.at > span.last_at:
            factor = factor * split.numerator / split.denominator
    return factor


def _grouped(venue: KisVenue, code: str) -> list[Span]:
    """Return days, or what they make up, newest first; each begins with its first day."""
    groups: dict[date, Span] = {}
    for day in venue.tape.days:
        begins_on = day.begins_at.date()
        if code == _WEEK:
            begins_on -= timedelta(days=begins_on.weekday())
        elif code == _MONTH:
            begins_on = begins_on.replace(day=1)
        if begins_on in groups:
            groups[begins_on].merge(day)
        else:
            groups[begins_on] = day.copy(day.begins_at)
    return list(reversed(groups.values()))


def _until(ask: Ask) -> date | None:
    return None if not ask["BYMD"] else _day_of(ask, "BYMD")


def _day_of(ask: Ask, name: str) -> date:
    text = ask[name]
    try:
        if _DAY.fullmatch(text):
            return date(int(text[:4]), int(text[4:6]), int(text[6:]))
    except ValueError:
        pass
    raise field_missing(name)


def _key(ask: Ask) -> datetime:
    text = ask["KEYB"]
    try:
        if _MOMENT.fullmatch(text):
            numbers = (int(text[:4]), *(int(text[at : at + 2]) for at in range(4, 14, 2)))
            return datetime(*numbers, tzinfo=NEW_YORK)  # type: ignore[misc,arg-type]  # six numbers
    except ValueError:
        pass
    raise field_missing("KEYB")


def _whole(ask: Ask, name: str, least: int, most: int) -> int:
    text = ask[name]
    if not text.isdecimal() or not least <= int(text) <= most:
        raise field_missing(name)
    return int(text)


def _minute_grid(at: datetime, unit: int) -> datetime:
    """Cut the session into pieces of so many minutes."""
    local = at.astimezone(NEW_YORK)
    begin = local.replace(hour=9, minute=30, second=0, microsecond=0)
    return begin + (local - begin) // timedelta(minutes=unit) * timedelta(minutes=unit)


def _minute_row(span: Span) -> Row:
    local = span.begins_at.astimezone(NEW_YORK)
    return {
        "tymd": f"{local:%Y%m%d}",
        "xymd": f"{local:%Y%m%d}",
        "xhms": f"{local:%H%M%S}",
        "kymd": kst(local, "%Y%m%d"),
        "khms": kst(local, "%H%M%S"),
        **{name: places(number, PLACES) for name, number in _prices(span)},
        "last": places(span.close, PLACES),
        "evol": whole(span.volume),
        "eamt": whole(span.funds),
    }


def _levels(venue: KisVenue, taker: Side) -> list[tuple[Decimal, Decimal]]:
    """Return ten levels with the world's and the customer's sizes, best first."""
    sizes: dict[Decimal, Decimal] = {}
    for level, size in venue.outside.levels(taker):
        sizes[level] = _SHOWN_SIZE if size is None else size
    own = Side.SELL if taker is Side.BUY else Side.BUY
    for order in venue.book.resting(own):
        sizes[order.price or ZERO] = sizes.get(order.price or ZERO, ZERO) + order.remaining
    shown = sorted(sizes.items(), reverse=taker is Side.SELL)[:LEVELS]
    return [*shown, *repeat((ZERO, ZERO), LEVELS - len(shown))]


def _fx_row(venue: KisVenue, day: date) -> Row:
    rate = places(won_rate(venue, day), 2)
    prices = ("ovrs_nmix_prpr", "ovrs_nmix_oprc", "ovrs_nmix_hgpr", "ovrs_nmix_lwpr")
    return {"stck_bsop_date": f"{day:%Y%m%d}", **dict.fromkeys(prices, rate), "acml_vol": "0", "mod_yn": "N"}
