"""A real server on loopback for each test, gone without a trace at its end."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pytest
import requests

from tests.web.shown import Shelf, full_view
from web.app import make_app
from web.server import WebServer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

STOP_S = 10


@pytest.fixture
def shelf(tmp_path: Path) -> Shelf:
    """Show a full run, without a report yet."""
    return Shelf(tmp_path / "reports", full_view())


@pytest.fixture
def serve() -> Iterator[Callable[[Shelf], str]]:
    """Serve a source; returns the address without its last slash."""
    before = set(threading.enumerate())
    servers: list[WebServer] = []

    def start(source: Shelf) -> str:
        server = WebServer(make_app(source), "127.0.0.1", 0, exact=True)
        server.start()
        servers.append(server)
        return server.url.rstrip("/")

    yield start
    stopped = [server.stop(STOP_S) for server in servers]
    assert all(stopped)
    assert set(threading.enumerate()) <= before


@pytest.fixture
def url(serve: Callable[[Shelf], str], shelf: Shelf) -> str:
    return serve(shelf)


@pytest.fixture
def client() -> Iterator[requests.Session]:
    """Ask directly, whatever proxy the machine knows."""
    with requests.Session() as session:
        session.trust_env = False
        yield session
