"""The market's process: found alive it is used again, killed it goes on on the same books, and nothing is hidden."""

import json
import os
import signal
import subprocess
import sys
from decimal import Decimal
from pathlib import Path

import pytest

from bot.demo.process import open_market, stop_market
from bot.demo.wanted import MarketWanted, drawn_prices, endless_prices
from bot.lock import instance_lock
from domain.errors import ExitCode, SetupError
from tests.bot.demo.markets import ONE_DAY, Markets, customer_of, recorded, wanted
from tests.house.tree import ROOT
from tests.simulator.customer import HttpCustomer

ELSEWHERE = '{"url": "http://192.0.2.1:80", "access_key": "a", "secret_key": "s", "admin_token": "t"}'


def customer_in(folder: Path) -> HttpCustomer:
    return HttpCustomer(json.loads((folder / "venue" / "address.json").read_text()))


def refusal_of(folder: Path, market: MarketWanted | None = None, *, start_s: float = 20) -> SetupError:
    with pytest.raises(SetupError) as caught:
        open_market(folder, market or wanted(), start_s=start_s)
    return caught.value


def test_a_market_that_lives_is_found_and_used_again_at_the_speed_wanted_now(tmp_path: Path, markets: Markets) -> None:
    first = markets.open(tmp_path)
    first.door.step(None)

    second = markets.open(tmp_path, speed=Decimal("7.5"))

    assert (first.is_new, second.is_new, second.process) == (True, False, None)
    assert (second.url, second.keys) == (first.url, first.keys)
    assert second.told.played == 2
    assert customer_in(tmp_path).admin("settings", method="GET")["settings"]["speed"] == "7.5"


def test_a_killed_market_is_started_again_on_the_same_books(tmp_path: Path, markets: Markets) -> None:
    first = markets.open(tmp_path)
    assert customer_in(tmp_path).place("bid", "90000000", "0.001", "one")[0] == 200
    first.door.step(None)
    before = first.door.books()
    markets.kill(first)

    second = markets.open(tmp_path)

    assert second.process is not None
    assert not second.is_new
    assert second.keys == first.keys
    assert second.door.books() == before
    assert [order.client_order_id for order in before.orders] == ["one"]


