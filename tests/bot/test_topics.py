"""The whole bot at a real broker: right figures on its topics, `offline` when it dies, and commands that are obeyed."""

from __future__ import annotations

import json
import signal
from contextlib import contextmanager
from time import monotonic
from typing import TYPE_CHECKING

import pytest
import requests

from domain.order import OrderState
from reports.figures import snapshot_of
from tests.bot.own_rig import FIRST_BUY, canaries, disagreements, ledger_in, live, market, owner, terminated
from tests.messaging.rig import LIMIT_S, MOSQUITTO, Broker, Witness

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.bot.demo_rig import Start
    from tests.bot.own_rig import Market, Owner

pytestmark = pytest.mark.skipif(MOSQUITTO is None, reason="no mosquitto is installed")

_S = OrderState


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Broker]:
    """A broker of the test's own."""
    folder = tmp_path / "broker"
    folder.mkdir()
    made = Broker(folder)
    made.start()
    yield made
    made.stop()


@contextmanager
def witness_at(broker: Broker) -> Iterator[Witness]:
    made = Witness(broker)
    try:
        yield made
    finally:
        made.close()


def told(witness: Witness, name: str) -> object:
    heard = witness.newest.get(f"bithumb_bot/{name}")
    return None if heard is None else json.loads(heard.payload)


def summary(witness: Witness) -> dict[str, object]:
    found = told(witness, "report/summary")
    return found if isinstance(found, dict) else {}


def until(happened: Callable[[], bool], witness: Witness) -> None:
    """Wait for what comes with a price, an order or a topic, which are told within seconds."""
    end_s = monotonic() + 3 * LIMIT_S
    while not happened():
        assert monotonic() < end_s, (summary(witness), {name: heard.payload for name, heard in witness.newest.items()})
        witness.waits(happened)


def of_ledger(folder: Path) -> dict[str, object]:
    with ledger_in(folder) as reader:
        return snapshot_of(reader).summary()


def set_up(venue: Market, broker: Broker, **changes: str) -> dict[str, str]:
    return live(venue.url, MQTT_HOST="127.0.0.1", MQTT_PORT=str(broker.port), **changes)


def placed(bot: Owner, witness: Witness) -> Start:
    """Start the bot and wait until its grid rests."""
    start = bot.start()
    until(lambda: summary(witness).get("open_orders") == 3, witness)
    assert witness.sees("availability", "online")
    return start


def test_topics_hold_the_ledgers_figures_die_with_the_bot_and_come_back(tmp_path: Path, broker: Broker) -> None:
    with market() as venue, witness_at(broker) as witness, owner(tmp_path, set_up(venue, broker)) as bot:
        start = placed(bot, witness)
        venue.trade_at(FIRST_BUY - 1000)
        until(lambda: summary(witness).get("buys") == 1, witness)
        fill = told(witness, "fill")
        assert isinstance(fill, dict)
        assert (fill["event_type"], fill["slot"]) == ("buy", "0.2")

        start.process.send_signal(signal.SIGKILL)
        assert witness.sees("availability", "offline")
        start.end()

        equity = summary(witness)["equity"]
        again = bot.start()
        assert witness.sees("availability", "online")
        venue.trade_at(FIRST_BUY - 2000)
        until(lambda: summary(witness).get("equity") != equity, witness)
        code, _ = terminated(again)
        assert code == 0
        assert witness.sees("availability", "offline")

        assert summary(witness) == of_ledger(tmp_path)
        with witness_at(broker) as late:
            assert late.sees("pnl", str(of_ledger(tmp_path)["total_pnl"]))
            assert late.newest["bithumb_bot/pnl"].retain
            assert "bithumb_bot/fill" not in late.newest
        assert disagreements(venue, tmp_path) == []


