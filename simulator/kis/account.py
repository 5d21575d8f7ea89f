"""What the customer owns: holdings, spendable dollars, and the summary that lags behind."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from domain.exact import ONE, ZERO
from simulator.kis import codes
from simulator.kis.fx import won_rate
from simulator.kis.rules import LISTINGS, MARKET_NAMES, PRODUCT_TYPES
from simulator.kis.venue import CURRENCY
from simulator.kis.wire import BUSINESS, Refused, Said, context, cut, field_missing, places, signed_pct, whole
from simulator.venue import CUSTOMER

if TYPE_CHECKING:
    from simulator.kis.venue import KisVenue
    from simulator.kis.wire import Ask, Row

_PRICE = re.compile(r"\d{0,23}(\.\d{1,8})?", re.ASCII)
_NO_PRICE = "0"
_WON = "01"
_SUMS = (
    *("pchs_amt_smtl", "evlu_amt_smtl", "evlu_pfls_amt_smtl", "dncl_amt", "cma_evlu_amt", "tot_dncl_amt"),
    *("etc_mgna", "wdrw_psbl_tot_amt", "frcr_evlu_tota", "evlu_erng_rt1", "pchs_amt_smtl_amt"),
    *("evlu_amt_smtl_amt", "tot_evlu_pfls_amt", "tot_asst_amt", "buy_mgn_amt", "mgna_tota"),
    *("frcr_use_psbl_amt", "ustl_sll_amt_smtl", "ustl_buy_amt_smtl", "tot_frcr_cblc_smtl", "tot_loan_amt"),
)


def balance(ask: Ask) -> Said:
    """List holdings; the last row is blank, and cash is nowhere."""
    venue, asked = ask.venue, ask["OVRS_EXCG_CD"]
    if asked not in {*LISTINGS, "NAS"}:
        raise field_missing("OVRS_EXCG_CD")
    if ask["TR_CRCY_CD"] != CURRENCY:
        raise field_missing("TR_CRCY_CD")
    shares = venue.book.purses.of(CUSTOMER, venue.symbol)
    listings = [listed for listed in _shown_under(venue) if _covers(venue, asked, listed)]
    rows = [_holding(venue, listed) for listed in listings] if shares.total else []
    bought, worth = shares.average * shares.total, venue.last * shares.total
    gain = worth - bought if rows else ZERO
    sums = {
        "frcr_pchs_amt1": places(bought if rows else ZERO, 5),
        "ovrs_rlzt_pfls_amt": places(ZERO, 5),
        "ovrs_tot_pfls": places(gain, 5),
        "rlzt_erng_rt": places(ZERO, 8),
        "tot_evlu_pfls_amt": places(gain, 8),
        "tot_pftrt": places(gain / bought * 100 if rows and bought else ZERO, 8),
        "frcr_buy_amt_smtl1": places(bought if rows else ZERO, 6),
        "ovrs_rlzt_pfls_amt2": places(ZERO, 5),
        "frcr_buy_amt_smtl2": places(bought if rows else ZERO, 6),
    }
    blank = dict.fromkeys(_holding(venue, venue.listed), "") | {"ovrs_cblc_qty": "0", "ord_psbl_qty": "0"}
    payload: dict[str, Any] = {
        "ctx_area_fk200": context(f"{ask['CANO']}^{ask['ACNT_PRDT_CD']}^{asked}^"),
        "ctx_area_nk200": context(),
        "output1": [*rows, blank],
        "output2": sums,
    }
    return Said(codes.READ if rows else codes.READ_NOTHING, payload, _last_page(venue), padded=True)


def psamount(ask: Ask) -> Said:
    """Tell what can be spent."""
    venue = ask.venue
    if (ask["OVRS_EXCG_CD"], ask["ITEM_CD"]) != (venue.listed, venue.symbol):
        raise Refused(BUSINESS, "APBK0656")
    text = ask["OVRS_ORD_UNPR"]
    if not _PRICE.fullmatch(text) or text == ".":
        raise field_missing("OVRS_ORD_UNPR")
    asked = Decimal(text or _NO_PRICE)
    price = asked if asked > 0 else venue.last
    free = venue.book.purses.of(CUSTOMER, CURRENCY).free
    qty = free // (price * (ONE + max(venue.settings.bid_fee, venue.settings.maker_bid_fee)))
    money = cut(free, venue.settings.cash_places)
    output = {
        "tr_crcy_cd": CURRENCY,
        "ord_psbl_frcr_amt": money,
        "sll_ruse_psbl_amt": cut(ZERO, venue.settings.cash_places),
        "ovrs_ord_psbl_amt": money,
        "max_ord_psbl_qty": whole(qty),
        "echm_af_ord_psbl_amt": cut(ZERO, venue.settings.cash_places),
        "echm_af_ord_psbl_qty": "0",
        "ord_psbl_qty": whole(qty),
        "exrt": places(won_rate(venue), 6),
        "frcr_ord_psbl_amt1": money,
        "ovrs_max_ord_psbl_qty": whole(qty),
    }
    return Said(codes.READ, {"output": output}, _last_page(venue), padded=True)


def present_balance(ask: Ask) -> Said:
    """Sum the account up; the practice account says the sums alone, the real one lacks the running session."""
    venue = ask.venue
    rate = won_rate(venue)
    if venue.mode == "paper":
        shares, cash = venue.book.purses.of(CUSTOMER, venue.symbol), venue.book.purses.of(CUSTOMER, CURRENCY)
        qty, average, money = shares.total, shares.average, cash.total
    elif venue.settled is None:
        qty = average = ZERO
        money = venue.book.purses.deposited.get(CURRENCY, ZERO)
    else:
        qty, average, money = (Decimal(venue.settled[name]) for name in ("qty", "average", "cash"))
    unit = rate if ask["WCRC_FRCR_DVSN_CD"] == _WON else ONE
    rows, currencies = [], []
    if venue.mode == "live":
        rows = [_present_row(venue, qty, average, unit, rate)] if qty else []
        currencies = [_currency_row(money, qty * venue.last, rate)]
    payload = {"output1": rows, "output2": currencies, "output3": _sums(qty, average, money, rate, venue.last)}
    return Said(codes.READ, payload, _last_page(venue), padded=True)


def _shown_under(venue: KisVenue) -> tuple[str, ...]:
    """Return the exchanges under which the holding is listed."""
    if not venue.settings.listed_twice:
        return (venue.listed,)
    return venue.listed, "AMEX" if venue.listed != "AMEX" else "NYSE"


def _covers(venue: KisVenue, asked: str, listed: str) -> bool:
    """Whether an exchange that was asked for shows what is listed on another: NASD is all of them, but on paper."""
    if asked == "NAS":
        return listed == "NASD" and venue.mode == "live"
    return asked == listed or (asked == "NASD" and venue.mode == "live")


def _holding(venue: KisVenue, listed: str) -> Row:
    shares, last = venue.book.purses.of(CUSTOMER, venue.symbol), venue.last
    bought = shares.average * shares.total
    number, product = venue.keys.account
    return {
        "cano": number,
        "acnt_prdt_cd": product,
        "prdt_type_cd": PRODUCT_TYPES[listed],
        "ovrs_pdno": venue.symbol,
        "ovrs_item_name": venue.symbol,
        "frcr_evlu_pfls_amt": places(last * shares.total - bought, 6),
        "evlu_pfls_rt": signed_pct(last * shares.total - bought, bought).removeprefix("+"),
        "pchs_avg_pric": places(shares.average, 4),
        "ovrs_cblc_qty": whole(shares.total),
        "ord_psbl_qty": "0" if venue.settings.settled_zero else whole(shares.free),
        "frcr_pchs_amt1": places(bought, 5),
        "ovrs_stck_evlu_amt": places(last * shares.total, 8),
        "now_pric2": places(last, 6),
        "tr_crcy_cd": CURRENCY,
        "ovrs_excg_cd": listed,
        "loan_type_cd": "10",
        "loan_dt": "",
        "expd_dt": "",
    }


def _present_row(venue: KisVenue, qty: Decimal, average: Decimal, unit: Decimal, rate: Decimal) -> Row:
    last = venue.last
    bought, worth = average * qty, last * qty
    return {
        "prdt_name": venue.symbol,
        "cblc_qty13": places(qty, 8),
        "thdt_buy_ccld_qty1": places(ZERO, 8),
        "thdt_sll_ccld_qty1": places(ZERO, 8),
        "ccld_qty_smtl1": places(qty, 8),
        "ord_psbl_qty1": places(qty, 8),
        "frcr_pchs_amt": places(bought * unit, 5),
        "frcr_evlu_amt2": places(worth * unit, 5),
        "evlu_pfls_amt2": places((worth - bought) * unit, 5),
        "evlu_pfls_rt1": places((worth - bought) / bought * 100 if bought else ZERO, 8),
        "pdno": venue.symbol,
        "bass_exrt": places(rate, 8),
        "buy_crcy_cd": CURRENCY,
        "ovrs_now_pric1": places(last * unit, 8),
        "avg_unpr3": places(average * unit, 8),
        "tr_mket_name": MARKET_NAMES[venue.listed],
        "natn_kor_name": "미국",
        "pchs_rmnd_wcrc_amt": places(bought * rate, 0),
        "thdt_buy_ccld_frcr_amt": places(ZERO, 5),
        "thdt_sll_ccld_frcr_amt": places(ZERO, 5),
        "unit_amt": "1",
        "std_pdno": "",
        "prdt_type_cd": PRODUCT_TYPES[venue.listed],
        "scts_dvsn_name": "",
        "loan_rmnd": places(ZERO, 8),
        "loan_dt": "",
        "loan_expd_dt": "",
        "ovrs_excg_cd": venue.listed,
        "item_lnkg_excg_cd": "",
    }


def _currency_row(money: Decimal, worth: Decimal, rate: Decimal) -> Row:
    return {
        "crcy_cd": CURRENCY,
        "crcy_cd_name": "미국 달러",
        "frcr_buy_amt_smtl": places(ZERO, 2),
        "frcr_sll_amt_smtl": places(ZERO, 2),
        "frcr_dncl_amt_2": cut(money, 6),
        "frst_bltn_exrt": places(rate, 8),
        "frcr_buy_mgn_amt": places(ZERO, 6),
        "frcr_etc_mgna": places(ZERO, 6),
        "frcr_drwg_psbl_amt_1": cut(money, 6),
        "frcr_evlu_amt2": places(worth, 6),
        "acpl_cstd_crcy_yn": "Y",
        "nxdy_frcr_drwg_psbl_amt": cut(money, 6),
    }


def _sums(qty: Decimal, average: Decimal, money: Decimal, rate: Decimal, last: Decimal) -> Row:
    """Sum up in won."""
    bought, worth, cash = average * qty * rate, last * qty * rate, money * rate
    told = {
        "pchs_amt_smtl": bought,
        "evlu_amt_smtl": worth,
        "evlu_pfls_amt_smtl": worth - bought,
        "frcr_evlu_tota": cash,
        "pchs_amt_smtl_amt": bought,
        "evlu_amt_smtl_amt": worth,
        "tot_evlu_pfls_amt": worth - bought,
        "tot_asst_amt": worth + cash,
        "frcr_use_psbl_amt": cash,
        "tot_frcr_cblc_smtl": cash,
        "wdrw_psbl_tot_amt": cash,
    }
    row = {name: places(told.get(name, ZERO), 0) for name in _SUMS}
    return row | {"evlu_erng_rt1": places((worth - bought) / bought * 100 if bought else ZERO, 8)}


def _last_page(venue: KisVenue) -> str:
    return "" if venue.settings.tr_cont_blank else "D"
