"""Shares that are split over a weekend: no order before the owner has confirmed it, and no cent lost or made up."""

from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from bot.corporate import GONE, SHORT, SUSPECTED
from bot.gate import SAFE
from domain.errors import SetupError
from domain.instrument import Side
from domain.mark import STEPS
from domain.snapshot import RunState
from domain.split import Split
from reports.wording import Wording
from tests.bot.split_rig import FRIDAY, MONDAY, SATURDAY, SUNDAY, SYMBOL, Bot, Table, clock_time

D = Decimal
TEN, TENTH = Split(10, 1), Split(1, 10)
TUESDAY = MONDAY + timedelta(days=1)


@pytest.fixture
def table(tmp_path: Path) -> Table:
    return Table(tmp_path / "ledger")


def totals_of(bot: Bot, step_s: int) -> dict[datetime, Decimal]:
    return {mark.at: mark.total for mark in bot.run.ledger.reader.marks(SYMBOL, step_s)}


def test_ten_for_one_over_a_weekend_orders_nothing_before_it_is_confirmed(table: Table) -> None:
    with table.started() as bot:
        table.friday(bot, "100", "98", "96.10")
        before = bot.shown()
        orders = len(bot.run.ledger.reader.orders())
        bot.at(clock_time(SATURDAY, 12))
        table.broker.split(TEN)
        bot.at(clock_time(MONDAY, 14, 29))
        table.clock.set(clock_time(MONDAY, 14, 30))
        table.broker.trade_at("9.61")
        bot.at(clock_time(MONDAY, 15))

        assert bot.codes().count(SUSPECTED) == 1
        assert "./run.sh --confirm-split 10:1" in Wording("en").sentence(bot.told[0].why)
        assert len(bot.run.ledger.reader.orders()) == orders
        frozen = bot.shown()
        assert (frozen.state, frozen.equity) == (RunState.SAFE, before.equity)

    with table.started() as bot:
        # Not after a restart either, and it says why once more.
        bot.at(clock_time(MONDAY, 15, 10))
        assert SUSPECTED in bot.codes()
        assert len(bot.run.ledger.reader.orders()) == orders
        assert bot.run.ledger.reader.state(SAFE) is not None

    with table.started(split=TEN) as bot:
        confirmed = bot.shown()
        assert (confirmed.position, table.broker.held()) == (D(140), D(140))
        assert (confirmed.equity, confirmed.total_pnl) == (before.equity, before.total_pnl)
        assert (confirmed.last, confirmed.lines[-1]) == (D("9.61"), D(10))

        bot.at(clock_time(MONDAY, 15, 20))
        sells = [(order.price, order.qty) for order in bot.orders() if order.side is Side.SELL]
        assert sorted(sells) == [(D("9.81"), D(70)), (D(10), D(70))]
        assert {order.qty for order in bot.orders() if order.side is Side.BUY} == {D(7)}
        assert bot.run.loop.state.safe is None


def test_one_for_ten_over_a_weekend_pays_for_the_fraction(tmp_path: Path) -> None:
    table = Table(tmp_path / "ledger", anchor="10")
    with table.started() as bot:
        table.friday(bot, "10", "9.80", "9.61")
        before, cash = bot.shown(), table.broker.cash()
        table.broker.split(TENTH)
        bot.at(clock_time(MONDAY, 14, 40))
        assert SUSPECTED in bot.codes()
        # What is missing in the account is explained by the split, and not told a second time.
        assert SHORT not in bot.codes()
        assert bot.orders() == []

    with table.started(split=TENTH) as bot:
        after = bot.shown()
        assert (after.position, table.broker.held()) == (D(1), D(1))
        assert table.broker.cash() - cash == D("0.4") * D("96.1")
        assert (after.cash, after.equity, after.total_pnl) == (table.broker.cash(), before.equity, before.total_pnl)
        bot.at(clock_time(MONDAY, 14, 45))
        assert [order.price for order in bot.orders() if order.side is Side.SELL] == [D(100)]
        assert bot.run.loop.state.safe is None


