"""What every strategy is: a function of its settings, its state and one event."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, TypeVar

if TYPE_CHECKING:
    from domain.decision import Decision
    from domain.events import StrategyEvent
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

    def begin(self) -> S:
        """Return the state before the first event."""
        ...

    def decide(self, state: S, event: StrategyEvent) -> Decision[S]:
        """Answer one event. Pure: same state and event, same decision."""
        ...
