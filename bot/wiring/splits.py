"""Looks for a split of the shares before a session's first order; while one is suspected no price is passed on."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from bot.corporate import GONE, NOTHING, SUSPECTED, WORTH_A_LOOK, Dismissed, Sign, judge, jumped, suspicion
from bot.wiring.opening import balance_of
from domain.errors import MarketUnknown
from domain.events import QuoteReceived, TrustLost, TrustRegained
from domain.exact import plain
from domain.reason import reason
from exchanges.paper import PaperExchange

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime

    from bot.diary import Diary
    from bot.loop import Loop
    from bot.recovery import Patience
    from bot.wiring.venue import Venue
    from domain.account import Balance
    from domain.events import Event
    from domain.mark import Mark
    from domain.reason import Reason
    from domain.session import MarketHours, Session
    from domain.split import Split
    from ledger.reader import Reader
    from ledger.writer import Ledger

_AT_CLOSE = timedelta(minutes=30)
"""A price so shortly before a session's close tells what its close was."""
_FIRST_TRADE = timedelta(minutes=30)
"""So long after its opening a share has been traded at last: until then a broker may tell the price of before."""
_GONE_AFTER = timedelta(minutes=10)
"""How long the venue must not know the share: an empty answer now and then proves nothing."""
_DAYS_BACK = 30
_BUCKETS = ((900, 700), (3600, 1100))
"""Steps of the marks, in seconds, and how many of them are looked through for the last price of a session."""


@dataclass(frozen=True, slots=True)
class Heard:
    """The last price of a regular session, as far as the bot heard it; it was told at `at` or shortly after."""

    price: Decimal
    day: date
    at: datetime


