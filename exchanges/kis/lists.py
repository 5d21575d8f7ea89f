"""The lists of an account's orders, whole or not at all: fetched once for questions that are asked together."""

from __future__ import annotations

from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field, replace
from datetime import UTC, date, timedelta
from itertools import pairwise
from typing import TYPE_CHECKING

from domain.order import RESTING, OrderState
from domain.reason import reason
from exchanges.kis import calls
from exchanges.kis.fields import KST, rows_of
from exchanges.kis.orders import REVISE, Chain, chains, day_in, order_row
from exchanges.transport import NoAnswer

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime

    from domain.session import MarketHours
    from domain.venue import VenueOrder
    from exchanges.kis.client import Client
    from exchanges.kis.orders import OrderRow
    from exchanges.transport import ServerClock

EXPIRES_AFTER = timedelta(minutes=5)
"""So long after the close what is left of an order counts as expired: the list is final by then."""
FRESH = timedelta(seconds=60)
"""So long an order that was taken in may be missing from the list: users have reported 12 seconds."""

_UNEXPLAINED = timedelta(seconds=10)
_ONE_DAY = timedelta(days=1)

Days = tuple[date, date]


@dataclass(slots=True)
class _Look:
    """What was fetched since a look began."""

    by_days: dict[Days, list[Chain]] = field(default_factory=dict)
    resting: list[Chain] | None = None


