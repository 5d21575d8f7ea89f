"""Bithumb's answers as our values: every field optional that was ever seen missing, the rest rebuilt."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from domain.account import Balance
from domain.exact import ZERO
from domain.instrument import Side
from domain.market import Candle, Quote
from domain.order import OrderState
from domain.venue import VenueOrder
from exchanges.bithumb.fields import (
    KST,
    amount,
    milliseconds,
    moment,
    moment_of,
    needed_amount,
    needed_text,
    number,
    positive,
    row_of,
    rows_of,
    text,
)
from exchanges.transport import Unreadable

if TYPE_CHECKING:
    from collections.abc import Mapping
    from decimal import Decimal

SIDES = {"bid": Side.BUY, "ask": Side.SELL}  # the venue names sides after the book

_KST_AHEAD = timedelta(hours=9)
_FUTURE = timedelta(minutes=1)
_IMMEDIATE = {"ioc", "fok"}


@dataclass(frozen=True, slots=True)
class Trade:
    """One execution inside an order's answer; `at` is None where the venue left it out."""

    trade_id: str
    price: Decimal
    qty: Decimal
    funds: Decimal
    at: datetime | None


@dataclass(frozen=True, slots=True)
class OrderRow:
    """An order as one answer shows it: `fee` and `told_filled` are None where the row does not say."""

    order: VenueOrder
    fee: Decimal | None
    told_filled: Decimal | None
    trades: tuple[Trade, ...]

    @property
    def traded(self) -> Decimal:
        """Return the quantity of the trades listed."""
        return sum((trade.qty for trade in self.trades), ZERO)


@dataclass(frozen=True, slots=True)
class Chance:
    """What the venue says of trading one market now; None where it does not say."""

    bid_fee: Decimal | None
    ask_fee: Decimal | None
    notional_min: Decimal | None
    state: str | None


@dataclass(frozen=True, slots=True)
class Market:
    """One market that can be traded; `caution` is the venue's mark on it."""

    symbol: str
    korean_name: str
    english_name: str
    caution: bool


@dataclass(frozen=True, slots=True)
class MarketWarning:
    """A warning of the venue about a market: what for, how serious, until when."""

    symbol: str
    kind: str
    step: str
    ends_at: datetime | None


@dataclass(frozen=True, slots=True)
class Placed:
    """What the venue says when it takes an order in: no price, no quantity, no state."""

    order_id: str
    client_order_id: str | None
    at: datetime | None


def quote(tickers: object, books: object, symbol: str, now: datetime) -> Quote:
    """Join ticker and order book of one market."""
    row = _of_market(rows_of(tickers, "ticker"), symbol, "ticker")
    bid, ask = best_prices(books, symbol)
    return Quote(symbol, positive(row, "trade_price"), _traded_at(row, now), bid, ask)


def best_prices(books: object, symbol: str) -> tuple[Decimal | None, Decimal | None]:
    """Return the best bid and ask; rows of size or price 0 only fill the book up."""
    units = rows_of(_of_market(rows_of(books, "orderbook"), symbol, "orderbook").get("orderbook_units"), "orderbook")
    bids = [price for unit in units if (price := amount(unit, "bid_price")) and amount(unit, "bid_size")]
    asks = [price for unit in units if (price := amount(unit, "ask_price")) and amount(unit, "ask_size")]
    return max(bids, default=None), min(asks, default=None)


def candles(value: object) -> tuple[Candle, ...]:
    """Return the bars of one page, oldest first."""
    return tuple(sorted((_candle(row) for row in rows_of(value, "candles")), key=lambda candle: candle.at))


def balances(value: object) -> tuple[Balance, ...]:
    """Return every row of the account."""
    return tuple(
        Balance(needed_text(row, "currency"), needed_amount(row, "balance"), amount(row, "locked") or ZERO)
        for row in rows_of(value, "accounts")
    )


