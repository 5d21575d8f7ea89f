"""A customer of the simulated broker: sends what the sheet says, with a token, and steps the clock."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from domain.market import Candle
from simulator.admin import AdminDoor
from simulator.calls import Answer, Call
from simulator.kis.bars import RecordedSessions
from simulator.kis.commands import commands
from simulator.kis.door import KisDoor
from simulator.kis.keys import KisKeys, Listing, fresh_keys
from simulator.kis.routes import ROUTE_NAMES
from simulator.kis.venue import KisVenue
from simulator.market import Market

if TYPE_CHECKING:
    from collections.abc import Sequence

    from simulator.kis.keys import Mode

Json = Any

DAY = "2026-03-05"
"""A Thursday in winter: New York trades from 14:30 to 21:00 UTC."""
OPENS_AT = datetime(2026, 3, 5, 14, 30, tzinfo=UTC)
NEXT_OPENS_AT = OPENS_AT + timedelta(days=1)
SYMBOL = "TQQQ"

QUOTES = "/uapi/overseas-price/v1/quotations/"
TRADING = "/uapi/overseas-stock/v1/trading/"
IDS = {
    "paper": {
        "buy": "VTTT1002U",
        "sell": "VTTT1001U",
        "change": "VTTT1004U",
        "balance": "VTTS3012R",
        "ccnl": "VTTS3035R",
        "psamount": "VTTS3007R",
        "present": "VTRP6504R",
    },
    "live": {
        "buy": "TTTT1002U",
        "sell": "TTTT1006U",
        "change": "TTTT1004U",
        "balance": "TTTS3012R",
        "ccnl": "TTTS3035R",
        "psamount": "TTTS3007R",
        "present": "CTRP6504R",
    },
}


def made_keys() -> KisKeys:
    """Make keys that are the same in every test."""
    numbers = iter(range(100))
    return replace(
        fresh_keys(lambda: sha256(bytes([next(numbers)])).hexdigest()), account_no="12345678-01", admin_token="admin"
    )


def bar(minute: int, *prices: str, begins: datetime = OPENS_AT, volume: str = "4000") -> Candle:
    """Make a candle of five minutes, so many minutes behind the opening: open, high, low, close."""
    opened, high, low, close = (Decimal(text) for text in prices)
    return Candle(begins + timedelta(minutes=minute), opened, high, low, close, Decimal(volume))


FLAT = tuple(
    bar(minute, "80", "80", "80", "80", begins=begins)
    for begins in (OPENS_AT, NEXT_OPENS_AT)
    for minute in range(0, 390, 5)
)
FALLING = (bar(0, "80", "81", "79", "80.5"), *FLAT[1:])
"""The first steps are the low, the high and the close."""


def make_venue(
    candles: Sequence[Candle] = FLAT, mode: Mode = "paper", listed: str = "NASD", cash: str = "10000"
) -> KisVenue:
    """Make a venue with recorded prices and one customer's dollars."""
    market = Market(RecordedSessions(candles, "test"))
    venue = KisVenue(Listing(SYMBOL, listed, mode), market, made_keys(), lambda: OPENS_AT)
    venue.deposit("USD", Decimal(cash))
    return venue


@dataclass(frozen=True)
class Told:
    """An answer: status, headers, and what its body says."""

    status: int
    headers: dict[str, str]
    body: Json

    @property
    def ok(self) -> bool:
        return self.status == 200 and bool(self.body["rt_cd"] == "0")

    @property
    def refusal(self) -> tuple[int, str]:
        assert self.body["rt_cd"] != "0", self.body
        return self.status, self.body["msg_cd"]


