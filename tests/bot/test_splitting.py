"""What stands in the way of a split that its owner confirms, and what is changed where nothing does."""

from decimal import Decimal
from pathlib import Path

import pytest

from bot.corporate import SUSPECTED
from domain.errors import SetupError
from domain.instrument import Side
from domain.split import Split
from tests.bot.split_rig import FRIDAY, MONDAY, SATURDAY, SUNDAY, SYMBOL, Table, clock_time

D = Decimal
TEN, TENTH = Split(10, 1), Split(1, 10)


@pytest.fixture
def table(tmp_path: Path) -> Table:
    return Table(tmp_path / "ledger")


def refused(table: Table, split: Split, *changes: str) -> list[str]:
    with pytest.raises(SetupError) as error, table.started(split=split, changes=changes):
        pass
    assert error.value.exit_code == 2
    return [why.code for why in error.value.faults]


def test_another_ratio_than_the_proposed_one_is_refused(table: Table) -> None:
    with table.started() as bot:
        table.friday(bot, "100", "98", "96.10")
    table.broker.split(TEN)
    table.clock.set(clock_time(MONDAY, 15))

    assert refused(table, Split(5, 1)) == ["split_other_ratio"]
    with table.started() as again:
        # Refused, nothing has changed.
        assert again.position() == 14
        assert again.run.loop.state.safe is not None


def test_the_new_shares_have_to_be_in_the_account_first(table: Table) -> None:
    with table.started() as bot:
        table.friday(bot, "100", "98", "96.10")
    table.broker.split(TEN, books=False)
    table.clock.set(clock_time(MONDAY, 15))

    assert refused(table, TEN) == ["split_not_credited"]

    table.broker.book(TEN)
    with table.started(split=TEN) as bot:
        assert bot.position() == 140


def test_nothing_is_split_while_an_order_rests(table: Table) -> None:
    with table.started() as bot:
        bot.at(clock_time(FRIDAY, 14, 35))
        assert bot.orders() != []

    assert refused(table, TEN) == ["split_orders_open"]


def test_prices_in_the_settings_have_to_be_changed_first(table: Table) -> None:
    old = ("GRID_STOP_LOW=50", "GRID_ANCHOR=100")
    with table.started(changes=old) as bot:
        table.friday(bot, "100", "98", "96.10")
    table.broker.split(TEN)
    table.clock.set(clock_time(MONDAY, 15))

    with pytest.raises(SetupError) as error, table.started(split=TEN, changes=old):
        pass
    assert [why.plain_figures() for why in error.value.faults] == [
        {"names": "GRID_ANCHOR, GRID_STOP_LOW", "split": "10:1"}
    ]
    with table.started(changes=old) as bot:
        assert SUSPECTED in bot.codes()
    with table.started(split=TEN, changes=("GRID_STOP_LOW=5",)) as bot:
        assert bot.position() == 140


def test_where_nobody_knows_what_the_settings_were_every_price_is_in_doubt(table: Table) -> None:
    with table.started() as bot:
        table.friday(bot, "100", "98", "96.10")
        with bot.run.ledger.commit() as page:
            page.state(f"prices/{SYMBOL}", None)
        bot.run.guard.is_frozen = True
    table.broker.split(TEN)
    table.clock.set(clock_time(MONDAY, 15))

    assert refused(table, TEN, "GRID_STOP_LOW=5") == ["split_old_prices"]


def test_a_price_that_is_still_of_the_old_shares_is_passed_over(table: Table) -> None:
    with table.started() as bot:
        table.friday(bot, "100", "98", "96.10")
    # The account has the new shares on Saturday; nobody trades them before Monday.
    table.broker.book(TEN)
    table.clock.set(clock_time(SATURDAY, 12))
    with table.started(split=TEN) as bot:
        bot.at(clock_time(SUNDAY, 12))
        assert (bot.codes(), bot.shown().last) == (["split_done"], D("9.61"))

    with table.started() as bot:
        bot.at(clock_time(MONDAY, 14, 35))
        assert (bot.codes(), bot.orders()) == ([], [])
        table.broker.reference = D("9.61")
        table.broker.trade_at("9.65")
        bot.at(clock_time(MONDAY, 14, 40))
        assert {order.price for order in bot.orders() if order.side is Side.SELL} == {D("9.81"), D(10)}
        assert (bot.codes(), bot.run.loop.state.safe) == ([], None)


def test_a_split_that_does_not_come_is_seen_soon_after_the_opening(table: Table) -> None:
    with table.started() as bot:
        table.friday(bot, "100", "98", "96.10")
    table.broker.book(TEN)
    with table.started(split=TEN) as bot:
        bot.at(clock_time(MONDAY, 14, 59))
        assert bot.codes() == ["split_done"]
        bot.at(clock_time(MONDAY, 15, 2))
        assert (SUSPECTED in bot.codes(), bot.orders()) == (True, [])


def test_a_split_that_nothing_tells_of_is_believed_the_owner(table: Table) -> None:
    with table.started() as bot:
        table.friday(bot, "100")
        assert bot.position() == 0

    with table.started(split=Split(7, 3)) as bot:
        assert bot.shown().lines[-1] == D("42.857142857143")


def test_before_the_first_price_there_is_nothing_to_split(table: Table) -> None:
    assert refused(table, TEN) == ["split_not_here"]


def test_what_the_owner_has_beside_the_bot_is_split_with_it(tmp_path: Path) -> None:
    table = Table(tmp_path / "ledger", anchor="10", holdings="9")
    with table.started() as bot:
        table.friday(bot, "10", "9.80", "9.61")
        table.broker.split(TENTH)
        bot.at(clock_time(MONDAY, 14, 45))
        assert SUSPECTED in bot.codes()

    with table.started(split=TENTH) as bot:
        # 14 of the bot and 9 of the owner: two new shares, one of which is the bot's.
        assert (table.broker.held(), bot.position(), bot.run.diary.opening.holdings) == (D(2), D(1), D(1))
        assert bot.run.loop.state.safe is None


def test_a_dry_run_is_split_by_its_prices_alone(tmp_path: Path) -> None:
    table = Table(tmp_path / "ledger", anchor="10", holdings="25")
    with table.started(on_paper=True) as bot:
        table.friday(bot, "10", "9.80", "9.61")
        table.broker.split(TENTH, books=False)
        bot.at(clock_time(MONDAY, 14, 45))
        assert bot.told[-1].why.plain_figures()["found"] == "?"

    with table.started(on_paper=True, split=TENTH) as bot:
        assert (bot.position(), table.broker.held()) == (D(1), D(3))
        bot.at(clock_time(MONDAY, 14, 50))
        assert [order.qty for order in bot.orders() if order.side is Side.SELL] == [D(1)]


def test_a_price_of_new_shares_that_slipped_in_is_not_taken_for_the_last_of_the_old_ones(table: Table) -> None:
    with table.started() as bot:
        table.friday(bot, "100", "98", "96.10")
        # Too small a step to be suspected by itself, and nothing else tells of it over the weekend.
        table.broker.last, table.broker.reference = D("64.5"), D("96.10")
        bot.at(clock_time(SUNDAY, 12))
        assert (bot.codes(), bot.shown().last) == ([], D("64.5"))
        table.broker.reference = D("64.07")
        table.broker.book(Split(3, 2))
        bot.at(clock_time(MONDAY, 14, 40))
        assert (SUSPECTED in bot.codes(), bot.orders()) == (True, [])

    with table.started(split=Split(3, 2)) as bot:
        assert (bot.position(), bot.run.ledger.reader.rescales(SYMBOL)[0].command.price) == (D(21), D("64.06"))
