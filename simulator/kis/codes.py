"""What the broker says: success by call and mode, refusals by code, and our guesses where no sheet tells a code."""

from __future__ import annotations

CODES = {
    "not_yet_open_paper": "40580000",
    "closed_live": "APBK0918",
    "closed_paper": "40580000",
    "day_off_live": "APBK0918",
    "day_off_paper": "40100000",
    "cash_live": "APBK0952",
    "cash_paper": "40310000",
    "shares_live": "APBK0400",
    "shares_paper": "40240000",
    "off_tick_live": "APBK0506",
    "off_tick_paper": "40570000",
    "order_type_live": "APBK1943",
    "order_type_paper": "40250000",
    "nothing_left_live": "APBK0344",
    "nothing_left_paper": "40330000",
    "unknown_order_live": "APBK0344",
    "unknown_order_paper": "40330000",
    "revised_paper": "40640000",
    "halted_live": "APBK0066",
    "halted_paper": "40910000",
}
"""By case and mode; what users report of several of them is contradictory, so the text has to be read."""

_TEXTS = {
    "not_yet_open_paper": "모의투자 장시작전 입니다.",
    "closed_live": "장운영시간이 아닙니다.(단,주간거래시간이면 전용화면 주문가능, 주문시간 외 불가)",
    "closed_paper": "모의투자 장종료 입니다.",
    "day_off_live": "장운영시간이 아닙니다.(단,주간거래시간이면 전용화면 주문가능, 주문시간 외 불가)",
    "day_off_paper": "모의투자 영업일이 아닙니다.",
    "cash_live": "주문가능금액을 초과 했습니다",
    "cash_paper": "모의투자 주문가능금액이 부족합니다.",
    "shares_live": "주문 가능한 수량을 초과했습니다",
    "shares_paper": "모의투자 주문가능한 수량을 초과했습니다.",
    "off_tick_live": "호가단위를 확인하시기 바랍니다.",
    "off_tick_paper": "모의투자 주문처리가 안되었습니다(호가단위 오류)",
    "order_type_live": "시장가호가불가로 주문이 불가합니다.",
    "order_type_paper": "모의투자 주문처리가 안되었습니다(주문구분 오류)",
    "nothing_left_live": "정정/취소할 수량이 없습니다.",
    "nothing_left_paper": "모의투자 정정/취소할 수량이 없습니다.",
    "unknown_order_live": "정정/취소할 수량이 없습니다.",
    "unknown_order_paper": "모의투자 정정/취소할 수량이 없습니다.",
    "halted_live": "거래정지 종목으로 주문이 불가합니다.",
    "halted_paper": "모의투자 주문처리가 안되었습니다(매매불가 종목)",
}

MESSAGES = {
    "EGW00001": "일시적 오류가 발생했습니다.",
    "EGW00002": "서버 에러가 발생했습니다.",
    "EGW00101": "유효하지 않은 요청입니다.",
    "EGW00102": "AppKey는 필수입니다.",
    "EGW00103": "유효하지 않은 AppKey입니다.",
    "EGW00104": "AppSecret은 필수입니다.",
    "EGW00105": "유효하지 않은 AppSecret입니다.",
    "EGW00115": "grant_type은 필수입니다.",
    "EGW00116": "지원하지 않는 grant_type 입니다.",
    "EGW00121": "유효하지 않은 token 입니다.",
    "EGW00122": "token을 찾을 수 없습니다.",
    "EGW00123": "기간이 만료된 token 입니다.",
    "EGW00131": "유효하지 않은 hashkey 입니다.",
    "EGW00132": "유효하지 않은 content-type 입니다.",
    "EGW00133": "접근토큰 발급 잠시 후 다시 시도하세요(1분당 1회)",
    "EGW00201": "초당 거래건수를 초과하였습니다.",
    "EGW00202": "GW라우팅 중 오류가 발생했습니다.",
    "EGW00203": "OPS라우팅 중 오류가 발생했습니다.",
    "EGW00205": "credentials_type이 유효하지 않습니다.(Bearer)",
    "EGW00208": "유효하지 않은 custtype 입니다.",
    "EGW00215": "원장에서 허용 가능한 초당 거래건수를 초과하였습니다.",
    "EGW00301": "연결 시간이 초과되었습니다. 직전 거래를 반드시 확인하세요.",
    "EGW00302": "거래시간이 초과되었습니다. 직전 거래를 반드시 확인하세요.",
    "EGW02004": "실전투자 TR 이 아닙니다.",
    "EGW02006": "모의투자 TR 이 아닙니다.",
    "EGW02007": "모의투자용 앱키가 아닙니다.",
    "IGW00002": "계좌번호가 일치하지 않습니다.",
    "OPSQ0002": "없는 서비스 코드 입니다.",
    "OPSQ2000": "ERROR : INPUT INVALID_CHECK_ACNO",
    "OPSQ9997": "ERROR : INVALID JSON",
    "OPSQ9999": "ERROR : INPUT FIELD NOT FOUND [tr_id]",
    "APBK0656": "해당종목정보가 없습니다.",
    "APBK0918": "장운영시간이 아닙니다.(단,주간거래시간이면 전용화면 주문가능, 주문시간 외 불가)",
    "APBK1507": "가격 $0.01 미만시 온라인 주문불가",
    "40100000": "모의투자 영업일이 아닙니다.",
    "40580000": "모의투자 장종료 입니다.",
    "40910000": "모의투자 주문이 불가한 계좌입니다.",
    "90020000": "서비스가 지연되고 있습니다.",
}

QUOTED = ("MCA00000", "정상처리 되었습니다.")
READ = ("KIOK0510", "조회가 완료되었습니다")
READ_MORE = ("KIOK0500", "조회가 계속됩니다..다음버튼을 Click 하십시오.")
READ_NOTHING = ("KIOK0560", "조회할 내용이 없습니다")
SENT = ("APBK0013", "주문 전송 완료 되었습니다.")
BOUGHT_PAPER = ("40600000", "모의투자 매수주문이 완료 되었습니다.")
SOLD_PAPER = ("40590000", "모의투자 매도주문이 완료 되었습니다.")
CANCELED_PAPER = ("40630000", "모의투자 취소주문이 완료 되었습니다.")
REVISED_PAPER_TEXT = "모의투자 정정주문이 완료 되었습니다."


def text_of(case: str) -> str:
    """Return what is said in a case whose code is set, or under a code."""
    return _TEXTS.get(case) or MESSAGES.get(case, "처리 중 오류가 발생했습니다.")
