"""A server on loopback that answers what a test tells it to, and remembers what it was asked."""

from __future__ import annotations

import json
import threading
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from types import TracebackType

NOON = datetime(2026, 11, 20, 3, 0, tzinfo=UTC)  # noon in Seoul


@dataclass
class Said:
    """One answer. `cut` sends only so many bytes of the body; `hold` answers only when the test is over."""

    status: int = 200
    value: object = None
    content_type: str = "application/json;charset=UTF-8"
    headers: dict[str, str] = field(default_factory=dict)
    raw: bytes | None = None
    cut: int | None = None
    hold: bool = False
    drop: bool = False
    trickle: bool = False
    date: datetime | None = None

    @property
    def body(self) -> bytes:
        return json.dumps(self.value).encode() if self.raw is None else self.raw


@dataclass(frozen=True)
class Asked:
    """One request as it stood on the wire."""

    method: str
    path: str
    query: str
    headers: dict[str, str]
    body: bytes


def page(status: int = 200) -> Said:
    return Said(status, content_type="text/html; charset=utf-8", raw=b"<!doctype html><title>x</title>")


def error(status: int, name: str | int, message: str = "no") -> Said:
    return Said(status, {"error": {"name": name, "message": message}})


class Stub:
    """Answers by method and path: one after the other, the last one for ever."""

    def __init__(self) -> None:
        self.asked: list[Asked] = []
        self.date = NOON
        self.over = threading.Event()
        self._says: dict[tuple[str, str], list[Said]] = defaultdict(list)
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.over.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def says(self, method: str, path: str, *answers: Said | object) -> None:
        self._says[method, path] = [each if isinstance(each, Said) else Said(value=each) for each in answers]

    def answer(self, asked: Asked) -> Said:
        self.asked.append(asked)
        left = self._says.get((asked.method, asked.path), [])
        if not left:
            return Said(404, {"name": "not_found", "message": "No Route matched with those values"})
        return left.pop(0) if len(left) > 1 else left[0]

    def asked_for(self, path: str) -> list[Asked]:
        return [asked for asked in self.asked if asked.path == path]


def _handler(stub: Stub) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True  # else the body waits for the head to be acknowledged

        def do_GET(self) -> None:
            path, _, query = self.path.partition("?")
            body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
            said = stub.answer(Asked(self.command, path, query, dict(self.headers), body))
            if said.hold:
                stub.over.wait()
            if said.drop or said.hold:
                self.close_connection = True
                return
            self.send_response_only(said.status)
            self.send_header("Date", format_datetime(said.date or stub.date, usegmt=True))
            self.send_header("Content-Type", said.content_type)
            self.send_header("Content-Length", str(len(said.body)))
            for name, value in said.headers.items():
                self.send_header(name, value)
            self.end_headers()
            self._send(said)

        do_POST = do_GET  # noqa: N815 - the library calls methods by the name of the HTTP method
        do_DELETE = do_GET  # noqa: N815 - the library calls methods by the name of the HTTP method

        def _send(self, said: Said) -> None:
            body = said.body if said.cut is None else said.body[: said.cut]
            try:
                if said.trickle:
                    for byte in body:
                        self.wfile.write(bytes([byte]))
                        if stub.over.wait(0.02):
                            break
                else:
                    self.wfile.write(body)
            except ConnectionError:
                self.close_connection = True
            if said.cut is not None:
                self.close_connection = True

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    return Handler


class HandClock:
    """A clock that the test sets, and that waiting moves on."""

    def __init__(self, at: datetime = NOON) -> None:
        self.at = at
        self.waits: list[float] = []

    def now(self) -> datetime:
        return self.at

    def wait(self, pause_s: float) -> None:
        self.waits.append(pause_s)
        self.at += timedelta(seconds=pause_s)
