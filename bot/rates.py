"""Asks what the currency of the prices is worth in won, where they are not in won."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.feed import Question
from domain.events import RateRead

if TYPE_CHECKING:
    from domain.clock import Clock
    from domain.instrument import Instrument
    from exchanges.base import MarketData

RATE_EVERY_S = 600
RATE_CLOSED_EVERY_S = 21_600


def rate_read(market: MarketData, instrument: Instrument, clock: Clock) -> tuple[RateRead, ...]:
    """Ask for the rate; nothing where prices are in won, or the venue knows none. Raises as the venue does."""
    rate = None if instrument.quote == "KRW" else market.won_rate()
    return () if rate is None else (RateRead(rate, instrument.symbol, clock.now()),)


def rate_questions(market: MarketData, instrument: Instrument, clock: Clock) -> tuple[Question, ...]:
    """Return the question after the rate; none where prices are in won. Trading goes on without an answer."""
    if instrument.quote == "KRW":
        return ()
    return (
        Question(
            "rate",
            lambda: rate_read(market, instrument, clock),
            RATE_EVERY_S,
            closed_every_s=RATE_CLOSED_EVERY_S,
            at_opening=True,
            asked=True,
            vital=False,
        ),
    )
