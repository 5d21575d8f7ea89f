"""Which signs tell of a split of shares, and which are only a bad day; what its confirmation settles."""

from dataclasses import replace
from decimal import Decimal

import pytest

from bot.corporate import (
    GONE,
    SHORT,
    SPLITS,
    SUSPECTED,
    Dismissed,
    Sign,
    fits,
    judge,
    jumped,
    proposed,
    settled,
    suspicion,
)
from bot.engine import Engine, EngineState, LotsBooked
from domain.commands import RescaleLots
from domain.errors import IllegalTransition
from domain.events import SplitConfirmed
from domain.order import OrderState
from domain.reason import reason
from domain.split import Split
from tests.bot.rig import NOON, SYMBOL, Script, adopt, order_of, quote

D = Decimal


def sign(
    last: str | None,
    reference: str | None,
    price: str,
    *,
    held: int = 40,
    kept: int = 0,
    found: int | None = None,
    at_close: bool = True,
) -> Sign:
    """Return what a morning shows; `found` is what the account holds, as ever where it is not said."""
    return Sign(
        last=None if last is None else D(last),
        at_close=at_close,
        reference=None if reference is None else D(reference),
        price=D(price),
        held=D(held),
        kept=D(kept),
        found=D(held + kept if found is None else found),
    )


def ratio(split: Split | None) -> str | None:
    return None if split is None else str(split)


@pytest.mark.parametrize(
    ("what", "seen", "told"),
    [
        ("ten for one, all agree", sign("100", "10", "10.2", found=400), "10:1"),
        ("one for ten, all agree", sign("10", "100", "97", held=45, found=4), "1:10"),
        ("the broker has not booked it yet", sign("100", "10", "10.2", found=40), "10:1"),
        ("our last price is a minute old", sign("101.5", "10", "10.2", found=400), "10:1"),
        ("the reference is in old shares, the price is not", sign("100", "100", "10.4", found=40), "10:1"),
        ("no reference, the price alone", sign("100", None, "9.1", found=40), "11:1"),
        ("no reference, price and account", sign("100", None, "65", held=40, found=60), "3:2"),
        ("three for two", sign("90", "60", "59", held=40, found=60), "3:2"),
        ("two for three", sign("60", "90", "91", held=30, found=20), "2:3"),
        ("five for four", sign("100", "80", "80", held=40, found=50), "5:4"),
        ("four for three", sign("100", "75.2", "75", held=30, found=40), "4:3"),
        ("one for a hundred", sign("0.50", "50", "49", held=450, found=4), "1:100"),
        ("nothing is held, the price tells", sign("100", "10", "10", held=0), "10:1"),
        ("with shares of the owner's own", sign("100", "10", "10", held=7, kept=3, found=100), "10:1"),
        ("after days without the bot, price and account", sign("100", "12", "12", found=400, at_close=False), "10:1"),
        ("after days, the account tells two for one", sign("100", "44", "44", found=80, at_close=False), "2:1"),
        ("after days, nothing is held, the price is far off", sign("100", "11", "11", held=0, at_close=False), "9:1"),
        ("a price was never heard", sign(None, None, "10", found=400), "10:1"),
        ("a fraction was made up to a share", sign("10", "30", "31", held=10, found=4), "1:3"),
    ],
)
def test_a_split_is_told_from_price_and_account(what: str, seen: Sign, told: str) -> None:
    assert ratio(judge(seen)) == told, what


@pytest.mark.parametrize(
    ("what", "seen"),
    [
        ("a day like any", sign("100", "100.3", "101")),
        ("threefold leverage falls by 30 % over night", sign("100", "100", "70")),
        ("it falls by a third, which is what three for two would be", sign("90", "90", "60")),
        ("it falls by 45 %", sign("100", "99", "55")),
        ("it gains 35 %", sign("100", "100", "135")),
        ("the market closed 2 % away from our last price", sign("100", "98", "97")),
        ("the owner bought as many again by hand", sign("100", "100", "101", held=40, found=80)),
        ("the owner sold half by hand", sign("100", "100", "99", held=40, found=20)),
        ("the owner bought a quarter more", sign("100", "100", "97", held=40, found=50)),
        ("the owner sold all by hand", sign("100", "100", "99", held=40, found=0)),
        ("after a year without the bot it doubled, the account is as it was", sign("50", "101", "101", at_close=False)),
        ("after a week without the bot it fell by 40 %", sign("100", "60", "60", at_close=False, found=40)),
        ("after days the account has more, and the price too", sign("100", "140", "140", found=80, at_close=False)),
        ("between two sessions nothing has changed", sign("100", None, "100", found=40)),
        ("between two sessions the owner bought a quarter", sign("100", None, "100", held=40, found=50)),
        ("on paper, a day like any", replace(sign("100", "100", "99"), found=None)),
        ("an empty grid was never heard of a price", sign(None, None, "99", held=0)),
        ("a strange quantity at the first price of all", sign(None, None, "99", held=40, found=41)),
    ],
)
def test_what_a_market_or_an_owner_can_do_is_no_split(what: str, seen: Sign) -> None:
    assert judge(seen) is None, what


