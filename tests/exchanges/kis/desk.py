"""An account at a stub that answers in the shapes of KIS's sheet."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from exchanges.kis import KisOverseasExchange
from tests.exchanges.stub import HandClock, Said, Stub

KEY = "PSkeycanary0123456789abcdefghijklmno"
SECRET = "SScanary" + "0123456789" * 17 + "ab"
ACCOUNT = "12345678-01"
TOKEN = "eyJcanary.token.one"
SYMBOL = "TQQQ"

# Thursday in New York, 10:30; midnight and a half in Seoul, the day after.
OPEN = datetime(2026, 3, 5, 15, 30, tzinfo=UTC)

PRICE = "/uapi/overseas-price/v1/quotations/price"
ORDER = "/uapi/overseas-stock/v1/trading/order"
CHANGE = "/uapi/overseas-stock/v1/trading/order-rvsecncl"
LIST = "/uapi/overseas-stock/v1/trading/inquire-ccnl"
RESTING = "/uapi/overseas-stock/v1/trading/inquire-nccs"
BALANCE = "/uapi/overseas-stock/v1/trading/inquire-balance"
SPENDABLE = "/uapi/overseas-stock/v1/trading/inquire-psamount"
TOKEN_PATH = "/oauth2/tokenP"

Json = dict[str, Any]


def token(value: str = TOKEN, ends: str = "2026-03-07 00:29:00") -> Json:
    return {"access_token": value, "token_type": "Bearer", "expires_in": 86400, "access_token_token_expired": ends}


def fine(output: object = None, *, more: str = "D", **rest: object) -> Said:
    """Return a good answer; account answers pad their message and tell whether there is more."""
    value = {"rt_cd": "0", "msg_cd": "KIOK0510", "msg1": "조회가 완료되었습니다".ljust(60), **rest}
    return Said(value=value if output is None else value | {"output": output}, headers={"tr_cont": more})


def refused(code: str, said: str = "", status: int = 200) -> Said:
    return Said(status, {"rt_cd": "1", "msg_cd": code, "msg1": said.ljust(60)})


def taken(number: int = 40840, hour: str = "003000") -> Said:
    output = {"KRX_FWDG_ORD_ORGNO": "00950", "ODNO": f"{number:010}", "ORD_TMD": hour}
    return Said(
        value={"rt_cd": "0", "msg_cd": "40600000", "msg1": "모의투자 매수주문이 완료 되었습니다.", "output": output}
    )


def row(number: int = 40840, /, **changes: str) -> Json:
    """Return a buy of three at 90 as the list of orders shows it at rest."""
    return {
        "ord_dt": "20260305",
        "ord_gno_brno": "00950",
        "odno": f"{number:010}",
        "orgn_odno": "",
        "sll_buy_dvsn_cd": "02",
        "sll_buy_dvsn_cd_name": "매수",
        "rvse_cncl_dvsn": "00",
        "rvse_cncl_dvsn_name": "",
        "pdno": SYMBOL,
        "prdt_name": "PROSHARES QQQ 3X",
        "ft_ord_qty": "3",
        "ft_ord_unpr3": "90.00000000",
        "ft_ccld_qty": "0",
        "ft_ccld_unpr3": "0.00000000",
        "ft_ccld_amt3": "0.00000",
        "nccs_qty": "3",
        "prcs_stat_name": "전송",
        "rjct_rson": "",
        "rjct_rson_name": "",
        "ord_tmd": "003000",
        "tr_crcy_cd": "USD",
        "ovrs_excg_cd": "NASD",
        "dmst_ord_dt": "20260306",
        "thco_ord_tmd": "003000",
    } | changes


def filled(qty: int, amount: str, number: int = 40840, /, **changes: str) -> Json:
    """Return the same buy with so many executed, for so many dollars."""
    state = {"ft_ccld_qty": str(qty), "ft_ccld_amt3": amount, "nccs_qty": str(3 - qty), "prcs_stat_name": "완료"}
    return row(number, **(state | changes))


def nothing() -> Said:
    """Return the answer of an empty list: one object with blanks, no list."""
    blank = {key: "0" if key.endswith("qty") else "" for key in row()}
    return fine(blank | {"mdia_dvsn_name": "OpenAPI"})


def quoted(last: str = "100.0000", **changes: str) -> Said:
    blank = {"rsym": "DNASTQQQ", "zdiv": "4", "base": "99.0000", "pvol": "10", "last": last, "sign": "2"}
    return fine(blank | {"tvol": "1200", "ordy": "매도가능"} | changes)


def cash(dollars: str = "10000.00", with_won: str = "10000.00", rate: str = "1380.50") -> Said:
    return fine({"tr_crcy_cd": "USD", "ovrs_ord_psbl_amt": dollars, "frcr_ord_psbl_amt1": with_won, "exrt": rate})


def held(*rows: Json) -> Said:
    blank = {"cano": "", "ovrs_pdno": "", "ovrs_cblc_qty": "0", "ord_psbl_qty": "0"}
    return fine(output1=[*rows, blank], output2={"frcr_pchs_amt1": "0"})


def holding(qty: str, /, **changes: str) -> Json:
    return {"cano": "12345678", "ovrs_pdno": SYMBOL, "ovrs_cblc_qty": qty, "ord_psbl_qty": "0"} | changes


@contextmanager
def account_at(
    stub: Stub, clock: HandClock, folder: Path, mode: str = "paper", **options: object
) -> Iterator[KisOverseasExchange]:
    account = options.pop("account_no", ACCOUNT)
    exchange = KisOverseasExchange(
        KEY,
        SECRET,
        str(account),
        mode=mode,
        exchange_code="NASD",
        symbol=SYMBOL,
        clock=clock,
        wait=clock.wait,
        shared_dir=folder,
        base_url=str(options.pop("base_url", stub.url)),
        connect_s=1,
        read_s=0.4,
        total_s=2,
        stopwatch_s=time.monotonic,
        **options,  # type: ignore[arg-type]  # a test names what it changes
    )
    try:
        yield exchange
    finally:
        exchange.close()
