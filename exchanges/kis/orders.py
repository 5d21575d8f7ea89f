"""Rows of the order lists put together: an order, what became of it when it was revised, and its cancels."""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING

from domain.exact import ZERO
from domain.instrument import Side
from domain.order import RESTING, OrderState
from domain.venue import VenueOrder
from exchanges.kis.fields import amount, day_of, korean_moment, needed_amount, needed_text, number, serial, text
from exchanges.transport import Unreadable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from datetime import datetime
    from decimal import Decimal

    from domain.instrument import Fees
    from domain.session import SessionRule

PLAIN, REVISE, CANCEL = "00", "01", "02"
SIDES = {"01": Side.SELL, "02": Side.BUY}

_ID = re.compile(r"(\d{4}-\d{2}-\d{2})-([1-9]\d{0,11})")
_ONE_DAY = timedelta(days=1)


def id_of(day: date, number: int) -> str:
    """Name an order for ever: the market's day, and the venue's number, which begins anew every day."""
    return f"{day.isoformat()}-{number}"


def day_in(order_id: str) -> date | None:
    """Return the market's day of an order's id; None where it is none of ours."""
    match = _ID.fullmatch(order_id)
    if match is None:
        return None
    try:
        return date.fromisoformat(match[1])
    except ValueError:
        return None


def number_in(order_id: str) -> int:
    """Return the venue's number of an order's id."""
    return int(order_id.rpartition("-")[2])


@dataclass(frozen=True, slots=True)
class OrderRow:
    """One row of a list; `left` is None where the row does not say. `of` is the number of the order it changes."""

    day: date
    number: int
    of: int
    kind: str
    symbol: str
    side: Side
    price: Decimal
    qty: Decimal
    filled: Decimal
    amount: Decimal
    left: Decimal | None
    rejected: bool
    at: datetime

    @property
    def order_id(self) -> str:
        """Return the row's own id."""
        return id_of(self.day, self.number)


@dataclass(frozen=True, slots=True)
class Chain:
    """One order with all that was made of it: `ids` are those it has had, the first one first.

    `amount` is what its fills came to. `settled` tells that nothing of it is left, while no row says why.
    """

    ids: tuple[str, ...]
    symbol: str
    side: Side
    price: Decimal
    qty: Decimal
    filled: Decimal
    amount: Decimal
    state: OrderState
    at: datetime
    settled: bool = False

    @property
    def is_open(self) -> bool:
        """Whether it may still be executed."""
        return self.state in RESTING

    def shown(self, name: str, fees: Fees) -> VenueOrder:
        """Return it under one of its names; the venue tells no fees, so they are what the rates make of it."""
        fee = self.amount * fees.rate(self.side)
        return VenueOrder(
            name, None, self.symbol, self.side, self.price, self.qty, self.filled, fee, self.state, self.at
        )


def order_row(row: Mapping[str, object], days: SessionRule, now: datetime) -> OrderRow | None:
    """Read one row of either list; None for the blank one that stands for an empty list."""
    odno = serial(row, "odno")
    if not odno:
        return None
    side = SIDES.get(needed_text(row, "sll_buy_dvsn_cd"))
    if side is None:
        raise Unreadable("sll_buy_dvsn_cd: unknown")
    at = _moment(row, days) or now
    filled = amount(row, "ft_ccld_qty")
    told = amount(row, "ft_ccld_amt3") or filled * amount(row, "ft_ccld_unpr3")
    stands = text(row, "prcs_stat_name")
    of = serial(row, "orgn_odno")
    return OrderRow(
        day=days.date_of(at),
        number=odno,
        of=0 if of == odno else of,
        kind=_kind(row),
        symbol=needed_text(row, "pdno"),
        side=side,
        price=amount(row, "ft_ord_unpr3"),
        qty=needed_amount(row, "ft_ord_qty"),
        filled=filled,
        amount=told,
        left=None if number(row, "nccs_qty") is None else amount(row, "nccs_qty"),
        rejected="거부" in stands or (not stands and bool(text(row, "rjct_rson_name"))),
        at=at,
    )


def chains(rows: Iterable[OrderRow], expires_at: Callable[[OrderRow], datetime], now: datetime) -> list[Chain]:
    """Put rows together, oldest order first; `expires_at` tells when what is left of an order counts as expired."""
    known: dict[str, OrderRow] = {}
    for row in rows:
        former = known.get(row.order_id)
        # The same order twice: the row that knows of more is the newer one.
        if former is None or row.filled >= former.filled:
            known[row.order_id] = row
    changes: dict[str, list[OrderRow]] = defaultdict(list)
    for row in known.values():
        if row.of and not row.rejected:
            changes[id_of(row.day, row.of)].append(row)
    roots = [row for row in known.values() if not (row.of and id_of(row.day, row.of) in known) and row.kind != CANCEL]
    roots = [row for row in roots if not (row.rejected and row.kind == REVISE)]
    made = [_chain(row, changes, expired=now >= expires_at(row)) for row in roots]
    return sorted(made, key=lambda chain: (chain.at, day_in(chain.ids[0]) or date.min, number_in(chain.ids[0])))


def _chain(root: OrderRow, changes: Mapping[str, Sequence[OrderRow]], *, expired: bool) -> Chain:
    members, canceled = [root], False
    while True:
        made = changes.get(members[-1].order_id, ())
        canceled = canceled or any(row.kind == CANCEL for row in made)
        revised = [row for row in made if row.kind != CANCEL and row not in members]
        if not revised:
            break
        members.append(max(revised, key=lambda row: row.number))
    last = members[-1]
    filled = sum((row.filled for row in members), ZERO)
    left = last.qty - last.filled if last.left is None else last.left
    if last.left is None and canceled:
        left = ZERO
    resting = OrderState.PARTIALLY_FILLED if filled else OrderState.OPEN
    settled = False
    if root.rejected and not filled:
        state = OrderState.REJECTED
    elif filled >= root.qty:
        state = OrderState.FILLED
    elif left:
        state = OrderState.EXPIRED if expired else resting
    elif canceled:
        state = OrderState.CANCELED
    else:
        state, settled = (OrderState.EXPIRED, False) if expired else (resting, True)
    return Chain(
        ids=tuple(row.order_id for row in members),
        symbol=root.symbol,
        side=root.side,
        price=last.price or root.price,
        qty=root.qty,
        filled=filled,
        amount=sum((row.amount for row in members), ZERO),
        state=state,
        at=root.at,
        settled=settled,
    )


def _kind(row: Mapping[str, object]) -> str:
    code = text(row, "rvse_cncl_dvsn") or text(row, "rvse_cncl_dvsn_cd")
    name = text(row, "rvse_cncl_dvsn_name") or text(row, "rvse_cncl_dvsn_cd_name")
    if code == CANCEL or "취소" in name:
        return CANCEL
    return REVISE if code == REVISE or "정정" in name else PLAIN


def _moment(row: Mapping[str, object], days: SessionRule) -> datetime | None:
    """Return when an order was placed: its time is Korean, its date the market's, and a night has two Korean dates."""
    hour = text(row, "ord_tmd") or text(row, "thco_ord_tmd")
    korean = day_of(row, "dmst_ord_dt")
    if korean is not None and (at := korean_moment(korean, hour)) is not None:
        return at
    day = day_of(row, "ord_dt")
    if day is None:
        return None
    for korean in (day, day + _ONE_DAY):
        at = korean_moment(korean, hour)
        if at is not None and days.date_of(at) == day:
            return at
    # Without a time that can be read, at least the day is right.
    return days.midnight_of(day)
