"""A run against a venue, real or simulated: how it recovers, and what it asks again and again."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from bot.corporate import SHORT, SUSPECTED, proposed
from bot.engine import Engine
from bot.feed import Feed, Question
from bot.imports import number_of, taken_over
from bot.loop import NOT_IN_LEDGER, Loop, Undo
from bot.memory import dial_name, dial_stands
from bot.rates import rate_questions, rate_read
from bot.recovery import follow_open, settle_unsent
from bot.standing import standing
from bot.wiring.faces import REPORT
from bot.wiring.opening import balance_of
from bot.wiring.parts import gate_of, limits_of, strategy_of
from bot.wiring.splits import SplitGuard
from bot.wiring.splitting import carry_out, remember_prices
from domain.decision import Note, Weight
from domain.errors import ExitCode, SetupError
from domain.events import (
    ConcernRaised,
    Dial,
    FillReported,
    OrderEnded,
    OrderImported,
    OrderShown,
    OrdersSeen,
    OwnerAsked,
    OwnerWish,
    TermsRead,
    TimerFired,
    TrustLost,
    TrustRegained,
)
from domain.exact import ZERO
from domain.instrument import Side
from domain.order import OrderState
from domain.reason import reason
from reports.figures import RUN
from strategy.grid.epochs import settings_changed

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from bot.diary import Diary
    from bot.reconcile import Reconciler
    from bot.recovery import Patience
    from bot.sessions import SessionWatch
    from bot.settings import Settings
    from bot.wiring.venue import Venue
    from domain.account import Balance
    from domain.events import Event
    from domain.reason import Reason
    from domain.split import Split
    from domain.venue import VenueOrder
    from ledger.writer import Ledger

TERMS_EVERY_S = 3600
CONCERNS_EVERY_S = 86_400
SESSION_EVERY_S = 3600
"""Beside the moments at which a session opens and closes: the machine's clock may have been set meanwhile."""
CLOSED_PRICE_EVERY_S = 60
CLOSED_ORDERS_EVERY_S = 600

_LOOKS_MAX = 5
_LAGS_MAX = 6
_LAG_S = 10
"""A minute in all: users of the practice account report 12 seconds and more between balance and list."""


