"""The JSON: every figure is the view's own, to the last digit, and what goes wrong is said."""

from __future__ import annotations

import math
from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from domain.exact import plain
from domain.reason import reason
from domain.snapshot import RunState
from domain.view import Health, Pulse
from tests.web.shown import LINES, Shelf, full_view, snapshot
from web.page import ENDPOINTS

if TYPE_CHECKING:
    from collections.abc import Callable

    import requests


def test_the_summary_is_the_one_of_the_run(url: str, client: requests.Session, shelf: Shelf) -> None:
    assert shelf.seen is not None

    answer = client.get(f"{url}/api/v1/summary")

    assert answer.json() == shelf.seen.snapshot.summary()
    assert answer.json()["total_pnl"] == "19135.28901234567890123"
    assert answer.headers["Content-Type"] == "application/json"


def test_the_pnl_repeats_the_figures_of_the_summary(url: str, client: requests.Session) -> None:
    pnl, summary = (client.get(f"{url}/api/v1/{name}").json() for name in ("pnl", "summary"))

    assert pnl["last"] == "96543000"
    assert pnl["won"] is None
    assert {name: summary[name] for name in pnl if name not in {"last", "symbol", "won"}} == {
        name: pnl[name] for name in pnl if name not in {"last", "symbol", "won"}
    }


def test_open_orders_are_listed_as_they_stand(url: str, client: requests.Session) -> None:
    orders = client.get(f"{url}/api/v1/orders").json()["orders"]

    assert [order["price"] for order in orders] == [plain(line) for line in LINES[:12]]
    assert orders[6] == {
        "client_id": "bp0a1b2c-7",
        "venue_id": "C7",
        "slot": "1.7",
        "side": "buy",
        "price": "96000000",
        "qty": "0.00103",
        "filled": "0.0004",
        "remaining": "0.00063",
        "state": "partially_filled",
    }


def test_fills_tell_what_they_earned(url: str, client: requests.Session) -> None:
    fills = client.get(f"{url}/api/v1/fills").json()

    assert fills["currency"] == "KRW"
    assert fills["fills"][0] == {
        "at": "2026-03-02T03:58:06Z",
        "fill_id": "t1",
        "client_id": "bp0a1b2c-1",
        "slot": "1.1",
        "side": "sell",
        "price": "96000000",
        "qty": "0.00103",
        "notional": "98880",
        "fee": "39.7",
        "earned": "987.654321",
    }


def test_positions_list_every_lot(url: str, client: requests.Session) -> None:
    positions = client.get(f"{url}/api/v1/positions").json()

    lot = {"qty": "0.00103", "price": "95000000", "fee": "39.7", "cost": "97889.7"}
    assert positions["slots"] == [{"slot": "1.8", "qty": "0.00103", "cost": "97889.7", "lots": [lot]}]
    assert positions["position"] == "0.00731"


def test_decisions_are_told_in_the_language_asked_for(url: str, client: requests.Session) -> None:
    korean = client.get(f"{url}/api/v1/decisions").json()
    english = client.get(f"{url}/api/v1/decisions?lang=en").json()
    unknown = client.get(f"{url}/api/v1/decisions?lang=fr").json()

    assert (korean["language"], english["language"]) == ("ko", "en")
    assert korean["decisions"][1]["sentence"] == "거래소가 다시 답합니다."
    assert english["decisions"][1]["sentence"] == "The exchange answers again."
    assert english["decisions"][2]["weight"] == "warning"
    assert unknown == korean


def test_the_status_says_why_the_bot_does_not_trade(
    serve: Callable[[Shelf], str], client: requests.Session, shelf: Shelf
) -> None:
    why = reason("holdings_short", base="BTC", owned=Decimal("0.00731"), found=Decimal("0.002"))
    shelf.seen = full_view(snapshot(RunState.SAFE), (why,))

    status = client.get(f"{serve(shelf)}/api/v1/status").json()

    assert status["state"] == "safe"
    assert status["standing"][0]["code"] == "holdings_short"
    assert status["standing"][0]["figures"]["found"] == "0.002"
    assert "0.00731" in status["standing"][0]["sentence"]
    assert (status["mode"], status["prices"], status["data_age_s"]) == ("demo", "synthetic", 1.4)


def test_health_is_good_while_all_parts_are_alive(url: str, client: requests.Session) -> None:
    answer = client.get(f"{url}/api/v1/health")

    assert answer.status_code == 200
    assert answer.json()["parts"][1] == {"part": "feed", "alive": True, "age_s": 1.4, "limit_s": 30}


def test_a_part_that_stands_still_turns_health_red(url: str, client: requests.Session, shelf: Shelf) -> None:
    shelf.pulses = Health((Pulse("loop", 0.5, 10), Pulse("feed", 31.0, 30), Pulse("orders", math.inf, 60)))

    answer = client.get(f"{url}/api/v1/health")

    assert answer.status_code == 503
    assert [(part["part"], part["alive"], part["age_s"]) for part in answer.json()["parts"]] == [
        ("loop", True, 0.5),
        ("feed", False, 31.0),
        ("orders", False, None),
    ]


def test_before_the_first_price_there_are_no_figures(url: str, client: requests.Session, shelf: Shelf) -> None:
    shelf.seen = None

    answers = {name: client.get(f"{url}/api/v1/{name}?lang=en") for name in ENDPOINTS}

    assert {name for name, answer in answers.items() if answer.status_code == 503} == {
        *("summary", "pnl", "orders", "fills", "positions", "decisions")
    }
    assert answers["summary"].json()["error"] == "not_begun"
    assert "first price" in answers["summary"].json()["message"]
    assert answers["status"].json()["begun"] is False
    assert answers["report"].json() == {"html": None, "json": None, "written_at": None}


@pytest.mark.parametrize("name", ["", *(f"api/v1/{name}" for name in ENDPOINTS)])
def test_each_answer_is_made_from_one_picture(url: str, client: requests.Session, shelf: Shelf, name: str) -> None:
    assert client.get(f"{url}/{name}").status_code == 200

    assert shelf.looks == (0 if name.endswith("health") else 1)


@pytest.mark.parametrize("name", ["", "api/v1/summary", "static/page.css"])
def test_a_head_request_gets_the_head_alone(url: str, client: requests.Session, name: str) -> None:
    full, head = client.get(f"{url}/{name}"), client.head(f"{url}/{name}")

    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["Content-Length"] == str(len(full.content))


def test_half_a_character_from_a_venue_spoils_no_answer(url: str, client: requests.Session, shelf: Shelf) -> None:
    shelf.seen = full_view(standing=(reason("venue_not_reached", error="bad \ud800 half"),))

    assert client.get(f"{url}/api/v1/status").status_code == 200
    assert client.get(f"{url}/").status_code == 200


def test_a_run_without_a_price_yet_is_told_with_nulls(url: str, client: requests.Session, shelf: Shelf) -> None:
    shelf.seen = full_view(replace(snapshot(), last=None, at=None, started_at=None, lines=()))

    status = client.get(f"{url}/api/v1/status").json()

    assert (status["last"], status["at"], status["started_at"]) == (None, None, None)
    assert client.get(f"{url}/").status_code == 200