def test_no_chart_shows_a_crash_that_there_was_not(table: Table) -> None:
    with table.started() as bot:
        table.friday(bot, "100", "98", "96.10")
        totals = {step_s: totals_of(bot, step_s) for step_s, _ in STEPS}
    table.broker.split(TEN)
    table.clock.set(clock_time(MONDAY, 15))

    with table.started(split=TEN) as bot:
        bot.at(clock_time(MONDAY, 15, 30))
        for step_s, before in totals.items():
            marks = bot.run.ledger.reader.marks(SYMBOL, step_s)
            assert totals_of(bot, step_s).items() >= {at: before[at] for at in before if at >= marks[0].at}.items()
            assert (max(mark.high for mark in marks), min(mark.low for mark in marks)) in {
                (D(10), D("9.61")),
                (D("9.61"), D("9.61")),
            }


@pytest.mark.parametrize("adjusts", [True, False])
@pytest.mark.parametrize("books", [True, False])
def test_a_running_bot_sees_a_split_whoever_is_late(table: Table, *, adjusts: bool, books: bool) -> None:
    with table.started() as bot:
        table.friday(bot, "100", "98", "96.10")
        table.broker.split(TEN, books=books, adjusts=adjusts)
        bot.at(clock_time(MONDAY, 15))

        assert bot.codes().count(SUSPECTED) == 1
        assert bot.orders() == []


def test_a_split_that_shows_at_the_first_trade_only_is_seen_before_an_order_leaves(table: Table) -> None:
    with table.started() as bot:
        table.friday(bot, "100", "98", "96.10")
        # Until somebody trades the broker tells Friday's price and reference, in old shares.
        bot.at(clock_time(MONDAY, 14, 30) + timedelta(seconds=30))
        assert (bot.codes(), bot.orders()) == ([], [])
        table.broker.split(TEN, adjusts=False)
        table.broker.traded_at = table.clock.now()
        bot.at(clock_time(MONDAY, 15))

        assert bot.codes().count(SUSPECTED) == 1
        assert bot.orders() == []


def test_a_split_that_the_account_alone_shows_is_seen_at_the_opening(table: Table) -> None:
    with table.started() as bot:
        table.friday(bot, "100", "98", "96.10")
        table.broker.reference = None
        table.broker.last = D("65")
        table.broker.book(Split(3, 2))
        bot.at(clock_time(MONDAY, 15))

        assert SUSPECTED in bot.codes()
        assert bot.orders() == []


@pytest.mark.parametrize(("price", "reference"), [("67.5", "96.10"), ("130", "96.10"), ("96.50", "95.80")])
def test_a_hard_morning_is_traded_as_any_other(table: Table, price: str, reference: str) -> None:
    with table.started() as bot:
        table.friday(bot, "100", "98", "96.10")
        table.broker.reference = D(reference)
        bot.at(clock_time(MONDAY, 14, 30))
        table.broker.trade_at(price)
        bot.at(clock_time(MONDAY, 15))

        assert SUSPECTED not in bot.codes()
        assert {order.qty for order in bot.orders()} == {D(7)}


def test_a_crash_within_a_session_and_a_start_on_the_same_day_are_no_split(table: Table) -> None:
    with table.started() as bot:
        bot.at(clock_time(FRIDAY, 14, 40))
        for minute, price in enumerate(("100", "75", "55"), 41):
            table.broker.trade_at(price)
            bot.at(clock_time(FRIDAY, 14, minute))
        assert SUSPECTED not in bot.codes()
    table.clock.set(clock_time(FRIDAY, 16))

    with table.started() as bot:
        bot.at(clock_time(FRIDAY, 16, 5))
        assert SUSPECTED not in bot.codes()


def test_an_evening_after_a_wild_day_is_no_split(table: Table) -> None:
    """Between two sessions the reference may still be the close of the day before."""
    with table.started() as bot:
        bot.at(clock_time(FRIDAY, 14, 40))
        table.broker.reference = D(100)
        table.broker.trade_at("75")
        bot.at(clock_time(FRIDAY, 21, 30))
    table.clock.set(clock_time(FRIDAY, 23))

    with table.started() as bot:
        bot.at(clock_time(SUNDAY, 12))
        assert SUSPECTED not in bot.codes()


