"""Who may pass: tokens, keys, ids, hashes, accounts, pace."""

import json

import pytest

from simulator.calls import Call
from tests.simulator.kis.customer import QUOTES, TRADING, Customer, make_venue

PRICE = "HHDFS00000300"
ASKED = {"AUTH": "", "EXCD": "NAS", "SYMB": "TQQQ"}


def refused(customer: Customer, tr_id: str = PRICE, **head: str) -> tuple[int, str]:
    return customer.get(f"{QUOTES}price", tr_id, ASKED, **head).refusal


def as_other(customer: Customer) -> dict[str, str]:
    """Return the head of one who comes with the other world's keys."""
    pair = {"appkey": customer.keys.other_app_key, "appsecret": customer.keys.other_app_secret}
    return {**pair, "authorization": f"Bearer {customer.desk('/oauth2/tokenP', **pair).body['access_token']}"}


def test_a_token_is_a_days_and_tells_its_end_in_korean_time() -> None:
    told = Customer().desk("/oauth2/tokenP")

    assert set(told.body) == {"access_token", "token_type", "expires_in", "access_token_token_expired"}
    assert (told.body["token_type"], told.body["expires_in"]) == ("Bearer", 86400)
    assert told.body["access_token_token_expired"] == "2026-03-06 23:30:00"
    assert len(told.body["access_token"]) <= 350


def test_a_second_token_within_a_minute_is_refused_in_the_desks_own_shape() -> None:
    customer = Customer()
    first = customer.desk("/oauth2/tokenP").body["access_token"]

    told = customer.desk("/oauth2/tokenP")
    customer.step("2026-03-05T14:31:00Z", play=False)

    assert (told.status, told.body) == (
        403,
        {"error_description": "접근토큰 발급 잠시 후 다시 시도하세요(1분당 1회)", "error_code": "EGW00133"},
    )
    assert customer.desk("/oauth2/tokenP").body["access_token"] == first


def test_after_six_hours_there_is_a_new_token_and_the_old_one_lives_its_day() -> None:
    customer = Customer()
    first = customer.sign_in()
    customer.step("2026-03-05T20:30:00Z", play=False)

    second = customer.desk("/oauth2/tokenP").body["access_token"]

    assert second != first
    assert customer.price()["last"] == "80.0000"
    customer.step("2026-03-06T14:30:00Z", play=False)
    assert refused(customer) == (500, "EGW00123")
    assert refused(customer, authorization="Bearer nonsense") == (500, "EGW00121")
    customer.token = second
    assert customer.price()["last"] == "80.0000"


def test_a_revoked_token_opens_nothing() -> None:
    customer = Customer()

    told = customer.desk("/oauth2/revokeP", token=customer.sign_in())

    assert told.body == {"code": 200, "message": "접근토큰 폐기에 성공하였습니다"}
    assert refused(customer) == (500, "EGW00121")


@pytest.mark.parametrize(("how", "code"), [("expired", "EGW00123"), ("revoked", "EGW00121")])
def test_all_tokens_end_on_command_and_the_next_one_is_good(how: str, code: str) -> None:
    customer = Customer()
    customer.sign_in()
    customer.set(end_tokens=how)

    assert refused(customer) == (500, code)
    customer.step("2026-03-05T14:31:00Z", play=False)
    customer.token = ""
    assert customer.price()["last"] == "80.0000"


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"appkey": "PSnobody"}, "EGW00103"),
        ({"appsecret": "wrong"}, "EGW00105"),
        ({"grant_type": "password"}, "EGW00116"),
    ],
)
def test_the_desk_refuses_wrong_keys(change: dict[str, str], code: str) -> None:
    told = Customer().desk("/oauth2/tokenP", **change)

    assert (told.status, told.body["error_code"]) == (403, code)


def test_the_websockets_key_takes_the_secret_under_its_other_name() -> None:
    customer = Customer()

    told = customer.desk("/oauth2/Approval", secretkey=customer.keys.app_secret)

    assert len(told.body["approval_key"]) == 36
    assert customer.desk("/oauth2/Approval").body["error_code"] == "EGW00104"


@pytest.mark.parametrize(
    ("head", "code"),
    [
        ({"authorization": ""}, "EGW00122"),
        ({"authorization": "Basic x"}, "EGW00205"),
        ({"appkey": ""}, "EGW00102"),
        ({"appkey": "x"}, "EGW00103"),
        ({"appsecret": ""}, "EGW00104"),
        ({"appsecret": "x"}, "EGW00105"),
        ({"tr_id": ""}, "OPSQ9999"),
        ({"tr_id": "HHDFS99999999"}, "OPSQ0002"),
        ({"tr_id": "VTTS3012R"}, "EGW00203"),
        ({"custtype": "X"}, "EGW00208"),
    ],
)
def test_a_wrong_head_is_refused_with_500(head: dict[str, str], code: str) -> None:
    customer = Customer()

    assert refused(customer, **head) == (500, code)
    assert customer.get(f"{QUOTES}price", PRICE, ASKED, custtype="").ok


def test_ids_belong_to_their_world() -> None:
    paper, live = Customer(), Customer(make_venue(mode="live"))
    order = f"{TRADING}order"

    assert refused(paper, "TTTS3012R") == (500, "EGW02006")
    assert refused(live, "VTTS3012R") == (500, "EGW02004")
    assert paper.post(order, "TTTT1002U", {}).refusal == (500, "EGW02006")
    assert paper.post(order, "VTTT1006U", {}).refusal == (500, "OPSQ0002")
    assert live.post(order, "VTTT1002U", {}).refusal == (500, "EGW02004")
    assert live.post(order, "JTTT1002U", {}).refusal == (500, "OPSQ0002")
    assert paper.quote("price-detail", "HHDFS76200200").refusal == (500, "EGW02006")


