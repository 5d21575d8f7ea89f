"""The oracle itself, held against cases worked out by hand."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from fractions import Fraction

from tests.oracle.grid import Bar, play
from tests.oracle.market import random_case

FREE = {"FEE_BUY_PCT": "0", "FEE_SELL_PCT": "0"}
# Lines 94 96 98 100 102, one share a cell; every cell under 102 may buy at once.
DOLLARS = {
    "EXCHANGE": "KIS", "GRID_ANCHOR": "100", "GRID_GAP_PCT": "2", "GRID_SPACING": "arithmetic", "GRID_STEPS": "3",
    "GRID_STEPS_ABOVE": "1", "GRID_FOLLOW": "off", "FEE_BUY_PCT": "0.1", "FEE_SELL_PCT": "0.1",
}  # fmt: skip
# Lines 9700 9800 9900 10000, one coin a cell, no fee.
WON = {"GRID_GAP_PCT": "1", "GRID_SPACING": "arithmetic", "GRID_STEPS": "3", "ORDER_SIZE": "1BTC", **FREE}
START_AT = datetime(2025, 3, 3, 14, 30, tzinfo=UTC)


def bars_of(text: str, step: timedelta = timedelta(minutes=1)) -> list[Bar]:
    """`open high low close` per bar, one number for all four; `|` between bars."""
    rows = [[Decimal(word) for word in row.split()] for row in text.split("|")]
    return [Bar(START_AT + step * i, *(row if len(row) == 4 else row * 4)) for i, row in enumerate(rows)]


def sessions_of(*sessions: str) -> list[Bar]:
    days = [bars_of(session) for session in sessions]
    moved = [(bar, timedelta(days=day)) for day, bars in enumerate(days) for bar in bars]
    return [Bar(bar.at + days, bar.open, bar.high, bar.low, bar.close) for bar, days in moved]


def trades_of(result: Mapping[str, object]) -> list[object]:
    trades = result["trades"]
    assert isinstance(trades, list)
    return [(index, side, price) for index, side, price, _qty in trades]


def test_fixture_one_of_the_formulas_comes_out_to_the_last_unit() -> None:
    bars = bars_of(
        "101 | 100.5 101 99 99.5 | 99.5 102 97.5 98.5 | 97 97.5 96 96.5 | 97 100 97 99 | 99 99 97 97",
        step=timedelta(days=1),
    )

    result = play(bars, DOLLARS | {"GAP_POLICY": "skip"})

    assert trades_of(result) == [
        (1, "buy", 100), (2, "buy", 98), (2, "sell", 102), (3, "buy", 96), (4, "sell", 98), (4, "sell", 100),
        (5, "buy", 98),
    ]  # fmt: skip
    assert result["matched_pnl"] == Fraction("5.406")
    assert result["inventory_pnl"] == Fraction("-1.098")
    assert result["total_pnl"] == Fraction("4.308")
    assert result["fees"] == Fraction("0.692")
    assert result["equity"] == 10000 + Fraction("4.308")


def test_fixture_two_pairs_a_sell_with_its_own_cells_lot() -> None:
    result = play(bars_of("101 | 101 101 99 99 | 99 99 97 97 | 97 100 97 99"), DOLLARS)

    assert trades_of(result) == [(1, "buy", 100), (2, "buy", 98), (3, "sell", 100)]
    assert result["matched_pnl"] == Fraction("1.802")
    assert result["inventory_pnl"] == Fraction("-1.1")
    assert (result["cycles"], result["position"]) == (1, 1)


def test_a_gap_through_several_lines_fills_at_the_open() -> None:
    result = play(bars_of("10000 | 9750 9760 9750 9755"), WON)

    assert trades_of(result) == [(1, "buy", 9750), (1, "buy", 9750)]
    assert result["cash"] == 10_000_000 - 2 * 9750
    assert result["open_orders"] == 3


def test_a_touch_is_a_fill_and_the_answer_rests_from_the_next_bar() -> None:
    result = play(bars_of("10000 | 10000 10000 9900 9950 | 9950 10000 9950 9950"), WON)

    assert trades_of(result) == [(1, "buy", 9900), (2, "sell", 10000)]
    assert (result["orders"], result["open_orders"], result["cycles"]) == (5, 3, 1)


def test_a_buy_yields_one_tick_under_an_own_sell_and_returns() -> None:
    # Bar 1 buys 9900; bar 2 sells it at 10000 and buys 9800, whose sell rests at 9900, where a buy would rest too.
    before = [(1, "buy", 9900), (2, "buy", 9800), (2, "sell", 10000)]
    bars = "10000 | 10000 10000 9850 9850 | 9850 10000 9800 9850 | "

    missed = play(bars_of(bars + "9898 9898 9896 9896"), WON)
    filled = play(bars_of(bars + "9898 9898 9895 9895"), WON)
    returned = play(bars_of(bars + "9896 9950 9896 9940 | 9940 9940 9900 9900"), WON)

    assert trades_of(missed) == before
    assert trades_of(filled) == [*before, (3, "buy", 9895)]
    assert trades_of(returned) == [*before, (3, "sell", 9900), (4, "buy", 9900)]


def test_several_buys_in_the_way_of_a_sell_yield_from_the_lowest_line_up() -> None:
    # Bar 2 sells at 10000 and 9900 and buys 9700, whose sell rests at 9800.
    bars = "10000 | 10000 10000 9750 9750 | 9750 10000 9700 9750 | "

    first = play(bars_of(bars + "9798 9798 9795 9795"), WON)
    second = play(bars_of(bars + "9798 9798 9790 9790"), WON)

    assert trades_of(first)[5:] == [(3, "buy", 9795)]
    assert trades_of(second)[5:] == [(3, "buy", 9795), (3, "buy", 9790)]


def test_own_orders_may_meet_where_the_owner_allows_it() -> None:
    bars = bars_of("10000 | 10000 10000 9850 9850 | 9850 10000 9800 9850 | 9910 9910 9900 9900")

    assert trades_of(play(bars, WON | {"SELF_CROSS": "allow"}))[3:] == [(3, "sell", 9910), (3, "buy", 9900)]
    assert trades_of(play(bars, WON))[3:] == [(3, "sell", 9910)]


def test_flat_follow_moves_every_line_by_whole_cells() -> None:
    result = play(bars_of("10000 | 10000 10250 10000 10250"), WON | {"GRID_STEPS": "1"})

    assert result["lines"] == [Decimal("10098.99"), Decimal(10201)]
    assert (result["orders"], result["open_orders"]) == (2, 1)


def test_follow_never_lifts_the_top_above_its_cap() -> None:
    result = play(bars_of("10000 | 10500"), WON | {"GRID_STEPS": "1", "GRID_FOLLOW_MAX": "10200"})

    assert result["lines"] == [Decimal(9999), Decimal(10100)]


def test_a_flat_follow_waits_while_a_lot_is_held() -> None:
    bars = bars_of("10000 | 10000 10300 9900 10300")

    assert play(bars, WON)["lines"] == [9700, 9800, 9900, 10000]
    assert play(bars, WON | {"GRID_FOLLOW": "up"})["lines"] == [
        Decimal("9894.97"),
        Decimal("9996.98"),
        Decimal("10098.99"),
        Decimal(10201),
    ]


def test_a_follow_up_leaves_the_lot_its_sell_and_blocks_the_cell_around_it() -> None:
    bars = bars_of("10000 | 10000 10300 9900 10300")
    held = play(bars, WON | {"GRID_FOLLOW": "up"})
    sold = play([*bars, Bar(START_AT + timedelta(minutes=2), *[Decimal(10290)] * 4)], WON | {"GRID_FOLLOW": "up"})

    assert (held["position"], held["open_orders"]) == (
        1,
        3,
    )  # the sell at 10000, buys at 9890 and, out of its way, 9990
    assert trades_of(sold) == [(1, "buy", 9900), (2, "sell", 10290)]
    assert (sold["open_orders"], sold["orders"]) == (3, 8)  # 9995 is free again, 10095 returns


def test_a_stop_needs_two_closes() -> None:
    stop = WON | {"GRID_STOP_LOW": "9750", "GRID_STOP_LOW_ACTION": "cancel"}

    assert play(bars_of("10000 | 9760 9760 9740 9740 | 9760 | 9740"), stop)["open_orders"] != 0
    assert play(bars_of("10000 | 9760 9760 9740 9740 | 9740"), stop)["open_orders"] == 0


def test_a_selling_stop_offers_each_lot_five_ticks_under_the_last_price() -> None:
    stop = WON | {"GRID_STOP_LOW": "9860", "GRID_STOP_LOW_ACTION": "cancel_sell"}

    sold = play(bars_of("10000 | 9860 | 9850 | 9825 9825 9820 9822"), stop)
    renewed = play(bars_of("10000 | 9860 | 9850 | 9824 9824 9820 9822 | 9795 9801 9795 9795"), stop)

    assert trades_of(sold) == [(1, "buy", 9860), (3, "sell", 9825)]
    assert trades_of(renewed) == [(1, "buy", 9860), (4, "sell", 9800)]
    assert (renewed["orders"], renewed["open_orders"]) == (3 + 1 + 1 + 1, 0)


def test_a_pausing_stop_leaves_resting_orders_and_buys_no_more() -> None:
    stop = WON | {"GRID_STOP_LOW": "9860"}

    result = play(bars_of("10000 | 9860 | 9850 | 9850 10000 9800 9990 | 9990"), stop)

    assert trades_of(result) == [(1, "buy", 9860), (3, "buy", 9800), (3, "sell", 10000), (4, "sell", 9990)]
    assert (result["orders"], result["open_orders"]) == (5, 1)  # the buy at 9700 rests on, none comes at 9800 and 9900


def test_a_virtual_cell_does_not_fill() -> None:
    result = play(bars_of("10000 | 9700"), WON | {"GRID_STEPS": "8", "MAX_OPEN_ORDERS": "1"})

    assert trades_of(result) == [(1, "buy", 9700)]
    assert result["open_orders"] == 2


def test_a_rank_just_beyond_the_limit_stays_where_it_rests() -> None:
    settings = WON | {"GRID_STEPS_ABOVE": "2", "MAX_OPEN_ORDERS": "1"}

    # At 10060 the line 10100 is not served yet, 10000 is nearest; it joins 9900, which rests on at rank 2.
    assert play(bars_of("10000"), settings)["open_orders"] == 1
    assert play(bars_of("10000 | 10060"), settings)["open_orders"] == 2
    assert play(bars_of("10000 | 10060"), settings)["orders"] == 2


def test_day_orders_end_with_their_session_and_rest_from_the_second_bar() -> None:
    settings = DOLLARS | {"GRID_ANCHOR": "102"}  # lines 95.88 97.92 99.96 102 104.04 …
    bars = sessions_of("102 | 102", "102 102 90 102 | 102", "102")

    result = play(bars, settings)

    assert result["fills"] == 0  # the fall came in a session's first bar, where nothing rests
    assert result["orders"] == 9


def test_daily_candles_fill_from_orders_placed_the_day_before() -> None:
    bars = bars_of("101 | 101 101 99 99 | 99 102 99 101", step=timedelta(days=1))

    assert trades_of(play(bars, DOLLARS)) == [(1, "buy", 100), (2, "sell", 102)]


def test_the_gap_policy_leaves_far_cells_above_the_price_empty() -> None:
    bars = sessions_of("101 | 101", "93 | 93")

    assert play(bars, DOLLARS)["buys"] == 3
    assert play(bars, DOLLARS | {"MAX_LEVELS_PER_OPEN": "1"})["buys"] == 1
    assert play(bars, DOLLARS | {"GAP_POLICY": "skip"})["buys"] == 0


def test_balance_buys_the_cells_above_with_one_order() -> None:
    settings = WON | {"GRID_STEPS_ABOVE": "2", "GRID_START": "balance"}

    result = play(bars_of("10000 | 10010 10010 10010 10010 | 10010 10100 10010 10100"), settings)
    missed = play(bars_of("10000 | 10060"), settings)

    assert trades_of(result) == [(1, "buy", 10010), (2, "sell", 10100)]
    assert result["fees"] == 0
    assert result["matched_pnl"] == 90
    assert result["inventory_pnl"] == 90
    assert (missed["fills"], missed["orders"]) == (0, 1 + 4)  # 10060 is above the line at 10000


def test_adopt_gives_the_lowest_cells_first_at_the_anchors_cost() -> None:
    settings = WON | {"GRID_STEPS_ABOVE": "2", "GRID_START": "adopt", "ADOPT_QTY": "1.6"}

    result = play(bars_of("10000 | 10200"), settings)

    assert result["matched_pnl"] == 200 + Fraction("0.6") * 200
    assert (result["cycles"], result["position"], result["fees"]) == (2, 0, 0)
    assert "refused" in play(bars_of("10000"), settings | {"ADOPT_QTY": "0.4"})
    assert "refused" in play(bars_of("10000"), settings | {"GRID_STEPS_ABOVE": "0"})


def test_a_cell_above_the_anchor_waits_until_a_close_above_its_line() -> None:
    settings = WON | {"GRID_STEPS": "1", "GRID_STEPS_ABOVE": "1"}

    assert play(bars_of("10000 | 10000"), settings)["orders"] == 1
    assert play(bars_of("10000 | 10001"), settings)["orders"] == 2


def test_the_trigger_price_is_the_anchor_once_a_close_reaches_it() -> None:
    settings = WON | {"GRID_TRIGGER_PRICE": "10000"}

    assert play(bars_of("10100 | 10100 10100 9900 10050"), settings)["lines"] == []
    assert play(bars_of("10100 | 9950 | 9890"), settings)["lines"] == [9700, 9800, 9900, 10000]
    assert trades_of(play(bars_of("10100 | 9950 | 9890"), settings)) == [(2, "buy", 9890)]


def test_cash_goes_to_the_nearest_line_first() -> None:
    bars = bars_of("10000 | 10000 10000 9750 9750")

    enough = play(bars, WON | {"PAPER_CASH": "25000", "CASH_RESERVE": "5300"})
    short = play(bars, WON | {"PAPER_CASH": "25000", "CASH_RESERVE": "5301"})

    assert trades_of(enough) == [(1, "buy", 9800), (1, "buy", 9900)]
    assert trades_of(short) == [(1, "buy", 9900)]  # 9800 did not fit, 9700 did
    assert enough["cash"] == 25000 - 19700
    assert play(bars_of("10000 | 9700"), WON | {"PAPER_CASH": "unlimited"})["cash"] == -3 * 9700


def test_what_cannot_be_placed_is_refused() -> None:
    bars = bars_of("10000")

    for fault in ({"ORDER_SIZE": "4999"}, {"ORDER_SIZE": "0.000000001BTC"}, {"GRID_GAP_PCT": "0.01"}):
        assert "refused" in play(bars, WON | fault)
    assert "refused" in play(bars, WON | {"GRID_GAP_PCT": "50"})
    assert "refused" not in play(bars, WON | {"GRID_GAP_PCT": "0.2", "FEE_BUY_PCT": "0.25"})


def test_the_bounds_form_ends_exactly_at_the_upper_bound() -> None:
    settings = {"GRID_LOWER": "45000", "GRID_UPPER": "65000", "GRID_STEPS": "5"}

    lines = play(bars_of("50000"), settings)["lines"]

    assert isinstance(lines, list)
    assert [round(line) for line in lines] == [45000, 48434, 52131, 56109, 60391, 65000]
    assert lines[-1] == 65000


def test_the_books_agree_in_any_market() -> None:
    for seed in range(60):
        bars, settings = random_case(seed)
        result = play(bars, settings)
        if "refused" in result or settings.get("GRID_START") == "adopt":
            continue
        default = "10000" if settings.get("EXCHANGE") == "KIS" else "10000000"
        cash = settings.get("PAPER_CASH", default).replace("unlimited", "0")
        assert result["equity"] == Fraction(cash) + _fraction(result["total_pnl"])
        assert result["total_pnl"] == _fraction(result["matched_pnl"]) + _fraction(result["inventory_pnl"])


def _fraction(value: object) -> Fraction:
    assert isinstance(value, Fraction)
    return value