def chance(value: object) -> Chance:
    """Return fees, minimum and state of one market."""
    row = row_of(value, "chance")
    market = row.get("market")
    market = row_of({} if market is None else market, "chance")
    minimums = [least for side in ("bid", "ask") if (least := _side_minimum(market, side)) is not None]
    return Chance(amount(row, "bid_fee"), amount(row, "ask_fee"), max(minimums, default=None), text(market, "state"))


def placed(value: object, symbol: str, side: Side) -> Placed:
    """Return the id of an order taken in; an answer about another order is none to ours."""
    row = row_of(value, "placed")
    if text(row, "market") not in {None, symbol} or SIDES.get(text(row, "side") or "", side) is not side:
        raise Unreadable("placed: another order's answer")
    return Placed(needed_text(row, "order_id"), text(row, "client_order_id"), moment(row, "created_at"))


def order_row(value: object, now: datetime) -> OrderRow:
    """Read an order by the names of both versions; `now` stands in where the venue leaves its time out."""
    row = row_of(value, "order")
    order_id = text(row, "order_id") or needed_text(row, "uuid")
    side = SIDES.get(needed_text(row, "side"))
    if side is None:
        raise Unreadable("side: unknown")
    listed = row.get("trades")
    trades = _trades(rows_of([] if listed is None else listed, "trades"))
    told, qty, price = amount(row, "executed_volume"), amount(row, "volume"), amount(row, "price")
    left = amount(row, "remaining_volume")
    if told is None and qty is not None and left is not None:
        told = max(qty - left, ZERO)
    traded = sum((trade.qty for trade in trades), ZERO)
    filled = max(told or ZERO, traded)
    if qty is None and left is not None:
        qty = filled + left
    state_name = needed_text(row, "state")
    rests = (text(row, "order_type") or text(row, "ord_type") or "limit") == "limit" and (
        text(row, "time_in_force") not in _IMMEDIATE
    )
    if state_name == "done" and told is None and qty is not None and rests:
        # Only a full fill ends an order that rests.
        filled = qty
    qty = filled if qty is None else qty
    state = _state(state_name, filled, qty, rests=rests)
    if price is None:
        price = _average(trades, amount(row, "executed_funds"), filled)
    if state in {OrderState.OPEN, OrderState.PARTIALLY_FILLED} and not (qty and price):
        raise Unreadable("order: at rest without price or volume")
    fee = _fee(row)
    order = VenueOrder(
        order_id=order_id,
        client_order_id=text(row, "client_order_id"),
        symbol=needed_text(row, "market"),
        side=side,
        price=price,
        qty=qty,
        filled=filled,
        fee=ZERO if fee is None else fee,
        state=state,
        at=moment(row, "created_at") or now,
    )
    return OrderRow(order, fee, told, trades)


def page(value: object) -> tuple[list[Mapping[str, object]], bool]:
    """Return the rows of a page of the second version, and whether there are more."""
    row = row_of(value, "page")
    has_next = row.get("has_next")
    if not isinstance(has_next, bool):
        # Without it nobody knows whether the list is whole.
        raise Unreadable("has_next: missing")
    return rows_of(row.get("data"), "page"), has_next


def markets(value: object) -> tuple[Market, ...]:
    """Return the markets there are."""
    return tuple(
        Market(
            needed_text(row, "market"),
            text(row, "korean_name") or "",
            text(row, "english_name") or "",
            text(row, "market_warning") not in {None, "NONE"},
        )
        for row in rows_of(value, "markets")
    )


def warnings(value: object) -> tuple[MarketWarning, ...]:
    """Return the warnings there are."""
    return tuple(
        MarketWarning(
            needed_text(row, "market"),
            text(row, "warning_type") or "",
            text(row, "warning_step") or "",
            _moment_or_none(row, "end_date"),
        )
        for row in rows_of(value, "warnings")
    )