def test_every_split_that_is_looked_for_is_told_at_the_close_by_its_price_alone() -> None:
    for split in SPLITS:
        seen = replace(sign("360", None, "1"), reference=split.price(D(360)), price=split.price(D(360)), found=None)
        assert judge(seen) == split


@pytest.mark.parametrize("at_close", [True, False])
def test_what_the_owner_has_denied_is_not_suspected_again(*, at_close: bool) -> None:
    by_price = sign("100", "10", "10", held=0, at_close=at_close)
    by_account = sign("100", "10", "10", found=400, at_close=at_close)

    assert judge(by_price, Dismissed(last=D(100))) is None
    assert ratio(judge(by_price, Dismissed(last=D(99)))) == "10:1"
    assert judge(by_account, Dismissed(last=D(100), found=D(400))) is None
    assert ratio(judge(by_account, Dismissed(found=D(400)))) == "10:1"
    assert ratio(judge(by_account, Dismissed(last=D(100), found=D(40)))) == "10:1"


@pytest.mark.parametrize(
    ("before", "now", "far"), [("100", "53", False), ("100", "52", True), ("52", "100", True), ("100", "100", False)]
)
def test_a_jump_is_one_in_both_directions(before: str, now: str, *, far: bool) -> None:
    assert jumped(D(before), D(now)) is far


def test_an_account_that_shows_nothing_tells_of_no_split() -> None:
    assert not fits(Split(1, 100), D(40), D(0))
    assert fits(Split(1, 100), D(40), D(1))


def test_a_suspicion_proposes_what_is_to_be_typed() -> None:
    why = suspicion("TQQQ", Split(10, 1), sign("100", "10", "10.2", found=400))

    assert why.code == SUSPECTED
    assert why.plain_figures() == {
        "symbol": "TQQQ",
        "numerator": "10",
        "denominator": "1",
        "last": "100",
        "reference": "10",
        "held": "40",
        "found": "400",
    }
    assert proposed(why) == Split(10, 1)


def test_a_suspicion_says_what_it_does_not_know() -> None:
    figures = suspicion("TQQQ", Split(1, 2), replace(sign(None, None, "20"), found=None)).plain_figures()

    assert (figures["last"], figures["reference"], figures["found"]) == ("?", "20", "?")


@pytest.mark.parametrize("why", [None, reason(SHORT, owned=1)])
def test_another_reason_proposes_nothing(why: object) -> None:
    assert proposed(why) is None  # type: ignore[arg-type]  # one of two kinds that the table above names


def test_a_confirmed_split_settles_what_it_explains_and_no_more() -> None:
    why = reason(SUSPECTED)
    alone = EngineState({}, safe=why, doubts=frozenset({SUSPECTED, SHORT, GONE}), denied={(SYMBOL, "0.1"): "paused"})
    beside = replace(alone, doubts=alone.doubts | {"order_not_in_ledger"})

    assert settled(alone, SYMBOL) == EngineState({})
    left = settled(beside, SYMBOL)
    assert (left.safe, left.doubts) == (why, frozenset({"order_not_in_ledger"}))


def test_a_confirmed_split_is_booked_with_what_its_strategy_asks_for() -> None:
    command = RescaleLots(SYMBOL, Split(10, 1), ("1.0",), D(1), D(900))
    confirmed = SplitConfirmed(SYMBOL, Split(10, 1), D(900), NOON)
    script = Script(lambda event: (command,) if isinstance(event, SplitConfirmed) else (adopt(qty="2"),))
    engine = Engine({SYMBOL: script})
    held = engine.step(engine.begin(), quote()).state
    frozen = replace(held, safe=reason(SUSPECTED), doubts=frozenset({SUSPECTED}))

    step = engine.step(frozen, confirmed)

    before, after = held.strategies[SYMBOL].book, step.state.strategies[SYMBOL].book
    assert (before.position, after.position, after.cost) == (D(2), D(20), before.cost)
    assert step.bookings == (LotsBooked(command, before, after),)
    assert (step.state.safe, step.wishes) == (None, ())


def test_nothing_is_split_while_an_order_of_it_may_be_executed() -> None:
    state = EngineState({}).with_order(order_of(state=OrderState.OPEN))

    assert settled(state, "TQQQ") == state
    with pytest.raises(IllegalTransition, match="bptest-1"):
        settled(state, SYMBOL)
