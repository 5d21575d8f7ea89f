"""What anyone may read: markets, ticker, order book, trades, warnings, notices, with the traps of the live pages."""

from __future__ import annotations

from collections import defaultdict
from datetime import timedelta
from decimal import Decimal
from itertools import chain, repeat
from typing import TYPE_CHECKING, Any

from domain.exact import ZERO
from domain.instrument import Side
from simulator.bithumb.rows import market_code
from simulator.bithumb.wire import KST, Refused, millis, whole

if TYPE_CHECKING:
    from collections.abc import Iterator

    from simulator.bithumb.venue import BithumbVenue
    from simulator.bithumb.wire import Parameters
    from simulator.market import Print

MARKETS_MAX = 200
UNITS_ALONE = 30
UNITS_TOGETHER = 15
TRADES_MAX = 500
NOTICES_MAX = 20
_NAMES = {"BTC": ("비트코인", "Bitcoin"), "ETH": ("이더리움", "Ethereum"), "XRP": ("리플", "XRP")}
_SHOWN_SIZE = Decimal("12.3456")
_AHEAD = timedelta(hours=9)
_RATE_UNIT = Decimal("1e-8")


def missing_parameter(venue: BithumbVenue) -> Refused:
    """Refuse as the public pages do: an error in a good answer, its name a number."""
    status = 200 if venue.settings.error_in_200 else 400
    return Refused(status, 400, "Missing request parameter error. Check the required parameters!")


def code_not_found(venue: BithumbVenue) -> Refused:
    """Refuse an unknown market as the public pages do."""
    return Refused(200 if venue.settings.error_in_200 else 404, 404, "Code not found")


def asked_markets(venue: BithumbVenue, fields: Parameters) -> list[str]:
    """Return the codes of a list that was asked for."""
    text = next((value for key, value in fields.pairs if key == "markets"), "")
    codes = [code for code in text.split(",") if code]
    if not codes:
        raise missing_parameter(venue)
    if len(codes) > MARKETS_MAX:
        raise Refused(400, 400, f"markets must be less than or equal to {MARKETS_MAX} items.")
    if any(code != market_code(venue) for code in codes):
        raise code_not_found(venue)
    return codes


def markets(venue: BithumbVenue, fields: Parameters) -> object:
    """List the markets."""
    korean, english = _NAMES.get(venue.trading.base, (venue.trading.base, venue.trading.base))
    row = {"market": market_code(venue), "korean_name": korean, "english_name": english}
    if ("isDetails", "true") in fields.pairs:
        row["market_warning"] = venue.settings.market_warning
    return [row]


def ticker(venue: BithumbVenue, fields: Parameters) -> object:
    """Show the last trade and the day's figures; the times are nine hours ahead, as they are live."""
    codes = asked_markets(venue, fields)
    last, tape = venue.last, venue.tape
    today, before = tape.days[-1], tape.days[-2] if len(tape.days) > 1 else None
    previous = today.open if before is None else before.close
    year = [day for day in tape.days if day.begins_at > venue.now() - timedelta(weeks=52)]
    highest = max(year, key=lambda day: day.high)
    lowest = min(year, key=lambda day: day.low)
    traded_at = venue.last_at
    stamp = millis(traded_at + _AHEAD if venue.settings.ticker_ahead_9h else traded_at)
    volume_24h, funds_24h = tape.since(venue.now() - timedelta(hours=24))
    printed = next(venue.heard_backwards(), None)
    change = last - previous
    rate = (change / previous).quantize(_RATE_UNIT)
    local = traded_at.astimezone(KST)
    row = {
        "market": market_code(venue),
        "trade_date": f"{traded_at:%Y%m%d}",
        "trade_time": f"{traded_at:%H%M%S}",
        "trade_date_kst": f"{local:%Y%m%d}",
        "trade_time_kst": f"{local:%H%M%S}",
        "trade_timestamp": stamp,
        "opening_price": today.open,
        "high_price": today.high,
        "low_price": today.low,
        "trade_price": last,
        "prev_closing_price": previous,
        "change": "RISE" if change > 0 else "FALL" if change < 0 else "EVEN",
        "change_price": abs(change),
        "change_rate": abs(rate),
        "signed_change_price": change,
        "signed_change_rate": rate,
        "trade_volume": ZERO if printed is None else printed.volume,
        "acc_trade_price": today.funds,
        "acc_trade_price_24h": funds_24h,
        "acc_trade_volume": today.volume,
        "acc_trade_volume_24h": volume_24h,
        "highest_52_week_price": highest.high,
        "highest_52_week_date": f"{highest.begins_at:%Y-%m-%d}",
        "lowest_52_week_price": lowest.low,
        "lowest_52_week_date": f"{lowest.begins_at:%Y-%m-%d}",
        "timestamp": stamp,
    }
    return [row for _ in codes]


