"""One token a day for all programs on a key: kept, shared, renewed, replaced, and never asked for twice a minute."""

import json
import logging
import stat
import subprocess
import sys
import threading
from datetime import timedelta
from pathlib import Path

import pytest

from domain.errors import AuthRefused, RateLimited, VenueUnavailable
from exchanges.kis import KisOverseasExchange
from exchanges.kis.calls import BASE_URLS, Mode
from tests.exchanges.kis.desk import (
    KEY,
    OPEN,
    PRICE,
    SECRET,
    SYMBOL,
    TOKEN,
    TOKEN_PATH,
    account_at,
    quoted,
    refused,
    token,
)
from tests.exchanges.stub import HandClock, Said, Stub, page
from tests.house.tree import ROOT

TOO_SOON = Said(
    403, {"error_description": "접근토큰 발급 잠시 후 다시 시도하세요(1분당 1회)", "error_code": "EGW00133"}
)


@pytest.fixture(autouse=True)
def price(stub: Stub) -> None:
    stub.says("GET", PRICE, quoted())


def kept_in(folder: Path) -> Path:
    (file,) = folder.glob("*-token.json")
    return file


def used(stub: Stub) -> list[str]:
    return [asked.headers["authorization"].removeprefix("Bearer ") for asked in stub.asked_for(PRICE)]


def test_fifty_starts_within_an_hour_ask_for_one_token(stub: Stub, clock: HandClock, tmp_path: Path) -> None:
    for _ in range(50):
        with account_at(stub, clock, tmp_path) as exchange:
            exchange.get_quote(SYMBOL)
        clock.at += timedelta(minutes=1)

    assert len(stub.asked_for(TOKEN_PATH)) == 1
    assert set(used(stub)) == {TOKEN}


def test_threads_that_begin_together_ask_for_one_token(stub: Stub, clock: HandClock, tmp_path: Path) -> None:
    together = threading.Barrier(4)

    def ask() -> None:
        with account_at(stub, clock, tmp_path) as exchange:
            together.wait()
            exchange.get_quote(SYMBOL)

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(stub.asked_for(TOKEN_PATH)) == 1
    assert used(stub) == [TOKEN] * 4


def test_programs_that_begin_together_ask_for_one_token(stub: Stub, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "tests.exchanges.kis.asker", stub.url, str(tmp_path), OPEN.isoformat()]
    programs = [subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE) for _ in range(3)]
    said = [program.communicate()[0] for program in programs]

    assert said == [b"100.0000\n"] * 3
    assert len(stub.asked_for(TOKEN_PATH)) == 1


def test_nobody_else_can_read_the_token_and_its_file_is_not_named_after_the_key(
    exchange: KisOverseasExchange, tmp_path: Path
) -> None:
    exchange.get_quote(SYMBOL)

    assert {stat.S_IMODE(file.stat().st_mode) for file in tmp_path.iterdir()} == {0o600}
    assert json.loads(kept_in(tmp_path).read_text())["token"] == TOKEN
    assert all(KEY not in file.name and SECRET not in file.read_text() for file in tmp_path.iterdir())


def test_the_two_worlds_share_no_token(stub: Stub, clock: HandClock, tmp_path: Path) -> None:
    for mode in ("paper", "live"):
        with account_at(stub, clock, tmp_path, mode) as exchange:
            exchange.get_quote(SYMBOL)

    assert len(stub.asked_for(TOKEN_PATH)) == 2
    assert len(list(tmp_path.glob("*-token.json"))) == 2


def test_a_token_is_renewed_ten_minutes_before_its_korean_end(
    exchange: KisOverseasExchange, stub: Stub, clock: HandClock
) -> None:
    # 2026-03-07 00:29 in Seoul is 15:29 UTC of the day before.
    stub.says("POST", TOKEN_PATH, token(), token("second", "2026-03-08 00:29:00"))
    exchange.get_quote(SYMBOL)

    for minutes in (-11, -9):
        clock.at = OPEN.replace(day=6, minute=29) + timedelta(minutes=minutes)
        exchange.get_quote(SYMBOL)

    assert used(stub) == [TOKEN, TOKEN, "second"]


def test_an_old_token_serves_to_its_end_while_no_new_one_can_be_had(
    exchange: KisOverseasExchange, stub: Stub, clock: HandClock
) -> None:
    exchange.get_quote(SYMBOL)
    stub.says("POST", TOKEN_PATH, page(503))
    clock.at = OPEN.replace(day=6, minute=24)

    exchange.get_quote(SYMBOL)

    assert used(stub) == [TOKEN, TOKEN]


