"""Every route of the wire: path, TR ids of the two worlds, and which fields must and may be sent."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from simulator.kis import account, lists, orders, quotes

if TYPE_CHECKING:
    from collections.abc import Callable

    from simulator.kis.wire import Ask, Said

    Handler = Callable[[Ask], Said]

_PRICE = "/uapi/overseas-price/v1/quotations/"
_TRADE = "/uapi/overseas-stock/v1/trading/"
_ACCOUNT = "CANO ACNT_PRDT_CD"
_PAGES = "CTX_AREA_FK200 CTX_AREA_NK200"
_SHARE = "AUTH EXCD SYMB"
_CHART = "FID_COND_MRKT_DIV_CODE FID_INPUT_ISCD FID_INPUT_DATE_1 FID_INPUT_DATE_2 FID_PERIOD_DIV_CODE"
_LISTED = "PDNO ORD_STRT_DT ORD_END_DT SLL_BUY_DVSN CCLD_NCCS_DVSN OVRS_EXCG_CD SORT_SQN ORD_DT ORD_GNO_BRNO ODNO"
_ORDERED = "OVRS_EXCG_CD PDNO ORD_QTY OVRS_ORD_UNPR"
_CHANGED = "ORGN_ODNO RVSE_CNCL_DVSN_CD"
_FREE = "CTAC_TLNO MGCO_APTM_ODNO"

OLD_IDS = {"JTTT1002U": "TTTT1002U", "JTTT1006U": "TTTT1006U"}
"""Ids of the former day ledger, by those that came after them."""


@dataclass(frozen=True, slots=True)
class Route:
    """One path; `kind` is quote, account or order. Ids that both worlds have stand in both sets."""

    name: str
    path: str
    kind: str
    live_ids: frozenset[str]
    paper_ids: frozenset[str]
    handler: Handler
    needed: frozenset[str]
    optional: frozenset[str] = frozenset()

    @property
    def method(self) -> str:
        """Return how it is asked: orders are posted."""
        return "POST" if self.kind == "order" else "GET"


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


def _quote(
    name: str, path: str, tr_id: str, handler: Handler, needed: str, *, optional: str = "", paper: bool
) -> Route:
    ids = frozenset({tr_id})
    return Route(
        name, f"{_PRICE}{path}", "quote", ids, ids if paper else frozenset(), handler, _words(needed), _words(optional)
    )


def _account(name: str, path: str, ids: str, handler: Handler, needed: str, *, optional: str = "") -> Route:
    """Make a route; ids are the live ones, a bar, the paper ones."""
    live, _, paper = ids.partition("|")
    fields = _words(f"{_ACCOUNT} {needed}"), _words(optional)
    return Route(name, f"{_TRADE}{path}", "account", _words(live), _words(paper), handler, *fields)


def _order(name: str, path: str, ids: str, handler: Handler, needed: str, *, optional: str = "") -> Route:
    live, _, paper = ids.partition("|")
    fields = _words(f"{_ACCOUNT} {_ORDERED} {needed}"), _words(f"{_FREE} {optional}")
    return Route(name, f"{_TRADE}{path}", "order", _words(live), _words(paper), handler, *fields)


ROUTES: tuple[Route, ...] = (
    _quote("price", "price", "HHDFS00000300", quotes.price, _SHARE, paper=True),
    _quote("detail", "price-detail", "HHDFS76200200", quotes.detail, _SHARE, paper=False),
    _quote(
        "daily",
        "dailyprice",
        "HHDFS76240000",
        quotes.daily,
        f"{_SHARE} GUBN BYMD MODP",
        optional="KEYB",
        paper=True,
    ),
    _quote(
        "minute",
        "inquire-time-itemchartprice",
        "HHDFS76950200",
        quotes.minute,
        f"{_SHARE} NMIN PINC NEXT NREC",
        optional="FILL KEYB",
        paper=False,
    ),
    _quote("orderbook", "inquire-asking-price", "HHDFS76200100", quotes.orderbook, _SHARE, paper=False),
    _quote("fx", "inquire-daily-chartprice", "FHKST03030100", quotes.fx, _CHART, paper=True),
    _account(
        "balance",
        "inquire-balance",
        "TTTS3012R|VTTS3012R",
        account.balance,
        "OVRS_EXCG_CD TR_CRCY_CD",
        optional=_PAGES,
    ),
    _account("nccs", "inquire-nccs", "TTTS3018R", lists.nccs, "OVRS_EXCG_CD SORT_SQN", optional=_PAGES),
    _account("ccnl", "inquire-ccnl", "TTTS3035R|VTTS3035R", lists.ccnl, _LISTED, optional=_PAGES),
    _account(
        "psamount",
        "inquire-psamount",
        "TTTS3007R|VTTS3007R",
        account.psamount,
        "OVRS_EXCG_CD OVRS_ORD_UNPR ITEM_CD",
    ),
    _account(
        "present",
        "inquire-present-balance",
        "CTRP6504R|VTRP6504R",
        account.present_balance,
        "WCRC_FRCR_DVSN_CD NATN_CD TR_MKET_CD INQR_DVSN_CD",
    ),
    _order(
        "place",
        "order",
        "TTTT1002U TTTT1006U|VTTT1002U VTTT1001U",
        orders.place,
        "ORD_SVR_DVSN_CD ORD_DVSN",
        optional="SLL_TYPE ALGO_ORD_TMD_DVSN_CD START_TIME END_TIME",
    ),
    _order("cancel", "order-rvsecncl", "TTTT1004U|VTTT1004U", orders.change, _CHANGED, optional="ORD_SVR_DVSN_CD"),
    _order("daytime", "daytime-order", "TTTS6036U TTTS6037U", orders.daytime, "ORD_SVR_DVSN_CD ORD_DVSN"),
    _order(
        "daytime_cancel",
        "daytime-order-rvsecncl",
        "TTTS6038U",
        orders.daytime,
        _CHANGED,
        optional="ORD_SVR_DVSN_CD",
    ),
)
"""Revisions take the path of cancels; faults and counts know them as `revise`."""

OAUTH = {
    "/oauth2/tokenP": "token",
    "/oauth2/revokeP": "revoke",
    "/oauth2/Approval": "approval",
    "/uapi/hashkey": "hashkey",
}
ROUTE_NAMES = frozenset({*(route.name for route in ROUTES), *OAUTH.values(), "revise"})
LIVE_IDS = frozenset().union(*(route.live_ids for route in ROUTES))
PAPER_IDS = frozenset().union(*(route.paper_ids for route in ROUTES))
