"""What KIS's refusals mean for the caller: told apart by code, and by the broker's words where a code is not enough."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from domain.errors import MarketClosed, OrderRejected, OutcomeUnknown, RateLimited
from domain.reason import reason
from exchanges.kis.codes import BY_WORDS, CODES, UNCLEAR, Verdict
from exchanges.refusals import KeyRefused, NoSuchMarket, Refused
from exchanges.transport import NoAnswer

if TYPE_CHECKING:
    from domain.errors import VenueError
    from domain.reason import Reason
    from exchanges.transport import Reply

RATE_RETRY_S = 2
CLOSED_RETRY_S = 300

_OK = 200
_KEY_STATUS = {401, 403}
_TEXT_MAX = 300
# What is none may be a piece of what was sent, and is never shown.
_CODE = re.compile(r"[A-Z]{0,5}\d{1,10}")


class Busy(RateLimited):
    """Too many calls; `why` has the words for the owner."""

    def __init__(self, message: str, *, why: Reason) -> None:
        """Keep the reason; the quota is one of seconds."""
        super().__init__(message, retry_after_s=RATE_RETRY_S)
        self.why = why


@dataclass(frozen=True, slots=True)
class Complaint:
    """A readable refusal: of which call, its status and its code; the broker's words only sort it."""

    to: str
    status: int
    code: str
    said: str = field(default="", repr=False)

    def __str__(self) -> str:
        """Show what may be shown; the broker's words are left out, they may repeat what was sent."""
        return f"{self.to}: status {self.status} {self.code}".rstrip()

    @property
    def verdict(self) -> Verdict:
        """Return what follows for the caller."""
        return self._meaning[0]

    @property
    def why(self) -> Reason:
        """Return the cause, with the code for whoever looks it up."""
        return reason(self._meaning[1], msg_cd=self.code or "-")

    @property
    def _meaning(self) -> tuple[Verdict, str]:
        known = CODES.get(self.code)
        if known is not None and self.code not in UNCLEAR and known[1] != "kis_refused":
            return known
        if known is None and self.status != _OK:
            # Nobody knows what it means, so nobody knows what became of the call.
            is_key = self.status in _KEY_STATUS
            return (Verdict.KEY, "kis_key_refused") if is_key else (Verdict.TRANSIENT, "kis_code_unknown")
        words = self.said.replace(" ", "")
        for needed, meaning in BY_WORDS:
            if all(word.replace(" ", "") in words for word in needed):
                return meaning
        return known or (Verdict.REJECTED, "kis_refused")


def complaint_in(reply: Reply, value: object) -> Complaint | None:
    """Find a refusal in an answer: by its code, in either of the broker's forms; the status alone proves nothing."""
    row = value if isinstance(value, dict) else {}
    if "rt_cd" in row or "msg_cd" in row:
        if str(row.get("rt_cd", "")).strip() == "0" and reply.status == _OK:
            return None
        code, said = row.get("msg_cd"), row.get("msg1")
    elif "error_code" in row:
        code, said = row.get("error_code"), row.get("error_description")
    elif reply.status == _OK:
        return None
    else:
        code, said = None, None
    code = str(code).strip() if isinstance(code, str | int) else ""
    said = said.strip()[:_TEXT_MAX] if isinstance(said, str) else ""
    return Complaint(reply.to, reply.status, code if _CODE.fullmatch(code) else "", said)


def refusal_of(complaint: Complaint) -> VenueError:
    """Turn a refused question into the error its asker can act on."""
    message, why = str(complaint), complaint.why
    match complaint.verdict:
        case Verdict.TOKEN | Verdict.KEY:
            return KeyRefused(message, why=why)
        case Verdict.RATE:
            return Busy(message, why=why)
        case Verdict.TRANSIENT:
            return NoAnswer(message, why=why)
        case Verdict.CLOSED | Verdict.REJECTED:
            return (NoSuchMarket if why.code == "kis_symbol_wrong" else Refused)(message, why=why)


def order_refusal_of(complaint: Complaint) -> VenueError:
    """Turn a refused order, or a refused change of one, into an error: a refusal only where it is beyond doubt."""
    message, why = str(complaint), complaint.why
    match complaint.verdict:
        case Verdict.CLOSED:
            return MarketClosed(message, retry_after_s=CLOSED_RETRY_S, why=why)
        case Verdict.REJECTED:
            return OrderRejected(message, why=why)
        case Verdict.TRANSIENT:
            return OutcomeUnknown(message)
        case _:
            return refusal_of(complaint)
