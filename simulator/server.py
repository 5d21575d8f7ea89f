"""The HTTP side: hands requests to the doors, spoils replies as armed, paces steps, and cuts connections."""

from __future__ import annotations

import asyncio
import logging
import socket
from datetime import UTC
from email.utils import format_datetime
from typing import TYPE_CHECKING, Any, Protocol

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Mount
from uvicorn.protocols.http.h11_impl import H11Protocol

from simulator.calls import Answer, Call

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.types import ASGIApp, Receive, Scope, Send

    from simulator.admin import AdminDoor
    from simulator.faults import Fault
    from simulator.venue import Venue

log = logging.getLogger("simulator")

_SEVER = "simulator.sever"
_FLUSH = "simulator.flush"
_HTML = (
    b"<!DOCTYPE html><html><head><title>Service Temporarily Unavailable</title></head><body>maintenance</body></html>"
)
_BODY_MAX = 1_000_000
# Faults that the door of the venue itself knows how to word.
_WORDED = {"duplicate_fill_report", "not_ready", "stp", "reject", "reject_after_accept"}


class VenueDoor(Protocol):
    """What a venue's wire must answer."""

    def route_name(self, call: Call) -> str | None:
        """Name the route of a call."""
        ...

    def answer(self, call: Call, fault: Fault | None = None) -> Answer:
        """Judge a call and do what it asks."""
        ...

    def note_failed(self, call: Call, status: str) -> None:
        """Count a call that is not answered."""
        ...

    def failure(self, status: int, name: str | None, message: str | None) -> Answer:
        """Return an error body in the venue's own words."""
        ...


