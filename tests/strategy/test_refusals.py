"""What a venue refuses, loses or reports late freezes no more than its own cell, and is asked again in good time."""

from dataclasses import replace
from decimal import Decimal

from domain.events import OwnerWish
from domain.order import Order, OrderState
from strategy.grid.config import Follow, StopAction
from strategy.grid.state import NEVER
from tests.strategy.desk import FOUR, Desk


def running() -> Desk:
    desk = Desk(FOUR)
    desk.price(10000)
    return desk


def test_a_refusal_by_the_venue_is_asked_again_after_ten_minutes_only() -> None:
    desk = running()
    desk.deny("0.3", retry_after_s=600)
    assert desk.asked() == ""

    desk.price(10000, after_s=599)
    assert (desk.asked(), desk.why("0.3").code) == ("", "venue_said_no")
    desk.price(10000)

    assert desk.asked() == "+buy 0.3 9900"


def test_an_own_fill_lets_it_be_asked_again_at_once() -> None:
    desk = running()
    desk.deny("0.0", retry_after_s=600)

    desk.fill("0.3")

    assert desk.asked() == "+sell 0.3 10000, +buy 0.0 9600"


def test_what_risk_refused_costs_nothing_and_is_asked_at_the_next_price() -> None:
    desk = running()
    desk.deny("0.3", "cash_does_not_reach")
    assert (desk.asked(), desk.why("0.3").code) == ("", "cash_does_not_reach")

    desk.price(10000)

    assert desk.asked() == "+buy 0.3 9900"


def test_a_refused_sell_keeps_its_lot_and_waits() -> None:
    desk = running()
    desk.fill("0.3")
    desk.deny("0.3", retry_after_s=600)

    assert desk.cell("0.3").stands(desk.book) == "held"
    desk.price(10000)
    assert desk.asked() == ""
    desk.price(10000, after_s=600)
    assert desk.asked() == "+sell 0.3 10000"


def test_a_stuck_order_freezes_its_cell_while_the_others_trade_on() -> None:
    desk = running()

    desk.lose("0.3")
    assert (desk.warnings(), desk.why("0.3").code) == (["answer_lost"], "answer_lost")
    assert desk.stands() == "buying buying buying frozen"
    desk.fill("0.1")

    # The sell at 9800 waits for 9800 to yield, and for the stuck buy at 9900: it may well be at rest.
    assert desk.asked() == "-0.2"
    desk.confirm()
    assert desk.sells() == ""
    assert desk.stands() == "buying held buying frozen"


def test_no_stop_and_no_owner_touches_a_stuck_order() -> None:
    desk = Desk(replace(FOUR, stop_low=Decimal(9700), stop_low_action=StopAction.CANCEL))
    desk.price(10000)
    desk.lose("0.3")

    desk.price(9700, 9700)

    assert desk.canceling() == "0.0 0.1 0.2"


def test_a_stuck_order_that_turns_out_filled_is_answered() -> None:
    desk = running()
    desk.lose("0.3")

    desk.fill("0.3")

    assert (desk.asked(), desk.stands()) == ("+sell 0.3 10000", "buying buying buying selling")


def test_a_stuck_order_that_turns_out_absent_frees_its_cell() -> None:
    desk = running()
    desk.lose("0.3")

    desk.deny("0.3", "proven_absent", retry_after_s=600)
    assert desk.stands() == "buying buying buying empty"
    desk.price(10000, after_s=600)

    assert desk.asked() == "+buy 0.3 9900"


def test_a_stuck_order_that_turns_out_canceled_is_placed_again() -> None:
    desk = running()
    desk.lose("0.3")

    desk.end("0.3", OrderState.CANCELED)

    assert desk.asked() == "+buy 0.3 9900"


def test_a_stuck_sell_keeps_buys_below_it() -> None:
    desk = running()
    desk.fill("0.3")
    desk.fill("0.3")
    desk.fill("0.2")
    desk.confirm()
    desk.lose("0.2")
    assert desk.orders["0.3"].price == 9895

    desk.price(9850)

    # The sell at 9900 may be at rest: 9900 keeps its distance.
    assert desk.asked() == ""


def test_a_cancel_that_came_to_nothing_is_asked_again() -> None:
    desk = Desk(replace(FOUR, follow=Follow.FLAT))
    desk.price(10000, 10100)
    assert desk.canceling() == "0.0 0.1 0.2 0.3"

    desk.undo_cancel("0.3")
    assert desk.asked() == ""
    desk.price(10100)

    assert desk.asked() == "-0.3"