def key_expiry(value: object, access_key: str) -> datetime | None:
    """Return when one key of the account ends."""
    for row in rows_of(value, "keys"):
        if text(row, "access_key") == access_key:
            return moment(row, "expire_at")
    return None


def _of_market(rows: list[Mapping[str, object]], symbol: str, what: str) -> Mapping[str, object]:
    for row in rows:
        if row.get("market") == symbol:
            return row
    raise Unreadable(f"{what}: nothing of the market asked for")


def _traded_at(row: Mapping[str, object], now: datetime) -> datetime:
    """Return the last trade's time; the counted times are Korean wall clock counted as if it were UTC."""
    day, hour = text(row, "trade_date_kst"), text(row, "trade_time_kst")
    at: datetime | None
    if day is not None and hour is not None:
        at = moment_of(f"{day}T{hour}", "trade_time_kst")
    else:
        at = milliseconds(row, "trade_timestamp") or milliseconds(row, "timestamp")
        if at is not None and at > now + _FUTURE:
            at -= _KST_AHEAD
    return now if at is None else min(at, now)


def _candle(row: Mapping[str, object]) -> Candle:
    written = text(row, "candle_date_time_utc")
    if written is None:
        at = moment_of(needed_text(row, "candle_date_time_kst"), "candle", KST)
    else:
        at = moment_of(written, "candle", UTC)
    return Candle(
        at,
        positive(row, "opening_price"),
        positive(row, "high_price"),
        positive(row, "low_price"),
        positive(row, "trade_price"),
        amount(row, "candle_acc_trade_volume") or ZERO,
    )


def _side_minimum(market: Mapping[str, object], side: str) -> Decimal | None:
    rules = market.get(side)
    return amount(row_of({} if rules is None else rules, "chance"), "min_total")


def _trades(rows: list[Mapping[str, object]]) -> tuple[Trade, ...]:
    """Return every trade once, however often it is reported."""
    trades: dict[str, Trade] = {}
    for trade in map(_trade, rows):
        if trades.setdefault(trade.trade_id, trade) != trade:
            raise Unreadable("trades: one id for two")
    return tuple(trades.values())


def _trade(row: Mapping[str, object]) -> Trade:
    price, qty = positive(row, "price"), positive(row, "volume")
    funds = amount(row, "funds")
    return Trade(
        needed_text(row, "uuid"), price, qty, price * qty if funds is None else funds, moment(row, "created_at")
    )


def _state(name: str, filled: Decimal, qty: Decimal, *, rests: bool) -> OrderState:
    full = 0 < qty <= filled
    match name:
        case "wait" | "watch" | "trade":
            if full:
                return OrderState.FILLED
            return OrderState.PARTIALLY_FILLED if filled else OrderState.OPEN
        case "done" if full:
            return OrderState.FILLED
        case "done" if rests:
            # A row that contradicts itself; the next look will find it whole.
            return OrderState.PARTIALLY_FILLED if filled else OrderState.OPEN
        case "cancel" if full:
            return OrderState.FILLED
        case "cancel" | "done":
            return OrderState.CANCELED
        case _:
            raise Unreadable("state: unknown")


def _average(trades: tuple[Trade, ...], funds: Decimal | None, filled: Decimal) -> Decimal:
    """Return the price of an order that names none: what its fills cost on average, zero without any."""
    if trades:
        return sum((trade.price * trade.qty for trade in trades), ZERO) / sum((trade.qty for trade in trades), ZERO)
    return funds / filled if funds is not None and filled else ZERO


def _fee(row: Mapping[str, object]) -> Decimal | None:
    paid = number(row, "paid_fee")
    if paid is not None:
        return paid
    reserved, left = number(row, "reserved_fee"), number(row, "remaining_fee")
    # An ask reserves none: its fee comes out of the proceeds.
    return reserved - left if reserved and left is not None else None


def _moment_or_none(row: Mapping[str, object], key: str) -> datetime | None:
    try:
        return moment(row, key)
    except Unreadable:
        return None