@pytest.mark.parametrize("damage", [b"", b"{", b"[]", b'{"token": 7}', b"\xff\xfe", b'{"token": "x", "ends_at": "?"}'])
def test_a_damaged_file_is_as_good_as_none(stub: Stub, clock: HandClock, tmp_path: Path, damage: bytes) -> None:
    with account_at(stub, clock, tmp_path) as exchange:
        exchange.get_quote(SYMBOL)
    kept_in(tmp_path).write_bytes(damage)
    with account_at(stub, clock, tmp_path) as exchange:
        exchange.get_quote(SYMBOL)

    assert len(stub.asked_for(TOKEN_PATH)) == 2
    assert json.loads(kept_in(tmp_path).read_text())["token"] == TOKEN


def test_a_folder_that_cannot_be_used_is_told_with_its_path(stub: Stub, clock: HandClock, tmp_path: Path) -> None:
    in_the_way = tmp_path / "file"
    in_the_way.write_text("")

    with account_at(stub, clock, in_the_way / "shared") as exchange, pytest.raises(VenueUnavailable) as trouble:
        exchange.get_quote(SYMBOL)

    why = getattr(trouble.value, "why")  # noqa: B009 - the port promises no `why`
    assert why.code == "kis_shared_folder"
    assert str(in_the_way) in str(why)


def test_asked_too_soon_it_waits_a_minute_and_a_chance_part_and_asks_again(
    stub: Stub, clock: HandClock, tmp_path: Path
) -> None:
    stub.says("POST", TOKEN_PATH, TOO_SOON, token())
    with account_at(stub, clock, tmp_path, jitter_s=lambda: 3.5) as exchange:
        exchange.get_quote(SYMBOL)

    assert clock.at - OPEN == timedelta(seconds=64.5)
    assert used(stub) == [TOKEN]


def test_while_it_waits_the_token_of_another_program_is_taken(stub: Stub, clock: HandClock, tmp_path: Path) -> None:
    stub.says("POST", TOKEN_PATH, TOO_SOON)
    asked_for = []

    class Busy(HandClock):
        def wait(self, pause_s: float) -> None:
            super().wait(pause_s)
            if len(self.waits) == 2:
                # The lock is free meanwhile: a token comes from elsewhere.
                file = kept_in(tmp_path)
                ends_at = (self.at + timedelta(hours=20)).isoformat()
                file.write_text(json.dumps({"token": "theirs", "ends_at": ends_at, "asked_at": self.at.isoformat()}))
                asked_for.append(file)

    busy = Busy(OPEN)
    with account_at(stub, busy, tmp_path) as exchange:
        exchange.get_quote(SYMBOL)

    assert used(stub) == ["theirs"]
    assert busy.at - OPEN < timedelta(seconds=20)
    assert len(stub.asked_for(TOKEN_PATH)) == len(asked_for) == 1


def test_a_revoked_token_is_dropped_and_the_question_repeated_once(
    exchange: KisOverseasExchange, stub: Stub, clock: HandClock, tmp_path: Path
) -> None:
    exchange.get_quote(SYMBOL)
    clock.at += timedelta(hours=2)
    stub.says("POST", TOKEN_PATH, token("second"))
    stub.says("GET", PRICE, refused("EGW00121", "유효하지 않은 token 입니다.", status=500), quoted())

    exchange.get_quote(SYMBOL)

    assert used(stub) == [TOKEN, TOKEN, "second"]
    assert json.loads(kept_in(tmp_path).read_text())["token"] == "second"


def test_a_refused_token_does_not_drop_the_newer_one_of_another_program(
    exchange: KisOverseasExchange, stub: Stub, tmp_path: Path
) -> None:
    exchange.get_quote(SYMBOL)
    row = json.loads(kept_in(tmp_path).read_text())
    kept_in(tmp_path).write_text(json.dumps(row | {"token": "theirs"}))
    stub.says("GET", PRICE, refused("EGW00123", status=500), quoted())

    exchange.get_quote(SYMBOL)

    assert used(stub) == [TOKEN, TOKEN, "theirs"]
    assert len(stub.asked_for(TOKEN_PATH)) == 1


