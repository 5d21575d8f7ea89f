"""What Bithumb's refusals mean: the names of its error table, sorted by what the caller does next."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from domain.errors import (
    OrderNotFound,
    OrderNotReady,
    OrderRejected,
    OutcomeUnknown,
    VenueError,
)
from domain.reason import reason
from exchanges.refusals import KeyRefused, NoSuchMarket, Refused

if TYPE_CHECKING:
    from domain.reason import Reason

OK = 200
NOT_FOUND = 404
NOT_READY = "order_not_ready"

# Words or a number: what mixes letters and digits may be a piece of what was sent, and is never shown.
_NAME = re.compile(r"[A-Za-z_ ]{1,48}|\d{1,4}")
_ADDRESS = re.compile(r"(?<![\w.:])(?:\d{1,3}(?:\.\d{1,3}){3}|[0-9A-Fa-f]{0,4}(?::[0-9A-Fa-f]{0,4}){3,7})(?![\w.:])")

# An answer to a placement that may stand for "being done": the order has to be looked up.
_UNDECIDED = {408, 409, 425}


class StillTakenIn(OrderNotReady):
    """The venue has the order but is still taking it in; `why` has the words for the owner."""

    def __init__(self, message: str, *, why: Reason) -> None:
        """Keep the reason."""
        super().__init__(message)
        self.why = why


@dataclass(frozen=True, slots=True)
class Complaint:
    """A readable refusal: to which call, its status, its name, and the address of ours that its text shows."""

    to: str
    status: int
    name: str
    address: str = ""

    def __str__(self) -> str:
        """Show what may be shown; the venue's own text is left out, it may repeat what was sent."""
        return f"{self.to}: status {self.status} {self.name}".rstrip()


KEY_CODES = {
    "jwt_verification": "bithumb_key_wrong",
    "expired_jwt": "bithumb_time_refused",
    "invalid_query_payload": "bithumb_signature_refused",
    "NotAllowIP": "bithumb_address_refused",
    "out_of_scope": "bithumb_key_lacks_right",
    "blocked_member_id": "bithumb_member_blocked",
}
"""Error names that concern the key, with the code of the owner's sentence."""

ORDER_CODES = {
    "invalid_price": "bithumb_price_off_unit",
    "invalid_price_bid": "bithumb_price_off_unit",
    "invalid_price_ask": "bithumb_price_off_unit",
    "under_price_limit_bid": "bithumb_price_out_of_range",
    "under_price_limit_ask": "bithumb_price_out_of_range",
    "bank_account_required": "bithumb_bank_account_needed",
    "two_factor_auth_required": "bithumb_second_factor_needed",
    "cross_trading": "bithumb_own_orders_cross",
    "invalid_parameter": "bithumb_order_malformed",
    "currency does not have a valid value": "bithumb_order_malformed",
    "order_not_found": "venue_rejected",
}
"""Error names that concern an order, with the code of the owner's sentence."""

# Names that no official page lists; they are guessed by their beginning and only choose the sentence.
KEY_GUESSES = (
    ("expired_access_key", "bithumb_key_expired"),
    ("expired_key", "bithumb_key_expired"),
    ("invalid_access_key", "bithumb_key_wrong"),
    ("nonce", "bithumb_nonce_refused"),
    ("no_authorization", "bithumb_address_refused"),
)
ORDER_GUESSES = (
    ("insufficient", "bithumb_funds_short"),
    ("under_min", "bithumb_under_minimum"),
)


def complaint_in(to: str, status: int, value: object) -> Complaint | None:
    """Find a refusal in an answer: anywhere the key `error`, which comes with status 200 too; else by the status."""
    stated = value.get("error") if isinstance(value, dict) else None
    if stated is None:
        if status // 100 == OK // 100:
            return None
        # The gateway's own form, without the envelope.
        stated = value
    if not isinstance(stated, dict):
        return Complaint(to, status, "")
    name = str(stated.get("name", "")) if isinstance(stated.get("name"), str | int) else ""
    message = stated.get("message")
    address = _ADDRESS.search(message[:500]) if isinstance(message, str) else None
    return Complaint(to, status, name if _NAME.fullmatch(name) else "", address[0] if address else "")


def for_reading(complaint: Complaint) -> VenueError:
    """Turn a refused question into the error its asker can act on."""
    if key := _key_refused(complaint):
        return key
    if complaint.name == NOT_READY:
        return _not_ready(complaint)
    if complaint.status == NOT_FOUND and complaint.name == "order_not_found":
        return OrderNotFound(str(complaint))
    return Refused(str(complaint), why=_refused(complaint))


def for_public_reading(complaint: Complaint) -> VenueError:
    """Turn a refused question about the market into an error; an unknown market is told as such."""
    if complaint.name == "404" or complaint.status == NOT_FOUND:
        return NoSuchMarket(str(complaint), why=reason("bithumb_market_unknown"))
    return for_reading(complaint)


def for_placing(complaint: Complaint) -> VenueError:
    """Turn a refused order into an error: a refusal only where it is beyond doubt."""
    code = ORDER_CODES.get(complaint.name)
    if complaint.name == NOT_READY or complaint.status in _UNDECIDED:
        return OutcomeUnknown(str(complaint))
    if key := _key_refused(complaint):
        return key
    if complaint.status // 100 == OK // 100 and code is None:
        return OutcomeUnknown(str(complaint))
    return OrderRejected(str(complaint), code=code or _guessed(ORDER_GUESSES, complaint.name) or "venue_rejected")


def for_canceling(complaint: Complaint) -> VenueError:
    """Turn a refused cancel into an error; "not found" also means "filled meanwhile"."""
    if complaint.status in _UNDECIDED or (complaint.status == OK and complaint.name not in KEY_CODES):
        return OutcomeUnknown(str(complaint))
    return for_reading(complaint)


def _key_refused(complaint: Complaint) -> KeyRefused | None:
    code = KEY_CODES.get(complaint.name)
    if code is None and complaint.status in {401, 403}:
        code = _guessed(KEY_GUESSES, complaint.name) or "bithumb_key_refused"
    if code is None:
        return None
    if code == "bithumb_address_refused" and complaint.address:
        return KeyRefused(str(complaint), why=reason("bithumb_address_refused_seen", address=complaint.address))
    return KeyRefused(str(complaint), why=reason(code, name=complaint.name))


def _not_ready(complaint: Complaint) -> StillTakenIn:
    return StillTakenIn(str(complaint), why=reason("bithumb_order_not_ready"))


def _refused(complaint: Complaint) -> Reason:
    return reason("bithumb_refused", status=complaint.status, name=complaint.name or "-")


def _guessed(guesses: tuple[tuple[str, str], ...], name: str) -> str:
    return next((code for beginning, code in guesses if name.startswith(beginning)), "")
