"""A venue without its wire: one market, its clock and books, what is set and armed, and how all of it is saved."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from domain.clock import iso
from domain.exact import ZERO, plain
from domain.instrument import Side
from simulator.bookrows import commanded_from, commanded_row, order_from, order_row, purse_rows, restore_purses
from simulator.clock import SimulatedClock, after
from simulator.faults import Fault, Faults
from simulator.liquidity import Liquidity
from simulator.market import Commanded, Print
from simulator.matching import Book
from simulator.orders import Order, State
from simulator.tape import Tape

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import tzinfo
    from decimal import Decimal

    from domain.instrument import TickTable
    from simulator.keys import VenueKeys
    from simulator.market import Market
    from simulator.orders import Wish
    from simulator.saving import Change, SavedBooks
    from simulator.settings import CoreSettings

CUSTOMER = "customer"
_MILLISECOND = timedelta(milliseconds=1)


class MarketChanged(Exception):
    """The saved books belong to another market."""


class PrintDue(Exception):
    """A print of the market itself is due before; the text says when."""


@dataclass(frozen=True, slots=True)
class Trading:
    """What is traded: `base` for `quote`, in which price steps, in whose time zone a day begins."""

    base: str
    quote: str
    ticks: TickTable
    zone: tzinfo
    id_prefix: str
    doom: str = "stp_cancel"
    """What a doomed order's end is called."""


