"""The figures of a run, from its ledger alone: whoever asks, now or later, gets the same numbers."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from domain.exact import ZERO
from domain.money import WonEffects, WonProfit, WonRate
from domain.snapshot import Mode, PriceSource, RunState, Snapshot

if TYPE_CHECKING:
    from collections.abc import Mapping

    from domain.book import Book
    from ledger.reader import Reader

RUN = "run"
"""The row of the ledger that describes the run: its symbol, its bars, its last price."""


def snapshot(reader: Reader) -> Snapshot | None:
    """Return the figures as they stand, or None where nothing has run yet. Independent of the number of fills."""
    run = reader.state(RUN)
    if run is None:
        return None
    symbol = run["symbol"]
    return described(
        reader.meta(), run, reader.book(symbol), orders=reader.accepted(symbol), open_orders=len(reader.open_orders())
    )


def described(
    identity: Mapping[str, str], run: Mapping[str, Any], book: Book, *, orders: int, open_orders: int
) -> Snapshot:
    """Return the figures of a run by its row and its book, whether they come from the ledger or from the loop."""
    last = _number(run["last"])
    differences = run["differences"]
    return Snapshot(
        exchange=identity["exchange"],
        instance=identity["instance"],
        mode=Mode(identity["mode"]),
        symbol=run["symbol"],
        currency=run["currency"],
        started_at=_moment(run["started_at"]),
        at=_moment(run["at"]),
        bars=run["bars"],
        last=last,
        orders=orders,
        buys=book.buys,
        sells=book.sells,
        cycles=book.cycles,
        open_orders=open_orders,
        position=book.position,
        cash=Decimal(run["cash_start"]) + book.cash_flow,
        fees=book.fees,
        matched_pnl=book.matched,
        inventory_pnl=ZERO if last is None else book.inventory(last),
        lines=tuple(Decimal(line) for line in run["lines"]),
        state=RunState(run["state"]),
        version=run["version"],
        report=run["report"],
        differences=None if differences is None else tuple(differences),
        # A ledger from before this was written was of a real market, or a demo that said so itself.
        prices=PriceSource(run.get("prices", PriceSource.LIVE)),
        fees_estimated=run.get("fees_estimated", False),
        won=None if run["currency"] == "KRW" else _in_won(book, last, rate_of(run.get("rate"))),
    )


def rate_of(row: Mapping[str, str] | None) -> WonRate | None:
    """Read a rate as `WonRate.row` wrote it."""
    return None if row is None else WonRate(Decimal(row["rate"]), datetime.fromisoformat(row["at"]), row["source"])


def _in_won(book: Book, last: Decimal | None, rate: WonRate | None) -> WonProfit:
    inventory = None
    if rate is not None and last is not None:
        inventory = book.won_inventory(last, rate.rate)
    elif rate is not None and not book.lots:
        inventory = WonEffects()
    return WonProfit(rate, book.won_matched, inventory)


def snapshot_of(reader: Reader) -> Snapshot:
    """Return the figures of a run that is known to have begun; raises `LookupError` where it has not."""
    shown = snapshot(reader)
    if shown is None:
        raise LookupError(RUN)
    return shown


def _number(text: str | None) -> Decimal | None:
    return None if text is None else Decimal(text)


def _moment(text: Any) -> datetime | None:  # noqa: ANN401 - a row of the ledger holds JSON
    return None if text is None else datetime.fromisoformat(text)
