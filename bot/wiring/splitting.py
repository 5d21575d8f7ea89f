"""Carries out the split that the owner confirms: refuses with what is in the way, else counts all in new shares."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bot.agreement import Opening
from bot.corporate import WORTH_A_LOOK, fits, jumped
from bot.marks import Marks
from bot.wiring.opening import balance_of
from domain.errors import ExitCode, SetupError
from domain.events import SplitConfirmed
from domain.exact import plain
from domain.reason import Reason, reason
from exchanges.paper import PaperExchange

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from decimal import Decimal

    from bot.settings import Settings
    from bot.wiring.run import VenueRun
    from bot.wiring.splits import Heard
    from domain.account import Balance
    from domain.split import Split

_PRICES = (
    "grid_anchor",
    "grid_trigger_price",
    "grid_lower",
    "grid_upper",
    "grid_follow_max",
    "grid_stop_low",
    "grid_stop_high",
)
"""Settings that are prices of one share: after a split each of them means something else."""


def remember_prices(run: VenueRun) -> None:
    """Keep the prices in the settings, to know at a split which of them are still those of the old shares."""
    with run.ledger.commit() as page:
        page.state(_row(run.symbol), {"prices": _prices_in(run.as_set)})


def carry_out(run: VenueRun, split: Split, told: Split | None, balances: Sequence[Balance]) -> None:
    """Count lots, lines and marks in new shares; raises `SetupError` with everything that is in the way.

    `told` is the split that prices or quantities tell of; None where they tell of none.
    """
    guard, loop, diary, account = run.guard, run.loop, run.diary, run.venue.account
    symbol, opening, before = run.symbol, run.diary.opening, run.loop.state.strategies[run.symbol].book
    instrument = loop.instruments[symbol]
    on_paper = isinstance(account, PaperExchange)
    found = None if on_paper else balance_of(tuple(balances), instrument.base).total
    last = _last(diary.last, guard.heard)
    faults = list(_faults(run, split, told, found))
    if last is None or guard.hours is None:
        faults.append(reason("split_not_here", symbol=symbol))
    if faults or last is None or guard.hours is None:
        raise SetupError(ExitCode.SETTINGS, *faults)
    # What the broker made of all shares together is the owner's where it is not the bot's.
    kept = split.qty(opening.holdings) if found is None else found - instrument.round_qty(split.qty(before.position))
    diary.opening = Opening(opening.cash, instrument.round_qty(kept))
    diary.last = split.price(last)
    # The price at which the shares were left: so the value of all of them is what it was, with what is paid out.
    loop.handle(SplitConfirmed(symbol, split, instrument.ticks.down(diary.last), run.venue.clock.now()))
    after = loop.state.strategies[symbol].book
    if isinstance(account, PaperExchange):
        gained = after.position - before.position + diary.opening.holdings - opening.holdings
        account.rescale(gained, after.cash_flow - before.cash_flow)
    loop.marks = Marks.restored(symbol, guard.hours, run.ledger.reader)
    guard.begin_anew(split)


def _last(shown: Decimal | None, heard: Heard | None) -> Decimal | None:
    """Return the last price in old shares: the one that was shown, unless it is of the new ones already."""
    if heard is None or (shown is not None and not jumped(heard.price, shown, WORTH_A_LOOK)):
        return shown
    return heard.price


def _faults(run: VenueRun, split: Split, told: Split | None, found: Decimal | None) -> Iterator[Reason]:
    """Name everything that is in the way of a split."""
    if told is not None and told != split:
        yield reason("split_other_ratio", given=str(split), proposed=str(told))
    waiting = [order.client_id for order in run.loop.state.orders.values() if order.symbol == run.symbol]
    if waiting:
        yield reason("split_orders_open", count=len(waiting), orders=", ".join(waiting))
    if names := _of_old_shares(run.as_set, run.ledger.reader.state(_row(run.symbol))):
        yield reason("split_old_prices", names=", ".join(names), split=str(split))
    held = run.loop.state.strategies[run.symbol].book.position
    whole = held + run.diary.opening.holdings
    instrument = run.loop.instruments[run.symbol]
    made = instrument.round_qty(split.qty(held))
    if found is not None and not fits(split, whole, found) and (found < made or found == whole) and held:
        yield reason("split_not_credited", found=found, held=held, made=made, base=instrument.base)


def _prices_in(settings: Settings) -> dict[str, str]:
    return {name.upper(): plain(value) for name in _PRICES if (value := getattr(settings, name)) is not None}


def _of_old_shares(settings: Settings, row: Mapping[str, Any] | None) -> tuple[str, ...]:
    """Return the prices that still are what they were before; all of them where nobody knows what they were."""
    former = None if row is None else row["prices"]
    return tuple(name for name, value in _prices_in(settings).items() if former is None or former.get(name) == value)


def _row(symbol: str) -> str:
    """Return the name of the row that keeps which prices stood in the settings while all was well."""
    return f"prices/{symbol}"
