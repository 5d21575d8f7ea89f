"""An account at a stub that answers in the shapes of Bithumb's sheet."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

import jwt

from exchanges.bithumb import BithumbExchange
from tests.exchanges.stub import Asked, HandClock, Stub

ACCESS = "AKcanary0123456789"
SECRET = "SKcanary0123456789abcdef0123456789abcdef"
SYMBOL = "KRW-BTC"

Json = dict[str, object]


class Nonces:
    """Gives ids that are all different."""

    def __init__(self) -> None:
        self.given = 0

    def __call__(self) -> str:
        self.given += 1
        return f"00000000-0000-4000-8000-{self.given:012d}"


@contextmanager
def account_at(stub: Stub, clock: HandClock) -> Iterator[BithumbExchange]:
    exchange = BithumbExchange(
        ACCESS,
        SECRET,
        base_url=stub.url,
        clock=clock,
        wait=clock.wait,
        nonce=Nonces(),
        connect_s=1,
        read_s=0.4,
        total_s=2,
        stopwatch_s=time.monotonic,
    )
    yield exchange
    exchange.close()


def order_v1(uuid: str = "C1", /, **changes: object) -> Json:
    """Return a resting bid as `GET /v1/order` shows it; None takes a field away."""
    row: Json = {
        "uuid": uuid,
        "client_order_id": f"bp0a1b2c-{uuid.lower()}",
        "side": "bid",
        "ord_type": "limit",
        "price": "9500000",
        "state": "wait",
        "market": SYMBOL,
        "created_at": "2026-11-20T11:59:00+09:00",
        "volume": "0.001",
        "remaining_volume": "0.001",
        "reserved_fee": "23.75",
        "remaining_fee": "23.75",
        "paid_fee": "0",
        "locked": "9523.75",
        "executed_volume": "0",
        "executed_funds": "0",
        "trades_count": 0,
        "stp_type": "cancel_taker",
    }
    return {key: value for key, value in (row | changes).items() if value is not None}


def filled_v1(uuid: str = "C1", /, **changes: object) -> Json:
    """Return a bid that filled in two trades."""
    whole: Json = {
        "state": "done",
        "remaining_volume": "0",
        "remaining_fee": "0",
        "paid_fee": "23.75",
        "locked": "0",
        "executed_volume": "0.001",
        "executed_funds": "9500",
        "trades_count": 2,
        "trades": [trade("T1", "0.0004", "11:59:30"), trade("T2", "0.0006", "11:59:31")],
    }
    return order_v1(uuid, **(whole | changes))


def trade(uuid: str, volume: str, hour: str, price: str = "9500000", funds: str | None = None) -> Json:
    row: Json = {
        "market": SYMBOL,
        "uuid": uuid,
        "price": price,
        "volume": volume,
        "side": "bid",
        "created_at": f"2026-11-20T{hour}+09:00",
    }
    return row if funds is None else row | {"funds": funds}


def order_v2(row: Json) -> Json:
    """Name an order's fields as the second version does; its lists show no trades."""
    names = {"uuid": "order_id", "ord_type": "order_type"}
    return {names.get(key, key): value for key, value in row.items() if key != "trades"}


def history(*rows: Json, has_next: bool = False) -> Json:
    return {"data": [order_v2(row) for row in rows], "has_next": has_next, "next_key": "k+/=" if has_next else None}


def claims_of(asked: Asked) -> Json:
    token = asked.headers["Authorization"].removeprefix("Bearer ")
    claims: Json = jwt.decode(token, SECRET, algorithms=["HS256"])
    return claims
