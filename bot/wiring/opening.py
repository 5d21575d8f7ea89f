"""With what a market begins on an account of ours, and what another market has left there."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from bot.agreement import Opening
from domain.account import Balance
from domain.errors import ExitCode, SetupError
from domain.exact import ZERO
from domain.reason import reason
from reports.figures import RUN

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from bot.recovery import Patience
    from domain.instrument import Instrument
    from exchanges.base import Trading
    from ledger.reader import Reader


def opening_of(
    former: Mapping[str, Any] | None, reader: Reader, instrument: Instrument, patience: Patience, account: Trading
) -> Opening:
    """Return what the account held before our first order in this market, as the first start found it."""
    if former is not None and former["symbol"] == instrument.symbol:
        return Opening(Decimal(former["cash_start"]), Decimal(former["holdings_start"]))
    if former is not None:
        holdings = balance_of(patience.answered(account.get_balance), instrument.base).total
        return Opening(cash_after(former, reader, instrument.symbol), holdings)
    balances = patience.answered(account.get_balance)
    return Opening(*(balance_of(balances, name).total for name in (instrument.quote, instrument.base)))


def balance_of(balances: tuple[Balance, ...], currency: str) -> Balance:
    """Return what an account has of a currency, coin or share."""
    return next((each for each in balances if each.currency == currency), Balance(currency, ZERO, ZERO))


def cash_after(former: Mapping[str, Any], reader: Reader, symbol: str) -> Decimal:
    """Return with how much cash a market begins on an account of ours: what the market before it has left."""
    cash = Decimal(former["cash_start"])
    return cash if former["symbol"] == symbol else cash + reader.book(former["symbol"]).cash_flow


def refuse_other_market(reader: Reader, symbol: str) -> None:
    """Refuse to leave orders or lots of another market alone; raises `SetupError` with what there is."""
    former = reader.state(RUN)
    if former is None or former["symbol"] == symbol:
        return
    orders = [order.client_id for order in reader.open_orders() if order.symbol != symbol]
    held = reader.book(former["symbol"]).position
    if orders or held:
        why = reason(
            "market_changed",
            former=former["symbol"],
            symbol=symbol,
            count=len(orders),
            orders=", ".join(orders) or "-",
            held=held,
        )
        raise SetupError(ExitCode.SETTINGS, why)
