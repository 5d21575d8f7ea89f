"""The token desk's counter: tokens, their end, the websocket's key, and hashes of bodies."""

from __future__ import annotations

import json
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from simulator.kis.gate import check_pair
from simulator.kis.tokens import TooSoon
from simulator.kis.wire import FORBIDDEN, OauthRefused, gateway, kst, reply

if TYPE_CHECKING:
    from simulator.calls import Answer, Call
    from simulator.kis.gate import Gate
    from simulator.kis.venue import KisVenue

Body = dict[str, Any]


def token(venue: KisVenue, call: Call) -> Answer:
    """Issue a token: at most one a minute, within six hours the same one."""
    asked = _read(call)
    app_key = _pair(venue, asked, "appsecret")
    _check_grant(asked)
    now = venue.judge_now()
    try:
        given = venue.tokens.issue(app_key, str(asked["appsecret"]), now, venue.settings)
    except TooSoon:
        raise OauthRefused(FORBIDDEN, "EGW00133") from None
    venue.note_changed()
    return reply(
        {
            "access_token": given.text,
            "token_type": "Bearer",
            "expires_in": int((given.expires_at - now).total_seconds()),
            "access_token_token_expired": kst(given.expires_at, "%Y-%m-%d %H:%M:%S"),
        }
    )


def revoke(venue: KisVenue, call: Call) -> Answer:
    """End a token."""
    asked = _read(call)
    app_key = _pair(venue, asked, "appsecret")
    if not venue.tokens.revoke(app_key, str(asked.get("token", ""))):
        raise OauthRefused(FORBIDDEN, "EGW00121")
    venue.note_changed()
    return reply({"code": 200, "message": "접근토큰 폐기에 성공하였습니다"})


def approval(venue: KisVenue, call: Call) -> Answer:
    """Issue the key with which a websocket is opened; the secret goes under another name here."""
    asked = _read(call)
    app_key = _pair(venue, asked, "secretkey")
    _check_grant(asked)
    digits = sha256(f"{asked['secretkey']}/{app_key}/{venue.judge_now().isoformat()}".encode()).hexdigest()
    key = "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:32]))
    return reply({"approval_key": key})


def hashkey(venue: KisVenue, call: Call, gate: Gate) -> Answer:
    """Hash a body, byte by byte as it came."""
    app_key = gate.key_of(call, counts=venue.settings.hashkey_counts)
    try:
        echoed = json.loads(call.body)
    except (ValueError, RecursionError):
        raise gateway("OPSQ9997") from None
    return reply({"BODY": echoed, "HASH": gate.hash_of(app_key, call.body)})


def _read(call: Call) -> Body:
    if not call.headers.get("content-type", "").startswith("application/json"):
        raise OauthRefused(FORBIDDEN, "EGW00132")
    try:
        asked = json.loads(call.body)
    except (ValueError, RecursionError):
        raise OauthRefused(FORBIDDEN, "EGW00101") from None
    if not isinstance(asked, dict):
        raise OauthRefused(FORBIDDEN, "EGW00101")
    return asked


def _pair(venue: KisVenue, asked: Body, secret_name: str) -> str:
    app_key = str(asked.get("appkey", ""))
    check_pair(venue.keys, app_key, str(asked.get(secret_name, "")), OauthRefused, FORBIDDEN)
    return app_key


def _check_grant(asked: Body) -> None:
    if "grant_type" not in asked:
        raise OauthRefused(FORBIDDEN, "EGW00115")
    if asked["grant_type"] != "client_credentials":
        raise OauthRefused(FORBIDDEN, "EGW00116")