@pytest.mark.parametrize("is_split", [True, False])
def test_a_bot_that_was_off_for_days_asks_the_account(table: Table, *, is_split: bool) -> None:
    with table.started() as bot:
        table.friday(bot, "100", "98", "96.10")
    table.clock.set(clock_time(TUESDAY, 15))
    table.broker.last = table.broker.reference = D("45")
    if is_split:
        table.broker.book(Split(2, 1))

    with table.started() as bot:
        bot.at(clock_time(TUESDAY, 15, 5))
        assert (SUSPECTED in bot.codes()) == is_split
        assert (bot.orders() == []) == is_split


def test_no_means_no(table: Table) -> None:
    with table.started() as bot:
        table.friday(bot, "100", "98", "96.10")
        table.broker.last = table.broker.reference = D("9.7")
        bot.at(clock_time(MONDAY, 14, 45))
        assert SUSPECTED in bot.codes()

    with table.started(resume=True) as bot:
        bot.at(clock_time(MONDAY, 15))
        assert SUSPECTED not in bot.codes()
        assert {order.price for order in bot.orders() if order.side is Side.SELL} == {D("98.04"), D(100)}
    with table.started() as bot:
        bot.at(clock_time(MONDAY, 15, 10))
        assert SUSPECTED not in bot.codes()
        assert bot.orders() != []
        table.broker.paper.end_session()
        bot.at(clock_time(TUESDAY, 14, 45))
        # What is told on another day is another thing.
        assert SUSPECTED not in bot.codes()


def test_a_first_suspicion_is_told_even_where_the_owner_resumes_something_else(table: Table) -> None:
    with table.started() as bot:
        table.friday(bot, "100", "98", "96.10")
    table.broker.split(TEN)
    table.clock.set(clock_time(MONDAY, 15))

    with table.started(resume=True) as bot:
        bot.at(clock_time(MONDAY, 15, 5))
        assert SUSPECTED in bot.codes()
        assert bot.orders() == []


def test_a_share_that_the_broker_does_not_know_any_more_stops_the_orders_and_not_the_bot(table: Table) -> None:
    with table.started() as bot:
        table.friday(bot, "100", "98", "96.10")
        table.broker.is_known = False
        bot.at(clock_time(MONDAY, 14, 5))
        assert GONE in bot.codes()
    table.clock.set(clock_time(MONDAY, 15))

    with table.started() as bot:
        bot.at(clock_time(MONDAY, 15, 5))
        assert (GONE in bot.codes(), bot.orders()) == (True, [])
        # An empty answer for a while was no delisting.
        table.broker.is_known = True
        bot.at(clock_time(MONDAY, 15, 30))
        assert bot.run.loop.state.safe is None
        assert bot.orders() != []


def test_a_share_that_is_known_again_at_the_start_goes_on(table: Table) -> None:
    with table.started() as bot:
        table.friday(bot, "100", "98", "96.10")
        table.broker.is_known = False
        bot.at(clock_time(MONDAY, 14, 5))
    table.broker.is_known = True

    with table.started() as bot:
        assert bot.run.loop.state.safe is None


def test_an_answer_that_is_empty_now_and_then_stops_nothing(table: Table) -> None:
    with table.started() as bot:
        bot.at(clock_time(FRIDAY, 14, 40))
        table.broker.is_known = False
        bot.at(clock_time(FRIDAY, 14, 45))
        table.broker.is_known = True
        bot.at(clock_time(FRIDAY, 15))

        assert GONE not in bot.codes()


def test_without_a_lot_an_unknown_share_is_a_wrong_setting(table: Table) -> None:
    table.broker.is_known = False

    with pytest.raises(SetupError) as error, table.started():
        pass

    assert error.value.exit_code == 2
