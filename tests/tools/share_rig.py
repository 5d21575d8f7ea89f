"""A broker of shares for the dialogue to be tried on: both of its worlds, with a past in the sessions before now."""

from __future__ import annotations

import http.client
import json
import subprocess
import sys
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import TYPE_CHECKING, Any

from bot.sources import load_settings
from exchanges.us_hours import us_hours
from tests.house.tree import ROOT
from tests.tools.setup_rig import command, environment

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from bot.settings import Settings

CASH = 9_000
PRICE, HIGH = "80.00", "81.60"
BARS_A_DAY = 6


def _csv(days: int) -> str:
    """Write hours of the last sessions, which rise by 2 % and fall again in turn."""
    hours, now = us_hours(), datetime.now(UTC)
    past = (hours.regular_on(now.date() - timedelta(days=back)) for back in count(1))
    sessions = [session for session, _ in zip((each for each in past if each is not None), range(days), strict=False)]
    rows = ["time_utc,open,high,low,close,volume"]
    for session in reversed(sessions):
        for hour in range(min(BARS_A_DAY, (session.closes_at - session.opens_at) // timedelta(hours=1))):
            opened, closed = (PRICE, HIGH) if hour % 2 == 0 else (HIGH, PRICE)
            at = session.opens_at + timedelta(hours=hour)
            rows.append(f"{at:%Y-%m-%dT%H:%M:%SZ},{opened},{HIGH},{PRICE},{closed},4000")
    return "\n".join(rows) + "\n"


@dataclass(frozen=True)
class Broker:
    """A running simulator; `line` is what it printed of itself."""

    line: dict[str, Any]

    def admin(self, path: str, body: object) -> None:
        """Ask the admin door for something that it grants."""
        host = self.line["url"].removeprefix("http://")
        with closing(http.client.HTTPConnection(host, timeout=30)) as connection:
            headers = {"x-admin-token": self.line["admin_token"]}
            connection.request("POST", f"/admin/{path}", json.dumps(body).encode(), headers)
            answer = connection.getresponse()
            said = json.loads(answer.read())
        assert answer.status == 200, said

    @property
    def pair(self) -> tuple[str, str]:
        return self.line["app_key"], self.line["app_secret"]

    @property
    def other_pair(self) -> tuple[str, str]:
        """The keys of the other world."""
        return self.line["other_app_key"], self.line["other_app_secret"]

    @property
    def account(self) -> str:
        account: str = self.line["account_no"]
        return account


@contextmanager
def broker(folder: Path, mode: str, days: int) -> Iterator[Broker]:
    """Start a simulator in one of the two worlds, and let it play some days up to now."""
    prices = folder / f"{mode}.csv"
    prices.write_text(_csv(days))
    options = ("--mode", mode, "--prices", str(prices), "--cash", str(CASH), "--speed", "max")
    process = subprocess.Popen(
        [sys.executable, "-m", "simulator", "kis", "--state", str(folder / mode), *options],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert process.stdout is not None
    try:
        line = process.stdout.readline()
        assert line, process.communicate()
        made = Broker(json.loads(line))
        for _ in range(4 * BARS_A_DAY * days):
            made.admin("step", {"play": True})
        # Every test has a folder of its own, and so asks for a token of its own.
        made.admin("settings", {"judge_clock": "real", "token_gap_s": 0})
        yield made
    finally:
        process.kill()
        process.communicate()


@dataclass
class ShareDesk:
    """A broker, a file beside nothing else, and what is around the program."""

    broker: Broker
    file: Path
    environ: dict[str, str]

    @classmethod
    def at(cls, made: Broker, folder: Path) -> ShareDesk:
        environ = environment(made.line["url"], KIS_BASE_URL=made.line["url"], SHARED_DIR=str(folder / "shared"))
        del environ["BITHUMB_BASE_URL"]
        return cls(made, folder / ".env", environ)

    def runs(self, *options: str, **changes: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, *command("--file", str(self.file), *options)],
            cwd=self.file.parent,
            env={**self.environ, **changes},
            capture_output=True,
            text=True,
            check=False,
        )

    def settings(self) -> Settings:
        return load_settings(dotenv=self.file)

    def writes(self, pair: tuple[str, str], **more: str) -> None:
        """Write a file of settings by hand."""
        given = {"EXCHANGE": "KIS", "KIS_APP_KEY": pair[0], "KIS_APP_SECRET": pair[1]}
        given |= {"KIS_ACCOUNT_NO": self.broker.account, **more}
        self.file.write_text("".join(f"{name}={value}\n" for name, value in given.items()))
