"""Whatever the market and the venue do in whatever order: one order a cell, no own cross, nothing sold twice."""

from dataclasses import dataclass, replace
from decimal import Decimal
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.events import OwnerWish
from domain.instrument import Side
from domain.order import OrderState
from strategy.grid.config import Follow, GridSettings, OrderSize, SizeUnit, Start, StopAction
from strategy.grid.lines import gap_ratio
from strategy.grid.state import Phase
from tests.strategy.desk import COIN, DEAR, Desk

DEEDS = (
    *("price", "price", "price", "price", "part", "confirm", "confirm"),
    *("deny", "refuse", "lose", "undo", "end", "pause", "resume", "cancel_all"),
)
BASE = GridSettings(steps=5, steps_above=3, size=OrderSize(Decimal(1), SizeUnit.BASE), open_orders_max=3)
GRIDS = {
    "flat": BASE,
    "up": replace(BASE, follow=Follow.UP),
    "maker": replace(BASE, maker_only=True, follow=Follow.UP),
    "balance": replace(BASE, start=Start.BALANCE, follow=Follow.OFF),
    "stop": replace(
        BASE, stop_low=Decimal(9600), stop_low_action=StopAction.CANCEL_SELL, take_profit=None, drawdown_pct=Decimal(3)
    ),
}


@dataclass(frozen=True)
class Deed:
    """One thing that happens; `pick` chooses the order it happens to, `step` moves the price in ticks of five won."""

    name: str
    pick: int
    step: int


def deeds() -> st.SearchStrategy[list[Deed]]:
    deed = st.builds(Deed, st.sampled_from(DEEDS), st.integers(0, 99), st.integers(-60, 60))
    return st.lists(deed, min_size=5, max_size=60)


@dataclass
class World:
    """A market and a venue that answers late: prices fill what they touch, in full or in part."""

    desk: Desk
    last: Decimal = Decimal(10000)

    def happen(self, deed: Deed) -> None:
        slots = sorted(self.desk.orders)
        slot = slots[deed.pick % len(slots)] if slots else None
        match deed.name:
            case "price":
                self.last = max(self.last + deed.step * 5, Decimal(8000))
                self._trade(deed.pick)
                self.desk.price(self.last, after_s=1 + deed.pick % 90)
            case "confirm":
                self.desk.confirm()
            case "pause" | "resume" | "cancel_all" if deed.pick < 50:
                self.desk.owner(OwnerWish(deed.name))
            case name if slot is not None:
                self._to_one(name, slot, deed.pick)
            case _:
                self.desk.price(self.last)

    def _to_one(self, name: str, slot: str, pick: int) -> None:
        order = self.desk.orders[slot]
        match name:
            case "part":
                qty = (order.remaining * (1 + pick % 9) / 10).quantize(COIN.qty_step)
                self.desk.fill(slot, qty or order.remaining)
            case "deny" | "refuse" if order.state is OrderState.OPEN and not order.filled:
                self.desk.deny(slot, retry_after_s=600 * (name == "refuse"))
            case "lose" if pick < 20:
                self.desk.lose(slot)
            case "undo" if order.state is OrderState.CANCEL_PENDING and not order.filled:
                self.desk.undo_cancel(slot)
            case "end":
                self.desk.end(slot, OrderState.CANCELED)
            case _:
                self.desk.price(self.last)

    def _trade(self, pick: int) -> None:
        for slot, order in list(self.desk.orders.items()):
            touched = order.price >= self.last if order.side is Side.BUY else order.price <= self.last
            # Every fifth time the news of the fills comes later than the price.
            if touched and pick % 5 and self.desk.orders.get(slot) is order:
                self.desk.fill(slot)


def hold(desk: Desk) -> None:
    """Beside what the desk checks after every event: the lines, the lots, the cells' orders, the books."""
    state = desk.state
    if state.epoch is None:
        return
    lines = state.epoch.lines
    assert len(lines) == len(state.cells) + 1 == desk.settings.steps + desk.settings.steps_above + 1
    ratio = gap_ratio(desk.settings)
    assert all(abs(high - low * ratio) < Decimal("1e-11") for low, high in pairwise(lines))
    assert [cell.buy_line for cell in state.cells] == list(lines[:-1])
    assert len({cell.key for cell in state.slots()}) == len(list(state.slots()))
    for cell in state.slots():
        order = desk.orders.get(cell.key)
        # What the grid believes to rest is what rests at the venue.
        assert (cell.order is None) is (order is None)
        if cell.order is not None and order is not None:
            assert (cell.order.side, cell.order.price, cell.order.qty) == (order.side, order.price, order.qty)
            assert cell.order.filled == order.filled
            assert cell.order.canceling is (order.state is OrderState.CANCEL_PENDING)
    for slot in desk.orders:
        assert slot == "start" or state.find(slot) is not None
    assert desk.book.total(state.last) == desk.book.matched + desk.book.inventory(state.last)


@pytest.mark.parametrize("name", list(GRIDS))
@settings(max_examples=150)
@given(story=deeds())
def test_the_grid_keeps_its_order_whatever_happens(name: str, story: list[Deed]) -> None:
    desk = Desk(GRIDS[name], replace(COIN, fees=DEAR))
    world = World(desk)
    desk.price(10000)
    for deed in story:
        world.happen(deed)
        hold(desk)


@settings(max_examples=150)
@given(story=deeds(), share=st.integers(1, 999))
def test_a_price_inside_the_quiet_range_asks_for_nothing(story: list[Deed], share: int) -> None:
    desk = Desk(GRIDS["up"], replace(COIN, fees=DEAR))
    world = World(desk)
    desk.price(10000)
    for deed in story:
        if deed.name in {"deny", "part"}:
            continue  # a denied order is asked for at every price; a part does not occur on bars
        world.happen(deed)
        desk.price(world.last)
        bounds = desk.grid.quiet(desk.state)
        # Without what it remembers, the grid looks at everything.
        desk.state = replace(desk.state, quiet=None)
        if bounds is None:
            continue
        before = desk.state
        desk.price(bounds[0] + (bounds[1] - bounds[0]) * share / 1000)
        assert desk.asked() == ""
        desk.state = before


@given(story=deeds())
def test_the_same_events_give_the_same_wishes(story: list[Deed]) -> None:
    one, other = Desk(GRIDS["up"]), Desk(GRIDS["up"])
    for desk in (one, other):
        world = World(desk)
        desk.price(10000)
        for deed in story:
            world.happen(deed)

    assert one.state == other.state
    assert one.notes == other.notes
    assert one.state.phase is Phase.RUNNING
