"""Who may ask for what: only this machine, only to read; and a fault is an answer."""

from __future__ import annotations

import logging
import socket
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest

from web.app import make_app
from web.guard import names_loopback
from web.page import ENDPOINTS
from web.server import WebServer

if TYPE_CHECKING:
    import requests

    from tests.web.shown import Shelf

EVERYWHERE = ["", "nothing", "reports/x_report.html", "static/page.css", *(f"api/v1/{name}" for name in ENDPOINTS)]


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", "localhost.", "127.0.0.2", "", "[::2]:80"])
def test_a_foreign_name_gets_nothing(url: str, client: requests.Session, shelf: Shelf, host: str) -> None:
    answer = client.get(f"{url}/api/v1/summary", headers={"Host": host})

    assert answer.status_code in {400, 421}
    assert "total_pnl" not in answer.text
    assert shelf.looks == 0


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost:8099", "LOCALHOST", "[::1]:8099"])
def test_every_name_of_this_machine_will_do(url: str, client: requests.Session, host: str) -> None:
    assert client.get(f"{url}/api/v1/summary", headers={"Host": host}).status_code == 200


def test_a_request_without_a_name_gets_nothing(url: str) -> None:
    where = urlsplit(url)
    assert where.hostname is not None
    with socket.create_connection((where.hostname, where.port or 0), timeout=10) as caller:
        caller.sendall(b"GET /api/v1/summary HTTP/1.0\r\n\r\n")
        answer = caller.makefile("rb").read()

    assert answer.startswith(b"HTTP/1.1 421 ")


def test_another_peer_may_be_admitted(shelf: Shelf, client: requests.Session) -> None:
    seen: list[tuple[str, str]] = []

    def admits(host: str, peer: str) -> bool:
        seen.append((host, peer))
        return peer == "127.0.0.1" or names_loopback(host, peer)

    server = WebServer(make_app(shelf, admits=admits), "127.0.0.1", 0, exact=True)
    server.start()
    try:
        assert client.get(f"{server.url}api/v1/summary", headers={"Host": "home.example"}).status_code == 200
    finally:
        assert server.stop(10)
    assert seen == [("home.example", "127.0.0.1")]


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS", "BREW"])
@pytest.mark.parametrize("path", EVERYWHERE)
def test_nothing_can_be_changed(url: str, client: requests.Session, method: str, path: str) -> None:
    answer = client.request(method, f"{url}/{path}", data=b"x" * 10)

    assert answer.status_code == 405
    assert answer.headers["Allow"] == "GET, HEAD"
    assert answer.json()["message"] == "이 주소에서는 읽기(GET)만 할 수 있습니다."


@pytest.mark.parametrize("path", EVERYWHERE)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_every_answer_tells_the_browser_what_it_may_do(
    url: str, client: requests.Session, path: str, method: str
) -> None:
    headers = client.request(method, f"{url}/{path}").headers

    assert headers["Content-Security-Policy"].startswith("default-src 'none'; ")
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "no-referrer"
    assert headers["Cache-Control"] in {"no-store", "no-cache"}
    assert "Server" not in headers


def test_a_missing_page_is_told_to_people_and_to_programs(url: str, client: requests.Session) -> None:
    people = client.get(f"{url}/no/such/page?lang=en", headers={"Accept": "text/html"})
    programs = client.get(f"{url}/api/v1/nothing?lang=en", headers={"Accept": "text/html"})

    assert (people.status_code, programs.status_code) == (404, 404)
    assert "There is nothing at this address." in people.text
    assert 'href="../../"' in people.text
    assert programs.json() == {"error": "missing", "message": "There is nothing at this address."}


@pytest.mark.parametrize("path", ["api/v1/status/", "static", "reports", "reports/", "api", "api/v1/"])
def test_no_address_leads_elsewhere(url: str, client: requests.Session, path: str) -> None:
    answer = client.get(f"{url}/{path}", allow_redirects=False)

    assert answer.status_code == 404


def test_a_view_that_fails_is_an_answer_and_the_server_goes_on(
    url: str, client: requests.Session, shelf: Shelf, caplog: pytest.LogCaptureFixture
) -> None:
    def fail() -> None:
        raise RuntimeError("a figure is missing")

    shelf.looking = fail
    with caplog.at_level(logging.ERROR):
        program = [client.get(f"{url}/api/v1/{name}") for name in ("summary", "summary", "fills")]
        person = client.get(f"{url}/", headers={"Accept": "text/html"})
    shelf.looking = lambda: None

    assert {answer.status_code for answer in (*program, person)} == {500}
    assert program[0].json()["message"].startswith("화면을 만들지 못했습니다.")
    assert "화면을 만들지 못했습니다." in person.text
    assert "a figure is missing" not in program[0].text + person.text
    assert [record.name for record in caplog.records] == ["web"]
    assert client.get(f"{url}/api/v1/summary").status_code == 200


def test_health_needs_no_view(url: str, client: requests.Session, shelf: Shelf) -> None:
    def fail() -> None:
        raise OSError("no such file")

    shelf.looking = fail

    assert client.get(f"{url}/api/v1/health").status_code == 200
