"""A closed cycle is told with both its legs, wherever its lots came from and however long ago."""

from collections.abc import Callable
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.book import DUST
from domain.errors import IllegalTransition
from domain.instrument import Side
from ledger.places import Place
from ledger.records import CycleRecord
from tests.ledger.desk import SYMBOL, Desk
from tests.ledger.test_audit import tamper
from tests.ledger.test_streams import STEPS, Step, play


def cycles(desk: Desk, limit: int = 9) -> list[CycleRecord]:
    return desk.ledger.reader.cycles(SYMBOL, limit)


def legs(cycle: CycleRecord) -> tuple[list[tuple[Decimal, Decimal]], list[tuple[Decimal, Decimal]]]:
    """Return price and quantity of what was bought and of what was sold."""
    bought, sold = ([(each.fill.price, each.fill.qty) for each in leg] for leg in (cycle.buys, cycle.sells))
    return bought, sold


def test_a_cycle_has_the_purchase_and_the_sale_of_its_lot(desk: Desk) -> None:
    desk.buy("100", "1.5", fee="0.5")
    desk.buy("98", "1", slot="c2")
    sale = desk.sell("101", "1.5", fee="0.25")
    desk.buy("99", "1.5")

    (cycle,) = cycles(desk)

    assert (cycle.slot, cycle.cycle) == ("c1", sale.key.cycle)
    assert legs(cycle) == ([(Decimal(100), Decimal("1.5"))], [(Decimal(101), Decimal("1.5"))])
    assert cycle.earned == cycle.sells[0].earned == Decimal("0.75")
    assert cycle.buys[0].earned == 0


def test_the_newest_cycle_stands_first_and_no_more_are_told_than_asked_for(desk: Desk) -> None:
    for price in range(100, 140):
        desk.buy(str(price), "1", slot=f"c{price % 3}")
        desk.sell(str(price + 1), "1", slot=f"c{price % 3}")

    assert [cycle.sells[0].fill.price for cycle in cycles(desk, 2)] == [Decimal(140), Decimal(139)]
    assert len(cycles(desk, 99)) == 40
    assert cycles(desk, 0) == []
    assert desk.ledger.reader.cycles("KRW-ETH", 9) == []


def test_a_cycle_traded_in_parts_has_all_of_them(desk: Desk) -> None:
    order = desk.rest(Side.BUY, "100", "3")
    desk.fill(desk.fill(order, "1", fee="0.1"), "2", fee="0.3", price="99")
    order = desk.rest(Side.SELL, "101", "3")
    order = desk.fill(order, "2")
    assert cycles(desk) == []
    desk.fill(order, "1")

    (cycle,) = cycles(desk)

    assert legs(cycle) == (
        [(Decimal(100), Decimal(1)), (Decimal(99), Decimal(2))],
        [(Decimal(101), Decimal(2)), (Decimal(101), Decimal(1))],
    )
    assert cycle.earned == sum(sale.earned or 0 for sale in cycle.sells) == Decimal("4.6")


def test_each_cell_has_its_part_of_what_the_balancing_order_bought(desk: Desk) -> None:
    order = desk.rest(Side.BUY, "100", "3", slot="start")
    desk.fill(desk.fill(order, "1", fee="0.1"), "2", fee="0.3", price="99")
    for slot in ("0.1", "0.2"):
        desk.move("start", slot, "1.5")
    desk.sell("102", "1.5", slot="0.2")
    desk.sell("101", "1.5", slot="0.1")

    lower, upper = cycles(desk)

    assert legs(lower)[0] == [(Decimal(100), Decimal(1)), (Decimal(99), Decimal("0.5"))]
    assert legs(upper)[0] == [(Decimal(99), Decimal("1.5"))]
    assert {purchase.slot for purchase in (*lower.buys, *upper.buys)} == {"start"}
    assert sum(purchase.fill.fee for purchase in (*lower.buys, *upper.buys)) == Decimal("0.4")


def test_a_lot_that_was_moved_to_another_slot_is_traced_to_its_purchase(desk: Desk) -> None:
    desk.buy("90", "1", slot="0.7")
    desk.buy("100", "1", fee="0.5", slot="0.7")
    desk.move("0.7", "1.3", "1")
    desk.sell("101", "1", slot="1.3")
    desk.sell("102", "1", slot="0.7")

    stayed, moved = cycles(desk)

    assert (moved.slot, legs(moved)[0]) == ("1.3", [(Decimal(90), Decimal(1))])
    assert (stayed.slot, legs(stayed)[0]) == ("0.7", [(Decimal(100), Decimal(1))])
    assert stayed.earned == Decimal("1.5")


def test_a_lot_that_was_taken_over_has_a_cost_and_no_purchase(desk: Desk) -> None:
    desk.adopt("c1", "1", "95.5")
    desk.sell("101", "1", fee="0.5")

    (cycle,) = cycles(desk)

    assert (cycle.buys, cycle.cost, cycle.earned) == ((), Decimal("95.5"), Decimal(5))


def test_a_cycle_whose_rest_became_dust_tells_what_was_sold(desk: Desk) -> None:
    desk.buy("100", "1", fee="1")
    order = desk.rest(Side.SELL, "110", "1")
    desk.fill(order, "0.75")
    desk.move("c1", DUST, "0.25", closes_cycle=True)
    desk.sell("120", "0.25", slot=DUST)

    (cycle,) = cycles(desk)

    assert legs(cycle) == ([(Decimal(100), Decimal("0.75"))], [(Decimal(110), Decimal("0.75"))])
    assert cycle.earned == Decimal("6.75")


def test_a_purchase_of_long_ago_is_found(desk: Desk) -> None:
    desk.buy("500", "1", slot="top")
    for _ in range(90):
        desk.buy("100", "1")
        desk.sell("101", "1")
    desk.sell("505", "1", slot="top")

    (cycle,) = cycles(desk, 1)

    assert legs(cycle) == ([(Decimal(500), Decimal(1))], [(Decimal(505), Decimal(1))])


def test_a_journal_that_cannot_have_happened_is_refused(desk: Desk) -> None:
    desk.buy("100", "1")
    desk.sell("101", "1")
    tamper(desk.place, "UPDATE fills SET qty = '0.5' WHERE entry = 1")

    with pytest.raises(IllegalTransition, match="neither bought nor taken over"):
        cycles(desk)


@settings(max_examples=40)
@given(steps=st.lists(STEPS, max_size=30))
def test_whatever_is_traded_the_cycles_earned_what_the_book_says(
    places: Callable[[], Place], steps: list[Step]
) -> None:
    with Desk.at(places()) as desk:
        for step in steps:
            # A slot that moves to itself is in no cycle: the grid never asks for it.
            if step.kind != "move" or step.slot != step.to:
                play(desk, step)
        found = cycles(desk, 99)
        closing = {cycle.sells[-1].entry for cycle in found}
        told = [sale for cycle in found for sale in cycle.sells]

        assert [cycle.sells[-1].entry for cycle in found] == sorted(closing, reverse=True)
        assert len(found) <= desk.book().cycles
        assert len({sale.entry for sale in told}) == len(told)
        for cycle in found:
            assert cycle.earned == sum(sale.earned or 0 for sale in cycle.sells)
            assert sum(buy.fill.qty for buy in cycle.buys) <= sum(sale.fill.qty for sale in cycle.sells)
        sales = [record for record in desk.ledger.reader.each_fill() if record.side is Side.SELL]
        assert sum(record.earned or 0 for record in sales) == desk.book().matched
