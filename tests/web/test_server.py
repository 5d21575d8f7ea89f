"""The server: its port, its thread, and an end that waits for no client."""

from __future__ import annotations

import asyncio
import logging
import socket
import threading
from typing import TYPE_CHECKING

import pytest
import requests

from domain.errors import ExitCode, SetupError
from reports.wording import LANGUAGES, Wording
from tests.web.shown import Shelf, full_view
from web.app import make_app
from web.server import NEXT_PORTS, WebServer

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from starlette.types import ASGIApp, Receive, Scope, Send

PATIENCE_S = 10


@pytest.fixture
def busy() -> Iterator[int]:
    """Hold a port as another program would."""
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        yield other.getsockname()[1]


def serving(app: ASGIApp, port: int = 0, *, exact: bool = True) -> WebServer:
    server = WebServer(app, "127.0.0.1", port, exact=exact)
    server.start()
    return server


def port_of(server: WebServer) -> int:
    return int(server.url.rstrip("/").rpartition(":")[2])


def caller_of(server: WebServer, sends: bytes = b"") -> socket.socket:
    caller = socket.create_connection(("127.0.0.1", port_of(server)), timeout=PATIENCE_S)
    caller.sendall(sends)
    return caller


def test_a_busy_port_that_was_asked_for_is_refused_with_its_number(shelf: Shelf, busy: int) -> None:
    server = WebServer(make_app(shelf), "127.0.0.1", busy, exact=True)

    with pytest.raises(SetupError) as refused:
        server.start()

    assert refused.value.exit_code is ExitCode.PORT
    assert all(str(busy) in Wording(language).sentence(refused.value.faults[0]) for language in LANGUAGES)
    assert server.stop(0)


def test_a_port_that_was_not_asked_for_makes_way(shelf: Shelf, busy: int) -> None:
    server = serving(make_app(shelf), busy, exact=False)

    assert busy < port_of(server) <= busy + NEXT_PORTS
    assert requests.get(f"{server.url}api/v1/health", timeout=PATIENCE_S).status_code == 200
    assert server.stop(PATIENCE_S)


def test_an_address_that_is_not_ours_is_refused(shelf: Shelf) -> None:
    server = WebServer(make_app(shelf), "192.0.2.1", 0, exact=False)

    with pytest.raises(SetupError) as refused:
        server.start()

    assert refused.value.faults[0].code == "port_refused"


def test_a_restart_gets_the_same_port(shelf: Shelf) -> None:
    first = serving(make_app(shelf))
    with caller_of(first, b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n") as caller:
        assert caller.recv(15) == b"HTTP/1.1 200 OK"
        assert first.stop(PATIENCE_S)

        second = serving(make_app(shelf), port_of(first))

    assert second.url == first.url
    assert second.stop(PATIENCE_S)


def test_the_page_is_up_when_start_returns_and_gone_when_stop_does(shelf: Shelf) -> None:
    server = serving(make_app(shelf))

    assert requests.get(server.url, timeout=PATIENCE_S).status_code == 200
    assert server.stop(PATIENCE_S)
    assert server.stop(PATIENCE_S)
    with pytest.raises(requests.ConnectionError):
        requests.get(server.url, timeout=PATIENCE_S)


def test_a_server_can_be_stopped_at_once(shelf: Shelf) -> None:
    for _ in range(20):
        assert serving(make_app(shelf)).stop(PATIENCE_S)


@pytest.mark.parametrize(
    "sends",
    [b"", b"GET / HT", b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n", b"POST / HTTP/1.1\r\nContent-Length: 9\r\n\r\n"],
    ids=["asks nothing", "asks half", "keeps the connection", "promises a body"],
)
def test_a_client_that_stays_does_not_keep_the_server(shelf: Shelf, sends: bytes) -> None:
    server = serving(make_app(shelf))

    with caller_of(server, sends):
        assert requests.get(server.url, timeout=PATIENCE_S).status_code == 200
        assert server.stop(PATIENCE_S)


def test_a_client_that_never_reads_does_not_keep_the_server(tmp_path: Path) -> None:
    (tmp_path / "bithumb_report.html").write_bytes(b"x" * 30_000_000)
    server = serving(make_app(Shelf(tmp_path, full_view())))

    ask = b"GET /reports/bithumb_report.html HTTP/1.1\r\nHost: localhost\r\n\r\n"
    with caller_of(server, ask) as caller:
        assert caller.recv(15) == b"HTTP/1.1 200 OK"
        assert requests.get(server.url, timeout=PATIENCE_S).status_code == 200
        assert server.stop(PATIENCE_S)


def test_an_answer_on_its_way_is_finished_or_cut_in_time() -> None:
    begun = threading.Event()

    async def never(_scope: Scope, _receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        begun.set()
        await asyncio.Event().wait()

    server = serving(never)
    with caller_of(server, b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"):
        assert begun.wait(PATIENCE_S)
        assert server.stop(PATIENCE_S)


def test_a_view_that_hangs_does_not_hold_up_the_end(shelf: Shelf) -> None:
    hanging, goes_on = threading.Event(), threading.Event()

    def hang() -> None:
        hanging.set()
        goes_on.wait(PATIENCE_S)

    shelf.looking = hang
    server = serving(make_app(shelf))
    with caller_of(server, b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"):
        assert hanging.wait(PATIENCE_S)

        assert not server.stop(0.1)

        goes_on.set()
        assert server.stop(PATIENCE_S)


def test_a_server_that_dies_is_told_once_and_hurts_nobody(caplog: pytest.LogCaptureFixture) -> None:
    dead = threading.Event()

    async def die(_scope: Scope, _receive: Receive, _send: Send) -> None:
        asyncio.get_running_loop().stop()
        dead.set()
        await asyncio.Event().wait()

    with caplog.at_level(logging.ERROR, logger="web"):
        server = serving(die)
        with caller_of(server, b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"):
            assert dead.wait(PATIENCE_S)
            assert server.stop(PATIENCE_S)

    told = [record.getMessage() for record in caplog.records if record.name == "web"]
    assert told == ["the page's server ended by itself; the bot goes on without it"]


def test_many_clients_at_once_are_served(shelf: Shelf) -> None:
    server = serving(make_app(shelf))

    callers = [caller_of(server, b"GET /api/v1/health HTTP/1.1\r\nHost: localhost\r\n\r\n") for _ in range(30)]
    firsts = {caller.recv(15) for caller in callers}

    assert firsts == {b"HTTP/1.1 200 OK"}
    assert server.stop(PATIENCE_S)
    for caller in callers:
        caller.close()
