"""What the venue demands of an order: price units, sizes, and which fields go with which type."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import TYPE_CHECKING

from domain.instrument import Side, TickTable
from simulator.bithumb.wire import Refused, invalid
from simulator.orders import Kind, TimeInForce, Wish

if TYPE_CHECKING:
    from simulator.bithumb.venue import BithumbVenue
    from simulator.bithumb.wire import Parameters

PRICE_UNITS = TickTable(
    tuple(
        (Decimal(lower), Decimal(unit))
        for lower, unit in (
            ("0", "0.0001"),
            ("1", "0.001"),
            ("10", "0.01"),
            ("100", "1"),
            ("5000", "5"),
            ("10000", "10"),
            ("50000", "50"),
            ("100000", "100"),
            ("500000", "500"),
            ("1000000", "1000"),
        )
    )
)
TOTAL_MIN = Decimal(5000)
VOLUME_PLACES = 8
PLACE_FIELDS = frozenset({"market", "side", "order_type", "price", "volume", "time_in_force", "client_order_id"})

_NUMBER = re.compile(r"(0|[1-9]\d{0,19})(\.\d{1,20})?", re.ASCII)
_CLIENT_ID = re.compile(r"[A-Za-z0-9_-]{1,36}", re.ASCII)
_SIDES = {"bid": Side.BUY, "ask": Side.SELL}
_WORDS = {Side.BUY: "bid", Side.SELL: "ask"}

_REST = frozenset({None, TimeInForce.IOC, TimeInForce.FOK, TimeInForce.POST_ONLY})
_NONE = frozenset({None})
_TAKE = frozenset({TimeInForce.IOC, TimeInForce.FOK})
# Kind and side: whether a price and a volume must be sent, and which time in force may be.
_FORMS: dict[tuple[Kind, Side], tuple[bool, bool, frozenset[TimeInForce | None]]] = {
    (Kind.LIMIT, Side.BUY): (True, True, _REST),
    (Kind.LIMIT, Side.SELL): (True, True, _REST),
    (Kind.PRICE, Side.BUY): (True, False, _NONE),
    (Kind.MARKET, Side.SELL): (False, True, _NONE),
    (Kind.BEST, Side.BUY): (True, False, _TAKE),
    (Kind.BEST, Side.SELL): (False, True, _TAKE),
}


def word(side: Side) -> str:
    """Name a side as the REST wire does."""
    return _WORDS[side]


def read_wish(venue: BithumbVenue, fields: Parameters, type_field: str = "order_type") -> Wish:
    """Read a placement; raises `Refused` with the first fault."""
    side = _SIDES.get(fields.needed("side"))
    kind = _kind(fields.needed(type_field))
    tif = _time_in_force(fields.one("time_in_force"))
    price, volume = _number(fields.one("price"), "price"), _number(fields.one("volume"), "volume")
    if side is None or kind is None:
        raise invalid("side or order_type")
    form = _FORMS.get((kind, side))
    if form is None or (price is not None, volume is not None) != form[:2] or tif not in form[2]:
        raise invalid(f"{kind} {word(side)}: price, volume or time_in_force")
    client_id = fields.one("client_order_id")
    if client_id is not None and not _CLIENT_ID.fullmatch(client_id):
        raise invalid("client_order_id")
    wish = Wish(side, kind, tif, price, volume, client_id)
    _check_size(venue, wish)
    return wish


def _check_size(venue: BithumbVenue, wish: Wish) -> None:
    names, side = venue.settings.names, word(wish.side)
    if wish.kind is Kind.LIMIT and wish.price is not None and wish.price % PRICE_UNITS.at(wish.price):
        raise Refused(400, names[f"invalid_price_{side}"], "주문가격 단위를 잘못 입력하셨습니다.")
    if wish.volume is not None and -int(wish.volume.normalize().as_tuple().exponent) > VOLUME_PLACES:
        raise invalid("volume has more than 8 decimals")
    price = wish.price if wish.price is not None else venue.last
    total = price if wish.volume is None else price * wish.volume
    if total < TOTAL_MIN:
        raise Refused(400, names[f"under_min_total_{side}"], "최소 주문금액은 5000 KRW 입니다.")
    if venue.settings.market_state != "active":
        raise Refused(400, names["market_halted"])


def _kind(text: str) -> Kind | None:
    return Kind(text) if text in set(Kind) else None


def _time_in_force(text: str | None) -> TimeInForce | None:
    if text is None:
        return None
    if text not in set(TimeInForce):
        raise invalid("time_in_force")
    return TimeInForce(text)


def _number(text: str | None, name: str) -> Decimal | None:
    """Read a positive number in plain notation: no exponent, no separators."""
    if text is None:
        return None
    if not _NUMBER.fullmatch(text) or Decimal(text) <= 0:
        raise invalid(name)
    return Decimal(text)