def test_a_token_refused_within_its_first_minute_is_replaced_after_it(
    exchange: KisOverseasExchange, stub: Stub, clock: HandClock
) -> None:
    stub.says("POST", TOKEN_PATH, token(), token("second"))
    stub.says("GET", PRICE, refused("EGW00121", status=500), quoted())

    exchange.get_quote(SYMBOL)

    assert used(stub) == [TOKEN, "second"]
    assert timedelta(seconds=60) < clock.at - OPEN < timedelta(seconds=70)


def test_where_new_tokens_are_refused_too_they_are_not_asked_for_every_minute(
    exchange: KisOverseasExchange, stub: Stub, clock: HandClock
) -> None:
    stub.says("GET", PRICE, refused("EGW00121", status=500))

    for _ in range(10):
        with pytest.raises(AuthRefused):
            exchange.get_quote(SYMBOL)
        clock.at += timedelta(minutes=1)
    assert len(stub.asked_for(TOKEN_PATH)) == 2

    clock.at += timedelta(minutes=10)
    stub.says("POST", TOKEN_PATH, token("third"))
    stub.says("GET", PRICE, refused("EGW00121", status=500), quoted())
    assert exchange.get_quote(SYMBOL).last == 100


def test_a_key_does_not_leave_for_the_other_world(stub: Stub, clock: HandClock, tmp_path: Path) -> None:
    for mode, other in ((Mode.PAPER, Mode.LIVE), (Mode.LIVE, Mode.PAPER)):
        with (
            pytest.raises(ValueError, match="is not the address"),
            account_at(stub, clock, tmp_path, mode, base_url=BASE_URLS[other]),
        ):
            pass


@pytest.mark.parametrize("status", [400, 401, 403, 500])
@pytest.mark.parametrize("form", ["oauth", "gateway"])
def test_a_wrong_key_is_told_as_such_whatever_the_form(
    exchange: KisOverseasExchange, stub: Stub, status: int, form: str
) -> None:
    oauth = {"error_code": "EGW00103", "error_description": "유효하지 않은 AppKey입니다."}
    gateway = {"rt_cd": "1", "msg_cd": "EGW00103", "msg1": "유효하지 않은 AppKey입니다."}
    stub.says("POST", TOKEN_PATH, Said(status, oauth if form == "oauth" else gateway))

    with pytest.raises(AuthRefused) as refusal:
        exchange.get_quote(SYMBOL)

    assert getattr(refusal.value, "why").code == "kis_key_wrong"  # noqa: B009 - the port promises no `why`
    assert len(stub.asked) == 1


@pytest.mark.parametrize("said", [Said(drop=True), page(502), Said(500, {}), Said(200, {}), Said(200, raw=b"{")])
def test_no_token_means_that_nothing_happened(exchange: KisOverseasExchange, stub: Stub, said: Said) -> None:
    stub.says("POST", TOKEN_PATH, said)

    with pytest.raises(VenueUnavailable):
        exchange.get_quote(SYMBOL)

    assert stub.asked_for(PRICE) == []


def test_a_bot_that_is_to_stop_does_not_wait_for_the_minute(stub: Stub, tmp_path: Path) -> None:
    stub.says("POST", TOKEN_PATH, TOO_SOON)

    class Rung(HandClock):
        def wait(self, pause_s: float) -> None:
            self.waits.append(pause_s)

    with account_at(stub, Rung(OPEN), tmp_path) as exchange, pytest.raises(RateLimited):
        exchange.get_quote(SYMBOL)

    assert len(stub.asked) == 1


def test_an_end_that_cannot_be_read_is_a_day_away(exchange: KisOverseasExchange, stub: Stub, tmp_path: Path) -> None:
    stub.says("POST", TOKEN_PATH, {"access_token": TOKEN, "access_token_token_expired": "soon"})

    exchange.get_quote(SYMBOL)

    assert json.loads(kept_in(tmp_path).read_text())["ends_at"] == (OPEN + timedelta(days=1)).isoformat()


def test_nothing_secret_is_logged(exchange: KisOverseasExchange, stub: Stub, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    stub.says("GET", PRICE, refused("EGW00121", status=500), quoted())
    exchange.get_quote(SYMBOL)

    ours = [record.getMessage() for record in caplog.records if record.name.startswith("exchanges")]
    assert ours
    assert not [line for line in ours for secret in (KEY, SECRET, TOKEN, "12345678") if secret in line]