def orderbook(venue: BithumbVenue, fields: Parameters) -> object:
    """Show the world's levels and the customer's own orders; empty units and padding as they are live."""
    codes = asked_markets(venue, fields)
    depth = UNITS_ALONE if len(codes) == 1 else UNITS_TOGETHER
    asks, bids = _levels(venue, Side.BUY)[:depth], _levels(venue, Side.SELL)[:depth]
    if venue.settings.book_zero_units:
        # Sizes rounded to nothing, and padding: seen live, to be dropped by the reader.
        asks, bids = [*asks[: depth - 1], (ZERO, ZERO)], [*bids[: depth - 1], (bids[-1][0] if bids else ZERO, ZERO)]
    nothing = (ZERO, ZERO)
    sides = zip(
        chain(asks, repeat(nothing, depth - len(asks))), chain(bids, repeat(nothing, depth - len(bids))), strict=True
    )
    units = [{"ask_price": ask[0], "bid_price": bid[0], "ask_size": ask[1], "bid_size": bid[1]} for ask, bid in sides]
    row = {
        "market": market_code(venue),
        "timestamp": millis(venue.now()),
        "total_ask_size": sum((size for _, size in asks), ZERO),
        "total_bid_size": sum((size for _, size in bids), ZERO),
        "orderbook_units": units,
    }
    return [row for _ in codes]


def trades(venue: BithumbVenue, fields: Parameters) -> object:
    """List the market's last trades, newest first."""
    asked = dict(fields.pairs)
    if asked.get("market") is None:
        raise missing_parameter(venue)
    if asked["market"] != market_code(venue):
        raise code_not_found(venue)
    count = whole(asked.get("count", "1"), 1, TRADES_MAX)
    if count is None:
        raise Refused(400, 400, "Invalid parameter")
    cursor = whole(asked.get("cursor", ""), 0, 2**63)
    previous = venue.tape.days[-2].close if len(venue.tape.days) > 1 else venue.tape.days[-1].open
    rows: list[dict[str, Any]] = []
    for printed, side in _prints_backwards(venue):
        # Eighteen digits and more: beyond what a binary fraction can tell apart.
        row_id = millis(printed.at) * 1_000_000
        if len(rows) == count:
            break
        if cursor is None or row_id < cursor:
            rows.append(
                {
                    "market": market_code(venue),
                    "trade_date_utc": f"{printed.at:%Y-%m-%d}",
                    "trade_time_utc": f"{printed.at:%H:%M:%S}",
                    "timestamp": millis(printed.at),
                    "trade_price": printed.price,
                    "trade_volume": printed.volume,
                    "prev_closing_price": previous,
                    "change_price": printed.price - previous,
                    "ask_bid": side,
                    "sequential_id": row_id,
                }
            )
    return rows


def warnings(venue: BithumbVenue, _: Parameters) -> object:
    """List the market's warnings."""
    return [{"market": market_code(venue), **warned.model_dump()} for warned in venue.settings.warnings]


def notices(venue: BithumbVenue, fields: Parameters) -> object:
    """List the venue's notices."""
    count = whole(dict(fields.pairs).get("count", "5"), 1, NOTICES_MAX)
    if count is None:
        raise Refused(400, 400, "Invalid parameter")
    return [notice.model_dump(mode="json") for notice in venue.settings.notices[:count]]


def _levels(venue: BithumbVenue, taker: Side) -> list[tuple[Decimal, Decimal]]:
    """Sum the world's and the customer's sizes by price, best first."""
    sizes: dict[Decimal, Decimal] = defaultdict(lambda: ZERO)
    for price, size in venue.outside.levels(taker):
        sizes[price] += _SHOWN_SIZE if size is None else size
    own = Side.SELL if taker is Side.BUY else Side.BUY
    for order in venue.book.resting(own):
        sizes[order.price or ZERO] += order.remaining
    return sorted(sizes.items(), reverse=taker is Side.SELL)


def _prints_backwards(venue: BithumbVenue) -> Iterator[tuple[Print, str]]:
    later: Print | None = None
    for printed in venue.heard_backwards():
        if later is not None:
            yield later, "BID" if later.price >= printed.price else "ASK"
        later = printed
    if later is not None:
        yield later, "BID"