def test_a_late_fill_of_a_canceled_order_is_sold_all_the_same() -> None:
    desk = Desk(replace(FOUR, stop_low=Decimal(9500), stop_low_action=StopAction.CANCEL_SELL))
    desk.price(10000, 9500, 9500)
    gone = desk.end("0.3", OrderState.CANCELED)

    desk.late_fill(gone, 1)

    desk.confirm()
    assert desk.sells() == "9475"


def test_a_late_fill_does_not_hide_the_order_that_took_its_place() -> None:
    desk = running()
    former = _yielded(desk)
    assert desk.orders["0.3"].price == 9895

    desk.late_fill(former, 1)

    # The buy at 9895 still rests; what its cell holds is sold when it has ended, as after a partial fill.
    assert (desk.asked(), desk.buys()) == ("", "9600 9700 9895")
    desk.price(10000)
    assert desk.asked() == "-0.3"
    desk.confirm()
    assert (desk.sells(), desk.orders["0.3"].qty) == ("9900 10000", Decimal(1))


def test_a_late_sale_takes_the_offer_back_that_replaced_it() -> None:
    desk = Desk(replace(FOUR, stop_low=Decimal(9500), stop_low_action=StopAction.CANCEL_SELL))
    desk.price(10000)
    desk.fill("0.3")
    desk.price(9500, 9500)
    desk.confirm()
    desk.price(9400, after_s=60)
    former = desk.end("0.3", OrderState.CANCELED)
    assert desk.sells() == "9375"

    desk.late_fill(former, 1)

    assert (desk.asked(), desk.book.position, desk.book.cycles) == ("-0.3", Decimal(0), 1)


def test_a_part_that_comes_late_joins_the_sale_of_what_came_before() -> None:
    desk = running()
    desk.fill("0.3", "0.6")
    desk.price(10000)
    former = desk.end("0.3", OrderState.CANCELED)
    assert desk.orders["0.3"].qty == Decimal("0.6")

    desk.late_fill(former, "0.4")
    assert desk.asked() == "-0.3"
    desk.confirm()

    assert (desk.asked(), desk.orders["0.3"].qty) == ("+sell 0.3 10000", Decimal(1))


def test_after_a_restart_news_of_orders_wait_for_a_fresh_price() -> None:
    desk = running()
    desk.state = replace(desk.state, last=Decimal(0), at=NEVER)

    desk.fill("0.3")
    assert desk.asked() == ""
    desk.price(9950)

    assert desk.asked() == "+sell 0.3 10000"


def test_news_of_cells_and_orders_that_are_gone_change_nothing() -> None:
    desk = Desk(replace(FOUR, follow=Follow.FLAT))
    desk.price(10000)
    order = desk.orders["0.3"]
    desk.price(10100)
    desk.confirm()
    resting = desk.buys()

    desk.orders["0.3"] = order
    desk.lose("0.3")
    desk.undo_cancel("0.3")
    desk.deny("0.3")
    desk.orders["0.3"] = order
    desk.end("0.3", OrderState.CANCELED)

    assert desk.buys() == resting


def _yielded(desk: Desk) -> Order:
    """Let the buy at 9900 be replaced one tick lower by an own sell; return the canceled one."""
    desk.fill("0.3")
    desk.fill("0.3")
    desk.fill("0.2")
    former = desk.end("0.3", OrderState.CANCELED)
    assert desk.sells() == "9900"
    return former


def test_a_lost_order_that_is_found_at_rest_frees_its_cell() -> None:
    desk = running()
    desk.lose("0.3")

    desk.undo_cancel("0.3")
    assert desk.stands() == "buying buying buying buying"
    desk.fill("0.3")

    assert desk.asked() == "+sell 0.3 10000"


def test_after_a_restart_buying_waits_where_the_cash_no_longer_covers_the_empty_cells() -> None:
    settings = replace(FOUR, free_cash=Decimal(50000))
    desk = Desk(settings)
    desk.price(10000)
    desk.state = replace(desk.state, last=Decimal(0), at=NEVER, quiet=None)
    desk.settings = replace(settings, free_cash=Decimal(30000))
    desk.price(10000)

    assert desk.warnings() == ["cash_short"]
    desk.end("0.0", OrderState.EXPIRED)
    assert desk.why("0.0").code == "waits_for_money"
    desk.owner(OwnerWish.RESUME)
    assert desk.asked() == "+buy 0.0 9600"


