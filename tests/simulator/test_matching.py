"""The matching core keeps its books whatever is asked of it."""

from datetime import UTC, datetime
from decimal import Decimal
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.instrument import Side, TickTable
from simulator.liquidity import Liquidity
from simulator.market import Print
from simulator.matching import Book, InsufficientFunds
from simulator.orders import Kind, Order, State, TimeInForce

NOW = datetime(2026, 3, 2, tzinfo=UTC)
ONE_TICK = TickTable(((Decimal(0), Decimal(1)),))
RATE = Decimal("0.0025")


def outside(last: int, depth: str | None = None) -> Liquidity:
    return Liquidity(Decimal(last), ONE_TICK, 1, None if depth is None else Decimal(depth))


def make_book(*owners: str) -> Book:
    book = Book("BTC", "KRW")
    for owner in owners:
        book.purses.deposit(owner, "KRW", Decimal(100_000))
        book.purses.deposit(owner, "BTC", Decimal(100))
    return book


def make_order(
    book: Book,
    side: Side,
    price: int | None,
    volume: str | None,
    *,
    owner: str = "a",
    kind: Kind = Kind.LIMIT,
    tif: TimeInForce | None = None,
) -> Order:
    number = len(book.orders) + 1
    return Order(
        number=number,
        order_id=f"{number:06d}",
        owner=owner,
        client_id=None,
        side=side,
        kind=kind,
        tif=tif,
        price=None if price is None else Decimal(price),
        volume=None if volume is None else Decimal(volume),
        maker_rate=RATE,
        taker_rate=RATE,
        created_at=NOW,
        ready_at=NOW,
    )


def enter(book: Book, order: Order, world: Liquidity) -> Order:
    book.accept(order)
    book.activate(order, world, NOW)
    return order


def printed(price: int, volume: str = "1000", *, jump: bool = False) -> Print:
    return Print(NOW, Decimal(price), Decimal(volume), jump)


def hear(book: Book, price: int, volume: str = "1000", *, jump: bool = False, limited: bool = False) -> None:
    book.hear(printed(price, volume, jump=jump), NOW, limited=limited, better=True)


ACTIONS = st.lists(
    st.one_of(
        st.tuples(
            st.just("place"),
            st.sampled_from(list(Side)),
            st.sampled_from([*Kind]),
            st.sampled_from([None, *TimeInForce]),
            st.integers(90, 110),
            st.decimals("0.00000001", 40, places=8),
            st.sampled_from(["a", "b"]),
        ),
        st.tuples(st.just("print"), st.integers(90, 110), st.decimals(0, 30, places=8), st.booleans(), st.booleans()),
        st.tuples(st.just("cancel"), st.integers(0, 30)),
    ),
    max_size=30,
)


@given(actions=ACTIONS, depth=st.sampled_from([None, "0.5", "7"]))
def test_the_books_are_conserved_and_nobody_owes(actions: list[tuple[object, ...]], depth: str | None) -> None:
    book, last = make_book("a", "b"), 100
    for action in actions:
        match action:
            case "place", Side() as side, Kind() as kind, tif, int(price), Decimal() as volume, str(owner):
                money = side is Side.BUY and kind is not Kind.LIMIT
                limit = price * 50 if money else price if kind is Kind.LIMIT else None
                wanted = None if money else str(volume)
                tif = tif if isinstance(tif, TimeInForce) else None
                place_any(
                    book, outside(last, depth), make_order(book, side, limit, wanted, owner=owner, kind=kind, tif=tif)
                )
            case "print", int(price), Decimal() as volume, bool(jump), bool(limited):
                hear(book, price, str(volume), jump=jump, limited=limited)
                last = price
            case "cancel", int(index):
                still_open = [order for order in book.orders.values() if order.is_open]
                if index < len(still_open):
                    book.cancel(still_open[index], NOW, None)
            case _:
                pytest.fail(str(action))
        book.check()
        assert_priority(book)


def place_any(book: Book, world: Liquidity, order: Order) -> None:
    """Place an order and look at what may be said of it at once."""
    before = book.purses.of(order.owner, "KRW").free
    try:
        enter(book, order, world)
    except InsufficientFunds:
        assert book.purses.of(order.owner, "KRW").free == before
        assert order.order_id not in book.orders
        return
    if order.limit is not None:
        sign = 1 if order.side is Side.BUY else -1
        assert all(sign * trade.price <= sign * order.limit for trade in order.trades)
    if order.kind is not Kind.LIMIT or order.tif in {TimeInForce.IOC, TimeInForce.FOK}:
        assert not order.is_open
    if order.tif is TimeInForce.FOK and order.kind is Kind.LIMIT:
        assert order.executed in {Decimal(0), order.volume}
    if order.is_money:
        assert order.funds <= (order.price or 0)


def assert_priority(book: Book) -> None:
    """Resting orders stand best price first, oldest first, and do not cross."""
    for side in Side:
        for first, second in pairwise(book.resting(side)):
            assert first.price is not None
            assert second.price is not None
            better = first.price > second.price if side is Side.BUY else first.price < second.price
            assert better or (first.price == second.price and first.entered < second.entered)
    bids, asks = list(book.resting(Side.BUY)), list(book.resting(Side.SELL))
    if bids and asks:
        assert (bids[0].price or 0) < (asks[0].price or 0)


