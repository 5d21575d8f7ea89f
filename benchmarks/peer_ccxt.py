"""ccxt placing limit orders on Bithumb, as many as it is told to; runs in an environment of its own."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from time import perf_counter, process_time
from typing import Any

import ccxt  # type: ignore[import-not-found,unused-ignore]  # lives in the peer's environment

from benchmarks.disk import BareAppend
from benchmarks.wire import ACCESS_KEY, ANSWER, PRICE, QTY, SECRET_KEY


def bithumb(address: str) -> Any:  # noqa: ANN401  # known in the peer's environment only
    """Return an account on one market, without the pauses between calls and without asking what markets there are."""
    account = ccxt.bithumb({"apiKey": ACCESS_KEY, "secret": SECRET_KEY, "enableRateLimit": False})
    account.urls["api"] = {"public": address, "private": address}
    market = {
        "id": "BTC",
        "symbol": "BTC/KRW",
        "base": "BTC",
        "quote": "KRW",
        "baseId": "BTC",
        "quoteId": "KRW",
        "type": "spot",
        "spot": True,
        "active": True,
        "precision": {"amount": 4, "price": 8},
        "limits": {"cost": {"min": 500}},
    }
    account.markets, account.markets_by_id = {}, {}
    account.set_markets([account.safe_market_structure(market)])
    return account


class Socketless:
    """Stands where the request would leave: takes its time, keeps it and answers."""

    def __init__(self) -> None:
        """Begin with nothing sent."""
        self.sent_at_s = 0.0
        self.request: dict[str, object] = {}

    def __call__(self, url: str, method: str, headers: dict[str, str], body: str) -> object:
        """Take one signed request."""
        self.sent_at_s = perf_counter()
        self.request = {"url": url, "method": method, "headers": headers, "body": body}
        return json.loads(ANSWER)


def main() -> None:
    """Answer each line on stdin, so many orders and so many appends before each, with the seconds that they took.

    The first argument is the file to append to; the second, where there is one, the address of a server.
    """
    append, door = BareAppend(Path(sys.argv[1])), Socketless()
    account = bithumb(sys.argv[2] if len(sys.argv) > 2 else "https://socketless.invalid")  # noqa: PLR2004  # as told above
    if len(sys.argv) == 2:  # noqa: PLR2004  # as told above
        account.fetch = door
    placed = 0
    for line in sys.stdin:
        orders, appends = map(int, line.split())
        whole, signed = [], []
        processor_s = 0.0
        for _ in range(orders):
            placed += 1
            named = {"clientOrderId": f"bp123456-{placed}"}
            spent, begun = process_time(), perf_counter()
            for _ in range(appends):
                append()
            account.create_order("BTC/KRW", "limit", "buy", float(QTY), float(PRICE), named)
            whole.append(perf_counter() - begun)
            processor_s += process_time() - spent
            signed.append(door.sent_at_s - begun)
        told = {"whole": whole, "signed": signed, "processor_s": processor_s, "request": door.request}
        sys.stdout.write(json.dumps(told) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
