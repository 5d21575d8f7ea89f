"""The broker's error codes: what each means for the caller, and which sentence tells the owner what to do."""

from __future__ import annotations

from enum import StrEnum


class Verdict(StrEnum):
    """What an error code says about the call."""

    TOKEN = "token"  # noqa: S105 - not executed: the token is not taken any more
    RATE = "rate"  # not executed: too many calls
    KEY = "key"  # not executed: the owner has to see to key, account or mode
    CLOSED = "closed"  # not executed: the market is closed
    REJECTED = "rejected"  # not executed: understood and refused
    TRANSIENT = "transient"  # nobody knows: a question may be asked again, an order may have been taken


# Source: the error codes that KIS Developers publishes, and for orders what users have reported.
_BY_CAUSE = {
    (Verdict.TOKEN, "kis_token_refused"): "EGW00121 EGW00122 EGW00123",
    (Verdict.RATE, "kis_token_too_soon"): "EGW00133",
    (Verdict.RATE, "kis_too_many_calls"): "EGW00201",
    (Verdict.RATE, "kis_ledger_busy"): "EGW00215",
    (Verdict.KEY, "kis_access_denied"): "EGW00003 EGW00004 EGW00206",
    (Verdict.KEY, "kis_key_missing"): "EGW00102 EGW00104",
    (Verdict.KEY, "kis_key_wrong"): "EGW00103",
    (Verdict.KEY, "kis_secret_wrong"): "EGW00105 EGW00304",
    (Verdict.KEY, "kis_service_ended"): "EGW00118 EGW00119 EGW00120",
    (Verdict.KEY, "kis_account_wrong"): "EGW00128 OPSQ2000",
    (Verdict.KEY, "kis_account_of_other"): "EGW00130 IGW00002 90070000",
    (Verdict.KEY, "kis_address_refused"): "EGW00207 EGW00303",
    (Verdict.KEY, "kis_corporate_key"): "EGW00127 EGW00210 EGW00211 EGW00212 EGW00213",
    (Verdict.KEY, "kis_mode_not_live"): "EGW02004",
    (Verdict.KEY, "kis_mode_not_paper_call"): "EGW02006",
    (Verdict.KEY, "kis_mode_not_paper_key"): "EGW02007",
    (Verdict.KEY, "kis_paper_not_registered"): "40910000",
    (Verdict.CLOSED, "kis_market_closed"): "APBK0918 40580000",
    (Verdict.CLOSED, "kis_market_holiday"): "40100000",
    (Verdict.REJECTED, "kis_call_malformed"): (
        "EGW00101 EGW00106 EGW00107 EGW00108 EGW00109 EGW00110 EGW00111 EGW00112 EGW00113 EGW00114 EGW00115 EGW00116"
        " EGW00117 EGW00124 EGW00125 EGW00126 EGW00129 EGW00132 EGW00205 EGW00208 EGW00209"
        " OPSQ2001 OPSQ2002 OPSQ9995 OPSQ9996 OPSQ9997 OPSQ9998 OPSQ9999"
    ),
    (Verdict.REJECTED, "kis_hashkey_refused"): "EGW00131",
    (Verdict.REJECTED, "kis_call_unknown"): "EGW00310 OPSQ0002",
    (Verdict.REJECTED, "kis_funds_short"): "APBK0952",
    (Verdict.REJECTED, "kis_holdings_short"): "APBK0400 APBK1234",
    (Verdict.REJECTED, "kis_symbol_wrong"): "APBK0656",
    (Verdict.REJECTED, "kis_price_off_tick"): "APBK0506",
    (Verdict.REJECTED, "kis_price_too_low"): "APBK1507",
    (Verdict.REJECTED, "kis_order_kind_refused"): "APBK1943 APBK3013",
    (Verdict.REJECTED, "kis_not_tradable"): "APBK3009",
    (Verdict.REJECTED, "kis_reservation_hours"): "KIER3672",
    (Verdict.REJECTED, "kis_refused"): "APBK0919 APBK1664 40250000 40310000 40570000",
    (Verdict.TRANSIENT, "kis_trouble"): (
        "EGW00001 EGW00002 EGW00204 OPSQ0001 OPSQ0003 OPSQ0004 OPSQ0005 OPSQ0006 OPSQ0007 OPSQ0008 OPSQ0009"
        " OPSQ0010 OPSQ0011 OPSQ1002 OPSQ2003 OPSQ3001 OPSQ3002 OPSQ3003 OPSQ3004"
    ),
    (Verdict.TRANSIENT, "kis_routing_failed"): "EGW00202 EGW00203 EGW00300",
    (Verdict.TRANSIENT, "kis_timed_out"): "EGW00301 EGW00302",
    (Verdict.TRANSIENT, "kis_service_delayed"): "90020000",
    (Verdict.TRANSIENT, "kis_code_unexplained"): "EGW00356 EGW00500 EGW00503",
}

CODES: dict[str, tuple[Verdict, str]] = {
    code: meaning for meaning, codes in _BY_CAUSE.items() for code in codes.split()
}
"""By code: what follows for the caller, and the cause, whose sentence stands in the texts."""

UNCLEAR = frozenset({"APBK0918", "APBK0919", "APBK1664", "EGW00120", "EGW00213"})
"""Codes that stand for several causes: the broker's own text decides."""

_CLOSED = (Verdict.CLOSED, "kis_market_closed")

BY_WORDS: tuple[tuple[tuple[str, ...], tuple[Verdict, str]], ...] = (
    (("수량이 없",), (Verdict.REJECTED, "kis_nothing_left")),
    (("영업일이 아",), (Verdict.CLOSED, "kis_market_holiday")),
    (("휴장",), (Verdict.CLOSED, "kis_market_holiday")),
    (("장운영",), _CLOSED),
    (("장종료",), _CLOSED),
    (("장시작전",), _CLOSED),
    (("장개시",), _CLOSED),
    (("불가", "시간"), _CLOSED),
    (("주문시간",), _CLOSED),
    (("모의투자", "TR"), (Verdict.KEY, "kis_mode_not_paper_call")),
    (("외화",), (Verdict.REJECTED, "kis_funds_short")),
    (("금액", "초과"), (Verdict.REJECTED, "kis_funds_short")),
    (("금액", "부족"), (Verdict.REJECTED, "kis_funds_short")),
    (("예수금",), (Verdict.REJECTED, "kis_funds_short")),
    (("증거금",), (Verdict.REJECTED, "kis_funds_short")),
    (("수량", "초과"), (Verdict.REJECTED, "kis_holdings_short")),
    (("수량", "부족"), (Verdict.REJECTED, "kis_holdings_short")),
    (("잔고", "부족"), (Verdict.REJECTED, "kis_holdings_short")),
    (("상/하한가",), (Verdict.REJECTED, "kis_price_out_of_range")),
    (("호가단위",), (Verdict.REJECTED, "kis_price_off_tick")),
    (("매매불가",), (Verdict.REJECTED, "kis_not_tradable")),
    (("거래정지",), (Verdict.REJECTED, "kis_not_tradable")),
    (("종목정보",), (Verdict.REJECTED, "kis_symbol_wrong")),
    (("원주문",), (Verdict.REJECTED, "kis_nothing_left")),
    (("이용기간",), (Verdict.KEY, "kis_service_ended")),
)
"""What the broker's text says where the code does not: the first line of which all words are in it."""
