"""The error dictionary: every code of the broker has its cause, in both languages; words decide where they must."""

import pytest

from domain.errors import (
    AuthRefused,
    MarketClosed,
    MarketUnknown,
    OrderRejected,
    OutcomeUnknown,
    RateLimited,
    VenueError,
    VenueUnavailable,
)
from exchanges.kis.codes import CODES, Verdict
from exchanges.kis.errors import Complaint, order_refusal_of, refusal_of
from reports.wording import LANGUAGES, Wording, sentences_of

# Every code that the broker's tables and observed answers name.
NAMED = [
    *(f"EGW0000{n}" for n in range(1, 5)),
    *(f"EGW00{n}" for n in range(101, 134)),
    *(f"EGW00{n}" for n in range(201, 214)),
    "EGW00215",
    *(f"EGW0030{n}" for n in range(5)),
    *("EGW00310 EGW00356 EGW00500 EGW00503 EGW02004 EGW02006 EGW02007 IGW00002".split()),
    *(f"OPSQ000{n}" for n in range(1, 10)),
    *("OPSQ0010 OPSQ0011 OPSQ1002 OPSQ2000 OPSQ2001 OPSQ2002 OPSQ2003 OPSQ3001 OPSQ3002 OPSQ3003 OPSQ3004".split()),
    *(f"OPSQ999{n}" for n in range(5, 10)),
    *("APBK0918 APBK0919 APBK1664 APBK0952 APBK0400 APBK0656 APBK0506 APBK1507 APBK1943 APBK3013 APBK3009".split()),
    *("APBK1234 KIER3672 40100000 40580000 40910000 40250000 40310000 40570000 90020000 90070000".split()),
]


def complaint(code: str, said: str = "", status: int = 200) -> Complaint:
    return Complaint("GET /x", status, code, said)


@pytest.mark.parametrize("code", NAMED)
def test_every_code_has_a_cause_and_a_sentence_in_both_languages(code: str) -> None:
    why = complaint(code, status=500).why

    assert code in CODES
    for language in LANGUAGES:
        sentence = Wording(language).sentence(why)
        assert sentence != str(why)
        assert "{" not in sentence
        assert len(sentence) > 20


def test_every_cause_has_words() -> None:
    causes = {cause for _, cause in CODES.values()}

    for language in LANGUAGES:
        assert causes <= set(sentences_of(language))


def test_what_nobody_has_explained_is_told_by_its_code_alone() -> None:
    for language in LANGUAGES:
        sentence = Wording(language).sentence(complaint("EGW98765", "계좌 12345678", 500).why)
        assert "EGW98765" in sentence
        assert "12345678" not in sentence


@pytest.mark.parametrize(
    ("code", "said", "cause"),
    [
        ("APBK0918", "장운영시간이 아닙니다.(장종료동시마감(129) 주문불가시간)", "kis_market_closed"),
        ("APBK0918", "모의투자 매매불가 종목입니다.", "kis_not_tradable"),
        ("APBK0919", "장운영시간이 아닙니다.", "kis_market_closed"),
        ("APBK0919", "주문가능금액이 부족합니다.", "kis_funds_short"),
        ("APBK0919", "", "kis_refused"),
        ("APBK1664", "해외 장개시 전입니다", "kis_market_closed"),
        ("APBK1664", "주문 가능한 수량을 초과했습니다", "kis_holdings_short"),
        ("EGW00120", "주문가능금액을 초과 했습니다", "kis_funds_short"),
        ("EGW00120", "", "kis_service_ended"),
        ("40250000", "모의투자 장시작전 입니다.", "kis_market_closed"),
        ("40310000", "모의투자 주문가능금액이 부족합니다.", "kis_funds_short"),
        ("40570000", "모의투자 주문처리가 안되었습니다(호가단위 오류)", "kis_price_off_tick"),
        ("40999999", "모의투자 주문처리가 안되었습니다(매매불가 종목)", "kis_not_tradable"),
        ("40999999", "모의투자 상/하한가 오류", "kis_price_out_of_range"),
        ("40999999", "모의투자 정정/취소할 수량이 없습니다.", "kis_nothing_left"),
        ("40999999", "무엇인지 모를 말", "kis_refused"),
        ("EGW00213", "모의투자 TR 이 아닙니다.", "kis_mode_not_paper_call"),
    ],
)
def test_where_a_code_means_many_things_the_words_decide(code: str, said: str, cause: str) -> None:
    assert complaint(code, said).why.code == cause


@pytest.mark.parametrize(
    ("code", "status", "for_question", "for_order"),
    [
        ("EGW00123", 500, AuthRefused, AuthRefused),
        ("EGW00201", 500, RateLimited, RateLimited),
        ("EGW02004", 500, AuthRefused, AuthRefused),
        ("40910000", 200, AuthRefused, AuthRefused),
        ("40580000", 200, VenueUnavailable, MarketClosed),
        ("APBK0656", 200, MarketUnknown, OrderRejected),
        ("APBK0952", 200, VenueUnavailable, OrderRejected),
        ("EGW00301", 500, VenueUnavailable, OutcomeUnknown),
        ("EGW00002", 500, VenueUnavailable, OutcomeUnknown),
        ("90020000", 200, VenueUnavailable, OutcomeUnknown),
        ("EGW77777", 500, VenueUnavailable, OutcomeUnknown),
        ("40777777", 200, VenueUnavailable, OrderRejected),
        ("", 502, VenueUnavailable, OutcomeUnknown),
    ],
)
def test_a_code_becomes_what_the_caller_can_act_on(
    code: str, status: int, for_question: type[VenueError], for_order: type[VenueError]
) -> None:
    asked = complaint(code, status=status)

    assert isinstance(refusal_of(asked), for_question)
    assert isinstance(order_refusal_of(asked), for_order)


def test_nothing_is_certain_of_an_order_but_what_the_code_says_for_certain() -> None:
    certain = {code for code, (verdict, _) in CODES.items() if verdict is not Verdict.TRANSIENT}

    assert {code for code in CODES if not isinstance(order_refusal_of(complaint(code)), OutcomeUnknown)} == certain


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("code", ["EGW02004", "EGW02006", "EGW02007"])
def test_a_key_of_the_other_world_is_told_with_the_setting_that_mends_it(code: str, language: str) -> None:
    assert "KIS_MODE=" in Wording(language).sentence(complaint(code, status=500).why)
