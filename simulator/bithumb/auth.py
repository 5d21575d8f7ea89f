"""Judges a token: three parts, HS256, our key, a fresh time and nonce, and the hash of exactly what was sent."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
import re
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from simulator.bithumb.wire import Refused, millis

if TYPE_CHECKING:
    from datetime import datetime

    from simulator.bithumb.venue import BithumbVenue
    from simulator.bithumb.wire import Parameters
    from simulator.calls import Call

_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE | re.ASCII)
_NONCES_KEPT = 100_000
_PARTS = 3
# Seconds since 1970 have ten digits, milliseconds thirteen.
_LEAST_MILLIS = 10**12


class Gatekeeper:
    """Remembers used nonces; forgets them when the process ends."""

    def __init__(self, venue: BithumbVenue) -> None:
        self._venue = venue
        self._nonces: dict[str, int] = {}

    def admit(self, call: Call, parameters: Parameters | None, scope: str | None) -> None:
        """Raise `Refused` where a private request may not pass; `parameters` is none where the body is no object."""
        venue, names = self._venue, self._venue.settings.names
        claims = self._claims(call)
        self._check_time(claims, names)
        if parameters is not None:
            self._check_hash(claims, parameters)
        settings = venue.settings
        if settings.member_blocked:
            raise Refused(403, "blocked_member_id")
        if venue.judge_now() >= venue.key_expire_at:
            raise Refused(401, names["key_expired"])
        if settings.key_ips and call.ip not in settings.key_ips:
            raise Refused(401, "NotAllowIP")
        if scope is not None and scope not in settings.key_scopes:
            raise Refused(401, "out_of_scope")

    def _claims(self, call: Call) -> dict[str, Any]:
        """Return the claims of a token that is ours by its signature."""
        scheme, _, token = call.headers.get("authorization", "").partition(" ")
        parts = token.split(".")
        wrong = Refused(401, "jwt_verification")
        if scheme != "Bearer" or len(parts) != _PARTS:
            raise wrong
        try:
            header, claims = (json.loads(_unpacked(part)) for part in parts[:2])
            signature = _unpacked(parts[2])
        except (ValueError, binascii.Error):
            raise wrong from None
        if not isinstance(header, dict) or header.get("alg") != "HS256" or not isinstance(claims, dict):
            raise wrong
        secret = self._venue.keys.secret_key.encode()
        signed = f"{parts[0]}.{parts[1]}".encode()
        if not hmac.compare_digest(hmac.new(secret, signed, hashlib.sha256).digest(), signature):
            raise wrong
        if claims.get("access_key") != self._venue.keys.access_key:
            raise Refused(401, self._venue.settings.names["unknown_key"])
        return claims

    def _check_time(self, claims: dict[str, Any], names: dict[str, str]) -> None:
        """Judge the time and the nonce."""
        settings, now = self._venue.settings, self._venue.judge_now()
        at, nonce = claims.get("timestamp"), claims.get("nonce")
        if type(at) is not int or at < _LEAST_MILLIS:
            raise Refused(401, "jwt_verification", "timestamp is no whole number of milliseconds")
        if not isinstance(nonce, str) or not nonce or (settings.nonce_uuid and not _UUID.fullmatch(nonce)):
            raise Refused(401, "jwt_verification", "nonce is no UUID")
        if abs(at - millis(now)) > settings.timestamp_window_s * 1000:
            raise Refused(401, "expired_jwt")
        self._forget(now)
        if nonce in self._nonces:
            raise Refused(401, names["nonce_used"])
        self._nonces[nonce] = at

    def _forget(self, now: datetime) -> None:
        """Forget nonces whose time would be refused anyway."""
        if len(self._nonces) > _NONCES_KEPT:
            oldest = millis(now - timedelta(seconds=int(self._venue.settings.timestamp_window_s) + 1))
            self._nonces = {nonce: at for nonce, at in self._nonces.items() if at >= oldest}

    def _check_hash(self, claims: dict[str, Any], parameters: Parameters) -> None:
        wrong = Refused(401, "invalid_query_payload")
        told, algorithm = claims.get("query_hash"), claims.get("query_hash_alg")
        if not parameters.pairs:
            if told is not None or algorithm is not None:
                raise wrong
            return
        if algorithm != "SHA512" or not isinstance(told, str):
            raise wrong
        wanted = self._venue.settings.query_hash_form
        for form, text in (("raw", parameters.raw), ("sent", parameters.sent)):
            if wanted in {form, "either"} and told == hashlib.sha512(text.encode(errors="surrogatepass")).hexdigest():
                self._venue.hash_forms["same" if parameters.raw == parameters.sent else form] += 1
                return
        raise wrong


def _unpacked(part: str) -> bytes:
    """Decode a part of a token: base64 for URLs, without padding."""
    if "=" in part:
        raise ValueError("padded")
    return base64.b64decode(part + "=" * (-len(part) % 4), altchars=b"-_", validate=True)