def test_a_market_outlives_the_bot_that_started_it(tmp_path: Path) -> None:
    program = (
        "import os, signal\nfrom pathlib import Path\n"
        "from bot.demo.process import open_market\nfrom tests.bot.demo.markets import wanted\n"
        f"market = open_market(Path({str(tmp_path)!r}), wanted())\n"
        "os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    bot = subprocess.run([sys.executable, "-c", program], cwd=ROOT, check=False, timeout=60)
    try:
        again = open_market(tmp_path, wanted())
        again.close()

        assert bot.returncode == -signal.SIGKILL
        assert again.process is None
    finally:
        stop_market(tmp_path)


def test_what_is_sent_to_all_programs_of_a_terminal_does_not_reach_a_market(tmp_path: Path, markets: Markets) -> None:
    process = markets.open(tmp_path).process

    assert process is not None
    assert os.getsid(process.pid) == process.pid


@pytest.mark.parametrize("alive", [True, False])
def test_another_market_is_refused_and_told_to_begin_anew(tmp_path: Path, markets: Markets, *, alive: bool) -> None:
    market = markets.open(tmp_path, drawn_prices(2, None))
    if not alive:
        markets.kill(market)

    refused = refusal_of(tmp_path)

    assert refused.exit_code is ExitCode.SETTINGS
    assert str(refused) == f"demo_market_changed path={tmp_path}"


def test_damaged_books_are_refused_and_left_as_they_are(tmp_path: Path) -> None:
    books = tmp_path / "venue" / "books.jsonl"
    books.parent.mkdir()
    books.write_bytes(b"not json\n")

    refused = refusal_of(tmp_path)

    assert refused.exit_code is ExitCode.LEDGER
    assert books.read_bytes() == b"not json\n"


def test_a_price_file_that_the_simulator_does_not_take_is_named(tmp_path: Path) -> None:
    prices = recorded(tmp_path / "prices.csv")
    (tmp_path / "prices.csv").unlink()

    refused = refusal_of(tmp_path / "demo", wanted(prices))

    assert refused.exit_code is ExitCode.PRICE_FILE
    assert "prices.csv" in str(refused)
    assert "prices.csv" in (tmp_path / "demo" / "venue" / "simulator.log").read_text()


def test_a_market_the_simulator_cannot_make_is_our_fault_and_leaves_its_words(tmp_path: Path) -> None:
    refused = refusal_of(tmp_path, MarketWanted("EUR-BTC", ONE_DAY, cash=Decimal(1), speed=None))

    assert refused.exit_code is ExitCode.OUR_FAULT
    assert "--market" in (tmp_path / "venue" / "simulator.log").read_text()


def test_a_folder_that_cannot_be_written_is_a_fault_of_the_disk(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")

    assert refusal_of(tmp_path / "file").exit_code is ExitCode.DISK


def test_a_market_that_is_too_slow_to_start_is_ended(tmp_path: Path, markets: Markets) -> None:
    refused = refusal_of(tmp_path, wanted(endless_prices()), start_s=0)

    assert refused.exit_code is ExitCode.OUR_FAULT
    assert str(refused).startswith("demo_market_silent")
    assert markets.open(tmp_path, endless_prices()).process is not None


def test_a_market_that_neither_answers_nor_ends_is_not_started_twice(tmp_path: Path) -> None:
    with instance_lock(tmp_path / "venue" / "lock"):
        with pytest.raises(SetupError) as opening:
            open_market(tmp_path, wanted(), end_s=0.1)
        with pytest.raises(SetupError) as stopping:
            stop_market(tmp_path, end_s=0.1)

    assert opening.value.exit_code is stopping.value.exit_code is ExitCode.ALREADY_RUNS
    assert str(opening.value) == f"demo_market_busy path={tmp_path}"


def test_an_address_that_leads_to_another_simulator_is_not_believed(tmp_path: Path, markets: Markets) -> None:
    other = markets.open(tmp_path / "other")
    line = {"url": other.url, "access_key": "a", "secret_key": "s", "admin_token": "wrong"}
    (tmp_path / "own" / "venue").mkdir(parents=True)
    (tmp_path / "own" / "venue" / "address.json").write_text(json.dumps(line))

    own = markets.open(tmp_path / "own")

    assert own.process is not None
    assert own.url != other.url


@pytest.mark.parametrize("text", ["", "[]", '{"url": 1}', ELSEWHERE, ELSEWHERE.replace('"http://192.0.2.1:80"', "1")])
def test_an_address_that_is_none_is_passed_over(tmp_path: Path, markets: Markets, text: str) -> None:
    (tmp_path / "venue").mkdir()
    (tmp_path / "venue" / "address.json").write_text(text)

    assert markets.open(tmp_path).process is not None


def test_a_market_stops_when_it_is_asked_and_its_books_stay(tmp_path: Path, markets: Markets) -> None:
    market = markets.open(tmp_path)
    market.door.step(None)

    stop_market(tmp_path)

    assert market.process is not None
    assert market.process.wait(timeout=30) == 0
    assert markets.open(tmp_path).told.played == 2
    stop_market(tmp_path / "nothing")


def test_no_key_is_handed_down_and_none_is_shown(
    tmp_path: Path, markets: Markets, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BITHUMB_SECRET_KEY", "canary-of-a-key")
    market = markets.open(tmp_path)
    assert market.process is not None
    line = json.loads((tmp_path / "venue" / "address.json").read_text())

    assert "canary" not in Path(f"/proc/{market.process.pid}/environ").read_text(encoding="utf-8")
    assert not any(line[name] in repr(market) for name in ("access_key", "secret_key", "admin_token"))
    assert (tmp_path / "venue" / "simulator.log").read_bytes() == b""
    assert customer_of(market, line["admin_token"]).request("GET", "/v1/accounts")[0] == 200
