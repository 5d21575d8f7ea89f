"""What can go wrong, sorted by what the caller does next."""

from __future__ import annotations

from enum import IntEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from domain.reason import Reason


class ExitCode(IntEnum):
    """How the process ends; the table of the README."""

    OK = 0
    SETTINGS = 2
    GRID = 3
    ALREADY_RUNS = 4
    LEDGER = 5
    PRICE_FILE = 6
    PORT = 7
    DISK = 8
    KEYS = 9
    OUR_FAULT = 70


class BotError(Exception):
    """Anything this program raises on purpose."""


class SetupError(BotError):
    """Stop before trading: the owner has to change something. Carries every fault with its figures."""

    def __init__(self, exit_code: ExitCode, *faults: Reason) -> None:
        """Remember how to leave and why."""
        super().__init__("; ".join(str(fault) for fault in faults))
        self.exit_code = exit_code
        self.faults = faults


class GridRefused(SetupError):
    """The grid cannot be placed, or cannot pay, as it is set."""

    def __init__(self, *faults: Reason) -> None:
        """Leave with the exit code of a refused grid."""
        super().__init__(ExitCode.GRID, *faults)


class IllegalTransition(BotError):
    """Stop: our own bookkeeping is wrong."""


class VenueError(BotError):
    """A venue did not do what was asked."""


class VenueUnavailable(VenueError):
    """Nothing happened: try again later."""


class RateLimited(VenueError):
    """Nothing happened: wait `retry_after_s`."""

    def __init__(self, message: str, *, retry_after_s: int) -> None:
        """Say how many seconds to wait."""
        super().__init__(message)
        self.retry_after_s = retry_after_s


class MarketClosed(RateLimited):
    """Nothing happened: the market is closed or has a day off. `why` has the words for the owner."""

    def __init__(self, message: str, *, retry_after_s: int, why: Reason) -> None:
        """Say how many seconds to wait, and why."""
        super().__init__(message, retry_after_s=retry_after_s)
        self.why = why


class AuthRefused(VenueError):
    """Run on without trading, try again slowly, tell the owner."""


class OrderRejected(VenueError):
    """The venue said no: do not repeat unchanged. `code` is ours, stable, for the owner's sentence.

    `why` is the whole reason where it has figures.
    """

    def __init__(self, message: str, *, code: str = "venue_rejected", why: Reason | None = None) -> None:
        """Keep the reason as a code."""
        super().__init__(message)
        self.code = code if why is None else why.code
        self.why = why


class OrderNotFound(VenueError):
    """An answer, not a proof that the order was never placed."""


class MarketUnknown(VenueUnavailable):
    """The venue has no such market: the owner has to change a setting."""


class OrderNotReady(VenueError):
    """The venue has the order but is still taking it in: it exists, and can be read shortly."""


class OutcomeUnknown(VenueError):
    """Sent, and the answer was lost: reconcile before the next order."""