def test_a_resting_buy_locks_price_and_fee() -> None:
    book = Book("BTC", "KRW")
    book.purses.deposit("a", "KRW", Decimal(10_000))

    order = enter(book, make_order(book, Side.BUY, 9_500_000, "0.001"), outside(10_000_000))

    assert (order.reserved_fee, order.locked) == (Decimal("23.75"), Decimal("9523.75"))
    assert book.purses.of("a", "KRW").free == Decimal("476.25")


def test_one_who_lacks_the_fee_is_refused() -> None:
    book = Book("BTC", "KRW")
    book.purses.deposit("a", "KRW", Decimal("100.2499"))

    with pytest.raises(InsufficientFunds):
        enter(book, make_order(book, Side.BUY, 100, "1"), outside(200))


@pytest.mark.parametrize(
    ("side", "price", "touching", "missing"), [(Side.BUY, 100, 100, 101), (Side.SELL, 100, 100, 99)]
)
def test_a_print_at_the_price_fills_and_one_short_of_it_does_not(
    side: Side, price: int, touching: int, missing: int
) -> None:
    book = make_book("a")
    order = enter(book, make_order(book, side, price, "1"), outside(120 if side is Side.BUY else 80))

    hear(book, missing)
    assert order.state is State.WAIT

    hear(book, touching)
    assert (order.state, order.funds) == (State.DONE, Decimal(100))


def test_a_print_through_the_price_fills_at_the_own_price_and_a_jump_at_the_print() -> None:
    book = make_book("a")
    passed = enter(book, make_order(book, Side.BUY, 100, "1"), outside(120))
    hear(book, 90)
    jumped = enter(book, make_order(book, Side.BUY, 100, "1"), outside(120))
    hear(book, 90, jump=True)

    assert (passed.funds, jumped.funds) == (Decimal(100), Decimal(90))


def test_a_print_of_little_volume_serves_the_best_price_and_the_oldest_first() -> None:
    book = make_book("a")
    late_best = [make_order(book, Side.BUY, 99, "2")]
    enter(book, late_best[0], outside(120))
    oldest = enter(book, make_order(book, Side.BUY, 100, "2"), outside(120))
    younger = enter(book, make_order(book, Side.BUY, 100, "2"), outside(120))

    hear(book, 99, "3", limited=True)

    assert [order.executed for order in (oldest, younger, late_best[0])] == [Decimal(2), Decimal(1), Decimal(0)]
    assert younger.state is State.WAIT
    assert younger.locked == Decimal(100) * (1 + RATE)


def test_an_order_that_meets_its_owners_own_is_canceled_and_names_it() -> None:
    book = make_book("a")
    resting = enter(book, make_order(book, Side.SELL, 101, "1"), outside(100))

    order = enter(book, make_order(book, Side.BUY, 105, "3"), outside(105, "1"))

    assert (order.state, order.cancel_type, order.met_id) == (State.CANCEL, "stp_cancel", resting.order_id)
    assert (order.executed, order.locked) == (Decimal(0), Decimal(0))
    assert resting.state is State.WAIT


def test_two_owners_trade_at_the_resting_price() -> None:
    book = make_book("a", "b")
    resting = enter(book, make_order(book, Side.SELL, 101, "1", owner="b"), outside(100))

    order = enter(book, make_order(book, Side.BUY, 105, "1"), outside(105))

    assert [trade.price for trade in (*order.trades, *resting.trades)] == [Decimal(101)] * 2
    assert [order.trades[0].maker, resting.trades[0].maker] == [False, True]


@pytest.mark.parametrize(
    ("tif", "state", "executed", "cancel_type"),
    [
        (TimeInForce.IOC, State.DONE, "4", None),
        (TimeInForce.FOK, State.CANCEL, "0", "tif_cancel"),
        (TimeInForce.POST_ONLY, State.CANCEL, "0", "tif_cancel"),
        (None, State.WAIT, "4", None),
    ],
)
def test_time_in_force_decides_about_what_does_not_trade_at_once(
    tif: TimeInForce | None, state: State, executed: str, cancel_type: str | None
) -> None:
    book = make_book("a")

    order = enter(book, make_order(book, Side.BUY, 102, "5", tif=tif), outside(100, "2"))

    assert (order.state, order.executed, order.cancel_type) == (state, Decimal(executed), cancel_type)


def test_a_market_buy_spends_its_money_and_no_more() -> None:
    book = make_book("a")

    order = enter(book, make_order(book, Side.BUY, 10_000, None, kind=Kind.PRICE), outside(299))

    assert (order.state, order.executed) == (State.DONE, Decimal("33.33333333"))
    assert order.locked == 0
    assert book.purses.of("a", "KRW").free == 100_000 - order.funds - order.paid_fee


def test_best_takes_the_best_level_only() -> None:
    book = make_book("a")

    order = enter(book, make_order(book, Side.SELL, None, "5", kind=Kind.BEST, tif=TimeInForce.IOC), outside(100, "2"))

    assert (order.state, order.executed) == (State.DONE, Decimal(2))
