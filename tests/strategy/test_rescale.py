"""After a split the grid is the same in new shares: lines, lots and prices keep their places to each other."""

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from domain.errors import GridRefused
from domain.exact import ZERO
from domain.instrument import Side
from domain.order import Fill, OrderState
from domain.split import Split
from strategy.grid.config import Follow, GridSettings, OrderSize, SizeUnit, Spacing, Start, StopAction
from strategy.grid.state import START, CellState, Phase, StartOrder, Stops
from tests.strategy.desk import SHARE, START_AT, Desk

FRIDAY, MONDAY = date(2025, 3, 7), date(2025, 3, 10)
TEN, TENTH = Split(10, 1), Split(1, 10)
# Around 100 dollars: lines 92 94 96 98 100, five shares a cell.
SHARES = GridSettings(
    steps=4, gap=Decimal("0.02"), spacing=Spacing.ARITHMETIC, size=OrderSize(Decimal(5), SizeUnit.BASE)
)
# The same around 10 dollars: 9.20 9.40 9.60 9.80 10.00.
CHEAP = replace(SHARES, size=OrderSize(Decimal(7), SizeUnit.BASE))


def weekend(settings: GridSettings, anchor: str, *bought: str, falls_to: str) -> Desk:
    """Trade on Friday until some cells hold their lot, and let Friday's day orders expire."""
    desk = Desk(settings, SHARE, always_open=False)
    desk.open_session(FRIDAY)
    desk.price(anchor)
    desk.price(falls_to)
    for slot in bought:
        desk.fill(slot)
    end_day(desk, FRIDAY)
    return desk


def end_day(desk: Desk, day: date) -> None:
    desk.close_session(day)
    for slot in list(desk.orders):
        desk.end(slot, OrderState.EXPIRED)


def test_ten_for_one_over_a_weekend_goes_on_where_it_was() -> None:
    desk = weekend(SHARES, "100", "0.3", "0.2", falls_to="96.5")
    total = desk.book.total(Decimal("96.5"))

    desk.split(TEN, "9.65")

    assert (desk.asked(), desk.lines()) == ("", "9.2 9.4 9.6 9.8 10")
    assert (desk.book.position, desk.book.held("0.3")) == (Decimal(100), Decimal(50))
    assert desk.book.total(Decimal("9.65")) == total
    assert desk.warnings() == ["split_done"]
    assert desk.why("0.0").code == "cell_rescaled"

    desk.open_session(MONDAY)
    desk.price("9.65")

    assert (desk.sells(), desk.buys()) == ("9.8 10", "9.2 9.4")
    assert {order.remaining for order in desk.orders.values() if order.side is Side.SELL} == {Decimal(50)}
    # The size in the settings is the owner's: it is not the bot's to change.
    assert {order.qty for order in desk.orders.values() if order.side is Side.BUY} == {Decimal(5)}


def test_one_for_ten_hands_fractions_to_the_next_line_above_and_pays_the_last() -> None:
    desk = weekend(CHEAP, "10", "0.3", "0.2", "0.1", falls_to="9.41")
    total, cost = desk.book.total(Decimal("9.41")), desk.book.cost

    desk.split(TENTH, "94.1")

    # 0.7 go from 0.1 to 0.2, which makes 1.4: one stays, 0.4 go on to 0.3, which makes 1.1; 0.1 is paid out.
    assert {slot: desk.book.held(slot) for slot in desk.book.lots} == {"0.2": Decimal(1), "0.3": Decimal(1)}
    assert desk.lines() == "92 94 96 98 100"
    assert desk.book.total(Decimal("94.1")) == total
    assert cost - desk.book.cost == Decimal("9.41") - desk.book.matched

    desk.open_session(MONDAY)
    desk.price("93.9")

    # What 0.1 held waits above: it buys again only when the price has been over its line.
    assert (desk.sells(), desk.buys(), desk.why("0.1").code) == ("98 100", "92", "waits_above")
    desk.price("94.5")
    assert desk.buys() == "92 94"


def test_a_cell_that_gave_its_lot_away_does_not_buy_above_the_price() -> None:
    desk = weekend(replace(CHEAP, size=OrderSize(Decimal(3), SizeUnit.BASE)), "10", "0.3", "0.2", falls_to="9.41")

    desk.split(TENTH, "94.1")
    desk.open_session(MONDAY)
    desk.price("94.1")

    assert desk.book.lots == {}
    assert (desk.buys(), desk.why("0.3").code, desk.why("0.2").code) == ("92 94", "waits_above", "waits_above")


def test_a_lot_of_a_former_epoch_keeps_its_sell_line_and_one_that_is_emptied_is_gone() -> None:
    desk = weekend(replace(CHEAP, size=OrderSize(Decimal(12), SizeUnit.BASE)), "10", "0.3", falls_to="9.81")
    desk.open_session(MONDAY)
    desk.settings = replace(desk.settings, gap=Decimal("0.01"))
    desk.price("9.81")
    desk.confirm()
    end_day(desk, MONDAY)
    assert [cell.key for cell in desk.state.legacy] == ["0.3"]
    kept = replace(desk.state)

    desk.split(TENTH, "98.1")

    assert [(cell.key, cell.sell_price) for cell in desk.state.legacy] == [("0.3", Decimal(100))]
    desk.state = kept
    desk.split(Split(1, 100), "981")
    assert (desk.state.legacy, desk.book.lots) == ((), {})