class CuttableProtocol(H11Protocol):
    """HTTP/1.1 whose application may cut the connection: a lost reply is not an error reply."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # narrower upstream
        """Give the application the means to cut."""
        super().connection_made(transport)
        app = self.app

        async def cuttable(scope: Scope, receive: Receive, send: Send) -> None:
            scope[_SEVER] = transport.abort
            scope[_FLUSH] = transport.close
            await app(scope, receive, send)

        self.app = cuttable


class VenueServer:
    """The application: the admin door below `/admin`, the venue's wire everywhere else."""

    def __init__(self, venue: Venue, wire: VenueDoor, admin: AdminDoor) -> None:
        self._venue = venue
        self._wire = wire
        self._admin = admin
        self._paced_until_s: float = 0
        self.on_stop: Callable[[], None] = _nothing
        doors = (("/admin", self._serve_admin), ("/", self._serve_venue))
        self.app = Starlette(routes=[Mount(path, app=self._answering_what_is_saved(door)) for path, door in doors])

    def _answering_what_is_saved(self, app: ASGIApp) -> ASGIApp:
        async def serve(scope: Scope, receive: Receive, send: Send) -> None:
            try:
                await app(scope, receive, send)
            except OSError as error:
                # What could not be saved is not answered, and nothing may be promised any more.
                log.error("the books cannot be written: %s", error)  # noqa: TRY400  # the cause is the disk, not a line
                self.on_stop()
                await _sever(scope, receive)

        return serve

    async def _serve_admin(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        body = await request.body()
        path, token = scope["path"], request.headers.get("x-admin-token", "")
        status, answer = self._admin.answer(request.method, path, body, token, _ip(scope))
        if answer.get("print") is not None:
            await self._keep_pace()
        await JSONResponse(answer, status)(scope, receive, send)
        if answer == {"stopping": True}:
            self.on_stop()

    async def _keep_pace(self) -> None:
        """Hold back the answer to a played print so that no more than `speed` are played in a real second."""
        speed = self._venue.settings.speed
        if speed is None:
            return
        now_s, due_s = asyncio.get_running_loop().time(), self._paced_until_s
        gap_s = float(1 / speed)
        self._paced_until_s = max(now_s, due_s) + gap_s
        if due_s > now_s:
            await asyncio.sleep(due_s - now_s)

    async def _serve_venue(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        body = await request.body()
        call = Call(
            method=request.method,
            path=scope["raw_path"].decode("ascii", "replace").partition("?")[0],
            query=scope["query_string"].decode("ascii", "replace"),
            headers={key.lower(): value for key, value in request.headers.items()},
            body=body[:_BODY_MAX],
            ip=_ip(scope),
        )
        name = self._wire.route_name(call)
        fault = None if name is None else self._venue.faults.pick(name)
        if fault is None or fault.kind in _WORDED:
            await self._respond(self._wire.answer(call, fault), scope, receive, send)
        else:
            await self._fail(fault, call, scope, receive, send)

    async def _fail(self, fault: Fault, call: Call, scope: Scope, receive: Receive, send: Send) -> None:
        """Spoil the way there or back."""
        match fault.kind:
            case "drop_connection":
                self._wire.note_failed(call, "dropped")
                await _sever(scope, receive)
            case "lose_reply_after_accept":
                self._wire.answer(call)
                await _sever(scope, receive)
            case "delay":
                delay_s = float(fault.delay_s)
                if not fault.processed:
                    await asyncio.sleep(delay_s)
                answer = self._wire.answer(call)
                if fault.processed:
                    await asyncio.sleep(delay_s)
                await self._respond(answer, scope, receive, send)
            case "half_body":
                await _respond_half(self._wire.answer(call), scope, receive, send)
            case _:
                if fault.processed:
                    self._wire.answer(call)
                else:
                    self._wire.note_failed(call, fault.kind)
                await self._respond(self._bad_answer(fault), scope, receive, send)

    async def _respond(self, answer: Answer, scope: Scope, receive: Receive, send: Send) -> None:
        # The time by which tokens are judged: whose clock is off can see by how much.
        date = format_datetime(self._venue.judge_now().astimezone(UTC), usegmt=True)
        response = Response(answer.body, answer.status, answer.headers | {"Date": date}, answer.content_type)
        await response(scope, receive, send)

    def _bad_answer(self, fault: Fault) -> Answer:
        if fault.kind == "html":
            answer = Answer(fault.status or 503, _HTML, {}, "text/html; charset=utf-8")
        else:
            answer = self._wire.failure(fault.status or 500, fault.name, fault.message)
        if fault.retry_after_s is not None:
            answer.headers["Retry-After"] = str(fault.retry_after_s)
        return answer


def _nothing() -> None:
    """Go on."""


def bind(port: int) -> socket.socket:
    """Listen on loopback only; raises `OSError` where the port is taken."""
    # The protocol is named because asyncio sends small answers without delay on such sockets only.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind(("127.0.0.1", port))
        listener.listen(128)
    except OSError:
        listener.close()
        raise
    return listener


def make_server(server: VenueServer) -> uvicorn.Server:
    """Make a quiet HTTP server for the application."""
    config = uvicorn.Config(
        server.app,
        http=CuttableProtocol,
        ws="none",
        loop="asyncio",
        lifespan="off",
        access_log=False,
        log_level="warning",
        server_header=False,
        date_header=False,
        timeout_graceful_shutdown=3,
    )
    made = uvicorn.Server(config)

    def stop() -> None:
        made.should_exit = True

    server.on_stop = stop
    return made


async def _respond_half(answer: Answer, scope: Scope, receive: Receive, send: Send) -> None:
    """Announce the whole body and send half of it."""
    headers = [(b"content-type", answer.content_type.encode()), (b"content-length", str(len(answer.body)).encode())]
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})
    await send({"type": "http.response.body", "body": answer.body[: len(answer.body) // 2], "more_body": True})
    scope[_FLUSH]()
    await _until_gone(receive)


async def _sever(scope: Scope, receive: Receive) -> None:
    scope[_SEVER]()
    await _until_gone(receive)


async def _until_gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


def _ip(scope: Scope) -> str:
    client: Any = scope.get("client")
    return client[0] if client else ""
