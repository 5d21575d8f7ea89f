"""Risk: each of the owner's caps lets pass what just fits, and refuses the next unit with its figures."""

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from bot.engine import EngineState
from bot.risk import Limits, judge
from domain.book import Book
from domain.exact import ZERO
from domain.instrument import Side
from domain.order import Fill, Order, OrderState
from domain.reason import reason
from strategy.grid.state import GridState
from tests.bot.rig import COIN, FEE_RATE, NOON, SYMBOL, order_of, wish


def state_of(*orders: Order, book: Book | None = None) -> EngineState:
    state = EngineState({SYMBOL: GridState(book=book or Book()), "KRW-ETH": GridState()})
    for order in orders:
        state = state.with_order(order)
    return state


def bought(qty: str, price: str = "9000", slot: str = "1.0") -> Book:
    fill = Fill("t1", Decimal(price), Decimal(qty), Decimal(qty) * Decimal(price) * FEE_RATE, NOON)
    return Book().booked(slot, Side.BUY, fill)


def code_of(state: EngineState, limits: Limits, side: Side = Side.BUY, price: str = "9000", qty: str = "1") -> str:
    refusal = judge(state, wish(side=side, price=price, qty=qty), limits, COIN)
    return "" if refusal is None else refusal.code


def test_without_caps_everything_may_be_bought() -> None:
    assert judge(state_of(), wish(price="1e9", qty="1e6"), Limits(), COIN) is None


def test_while_we_are_safe_nothing_is_bought_and_nothing_sold() -> None:
    trusting = state_of(book=bought("2"))
    safe = replace(trusting, safe=reason("order_not_in_ledger"))

    for side in Side:
        assert code_of(trusting, Limits(), side) == ""
        assert code_of(safe, Limits(), side) == "safe_no_orders"


def test_a_purchase_may_be_as_large_as_its_cap_and_not_larger() -> None:
    state = state_of(book=bought("2"))
    limits = Limits(order_notional_max=Decimal(9000))

    assert code_of(state, limits) == ""
    refusal = judge(state, wish(side=Side.BUY, price="9001"), limits, COIN)
    assert refusal is not None
    assert str(refusal) == "order_over_cap notional=9001 limit=9000 currency=KRW"


def test_the_cap_on_orders_never_holds_a_sale_back() -> None:
    state = state_of(book=bought("2"))

    assert code_of(state, Limits(order_notional_max=Decimal(9000)), Side.SELL, price="9100") == ""


def test_a_sale_may_be_all_that_its_slot_owns_and_not_more() -> None:
    state = state_of(book=bought("2", slot="1.0").moved("1.0", "1.1", Decimal(1)))

    assert code_of(state, Limits(), Side.SELL, qty="1") == ""
    assert code_of(state, Limits(), Side.SELL, qty="1.01") == "sells_more_than_owned"
    assert code_of(state_of(), Limits(), Side.SELL, qty="0.01") == "sells_more_than_owned"


def test_a_sale_needs_neither_cash_nor_room_in_the_position() -> None:
    limits = Limits(position_notional_max=Decimal(1), free_cash=ZERO)

    assert code_of(state_of(book=bought("1")), limits, Side.SELL) == ""


def test_holdings_and_open_buys_together_stay_within_the_position_cap() -> None:
    # 9022.5 held, 4000 still to come from an order of which a half is filled, 9000 asked for.
    rests = order_of(side=Side.BUY, price="8000", cell="1.1", state=OrderState.PARTIALLY_FILLED, filled="0.5")
    state = state_of(rests, book=bought("1"))

    assert code_of(state, Limits(position_notional_max=Decimal("22022.5"))) == ""
    assert code_of(state, Limits(position_notional_max=Decimal("22022.49"))) == "position_over_cap"


def test_cash_is_what_was_free_plus_what_trading_brought_less_what_rests_with_its_fee() -> None:
    rests = order_of(price="8000", cell="1.1", state=OrderState.OPEN)
    state = state_of(rests, book=bought("1"))
    needed = (Decimal(9000) + 8000 + 9000) * (1 + FEE_RATE)

    assert code_of(state, Limits(free_cash=needed)) == ""
    assert code_of(state, Limits(free_cash=needed - Decimal("0.0001"))) == "cash_does_not_reach"


def test_sells_and_orders_of_another_symbol_tie_no_cash() -> None:
    sells = order_of(side=Side.SELL, cell="1.1", state=OrderState.OPEN)
    other = Order(2, "bptest-2", order_of().key, "KRW-ETH", Side.BUY, Decimal(9000), Decimal(1), OrderState.OPEN)

    assert code_of(state_of(sells, other), Limits(free_cash=Decimal("9022.5"))) == ""
    assert code_of(state_of(sells, other), Limits(free_cash=Decimal("9022.4"))) == "cash_does_not_reach"


_PRICES = st.integers(1, 40000).map(lambda k: Decimal(k * 10))
_QTYS = st.integers(1, 500).map(lambda k: Decimal(k) / 100)
_CAPS = st.none() | st.integers(0, 10**6).map(Decimal)


@given(asked=st.lists(st.tuples(_PRICES, _QTYS), max_size=12), caps=st.tuples(_CAPS, _CAPS, _CAPS))
def test_whatever_is_asked_for_what_passes_keeps_every_cap(
    asked: Sequence[tuple[Decimal, Decimal]], caps: tuple[Decimal | None, Decimal | None, Decimal | None]
) -> None:
    limits = Limits(*caps)
    state = state_of()
    for seq, (price, qty) in enumerate(asked, 1):
        slot = f"1.{seq}"
        if judge(state, wish(slot, price=str(price), qty=str(qty)), limits, COIN) is None:
            state = state.with_order(order_of(seq, price=str(price), qty=str(qty), cell=slot, state=OrderState.OPEN))

    notionals = [order.price * order.qty for order in state.orders.values()]
    total = sum(notionals, ZERO)
    assert limits.order_notional_max is None or max(notionals, default=ZERO) <= limits.order_notional_max
    assert limits.position_notional_max is None or total <= limits.position_notional_max
    assert limits.free_cash is None or total * (1 + FEE_RATE) <= limits.free_cash
