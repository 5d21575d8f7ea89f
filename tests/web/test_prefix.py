"""The page works below any prefix that a proxy takes away: every link of it answers, and none leads out."""

from __future__ import annotations

import re
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import TYPE_CHECKING
from urllib.parse import urljoin, urlsplit

import pytest
import requests

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.web.shown import Shelf

PREFIXES = ("/api/hassio_ingress/nR3-x_9", "/a", "/deep/er/still/x")
_LINKS = re.compile(r'(?:href|src)="([^"]+)"')
_FETCHES = re.compile(r"fetch\(([^,)]+)")


class Stripping(BaseHTTPRequestHandler):
    """Takes the prefix away and adds what Home Assistant adds; anything outside the prefix is an escape."""

    server: Proxy

    def do_GET(self) -> None:
        prefix = self.server.prefix
        if not self.path.startswith(prefix + "/"):
            self.server.escaped.append(self.path)
            self.send_error(404)
            return
        answer = requests.get(
            self.server.behind + self.path.removeprefix(prefix),
            headers={"X-Ingress-Path": prefix, "Accept": self.headers.get("Accept", "*/*")},
            allow_redirects=False,
            timeout=10,
        )
        self.send_response(answer.status_code)
        self.send_header("Content-Type", answer.headers["Content-Type"])
        self.send_header("Content-Length", str(len(answer.content)))
        self.end_headers()
        self.wfile.write(answer.content)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # the name is the base class's
        """Say nothing."""


class Proxy(ThreadingHTTPServer):
    def __init__(self, behind: str, prefix: str) -> None:
        super().__init__(("127.0.0.1", 0), Stripping)
        self.behind = behind
        self.prefix = prefix
        self.escaped: list[str] = []


@pytest.fixture(params=PREFIXES)
def proxy(request: pytest.FixtureRequest, url: str) -> Iterator[Proxy]:
    server = Proxy(url, request.param)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


def test_every_link_answers_below_the_prefix(proxy: Proxy, client: requests.Session, shelf: Shelf) -> None:
    shelf.reports.mkdir()
    (shelf.reports / "bithumb_report.html").write_text("<p>report</p>", encoding="utf-8")
    top = f"http://127.0.0.1:{proxy.server_port}{proxy.prefix}/"
    waiting, seen = [top], dict[str, str]()

    while waiting:
        address = waiting.pop().partition("#")[0]
        if address in seen:
            continue
        answer = client.get(address, headers={"Accept": "text/html"}, allow_redirects=False)
        assert answer.status_code == 200, address
        seen[address] = answer.text
        if answer.headers["Content-Type"].startswith("text/html"):
            waiting += [urljoin(address, link.replace("&amp;", "&")) for link in _LINKS.findall(answer.text)]
        if address.endswith("/api/v1/report"):
            waiting.append(urljoin(address, answer.json()["html"]))

    paths = {urlsplit(address).path.removeprefix(proxy.prefix) for address in seen}
    assert paths >= {"/", "/static/page.js", "/static/page.css", "/api/v1/health", "/reports/bithumb_report.html"}
    assert proxy.escaped == []
    # The script asks for the page it stands in, wherever that is.
    script = seen[urljoin(top, "static/page.js")]
    assert _FETCHES.findall(script) == ["address"]
    assert "address = window.location.pathname + window.location.search" in script
    # A style that names a file by its address would need the same care.
    assert "url(" not in seen[urljoin(top, "static/page.css")]


def test_a_missing_page_leads_back_to_the_first(proxy: Proxy, client: requests.Session) -> None:
    top = f"http://127.0.0.1:{proxy.server_port}{proxy.prefix}/"

    lost = client.get(f"{top}no/such/page", headers={"Accept": "text/html"})

    assert lost.status_code == 404
    links = {urljoin(f"{top}no/such/page", link) for link in _LINKS.findall(lost.text)}
    assert links == {top, *(f"{top}static/{name}" for name in ("icon.svg", "page.css", "page.js"))}
