"""Whether shares were split, told by prices and quantities: pure judgement, and what a confirmation settles."""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from typing import TYPE_CHECKING

from domain.errors import IllegalTransition
from domain.exact import ONE, ZERO
from domain.reason import Reason, reason
from domain.split import Split

if TYPE_CHECKING:
    from collections.abc import Iterable

    from bot.engine import EngineState

SUSPECTED = "split_suspected"
"""The code of what is doubted while a split has been neither confirmed nor denied."""
GONE = "symbol_gone"
"""The code of what is doubted while the venue does not know the share any more."""
SHORT = "holdings_short"
"""The code of what is doubted while the account holds less than the bot bought."""

_MOST = 100
_UNEVEN = ((3, 2), (4, 3), (5, 4))
SPLITS = tuple(
    Split(*pair) for new, old in (*((n, 1) for n in range(2, _MOST + 1)), *_UNEVEN) for pair in ((new, old), (old, new))
)
"""What is looked for: n new shares for one, one for n, and the uneven ones that there are."""

TOLERANCE = Decimal("0.03")
"""Our last price of a session and the close of that session, in the same shares, are hardly further apart."""
_DRIFT = Decimal("0.35")
"""How far a share may have gone meanwhile, where its quantity tells of a split as well."""
JUMP = Decimal("1.9")
"""No share that is worth a grid goes so far at once: even one of threefold leverage is halted before."""
_JUMP_TOLERANCE = Decimal("0.15")
WORTH_A_LOOK = Decimal("1.15")
"""A change between two sessions below this is none of the splits."""


@dataclass(frozen=True, slots=True)
class Sign:
    """What is known on a morning; prices in the quote currency, quantities in shares.

    `last` is the last price that the bot heard in a session before, `at_close` whether that was at the end of the one
    that `reference` is the close of. `price` is what is paid now, `held` what the bot owns by its books, and `kept`
    what the owner has beside that; `found` is what the account shows, None where it cannot tell of a split.
    """

    last: Decimal | None
    at_close: bool
    reference: Decimal | None
    price: Decimal
    held: Decimal
    kept: Decimal = ZERO
    found: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Dismissed:
    """What the owner has seen and called no split: neither is suspected a second time."""

    last: Decimal | None = None
    found: Decimal | None = None


NOTHING = Dismissed()


def judge(sign: Sign, dismissed: Dismissed = NOTHING) -> Split | None:
    """Return the split that the signs tell of; None where there is none, or where the owner has denied it."""
    # A quantity tells 50 from 51 new shares, which two prices a minute apart cannot.
    if sign.found is not None and sign.found != dismissed.found:
        by_quantity = _by_quantity(sign, sign.found)
        if by_quantity is not None:
            return by_quantity
    if sign.last is None or sign.last == dismissed.last:
        return None
    return _by_price(sign, sign.last)


def jumped(before: Decimal, now: Decimal, least: Decimal = JUMP) -> bool:
    """Whether a price has gone so far, up or down, by a factor."""
    return before >= least * now or now >= least * before


def fits(split: Split, whole: Decimal, found: Decimal) -> bool:
    """Whether an account shows what a split makes of its shares: a fraction is paid out, or made up to a share."""
    made = split.qty(whole)
    return found > ZERO and made.to_integral_value(ROUND_FLOOR) <= found <= made.to_integral_value(ROUND_CEILING)


def _by_price(sign: Sign, last: Decimal) -> Split | None:
    if sign.at_close and sign.reference is not None:
        told = _nearest(last / sign.reference, SPLITS, TOLERANCE)
        if told is not None:
            return told
    # A venue may tell the reference in old shares still: then the first price of the day speaks.
    now = sign.price if sign.at_close or sign.reference is None else sign.reference
    unchanged = sign.found is not None and sign.found > ZERO and sign.found == sign.held + sign.kept
    if unchanged and not sign.at_close:
        # After days without the bot a share may have gone anywhere; the account would show a split by now.
        return None
    return _nearest(last / now, SPLITS, _JUMP_TOLERANCE) if jumped(last, now) else None


def _by_quantity(sign: Sign, found: Decimal) -> Split | None:
    """Look for a split that explains the account's quantity, and that some price agrees with better than with none."""
    whole = sign.held + sign.kept
    if not sign.held or found == whole:
        return None
    fitting = [split for split in SPLITS if fits(split, whole, found)]
    if sign.last is None:
        return min(fitting, key=_plainness, default=None)
    references = () if sign.reference is None else ((sign.reference, TOLERANCE if sign.at_close else _DRIFT),)
    for now, tolerance in (*references, (sign.price, _DRIFT)):
        factor = sign.last / now
        better = [split for split in fitting if _off(factor, split) < abs(factor - ONE)]
        if (told := _nearest(factor, better, tolerance)) is not None:
            return told
    return None


def _nearest(factor: Decimal, splits: Iterable[Split], tolerance: Decimal) -> Split | None:
    """Return the split that a fall of the price by a factor tells of, the plainest of equally near ones."""
    near = min(splits, key=lambda split: (_off(factor, split), _plainness(split)), default=None)
    return near if near is not None and _off(factor, near) <= tolerance else None


def _off(factor: Decimal, split: Split) -> Decimal:
    return abs(factor * split.old / split.new - ONE)


def _plainness(split: Split) -> int:
    return split.new * split.old


def suspicion(symbol: str, split: Split, sign: Sign) -> Reason:
    """Return why nothing is ordered before the owner has looked, with what is proposed."""
    return reason(
        SUSPECTED,
        symbol=symbol,
        numerator=split.new,
        denominator=split.old,
        last="?" if sign.last is None else sign.last,
        reference=sign.price if sign.reference is None else sign.reference,
        held=sign.held,
        found="?" if sign.found is None else sign.found,
    )


def proposed(why: Reason | None) -> Split | None:
    """Return the split that a suspicion proposes; None where it is another reason."""
    if why is None or why.code != SUSPECTED:
        return None
    figures = dict(why.figures)
    return Split(int(figures["numerator"]), int(figures["denominator"]))


def settled(state: EngineState, symbol: str) -> EngineState:
    """Return the state once a split is confirmed; raises `IllegalTransition` where an order could still be executed.

    What the split explains is doubted no more. What else was told meanwhile stays for the owner to see to.
    """
    waiting = [order.client_id for order in state.orders.values() if order.symbol == symbol]
    if waiting:
        message = f"{symbol}: split while {', '.join(waiting)} may be executed"
        raise IllegalTransition(message)
    doubts = state.doubts - {SUSPECTED, GONE, SHORT}
    return replace(state, safe=state.safe if doubts else None, doubts=doubts, denied={})
