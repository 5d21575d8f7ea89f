"""The simulator as a process of its own: its one line, its end, and its life after a kill."""

import http.client
import json
import os
import signal
import subprocess
from pathlib import Path

import pytest

from simulator.server import bind
from tests.house.tree import ROOT
from tests.simulator.customer import HttpCustomer
from tests.simulator.process import command, running


def refused(folder: Path, *options: str) -> tuple[int, str]:
    done = subprocess.run(command(folder, *options), cwd=ROOT, capture_output=True, check=False, timeout=60)
    assert done.stdout == b""
    return done.returncode, done.stderr.decode()


def test_it_says_one_line_listens_on_loopback_and_stops_cleanly_when_asked(tmp_path: Path) -> None:
    with running(tmp_path, "--port", "0", "--speed", "max") as (process, customer):
        assert set(customer.line) == {"url", "access_key", "secret_key", "admin_token", "pid"}
        assert customer.line["url"].startswith("http://127.0.0.1:")
        assert customer.line["pid"] == process.pid
        assert customer.place("bid", "89000000", "0.001", "one")[0] == 200

        process.send_signal(signal.SIGTERM)
        out, err = process.communicate(timeout=30)

        assert (process.returncode, out, err) == (0, b"", b"")
    assert json.loads((tmp_path / "address.json").read_text()) == customer.line


def test_the_admin_door_stops_it(tmp_path: Path) -> None:
    with running(tmp_path) as (process, customer):
        assert customer.admin("stop") == {"stopping": True}
        assert process.wait(timeout=30) == 0


def test_killed_hard_it_goes_on_where_it_stood(tmp_path: Path) -> None:
    with running(tmp_path, "--seed", "3", "--speed", "max") as (process, customer):
        for number in range(5):
            assert customer.place("bid", f"{99_900_000 - number * 100_000}", "0.001", f"c-{number}")[0] == 200
            customer.admin("step", {})
        customer.admin("faults", {"route": "place", "kind": "lose_reply_after_accept"})
        with pytest.raises((http.client.RemoteDisconnected, ConnectionResetError)):
            customer.place("bid", "98000000", "0.001", "lost")
        before = customer.admin("books", method="GET")
        os.kill(process.pid, signal.SIGKILL)
        process.wait()

    with running(tmp_path, "--seed", "3", "--speed", "max") as (_, again):
        after = again.admin("books", method="GET")
        own = {"requests", "hash_forms", "orders_asked", "prices_asked"}
        assert {key: after[key] for key in set(after) - own} == {key: before[key] for key in set(before) - own}
        assert {key: again.line[key] for key in ("access_key", "secret_key", "admin_token")} == {
            key: customer.line[key] for key in ("access_key", "secret_key", "admin_token")
        }
        again.signer.nonces = 10**6
        status, row = again.request("GET", "/v1/order", [("client_order_id", "lost")])
        assert (status, row["state"]) == (200, "wait")


def place_without_end(customer: HttpCustomer, answered: list[str]) -> None:
    while True:
        client_id = f"c-{len(answered)}"
        assert customer.place("bid", "89000000", "0.001", client_id)[0] == 200
        answered.append(client_id)


def test_what_cannot_be_saved_is_not_answered_and_all_answered_is_kept(tmp_path: Path) -> None:
    full_disk = ("/bin/bash", "-c", 'ulimit -f 16; exec "$@"', "bash")
    answered: list[str] = []
    with running(tmp_path, before=full_disk) as (process, customer):
        with pytest.raises((http.client.HTTPException, ConnectionError)):
            place_without_end(customer, answered)
        said = process.communicate(timeout=30)[1].decode()
        assert "the books cannot be written" in said

    with running(tmp_path) as (_, again):
        kept = [order["client_order_id"] for order in again.admin("books", method="GET")["orders"]]
        assert kept[: len(answered)] == answered
        assert len(kept) <= len(answered) + 1


def test_recorded_prices_are_played_scaled(tmp_path: Path) -> None:
    path = tmp_path / "prices.csv"
    path.write_text(
        "time_utc,open,high,low,close,volume\n2026-03-02T00:00:00Z,10,12,9,11,4\n2026-03-02T00:01:00Z,11,11,11,11,4\n"
    )
    options = ("--prices", str(path), "--scale", "1000", "--bars", "1", "--cash", "500", "--speed", "max")

    with running(tmp_path / "state", *options) as (_, customer):
        prices = [customer.admin("step", {})["print"] for _ in range(4)]
        assert [None if printed is None else printed["price"] for printed in prices] == ["9000", "12000", "11000", None]
        assert customer.admin("books", method="GET")["accounts"] == {"KRW": {"free": "500", "locked": "0"}}
    assert refused(tmp_path / "state")[0] == 2


def test_a_port_that_is_taken_is_said_in_both_languages(tmp_path: Path) -> None:
    with bind(0) as listener:
        code, said = refused(tmp_path, "--port", str(listener.getsockname()[1]))

    assert code == 7
    assert "포트" in said
    assert "another program has it" in said


def test_a_folder_in_use_and_a_file_that_cannot_be_played_are_refused(tmp_path: Path) -> None:
    with running(tmp_path) as (_, customer):
        assert customer.admin("clock", method="GET")["played"] == 1
        assert refused(tmp_path)[0] == 4
    code, said = refused(tmp_path, "--prices", str(tmp_path / "nothing.csv"))
    assert (code, "nothing.csv" in said) == (6, True)
    (tmp_path / "books.jsonl").write_bytes(b"not json\n")
    assert refused(tmp_path)[0] == 5


def test_the_begin_of_a_synthetic_market_can_be_chosen_and_makes_it_another_market(tmp_path: Path) -> None:
    with running(tmp_path, "--begins", "2024-02-29", "--bars", "1") as (_, customer):
        clock = customer.admin("clock", method="GET")

    assert clock["now"] == "2024-02-29T00:00:00Z"
    assert "begins=2024-02-29" in clock["label"]
    assert refused(tmp_path, "--begins", "2024-03-01", "--bars", "1")[0] == 2


def test_it_ends_in_peace_when_nobody_asks_for_long_enough(tmp_path: Path) -> None:
    with running(tmp_path, "--linger", "1") as (process, customer):
        customer.admin("step", {"until": "2026-01-01T00:00:07Z", "play": False})
        assert process.wait(timeout=30) == 0

    with running(tmp_path) as (_, again):
        assert again.admin("clock", method="GET")["now"] == "2026-01-01T00:00:07Z"


def test_who_has_no_token_does_not_keep_it(tmp_path: Path) -> None:
    with running(tmp_path, "--linger", "1") as (process, customer):
        while True:
            try:
                assert customer.raw("GET", "/admin/clock").status == 403
            except ConnectionError:
                break
        assert process.wait(timeout=30) == 0


@pytest.mark.parametrize(
    "options",
    [
        ["--speed", "fast"],
        ["--market", "BTC"],
        ["--bars", "0"],
        ["--cash", "-1"],
        ["--begins", "2026-02-30"],
        ["--linger", "-1"],
    ],
)
def test_options_that_cannot_be_are_refused(tmp_path: Path, options: list[str]) -> None:
    assert refused(tmp_path, *options)[0] == 2
