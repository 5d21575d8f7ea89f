"""What the owner sees of a demo and of a run on paper: report, page and topics with the ledger's own figures."""

from __future__ import annotations

import json
from contextlib import closing
from typing import TYPE_CHECKING, Any

import requests

from ledger.opening import open_reader
from reports.figures import snapshot_of
from tests.bot.demo_rig import ENGLISH, LIVELY, demo, prices, settings
from tests.bot.own_rig import owner

if TYPE_CHECKING:
    from pathlib import Path

    from tests.bot.demo_rig import Start

FAST = ("--speed", "max", "--exit")
BARS = 12


def twin_in(folder: Path) -> dict[str, Any]:
    read: dict[str, Any] = json.loads((folder / "bithumb_report.json").read_text("utf-8"))
    return read


def page_of(start: Start) -> str:
    """Return where a demo that has begun says that its page is."""
    assert start.until(lambda: "Page: " in start.said()), start.said()
    return next(line.partition(": ")[2] for line in start.said().splitlines() if line.startswith("Page: "))


def test_the_last_report_of_a_demo_says_what_its_line_and_its_ledger_say(tmp_path: Path) -> None:
    with demo(tmp_path, *FAST, *settings(*LIVELY), bars=BARS) as run:
        done = run.play()
        twin = twin_in(run.place / "reports")
        with closing(open_reader(run.place_of_ledger)) as reader:
            booked = snapshot_of(reader).summary()
            orders = {order.client_id for order in reader.open_orders()}
            book = reader.book("KRW-BTC")

    assert twin["summary"] == done.line == booked
    assert done.line["report"] == f"demo/{run.place.name}/reports/bithumb_report.html"
    assert (tmp_path / "data" / done.line["report"]).exists()
    assert {order["order"] for order in twin["open_orders"]} == orders
    assert sum(len(slot) for slot in book.lots.values()) == len(twin["lots"])
    assert twin["prices"] == "recorded"


def test_another_interval_leaves_the_course_of_trading_as_it_is(tmp_path: Path) -> None:
    with demo(tmp_path, *FAST, *settings(*LIVELY), bars=BARS) as run:
        hourly = run.play()
        often = run.play("--fresh", *settings("REPORT_INTERVAL_MINUTES=1"))
        never = run.play("--fresh", *settings("REPORT_INTERVAL_MINUTES=0"))

    assert often.out == hourly.out
    assert never.line == hourly.line | {"report": None}


def test_the_page_of_a_demo_shows_its_figures_and_without_a_broker_its_topics(tmp_path: Path) -> None:
    with demo(tmp_path, *settings(*LIVELY), bars=200, environ=ENGLISH) as run:
        start = run.start("--speed", "60")
        url = page_of(start)
        assert start.until(lambda: requests.get(f"{url}api/v1/status", timeout=5).json()["begun"])
        assert start.until(lambda: requests.get(f"{url}api/v1/summary", timeout=5).json()["fills"] > 0)
        page = requests.get(url, timeout=5).text
        health = requests.get(f"{url}api/v1/health", timeout=5).json()
        start.interrupt()
        done = start.end()

    assert done.code == 0
    assert "DEMO" in page
    assert "bithumb_bot/report/summary" in page
    assert health["healthy"] is True


def test_the_last_report_of_a_run_on_paper_says_what_its_line_says(tmp_path: Path) -> None:
    (tmp_path / "prices.csv").write_text(prices(BARS), "utf-8")
    with owner(tmp_path, {}) as bot:
        start = bot.start("--prices", "prices.csv", "--paper", "--exit", *settings(*LIVELY))
        done = start.end()

    assert done.code == 0, done.err
    assert done.line["report"] == "paper/reports/bithumb_report.html"
    assert twin_in(tmp_path / "data" / "paper" / "reports")["summary"] == done.line


def test_a_demo_that_is_looked_at_from_elsewhere_is_not_there(tmp_path: Path) -> None:
    with demo(tmp_path, *settings(*LIVELY), bars=200, environ=ENGLISH) as run:
        start = run.start("--speed", "60")
        answer = requests.get(page_of(start), headers={"Host": "evil.example"}, timeout=5)
        start.interrupt()
        start.end()

    assert answer.status_code == 421
    assert "KRW" not in answer.text
