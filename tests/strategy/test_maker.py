"""With MAKER_ONLY no order of ours takes from the market, and none at rest is chased."""

from dataclasses import replace
from decimal import Decimal

from domain.events import OwnerWish
from strategy.grid.config import StopAction
from tests.strategy.desk import FOUR, SIX, Desk

MAKER = replace(FOUR, maker_only=True)


def test_a_buy_at_or_above_the_ask_stands_one_tick_under_it() -> None:
    desk = Desk(replace(MAKER, anchor=Decimal(10000)))

    desk.price(9750, bid=9745, ask=9800)

    # 9900 and 9800 would trade at once; 9700 and 9600 stand at their lines.
    assert desk.buys() == "9600 9700 9795 9795"
    assert desk.orders["0.3"].price == 9795


def test_without_an_ask_the_last_price_stands_for_it() -> None:
    desk = Desk(replace(MAKER, anchor=Decimal(10000)))

    desk.price(9803)

    # 9803 lies between two ticks: the ask is at 9805 at the least.
    assert desk.buys() == "9600 9700 9800 9800"


def test_a_buy_that_gave_way_is_not_chased_when_the_market_moves() -> None:
    desk = Desk(replace(MAKER, anchor=Decimal(10000)))
    desk.price(9750, bid=9745, ask=9750)
    assert desk.orders["0.3"].price == 9745

    for ask in (9760, 9900, 10050):
        desk.price(ask, bid=ask - 5, ask=ask)
        assert desk.asked() == ""


def test_an_order_at_its_line_is_not_moved_away_from_the_price_that_comes_to_fill_it() -> None:
    desk = Desk(MAKER)
    desk.price(10000)

    desk.price(9900)
    assert desk.asked() == ""
    desk.price(9700, bid=9695, ask=9700)
    assert desk.asked() == ""


def test_a_sell_at_or_below_the_bid_stands_one_tick_above_it() -> None:
    desk = Desk(MAKER)
    desk.price(10000, bid=10050, ask=10060)

    desk.fill("0.3")

    assert desk.asked() == "+sell 0.3 10060"
    desk.price(9990, bid=9980, ask=9990)
    assert desk.asked() == ""


def test_a_sell_at_its_line_is_not_moved_away_either() -> None:
    desk = Desk(replace(SIX, maker_only=True))
    desk.price(9950)
    desk.fill("0.3")
    before = desk.sells()

    desk.price(before, bid=before, ask=Decimal(before) + 10)

    assert desk.asked() == "+buy 0.4 9950"
    assert desk.sells() == before


def test_a_sell_that_gave_way_still_goes_when_a_stop_sells() -> None:
    desk = Desk(replace(MAKER, stop_low=Decimal(9500), stop_low_action=StopAction.CANCEL_SELL))
    desk.price(10000, bid=10050, ask=10060)
    desk.fill("0.3")

    desk.price(9500, 9500)
    desk.confirm()

    assert (desk.sells(), desk.buys()) == ("9475", "")


def test_after_a_resume_a_sell_leaves_the_stops_price_for_its_own() -> None:
    desk = Desk(replace(MAKER, stop_low=Decimal(9500), stop_low_action=StopAction.CANCEL_SELL))
    desk.price(10000)
    desk.fill("0.3")
    desk.price(9500, 9500)
    desk.confirm()

    desk.owner(OwnerWish.RESUME)
    assert desk.asked().startswith("-0.3")
    desk.confirm()

    assert desk.sells() == "10000"


def test_a_buy_that_gave_way_still_yields_to_an_own_sell() -> None:
    desk = Desk(replace(MAKER, anchor=Decimal(10000)))
    desk.price(9850, bid=9845, ask=9850)
    assert desk.orders["0.3"].price == 9845

    # The news of the fall to 9700 came before that of their fills.
    desk.price(9700, bid=9695, ask=9700)
    desk.fill("0.1")

    # The lot of 9700 is to be sold at 9800: the buy above leaves first.
    assert desk.asked() == "-0.2, -0.3"
    desk.fill("0.3")
    desk.confirm()
    assert desk.sells() == "9800 10000"


def test_on_recorded_bars_it_has_no_effect() -> None:
    desk = Desk(replace(MAKER, bars=True, anchor=Decimal(10000)))

    desk.bar(9750)

    assert desk.buys() == "9600 9700 9800 9900"
