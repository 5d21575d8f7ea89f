"""A venue that is KIS: days that end, order numbers that begin anew, tokens, and a share that may split."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import asdict, dataclass, replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from domain.clock import iso
from domain.exact import ZERO, plain
from simulator.kis.corporate import Rename, Split, rename_from, rename_shares, split_from, split_holding, told
from simulator.kis.hours import NEW_YORK, hours, new_york_date
from simulator.kis.rules import TICKS
from simulator.kis.settings import KisSettings
from simulator.kis.tokens import TokenDesk
from simulator.orders import State
from simulator.venue import CUSTOMER, Trading, Venue

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from domain.session import MarketHours
    from simulator.kis.keys import KisKeys, Listing
    from simulator.market import Market, Print
    from simulator.orders import Order, Wish
    from simulator.saving import Change
    from simulator.settings import CoreSettings

CURRENCY = "USD"
FIRST_NUMBER = 40_001
"""Order numbers begin here on every day: alone they do not tell two orders apart."""
_SETTLES_AFTER = timedelta(minutes=30)
_DAY_CHARS = len("2026-03-05")


@dataclass(frozen=True, slots=True)
class Cancel:
    """A cancel that was accepted; it has an order number of its own."""

    day: str
    number: int
    order_id: str
    qty: str
    at: str


class KisVenue(Venue):
    """All that the broker's wire asks or orders."""

    settings: KisSettings
    keys: KisKeys

    def __init__(self, listing: Listing, market: Market, keys: KisKeys, real_now: Callable[[], datetime]) -> None:
        self.listed, self.mode = listing.exchange, listing.mode
        self.hours: MarketHours = hours()
        self.tokens = TokenDesk()
        self.cancels: list[Cancel] = []
        self.revised: dict[str, str] = {}
        """The order that each revision replaced."""
        self.splits: list[Split] = []
        self.renames: list[Rename] = []
        self.settled: dict[str, str] | None = None
        """Holding and cash as they were half an hour behind the last close."""
        self.looks = 0
        """How often a list with missing rows was drawn."""
        self._first_symbol = listing.symbol
        self._paid = ZERO
        self._numbered = (date.min, 0)
        self._orders_on: dict[str, list[Order]] = defaultdict(list)
        self._cancels_on: dict[str, list[Cancel]] = defaultdict(list)
        self._cancels_saved = 0
        super().__init__(
            Trading(listing.symbol, CURRENCY, TICKS, NEW_YORK, "", "rejected"), market, keys, real_now, KisSettings()
        )
        self._watch_close()

    @property
    def symbol(self) -> str:
        """Return what the share is called now."""
        return self.trading.base

    @property
    def market_code(self) -> str:
        """Name the market as the judge is told it: by its share."""
        return self.trading.base

    @property
    def identity(self) -> str:
        """Name what the books belong to: the share by the name it began with."""
        return f"{self._first_symbol} {self.listed} {self.mode} {self.market.label}"

    @property
    def today(self) -> date:
        """Return the date in New York."""
        return new_york_date(self.now())

    def symbol_of(self, order: Order) -> str:
        """Return what the share was called when an order was placed."""
        return next((rename.old for rename in self.renames if order.number <= rename.orders), self.symbol)

    def next_number(self) -> int:
        """Return a new order number of the day."""
        day, last = self._numbered
        self._numbered = (self.today, last + 1 if day == self.today else FIRST_NUMBER)
        self.note_changed()
        return self._numbered[1]

    def place(self, wish: Wish) -> Order:
        """Accept an order; one that is equal to an open one is counted as a repeat."""
        asked = (wish.side, wish.price, wish.volume)
        repeated = any((o.side, o.price, o.volume) == asked for o in self.book.open_orders.values())
        order = super().place(wish)
        self.repeats += repeated
        self._orders_on[order.order_id[:_DAY_CHARS]].append(order)
        return order

    def cancel_numbered(self, order: Order) -> int:
        """Accept the cancel of what is left; returns its own number."""
        number = self.next_number()
        self._keep(Cancel(self.today.isoformat(), number, order.order_id, plain(order.remaining), iso(self.now())))
        self.cancel(order)
        return number

    def revise(self, order: Order, wish: Wish) -> Order:
        """Put an order in the place of another one; who has not the money for it must not ask."""
        self.book.cancel(order, self.now(), "revised")
        new = self.place(wish)
        self.revised[new.order_id] = order.order_id
        return new

    def orders_between(self, first: str, last: str) -> Iterator[Order]:
        """Give the orders of some days of New York, both included; days as YYYY-MM-DD."""
        return (order for day, orders in self._orders_on.items() if first <= day <= last for order in orders)

    def cancels_between(self, first: str, last: str) -> Iterator[Cancel]:
        """Give the cancels of some days of New York."""
        return (cancel for day, cancels in self._cancels_on.items() if first <= day <= last for cancel in cancels)

    def split(self, numerator: int, denominator: int) -> Split:
        """Divide the share from now on; open orders end, fractions are paid out at the last price."""
        split = Split(self.played, len(self.commanded), self.now(), numerator, denominator)
        self._end_open()
        last = split.price(self.last)
        self._paid += split_holding(self.book.purses, CUSTOMER, self.trading, split, last)
        self._divide(split)
        self.outside = self._liquidity(last)
        self._dirty = self._paid_in = True
        return split

    def rename(self, to: str) -> None:
        """Call the share by another name from now on; open orders end."""
        self._end_open()
        self.renames.append(Rename(len(self.book.orders), self.now(), self.symbol))
        rename_shares(self.book.purses, self.symbol, to)
        self._call(to)
        self._dirty = self._paid_in = True

    def apply(self, settings: CoreSettings) -> None:
        """Change what is set; a day may end otherwise because of it, and tokens on command."""
        super().apply(settings)
        if self.settings.end_tokens is not None:
            self.tokens.end_all(self.settings.end_tokens)
            self.settings = self.settings.patched({"end_tokens": None})
        self.hours = hours(self.settings.plans)
        self._expire()
        self._watch_close()

    def note_changed(self) -> None:
        """Have everything saved with the next commit."""
        self._dirty = True

    def shown(self) -> Change:
        """Return what the judge is shown of this venue alone."""
        return {
            **told(self.splits, self.renames, self._paid),
            "cancels": [asdict(cancel) for cancel in self.cancels],
            "revised": self.revised,
        }

    def whole(self) -> Change:
        """Return everything that is saved."""
        return {**super().whole(), "cancels": [asdict(cancel) for cancel in self.cancels]}

    def restore(self, changes: list[Change]) -> None:
        """Go on where saved books end; raises `MarketChanged`."""
        if changes[0]["market"] != self.identity:
            super().restore(changes)
        state: dict[str, Any] = changes[-1]["kis"]
        for row in state["splits"]:
            # The first print has been heard already; all others are still to come.
            self._divide(split_from(row))
        self.renames = [rename_from(row) for row in state["renames"]]
        self._call(state["symbol"])
        settings = next(change["settings"] for change in reversed(changes) if "settings" in change)
        self.hours = hours(KisSettings.model_validate(settings).plans)
        self._watch_close()
        super().restore(changes)
        for order in self.book.orders.values():
            self._orders_on[order.order_id[:_DAY_CHARS]].append(order)
        for change in changes:
            for row in change.get("cancels", ()):
                self._keep(Cancel(**row))
        self.outside = self._liquidity(Decimal(state["last"]))
        self.settled = state["settled"]
        self.tokens.restore(state["tokens"])
        self.revised, self.looks, self._paid = state["revised"], state["looks"], Decimal(state["paid"])
        day, last = state["numbered"]
        self._numbered = (date.fromisoformat(day), last)

    def _progress(self) -> Change:
        day, last = self._numbered
        state = {
            "symbol": self.symbol,
            "last": plain(self.last),
            "numbered": [day.isoformat(), last],
            "tokens": self.tokens.saved(),
            "splits": [split.row() for split in self.splits],
            "renames": [rename.row() for rename in self.renames],
            "paid": plain(self._paid),
            "settled": self.settled,
            "revised": self.revised,
            "looks": self.looks,
        }
        return {**super()._progress(), "kis": state}

    def _change(self) -> Change:
        change = super()._change()
        if new := self.cancels[self._cancels_saved :]:
            change["cancels"] = [asdict(cancel) for cancel in new]
        return change

    def _clean(self) -> None:
        super()._clean()
        self._cancels_saved = len(self.cancels)

    def _order_id(self, number: int) -> str:
        del number
        return f"{self.today.isoformat()}-{self.next_number()}"

    def _recall(self, printed: Print, commanded: int | None) -> None:
        """Hear one print again, in the shares of today."""
        for split in self.splits:
            later = split.behind > self.played if commanded is None else split.commanded > commanded
            if later:
                printed = split.change(printed)
        self._note(printed)

    def _keep(self, cancel: Cancel) -> None:
        self.cancels.append(cancel)
        self._cancels_on[cancel.day].append(cancel)

    def _divide(self, split: Split) -> None:
        """Rewrite what has been printed, and change what will be."""
        for span in (*self.tape.minutes, *self.tape.days):
            split.change_span(span)
        self.splits.append(split)
        self.market.change_from(split.behind, split.change)

    def _call(self, symbol: str) -> None:
        self.trading = replace(self.trading, base=symbol)
        self.book.base = symbol

    def _end_open(self) -> None:
        for order in list(self.book.open_orders.values()):
            self.book.expire(order, self.now())

    def _watch_close(self) -> None:
        """Wait for the next close; a close that the settings have moved meanwhile ends nothing."""
        now = self.now()
        running = self.hours.regular_at(now) or self.hours.next_regular(now)
        if running is not None:
            self.clock.at(running.closes_at, self._close)

    def _close(self) -> None:
        self._expire()
        self.clock.at(self.now() + _SETTLES_AFTER, self._settle)
        self._watch_close()

    def _expire(self) -> None:
        """End the orders whose day is over."""
        now = self.now()
        for order in list(self.book.open_orders.values()):
            session = self.hours.regular_on(new_york_date(order.created_at))
            if session is None or session.closes_at <= now:
                self.book.expire(order, now)

    def _settle(self) -> None:
        purses = self.book.purses
        shares, cash = purses.of(CUSTOMER, self.symbol), purses.of(CUSTOMER, CURRENCY)
        self.settled = {"qty": plain(shares.total), "average": plain(shares.average), "cash": plain(cash.total)}
        self._dirty = True


def is_rejected(order: Order) -> bool:
    """Whether the exchange refused an order that the broker had taken."""
    return order.doomed and order.state is State.CANCEL
