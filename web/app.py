"""The addresses of the page and its JSON, all of them read-only, each answered from one picture of the run."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.responses import Response
from starlette.routing import Route

from domain.clock import iso
from web import answers, files, guard
from web.digits import at_seconds
from web.page import ENDPOINTS, Paper, common
from web.source import LANGUAGES

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.requests import Request

    from domain.view import View
    from web.source import Source, Words

_OK = 200
_UNCHANGED = 304
_NOT_FOUND = 404
_UNAVAILABLE = 503
_FOLDER = "../../reports/"
"""Where reports stand, seen from the address that names them."""


def make_app(source: Source, *, admits: guard.Admits = guard.names_loopback) -> Starlette:
    """Build the pages; `admits` judges by `Host` header and peer who may come in, by default this machine alone."""
    pages = _Pages(source)
    app = Starlette(
        routes=[
            Route("/", pages.page),
            *(Route(f"/api/v1/{name}", getattr(pages, name)) for name in ENDPOINTS),
            Route("/reports/{name}", pages.report_file),
            Route("/static/{name}", pages.static_file),
        ],
        middleware=[Middleware(guard.Guard, admits=admits, refusing=pages.refuse)],
        exception_handlers={_NOT_FOUND: pages.missing},
    )
    # A redirect names the whole address, and nobody behind a prefix knows it.
    app.router.redirect_slashes = False
    return app


class _Pages:
    """One method for each address; they are coroutines only because their thread may serve nobody else meanwhile."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._paper = Paper()
        self._statics = files.statics()

    async def page(self, request: Request) -> Response:
        view, words = self._source.view(), self._words(request)
        newest = None if view is None else files.newest(self._source.reports, view.report)
        report = None if newest is None else (newest[0], at_seconds(newest[2]))
        shared = common(words, self._source.version, "/")
        return _html(self._paper.page(shared, view, self._source.health(), self._source.topics(), report))

    async def health(self, _request: Request) -> Response:
        pulses = self._source.health()
        return _json(answers.health(pulses), _OK if pulses.is_good else _UNAVAILABLE)

    async def status(self, request: Request) -> Response:
        view, pulses = self._source.view(), self._source.health()
        return _json(answers.status(view, pulses, self._source.version, self._words(request)))

    async def summary(self, request: Request) -> Response:
        return self._begun(request, lambda view: view.snapshot.summary())

    async def orders(self, request: Request) -> Response:
        return self._begun(request, answers.orders)

    async def fills(self, request: Request) -> Response:
        return self._begun(request, answers.fills)

    async def positions(self, request: Request) -> Response:
        return self._begun(request, answers.positions)

    async def pnl(self, request: Request) -> Response:
        return self._begun(request, answers.pnl)

    async def decisions(self, request: Request) -> Response:
        return self._begun(request, lambda view: answers.decisions(view, self._words(request)))

    async def report(self, _request: Request) -> Response:
        view = self._source.view()
        newest = None if view is None else files.newest(self._source.reports, view.report)
        if newest is None:
            return _json({"html": None, "json": None, "written_at": None})
        name, twin, written_s = newest
        return _json(
            {
                "html": _FOLDER + name,
                "json": None if twin is None else _FOLDER + twin,
                "written_at": iso(at_seconds(written_s)),
            }
        )

    async def report_file(self, request: Request) -> Response:
        handout = files.report(self._source.reports, request.path_params["name"])
        if handout is None:
            return self.refuse(request, _NOT_FOUND, "page_report_missing")
        response = _file(request, handout)
        response.headers["Content-Security-Policy"] = guard.CSP_REPORT
        return response

    async def static_file(self, request: Request) -> Response:
        handout = self._statics.get(request.path_params["name"])
        return _file(request, handout) if handout else self.refuse(request, _NOT_FOUND, "page_missing")

    async def missing(self, request: Request, _error: Exception) -> Response:
        return self.refuse(request, _NOT_FOUND, "page_missing")

    def refuse(self, request: Request, status: int, code: str) -> Response:
        """Say no: a page of its own for people, JSON for programs and whatever is asked of the API."""
        words, path = self._words(request), request.url.path
        sentence = words.text(code)
        if path.startswith("/api/") or "text/html" not in request.headers.get("accept", ""):
            return _json({"error": code.removeprefix("page_"), "message": sentence}, status)
        shared = common(words, self._source.version, path)
        return _html(self._paper.notice(shared, str(status), sentence, again=status == guard.FAULT), status)

    def _begun(self, request: Request, answer: Callable[[View], dict[str, object]]) -> Response:
        view = self._source.view()
        if view is None:
            return self.refuse(request, _UNAVAILABLE, "page_not_begun")
        return _json(answer(view))

    def _words(self, request: Request) -> Words:
        wanted = request.query_params.get("lang")
        return self._source.words_for(wanted) if wanted in LANGUAGES else self._source.words


def _json(answer: dict[str, Any], status: int = _OK) -> Response:
    # A venue's words may hold half a character, which no encoding has.
    body = json.dumps(answer, ensure_ascii=False, allow_nan=False).encode("utf-8", "replace")
    return Response(body, status, media_type="application/json")


def _html(text: str, status: int = _OK) -> Response:
    return Response(text.encode("utf-8", "replace"), status, media_type="text/html")


def _file(request: Request, handout: files.Handout) -> Response:
    headers = {"ETag": handout.etag, "Last-Modified": handout.changed, "Cache-Control": "no-cache"}
    if handout.is_known(request.headers.get("if-none-match"), request.headers.get("if-modified-since")):
        return Response(status_code=_UNCHANGED, headers=headers)
    return Response(handout.body, headers=headers, media_type=handout.kind)
