"""Reconciling over Bithumb's wire: the real adapter, a simulator's process, and what goes wrong between them."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from bot.orders import id_prefix
from bot.reconcile import Reconciler, strangers
from domain.errors import OutcomeUnknown, VenueError
from domain.events import CancelFailed, Event, FillReported, OrderAccepted, OrderEnded, OrderShown
from domain.order import Order, OrderState
from domain.venue import CancelAnswer, VenueOrder
from tests.bot.rig import SYMBOL, order_of
from tests.exchanges.bithumb_venue import BithumbMarket, market_at

_S = OrderState
PREFIX = id_prefix("bithumb_bot")
HALF_AN_HOUR_S = 1800
HOUR = timedelta(hours=1)


class Wire:
    """A reconciler on the simulator; the test says what we know."""

    def __init__(self, market: BithumbMarket) -> None:
        self.market = market
        self.begin = market.clock.now()
        self.known: dict[str, Order] = {}
        self.reconciler = self.after_a_restart()

    def after_a_restart(self) -> Reconciler:
        since = self.begin - HOUR
        return Reconciler(self.market.bithumb, SYMBOL, PREFIX, lambda: dict(self.known), self.market.clock, since)

    def order(self, number: int, state: OrderState, venue_id: str | None = None, *, filled: str = "0") -> Order:
        """Return an order of ours, and know it from now on."""
        named = replace(order_of(number, state=state, filled=filled), client_id=f"{PREFIX}-{number}")
        self.known[named.client_id] = replace(named, venue_id=venue_id)
        return self.known[named.client_id]

    def rests(self, number: int, state: OrderState = _S.OPEN) -> VenueOrder:
        """Place an order whose answer comes back."""
        placed = self.market.buy(f"{PREFIX}-{number}")
        self.order(number, state, placed.order_id)
        return placed

    def loses(self, number: int, kind: str = "lose_reply_after_accept") -> str:
        """Place an order whose answer is lost."""
        order = self.order(number, _S.UNKNOWN)
        self.market.arm("place", kind)
        with pytest.raises(OutcomeUnknown):
            self.market.buy(order.client_id)
        return order.client_id

    def ask(self, after_s: int = 0) -> tuple[Event, ...]:
        self.market.clock.go_on(after_s)
        return self.reconciler.ask()

    def take_in(self, event: Event) -> None:
        """Do with an event what the loop does."""
        assert isinstance(event, OrderAccepted | FillReported | OrderEnded)
        order = self.known.pop(event.client_id)
        if isinstance(event, OrderAccepted):
            order = order.advance(_S.OPEN, venue_id=event.venue_id)
        elif isinstance(event, FillReported):
            order = order.with_fill(event.fill.qty)
        else:
            order = order.advance(event.state)
        if not order.is_closed:
            self.known[order.client_id] = order

    def told(self, after_s: int = 0) -> list[str]:
        return [type(event).__name__ for event in self.ask(after_s)]

    def print_price(self, price: str, volume: str) -> None:
        self.market.clock.go_on(1)
        self.market.admin.admin("print", {"price": price, "volume": volume})


@pytest.fixture
def market(tmp_path: Path) -> Iterator[BithumbMarket]:
    with market_at(tmp_path) as market:
        yield market


@pytest.fixture
def wire(market: BithumbMarket) -> Wire:
    return Wire(market)


def test_an_order_whose_reply_was_lost_is_found_at_rest(wire: Wire) -> None:
    client_id = wire.loses(1)

    (event,) = wire.ask()

    (shown,) = wire.market.bithumb.open_orders(SYMBOL)
    assert event == OrderAccepted(client_id, shown.order_id, event.at)


def test_an_order_whose_reply_was_lost_and_that_filled_at_once_is_found_with_its_fill(wire: Wire) -> None:
    wire.ask()
    client_id = wire.loses(1)
    wire.market.trade_at(Decimal(9000))

    assert wire.told() == []
    accepted, filled = wire.ask(2)

    assert isinstance(accepted, OrderAccepted)
    assert isinstance(filled, FillReported)
    assert (accepted.client_id, filled.client_id, filled.fill.qty) == (client_id, client_id, Decimal(1))


def test_an_order_that_never_left_is_proven_absent_after_thirty_seconds_and_not_before(wire: Wire) -> None:
    client_id = wire.loses(1, "drop_connection")

    quiet = [wire.ask(seconds) for seconds in (0, 2, *[1] * 29)]
    (ended,) = wire.ask(1)

    assert set(quiet) == {()}
    assert isinstance(ended, OrderEnded)
    assert (ended.client_id, ended.state, ended.why.code) == (client_id, _S.VOID, "proven_absent")
    assert int(ended.why.plain_figures()["looks"]) >= 3
    assert wire.market.client_ids() == []


def test_a_look_that_fails_is_no_look_in_vain(wire: Wire) -> None:
    wire.loses(1, "drop_connection")
    wire.ask()
    for _ in range(6):
        wire.market.arm("order", "status", status=500, count=3)
        with pytest.raises(VenueError):
            wire.ask(10)

    assert [wire.told(seconds) for seconds in (10, 10, 10)] == [[], [], []]
    assert wire.told(10) == ["OrderEnded"]


def test_an_order_that_the_venue_is_still_taking_in_is_waited_for(wire: Wire) -> None:
    wire.market.set(accept_delay_s="100")
    client_id = wire.loses(1)

    assert [wire.told(seconds) for seconds in (2, *[10] * 9)] == [[]] * 10
    assert wire.told(10) == ["OrderAccepted"]
    assert wire.market.client_ids() == [client_id]


def test_fills_while_we_were_away_are_told_once(wire: Wire) -> None:
    wire.market.set(print_volume="candle")
    for number in (1, 2):
        wire.rests(number)
    wire.print_price("9000", "0.4")
    wire.market.clock.go_on(HALF_AN_HOUR_S)
    wire.print_price("9000", "1.6")
    wire.reconciler = wire.after_a_restart()

    fills = [event for event in wire.ask() if isinstance(event, FillReported)]

    assert len(fills) == len({event.fill.fill_id for event in fills}) == 3
    assert sum(event.fill.qty for event in fills) == 2
    assert wire.told() == []


def test_a_cancel_whose_reply_was_lost_is_seen_to_have_worked(wire: Wire) -> None:
    wire.ask()
    placed = wire.rests(1, _S.CANCEL_PENDING)
    wire.market.arm("cancel", "lose_reply_after_accept")
    with pytest.raises(OutcomeUnknown):
        wire.market.bithumb.cancel_order(placed.order_id)

    (ended,) = wire.ask()

    assert isinstance(ended, OrderEnded)
    assert (ended.state, ended.why.code) == (_S.CANCELED, "canceled_by_us")


def test_a_cancel_that_never_left_is_told_after_ten_seconds_and_works_when_asked_again(wire: Wire) -> None:
    placed = wire.rests(1, _S.CANCEL_PENDING)
    wire.market.arm("cancel", "drop_connection")
    with pytest.raises(OutcomeUnknown):
        wire.market.bithumb.cancel_order(placed.order_id)

    assert [wire.told(seconds) for seconds in (0, 9)] == [[], []]
    (failed,) = wire.ask(1)
    assert isinstance(failed, CancelFailed)
    assert wire.market.bithumb.cancel_order(placed.order_id) is CancelAnswer.ACCEPTED
    assert wire.told() == ["OrderEnded"]


def test_what_filled_before_the_cancel_is_told_before_the_end(wire: Wire) -> None:
    wire.market.set(print_volume="candle", cancel_delay_s="5")
    placed = wire.rests(1, _S.CANCEL_PENDING)
    wire.ask()
    wire.market.bithumb.cancel_order(placed.order_id)
    wire.print_price("9000", "0.4")

    assert wire.told(5) == ["FillReported", "OrderEnded"]


def test_an_order_that_the_venue_takes_back_is_told(wire: Wire) -> None:
    wire.market.arm("place", "stp")
    wire.rests(1)

    (ended,) = wire.ask()

    assert isinstance(ended, OrderEnded)
    assert (ended.state, ended.why.code) == (_S.CANCELED, "canceled_by_venue")


def test_fills_that_the_venue_reports_twice_are_told_once(wire: Wire) -> None:
    wire.rests(1)
    wire.market.trade_at(Decimal(9000))
    wire.market.arm("order", "duplicate_fill_report", count=9)

    assert wire.told() == ["FillReported"]
    assert wire.told() == []


def test_half_an_hour_without_the_venue_changes_nothing_and_then_all_is_told(wire: Wire) -> None:
    wire.ask()
    wire.rests(1)
    canceled = wire.rests(2, _S.CANCEL_PENDING)
    wire.loses(3)
    wire.loses(4, "drop_connection")
    wire.market.bithumb.cancel_order(canceled.order_id)
    wire.market.trade_at(Decimal(9000))
    wire.market.arm("*", "drop_connection", count=None)
    for _ in range(HALF_AN_HOUR_S // 60):
        with pytest.raises(VenueError):
            wire.ask(60)
    wire.market.admin.admin("faults", {"clear": True})

    names = []
    for seconds in (0, 2, *[10] * 3):
        for event in wire.ask(seconds):
            names.append((type(event).__name__, getattr(event, "client_id", "")[-1]))
            wire.take_in(event)

    assert wire.known == {}
    assert names == [
        ("OrderAccepted", "3"),
        ("FillReported", "1"),
        ("FillReported", "3"),
        ("OrderEnded", "2"),
        ("OrderEnded", "4"),
    ]


def test_what_stands_at_the_venue_under_our_name_and_in_no_ledger_is_a_stranger(wire: Wire) -> None:
    at_rest, ended = wire.rests(1), wire.rests(2)
    wire.market.buy("by-hand")
    known = wire.rests(3)
    wire.market.bithumb.cancel_order(ended.order_id)
    wire.known = {f"{PREFIX}-3": wire.known[f"{PREFIX}-3"]}

    found = strangers(wire.market.bithumb, SYMBOL, PREFIX, wire.begin, wire.known.__contains__)

    assert [order.order_id for order in found] == [at_rest.order_id, ended.order_id]
    assert known.order_id not in {order.order_id for order in found}
    assert [event.order.order_id for event in wire.ask() if isinstance(event, OrderShown)] == [at_rest.order_id]
