"""Answers calls: folds doubled slashes, asks the gate, hands on to the route, and counts."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from simulator.kis import oauth
from simulator.kis.gate import Gate
from simulator.kis.routes import OAUTH, ROUTES
from simulator.kis.wire import FORBIDDEN, GATEWAY, Ask, OauthRefused, Refused, Said

if TYPE_CHECKING:
    from simulator.calls import Answer, Call
    from simulator.faults import Fault
    from simulator.kis.routes import Route
    from simulator.kis.venue import KisVenue

_SLASHES = re.compile("/{2,}")
_NOT_FOUND = 404
_LISTS = {"ccnl", "nccs"}


@dataclass(frozen=True, slots=True)
class _Found:
    """Where a call goes; `route` is none for the token desk."""

    name: str
    path: str
    route: Route | None


class KisDoor:
    """The wire; everything it accepts is in the books when it returns."""

    def __init__(self, venue: KisVenue) -> None:
        self._venue = venue
        self._gate = Gate(venue)

    def route_name(self, call: Call) -> str | None:
        """Name the route of a call; none where there is no such route."""
        found = _find(call)
        return None if found is None else found.name

    def answer(self, call: Call, fault: Fault | None = None) -> Answer:
        """Judge a call, do what it asks and save it."""
        found = _find(call)
        if found is None:
            # What is sold elsewhere or not built: the query server does not know it.
            known = _SLASHES.sub("/", call.path).startswith("/uapi/")
            answer = Refused(GATEWAY, "OPSQ0002").answer() if known else Refused(_NOT_FOUND, "EGW00202").answer()
        else:
            code = ""
            try:
                answer = self._answered(found, call, fault)
            except Refused as refused:
                answer, code = refused.answer(), f" {refused.code}"
            self._count(found, f"{answer.status}{code}")
        self._venue.commit()
        return answer

    def note_failed(self, call: Call, status: str) -> None:
        """Count a call that is not answered."""
        found = _find(call)
        if found is not None:
            self._count(found, status)
        self._venue.commit()

    def failure(self, status: int, name: str | None, message: str | None) -> Answer:
        """Return an error body as the gateway would write it."""
        return Refused(status, name or "EGW00002", message).answer()

    def _count(self, found: _Found, status: str) -> None:
        venue = self._venue
        venue.requests[f"{found.name} {status}"] += 1
        venue.prices_asked += found.route is not None and found.route.kind == "quote"
        venue.orders_asked += found.name in _LISTS

    def _answered(self, found: _Found, call: Call, fault: Fault | None) -> Answer:
        if found.route is None:
            return self._desk(found, call, fault)
        tr_id, fields = self._gate.admit(found.route, call)
        if fault is not None and fault.kind == "reject":
            raise Refused(fault.status or 200, fault.name or "APBK0919", fault.message)
        ask = Ask(self._venue, fields, tr_id, call.headers.get("tr_cont", "") == "N", fault)
        said = found.route.handler(ask)
        if fault is not None and fault.kind == "duplicate_fill_report":
            said = _with_rows_twice(said)
        return said.answer(tr_id)

    def _desk(self, found: _Found, call: Call, fault: Fault | None) -> Answer:
        if fault is not None and fault.kind == "reject":
            raise OauthRefused(fault.status or FORBIDDEN, fault.name or "EGW00103", fault.message)
        if found.name == "hashkey":
            return oauth.hashkey(self._venue, call, self._gate)
        desk = {"token": oauth.token, "revoke": oauth.revoke, "approval": oauth.approval}[found.name]
        return desk(self._venue, call)


def _find(call: Call) -> _Found | None:
    path = _SLASHES.sub("/", call.path)
    if (name := OAUTH.get(path)) is not None:
        return _Found(name, path, None) if call.method == "POST" else None
    route = next((each for each in ROUTES if (each.method, each.path) == (call.method, path)), None)
    if route is None:
        return None
    name = "revise" if route.name == "cancel" and _revises(call.body) else route.name
    return _Found(name, path, route)


def _revises(body: bytes) -> bool:
    try:
        fields = json.loads(body)
    except (ValueError, RecursionError):
        return False
    return isinstance(fields, dict) and fields.get("RVSE_CNCL_DVSN_CD") == "01"


def _with_rows_twice(said: Said) -> Said:
    """Say every row of a list twice."""
    payload: dict[str, Any] = {
        name: [row for row in rows for _ in range(2)] if isinstance(rows, list) else rows
        for name, rows in said.payload.items()
    }
    return Said(said.code, payload, said.tr_cont, said.padded)
