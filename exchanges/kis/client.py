"""Calls to KIS: signed with the key's token, paced by its budget, judged by the code in the answer."""

from __future__ import annotations

import json
import logging
from typing import TYPE_CHECKING

from domain.errors import OutcomeUnknown, RateLimited, VenueUnavailable
from domain.reason import reason
from exchanges.kis.calls import HASHKEY_PATH, Mode
from exchanges.kis.codes import Verdict
from exchanges.kis.errors import Busy, complaint_in, order_refusal_of, refusal_of
from exchanges.transport import NoAnswer, Request, Unreadable

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from exchanges.kis.budget import Budget
    from exchanges.kis.calls import Endpoint
    from exchanges.kis.errors import Complaint
    from exchanges.kis.tokens import AppKey, Tokens
    from exchanges.transport import Door, Reply

log = logging.getLogger(__name__)

PAGES_MAX = 100

_READ_PAUSES_S = (0.3, 1.0, 2.0)
_ORDER_PAUSE_S = 1.0
_JSON = "application/json; charset=utf-8"
_UNRESERVED = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")
_HASHES_MAX = 256


class _TokenRefused(Exception):
    """The token is not taken any more; carries the refusal."""

    def __init__(self, complaint: Complaint) -> None:
        super().__init__(str(complaint))
        self.complaint = complaint