def test_lines_that_do_not_divide_evenly_keep_twelve_decimals_and_their_order() -> None:
    desk = weekend(replace(SHARES, spacing=Spacing.GEOMETRIC), "100", "0.3", falls_to="97")

    desk.split(Split(7, 3), "41.57142857")

    assert desk.state.epoch is not None
    lines = desk.state.epoch.lines
    assert lines[-1] == Decimal("42.857142857143")
    assert list(lines) == sorted(set(lines))
    assert (desk.cell("0.3").sell_price, desk.cell("0.3").buy_price) == (Decimal("42.86"), Decimal("42.01"))
    assert desk.book.position == 11


def test_lots_of_no_cell_are_split_too() -> None:
    desk = weekend(SHARES, "100", "0.3", falls_to="97")
    for slot, qty in (("dust", 3), ("9.9", 4)):
        fill = Fill(slot, Decimal(90), Decimal(qty), ZERO, START_AT)
        desk.state = desk.state.with_book(desk.book.booked(slot, Side.BUY, fill))

    desk.split(Split(1, 2), "194")

    # 2.5, then 0.5 + 2, then 0.5 + 1.5.
    assert {slot: int(desk.book.held(slot)) for slot in desk.book.lots} == {"0.3": 2, "9.9": 2, "dust": 2}


def test_a_split_before_the_first_line_moves_the_first_price() -> None:
    desk = Desk(replace(SHARES, trigger=Decimal(80)), SHARE, always_open=False)
    desk.open_session(FRIDAY)
    desk.price(100)

    desk.settings = replace(desk.settings, trigger=Decimal(8))
    desk.split(TEN, "10")

    assert (desk.state.first, desk.state.phase) == (Decimal(10), Phase.TRIGGER)
    desk.price("9.5")
    assert desk.state.phase is Phase.TRIGGER
    desk.price("8")
    assert desk.lines() == "7.36 7.52 7.68 7.84 8"


def test_a_balancing_order_that_was_not_sent_buys_new_shares() -> None:
    desk = Desk(replace(SHARES, start=Start.BALANCE, steps_above=2), SHARE, always_open=False)
    desk.price(100)
    assert desk.state.start == StartOrder((("0.4", Decimal(5)), ("0.5", Decimal(5))))

    desk.split(TEN, "10")

    assert desk.state.start == StartOrder((("0.4", Decimal(50)), ("0.5", Decimal(50))))
    desk.open_session(MONDAY)
    desk.price("10")
    assert (desk.orders[START].qty, desk.orders[START].price) == (Decimal(100), Decimal("10.05"))


def test_a_sale_that_a_stop_began_goes_on_at_a_price_of_new_shares() -> None:
    settings = replace(SHARES, stop_low=Decimal(91), stop_low_action=StopAction.CANCEL_SELL)
    desk = weekend(settings, "100", "0.3", falls_to="97")
    desk.open_session(MONDAY)
    desk.price("90.5", "90.4")
    end_day(desk, MONDAY)
    assert desk.state.stops.exit_price == Decimal("90.35")

    desk.settings = replace(settings, stop_low=Decimal("9.1"))
    desk.split(TEN, "9.04")

    assert desk.state.stops == Stops(2, action=StopAction.CANCEL_SELL, by="stop_low", exit_price=Decimal("9.03"))
    desk.open_session(date(2025, 3, 11))
    desk.price("9.04")
    assert desk.sells() == "8.99"


def test_a_size_that_buys_no_new_share_is_refused_with_one_that_does() -> None:
    desk = weekend(replace(CHEAP, size=OrderSize(Decimal(70), SizeUnit.MONEY)), "10", "0.3", falls_to="9.8")

    with pytest.raises(GridRefused) as refused:
        desk.split(TENTH, "98")

    assert [why.code for why in refused.value.faults] == ["cell_buys_no_share"]
    assert desk.book.held("0.3") == 7


def test_settings_that_were_changed_with_the_split_lay_the_lines_anew() -> None:
    desk = weekend(replace(CHEAP, size=OrderSize(Decimal(70), SizeUnit.MONEY)), "10", "0.3", falls_to="9.8")
    desk.settings = replace(desk.settings, size=OrderSize(Decimal(700), SizeUnit.MONEY))

    desk.split(TENTH, "98")
    desk.open_session(MONDAY)
    desk.price("98.5")

    assert (desk.lines(), desk.buys()) == ("92 94 96 98 100", "92 94 96 98")
    assert {order.qty for order in desk.orders.values()} == {Decimal(7)}


def test_follow_goes_on_from_the_lines_of_new_shares() -> None:
    desk = weekend(replace(SHARES, follow=Follow.UP), "100", falls_to="99")

    desk.split(TEN, "9.9")
    desk.open_session(MONDAY)
    desk.price("10.21")
    desk.confirm()

    assert desk.lines() == "9.384 9.588 9.792 9.996 10.2"
    assert desk.stands() == " ".join([str(CellState.BUYING)] * 4)
