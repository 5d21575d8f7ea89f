"""What stands before every page: who may ask, what may be asked, and what a browser is told about the answer."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable
from traceback import extract_tb
from typing import TYPE_CHECKING

from starlette.datastructures import MutableHeaders
from starlette.requests import Request

if TYPE_CHECKING:
    from starlette.responses import Response
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

log = logging.getLogger("web")

METHODS = ("GET", "HEAD")

_LOOPBACK = re.compile(r"(127\.0\.0\.1|localhost|\[::1\])(:[0-9]{1,5})?", re.IGNORECASE)
_AROUND = "frame-ancestors 'self'; base-uri 'none'; form-action 'none'"
_CSP = f"default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; connect-src 'self'; {_AROUND}"
# A report is one file with its style inside; whatever it may hold, no script of it runs.
CSP_REPORT = f"default-src 'none'; style-src 'unsafe-inline'; img-src data:; {_AROUND}"

_HEADERS = {
    "Content-Security-Policy": _CSP,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}
_MISDIRECTED = 421
_METHOD = 405
FAULT = 500
_PLACES_MAX = 100

Admits = Callable[[str, str], bool]
"""Whether a request may come in, by its `Host` header and the address of its peer."""

Refusing = Callable[[Request, int, str], "Response"]
"""Makes the answer that says no: the request, a status, the code of its sentence."""


def names_loopback(host: str, _peer: str) -> bool:
    """Admit who calls this machine by a name of its own: a stranger's page has its own name in the header."""
    return _LOOPBACK.fullmatch(host) is not None


class Guard:
    """Wraps the pages; a fault behind it becomes an answer, and the server goes on."""

    def __init__(self, app: ASGIApp, *, admits: Admits, refusing: Refusing) -> None:
        self._app = app
        self._admits = admits
        self._refusing = refusing
        self._told: set[str] = set()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        dressed = _dressed(send)
        request = Request(scope)
        peer = scope["client"][0] if scope.get("client") else ""
        if not self._admits(request.headers.get("host", ""), peer):
            await self._refusing(request, _MISDIRECTED, "page_host_refused")(scope, receive, dressed)
        elif request.method not in METHODS:
            refusal = self._refusing(request, _METHOD, "page_read_only")
            refusal.headers["Allow"] = ", ".join(METHODS)
            await refusal(scope, receive, dressed)
        else:
            try:
                await self._app(scope, receive, dressed)
            except Exception as error:  # noqa: BLE001  # the top of a request: whatever broke, the next one is answered
                self._tell(error)
                await self._refusing(request, FAULT, "page_fault")(scope, receive, dressed)

    def _tell(self, error: Exception) -> None:
        """Log a fault once for the place it comes from: a page that asks every few seconds would fill the log."""
        where = next(iter(extract_tb(error.__traceback__)[::-1]), None)
        place = type(error).__name__ if where is None else f"{type(error).__name__} {where.filename}:{where.lineno}"
        if place not in self._told and len(self._told) < _PLACES_MAX:
            self._told.add(place)
            log.error("the page could not be made, told once: %s", place, exc_info=error)


def _dressed(send: Send) -> Send:
    async def dressed(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            for name, value in _HEADERS.items():
                headers.setdefault(name, value)
        await send(message)

    return dressed
