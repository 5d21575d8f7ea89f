"""Whatever is traded in whatever order, the ledger gives the same books back and its audit is empty."""

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st

from domain.instrument import Side
from domain.order import Order, OrderState
from ledger.audit import audit
from ledger.places import Place
from tests.ledger.desk import SYMBOL, Desk

SLOTS = ("c1", "c2", "c3", "dust")
QTYS = st.decimals(min_value="0.00000001", max_value=9, places=8)
PRICES = st.decimals(min_value="0.0001", max_value=10**8, places=4)
FEES = st.decimals(min_value=-5, max_value=50, places=12)


@dataclass(frozen=True)
class Step:
    """One thing that happens at the desk."""

    kind: str
    slot: str
    to: str
    price: Decimal
    qty: Decimal
    part: Decimal
    fee: Decimal


STEPS = st.builds(
    Step,
    kind=st.sampled_from(["buy", "sell", "move", "adopt", "crash", "reopen", "tomorrow", "cancel"]),
    slot=st.sampled_from(SLOTS[:3]),
    to=st.sampled_from(SLOTS),
    price=PRICES,
    qty=QTYS,
    part=st.sampled_from([Decimal(1), Decimal("0.5"), Decimal("0.25")]),
    fee=FEES,
)


@settings(max_examples=60)
@given(steps=st.lists(STEPS, max_size=25))
def test_a_stream_of_bookings_comes_back_as_it_was(places: Callable[[], Place], steps: list[Step]) -> None:
    with Desk.at(places()) as desk:
        for step in steps:
            play(desk, step)
        orders = desk.ledger.reader.orders()
        desk.reopen()

        assert desk.ledger.reader.book(SYMBOL) == desk.book()
        assert desk.ledger.reader.orders() == orders
        assert audit(desk.ledger.reader) == []
        assert desk.book().total(Decimal(7)) == desk.book().matched + desk.book().inventory(Decimal(7))


def play(desk: Desk, step: Step) -> None:
    """Let one step happen where it can."""
    held = desk.book().held(step.slot)
    match step.kind:
        case "buy":
            trade(desk, step, Side.BUY, step.qty)
        case "sell" if held:
            trade(desk, step, Side.SELL, held)
        case "move" if held:
            desk.move(step.slot, step.to, str(held * step.part), closes_cycle=step.part == 1)
        case "adopt":
            desk.adopt(step.slot, str(step.qty), str(step.price))
        case "crash":
            crash(desk, step)
        case "reopen":
            desk.reopen()
        case "tomorrow":
            desk.now = desk.now.replace(day=desk.now.day % 28 + 1)
        case _:
            pass


def trade(desk: Desk, step: Step, side: Side, qty: Decimal) -> Order:
    """Fill an order in part or wholly, and close it."""
    order = desk.rest(side, str(step.price), str(qty), slot=step.slot)
    order = desk.fill(order, str(qty * step.part), fee=str(step.fee))
    return order if order.is_closed else desk.write(order.advance(OrderState.CANCELED))


def crash(desk: Desk, step: Step) -> None:
    """Fail in the middle of a page."""
    order = desk.intent(Side.BUY, str(step.price), str(step.qty), slot=step.slot)
    try:
        with desk.ledger.commit() as page:
            page.order(order, desk.later())
            page.state("grid", {"anchor": str(step.price)})
            raise KeyboardInterrupt
    except KeyboardInterrupt:
        assert desk.ledger.reader.order(order.client_id) is None
