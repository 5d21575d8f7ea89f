"""An order lives by the table of states, is never filled beyond its quantity, and bears an id of its own."""

from datetime import UTC, date, datetime
from decimal import Decimal
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.account import Balance
from domain.errors import IllegalTransition
from domain.instrument import Side
from domain.order import CLOSED, Fill, IntentKey, Order, OrderState, client_id

ZERO = Decimal(0)
AT = datetime(2025, 3, 3, tzinfo=UTC)
KEY = IntentKey(epoch=2, cell="2.7", side=Side.BUY, cycle=3, attempt=1)

# The table of an order's life, written out from its description and not from the code.
_RESTING = "cancel_pending partially_filled filled canceled expired rejected"
ALLOWED = {
    "pending": "submitted void",
    "submitted": "open partially_filled filled canceled rejected unknown void",
    "unknown": "open partially_filled filled canceled rejected expired void",
    "open": _RESTING,
    "partially_filled": _RESTING,
    "cancel_pending": f"{_RESTING} open",
    "filled": "",
    "canceled": "canceled filled",
    "rejected": "rejected filled",
    "expired": "expired filled",
    "void": "open partially_filled filled canceled expired rejected",
}
FILLS_TO = {
    "submitted": "partially_filled",
    "unknown": "partially_filled",
    "open": "partially_filled",
    "partially_filled": "partially_filled",
    "cancel_pending": "cancel_pending",
    "canceled": "canceled",
    "rejected": "rejected",
    "expired": "expired",
    "void": "partially_filled",
}
STATES = list(OrderState)


def order(state: OrderState = OrderState.OPEN, *, qty: str = "10", filled: str = "0") -> Order:
    return Order(
        1, "bp0a1b2c-1", KEY, "KRW-BTC", Side.BUY, Decimal(100), Decimal(qty), state, Decimal(filled), venue_id="V-1"
    )


def test_the_table_speaks_of_every_state() -> None:
    assert set(ALLOWED) == {str(state) for state in STATES}


@pytest.mark.parametrize(("state", "following"), list(product(STATES, STATES)))
def test_an_order_takes_exactly_the_steps_of_the_table(state: OrderState, following: OrderState) -> None:
    if following in ALLOWED[state].split():
        moved = order(state).advance(following)
        assert moved.state is following
        assert (moved.venue_id, moved.filled) == ("V-1", ZERO)
    else:
        with pytest.raises(IllegalTransition, match=f"{state} cannot become {following}"):
            order(state).advance(following)


def test_the_closed_states_are_those_in_which_nothing_more_is_expected() -> None:
    assert {str(state) for state in CLOSED} == {"filled", "canceled", "rejected", "expired", "void"}
    assert all(order(state).is_closed is (state in CLOSED) for state in STATES)


def test_the_venues_id_is_learned_once_it_is_told() -> None:
    fresh = Order(1, "bp0a1b2c-1", KEY, "KRW-BTC", Side.BUY, Decimal(100), Decimal(10), OrderState.SUBMITTED)

    assert fresh.advance(OrderState.OPEN, venue_id="V-9").venue_id == "V-9"


@pytest.mark.parametrize("state", STATES)
def test_a_part_and_the_rest_may_fill_in_every_state_that_was_sent(state: OrderState) -> None:
    if state not in FILLS_TO:
        with pytest.raises(IllegalTransition, match="cannot fill 4 of 10"):
            order(state).with_fill(Decimal(4))
        return

    part = order(state).with_fill(Decimal(4))
    whole = part.with_fill(Decimal(6))

    assert (str(part.state), part.filled, part.remaining) == (FILLS_TO[state], Decimal(4), Decimal(6))
    assert (whole.state, whole.remaining, whole.cell) == (OrderState.FILLED, ZERO, "2.7")


@given(parts=st.lists(st.decimals(min_value=Decimal("-0.5"), max_value=4, places=3), max_size=12))
def test_fills_never_exceed_what_was_ordered(parts: list[Decimal]) -> None:
    resting = order()
    for part in parts:
        try:
            resting = resting.with_fill(part)
        except IllegalTransition:
            assert part <= 0 or part > resting.remaining or resting.state is OrderState.FILLED
        assert 0 <= resting.filled <= resting.qty
        assert (resting.state is OrderState.FILLED) is (resting.filled == resting.qty)


@given(seqs=st.lists(st.integers(0, 36**15 - 1), min_size=2, max_size=50, unique=True))
def test_client_ids_are_unique_lower_case_and_short(seqs: list[int]) -> None:
    ids = {client_id("bp0a1b2c", seq) for seq in seqs}

    assert len(ids) == len(seqs)
    assert all(len(text) <= 24 and text == text.lower() and text.isascii() for text in ids)
    assert all(int(client_id("bp0a1b2c", seq).partition("-")[2], 36) == seq for seq in seqs)


def test_the_first_client_ids_count_up_in_base_36() -> None:
    assert [client_id("bp", seq) for seq in (0, 1, 10, 35, 36)] == ["bp-0", "bp-1", "bp-a", "bp-z", "bp-10"]


def test_an_intent_is_told_apart_by_cell_side_cycle_attempt_and_session() -> None:
    day = IntentKey(epoch=2, cell="2.7", side=Side.SELL, cycle=3, attempt=1, session=date(2025, 3, 3))

    assert str(KEY) == "2/2.7/buy/3/1"
    assert str(day) == "2/2.7/sell/3/1/2025-03-03"


def test_a_fill_is_worth_price_times_quantity() -> None:
    assert Fill("t1", Decimal("9735.5"), Decimal("0.3"), Decimal(0), AT).notional == Decimal("2920.65")


def test_a_balance_counts_what_open_orders_lock() -> None:
    assert Balance("KRW", free=Decimal(7000), locked=Decimal("3000.5")).total == Decimal("10000.5")
