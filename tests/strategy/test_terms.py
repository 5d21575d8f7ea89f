"""A venue that changes its terms, or warns of a market: nothing more is bought, what is held is sold all the same."""

from dataclasses import replace
from decimal import Decimal

import pytest

from domain.instrument import Fees
from domain.order import OrderState
from strategy.grid.config import Follow, GridSettings, Start
from tests.strategy.desk import DEAR, FOUR, FREE, Desk

STRICT = replace(FOUR, strict=True)
RUINOUS = Fees(Decimal("0.01"), Decimal("0.01"))


def running(settings: GridSettings = FOUR) -> Desk:
    desk = Desk(settings)
    desk.price(10000)
    return desk


def test_while_its_market_is_warned_of_nothing_more_is_bought_and_what_is_held_is_sold() -> None:
    desk = running()

    desk.terms(hold="market_warned")
    assert (desk.asked(), desk.buys()) == ("", "9600 9700 9800 9900")
    desk.fill("0.3")
    assert desk.asked() == "+sell 0.3 10000"
    desk.fill("0.3")
    desk.price(9950, 10000)

    assert (desk.buys(), desk.why("0.3").code) == ("9600 9700 9800", "waits_for_terms")


def test_good_terms_let_it_buy_again_at_once() -> None:
    desk = running()
    desk.terms(hold="market_warned")
    desk.end("0.3", OrderState.EXPIRED)
    assert desk.asked() == ""

    desk.terms()

    assert desk.asked() == "+buy 0.3 9900"
    assert desk.warnings() == ["market_warned", "terms_hold_buys", "terms_good_again"]


def test_the_same_hold_is_told_once_and_another_is_told_again() -> None:
    desk = running()

    for hold in ("market_warned", "market_warned", "market_ends", None, None):
        desk.terms(hold=hold)

    assert desk.warnings() == [
        "market_warned",
        "terms_hold_buys",
        "market_ends",
        "terms_hold_buys",
        "terms_good_again",
    ]


def test_fees_that_make_every_cycle_lose_stop_the_buying_of_real_money_and_lower_ones_let_it_go_on() -> None:
    desk = running(STRICT)

    desk.terms(RUINOUS)
    desk.end("0.3", OrderState.EXPIRED)
    assert (desk.asked(), desk.why("0.3").code) == ("", "waits_for_terms")
    assert desk.warnings() == ["gap_loses", "terms_hold_buys"]
    desk.terms(DEAR)

    assert desk.asked() == "+buy 0.3 9900"


@pytest.mark.parametrize("fees", [RUINOUS, DEAR])
def test_without_real_money_a_loss_is_no_reason_to_wait(fees: Fees) -> None:
    desk = running()

    desk.terms(fees)
    desk.end("0.3", OrderState.EXPIRED)

    assert (desk.asked(), desk.warnings()) == ("+buy 0.3 9900", [])


def test_terms_that_come_before_the_first_price_hold_only_where_the_market_is_warned_of() -> None:
    losing, warned = Desk(STRICT), Desk(STRICT)

    losing.terms(RUINOUS)
    losing.terms(FREE)
    losing.price(10000)
    warned.terms(hold="market_warned")
    warned.price(10000)

    assert (losing.buys(), losing.warnings()) == ("9600 9700 9800 9900", [])
    assert (warned.buys(), warned.why("0.3").code) == ("", "waits_for_terms")


def test_new_fees_count_for_what_is_sold_from_now_on() -> None:
    desk = running()
    desk.fill("0.3")

    desk.terms(DEAR)
    desk.fill("0.3")

    assert desk.book.fees == Decimal(25)


def test_the_lines_do_not_follow_while_nothing_may_be_bought() -> None:
    desk = running(replace(FOUR, follow=Follow.FLAT))
    desk.terms(hold="market_warned")

    desk.price(10200)
    assert desk.asked() == ""
    desk.terms()
    desk.price(10200)

    assert desk.canceling() == "0.0 0.1 0.2 0.3"


def test_the_balancing_order_waits_as_well() -> None:
    desk = Desk(replace(FOUR, steps_above=2, start=Start.BALANCE))
    desk.terms(hold="market_warned")

    desk.price(10000)
    assert desk.orders == {}
    desk.terms()

    assert list(desk.orders) == ["start"]


def test_a_lack_of_cash_is_named_before_the_terms() -> None:
    desk = running(replace(FOUR, free_cash=Decimal(50000)))
    desk.terms(hold="market_warned")
    desk.state = replace(desk.state, cash_short=True)

    desk.end("0.3", OrderState.EXPIRED)

    assert desk.why("0.3").code == "waits_for_money"
