"""What every strategy is: a function of its settings, its state and one event."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, TypeVar

if TYPE_CHECKING:
    from decimal import Decimal

    from domain.decision import Decision
    from domain.events import Dial, StrategyEvent
    from domain.instrument import Instrument

S = TypeVar("S")


class Strategy(Protocol[S]):
    """Decides for one symbol; knows nothing of venues, clocks or ledgers."""

    @property
    def symbol(self) -> str:
        """Return what is traded."""
        ...

    def with_instrument(self, instrument: Instrument) -> Strategy[S]:
        """Return the same strategy under other terms of its venue."""
        ...

    def turned(self, state: S, dial: Dial, value: Decimal, order_max: Decimal | None) -> Strategy[S]:
        """Return the same strategy with a dial set otherwise; raises `GridRefused` where it would not do.

        `order_max` is what one order may cost at most, in the quote currency; None: any sum.
        """
        ...

    def begin(self) -> S:
        """Return the state before the first event."""
        ...

    def decide(self, state: S, event: StrategyEvent) -> Decision[S]:
        """Answer one event. Pure: same state and event, same decision."""
        ...
