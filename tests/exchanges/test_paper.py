"""The paper venue keeps every venue's promises, and its own: no book, fills at the open where better, exact money."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.clock import PlaybackClock
from domain.errors import OrderRejected, VenueUnavailable
from domain.exact import ZERO
from domain.instrument import Fees, Instrument, Side, TickTable
from domain.market import Candle
from domain.order import OrderState
from domain.venue import VenueOrder
from exchanges.kis.rules import RULES as SHARES
from exchanges.paper import PaperExchange
from tests.exchanges.contract import SYMBOL, ExchangeContract, Market

D = Decimal
NOON = datetime(2025, 1, 2, 12, tzinfo=UTC)
COIN = Instrument(
    SYMBOL,
    "BTC",
    "KRW",
    TickTable(((ZERO, D(1)), (D(10000), D(10)))),
    D("0.00000001"),
    D(5000),
    Fees(D("0.0025"), D("0.002"), D("0.0015")),
)


class PaperMarket(Market):
    """Every price comes a second after the one before."""

    def __init__(self, clock: PlaybackClock, paper: PaperExchange) -> None:
        super().__init__(paper)
        self._clock = clock
        self._paper = paper

    def trade_at(self, price: Decimal) -> None:
        self._clock.set(self._clock.now() + timedelta(seconds=1))
        self._paper.see(price)


MILLION = D(1_000_000)


def paper_of(cash: Decimal | None = MILLION, holdings: str = "10") -> PaperExchange:
    return PaperExchange(COIN, PlaybackClock(NOON), cash, holdings=D(holdings))


def buy(paper: PaperExchange, price: int = 9000, qty: str = "1") -> VenueOrder:
    return paper.place_order(SYMBOL, Side.BUY, D(qty), D(price))


def sell(paper: PaperExchange, price: int = 11000, qty: str = "1") -> VenueOrder:
    return paper.place_order(SYMBOL, Side.SELL, D(qty), D(price))


def bar(prices: str) -> Candle:
    opened, high, low, close = (D(word) for word in prices.split())
    return Candle(NOON, opened, high, low, close, ZERO)


def prices_of(paper: PaperExchange) -> list[Decimal]:
    return [execution.fill.price for execution in paper.all_executions()]


class TestPaper(ExchangeContract):
    """The paper venue keeps the promises every venue keeps."""

    @pytest.fixture
    def market(self) -> Market:
        clock = PlaybackClock(NOON)
        market = PaperMarket(clock, PaperExchange(COIN, clock, D(1_000_000), holdings=D(10)))
        market.trade_at(D(10000))
        return market


@pytest.mark.parametrize(
    ("prices", "paid"),
    [
        ("9500 9500 9000 9100", [D(9000)]),
        ("9500 9500 8000 8100", [D(9000)]),
        ("8900 9500 8800 9100", [D(8900)]),
        ("9000 9000 9000 9000", [D(9000)]),
        ("9500 9500 9001 9100", []),
    ],
)
def test_a_buy_fills_when_touched_at_its_price_or_at_a_lower_open(prices: str, paid: list[Decimal]) -> None:
    paper = paper_of()
    buy(paper)

    paper.play(bar(prices))

    assert prices_of(paper) == paid


@pytest.mark.parametrize(
    ("prices", "paid"),
    [
        ("10500 11000 10500 10900", [D(11000)]),
        ("10500 12000 10500 11900", [D(11000)]),
        ("11100 11200 10500 10900", [D(11100)]),
        ("10500 10999 10500 10900", []),
    ],
)
def test_a_sell_fills_when_touched_at_its_price_or_at_a_higher_open(prices: str, paid: list[Decimal]) -> None:
    paper = paper_of()
    sell(paper)

    paper.play(bar(prices))

    assert prices_of(paper) == paid


def test_a_last_price_is_a_bar_of_one_price() -> None:
    paper = paper_of()
    buy(paper)

    paper.see(D(9001))
    (execution,) = paper.see(D(8950))

    assert execution.fill.price == D(8950)


def test_every_resting_order_may_fill_in_one_bar_and_none_twice() -> None:
    paper = paper_of()
    for price in (9000, 9100, 9200):
        buy(paper, price)
    sell(paper, 9900)

    wide = bar("9500 10000 9000 9500")

    assert len(paper.play(wide)) == 4
    assert paper.play(wide) == ()


def test_fees_and_tax_keep_every_digit() -> None:
    paper = paper_of()
    buy(paper, 9001, "1.00000001")
    sell(paper, 9999, "1.00000001")

    paper.play(bar("9500 9999 9001 9500"))

    fees = [execution.fill.fee for execution in paper.all_executions()]
    assert fees == [D(9001) * D("1.00000001") * D("0.0025"), D(9999) * D("1.00000001") * D("0.0035")]


def test_an_order_may_cost_the_free_cash_to_the_last_unit() -> None:
    buy(paper_of(D("9022.5")))
    with pytest.raises(OrderRejected) as refusal:
        buy(paper_of(D("9022.49")))

    assert refusal.value.code == "venue_funds_short"


def test_a_fill_under_the_limit_gives_back_what_was_locked_too_much() -> None:
    paper = paper_of(D("9022.5"))
    buy(paper)

    paper.see(D(8000))

    cash, _ = paper.get_balance()
    assert (cash.free, cash.locked) == (D("9022.5") - 8000 - 20, ZERO)


def test_an_account_without_limit_begins_at_zero_and_may_go_below_but_sells_only_what_it_has() -> None:
    paper = paper_of(None, "0")
    buy(paper, 9000, "1000")

    paper.see(D(9000))

    assert [balance.total for balance in paper.get_balance()] == [D(-9_022_500), D(1000)]
    with pytest.raises(OrderRejected):
        sell(paper, qty="1001")


@pytest.mark.parametrize(
    ("qty", "price", "code"),
    [
        ("1", "9000.5", "venue_price_off_tick"),
        ("0.000000001", "9000", "venue_size_refused"),
        ("0.5", "9000", "venue_size_refused"),
        ("-1", "9000", "venue_size_refused"),
        ("1", "0", "venue_size_refused"),
    ],
)
def test_a_refusal_names_its_cause(qty: str, price: str, code: str) -> None:
    with pytest.raises(OrderRejected) as refusal:
        paper_of().place_order(SYMBOL, Side.BUY, D(qty), D(price))

    assert refusal.value.code == code


def test_the_end_of_a_session_lets_what_rests_expire_and_frees_it() -> None:
    paper = paper_of()
    filled, canceled, rests = buy(paper, 9500), buy(paper, 9100), sell(paper)
    paper.see(D(9500))
    paper.cancel_order(canceled.order_id)
    before = [balance.total for balance in paper.get_balance()]

    ended = paper.end_session()

    assert [(order.order_id, order.state) for order in ended] == [(rests.order_id, OrderState.EXPIRED)]
    states = [paper.get_order(order.order_id).state for order in (filled, canceled, rests)]
    assert states == [OrderState.FILLED, OrderState.CANCELED, OrderState.EXPIRED]
    assert [(balance.free, balance.locked) for balance in paper.get_balance()] == [(total, ZERO) for total in before]
    assert paper.end_session() == ()


def test_before_the_first_price_there_is_no_quote() -> None:
    with pytest.raises(VenueUnavailable):
        paper_of().get_quote(SYMBOL)


def test_it_knows_its_rules_and_keeps_no_history() -> None:
    paper = PaperExchange(COIN, PlaybackClock(NOON), None, sessions=SHARES.sessions)

    assert paper.instrument(SYMBOL) == COIN
    assert paper.market_session(SYMBOL) == SHARES.sessions
    assert paper.candles(SYMBOL, interval_s=60, count=10) == ()


def test_the_orders_and_executions_of_another_symbol_are_not_told() -> None:
    paper = paper_of()
    buy(paper)
    buy(paper, 9500)
    paper.see(D(9500))

    assert paper.open_orders("KRW-ETH") == ()
    assert paper.fills_since("KRW-ETH", NOON) == ()
    assert len(paper.all_orders()) == 2


def test_the_orders_that_ended_are_dated_by_their_end() -> None:
    clock = PlaybackClock(NOON)
    paper = PaperExchange(COIN, clock, MILLION, holdings=D(10))
    canceled, filled, expired = buy(paper), buy(paper, 9500), sell(paper)
    ends = [NOON + timedelta(hours=hour) for hour in (1, 2, 3, 4)]
    clock.set(ends[0])
    paper.cancel_order(canceled.order_id)
    clock.set(ends[1])
    paper.see(D(9500))
    clock.set(ends[2])
    paper.end_session()

    ids = [[order.order_id for order in paper.closed_orders(SYMBOL, at)] for at in ends]

    in_order = [canceled.order_id, filled.order_id, expired.order_id]
    assert ids == [in_order, in_order[1:], in_order[2:], []]
    assert paper.closed_orders("KRW-ETH", NOON) == ()


_STEPS = st.lists(
    st.tuples(st.sampled_from(("buy", "sell", "cancel", "price", "end")), st.integers(900, 1100), st.integers(1, 300)),
    max_size=40,
)


@given(steps=_STEPS)
def test_money_and_coins_are_conserved_to_the_last_unit(steps: Sequence[tuple[str, int, int]]) -> None:
    paper = paper_of(D(100_000), "3")
    for step in steps:
        _take(paper, step)
        _assert_conserved(paper)


@given(before=_STEPS, after=_STEPS)
def test_a_venue_taken_up_from_the_books_goes_on_as_if_it_had_never_stopped(
    before: Sequence[tuple[str, int, int]], after: Sequence[tuple[str, int, int]]
) -> None:
    first, second = paper_of(D(100_000), "3"), paper_of(D(100_000), "3")
    for step in before:
        _take(first, step)

    second.restore(first.all_orders(), first.all_executions())

    assert _books(second) == _books(first)
    for step in after:
        _take(first, step)
        _take(second, step)
        assert _books(second) == _books(first)


def test_no_id_is_given_twice_though_the_books_lack_what_came_between() -> None:
    first, second = paper_of(), paper_of()
    orders = [buy(first, 9500), buy(first, 9600), buy(first, 9000)]
    first.see(D(9500))

    second.restore((orders[2],), first.all_executions()[1:])
    second.see(D(9000))

    assert buy(second, 8000).order_id == "paper-4"
    assert [execution.fill.fill_id for execution in second.all_executions()] == ["paper-fill-2", "paper-fill-3"]


def test_an_order_from_before_is_dated_by_its_last_fill_or_its_placing() -> None:
    clock = PlaybackClock(NOON)
    first, second = PaperExchange(COIN, clock, MILLION), paper_of()
    filled, canceled = buy(first, 9500), buy(first)
    clock.set(NOON + timedelta(hours=1))
    first.see(D(9500))
    first.cancel_order(canceled.order_id)

    second.restore(first.all_orders(), first.all_executions())

    assert [order.order_id for order in second.closed_orders(SYMBOL, clock.now())] == [filled.order_id]
    assert second.closed_orders(SYMBOL, NOON) == first.all_orders()


def _take(paper: PaperExchange, step: tuple[str, int, int]) -> None:
    action, tens, hundredths = step
    price, qty = D(tens * 10), D(hundredths) / 100
    try:
        if action in {"buy", "sell"}:
            paper.place_order(SYMBOL, Side(action), qty, price)
    except OrderRejected:
        pass
    if action == "cancel":
        paper.cancel_order(f"paper-{hundredths % 8}")
    elif action == "price":
        paper.see(price)
    elif action == "end":
        paper.end_session()


def _books(paper: PaperExchange) -> tuple[object, ...]:
    return (paper.get_balance(), paper.all_orders(), paper.open_orders(SYMBOL), paper.all_executions())


def _assert_conserved(paper: PaperExchange) -> None:
    cash, coins = paper.get_balance()
    flow = position = ZERO
    for execution in paper.all_executions():
        sign = 1 if execution.side is Side.BUY else -1
        flow -= sign * execution.fill.notional + execution.fill.fee
        position += sign * execution.fill.qty
    rests = paper.open_orders(SYMBOL)
    locked = sum((order.price * order.qty * D("1.0025") for order in rests if order.side is Side.BUY), ZERO)
    assert (cash.total, coins.total) == (100_000 + flow, 3 + position)
    assert (cash.locked, coins.locked) == (locked, sum((o.qty for o in rests if o.side is Side.SELL), ZERO))
    assert min(cash.free, coins.free) >= 0
