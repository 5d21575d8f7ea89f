"""Settings of KIS: its two worlds, accounts, keys and shares; what cannot be is refused with its fix."""

from __future__ import annotations

import pytest

from tests.bot.test_settings import faults, load


@pytest.mark.parametrize(
    ("name", "text", "fault"),
    [
        ("KIS_MODE", "REAL", "setting_choice_meant name=KIS_MODE value=REAL suggestion=live allowed=paper, live"),
        (
            "KIS_MODE",
            "모의투자",
            "setting_choice_meant name=KIS_MODE value=모의투자 suggestion=paper allowed=paper, live",
        ),
        ("KIS_MODE", "both", "setting_not_a_choice name=KIS_MODE value=both allowed=paper, live"),
        (
            "KIS_EXCHANGE_CODE",
            "NAS",
            "setting_choice_meant name=KIS_EXCHANGE_CODE value=NAS suggestion=NASD allowed=NASD, NYSE, AMEX",
        ),
        (
            "KIS_EXCHANGE_CODE",
            "ams",
            "setting_choice_meant name=KIS_EXCHANGE_CODE value=ams suggestion=AMEX allowed=NASD, NYSE, AMEX",
        ),
    ],
)
def test_a_word_of_others_is_answered_with_ours(name: str, text: str, fault: str) -> None:
    assert faults(**{name: text}) == [fault]


@pytest.mark.parametrize(
    ("values", "fault"),
    [
        (
            {"KIS_QUOTE_APP_SECRET": "s"},
            "setting_pair_incomplete name=KIS_QUOTE_APP_SECRET missing=KIS_QUOTE_APP_KEY",
        ),
        ({"EXCHANGE": "KIS", "KIS_SYMBOL": "005930"}, "kis_symbol_korean name=KIS_SYMBOL value=005930"),
        ({"EXCHANGE": "KIS", "KIS_SYMBOL": "usd"}, "kis_symbol_currency name=KIS_SYMBOL value=USD"),
        (
            {"EXCHANGE": "KIS"}
            | dict.fromkeys(("KIS_APP_KEY", "KIS_QUOTE_APP_KEY"), "k")
            | dict.fromkeys(("KIS_APP_SECRET", "KIS_QUOTE_APP_SECRET"), "s"),
            "kis_quote_key_same name=KIS_QUOTE_APP_KEY other=KIS_APP_KEY",
        ),
    ],
)
def test_what_cannot_trade_us_shares_is_refused(values: dict[str, str], fault: str) -> None:
    assert faults(**values) == [fault]


def test_a_ticker_in_small_letters_is_taken() -> None:
    assert load(EXCHANGE="KIS", KIS_SYMBOL="brk/b").symbol == "BRK/B"


def test_the_broker_s_other_world_is_refused() -> None:
    live = "https://openapi.koreainvestment.com:9443"

    assert [fault.split()[0] for fault in faults(KIS_BASE_URL=live)] == ["kis_address_of_other_mode"]
    assert load(KIS_BASE_URL=live, KIS_MODE="live").kis_base_url == live


@pytest.mark.parametrize("text", ["12345678", "12345678-01", "1234567801"])
def test_an_account_is_known_in_each_of_its_forms(text: str) -> None:
    account = load(EXCHANGE="KIS", KIS_ACCOUNT_NO=text).kis_account_no

    assert account is not None
    assert account.get_secret_value() == "12345678-01"


@pytest.mark.parametrize("text", ["1234567", "12345678-", "12345678-1", "123456789", "12345678-01-02", "١٢٣٤٥٦٧٨"])
def test_no_other_text_is_an_account_and_none_is_shown(text: str) -> None:
    assert faults(KIS_ACCOUNT_NO=text) == ["account_form name=KIS_ACCOUNT_NO"]


@pytest.mark.parametrize("text", ["12345678-03", "1234567808", "12345678-22", "12345678-29"])
def test_an_account_that_holds_no_shares_is_told_with_the_one_that_does(text: str) -> None:
    assert faults(KIS_ACCOUNT_NO=text) == [f"account_product name=KIS_ACCOUNT_NO product={text[-2:]} suggestion=01"]


def test_a_key_that_lost_a_piece_in_copying_is_warned_of_and_not_shown() -> None:
    whole = {"KIS_APP_KEY": "P" * 36, "KIS_APP_SECRET": "s" * 179}

    warnings = [str(warning) for warning in load(EXCHANGE="KIS", **whole).warnings]

    assert warnings == ["kis_key_length name=KIS_APP_SECRET found=179 usual=180"]
    assert load(EXCHANGE="BITHUMB", **whole).warnings == ()