class OrderLists:
    """Reads the orders of one account, and remembers those just placed until a list shows them.

    Every thread has its own look: whoever asks two questions within one does not see what another thread fetched.
    """

    def __init__(self, client: Client, account: tuple[str, str], hours: MarketHours, clock: ServerClock) -> None:
        """Remember whom to ask."""
        self._client = client
        self._account = account
        self._hours = hours
        self._clock = clock
        self._look: ContextVar[_Look | None] = ContextVar("look", default=None)
        self._placed: dict[str, VenueOrder] = {}
        self._settled: dict[str, tuple[object, datetime]] = {}
        self._canceled: set[str] = set()
        self._made_of: dict[str, str] = {}

    @contextmanager
    def single_look(self) -> Iterator[None]:
        """Answer what is asked within from lists that are fetched once."""
        if self._look.get() is not None:
            yield
            return
        token = self._look.set(_Look())
        try:
            yield
        finally:
            self._look.reset(token)

    def placed(self, order: VenueOrder) -> None:
        """Remember an order that the venue has just taken in."""
        now = self._clock.now()
        kept = {name: each for name, each in tuple(self._placed.items()) if now - each.at < FRESH}
        self._placed = {**kept, order.order_id: order}
        self.forget_look()

    def revised(self, former: str, order: VenueOrder) -> None:
        """Remember which order the venue has just made of another one."""
        self._made_of[former] = order.order_id
        self.placed(order)

    def canceled(self, order_id: str) -> None:
        """Remember that the venue took a cancel of an order in."""
        self._canceled.add(order_id)
        self.forget_look()

    def newest(self, order_id: str) -> str:
        """Return what has become of an order that was revised, as far as it was seen."""
        seen = {order_id}
        while (order_id := self._made_of.get(order_id, order_id)) not in seen:
            seen.add(order_id)
        return order_id

    def forget_look(self) -> None:
        """Let the rest of a look fetch anew: what was fetched is older than what was done since."""
        if self._look.get() is not None:
            self._look.set(_Look())

    @staticmethod
    def rests(order: VenueOrder) -> bool:
        """Whether an order may still be executed."""
        return order.state in RESTING

    def fresh(self, order_id: str) -> VenueOrder | None:
        """Return an order that was just placed and that no list has shown yet."""
        order = self._placed.get(order_id)
        if order is None or not abs(self._clock.now() - order.at) < FRESH:
            return None
        return replace(order, state=OrderState.CANCELED) if order_id in self._canceled else order

    def unseen(self) -> tuple[VenueOrder, ...]:
        """Return the orders that were just placed and that no list has shown yet."""
        return tuple(order for name in tuple(self._placed) if (order := self.fresh(name)) is not None)

    def today(self) -> Days:
        """Return the dates on which the market's day may be dated now: its own, and Korea's, which is ahead."""
        now = self._clock.now()
        return self._hours.date_of(now), max(self._hours.date_of(now), now.astimezone(KST).date())

    def since(self, at: datetime) -> list[Chain]:
        """Return every order placed on the market's day of a moment, or later."""
        return self._of_days(min(self._hours.date_of(at), self.today()[0]), self.today()[1])

    def of(self, order_id: str) -> Chain | None:
        """Return one order, under whichever of its names; None where the complete list of its day lacks it."""
        day = day_in(order_id)
        if day is None:
            return None
        begin, end = self.today()
        found = self._of_days(*((begin, end) if day == begin else (day, max(day, min(day + _ONE_DAY, end)))))
        return next((chain for chain in found if order_id in chain.ids), None)

    def resting(self) -> list[Chain]:
        """Return all orders at rest.

        Live accounts have a list of them; where it may be incomplete, or cannot show yet what was just placed, the list
        of the day decides, as it always does on the practice account.
        """
        look = self._look.get()
        if look is not None and look.resting is not None:
            return look.resting
        found = self._resting_live() if calls.OPEN_ORDERS.served(self._client.mode) else None
        if found is None:
            found = [chain for chain in self._of_days(*self.today()) if chain.is_open]
        if look is not None:
            look.resting = found
        return found

    def _resting_live(self) -> list[Chain] | None:
        pages = self._client.pages(calls.OPEN_ORDERS, *self._whose(), ("OVRS_EXCG_CD", "NASD"), ("SORT_SQN", "DS"))
        rows = self._rows(pages)
        if len(pages) > 1 or any(row.kind == REVISE for row in rows):
            # How this list is paged is not certain, and the beginning of a revised order stands in the other one alone.
            return None
        found = self._seen(self._chains(rows))
        return None if self.unseen() else [chain for chain in found if chain.is_open]

    def _of_days(self, begin: date, end: date) -> list[Chain]:
        look = self._look.get()
        if look is not None:
            for (first, last), kept in look.by_days.items():
                if first <= begin and end <= last:
                    return kept
        is_live = calls.OPEN_ORDERS.served(self._client.mode)
        pages = self._client.pages(
            calls.ORDERS,
            *self._whose(),
            ("PDNO", "%" if is_live else ""),
            ("ORD_STRT_DT", f"{begin:%Y%m%d}"),
            ("ORD_END_DT", f"{end:%Y%m%d}"),
            ("SLL_BUY_DVSN", "00"),
            ("CCLD_NCCS_DVSN", "00"),
            ("OVRS_EXCG_CD", "NASD" if is_live else ""),
            ("SORT_SQN", "DS"),
            ("ORD_DT", ""),
            ("ORD_GNO_BRNO", ""),
            ("ODNO", ""),
        )
        found = self._seen(self._chains(self._rows(pages)))
        if look is not None:
            look.by_days[begin, end] = found
        return found

    def _seen(self, found: list[Chain]) -> list[Chain]:
        for chain in found:
            self._made_of |= pairwise(chain.ids)
            for name in chain.ids:
                self._placed.pop(name, None)
        # Of two numbers of one order only the newer one counts, also while no list shows it yet.
        return [chain for chain in found if self.newest(chain.ids[-1]) not in self._placed]

    def _whose(self) -> tuple[tuple[str, str], tuple[str, str]]:
        number, product = self._account
        return ("CANO", number), ("ACNT_PRDT_CD", product)

    def _rows(self, pages: list[Mapping[str, object]]) -> list[OrderRow]:
        now, found = self._clock.now(), []
        for page in pages:
            listed = rows_of(page.get("output", page.get("output1")), "orders")
            rows = [row for each in listed if (row := order_row(each, self._hours, now)) is not None]
            if len(rows) > 1 and all(row == rows[0] for row in rows):
                # Users have reported it: one row over and over in place of the list.
                raise NoAnswer("the list says one row over and over", why=reason("kis_list_repeats"))
            found += rows
        return found

    def _chains(self, rows: list[OrderRow]) -> list[Chain]:
        return [self._explained(chain) for chain in chains(rows, self._expires_at, self._clock.now())]

    def _explained(self, chain: Chain) -> Chain:
        """Close an order of which nothing is left once that is certain: by our cancel, or by its staying so."""
        root, now = chain.ids[0], self._clock.now()
        if not chain.settled:
            self._settled.pop(root, None)
            return chain
        filled, since = self._settled.setdefault(root, (chain.filled, now))
        if filled != chain.filled or since > now:
            self._settled[root] = (chain.filled, now)
            since = now
        # Between two looks its last fill may be under way into the list; after the close it is for the end of the day.
        stays = now - since >= _UNEXPLAINED and not self._hours.is_over(self._hours.date_of(chain.at), now)
        certain = stays or not self._canceled.isdisjoint(chain.ids)
        return replace(chain, state=OrderState.CANCELED, settled=False) if certain else chain

    def _expires_at(self, row: OrderRow) -> datetime:
        session = self._hours.regular_on(row.day)
        if session is not None and row.at < session.closes_at:
            return session.closes_at + EXPIRES_AFTER
        # Placed after the close, or on a day that we take to be off: it may rest as long as its date lasts.
        return self._hours.midnight_of(row.day + _ONE_DAY).astimezone(UTC)
