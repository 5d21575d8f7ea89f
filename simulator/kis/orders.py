"""What the customer may do: place, revise, cancel, while New York trades."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import TYPE_CHECKING

from domain.exact import ONE
from domain.instrument import Side
from domain.session import SessionKind
from simulator.kis import codes
from simulator.kis.rules import LISTINGS, PRICE_MIN, TICKS
from simulator.kis.wire import BUSINESS, Refused, Said, case, field_missing, kst
from simulator.matching import InsufficientFunds
from simulator.orders import Kind, Wish
from simulator.venue import CUSTOMER

if TYPE_CHECKING:
    from simulator.kis.venue import KisVenue
    from simulator.kis.wire import Ask
    from simulator.orders import Order

OFFICE = "01790"
_BUYS = {"TTTT1002U", "VTTT1002U"}
_PRICE = re.compile(r"\d{1,23}(\.\d{1,8})?", re.ASCII)
_QTY = re.compile(r"\d{1,12}", re.ASCII)
_NUMBER = re.compile(r"\d{1,10}", re.ASCII)
_REVISE, _CANCEL = "01", "02"


def place(ask: Ask) -> Said:
    """Take an order; it may trade at once."""
    venue, side = ask.venue, Side.BUY if ask.tr_id in _BUYS else Side.SELL
    if ask["ORD_SVR_DVSN_CD"] != "0":
        raise field_missing("ORD_SVR_DVSN_CD")
    qty = _qty(ask, least=1)
    if ask["ORD_DVSN"] != "00":
        raise case(venue, "order_type")
    _check_share(ask)
    price = _price(ask)
    _check_open(venue)
    _check_tick(venue, price)
    doomed = ask.fault is not None and ask.fault.kind in {"reject_after_accept", "stp"}
    wish = Wish(side, Kind.LIMIT, None, price, qty, None, doomed)
    try:
        order = venue.place(wish)
    except InsufficientFunds:
        raise case(venue, "cash" if side is Side.BUY else "shares") from None
    done = codes.BOUGHT_PAPER if side is Side.BUY else codes.SOLD_PAPER
    return _sent(venue, number_of(order), done)


def change(ask: Ask) -> Said:
    """Take the revision or the cancel of an order of today."""
    venue, what = ask.venue, ask["RVSE_CNCL_DVSN_CD"]
    if what not in {_REVISE, _CANCEL}:
        raise field_missing("RVSE_CNCL_DVSN_CD")
    if not _NUMBER.fullmatch(ask["ORGN_ODNO"]):
        raise field_missing("ORGN_ODNO")
    qty = _qty(ask, least=0)
    _check_share(ask)
    if what == _CANCEL and (not _PRICE.fullmatch(ask["OVRS_ORD_UNPR"]) or Decimal(ask["OVRS_ORD_UNPR"]) != 0):
        raise field_missing("OVRS_ORD_UNPR")
    _check_open(venue)
    order = venue.find(f"{venue.today.isoformat()}-{int(ask['ORGN_ODNO'])}", None)
    if order is None:
        raise case(venue, "unknown_order")
    if not order.is_open or order.cancel_at is not None or qty not in {0, order.remaining}:
        raise case(venue, "nothing_left")
    if what == _CANCEL:
        return _sent(venue, venue.cancel_numbered(order), codes.CANCELED_PAPER)
    return _revised(ask, order)


def daytime(ask: Ask) -> Said:
    """Refuse what belongs to the daytime market: it is closed, or does not have the share."""
    venue = ask.venue
    running = venue.hours.running(venue.now())
    if not any(session.kind is SessionKind.DAYTIME for session in running):
        raise case(venue, "closed")
    raise Refused(BUSINESS, "APBK0656")


def _check_share(ask: Ask) -> None:
    """Refuse a share, or an exchange for it, that is not ours."""
    venue = ask.venue
    if ask["OVRS_EXCG_CD"] not in LISTINGS or (ask["OVRS_EXCG_CD"], ask["PDNO"]) != (venue.listed, venue.symbol):
        raise Refused(BUSINESS, "APBK0656")


def number_of(order: Order) -> int:
    """Return an order's number, which is its own on its day only."""
    return int(order.order_id.rpartition("-")[2])


def written(number: int) -> str:
    """Write an order number as replies do."""
    return f"{number:010d}"


def _revised(ask: Ask, order: Order) -> Said:
    """Put a new order in the place of the rest of another one."""
    venue, price = ask.venue, _price(ask)
    _check_tick(venue, price)
    qty = order.remaining
    rate = max(venue.settings.bid_fee, venue.settings.maker_bid_fee)
    given = venue.book.purses.of(CUSTOMER, venue.trading.quote).free + order.locked
    if order.side is Side.BUY and price * qty * (ONE + rate) > given:
        raise case(venue, "cash")
    new = venue.revise(order, Wish(order.side, Kind.LIMIT, None, price, qty, None))
    code = venue.settings.codes["revised_paper"]
    return _sent(venue, number_of(new), (code, codes.REVISED_PAPER_TEXT))


def _sent(venue: KisVenue, number: int, on_paper: tuple[str, str]) -> Said:
    output = {"KRX_FWDG_ORD_ORGNO": OFFICE, "ODNO": written(number), "ORD_TMD": kst(venue.now(), "%H%M%S")}
    code = on_paper if venue.mode == "paper" else codes.SENT
    return Said(code, {"output": output}, tr_cont=None)


def _check_open(venue: KisVenue) -> None:
    """Refuse orders while New York is closed."""
    now = venue.now()
    if venue.hours.regular_at(now) is None:
        session = venue.hours.regular_on(venue.today)
        if session is None:
            raise case(venue, "day_off")
        if now < session.opens_at and venue.mode == "paper":
            raise case(venue, "not_yet_open")
        raise case(venue, "closed")
    if venue.settings.halted:
        raise case(venue, "halted")


def _check_tick(venue: KisVenue, price: Decimal) -> None:
    if price % TICKS.at(price):
        raise case(venue, "off_tick")


def _price(ask: Ask) -> Decimal:
    text = ask["OVRS_ORD_UNPR"]
    if not _PRICE.fullmatch(text):
        raise field_missing("OVRS_ORD_UNPR")
    price = Decimal(text)
    if price < PRICE_MIN:
        raise Refused(BUSINESS, "APBK1507")
    return price


def _qty(ask: Ask, *, least: int) -> Decimal:
    """Read a number of whole shares."""
    text = ask["ORD_QTY"]
    if not _QTY.fullmatch(text) or int(text) < least:
        raise field_missing("ORD_QTY")
    return Decimal(text)
