"""Dials turned on a running bot: booked, kept over a restart, refused with a word to the owner."""

from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from bot.memory import dial_name, restored_dial
from bot.sources import load_settings
from domain.events import Dial, DialTurned
from domain.order import OrderState
from strategy.grid.config import GridSettings, OrderSize, SizeUnit
from strategy.grid.grid import GridStrategy
from tests.bot.own_rig import bot_at, market
from tests.bot.rig import COIN, NOON, SYMBOL, Rig, accepted, distrusted, ended, quote, terms

GRID = GridSettings(steps=4, gap=Decimal("0.02"), size=OrderSize(Decimal(1), SizeUnit.BASE))


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[Rig]:
    """A grid whose lines are laid."""
    with Rig(tmp_path, GridStrategy(COIN, GRID)) as made:
        made.hear(quote("9500"))
        yield made


def turned(dial: Dial, value: str) -> DialTurned:
    return DialTurned(SYMBOL, dial, Decimal(value), Decimal(2), NOON)


def test_a_turned_dial_is_booked_and_holds_from_the_next_price_on(rig: Rig) -> None:
    rig.hear(turned(Dial.GAP, "3"))

    strategy = rig.loop.engine.strategies[SYMBOL]
    assert isinstance(strategy, GridStrategy)
    assert strategy.settings == replace(GRID, gap=Decimal("0.03"))
    assert rig.codes()[-1] == "dial_turned_gap"
    assert rig.reader.state(dial_name(SYMBOL, Dial.GAP)) == {"value": "3", "instead_of": "2"}


def test_a_dial_that_will_not_do_changes_nothing_and_the_owner_hears_why(rig: Rig) -> None:
    rig.hear(turned(Dial.GAP, "0.1"))

    assert rig.loop.engine.strategies[SYMBOL] == GridStrategy(COIN, GRID)
    assert [note.why.code for note in rig.told] == ["dial_refused_gap", "dial_loses"]
    assert rig.reader.state(dial_name(SYMBOL, Dial.GAP)) is None


def test_nothing_is_turned_in_the_safe_state(rig: Rig) -> None:
    rig.hear(distrusted())

    rig.hear(turned(Dial.SIZE, "2"))

    assert rig.told[-1].why.code == "safe_no_orders"
    assert rig.reader.state(dial_name(SYMBOL, Dial.SIZE)) is None


def test_a_dial_outlives_a_restart_until_the_setting_itself_is_changed(rig: Rig) -> None:
    rig.hear(turned(Dial.GAP, "3"))
    row = rig.reader.state(dial_name(SYMBOL, Dial.GAP))

    assert restored_dial(row, Decimal("2.0")) == 3
    assert restored_dial(row, Decimal("2.5")) == Decimal("2.5")
    assert restored_dial(None, Decimal(2)) == 2


@pytest.mark.parametrize(
    ("setting", "turned_to", "becomes"),
    [("10000", "20000", "20000KRW"), ("0.001BTC", "0.002", "0.002BTC"), ("10000", "10000", "10000")],
)
def test_the_size_is_turned_in_the_unit_that_the_owner_set(setting: str, turned_to: str, becomes: str) -> None:
    settings = load_settings(overrides={"ORDER_SIZE": setting})

    assert settings.with_dials(Decimal(1), Decimal(turned_to)).order_size == becomes


def test_a_dial_that_the_terms_have_overtaken_is_put_back_and_the_bot_trades_on(rig: Rig) -> None:
    rig.hear(turned(Dial.GAP, "3"), turned(Dial.SIZE, "2"))
    for order in list(rig.loop.state.orders.values()):
        rig.hear(accepted(order))
    # The dials fit a minimum of 5,000 won; now no cell of two coins reaches it.
    rig.hear(terms(replace(COIN, notional_min=Decimal(50_000))))

    rig.hear(quote("9500"))
    for order in list(rig.loop.state.orders.values()):
        rig.hear(ended(order, OrderState.CANCELED))

    strategy = rig.loop.engine.strategies[SYMBOL]
    assert isinstance(strategy, GridStrategy)
    assert strategy.settings == GRID
    assert strategy.instrument.notional_min == 50_000
    assert [rig.reader.state(dial_name(SYMBOL, dial)) for dial in Dial] == [None, None]
    assert "cell_too_small_base" in rig.codes()


def test_a_dial_that_was_carried_out_stays_when_a_later_one_is_put_back(rig: Rig) -> None:
    rig.hear(turned(Dial.GAP, "3"), quote("9500"))
    for order in list(rig.loop.state.orders.values()):
        rig.hear(accepted(order))
    for order in list(rig.loop.state.orders.values()):
        rig.hear(ended(order, OrderState.CANCELED))
    assert "lines_laid" in rig.codes()[2:]
    rig.hear(turned(Dial.SIZE, "2"), terms(replace(COIN, notional_min=Decimal(50_000))), quote("9500"))
    for order in list(rig.loop.state.orders.values()):
        rig.hear(accepted(order))
    for order in list(rig.loop.state.orders.values()):
        rig.hear(ended(order, OrderState.CANCELED))

    assert rig.reader.state(dial_name(SYMBOL, Dial.GAP)) == {"value": "3", "instead_of": "2"}
    assert rig.reader.state(dial_name(SYMBOL, Dial.SIZE)) is None


def test_after_a_restart_only_a_dial_that_was_not_carried_out_can_be_put_back(tmp_path: Path) -> None:
    with market() as venue:
        with bot_at(venue, tmp_path) as bot:
            bot.begin()
            bot.live(4)
            bot.run.loop.handle(DialTurned("KRW-BTC", Dial.GAP, Decimal(2), Decimal(1), bot.clock.now()))
        with bot_at(venue, tmp_path) as bot:
            bot.run.recover(bot.patience, resume=False)
            assert bot.run.loop.undo is not None
            bot.live(8)
        with bot_at(venue, tmp_path) as bot:
            bot.run.recover(bot.patience, resume=False)
            assert bot.run.loop.undo is None