def test_after_a_restart_with_the_cash_there_again_buying_goes_on() -> None:
    settings = replace(FOUR, free_cash=Decimal(50000))
    desk = Desk(settings)
    desk.price(10000)
    desk.state = replace(desk.state, last=Decimal(0), at=NEVER, quiet=None, cash_short=True)
    desk.end("0.0", OrderState.EXPIRED)

    desk.price(10000)

    assert (desk.warnings(), desk.asked()) == (["cash_there_again"], "+buy 0.0 9600")


def test_after_a_restart_enough_cash_changes_nothing() -> None:
    desk = Desk(replace(FOUR, free_cash=Decimal(50000)))
    desk.price(10000)

    desk.state = replace(desk.state, last=Decimal(0), at=NEVER, quiet=None)
    desk.price(10000)

    assert (desk.warnings(), desk.state.cash_short) == ([], False)


def test_a_call_that_reached_nobody_is_tried_again_as_soon_as_the_venue_may_be_back() -> None:
    desk = running()
    desk.deny("0.3", retry_after_s=2)

    desk.price(10000)
    assert desk.asked() == ""
    desk.price(10000)

    assert desk.asked() == "+buy 0.3 9900"


def test_an_order_that_is_proven_absent_is_placed_anew_at_the_next_price() -> None:
    desk = running()
    desk.lose("0.3")
    desk.deny("0.3", "proven_absent")
    assert desk.asked() == ""

    desk.price(10000)

    assert desk.asked() == "+buy 0.3 9900"


def test_what_the_venue_took_back_by_itself_is_not_placed_again_within_ten_minutes() -> None:
    desk = running()
    desk.end("0.3", OrderState.CANCELED, unasked=True)
    assert desk.asked() == ""

    desk.price(10000, after_s=599)
    assert desk.asked() == ""
    desk.price(10000)

    assert desk.asked() == "+buy 0.3 9900"


def test_the_other_cells_trade_on_while_one_waits_for_what_the_venue_took_back() -> None:
    desk = running()
    desk.end("0.3", OrderState.CANCELED, unasked=True)

    desk.fill("0.2")

    assert "+sell 0.2 9900" in desk.asked()


def test_an_order_that_lives_after_all_is_its_cells_order_again_and_no_second_one_is_asked_for() -> None:
    desk = running()
    order = desk.orders["0.3"]
    desk.deny("0.3", "proven_absent")
    voided = replace(order, state=OrderState.VOID)

    desk.revive(voided)
    desk.price(10000)
    assert (desk.asked(), desk.stands()) == ("", "buying buying buying buying")
    desk.fill("0.3")

    assert desk.asked() == "+sell 0.3 10000"


def test_an_order_that_lives_after_all_is_taken_back_with_the_others_though_its_cell_was_to_wait() -> None:
    desk = Desk(replace(FOUR, follow=Follow.FLAT))
    desk.price(10000)
    order = desk.orders["0.3"]
    desk.deny("0.3", "venue_not_reached", retry_after_s=600)

    desk.revive(replace(order, state=OrderState.VOID))
    desk.price(10100)

    assert desk.canceling() == "0.0 0.1 0.2 0.3"


def test_a_part_of_an_order_that_lives_after_all_is_sold_only_once_the_rest_has_ended() -> None:
    desk = running()
    order = desk.orders["0.3"]
    desk.deny("0.3", "proven_absent", retry_after_s=600)

    desk.late_fill(replace(order, state=OrderState.VOID), "0.6")
    assert (desk.asked(), desk.stands()) == ("", "buying buying buying buying")
    desk.price(10000)
    assert desk.asked() == "-0.3"
    desk.confirm()

    assert (desk.asked(), desk.orders["0.3"].qty) == ("+sell 0.3 10000", Decimal("0.6"))


def test_an_order_that_is_taken_over_is_its_cells_order_and_the_others_are_placed_around_it() -> None:
    desk = running()
    order = replace(desk.orders["0.3"], state=OrderState.PENDING)
    desk.deny("0.3", retry_after_s=600)

    desk.take_over(order)
    desk.price(10000)

    assert (desk.asked(), desk.stands()) == ("", "buying buying buying buying")


def test_an_order_that_is_taken_over_and_fits_no_cell_is_taken_back() -> None:
    desk = running()
    order = desk.orders["0.3"]

    desk.take_over(replace(order, state=OrderState.PENDING, key=replace(order.key, cell="import.7")))

    assert desk.asked() == "-import.7"
    assert desk.noted("buy_fits_no_cell").slot == "import.7"