def test_old_ids_work_where_they_are_let() -> None:
    live = Customer(make_venue(mode="live"))
    live.set(old_ids=True)
    live.ids["buy"], kept = "JTTT1002U", live.ids["buy"]
    try:
        assert live.place("buy", "79", "1").ok
    finally:
        live.ids["buy"] = kept


def test_keys_belong_to_their_world() -> None:
    paper, live = Customer(), Customer(make_venue(mode="live"))
    real, practice = as_other(paper), as_other(live)
    asked = {**paper.account, "OVRS_EXCG_CD": "NASD", "TR_CRCY_CD": "USD"}

    assert paper.get(f"{TRADING}inquire-balance", "VTTS3012R", asked, **real).refusal == (500, "EGW02007")
    assert paper.get(f"{QUOTES}price", PRICE, ASKED, **real).ok
    assert refused(live, **practice) == (500, "EGW02004")
    paper.set(live_key_quotes=False)
    assert refused(paper, **real) == (500, "EGW02007")


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"CANO": "87654321"}, "IGW00002"),
        ({"ACNT_PRDT_CD": "22"}, "IGW00002"),
        ({"CANO": "1234567"}, "OPSQ2000"),
        ({"CANO": "12345678-"}, "OPSQ2000"),
        ({"ACNT_PRDT_CD": ""}, "OPSQ2000"),
    ],
)
def test_another_account_is_refused(fields: dict[str, str], code: str) -> None:
    customer = Customer()
    asked = {**customer.account, "OVRS_EXCG_CD": "NASD", "TR_CRCY_CD": "USD", **fields}

    assert customer.get(f"{TRADING}inquire-balance", "VTTS3012R", asked).refusal == (500, code)


def test_a_hash_that_is_sent_must_be_of_the_very_bytes() -> None:
    customer = Customer()
    body = {
        **customer.account,
        "OVRS_EXCG_CD": "NASD",
        "PDNO": "TQQQ",
        "ORD_QTY": "1",
        "OVRS_ORD_UNPR": "79",
        "ORD_SVR_DVSN_CD": "0",
        "ORD_DVSN": "00",
    }
    pair = {"appkey": customer.keys.app_key, "appsecret": customer.keys.app_secret, "content-type": "application/json"}
    told = customer.send(Call("POST", "/uapi/hashkey", "", pair, json.dumps(body).encode()))

    assert (told.body["BODY"], len(told.body["HASH"])) == (body, 64)
    assert customer.post(f"{TRADING}order", "VTTT1002U", body, hashkey=told.body["HASH"]).ok
    again = {**body, "ORD_QTY": "2"}
    assert customer.post(f"{TRADING}order", "VTTT1002U", again, hashkey=told.body["HASH"]).refusal == (500, "EGW00131")
    assert customer.post(f"{TRADING}order", "VTTT1002U", again).ok


def test_paper_takes_one_request_a_second_and_live_eighteen() -> None:
    for mode, count in (("paper", 1), ("live", 18)):
        customer = Customer(make_venue(mode=mode))  # type: ignore[arg-type]  # one of the two
        customer.set(rate_limits=True)
        customer.sign_in()

        answers = [customer.get(f"{QUOTES}price", PRICE, ASKED) for _ in range(count + 1)]

        assert [told.ok for told in answers] == [True] * count + [False]
        assert answers[-1].refusal == (500, "EGW00201")
        assert answers[-1].body["msg1"] == "초당 거래건수를 초과하였습니다."
        customer.step("2026-03-05T14:30:01Z", play=False)
        assert customer.get(f"{QUOTES}price", PRICE, ASKED).ok


def test_the_real_keys_quotes_have_a_pace_of_their_own() -> None:
    customer = Customer()
    customer.set(rate_limits=True)
    real = as_other(customer)

    assert all(customer.get(f"{QUOTES}price", PRICE, ASKED, **real).ok for _ in range(18))
    assert refused(customer, **real) == (500, "EGW00201")
    assert customer.get(f"{QUOTES}price", PRICE, ASKED).ok


def test_an_order_refused_for_its_pace_is_not_in_the_books() -> None:
    customer = Customer()
    customer.set(rate_limits=True)
    customer.price()

    assert customer.place("buy", "79", "1").refusal == (500, "EGW00201")
    assert customer.books()["orders"] == []
    assert customer.books()["requests"] == {"price 200": 1, "place 500 EGW00201": 1, "token 200": 1}


def test_a_doubled_slash_is_folded_and_query_keys_count_in_any_case() -> None:
    customer = Customer()

    told = customer.get(f"/{QUOTES}price", PRICE, {"auth": "", "Excd": "NAS", "symb": "TQQQ"})

    assert told.body["output"]["last"] == "80.0000"
    assert customer.get(f"{QUOTES}price", PRICE, {"EXCD": "NAS", "SYMB": "TQQQ"}).refusal == (200, "OPSQ2001")


def test_a_path_that_nobody_knows() -> None:
    customer = Customer()

    assert customer.send(Call("POST", "/oauth2/token")).status == 404
    assert customer.send(Call("GET", f"{TRADING}order-cancel")).refusal == (500, "OPSQ0002")
    assert customer.books()["requests"] == {}


def test_a_body_that_is_no_json_is_refused() -> None:
    customer = Customer()
    head = customer.headers("VTTT1002U")

    assert customer.send(Call("POST", f"{TRADING}order", "", head, b"{")).refusal == (500, "OPSQ9997")
    assert customer.send(Call("POST", f"{TRADING}order", "", head | {"content-type": "text/plain"}, b"{}")).refusal == (
        500,
        "EGW00132",
    )