def test_while_the_broker_is_gone_the_bot_trades_and_its_topics_are_right_afterwards(
    tmp_path: Path, broker: Broker
) -> None:
    with market() as venue, owner(tmp_path, set_up(venue, broker)) as bot:
        with witness_at(broker) as witness:
            start = placed(bot, witness)
            broker.stop()
            venue.trade_at(FIRST_BUY - 1000)
            until(lambda: any(row["side"] == "sell" for row in venue.orders("wait")), witness)

        broker.start()
        with witness_at(broker) as witness:
            until(lambda: summary(witness).get("buys") == 1, witness)
            code, _ = terminated(start)
            assert code == 0
            assert witness.sees("availability", "offline")
            assert summary(witness) == of_ledger(tmp_path)


def test_the_owner_steers_by_topic_where_that_is_allowed(tmp_path: Path, broker: Broker) -> None:
    with (
        market() as venue,
        witness_at(broker) as witness,
        owner(tmp_path, set_up(venue, broker, MQTT_COMMANDS="true")) as bot,
    ):
        start = placed(bot, witness)
        former = summary(witness)["lines"]

        witness.says("command/gap", "2")
        assert witness.sees("state/gap", "2")
        until(lambda: summary(witness).get("lines") != former and summary(witness).get("open_orders") == 3, witness)
        # A slider that is dragged on: the lines are laid anew once a minute at the most.
        witness.says("command/gap", "3")
        witness.says("command/pause", "ON")
        assert witness.sees("state/pause", "ON")
        assert told(witness, "state/gap") == 2
        assert witness.sees("state", "paused")
        witness.says("command/cancel_all", "PRESS")
        until(lambda: summary(witness).get("open_orders") == 0, witness)
        witness.says("command/pause", "OFF")
        until(lambda: summary(witness).get("open_orders") == 3, witness)
        assert terminated(start)[0] == 0

        placed(bot, witness)
        assert witness.sees("state/gap", "2")
        assert disagreements(venue, tmp_path) == []


def test_a_pause_that_comes_while_the_start_waits_for_the_exchange_is_obeyed(tmp_path: Path, broker: Broker) -> None:
    with (
        market(served=False) as venue,
        witness_at(broker) as witness,
        owner(tmp_path, set_up(venue, broker, MQTT_COMMANDS="true")) as bot,
    ):
        start = bot.start()
        assert witness.sees("availability", "online")
        witness.says("command/pause", "ON")
        venue.serve()

        assert witness.sees("state/pause", "ON")
        assert witness.sees("state", "paused")
        assert terminated(start)[0] == 0
        assert venue.orders() == []


def test_where_it_is_not_allowed_nobody_listens(tmp_path: Path, broker: Broker) -> None:
    with market() as venue, witness_at(broker) as witness, owner(tmp_path, set_up(venue, broker)) as bot:
        start = placed(bot, witness)

        witness.says("command/cancel_all", "PRESS")
        venue.trade_at(FIRST_BUY - 1000)
        until(lambda: summary(witness).get("buys") == 1, witness)

        assert summary(witness)["open_orders"] == 3
        assert terminated(start)[0] == 0


def test_no_secret_leaves_the_bot_by_page_topic_report_or_log(tmp_path: Path, broker: Broker) -> None:
    password = "PWcanary0123456789"
    secrets = {"MQTT_USERNAME": "household", "MQTT_PASSWORD": password}
    with (
        market() as venue,
        witness_at(broker) as witness,
        owner(tmp_path, set_up(venue, broker, **secrets)) as bot,
    ):
        start = placed(bot, witness)
        url = next(line.partition(": ")[2] for line in start.said().splitlines() if line.startswith("Page: "))
        names = ("health", "status", "summary", "orders", "fills", "positions", "pnl", "report", "decisions")
        pages = [requests.get(f"{url}{path}", timeout=5).text for path in ("", *(f"api/v1/{name}" for name in names))]
        assert terminated(start)[0] == 0

    said = [*pages, start.said(), *(f"{topic} {payload}" for topic, payload in witness.all)]
    assert canaries(tmp_path / "data", *said) == []
    assert not any(password in text for text in said)
    files = [path for path in (tmp_path / "data").rglob("*") if path.is_file()]
    assert any(path.suffix == ".html" for path in files)
    assert not any(password.encode() in path.read_bytes() for path in files)
