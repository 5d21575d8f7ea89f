"""A market with a past for the dialogue to be tried on, and the dialogue in a terminal of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pexpect

from bot.sources import load_settings
from domain.exact import plain
from tests.house.tree import ROOT
from tests.simulator.process import running

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from bot.settings import Settings
    from tests.simulator.customer import HttpCustomer

HOURS = 30
CASH = 5_000_000
LIMIT_S = 10
DOWN, ENTER, CTRL_C, CTRL_D = "\x1b[B", "\r", "\x03", "\x04"
PRICE = 50_000_000
_HIGH = 51_050_000


def _csv(begin: datetime) -> str:
    """Write hours that rise by 2.1 % and fall again in turn; the last ends where the first began."""
    rows = ["time_utc,open,high,low,close,volume"]
    for hour in range(HOURS):
        at = begin + timedelta(hours=hour)
        opened, closed = (PRICE, _HIGH) if hour % 2 == 0 else (_HIGH, PRICE)
        rows.append(f"{at:%Y-%m-%dT%H:%M:%SZ},{opened},{_HIGH},{PRICE},{closed},4")
    return "\n".join(rows) + "\n"


@contextmanager
def market_with_a_past(folder: Path) -> Iterator[HttpCustomer]:
    """Start a simulator, and let it play its hours up to now."""
    begin = datetime.now(UTC).replace(minute=0, second=0, microsecond=0) - timedelta(hours=HOURS)
    prices = folder / "prices.csv"
    prices.write_text(_csv(begin))
    with running(folder / "state", "--prices", str(prices), "--cash", str(CASH), "--speed", "max") as (_, admin):
        for _ in range(4 * HOURS):
            admin.admin("step", {"play": True})
        admin.admin("settings", {"judge_clock": "real"})
        admin.admin("deposit", {"currency": "BTC", "amount": plain(Decimal("0.25"))})
        yield admin


def environment(url: str, **changes: str) -> dict[str, str]:
    """Return what the program finds around it: no key, the market's address, an English owner."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    ours = {"PYTHONPATH": str(ROOT), "LANGUAGE": "en", "BITHUMB_BASE_URL": url, "PYTHONUTF8": "1"}
    # A terminal of pexpect does not tell where its cursor stands.
    return {**kept, **ours, "TERM": "xterm", "PROMPT_TOOLKIT_NO_CPR": "1", **changes}


def command(*options: str) -> list[str]:
    return ["-P", "-m", "tools.configure_bot", *options]


@dataclass
class Talk:
    """The dialogue in a terminal; everything that it shows is kept."""

    child: pexpect.spawn[str]
    seen: list[str]

    def sees(self, text: str) -> None:
        """Wait until a text is shown."""
        self.child.expect_exact(text)
        self.seen += [self.child.before or "", text]

    def types(self, text: str) -> None:
        """Type a line."""
        self.child.send(text + ENTER)

    def chooses(self, down: int = 0) -> None:
        """Go down in a menu, and take what stands there."""
        self.child.send(DOWN * down + ENTER)

    def ends(self) -> int:
        """Wait for the end; returns the exit code."""
        self.child.expect(pexpect.EOF)
        self.seen.append(self.child.before or "")
        self.child.close()
        assert self.child.exitstatus is not None, f"ended by signal {self.child.signalstatus}"
        return self.child.exitstatus

    @property
    def text(self) -> str:
        return "".join(self.seen) + str(self.child.buffer)


@contextmanager
def talk(file: Path, environ: Mapping[str, str], *options: str, columns: int = 100) -> Iterator[Talk]:
    """Start the dialogue; it is ended whatever happens."""
    child: Any = pexpect.spawn(
        sys.executable,
        command("--file", str(file), *options),
        cwd=str(file.parent),
        env=dict(environ),
        encoding="utf-8",
        timeout=LIMIT_S,
        dimensions=(40, columns),
    )
    # What is typed is waited for by what is shown; a pause before each key would only take time.
    child.delaybeforesend = None
    try:
        yield Talk(child, [])
    finally:
        child.close(force=True)


@dataclass
class Desk:
    """A market, a file beside nothing else, and what is around the program."""

    market: HttpCustomer
    file: Path
    environ: dict[str, str]

    @property
    def keys(self) -> tuple[str, str]:
        return self.market.line["access_key"], self.market.line["secret_key"]

    def runs(self, *options: str, told: str = "", **changes: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, *command("--file", str(self.file), *options)],
            cwd=self.file.parent,
            env={**self.environ, **changes},
            input=told,
            capture_output=True,
            text=True,
            check=False,
        )

    def settings(self) -> Settings:
        return load_settings(dotenv=self.file)

    def is_clean(self) -> bool:
        """Whether nothing but the file itself stands in its folder."""
        return [each.name for each in self.file.parent.iterdir()] in ([], [self.file.name])
