"""Orders and lots that no cell of the grid waits for: taken back, or booked apart, and said."""

from dataclasses import replace
from decimal import Decimal

from domain.book import DUST
from domain.exact import ZERO
from domain.instrument import Side
from domain.order import OrderState
from tests.strategy.desk import FOUR, Desk


def running() -> Desk:
    desk = Desk(FOUR)
    desk.price(10000)
    return desk


def test_an_order_that_lives_after_all_and_whose_cell_has_gone_is_taken_back() -> None:
    desk = running()
    order = desk.orders["0.3"]

    desk.revive(replace(order, state=OrderState.VOID, key=replace(order.key, cell="9.9")))

    assert desk.asked() == "-9.9"
    assert desk.noted("buy_fits_no_cell").slot == "9.9"


def test_what_a_stray_purchase_brought_is_booked_apart_and_its_stray_sale_takes_it_from_there() -> None:
    desk = running()
    order = desk.orders["0.3"]
    desk.end("0.3", OrderState.CANCELED)
    desk.price(10000)
    bought = replace(order, state=OrderState.PENDING, key=replace(order.key, cell="import.7"))
    desk.take_over(bought)
    desk.fill("import.7")
    assert desk.book.held(DUST) == order.qty

    sale = replace(bought, side=Side.SELL, price=Decimal(10300), key=replace(order.key, cell="import.8"))
    desk.take_over(sale)
    assert (desk.book.held(DUST), desk.book.held("import.8")) == (ZERO, order.qty)
    desk.end("import.8", OrderState.CANCELED)

    assert desk.book.held(DUST) == order.qty


def test_what_was_bought_before_the_venue_ended_a_purchase_is_sold_at_once() -> None:
    desk = running()
    desk.fill("0.3", qty="0.5")

    desk.end("0.3", OrderState.CANCELED, unasked=True)

    assert desk.asked().startswith("+sell 0.3")
