"""Reports are handed out from their folder, and nothing else is."""

from __future__ import annotations

import os
from dataclasses import replace
from typing import TYPE_CHECKING
from urllib.parse import urljoin

import pytest
import requests

if TYPE_CHECKING:
    from pathlib import Path

    from tests.web.shown import Shelf


@pytest.fixture
def folder(shelf: Shelf) -> Path:
    shelf.reports.mkdir()
    (shelf.reports / "bithumb_report.html").write_text("<h1>보고서</h1>", encoding="utf-8")
    (shelf.reports / "bithumb_report.json").write_text('{"schema": 1}', encoding="utf-8")
    return shelf.reports


def test_the_newest_report_is_named_relative_to_its_answer(url: str, client: requests.Session, folder: Path) -> None:
    os.utime(folder / "bithumb_report.html", (1_770_000_000, 1_770_000_000))
    where = f"{url}/api/v1/report"

    answer = client.get(where).json()

    assert answer["written_at"] == "2026-02-02T02:40:00Z"
    assert client.get(urljoin(where, answer["html"])).text == "<h1>보고서</h1>"
    assert client.get(urljoin(where, answer["json"])).json() == {"schema": 1}


def test_a_report_without_its_twin_is_named_alone(url: str, client: requests.Session, folder: Path) -> None:
    (folder / "bithumb_report.json").unlink()

    answer = client.get(f"{url}/api/v1/report").json()

    assert (answer["html"], answer["json"]) == ("../../reports/bithumb_report.html", None)


@pytest.mark.usefixtures("folder")
def test_the_page_links_to_the_report(url: str, client: requests.Session) -> None:
    page = client.get(f"{url}/").text

    assert 'href="reports/bithumb_report.html"' in page
    assert client.get(f"{url}/reports/bithumb_report.html").headers["Content-Type"] == "text/html; charset=utf-8"


@pytest.mark.usefixtures("folder")
def test_a_report_keeps_its_style_and_runs_no_script(url: str, client: requests.Session) -> None:
    policy = client.get(f"{url}/reports/bithumb_report.html").headers["Content-Security-Policy"]

    assert policy.startswith("default-src 'none'; style-src 'unsafe-inline'; img-src data:;")
    assert "script" not in policy


def test_a_report_is_sent_again_only_when_it_is_new(url: str, client: requests.Session, folder: Path) -> None:
    address, path = f"{url}/reports/bithumb_report.html", folder / "bithumb_report.html"
    first = client.get(address)
    known = {"If-None-Match": f'"other", W/{first.headers["ETag"]}'}
    since = {"If-Modified-Since": first.headers["Last-Modified"]}

    assert first.headers["Cache-Control"] == "no-cache"
    assert [client.get(address, headers=headers).status_code for headers in (known, since)] == [304, 304]
    assert client.get(address, headers={"If-Modified-Since": "yesterday"}).status_code == 200

    path.write_text("<h1>new</h1>", encoding="utf-8")

    assert client.get(address, headers=known).text == "<h1>new</h1>"


HOSTILE = [
    *("../secret_report.html", "..%2fsecret_report.html", "%2e%2e/secret_report.html", "..%5csecret_report.html"),
    *("sub/deep_report.html", "sub%2fdeep_report.html", "/etc/passwd", "%2fetc%2fpasswd", ".", "..", ".env"),
    *("notes.html", "bithumb_report.html.bak", "bithumb_report.html%00", "bithumb_report.HTML", "_report.html"),
    *("linked_report.html", "folder_report.html", "pipe_report.html", "gone_report.html", "bithumb_report.html%0a"),
    *("보고_report.html", "a" * 65 + "_report.html", "bithumb_report.htm", "bithumb_report.html/"),
]


@pytest.mark.parametrize("name", HOSTILE)
def test_nothing_but_reports_leaves_the_folder(url: str, client: requests.Session, folder: Path, name: str) -> None:
    (folder.parent / "secret_report.html").write_text("secret", encoding="utf-8")
    (folder / "notes.html").write_text("secret", encoding="utf-8")
    (folder / "sub").mkdir()
    (folder / "sub" / "deep_report.html").write_text("secret", encoding="utf-8")
    (folder / "linked_report.html").symlink_to(folder.parent / "secret_report.html")
    (folder / "folder_report.html").mkdir()
    os.mkfifo(folder / "pipe_report.html")

    request = client.prepare_request(requests.Request("GET", f"{url}/reports/x"))
    # As it is written: a client of good manners would tidy it up.
    request.url = f"{url}/reports/{name}"
    answer = client.send(request, allow_redirects=False)

    assert answer.status_code == 404
    assert "secret" not in answer.text


@pytest.mark.parametrize("named", ["../secret_report.html", "x.html", "gone_report.html", "bithumb_report.json", ""])
@pytest.mark.usefixtures("folder")
def test_a_report_that_cannot_be_shown_is_not_linked(
    url: str, client: requests.Session, shelf: Shelf, named: str
) -> None:
    assert shelf.seen is not None
    shelf.seen = replace(shelf.seen, report=named)

    assert client.get(f"{url}/api/v1/report").json()["html"] is None
    assert "reports/" not in client.get(f"{url}/").text