class Customer:
    """Talks to the doors directly, without a socket; pauses between two requests where pace is judged."""

    def __init__(self, venue: KisVenue | None = None) -> None:
        self.venue = make_venue() if venue is None else venue
        self.keys = self.venue.keys
        self.door = KisDoor(self.venue)
        self.admin_door = AdminDoor(self.venue, ROUTE_NAMES, commands(self.venue))
        self.set(rate_limits=False, visible_after_s="0")
        self.token = ""

    @property
    def ids(self) -> dict[str, str]:
        return IDS[self.venue.mode]

    @property
    def account(self) -> dict[str, str]:
        return {"CANO": "12345678", "ACNT_PRDT_CD": "01"}

    def send(self, call: Call) -> Told:
        """Send a call as it stands, with the fault that is armed for it."""
        name = self.door.route_name(call)
        fault = None if name is None else self.venue.faults.pick(name)
        answer: Answer = self.door.answer(call, fault)
        return Told(answer.status, answer.headers, json.loads(answer.body))

    def desk(self, path: str, **body: Json) -> Told:
        """Ask the token desk."""
        said = {"grant_type": "client_credentials", "appkey": self.keys.app_key, "appsecret": self.keys.app_secret}
        content = json.dumps(said | body).encode()
        return self.send(Call("POST", path, "", {"content-type": "application/json"}, content))

    def sign_in(self) -> str:
        """Get a token, once."""
        if not self.token:
            told = self.desk("/oauth2/tokenP")
            assert told.status == 200, told
            self.token = told.body["access_token"]
        return self.token

    def headers(self, tr_id: str, **more: str) -> dict[str, str]:
        """Return the head of a request; `more` replaces or, where empty, removes what would be said."""
        said = {
            "content-type": "application/json; charset=utf-8",
            "authorization": f"Bearer {self.sign_in()}",
            "appkey": self.keys.app_key,
            "appsecret": self.keys.app_secret,
            "tr_id": tr_id,
            "custtype": "P",
        }
        return {name: value for name, value in (said | more).items() if value}

    def get(self, path: str, tr_id: str, fields: dict[str, str], **head: str) -> Told:
        """Read a page."""
        query = "&".join(f"{name}={value.replace('%', '%25')}" for name, value in fields.items())
        return self.send(Call("GET", path, query, self.headers(tr_id, **head)))

    def post(self, path: str, tr_id: str, fields: dict[str, Json], **head: str) -> Told:
        """Post an order."""
        return self.send(Call("POST", path, "", self.headers(tr_id, **head), json.dumps(fields).encode()))

    def quote(self, name: str, tr_id: str, **fields: str) -> Told:
        """Read a quote of the share."""
        return self.get(f"{QUOTES}{name}", tr_id, {"AUTH": "", "EXCD": "NAS", "SYMB": SYMBOL, **fields})

    def price(self, **fields: str) -> Json:
        """Read the last price."""
        return self.quote("price", "HHDFS00000300", **fields).body["output"]

    def place(self, side: str, price: str, qty: str, **fields: str) -> Told:
        """Place a limit order."""
        body = {
            **self.account,
            "OVRS_EXCG_CD": self.venue.listed,
            "PDNO": SYMBOL,
            "ORD_QTY": qty,
            "OVRS_ORD_UNPR": price,
            "ORD_SVR_DVSN_CD": "0",
            "ORD_DVSN": "00",
        }
        return self.post(f"{TRADING}order", self.ids[side], body | fields)

    def placed(self, side: str, price: str, qty: str) -> str:
        """Place a limit order that is taken; returns its number."""
        told = self.place(side, price, qty)
        assert told.ok, told
        return str(told.body["output"]["ODNO"])

    def change(self, number: str, what: str = "02", qty: str = "0", price: str = "0", **fields: str) -> Told:
        """Cancel an order, or revise it (`01`)."""
        body = {
            **self.account,
            "OVRS_EXCG_CD": self.venue.listed,
            "PDNO": SYMBOL,
            "ORGN_ODNO": number,
            "RVSE_CNCL_DVSN_CD": what,
            "ORD_QTY": qty,
            "OVRS_ORD_UNPR": price,
        }
        return self.post(f"{TRADING}order-rvsecncl", self.ids["change"], body | fields)

    def ccnl(self, first: str = "20260301", last: str = "20260331", head: str = "", **fields: str) -> Told:
        """Read a page of the list of orders."""
        asked = {
            **self.account,
            "PDNO": "",
            "ORD_STRT_DT": first,
            "ORD_END_DT": last,
            "SLL_BUY_DVSN": "00",
            "CCLD_NCCS_DVSN": "00",
            "OVRS_EXCG_CD": "",
            "SORT_SQN": "DS",
            "ORD_DT": "",
            "ORD_GNO_BRNO": "",
            "ODNO": "",
            "CTX_AREA_NK200": "",
            "CTX_AREA_FK200": "",
        }
        return self.get(f"{TRADING}inquire-ccnl", self.ids["ccnl"], asked | fields, tr_cont=head)

    def row(self, number: str) -> dict[str, str]:
        """Return an order's row."""
        rows = self.ccnl().body["output"]
        return next(row for row in rows if row["odno"] == number)

    def nccs(self, **fields: str) -> Told:
        """Read a page of what is open."""
        return self.get(
            f"{TRADING}inquire-nccs", "TTTS3018R", {**self.account, "OVRS_EXCG_CD": "NASD", "SORT_SQN": "DS", **fields}
        )

    def balance(self, exchange: str = "NASD") -> Told:
        """Read the holdings."""
        asked = {**self.account, "OVRS_EXCG_CD": exchange, "TR_CRCY_CD": "USD"}
        return self.get(f"{TRADING}inquire-balance", self.ids["balance"], asked)

    def shares(self) -> str:
        """Read how many shares there are."""
        return next((row["ovrs_cblc_qty"] for row in self.balance().body["output1"] if row["ovrs_pdno"]), "none")

    def psamount(self, price: str = "80") -> Json:
        """Read what can be spent."""
        asked = {**self.account, "OVRS_EXCG_CD": self.venue.listed, "OVRS_ORD_UNPR": price, "ITEM_CD": SYMBOL}
        told = self.get(f"{TRADING}inquire-psamount", self.ids["psamount"], asked)
        assert told.ok, told
        return told.body["output"]

    def present(self, unit: str = "02") -> Json:
        """Read the summary."""
        asked = {
            **self.account,
            "WCRC_FRCR_DVSN_CD": unit,
            "NATN_CD": "840",
            "TR_MKET_CD": "00",
            "INQR_DVSN_CD": "00",
        }
        return self.get(f"{TRADING}inquire-present-balance", self.ids["present"], asked).body

    def admin(self, path: str, body: Json = None, method: str = "POST") -> Json:
        """Ask the admin door for something that it grants."""
        text = b"" if body is None else json.dumps(body).encode()
        status, answer = self.admin_door.answer(method, f"/admin/{path}", text, self.keys.admin_token, "127.0.0.1")
        assert status == 200, answer
        return answer

    def books(self) -> Json:
        """Read the judge's view; nothing may be broken."""
        books = self.admin("books", method="GET")
        assert books["conserved"] is True, books["broken"]
        return books

    def set(self, **settings: Json) -> None:
        """Change settings."""
        self.admin("settings", settings)

    def step(self, until: str | None = None, *, play: bool = True) -> Json:
        """Let time go on."""
        return self.admin("step", {"until": until, "play": play})

    def print(self, price: str, **more: str) -> Json:
        """Let a trade of the market happen."""
        return self.admin("print", {"price": price, **more})
