"""A program of its own that asks KIS for a price: `asker URL FOLDER TIME`; the answer goes to stdout."""

import sys
from datetime import datetime
from pathlib import Path

from exchanges.kis import KisOverseasExchange
from tests.exchanges.kis.desk import ACCOUNT, KEY, SECRET, SYMBOL
from tests.exchanges.stub import HandClock


def main(url: str, folder: str, at: str) -> None:
    clock = HandClock(datetime.fromisoformat(at))
    exchange = KisOverseasExchange(
        KEY,
        SECRET,
        ACCOUNT,
        mode="paper",
        exchange_code="NASD",
        symbol=SYMBOL,
        clock=clock,
        wait=clock.wait,
        shared_dir=Path(folder),
        base_url=url,
    )
    sys.stdout.write(f"{exchange.get_quote(SYMBOL).last}\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