class Venue:
    """All that a wire asks or orders; after every request it must be told to `commit`."""

    settings: CoreSettings
    keys: VenueKeys

    def __init__(
        self,
        trading: Trading,
        market: Market,
        keys: VenueKeys,
        real_now: Callable[[], datetime],
        settings: CoreSettings,
    ) -> None:
        first = market.print_at(0)
        if first is None:
            raise ValueError("the market has no print")
        self.trading = trading
        self.market = market
        self.keys = keys
        self.settings = settings
        self.faults = Faults()
        self.book = Book(trading.base, trading.quote, trading.doom)
        self.clock = SimulatedClock(first.at)
        self.tape = Tape(trading.zone)
        self.played = 0
        self.commanded: list[Commanded] = []
        self.last_at = first.at
        self.begins_at = first.at
        self.prices_asked = self.orders_asked = 0
        self.repeats = 0
        self.requests: Counter[str] = Counter()
        self.hash_forms: Counter[str] = Counter()
        self._by_client_id: dict[str, Order] = {}
        self._real_now = real_now
        self._saved: SavedBooks | None = None
        self._written: CoreSettings | None = None
        self._paid_in = False
        self._dirty = True
        self._commanded_saved = 0
        self.outside = self._liquidity(first.price)
        self._play(first)

    def now(self) -> datetime:
        """Return the simulated time."""
        return self.clock.now()

    def judge_now(self) -> datetime:
        """Return the time by which tokens and rates are judged."""
        return self._real_now() if self.settings.judge_clock == "real" else self.now()

    @property
    def last(self) -> Decimal:
        """Return the price of the last print."""
        return self.outside.last

    @property
    def market_code(self) -> str:
        """Name the market as the judge is told it."""
        return f"{self.trading.quote}-{self.trading.base}"

    @property
    def identity(self) -> str:
        """Name what the books belong to: nobody goes on with the books of another market."""
        return f"{self.market_code} {self.market.label}"

    def step(self, until: datetime | None, *, play: bool = True) -> Print | None:
        """Go to the earliest of the next print and a moment; returns the print if it was played.

        At the same moment the wait ends first. A print whose time has passed plays at the clock's time.
        """
        self._dirty = True
        coming = self.market.print_at(self.played) if play else None
        if coming is not None and (until is None or max(coming.at, self.now()) < until):
            self.clock.advance(coming.at)
            self._play(coming)
            return coming
        if until is not None:
            self.clock.advance(until)
        return None

    def print_now(self, price: Decimal, volume: Decimal | None) -> Print:
        """Let a trade happen that no bar tells of; without a volume it fills all that it touches.

        No two prints share a millisecond. Raises `PrintDue` where time has run past a print of the market.
        """
        at = max(self.now(), self.last_at + _MILLISECOND)
        coming = self.market.print_at(self.played)
        if coming is not None and coming.at <= at:
            raise PrintDue(iso(coming.at))
        self._dirty = True
        self.clock.advance(at)
        printed = Print(at, price, ZERO if volume is None else volume, jump=True)
        self._hear(printed, limited=volume is not None and self.settings.print_volume == "candle")
        self.commanded.append(Commanded(self.played, printed))
        return printed

    def heard_backwards(self) -> Iterator[Print]:
        """Give the prints so far, newest first."""
        commanded = list(self.commanded)
        for number in range(self.played, 0, -1):
            while commanded and commanded[-1].behind == number:
                yield commanded.pop().printed
            if (printed := self.market.print_at(number - 1)) is not None:
                yield printed

    def place(self, wish: Wish) -> Order:
        """Accept an order and lock what it needs; raises `InsufficientFunds`."""
        now, settings = self.now(), self.settings
        number = len(self.book.orders) + 1
        buys = wish.side is Side.BUY
        order = Order(
            number=number,
            order_id=self._order_id(number),
            owner=CUSTOMER,
            client_id=wish.client_id,
            side=wish.side,
            kind=wish.kind,
            tif=wish.tif,
            price=wish.price,
            volume=wish.volume,
            maker_rate=settings.maker_bid_fee if buys else settings.maker_ask_fee,
            taker_rate=settings.bid_fee if buys else settings.ask_fee,
            created_at=now,
            ready_at=after(now, settings.accept_delay_s),
            doomed=wish.doomed,
        )
        self.book.accept(order)
        self._dirty = True
        if order.client_id is not None:
            self._by_client_id.setdefault(order.client_id, order)
        self._await_entry(order)
        return order

    def cancel(self, order: Order) -> None:
        """Accept a cancel; it takes effect at once or after the set delay."""
        if order.cancel_at is None:
            order.cancel_at = after(self.now(), self.settings.cancel_delay_s)
            self.book.touched.add(order.order_id)
            self._dirty = True
            self._await_cancel(order)

    def find(self, order_id: str | None, client_id: str | None) -> Order | None:
        """Return an order by its id, or by its client's id when no other is given."""
        if order_id is not None:
            return self.book.orders.get(order_id)
        return None if client_id is None else self._by_client_id.get(client_id)

    def deposit(self, currency: str, amount: Decimal) -> None:
        """Give the customer an amount from nowhere; negative: take it away."""
        self.book.purses.deposit(CUSTOMER, currency, amount)
        self._dirty = self._paid_in = True

    def apply(self, settings: CoreSettings) -> None:
        """Change what is set; the world's book follows at once."""
        self.settings = settings
        self.outside = self._liquidity(self.last)
        self._dirty = True

    def commit(self) -> None:
        """Save what has changed; to be called before any answer leaves."""
        if not (self._dirty or self.faults.changed or self.book.touched):
            return
        if self._saved is not None and self._saved.append(self._change()):
            self._saved.rewrite(self.whole())
        self._clean()

    def save(self) -> None:
        """Write the saved books anew, down to the disk."""
        if self._saved is not None:
            self._saved.rewrite(self.whole())

    def keep_in(self, saved: SavedBooks) -> None:
        """Save into a folder from now on."""
        self._saved = saved
        saved.rewrite(self.whole())
        self._clean()

    def shown(self) -> Change:
        """Return what the judge is shown of this venue alone."""
        return {}

    def whole(self) -> Change:
        """Return everything that is saved."""
        return {
            **self._progress(),
            **self._wealth(set(self.book.orders)),
            "commanded": [commanded_row(each) for each in self.commanded],
            "settings": self.settings.model_dump(mode="json"),
            "faults": [fault.model_dump(mode="json") for fault in self.faults.armed],
            "market": self.identity,
            **self.keys.saved(),
        }

    def restore(self, changes: list[Change]) -> None:
        """Go on where saved books end; raises `MarketChanged`. Keys are restored by whoever makes the venue."""
        if changes[0]["market"] != self.identity:
            raise MarketChanged(changes[0]["market"])
        rows = {row["order_id"]: row for change in changes for row in change.get("orders", ())}
        last: Change = {}
        for change in changes:
            last |= change
        self.settings = type(self.settings).model_validate(last["settings"])
        self.faults.armed = [Fault.model_validate(fault) for fault in last["faults"]]
        restore_purses(self.book.purses, last["purses"], last["deposited"])
        for row in rows.values():
            order = order_from(row)
            self.book.restore(order)
            if order.client_id is not None:
                self._by_client_id.setdefault(order.client_id, order)
        self.book.trades_made = last["trades_made"]
        self.repeats = last["repeats"]
        self.commanded = [commanded_from(row) for change in changes for row in change.get("commanded", ())]
        self._replay(last["played"])
        self.last_at = datetime.fromisoformat(last["last_at"])
        self.clock.advance(datetime.fromisoformat(last["now"]))
        for order in sorted(self.book.orders.values(), key=lambda order: order.number):
            self._resume(order)

    def _replay(self, played: int) -> None:
        """Hear again what was printed, without anybody trading."""
        commanded = 0
        while True:
            while commanded < len(self.commanded) and self.commanded[commanded].behind == self.played:
                self._recall(self.commanded[commanded].printed, commanded)
                commanded += 1
            printed = self.market.print_at(self.played)
            if self.played >= played or printed is None:
                return
            self._recall(printed, None)
            self.played += 1

    def _recall(self, printed: Print, commanded: int | None) -> None:
        """Hear one print again: the market's next, or the one of that number that came on command."""
        del commanded
        self._note(printed)

    def _order_id(self, number: int) -> str:
        return f"{self.trading.id_prefix}{number:015d}"

    def _change(self) -> Change:
        """Return what has changed since the last commit; what is missing is as before."""
        change: Change = self._progress()
        if self.book.touched or self._paid_in:
            change |= self._wealth(self.book.touched)
        if self.settings is not self._written:
            change["settings"] = self.settings.model_dump(mode="json")
        if new := self.commanded[self._commanded_saved :]:
            change["commanded"] = [commanded_row(each) for each in new]
        if self.faults.changed:
            change["faults"] = [fault.model_dump(mode="json") for fault in self.faults.armed]
        return change

    def _clean(self) -> None:
        self.book.touched.clear()
        self._commanded_saved = len(self.commanded)
        self._written = self.settings
        self._dirty = self._paid_in = self.faults.changed = False

    def _progress(self) -> Change:
        return {
            "now": iso(self.now()),
            "played": self.played,
            "last_at": iso(self.last_at),
            "trades_made": self.book.trades_made,
            "repeats": self.repeats,
        }

    def _wealth(self, order_ids: set[str]) -> Change:
        purses = self.book.purses
        return {
            "orders": [order_row(self.book.orders[order_id]) for order_id in sorted(order_ids)],
            "purses": purse_rows(purses),
            "deposited": {currency: plain(amount) for currency, amount in purses.deposited.items()},
        }

    def _resume(self, order: Order) -> None:
        if order.state is State.ACCEPTED:
            self._await_entry(order)
        if order.is_open and order.cancel_at is not None:
            self._await_cancel(order)

    def _await_entry(self, order: Order) -> None:
        def enter() -> None:
            if order.state is State.ACCEPTED:
                self.book.activate(order, self.outside, self.now())

        if order.ready_at <= self.now():
            enter()
        else:
            self.clock.at(order.ready_at, enter)

    def _await_cancel(self, order: Order) -> None:
        def end() -> None:
            if order.is_open:
                self.book.cancel(order, self.now(), self.settings.user_cancel_type)

        if order.cancel_at is None or order.cancel_at <= self.now():
            end()
        else:
            self.clock.at(order.cancel_at, end)

    def _play(self, printed: Print) -> None:
        self._hear(printed, limited=self.settings.print_volume == "candle")
        self.played += 1

    def _hear(self, printed: Print, *, limited: bool) -> None:
        self.book.hear(printed, self.now(), limited=limited, better=self.settings.jump_fill == "print")
        self._note(printed)
        self.last_at = self.now()
        self.prices_asked = self.orders_asked = 0

    def _note(self, printed: Print) -> None:
        self.tape.hear(printed)
        self.outside = self._liquidity(printed.price)

    def _liquidity(self, last: Decimal) -> Liquidity:
        return Liquidity(last, self.trading.ticks, self.settings.spread_ticks, self.settings.depth)
