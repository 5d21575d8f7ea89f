"""The broker as a process of its own: its one line, its faults on the wire, its life after a kill."""

import http.client
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.house.tree import ROOT

Json = Any
ORDER = "/uapi/overseas-stock/v1/trading/order"
CCNL = (
    "/uapi/overseas-stock/v1/trading/inquire-ccnl?CANO={0}&ACNT_PRDT_CD={1}&PDNO=&ORD_STRT_DT=20260301"
    "&ORD_END_DT=20260331&SLL_BUY_DVSN=00&CCLD_NCCS_DVSN=00&OVRS_EXCG_CD=&SORT_SQN=DS&ORD_DT=&ORD_GNO_BRNO=&ODNO="
    "&CTX_AREA_NK200=&CTX_AREA_FK200="
)


def command(folder: Path, *options: str) -> list[str]:
    return [sys.executable, "-m", "simulator", "kis", "--state", str(folder), "--speed", "max", *options]


class Client:
    """Talks to a running simulator over a socket."""

    def __init__(self, line: dict[str, Json], process: "subprocess.Popen[bytes]") -> None:
        self.line = line
        self.process = process
        self.token = ""

    def raw(self, method: str, path: str, body: Json = None, head: dict[str, str] | None = None) -> tuple[int, bytes]:
        with closing(http.client.HTTPConnection(self.line["url"].removeprefix("http://"), timeout=30)) as connection:
            connection.request(method, path, None if body is None else json.dumps(body), head or {})
            with connection.getresponse() as answer:
                return answer.status, answer.read()

    def admin(self, path: str, body: Json = None, method: str = "POST") -> Json:
        status, answer = self.raw(method, f"/admin/{path}", body, {"x-admin-token": self.line["admin_token"]})
        assert status == 200, answer
        return json.loads(answer)

    def sign_in(self) -> None:
        pair = {"appkey": self.line["app_key"], "appsecret": self.line["app_secret"]}
        asked = {"grant_type": "client_credentials", **pair}
        status, answer = self.raw("POST", "/oauth2/tokenP", asked, {"content-type": "application/json"})
        assert status == 200, answer
        self.token = json.loads(answer)["access_token"]
        self.admin("settings", {"rate_limits": False, "visible_after_s": "0"})

    def asked(self, method: str, path: str, tr_id: str, body: Json = None) -> tuple[int, Json]:
        head = {
            "authorization": f"Bearer {self.token}",
            "tr_id": tr_id,
            "content-type": "application/json",
            "appkey": self.line["app_key"],
            "appsecret": self.line["app_secret"],
            "custtype": "P",
        }
        status, answer = self.raw(method, path, body, head)
        return status, json.loads(answer)

    def place(self, price: str) -> tuple[int, Json]:
        number, _, product = self.line["account_no"].partition("-")
        body = {
            "CANO": number,
            "ACNT_PRDT_CD": product,
            "OVRS_EXCG_CD": "NASD",
            "PDNO": "TQQQ",
            "ORD_QTY": "1",
            "OVRS_ORD_UNPR": price,
            "ORD_SVR_DVSN_CD": "0",
            "ORD_DVSN": "00",
        }
        return self.asked("POST", f"/{ORDER}", "VTTT1002U", body)

    def prices(self) -> list[str]:
        """Return the prices of the orders that the list shows."""
        path = CCNL.format(*self.line["account_no"].split("-"))
        rows = self.asked("GET", path, "VTTS3035R")[1]["output"]
        return [row["ft_ord_unpr3"] for row in rows] if isinstance(rows, list) else []


@contextmanager
def running(folder: Path, *options: str) -> Iterator[Client]:
    process = subprocess.Popen(command(folder, *options), cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert process.stdout is not None
    try:
        line = process.stdout.readline()
        assert line, process.communicate()
        yield Client(json.loads(line), process)
    finally:
        if process.poll() is None:
            process.kill()
        process.communicate()


def refused(folder: Path, *options: str) -> tuple[int, str]:
    done = subprocess.run(command(folder, *options), cwd=ROOT, capture_output=True, check=False, timeout=60)
    return done.returncode, done.stderr.decode()


def test_one_line_a_day_of_trading_faults_and_a_kill(tmp_path: Path) -> None:
    market = ("--begins", "2026-03-05", "--bars", "156")
    with running(tmp_path, *market) as client:
        assert set(client.line) == {
            *("url", "app_key", "app_secret", "account_no", "mode"),
            *("admin_token", "pid", "other_app_key", "other_app_secret"),
        }
        assert client.line["mode"] == "paper"
        assert client.admin("clock", method="GET")["now"] == "2026-03-05T14:30:00Z"
        client.sign_in()
        assert client.place("70")[1]["rt_cd"] == "0"
        client.admin("faults", {"route": "place", "kind": "lose_reply_after_accept"})
        with pytest.raises((http.client.RemoteDisconnected, ConnectionResetError)):
            client.place("69")
        client.admin("faults", {"route": "place", "kind": "drop_connection"})
        with pytest.raises((http.client.RemoteDisconnected, ConnectionResetError)):
            client.place("68")
        client.admin("faults", {"route": "place", "kind": "status", "status": 500, "name": "EGW00215"})
        status, said = client.place("67")
        assert (status, said["msg_cd"], "원장" in said["msg1"]) == (500, "EGW00215", True)
        client.admin("faults", {"route": "place", "kind": "html", "processed": True})
        with pytest.raises(json.JSONDecodeError):
            client.place("66")
        assert client.prices() == ["70.00000000", "69.00000000", "66.00000000"]
        before = client.admin("books", method="GET")
        os.kill(client.process.pid, signal.SIGKILL)
        client.process.wait()

    with running(tmp_path, *market) as again:
        after = again.admin("books", method="GET")
        own = {"requests", "orders_asked", "prices_asked"}
        assert {key: after[key] for key in set(after) - own} == {key: before[key] for key in set(before) - own}
        again.token = client.token
        assert len(again.prices()) == 3
        again.admin("step", {"until": "2026-03-05T21:00:00Z", "play": False})
        states = [order["state"] for order in again.admin("books", method="GET")["orders"]]
        assert states == ["expired", "expired", "expired"]
    assert refused(tmp_path, *market, "--mode", "live")[0] == 2


def test_recorded_bars_outside_sessions_are_left_out(tmp_path: Path) -> None:
    path = tmp_path / "prices.csv"
    rows = ("2026-03-05T14:25:00Z,1,1,1,1,4", "2026-03-05T14:30:00Z,10,12,9,11,4", "2026-03-07T15:00:00Z,9,9,9,9,4")
    path.write_text("\n".join(("time_utc,open,high,low,close,volume", *rows)) + "\n")

    with running(tmp_path / "one", "--prices", str(path), "--listed", "AMEX", "--market", "SPY") as client:
        clock = client.admin("clock", method="GET")
        assert (clock["last"], clock["left"], clock["market"]) == ("10", 3, "SPY")
    path.write_text("\n".join(("time_utc,open,high,low,close,volume", rows[2])) + "\n")
    code, said = refused(tmp_path / "two", "--prices", str(path))

    assert (code, "no bar begins in a session" in said) == (6, True)


@pytest.mark.parametrize("options", [["--market", "KRW-BTC"], ["--listed", "KRX"], ["--mode", "demo"]])
def test_options_that_cannot_be_are_refused(tmp_path: Path, options: list[str]) -> None:
    assert refused(tmp_path, *options)[0] == 2
