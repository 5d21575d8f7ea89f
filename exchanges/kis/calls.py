"""Which calls there are, and under which id each of them goes in either world."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from domain.instrument import Side


class Mode(StrEnum):
    """Which of the broker's two worlds an account belongs to."""

    LIVE = "live"
    PAPER = "paper"


# Source: the API documents at KIS Developers (apiportal.koreainvestment.com), edition of 2026-09-11: hosts, paths, ids
# and exchange codes of overseas shares.
BASE_URLS = {
    Mode.LIVE: "https://openapi.koreainvestment.com:9443",
    Mode.PAPER: "https://openapivts.koreainvestment.com:29443",
}

TOKEN_PATH = "/oauth2/tokenP"  # noqa: S105 - where a token is asked for, not what it is
HASHKEY_PATH = "/uapi/hashkey"

US = "US"


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One call; none of them moves money out of the account. `paper` is empty where only live accounts have it."""

    method: str
    path: str
    live: str
    paper: str

    def served(self, mode: Mode) -> bool:
        """Whether a world has the call."""
        return bool(self.tr_id(mode))

    def tr_id(self, mode: Mode) -> str:
        """Return its id in a world; never made from the other one's, which is wrong for sales and open orders."""
        return self.live if mode is Mode.LIVE else self.paper


_QUOTES = "/uapi/overseas-price/v1/quotations"
_TRADING = "/uapi/overseas-stock/v1/trading"

PRICE = Endpoint("GET", f"{_QUOTES}/price", "HHDFS00000300", "HHDFS00000300")
PRICE_DETAIL = Endpoint("GET", f"{_QUOTES}/price-detail", "HHDFS76200200", "")
DAYS = Endpoint("GET", f"{_QUOTES}/dailyprice", "HHDFS76240000", "HHDFS76240000")
MINUTES = Endpoint("GET", f"{_QUOTES}/inquire-time-itemchartprice", "HHDFS76950200", "")

BALANCE = Endpoint("GET", f"{_TRADING}/inquire-balance", "TTTS3012R", "VTTS3012R")
SPENDABLE = Endpoint("GET", f"{_TRADING}/inquire-psamount", "TTTS3007R", "VTTS3007R")
OPEN_ORDERS = Endpoint("GET", f"{_TRADING}/inquire-nccs", "TTTS3018R", "")
ORDERS = Endpoint("GET", f"{_TRADING}/inquire-ccnl", "TTTS3035R", "VTTS3035R")

PLACE = {
    (US, Side.BUY): Endpoint("POST", f"{_TRADING}/order", "TTTT1002U", "VTTT1002U"),
    (US, Side.SELL): Endpoint("POST", f"{_TRADING}/order", "TTTT1006U", "VTTT1001U"),
}
"""By market and side; the id decides the side, the body does not name it."""
CHANGE = {US: Endpoint("POST", f"{_TRADING}/order-rvsecncl", "TTTT1004U", "VTTT1004U")}

QUOTE_CODES = {"NASD": "NAS", "NYSE": "NYS", "AMEX": "AMS"}
"""An exchange's name in orders and accounts, and its name in quotes."""
