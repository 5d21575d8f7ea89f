"""Who may pass: keys, pace, token, TR id of this world, and a body that is what its hash says."""

from __future__ import annotations

import hmac
from hashlib import sha256
from typing import TYPE_CHECKING

from simulator.kis.rates import RateJudge
from simulator.kis.routes import LIVE_IDS, OLD_IDS, PAPER_IDS
from simulator.kis.wire import Refused, body_fields, field_missing, gateway, query_fields

if TYPE_CHECKING:
    from simulator.calls import Call
    from simulator.kis.keys import KisKeys
    from simulator.kis.routes import Route
    from simulator.kis.venue import KisVenue

_SIGNS = {"P", "B"}
_ACCOUNT_DIGITS, _PRODUCT_DIGITS = 8, 2


class Gate:
    """Judges the head of a request, then its fields, then whose account it names."""

    def __init__(self, venue: KisVenue) -> None:
        self._venue = venue
        self._rates = RateJudge(venue)

    def key_of(self, call: Call, *, counts: bool) -> str:
        """Return whose key it is; raises `Refused`."""
        app_key, secret = call.headers.get("appkey", ""), call.headers.get("appsecret", "")
        check_pair(self._venue.keys, app_key, secret, Refused)
        if counts:
            self._rates.count(app_key)
        return app_key

    def admit(self, route: Route, call: Call) -> tuple[str, dict[str, str]]:
        """Return the TR id, and the fields by their names in capitals; raises `Refused`."""
        app_key = self.key_of(call, counts=True)
        self._check_token(call, app_key)
        tr_id = self._check_id(route, call, app_key)
        if call.headers.get("custtype", "P") not in _SIGNS:
            raise gateway("EGW00208")
        if route.method == "POST":
            if not call.headers.get("content-type", "").startswith("application/json"):
                raise gateway("EGW00132")
            told = call.headers.get("hashkey")
            if told and not hmac.compare_digest(told.encode(), self.hash_of(app_key, call.body).encode()):
                raise gateway("EGW00131")
            fields = body_fields(call.body)
        else:
            fields = query_fields(call.query)
        self._check_fields(route, fields)
        return tr_id, fields

    def hash_of(self, app_key: str, body: bytes) -> str:
        """Return the hash of exactly these bytes."""
        secret = self._venue.keys.secret_of(app_key) or ""
        return sha256(secret.encode() + body).hexdigest()

    def _check_token(self, call: Call, app_key: str) -> None:
        scheme, _, token = call.headers.get("authorization", "").partition(" ")
        if not token:
            raise gateway("EGW00122")
        if scheme != "Bearer":
            raise gateway("EGW00205")
        fault = self._venue.tokens.fault_of(app_key, token, self._venue.judge_now())
        if fault is not None:
            raise gateway(fault)

    def _check_id(self, route: Route, call: Call, app_key: str) -> str:
        """Judge whether id, key and host belong to one world."""
        venue = self._venue
        tr_id = call.headers.get("tr_id", "")
        if not tr_id:
            raise gateway("OPSQ9999")
        if venue.settings.old_ids:
            tr_id = OLD_IDS.get(tr_id, tr_id)
        on_paper = venue.mode == "paper"
        ours, others = (PAPER_IDS, LIVE_IDS) if on_paper else (LIVE_IDS, PAPER_IDS)
        if tr_id not in ours:
            if tr_id not in others:
                raise gateway("OPSQ0002")
            raise gateway("EGW02006" if on_paper else "EGW02004")
        if app_key != venue.keys.app_key:
            if not on_paper:
                raise gateway("EGW02004")
            if route.kind != "quote" or not venue.settings.live_key_quotes:
                raise gateway("EGW02007")
        if tr_id not in (route.paper_ids if on_paper else route.live_ids):
            raise gateway("EGW00203")
        return tr_id

    def _check_fields(self, route: Route, fields: dict[str, str]) -> None:
        for name in sorted(route.needed):
            if name not in fields:
                raise field_missing(name)
        if route.kind == "order" and "KRX_FWDG_ORD_ORGNO" in fields:
            raise field_missing("KRX_FWDG_ORD_ORGNO")
        if self._venue.settings.strict_parameters:
            for name in sorted(fields.keys() - route.needed - route.optional):
                raise Refused(200, "OPSQ2001", f"ERROR : INPUT FIELD UNKNOWN [{name}]", rt_cd="2")
        if route.kind == "quote":
            return
        number, product = fields["CANO"], fields["ACNT_PRDT_CD"]
        if not (number + product).isdecimal() or (len(number), len(product)) != (_ACCOUNT_DIGITS, _PRODUCT_DIGITS):
            raise gateway("OPSQ2000")
        if (number, product) != self._venue.keys.account:
            raise gateway("IGW00002")


def check_pair(keys: KisKeys, app_key: str, secret: str, refused: type[Refused], status: int = 500) -> None:
    """Raise a refusal where a key pair is not whole or not known."""
    if not app_key:
        raise refused(status, "EGW00102")
    known = keys.secret_of(app_key)
    if known is None:
        raise refused(status, "EGW00103")
    if not secret:
        raise refused(status, "EGW00104")
    if not hmac.compare_digest(secret.encode(), known.encode()):
        raise refused(status, "EGW00105")
