"""Orders whose answer was lost at a venue without our ids: found by what they asked for, frozen, or proven absent."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from bot.clock import PlaybackClock
from bot.inquiry import ABSENCES_MIN
from bot.reconcile import CLOSING_PAUSE, Reconciler
from bot.search import FINAL_AFTER, LOOKS_BACK, Search
from bot.trail import EARLIEST, LATEST, Trail
from domain.account import Balance
from domain.events import Event, FillReported, OrderAccepted, OrderEnded, OrderFrozen
from domain.exact import ZERO
from domain.order import IntentKey, Order, OrderState
from domain.session import MarketHours, Session, SessionKind
from domain.venue import VenueOrder
from tests.bot.rig import NOON, SYMBOL, order_of
from tests.bot.shown import HOUR, PREFIX, ShownVenue, Watch, exchange_of

_S = OrderState
ONE, TWO = "bptest-1", "bptest-2"
DAY = NOON.date()
CLOSE = NOON + timedelta(hours=4)
HELD = Decimal(3)
SECOND = timedelta(seconds=1)


def sessions_on(day: date) -> tuple[Session, ...]:
    noon = datetime(day.year, day.month, day.day, 12, tzinfo=UTC)
    return (Session(day, SessionKind.REGULAR, noon - timedelta(hours=3), noon + timedelta(hours=4)),)


class NamelessVenue(ShownVenue):
    """Knows nothing of our ids, and tells what the account holds."""

    held = HELD

    def __init__(self, clock: PlaybackClock) -> None:
        super().__init__(clock)
        self.listed_since: list[datetime] = []

    def open_orders(self, symbol: str) -> tuple[VenueOrder, ...]:
        return tuple(replace(order, client_order_id=None) for order in super().open_orders(symbol))

    def closed_orders(self, symbol: str, since: datetime) -> tuple[VenueOrder, ...]:
        self.listed_since.append(since)
        return tuple(replace(order, client_order_id=None) for order in super().closed_orders(symbol, since))

    def get_balance(self) -> tuple[Balance, ...]:
        self.asked.append("get_balance")
        return (Balance("BTC", self.held, ZERO),)


class Hunt(Watch):
    """A reconciler that looks for lost orders by what they asked for."""

    def __init__(self, *known: Order) -> None:
        super().__init__(*known)
        self.account = NamelessVenue(self.clock)
        self.account.nameless = True
        self.venue = self.account
        self.trail = Trail()
        for order in known:
            self.trail.leaves(order.client_id, NOON)
        search = Search(self.trail, "BTC", MarketHours(UTC, sessions_on), lambda: HELD)
        self.reconciler = Reconciler(
            exchange_of(self.venue),
            SYMBOL,
            PREFIX,
            lambda: dict(self.known),
            self.clock,
            NOON - HOUR,
            search=search,
        )

    def settle(self, *, looks: int = 12, pause_s: int = 10) -> list[Event]:
        """Look again and again; returns all that was told."""
        return [event for _ in range(looks) for event in self.ask(pause_s)]


def lost(number: int = 1, price: str = "9000") -> Order:
    order = order_of(number, state=_S.UNKNOWN, price=price)
    return replace(order, key=IntentKey(1, order.cell, order.side, 0, 1, DAY))


def test_a_lost_order_is_found_by_what_it_asked_for_with_its_fills() -> None:
    hunt = Hunt(lost())
    hunt.venue.take(ONE)
    fill = hunt.venue.fill(ONE, "1", "t1")
    hunt.ask()

    events = hunt.ask(3)

    assert events == (OrderAccepted(ONE, f"v-{ONE}", hunt.clock.now()), FillReported(ONE, fill, hunt.clock.now()))


@pytest.mark.parametrize(
    "change",
    [
        {"price": Decimal(9010)},
        {"qty": Decimal(2)},
        {"symbol": "KRW-ETH"},
        {"at": NOON - EARLIEST - SECOND},
        {"at": NOON + LATEST + SECOND},
    ],
    ids=["price", "quantity", "symbol", "too early", "too late"],
)
def test_an_order_that_asked_for_something_else_or_at_another_time_is_not_it(change: dict[str, object]) -> None:
    hunt = Hunt(lost())
    hunt.venue.orders["other"] = replace(hunt.venue.take(ONE), **change)  # type: ignore[arg-type]  # one field each
    del hunt.venue.orders[ONE]

    assert not [event for event in hunt.settle() if isinstance(event, OrderAccepted)]


@pytest.mark.parametrize("moment", [NOON - EARLIEST, NOON + LATEST])
def test_the_window_of_time_has_its_ends_in_it(moment: datetime) -> None:
    hunt = Hunt(lost())
    hunt.venue.orders[ONE] = replace(hunt.venue.take(ONE), at=moment)

    assert OrderAccepted in {type(event) for event in hunt.settle()}


def test_an_order_that_is_ours_already_is_nobody_elses() -> None:
    hunt = Hunt(lost())
    hunt.venue.take(ONE)
    hunt.trail.owns(f"v-{ONE}", ONE)

    assert not [event for event in hunt.settle() if isinstance(event, OrderAccepted)]


def test_a_minute_and_three_looks_in_vain_freeze_and_prove_nothing() -> None:
    hunt = Hunt(lost())

    early = hunt.settle(looks=5)
    late = hunt.settle(looks=3)

    assert early == []
    assert {(type(event), getattr(event, "client_id", "")) for event in late} == {(OrderFrozen, ONE)}
    assert late[0].at - NOON >= LATEST


def test_a_look_that_fails_is_none() -> None:
    hunt = Hunt(lost())
    hunt.ask()
    hunt.ask(3)
    hunt.venue.fails["closed_orders"] = 10**6
    for _ in range(ABSENCES_MIN):
        with pytest.raises(Exception, match="closed_orders"):
            hunt.ask(30)
    hunt.venue.fails.clear()

    assert hunt.ask(10) == ()


def test_what_is_frozen_is_found_when_the_venue_shows_it_late() -> None:
    hunt = Hunt(lost())
    hunt.venue.take(ONE)
    hunt.venue.unseen.add(ONE)
    assert OrderFrozen in {type(event) for event in hunt.settle()}
    hunt.venue.unseen.clear()

    assert OrderAccepted(ONE, f"v-{ONE}", hunt.clock.now() + timedelta(minutes=1)) in hunt.ask(60)


def test_of_two_that_may_be_it_none_is_taken() -> None:
    hunt = Hunt(lost())
    hunt.venue.take(ONE)
    hunt.venue.take("by hand")
    hunt.ask()

    (frozen,) = hunt.ask(3)

    assert isinstance(frozen, OrderFrozen)
    assert (frozen.why.code, frozen.why.plain_figures()["count"]) == ("frozen_ambiguous", "2")


def after_the_close(hunt: Hunt) -> list[Event]:
    hunt.settle()
    hunt.clock.set(CLOSE + FINAL_AFTER)
    return [event for _ in range(3) for event in hunt.ask(601)]


def test_two_equal_lists_after_the_close_and_the_holdings_prove_absence() -> None:
    hunt = Hunt(lost())

    proof = after_the_close(hunt)

    assert [(event.state, event.why.code) for event in proof if isinstance(event, OrderEnded)][:1] == [
        (_S.VOID, "absent_after_close")
    ]
    assert proof[0].at > CLOSE + FINAL_AFTER + timedelta(minutes=10)


def test_before_the_close_is_final_nothing_is_proven() -> None:
    hunt = Hunt(lost())
    hunt.settle()
    hunt.clock.set(CLOSE + FINAL_AFTER - timedelta(minutes=5))

    assert not [event for event in (*hunt.ask(60), *hunt.ask(60)) if isinstance(event, OrderEnded)]
    assert "get_balance" not in hunt.venue.asked


def test_holdings_that_differ_are_no_proof_of_absence() -> None:
    hunt = Hunt(lost())
    hunt.account.held = HELD + 1

    told = after_the_close(hunt)

    assert not [event for event in told if isinstance(event, OrderEnded)]
    assert "frozen_holdings_differ" in {event.why.code for event in told if isinstance(event, OrderFrozen)}


def test_a_list_that_still_changes_is_no_proof_of_absence() -> None:
    hunt = Hunt(lost())
    hunt.settle()
    hunt.clock.set(CLOSE + FINAL_AFTER)
    hunt.ask(601)
    hunt.venue.orders["other"] = replace(hunt.venue.take(TWO, price="8000"), state=_S.EXPIRED)
    del hunt.venue.orders[TWO]

    assert not [event for event in hunt.ask(601) if isinstance(event, OrderEnded)]
    assert OrderEnded in {type(event) for event in hunt.ask(601)}


def test_what_is_traded_on_the_days_after_does_not_put_the_proof_off() -> None:
    hunt = Hunt(lost())
    hunt.settle()
    hunt.clock.set(CLOSE + timedelta(hours=20))
    hunt.ask(601)
    hunt.venue.orders["other"] = replace(hunt.venue.take(TWO, price="8000"), state=_S.EXPIRED)
    del hunt.venue.orders[TWO]

    assert [event.state for event in hunt.ask(601) if isinstance(event, OrderEnded)] == [_S.VOID]


def test_what_is_lost_for_days_is_left_to_its_owner_and_no_list_grows_for_ever() -> None:
    hunt = Hunt(lost())
    hunt.account.held = HELD + 1
    after_the_close(hunt)
    hunt.clock.set(NOON + LOOKS_BACK + SECOND)
    hunt.account.held = HELD

    told = hunt.settle(looks=4, pause_s=601)

    assert not [event for event in told if isinstance(event, OrderEnded)]
    assert min(hunt.account.listed_since[-4:]) >= NOON + SECOND - EARLIEST


def test_a_fill_that_is_listed_after_its_order_has_ended_for_us_is_told() -> None:
    hunt = Hunt()
    hunt.trail.owns(f"v-{ONE}", ONE)
    hunt.venue.take(ONE)
    hunt.venue.take("by hand")
    hunt.venue.end(ONE)
    hunt.ask()

    fill = hunt.venue.fill(ONE, "0.4", "t1")
    hunt.venue.fill("by hand", "0.4", "t2")

    assert hunt.ask(600) == (FillReported(ONE, fill, hunt.clock.now()),)


def test_a_lost_order_that_ended_meanwhile_is_found_with_its_end() -> None:
    hunt = Hunt(lost())
    hunt.venue.take(ONE)
    hunt.venue.end(ONE, _S.EXPIRED)
    hunt.ask()

    accepted, ended = hunt.ask(3)

    assert isinstance(accepted, OrderAccepted)
    assert isinstance(ended, OrderEnded)
    assert ended.state is _S.EXPIRED


def test_orders_at_rest_are_looked_at_after_the_close_until_all_have_ended() -> None:
    order = replace(lost(), state=_S.OPEN, venue_id=f"v-{ONE}")
    hunt = Hunt(order)
    hunt.venue.take(ONE)
    hunt.ask()
    assert (hunt.reconciler.next_look_at(), hunt.reconciler.unsettled_at()) == (CLOSE + FINAL_AFTER, None)
    hunt.clock.set(CLOSE + FINAL_AFTER)
    hunt.ask()
    assert hunt.reconciler.next_look_at() == CLOSE + FINAL_AFTER + CLOSING_PAUSE
    hunt.venue.end(ONE, _S.EXPIRED)

    (ended,) = hunt.ask(60)
    hunt.know()
    hunt.ask()

    assert isinstance(ended, OrderEnded)
    assert (ended.state, hunt.reconciler.next_look_at()) == (_S.EXPIRED, None)


def test_a_start_long_after_the_close_takes_its_two_final_looks_ten_minutes_apart() -> None:
    hunt = Hunt(lost())
    hunt.clock.set(CLOSE + FINAL_AFTER + HOUR)
    began = hunt.clock.now()

    told = [event for _ in range(90) for event in hunt.ask(10)]

    (proof,) = [event for event in told if isinstance(event, OrderEnded)][:1]
    assert proof.state is _S.VOID
    assert proof.at - began >= timedelta(minutes=10)


def test_a_run_that_only_waits_gives_up_on_an_order_that_no_list_will_ever_prove() -> None:
    hunt = Hunt(lost())
    hunt.account.held = HELD + 1
    hunt.clock.set(CLOSE + FINAL_AFTER)

    hunt.settle(looks=60, pause_s=601)
    waiting = hunt.reconciler.unsettled_at()
    hunt.settle(looks=2, pause_s=601)

    assert (waiting is not None, hunt.reconciler.unsettled_at()) == (True, None)