@dataclass(slots=True)
class VenueRun:
    """A grid on a venue, as it was left by the run before, if there was one.

    `settings` have the dials as the owner turned them since, `as_set` as the settings say.
    """

    settings: Settings
    venue: Venue
    loop: Loop
    reconciler: Reconciler
    ledger: Ledger
    diary: Diary
    strict: bool
    strange: tuple[VenueOrder, ...]
    as_set: Settings
    sessions: SessionWatch | None
    stopped: Callable[[], bool]
    feed: Feed = field(init=False)
    guard: SplitGuard = field(init=False)

    def __post_init__(self) -> None:
        """Gather what is asked again and again."""
        market, clock, sessions = self.venue.market, self.venue.clock, self.sessions
        hours = None if sessions is None else sessions.hours
        self.guard = SplitGuard(self.symbol, self.venue, self.loop, self.ledger, self.diary, hours)
        self.feed = Feed(
            self._questions(),
            clock,
            self.loop.inbox.put,
            lambda: market.blocked_until,
            is_open=lambda: sessions is None or sessions.is_open,
            stopped=self.stopped,
        )

    @property
    def symbol(self) -> str:
        """Return what is traded."""
        return self.settings.symbol

    def recover(
        self,
        patience: Patience,
        *,
        resume: bool,
        import_orders: bool = False,
        release: Collection[str] = (),
        split: Split | None = None,
    ) -> None:
        """Bring ledger and venue together before the first price is looked at; raises as `Patience.answered` does.

        `release` names cells whose lost order the owner knows not to be at the venue, `split` is the one that the owner
        confirms; raises `SetupError` where there is no such order, and where that split cannot be.
        """
        clock, loop = self.venue.clock, self.loop
        self._forget_dials()
        settle_unsent(loop, clock)
        denied = resume and split is None and SUSPECTED in loop.state.doubts
        if resume:
            # First, so that what still stands in the way stops us anew.
            loop.handle(OwnerAsked(self.symbol, OwnerWish.RESUME, clock.now()))
        follow_open(self.ledger.reader, self.venue.account, loop.desk.trail)
        # Before anything is booked that happened meanwhile: every booking has a rate.
        instrument = loop.instruments[self.symbol]
        for rate in patience.if_known(lambda: rate_read(self.venue.market, instrument, clock)) or ():
            loop.handle(rate)
        self._catch_up(patience)
        self._release(release)
        left = [order for order in self.strange if not self._take_in(order, patience, import_orders=import_orders)]
        if not left:
            loop.handle(TrustRegained(NOT_IN_LEDGER, clock.now()))
        self._fund(self._counted(patience, split, denied=denied))
        for event in patience.if_known(self._terms) or ():
            loop.handle(event)
        loop.drain()
        for why in standing(loop.state, self.symbol):
            # What held the bot back before it was stopped holds it back now: a silent start would look like trading.
            loop.tell(Note("grid", why, Weight.WARNING))
        self.feed.begin()

    def _forget_dials(self) -> None:
        """Forget a dial whose setting was changed since: set back one day, the setting alone shall hold."""
        set_now = {Dial.GAP: self.as_set.grid_gap_pct, Dial.SIZE: self.as_set.size.amount}
        with self.ledger.commit() as page:
            for dial, value in set_now.items():
                name = dial_name(self.symbol, dial)
                if not dial_stands(self.ledger.reader.state(name), value):
                    page.state(name, None)

    def _release(self, cells: Collection[str]) -> None:
        """Let go of lost orders on the owner's word; what has just been found is no longer lost."""
        loop = self.loop
        lost = {order.cell: order for order in loop.state.orders.values() if order.state is OrderState.UNKNOWN}
        if unknown := [cell for cell in cells if cell not in lost]:
            why = reason("nothing_to_release", cells=", ".join(unknown), frozen=", ".join(lost) or "-")
            raise SetupError(ExitCode.SETTINGS, why)
        for cell in cells:
            why = reason("released_by_owner", slot=cell)
            loop.handle(OrderEnded(lost[cell].client_id, OrderState.VOID, why, self.venue.clock.now()))

    def _catch_up(self, patience: Patience) -> bool:
        """Book all that the venue shows of our orders; returns whether an execution or an end was among it."""
        events = patience.answered(self.look)
        for event in events:
            self.loop.handle(event)
        self.loop.drain()
        return any(isinstance(event, FillReported | OrderEnded) for event in events)

    def _take_in(self, shown: VenueOrder, patience: Patience, *, import_orders: bool) -> bool:
        """Take over an order that the ledger does not know, where the owner wants it; returns whether that was done."""
        # Its number is used up, whatever becomes of it: no id is sent twice.
        self.ledger.skip_order_seqs(number_of(shown.client_order_id or "") or 0)
        grid = self.loop.state.strategies[self.symbol]
        order = taken_over(shown, grid, self.ledger.reader) if import_orders else None
        if order is None:
            self.loop.handle(OrderShown(shown, self.venue.clock.now()))
            return False
        self.venue.account.follow(self.symbol, shown.order_id)
        self.loop.handle(OrderImported(order, shown.order_id, self.venue.clock.now()))
        self._catch_up(patience)
        return True

    def close_books(self) -> None:
        """Write how the run stands, as it was described last."""
        with self.ledger.commit() as page:
            page.state(RUN, self.diary.row())
            if self.loop.marks is not None:
                self.loop.marks.close(page)

    def _questions(self) -> tuple[Question, ...]:
        """Return what is asked again and again: prices, own orders, terms, and what the owner should see to."""
        venue = self.venue
        orders = Question(
            "own orders",
            self.look,
            venue.orders_every_s,
            CLOSED_ORDERS_EVERY_S,
            at_opening=True,
            wanted_at=self.reconciler.next_look_at,
        )
        return (
            *self._session(),
            # First, so that a price is never judged before what was executed at it is known.
            *((orders,) if venue.orders_in_feed else ()),
            Question("prices", self.guard.price, venue.price_every_s, CLOSED_PRICE_EVERY_S, at_opening=True),
            Question("terms", self._terms, TERMS_EVERY_S, asked=True, vital=False),
            Question("concerns", self._concerns, CONCERNS_EVERY_S, vital=False),
            *rate_questions(venue.market, self.loop.instruments[self.symbol], venue.clock),
            *self._report_due(),
        )

    def _session(self) -> tuple[Question, ...]:
        """Return the question whether the market is open, which its hours answer; none where it never closes."""
        sessions = self.sessions
        if sessions is None:
            return ()
        ask, change = sessions.ask, sessions.next_change
        return (Question("session", lambda: self.guard.before(ask), SESSION_EVERY_S, wanted_at=change, vital=False),)

    def _report_due(self) -> tuple[Question, ...]:
        """Return the question whether a report is due, which the clock alone answers; none where none is written."""
        minutes = 0 if self.diary.report is None else self.settings.report_interval_minutes
        return (Question(REPORT, self._report_timer, minutes * 60, vital=False),) if minutes else ()

    def _report_timer(self) -> tuple[Event, ...]:
        return (TimerFired(REPORT, self.venue.clock.now()),)

    def look(self) -> tuple[Event, ...]:
        """Look at all own orders; returns what is new, and that all of it has been told."""
        began_at = self.venue.clock.now()
        events = self.reconciler.ask()
        # What the answers told of the venue's time may have set the clock back.
        return (*events, OrdersSeen(min(began_at, self.venue.clock.now())))

    def _terms(self) -> tuple[Event, ...]:
        exchange = self.venue.market
        instrument = exchange.refresh_instrument(self.symbol)
        return (TermsRead(instrument, exchange.buying_hold(self.symbol), self.venue.clock.now()),)

    def _concerns(self) -> tuple[Event, ...]:
        return tuple(ConcernRaised(why, self.venue.clock.now()) for why in self.venue.market.concerns())

    def _balances(self, patience: Patience) -> tuple[Balance, ...]:
        """Return what the account has, of a moment at which all is booked."""
        balances = patience.answered(self.venue.account.get_balance)
        for _ in range(_LOOKS_MAX):
            if not self._catch_up(patience):
                break
            balances = patience.answered(self.venue.account.get_balance)
        return balances

    def _counted(self, patience: Patience, split: Split | None, *, denied: bool) -> tuple[Balance, ...]:
        """Return what the account has, in the shares that the books count in; `denied`: a split, by its owner."""
        balances = self._balances(patience)
        told = self.guard.look(patience, balances, denied=denied)
        if split is not None:
            carry_out(self, split, proposed(self.loop.state.safe) or told, balances)
            balances = patience.answered(self.venue.account.get_balance)
        if not self.guard.is_frozen:
            remember_prices(self)
            balances = self._listed(patience, balances)
            # While a split is suspected, it explains what is missing.
            if (why := self._lack(balances)) is not None:
                self.loop.handle(TrustLost(why, self.venue.clock.now()))
            elif SHORT in self.loop.state.doubts:
                self.loop.handle(TrustRegained(SHORT, self.venue.clock.now()))
        return balances

    def _listed(self, patience: Patience, balances: tuple[Balance, ...]) -> tuple[Balance, ...]:
        """Return what the account has once the lists have caught up with it: some show a sale a while after it."""
        for _ in range(_LAGS_MAX):
            if self.venue.account.capabilities.trade_ids or self._lack(balances) is None:
                break
            patience.wait(_LAG_S)
            balances = self._balances(patience)
        return balances

    def _lack(self, balances: tuple[Balance, ...]) -> Reason | None:
        base = self.loop.instruments[self.symbol].base
        owned, found = self.loop.state.strategies[self.symbol].book.position, balance_of(balances, base).total
        return reason(SHORT, owned=owned, found=found, base=base) if found < owned else None

    def _fund(self, balances: tuple[Balance, ...]) -> None:
        """Let the grid, risk and gate know what the account has; what is booked from now on is counted on top."""
        loop, settings = self.loop, self.settings
        instrument, book = loop.instruments[self.symbol], loop.state.strategies[self.symbol].book
        cash, coins = balance_of(balances, instrument.quote), balance_of(balances, instrument.base)
        # An order whose answer was lost has its cash locked if it is there; more than is locked, none of ours has.
        waiting = (order for order in loop.state.orders.values() if order.side is Side.BUY)
        bound = sum((order.price * order.remaining for order in waiting), ZERO)
        own_locked = min(bound + instrument.fee(Side.BUY, bound), cash.locked)
        free_cash = cash.free + own_locked - book.cash_flow
        on_paper = not self.strict
        grid, as_set = (
            each.grid(
                strict=self.strict,
                bars=False,
                free_cash=None if on_paper and settings.paper_cash is None else free_cash,
                adopt_qty=settings.qty_to_adopt(coins.free),
            )
            for each in (settings, self.as_set)
        )
        loop.engine = Engine({self.symbol: strategy_of(instrument, grid, self.venue.market)})
        state = loop.state.strategies[self.symbol]
        if grid != as_set and (state.epoch is None or settings_changed(state, grid)):
            # Turned and not carried out before the end, a dial may not do any more: it must not keep us from starting.
            former = Engine({self.symbol: strategy_of(instrument, as_set, self.venue.market)})
            loop.undo = Undo(former, {dial_name(self.symbol, dial): None for dial in Dial})
        loop.limits = limits_of(settings, grid.free_cash)
        loop.desk.gate = gate_of(settings, self.ledger, loop.instruments, grid.free_cash, self.venue)
