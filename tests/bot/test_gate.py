"""The gate: it believes the journal alone, lets pass what just fits, and refuses the next unit of every cap."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.clock import PlaybackClock
from bot.gate import MARKET_CLOSED, SAFE, Caps, OrderGate
from domain.book import Book
from domain.exact import ZERO
from domain.instrument import Side
from domain.order import Fill, Order, OrderState
from domain.reason import reason
from domain.session import MarketHours, Session, SessionKind
from tests.bot.rig import COIN, FEE_RATE, NOON, SYMBOL, Rig, Script, on_quotes, order_of, quote, wish

_SECOND = timedelta(seconds=1)
_HOUR = timedelta(hours=1)


@dataclass
class Journal:
    """What is written, as plain lists: open orders, a book, and when which slot sent."""

    orders: list[Order] = field(default_factory=list)
    holdings: Book = field(default_factory=Book)
    sent: list[tuple[datetime, str]] = field(default_factory=list)
    states: set[str] = field(default_factory=set)

    def open_orders(self) -> Sequence[Order]:
        return self.orders

    def book(self, symbol: str) -> Book:
        return self.holdings if symbol == SYMBOL else Book()

    def has_state(self, name: str) -> bool:
        return name in self.states

    def sends_since(self, at: datetime) -> int:
        return sum(sent_at >= at for sent_at, _ in self.sent)

    def creates_since(self, symbol: str, slot: str, at: datetime) -> int:
        return sum(sent_at >= at and sent == slot for sent_at, sent in self.sent)


def gate_on(journal: Journal, caps: Caps | None = None) -> OrderGate:
    return OrderGate(journal, {SYMBOL: COIN}, caps or Caps(), PlaybackClock(NOON))


def code_of(order: Order, caps: Caps | None = None, *others: Order, book: Book | None = None) -> str:
    journal = Journal([order, *others], book or Book())
    refusal = gate_on(journal, caps).check(order)
    return "" if refusal is None else refusal.code


def resting(seq: int, side: Side = Side.BUY, price: str = "8000", filled: str = "0") -> Order:
    return order_of(seq, side=side, price=price, cell=f"2.{seq}", state=OrderState.OPEN, filled=filled)


def bought(qty: str = "1", slot: str = "1.0") -> Book:
    fill = Fill("t1", Decimal(9000), Decimal(qty), Decimal(qty) * 9000 * FEE_RATE, NOON)
    return Book().booked(slot, Side.BUY, fill)


def test_a_written_order_within_all_caps_passes() -> None:
    assert code_of(order_of()) == ""


def test_an_order_that_is_not_in_the_journal_never_leaves() -> None:
    refusal = gate_on(Journal()).check(order_of())

    assert refusal is not None
    assert str(refusal) == "gate_not_in_journal order=bptest-1"


def test_while_we_are_safe_the_gate_lets_neither_a_buy_nor_a_sell_leave() -> None:
    for order in (order_of(), order_of(side=Side.SELL)):
        safe = Journal([order], bought(), states={SAFE})
        other = Journal([order], bought(), states={"run"})

        refusal = gate_on(safe).check(order)

        assert refusal == reason("safe_no_orders")
        assert gate_on(other).check(order) is None


def sessions_on(day: date) -> tuple[Session, ...]:
    opens_at = datetime(day.year, day.month, day.day, 9, tzinfo=UTC)
    return (Session(day, SessionKind.REGULAR, opens_at, opens_at + 6 * _HOUR),)


@pytest.mark.parametrize(
    ("at", "code"),
    [
        (time(8, 59, 59), MARKET_CLOSED),
        (time(9), ""),
        (time(14, 59, 49), ""),
        (time(14, 59, 50), MARKET_CLOSED),
        (time(15), MARKET_CLOSED),
    ],
)
def test_an_order_leaves_only_while_its_own_session_runs(at: time, code: str) -> None:
    order = replace(order_of(), key=replace(order_of().key, session=NOON.date()))
    hours = MarketHours(UTC, sessions_on)

    def code_on(day: date) -> str:
        clock = PlaybackClock(datetime.combine(day, at, UTC))
        refusal = OrderGate(Journal([order]), {SYMBOL: COIN}, Caps(), clock, hours).check(order)
        return "" if refusal is None else refusal.code

    assert code_on(NOON.date()) == code
    assert code_on(NOON.date() + timedelta(days=1)) == MARKET_CLOSED


@pytest.mark.parametrize("fault", [{"price": Decimal(9001)}, {"qty": Decimal(2)}, {"side": Side.SELL}])
def test_an_order_that_differs_from_what_was_written_never_leaves(fault: dict[str, object]) -> None:
    journal = Journal([order_of()], bought())

    refusal = gate_on(journal).check(replace(order_of(), **fault))  # type: ignore[arg-type]  # each case names its field

    assert refusal is not None
    assert refusal.code == "gate_not_in_journal"


@pytest.mark.parametrize("state", [state for state in OrderState if state is not OrderState.PENDING])
def test_only_an_order_that_never_left_may_leave(state: OrderState) -> None:
    assert code_of(order_of(state=state)) == "gate_not_in_journal"


@pytest.mark.parametrize(
    ("price", "qty", "code"),
    [
        ("9001", "1", ""),
        ("9001.5", "1", "gate_off_step"),
        ("10010", "1", ""),
        ("10001", "1", "gate_off_step"),
        ("9000", "0.57", ""),
        ("9000", "0.571", "gate_off_step"),
        ("5000", "1", ""),
        ("4999", "1", "gate_under_minimum"),
        ("9000", "0", "gate_under_minimum"),
        ("0", "1", "gate_under_minimum"),
    ],
)
def test_tick_step_and_minimum_hold_to_the_last_unit(price: str, qty: str, code: str) -> None:
    assert code_of(order_of(price=price, qty=qty)) == code


def test_one_order_may_be_as_large_as_its_cap() -> None:
    assert code_of(order_of(), Caps(order_notional_max=Decimal(9000))) == ""
    assert code_of(order_of(), Caps(order_notional_max=Decimal(8999))) == "gate_order_over_cap"


def test_a_slot_has_one_order() -> None:
    second = replace(resting(2), key=order_of().key)

    assert code_of(order_of(), None, second) == "gate_second_order"
    assert code_of(order_of(), None, replace(second, symbol="KRW-ETH")) == ""


def test_a_side_may_have_as_many_open_orders_as_its_cap() -> None:
    others = (resting(2), resting(3), resting(4, Side.SELL, "20000"))

    assert code_of(order_of(), Caps(open_orders_max=3), *others) == ""
    assert code_of(order_of(), Caps(open_orders_max=2), *others) == "gate_too_many_open"
    assert code_of(order_of(), Caps(open_orders_max=0), *others) == ""


@pytest.mark.parametrize(
    ("side", "price", "other", "code"),
    [
        (Side.BUY, "9000", "9001", ""),
        (Side.BUY, "9000", "9000", "gate_own_cross"),
        (Side.SELL, "9000", "8999", ""),
        (Side.SELL, "9000", "9000", "gate_own_cross"),
    ],
)
def test_we_never_trade_with_ourselves(side: Side, price: str, other: str, code: str) -> None:
    order = order_of(side=side, price=price)
    against = resting(2, Side.SELL if side is Side.BUY else Side.BUY, other)

    assert code_of(order, None, against, book=bought()) == code
    assert code_of(order, Caps(own_cross=True), against, book=bought()) == ""


def test_two_orders_of_one_side_do_not_cross() -> None:
    assert code_of(order_of(price="9000"), None, resting(2, price="9000")) == ""


def test_no_more_orders_leave_within_a_second_than_the_cap() -> None:
    order = order_of()
    caps = Caps(sends_per_second_max=2)
    old, young = (NOON - _SECOND - timedelta(microseconds=1), "9.9"), (NOON - _SECOND, "9.9")

    assert gate_on(Journal([order], sent=[old, young]), caps).check(order) is None
    refusal = gate_on(Journal([order], sent=[young, young]), caps).check(order)
    assert refusal is not None
    assert refusal.code == "gate_too_fast"


def test_no_more_orders_of_a_slot_leave_within_an_hour_than_the_cap() -> None:
    order = order_of()
    caps = Caps(creates_per_slot_hour_max=2)
    old, young, other = (NOON - _HOUR - _SECOND, "1.0"), (NOON - _HOUR, "1.0"), (NOON, "1.1")

    assert gate_on(Journal([order], sent=[old, young, other]), caps).check(order) is None
    refusal = gate_on(Journal([order], sent=[young, young]), caps).check(order)
    assert refusal is not None
    assert str(refusal) == "gate_slot_too_busy slot=1.0 limit=2"


def test_a_sale_may_be_all_that_the_books_say_its_slot_owns() -> None:
    order = order_of(side=Side.SELL)

    assert code_of(order, book=bought("1")) == ""
    assert code_of(order, book=bought("0.99")) == "gate_sells_too_much"
    assert code_of(order, book=bought("1", slot="1.1")) == "gate_sells_too_much"


def test_holdings_and_all_open_buys_stay_within_the_position_cap() -> None:
    # 9022.5 held, 4000 to come of a half filled order, 9000 asked for; a sale takes no room.
    others = (resting(2, filled="0.5"), resting(3, Side.SELL, "20000"))

    assert code_of(order_of(), Caps(position_notional_max=Decimal("22022.5")), *others, book=bought()) == ""
    caps = Caps(position_notional_max=Decimal("22022.49"))
    assert code_of(order_of(), caps, *others, book=bought()) == "gate_position_over_cap"


def test_all_open_buys_with_their_fees_stay_within_the_cash() -> None:
    needed = (Decimal(9000) + 9000 + 8000) * (1 + FEE_RATE)

    assert code_of(order_of(), Caps(free_cash=needed), resting(2), book=bought()) == ""
    caps = Caps(free_cash=needed - Decimal("0.0001"))
    assert code_of(order_of(), caps, resting(2), book=bought()) == "gate_cash_short"


_ORDERS = st.tuples(
    st.sampled_from(Side),
    st.integers(4900, 5100) | st.integers(9900, 10100),
    st.integers(0, 300),
    st.integers(0, 8),
    st.integers(0, 400),
)
_CAP = st.none() | st.integers(0, 60_000).map(Decimal)


@given(
    asked=st.lists(_ORDERS, max_size=25),
    money=st.tuples(_CAP, _CAP, _CAP),
    counts=st.tuples(st.integers(0, 4), st.integers(0, 3), st.integers(0, 3)),
)
def test_whatever_a_strategy_asks_for_what_leaves_keeps_every_cap(
    asked: Sequence[tuple[Side, int, int, int, int]],
    money: tuple[Decimal | None, Decimal | None, Decimal | None],
    counts: tuple[int, int, int],
) -> None:
    caps = Caps(money[0], money[1], *counts, money[2])
    clock = PlaybackClock(NOON)
    journal = Journal(holdings=bought("1", "2.0").moved("2.0", "2.1", Decimal("0.5")))
    gate = OrderGate(journal, {SYMBOL: COIN}, caps, clock)
    for seq, (side, price, hundredths, slot, wait_ms) in enumerate(asked, 1):
        clock.set(clock.now() + timedelta(milliseconds=wait_ms))
        order = order_of(seq, side=side, price=str(price), qty=str(Decimal(hundredths) / 100), cell=f"2.{slot}")
        journal.orders.append(order)
        passed = gate.check(order) is None
        journal.orders.remove(order)
        if passed:
            journal.orders.append(replace(order, state=OrderState.OPEN))
            journal.sent.append((clock.now(), order.cell))

    _assert_kept(journal, caps)


def _assert_kept(journal: Journal, caps: Caps) -> None:
    orders = journal.orders
    buys = [order for order in orders if order.side is Side.BUY]
    sells = [order for order in orders if order.side is Side.SELL]
    open_money = sum((order.price * order.qty for order in buys), ZERO)
    for order in orders:
        notional = order.price * order.qty
        assert notional >= COIN.notional_min
        assert caps.order_notional_max is None or notional <= caps.order_notional_max
        assert order.price % COIN.ticks.at(order.price) == 0
    assert len({order.cell for order in orders}) == len(orders)
    assert max((order.price for order in buys), default=ZERO) < min((s.price for s in sells), default=Decimal("1e9"))
    assert not caps.open_orders_max or max(len(buys), len(sells)) <= caps.open_orders_max
    assert all(order.qty <= journal.holdings.held(order.cell) for order in sells)
    cost = journal.holdings.cost
    assert not buys or caps.position_notional_max is None or cost + open_money <= caps.position_notional_max
    free = journal.holdings.cash_flow + (caps.free_cash or ZERO)
    assert not buys or caps.free_cash is None or open_money * (1 + FEE_RATE) <= free
    for at, slot in journal.sent:
        within_second = sum(at - _SECOND <= other <= at for other, _ in journal.sent)
        within_hour = sum(at - _HOUR <= other <= at and name == slot for other, name in journal.sent)
        assert not caps.sends_per_second_max or within_second <= caps.sends_per_second_max
        assert not caps.creates_per_slot_hour_max or within_hour <= caps.creates_per_slot_hour_max


def test_the_gate_counts_what_the_journal_holds_though_the_loop_has_forgotten_it(tmp_path: Path) -> None:
    script = Script(on_quotes([wish("1.0")], [wish("1.1", price="8000")]))
    with Rig(tmp_path, script, caps=Caps(open_orders_max=1)) as rig:
        rig.hear(quote())
        rig.rest(1)
        rig.loop.state = replace(rig.loop.state, orders={})

        rig.hear(quote())

        assert [order.cell for order in rig.worker.placed] == ["1.0"]
        assert rig.codes() == ["gate_too_many_open"]


def test_the_real_journal_counts_what_left_by_second_and_by_slot(tmp_path: Path) -> None:
    script = Script(on_quotes([wish("1.0")], [wish("1.1")], [wish("1.2")], [wish("1.3")]))
    with Rig(tmp_path, script, caps=Caps(sends_per_second_max=2)) as rig:
        rig.hear(quote(), quote(), quote())
        rig.clock.set(NOON + _SECOND + timedelta(microseconds=1))
        rig.hear(quote())

        assert [order.cell for order in rig.worker.placed] == ["1.0", "1.1", "1.3"]
        assert rig.codes() == ["gate_too_fast"]