class Client:
    """Makes the calls of one key in one of the two worlds."""

    def __init__(
        self, door: Door, app: AppKey, mode: Mode, tokens: Tokens, budget: Budget, *, use_hashkey: bool = False
    ) -> None:
        """Prepare; the first call connects."""
        self._door = door
        self._app = app
        self._mode = mode
        self._tokens = tokens
        self._budget = budget
        self._use_hashkey = use_hashkey
        self._hashes: dict[bytes, str] = {}

    @property
    def mode(self) -> Mode:
        """Return in which world the calls are made."""
        return self._mode

    def read(self, endpoint: Endpoint, *params: tuple[str, str]) -> Mapping[str, object]:
        """Ask, a few times where no answer comes; raises what `refusal_of` says, and `VenueUnavailable`."""
        return self._page(endpoint, params, "")[0]

    def pages(self, endpoint: Endpoint, *params: tuple[str, str]) -> list[Mapping[str, object]]:
        """Ask for a list, page by page; one page that cannot be had makes the whole list fail."""
        pages: list[Mapping[str, object]] = []
        key, continued = ("", ""), ""
        while len(pages) < PAGES_MAX:
            asked = (*params, ("CTX_AREA_FK200", key[0]), ("CTX_AREA_NK200", key[1]))
            row, more = self._page(endpoint, asked, continued)
            pages.append(row)
            former, key = key, (_as_received(row, "ctx_area_fk200"), _as_received(row, "ctx_area_nk200"))
            if more not in {"F", "M"} or key == former or not "".join(key).strip():
                return pages
            continued = "N"
        raise NoAnswer(f"{endpoint.path}: the list has no end", why=reason("kis_list_endless"))

    def write(self, endpoint: Endpoint, body: Mapping[str, str]) -> Mapping[str, object]:
        """Send an order, or a change of one; raises `OutcomeUnknown` where nobody knows what became of it.

        Repeated only after an answer that says it was not executed: once for a new token, once for the pace.
        """
        sent = json.dumps(body, separators=(",", ":")).encode()
        token = self._tokens.current(patient=False)
        headers = {"hashkey": digest} if self._use_hashkey and (digest := self._hash_of(sent)) else {}
        may_repeat = {Verdict.TOKEN, Verdict.RATE}
        message = ""
        while not message:
            self._budget.turn(order=True)
            signed = self._headers(endpoint, token) | headers
            reply = self._door.send(Request(endpoint.method, endpoint.path, headers=signed, body=sent))
            try:
                row, complaint = _read_answer(reply)
            except NoAnswer as lost:
                message = str(lost)
                continue
            if complaint is None:
                return row
            log.info("kis refused %s", complaint)
            if complaint.verdict not in may_repeat:
                if complaint.verdict is Verdict.TOKEN:
                    self._tokens.given_up()
                raise order_refusal_of(complaint)
            may_repeat.discard(complaint.verdict)
            if complaint.verdict is Verdict.TOKEN:
                token = self._tokens.replaced(token, patient=False)
            else:
                self._budget.refused(_ORDER_PAUSE_S)
        # Raised out here, so that the answer does not travel along.
        raise OutcomeUnknown(message)

    def _page(
        self, endpoint: Endpoint, params: Sequence[tuple[str, str]], continued: str
    ) -> tuple[Mapping[str, object], str]:
        """Return an answer, and what its head says of further pages."""
        for pause_s in _READ_PAUSES_S:
            try:
                return self._with_token(endpoint, params, continued)
            except Busy:
                self._budget.refused(pause_s)
        return self._with_token(endpoint, params, continued)

    def _with_token(
        self, endpoint: Endpoint, params: Sequence[tuple[str, str]], continued: str
    ) -> tuple[Mapping[str, object], str]:
        token = self._tokens.current()
        try:
            return self._asked(endpoint, params, continued, token)
        except _TokenRefused:
            token = self._tokens.replaced(token)
        try:
            return self._asked(endpoint, params, continued, token)
        except _TokenRefused as refused:
            self._tokens.given_up()
            refusal = refusal_of(refused.complaint)
        raise refusal

    def _asked(
        self, endpoint: Endpoint, params: Sequence[tuple[str, str]], continued: str, token: str
    ) -> tuple[Mapping[str, object], str]:
        query = "&".join(f"{key}={_quoted(value)}" for key, value in params)

        def request() -> Request:
            self._budget.turn(order=False)
            headers = self._headers(endpoint, token) | {"tr_cont": continued}
            return Request("GET", endpoint.path, query, headers)

        return self._door.read(request, self._judged)

    def _judged(self, reply: Reply) -> tuple[Mapping[str, object], str]:
        row, complaint = _read_answer(reply)
        if complaint is None:
            return row, reply.headers.get("tr_cont", "").strip().upper()
        log.info("kis refused %s", complaint)
        if complaint.verdict is Verdict.TOKEN:
            raise _TokenRefused(complaint)
        raise refusal_of(complaint)

    def _headers(self, endpoint: Endpoint, token: str) -> dict[str, str]:
        if not endpoint.served(self._mode):
            message = f"{endpoint.path} is not there in {self._mode} mode"
            raise ValueError(message)
        return {
            "Content-Type": _JSON,
            "Accept": "application/json",
            "authorization": f"Bearer {token}",
            "appkey": self._app.key,
            "appsecret": self._app.secret,
            "tr_id": endpoint.tr_id(self._mode),
            "custtype": "P",
            "tr_cont": "",
        }

    def _hash_of(self, sent: bytes) -> str:
        """Return the venue's hash of a body; empty where it cannot be had: it is optional."""
        if sent in self._hashes:
            return self._hashes[sent]
        for _ in range(2):
            try:
                digest = self._asked_hash(sent)
            except (VenueUnavailable, RateLimited, OutcomeUnknown) as trouble:
                log.info("no hashkey: %s", trouble)
                continue
            if len(self._hashes) >= _HASHES_MAX:
                self._hashes.clear()
            self._hashes[sent] = digest
            return digest
        return ""

    def _asked_hash(self, sent: bytes) -> str:
        headers = {"Content-Type": _JSON, "appkey": self._app.key, "appsecret": self._app.secret}
        self._budget.turn(order=True)
        reply = self._door.send(Request("POST", HASHKEY_PATH, headers=headers, body=sent))
        value = None if reply.is_page else reply.json()
        digest = value.get("HASH") if isinstance(value, dict) else None
        if not isinstance(digest, str) or not digest.isalnum() or not digest.isascii():
            raise Unreadable("hashkey: no hash in the answer")
        return digest


def _read_answer(reply: Reply) -> tuple[Mapping[str, object], Complaint | None]:
    """Return the object of an answer with the refusal in it, if there is one; raises `NoAnswer` for anything else."""
    if reply.is_page:
        raise NoAnswer(f"{reply.to}: a page with status {reply.status}", why=reason("kis_maintenance"))
    value = reply.json()
    complaint = complaint_in(reply, value)
    if not isinstance(value, dict) or (complaint is None and "rt_cd" not in value):
        raise Unreadable(f"{reply.to}: status {reply.status} without rt_cd")
    return value, complaint


def _as_received(row: Mapping[str, object], key: str) -> str:
    value = row.get(key, "")
    return value if isinstance(value, str) else ""


def _quoted(text: str) -> str:
    """Write a value as it may stand in a query."""
    return "".join(chr(byte) if byte in _UNRESERVED else f"%{byte:02X}" for byte in text.encode())
