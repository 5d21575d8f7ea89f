"""Prices land on their tick, quantities on their step, and a trade costs what the rates say."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.instrument import Fees, Instrument, Side, TickTable

BANDS = (
    *((0, "0.0001"), (1, "0.001"), (10, "0.01"), (100, "1"), (5000, "5"), (10000, "10")),
    *((50000, "50"), (100000, "100"), (500000, "500"), (1000000, "1000")),
)
WON = TickTable(tuple((Decimal(lower), Decimal(tick)) for lower, tick in BANDS))
EDGES = [Decimal(lower) for lower, _ in BANDS[1:]]
COIN = Instrument(
    "KRW-BTC", "BTC", "KRW", WON, Decimal("0.0001"), Decimal(5000), Fees(Decimal("0.0025"), Decimal("0.0025"))
)
SHARE = Instrument(
    *("005930", "005930", "KRW", WON, Decimal(1), Decimal(0)),
    Fees(Decimal("0.00015"), Decimal("0.00015"), sell_tax=Decimal("0.0018")),
)


@st.composite
def prices(draw: st.DrawFn) -> Decimal:
    """Any price of every band, and often one right at a band's edge."""
    band = draw(st.integers(0, len(BANDS) - 1))
    lower = Decimal(BANDS[band][0])
    upper = Decimal(BANDS[band + 1][0]) if band + 1 < len(BANDS) else lower * 10
    if draw(st.booleans()):
        return draw(st.decimals(min_value=max(lower, Decimal("1e-12")), max_value=upper, places=12))
    return upper + draw(st.integers(-3, 3)) * Decimal(BANDS[band][1]) / 2


def tick_of(price: Decimal) -> Decimal:
    return [Decimal(tick) for lower, tick in BANDS if price >= lower][-1]


@given(price=prices())
def test_a_price_is_rounded_within_one_tick_of_its_own_band(price: Decimal) -> None:
    tick = tick_of(price)
    down, up = WON.down(price), WON.up(price)

    assert WON.at(price) == tick
    assert down <= price <= up
    assert price - down < tick
    assert up - price < tick
    assert down % tick == up % tick == 0


@given(price=prices())
def test_a_buy_never_pays_more_and_a_sell_never_gets_less_than_its_line(price: Decimal) -> None:
    assert COIN.round_price(Side.BUY, price) <= price <= COIN.round_price(Side.SELL, price)


@given(price=prices(), steps=st.integers(1, 12))
def test_steps_on_the_ladder_go_back_the_way_they_came(price: Decimal, steps: int) -> None:
    rung = WON.up(price)

    assert WON.below(WON.above(rung, steps), steps) == rung
    assert WON.above(rung, steps) == WON.above(WON.above(rung, steps - 1), 1)
    assert WON.above(rung) == rung + tick_of(rung)


@pytest.mark.parametrize("edge", EDGES)
def test_at_a_bands_edge_the_way_down_takes_the_lower_bands_tick(edge: Decimal) -> None:
    lower_tick, upper_tick = tick_of(edge - Decimal("0.00001")), tick_of(edge)

    assert WON.below(edge) == edge - lower_tick
    assert WON.above(edge) == edge + upper_tick
    assert WON.below(edge + upper_tick, 2) == edge - lower_tick
    assert WON.above(edge - lower_tick, 2) == edge + upper_tick


def test_nothing_can_be_placed_under_the_lowest_tick() -> None:
    lowest = WON.below(Decimal("0.0001"))

    assert lowest == 0
    assert WON.at(Decimal(-1)) == Decimal("0.0001")
    assert not COIN.placeable(lowest, Decimal(10**9))
    assert not COIN.placeable(WON.below(lowest), Decimal(10**9))


@given(qty=st.decimals(min_value=0, max_value=10**9, places=10))
def test_a_quantity_is_rounded_down_to_the_step(qty: Decimal) -> None:
    rounded = COIN.round_qty(qty)

    assert 0 <= qty - rounded < COIN.qty_step
    assert rounded % COIN.qty_step == 0
    assert SHARE.round_qty(qty) == int(qty)


def test_shares_are_counted_whole_and_coins_are_not() -> None:
    assert SHARE.whole_shares
    assert not COIN.whole_shares


def test_an_order_needs_a_price_a_quantity_and_the_minimum() -> None:
    assert COIN.placeable(Decimal(10000), Decimal("0.5"))
    assert not COIN.placeable(Decimal(10000), Decimal("0.4999"))
    assert not SHARE.placeable(Decimal(10000), Decimal(0))
    assert SHARE.placeable(Decimal(1), Decimal(1))


def test_the_sell_tax_counts_into_the_sale_and_nothing_is_rounded() -> None:
    assert SHARE.fee(Side.BUY, Decimal(70001)) == Decimal("10.50015")
    assert SHARE.fee(Side.SELL, Decimal(70001)) == Decimal("136.50195")