@dataclass(slots=True)
class SplitGuard:
    """Looks at every price before the loop does; while `is_frozen` it passes none on, for nobody knows its shares.

    At the start the loop's thread asks it, from then on the feed's alone. Without `hours` the market never closes, and
    nothing is split in it.
    """

    symbol: str
    venue: Venue
    loop: Loop
    ledger: Ledger
    diary: Diary
    hours: MarketHours | None
    is_frozen: bool = False
    is_new: bool = field(default=False, init=False)
    """Whether a split is confirmed, and no price of the new shares was heard yet."""
    heard: Heard | None = field(default=None, init=False)
    _dismissed: Dismissed = field(default=NOTHING, init=False)
    _gone_since: datetime | None = field(default=None, init=False)

    def look(self, patience: Patience, balances: Sequence[Balance], *, denied: bool) -> Split | None:
        """Look once before anything is traded, and return the split that is told of, already known or not.

        `denied`: the owner has just called none what was suspected. Raises as `Patience.answered` does.
        """
        loop = self.loop
        if self.hours is None and GONE not in loop.state.doubts:
            return None
        asked = (patience.if_known if self._held() else patience.answered)(self._quote)
        if asked is None:
            loop.handle(TrustLost(self._gone(), self._now()))
        elif GONE in loop.state.doubts:
            loop.handle(TrustRegained(GONE, self._now()))
        if self.hours is None:
            return None
        self.heard = _heard_in(self.ledger.reader, self.symbol, self.hours)
        self._dismissed, self.is_new = _read(self.ledger.reader.state(_row(self.symbol)), self.heard)
        self.is_frozen = SUSPECTED in loop.state.doubts
        if asked is None:
            return None
        price, session = asked.quote.last, self.hours.regular_at(asked.at)
        if self.is_new and self._is_outdated(asked, session):
            return None
        sign = patience.answered(lambda: self._sign(price, session, self._found(balances)))
        if denied:
            self._dismiss(sign)
        split = judge(sign, self._dismissed)
        if split is not None and not self.is_frozen:
            self.is_frozen = True
            loop.handle(TrustLost(suspicion(self.symbol, split, sign), self._now()))
        return split

    def begin_anew(self, split: Split) -> None:
        """Go on with the new shares, once they are booked."""
        self.is_frozen, self.is_new = False, True
        if self.heard is not None:
            self.heard = Heard(split.price(self.heard.price), self.heard.day, self.heard.at)
        self._keep(NOTHING)

    def price(self) -> tuple[Event, ...]:
        """Ask for the price, and return what the loop is to hear of it; raises `VenueError` as the venue does."""
        try:
            asked = self._quote()
        except MarketUnknown:
            self._gone_since = self._gone_since or self._now()
            if self._now() - self._gone_since >= _GONE_AFTER:
                self.loop.inbox.put(TrustLost(self._gone(), self._now()))
            raise
        self._gone_since = None
        back = (TrustRegained(GONE, asked.at),) if GONE in self.loop.state.doubts else ()
        return (*back, *self._passed(asked))

    def before(self, ask: Callable[[], Sequence[Event]]) -> tuple[Event, ...]:
        """Look at the share before anybody is told that its market has opened; raises as `price` does."""
        session = None if self.hours is None else self.hours.regular_at(self._now())
        if session is None or self.is_frozen or (self.heard is not None and self.heard.day == session.day):
            return tuple(ask())
        return (*self.price(), *ask())

    def _quote(self) -> QuoteReceived:
        return QuoteReceived(self.venue.market.get_quote(self.symbol), self._now())

    def _passed(self, asked: QuoteReceived) -> tuple[Event, ...]:
        if self.hours is None:
            return (asked,)
        if self.is_frozen:
            return ()
        price, session = asked.quote.last, self.hours.regular_at(asked.at)
        if self.is_new and self._is_outdated(asked, session):
            return ()
        if self._is_worth_a_look(price, session):
            sign = self._sign(price, session, self._found(None))
            split = judge(sign, self._dismissed)
            if split is not None:
                self.is_frozen = True
                return (TrustLost(suspicion(self.symbol, split, sign), asked.at),)
        if session is not None:
            self.heard, self.is_new = Heard(price, session.day, asked.at), False
        return (asked,)

    def _is_outdated(self, asked: QuoteReceived, session: Session | None) -> bool:
        """Whether a price is one of the old shares still, which nobody has traded since the split."""
        heard = self.heard
        may_be = session is None or asked.at < session.opens_at + _FIRST_TRADE
        return may_be and heard is not None and jumped(heard.price, asked.quote.last, WORTH_A_LOOK)

    def _is_worth_a_look(self, price: Decimal, session: Session | None) -> bool:
        """Whether a price is the first of a session, or too far from the one before to be of the same shares."""
        heard = self.heard
        if heard is None:
            return session is not None
        if session is not None and session.day == heard.day:
            return jumped(heard.price, price)
        return session is not None or jumped(heard.price, price, WORTH_A_LOOK)

    def _sign(self, price: Decimal, session: Session | None, found: Decimal | None) -> Sign:
        """Gather what is known; between two sessions the reference may still be that of the session before."""
        heard, reference = self.heard, None
        is_same = heard is not None and session is not None and heard.day == session.day
        is_far = heard is not None and jumped(heard.price, price, WORTH_A_LOOK)
        if not is_same and (session is not None or is_far):
            reference = self.venue.market.previous_close(self.symbol)
        return Sign(
            last=None if heard is None else heard.price,
            at_close=is_same or self._is_of_close(session),
            reference=reference,
            price=price,
            held=self._held(),
            kept=self.diary.opening.holdings,
            found=found,
        )

    def _is_of_close(self, session: Session | None) -> bool:
        """Whether the last price is of the end of the session before this one, or else before the next."""
        heard, hours = self.heard, self.hours
        coming = session if hours is None or session is not None else hours.next_regular(self._now())
        if heard is None or hours is None or coming is None:
            return False
        days = (coming.day - timedelta(days=back) for back in range(1, _DAYS_BACK))
        former = next((found for day in days if (found := hours.regular_on(day)) is not None), None)
        return former is not None and former.day == heard.day and heard.at >= former.closes_at - _AT_CLOSE

    def _found(self, balances: Sequence[Balance] | None) -> Decimal | None:
        """Return how much the account shows; None where it is on paper, or an order may change it just now."""
        if isinstance(self.venue.account, PaperExchange):
            return None
        if balances is None:
            if self.loop.state.orders:
                return None
            balances = self.venue.account.get_balance()
        return balance_of(tuple(balances), self.loop.instruments[self.symbol].base).total

    def _held(self) -> Decimal:
        held: Decimal = self.loop.state.strategies[self.symbol].book.position
        return held

    def _gone(self) -> Reason:
        return reason(GONE, symbol=self.symbol, held=self._held())

    def _dismiss(self, sign: Sign) -> None:
        """Remember what the owner has called no split."""
        self.is_new = False
        self._keep(Dismissed(sign.last, sign.found))

    def _keep(self, dismissed: Dismissed) -> None:
        self._dismissed = dismissed
        found = None if dismissed.found is None else plain(dismissed.found)
        day = None if self.heard is None else self.heard.day.isoformat()
        with self.ledger.commit() as page:
            page.state(_row(self.symbol), {"day": day, "found": found, "is_new": self.is_new})

    def _now(self) -> datetime:
        return self.venue.clock.now()


def _row(symbol: str) -> str:
    """Return the name of the row that keeps what the owner has said: that there was no split, or that there was."""
    return f"no_split/{symbol}"


def _read(row: Mapping[str, Any] | None, heard: Heard | None) -> tuple[Dismissed, bool]:
    """Read that row: of a price it says something only until a later session has told another."""
    if row is None:
        return NOTHING, False
    is_same = heard is not None and heard.day.isoformat() == row["day"]
    found = None if row["found"] is None else Decimal(row["found"])
    if row["is_new"]:
        return NOTHING, is_same
    return Dismissed(heard.price if heard is not None and is_same else None, found), False


def _heard_in(reader: Reader, symbol: str, hours: MarketHours) -> Heard | None:
    """Return the last price of a regular session that the marks of the ledger tell; None where they tell of none."""
    for step_s, limit in _BUCKETS:
        marks = reader.newest_marks(symbol, step_s, limit)
        found = next((heard for mark in reversed(marks) if (heard := _of_session(mark, hours)) is not None), None)
        if found is not None:
            return found
    return None


def _of_session(mark: Mark, hours: MarketHours) -> Heard | None:
    # A session begins and ends where a bucket does: what was told after its close is in the next one.
    session = hours.regular_at(mark.at)
    return None if session is None else Heard(mark.close, session.day, mark.at)
