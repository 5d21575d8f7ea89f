"""What an owner, a key, a clock or a venue may have wrong: each has its exit code and says what is to be done."""

from __future__ import annotations

import json
import re
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from bot.clock import SystemClock
from bot.lock import instance_lock
from bot.places import own_lock
from domain.errors import ExitCode
from domain.snapshot import Mode
from ledger.opening import Identity, open_ledger
from ledger.places import SqlitePlace
from simulator.bithumb.settings import Settings as Simulated
from tests.bot.own_rig import (
    FIRST_BUY,
    INSTANCE,
    PRICE,
    bot_at,
    canaries,
    disagreements,
    dry,
    live,
    market,
    owner,
    run_here,
    waiting,
)
from tests.exchanges.stub import Stub, error

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.bot.own_rig import Market

HANGUL = re.compile("[가-힣]")
HOUR_S = 3600
KEY_PAUSE_S = 900
WRONG_SECRET = "SKanother0123456789abcdef0123456789abcdef"
KIS = {"EXCHANGE": "KIS", "ORDER_SIZE": "1shares", "LIVE_ARMED": "", "KIS_MODE": "paper"}


@pytest.fixture(scope="module")
def _served() -> Iterator[Market]:
    with market() as venue:
        yield venue


@pytest.fixture
def venue(_served: Market) -> Iterator[Market]:
    """Lend a market that many tests share, as it was at its begin but for its time."""
    yield _served
    _served.clear()
    _served.venue.apply(Simulated().patched({"judge_clock": "real"}))


@pytest.mark.parametrize(
    ("changes", "at_venue", "code", "said"),
    [
        ({"BITHUMB_ACCESS_KEY": "", "BITHUMB_SECRET_KEY": ""}, {}, 2, "BITHUMB_ACCESS_KEY, BITHUMB_SECRET_KEY"),
        ({"BITHUMB_ACCESS_KEY": ""}, {}, 2, "BITHUMB_ACCESS_KEY"),
        ({"BITHUMB_ACCESS_KEY": "AKanother"}, {}, 9, "다시 복사해"),
        ({"BITHUMB_SECRET_KEY": WRONG_SECRET}, {}, 9, "다시 복사해"),
        ({}, {"key_expire_at": "2025-01-01T00:00:00Z"}, 9, "API 키"),
        ({}, {"key_expire_at": "2025-01-01T00:00:00Z", "names": {"key_expired": "expired_access_key"}}, 9, "새 키"),
        ({}, {"key_scopes": ["asset_read", "order"]}, 9, "주문 조회"),
        ({}, {"key_scopes": ["order_read", "order"]}, 9, "자산 조회"),
        ({}, {"key_ips": ["203.0.113.7"]}, 9, "공인 IP"),
        ({}, {"member_blocked": True}, 9, "고객센터"),
        ({"BITHUMB_MARKET": "KRW-NOSUCH"}, {}, 2, "BITHUMB_MARKET"),
        (KIS, {}, 2, "KIS_ACCOUNT_NO"),
        (KIS | {"BOT_DRY_RUN": "true"}, {}, 2, "KIS_ACCOUNT_NO"),
    ],
)
def test_what_the_owner_has_to_change_is_said_in_korean_with_its_exit_code(  # noqa: PLR0917 - a case and its fixtures
    tmp_path: Path,
    venue: Market,
    capsys: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
    changes: dict[str, str],
    at_venue: dict[str, Any],
    code: int,
    said: str,
) -> None:
    venue.set(**at_venue)

    ended = run_here(tmp_path, {**live(venue.url), "LANGUAGE": "", **changes})

    out, err = capsys.readouterr()
    assert ended == code
    assert said in err
    assert HANGUL.search(err)
    assert out == ""
    assert canaries(tmp_path, err, caplog.text) == []
    assert venue.orders() == []


def test_an_unknown_market_is_no_dry_run_either(
    tmp_path: Path, venue: Market, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_here(tmp_path, dry(venue.url, BITHUMB_MARKET="KRW-NOSUCH")) == ExitCode.SETTINGS
    assert "KRW-BTC" in capsys.readouterr().err


def test_the_address_that_the_venue_saw_is_told(
    tmp_path: Path, venue: Market, capsys: pytest.CaptureFixture[str]
) -> None:
    with Stub() as stub:
        stub.date = venue.now()
        for path in ("/v1/ticker", "/v1/orderbook"):
            stub.says("GET", path, _json(venue, f"{path}?markets=KRW-BTC"))
        stub.says("GET", "/v1/orders/chance", error(401, "NotAllowIP", "203.0.113.7 is not allowed"))

        code = run_here(tmp_path, live(stub.url, LANGUAGE=""))

    assert code == ExitCode.KEYS
    assert "203.0.113.7" in capsys.readouterr().err


def _json(venue: Market, path: str) -> object:
    return json.loads(venue.customer.raw("GET", path).body)


@pytest.mark.parametrize(
    ("changes", "code", "said"),
    [
        ({"BITHUMB_SECRET_KEY": WRONG_SECRET}, 9, "다시 복사해"),
        ({"BITHUMB_MARKET": "KRW-NOSUCH"}, 2, "BITHUMB_MARKET"),
    ],
)
def test_the_process_ends_with_that_code_and_no_traceback(
    tmp_path: Path, venue: Market, changes: dict[str, str], code: int, said: str
) -> None:
    with owner(tmp_path, {**live(venue.url), "LANGUAGE": ""}) as own:
        done = own.start(**changes).end()

    assert done.code == code
    assert said in done.err
    assert done.out == ""
    assert canaries(tmp_path) == []


def test_a_second_start_of_the_same_instance_is_refused(
    tmp_path: Path, venue: Market, capsys: pytest.CaptureFixture[str]
) -> None:
    with instance_lock(own_lock(tmp_path / "data", INSTANCE)):
        assert run_here(tmp_path, live(venue.url)) == ExitCode.ALREADY_RUNS
    assert "INSTANCE" in capsys.readouterr().err


@pytest.mark.parametrize("theirs", [Identity("other_bot", Mode.LIVE, "BITHUMB"), Identity(INSTANCE, Mode.LIVE, "KIS")])
def test_the_ledger_of_another_instance_or_exchange_is_refused(
    tmp_path: Path, venue: Market, capsys: pytest.CaptureFixture[str], theirs: Identity
) -> None:
    place = SqlitePlace(tmp_path / "data" / INSTANCE / str(Mode.LIVE))
    open_ledger(place, theirs, create=True, clock=SystemClock()).close()

    assert run_here(tmp_path, live(venue.url)) == ExitCode.LEDGER
    assert "INSTANCE" in capsys.readouterr().err


def test_with_orders_left_another_market_is_refused_and_a_dry_run_says_that_nobody_looks_after_them(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with market() as venue:
        placed = run_here(tmp_path, live(venue.url), waiting(lambda: len(venue.orders("wait")) == 3))
        capsys.readouterr()

        moved = run_here(tmp_path, live(venue.url, BITHUMB_MARKET="KRW-ETH"))
        said = capsys.readouterr().err
        dried = run_here(tmp_path, dry(venue.url), iter(()))
        names = [row["client_order_id"] for row in venue.orders()]

    assert (placed, moved, dried) == (ExitCode.OK, ExitCode.SETTINGS, ExitCode.OK)
    assert "KRW-ETH" in said
    assert len(names) == 3
    assert all(name in said for name in names)
    assert "the live ledger still has 3 open orders" in capsys.readouterr().err


@pytest.mark.parametrize("off_min", [-5, 5])
def test_a_clock_that_is_off_is_told_of_and_trades_all_the_same(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], off_min: int
) -> None:
    with market(timedelta(minutes=off_min)) as venue:

        def fills_at_once() -> Iterator[None]:
            yield from waiting(lambda: len(venue.orders("wait")) == 3)
            venue.trade_at(FIRST_BUY)
            yield from waiting(lambda: any(row["side"] == "sell" for row in venue.orders()))

        code = run_here(tmp_path, live(venue.url), fills_at_once())

        assert code == ExitCode.OK
        assert disagreements(venue, tmp_path) == []
    assert "turn automatic time on" in capsys.readouterr().err


def test_a_block_at_the_start_outlives_it(tmp_path: Path, venue: Market, capsys: pytest.CaptureFixture[str]) -> None:
    venue.arm("*", "html", status=403)
    before = venue.asked("ticker html")

    codes = [run_here(tmp_path, live(venue.url), iter((1,))) for _ in range(2)]

    assert codes == [ExitCode.OK] * 2
    assert venue.asked("ticker html") == before + 1
    assert capsys.readouterr().err.count("shut this internet address out") == 2


def test_maintenance_at_the_start_is_waited_for(tmp_path: Path) -> None:
    with market() as venue:
        venue.arm("chance", "html", status=503, count=8)
        with bot_at(venue, tmp_path) as bot:
            bot.begin()
            bot.live(4)

            assert bot.codes() == ["bithumb_maintenance", "venue_back"]
            assert len(venue.orders("wait")) == 3


def test_a_key_that_may_not_order_is_told_of_and_tried_again_slowly(tmp_path: Path) -> None:
    with market() as venue, bot_at(venue, tmp_path) as bot:
        venue.set(key_scopes=["asset_read", "order_read"])
        bot.begin()
        bot.live(4)
        tried = venue.asked("place")
        bot.live(60)
        tried_again = venue.asked("place")
        venue.set(key_scopes=["asset_read", "order_read", "order"])
        bot.clock.go_on(KEY_PAUSE_S)
        bot.live(8)

        assert "bithumb_key_lacks_right" in bot.codes()
        assert tried_again == tried
        assert len(venue.orders("wait")) == 3


def test_a_fee_that_lapses_and_a_warned_market_hold_buying_back_until_they_are_good_again(tmp_path: Path) -> None:
    dear = dict.fromkeys(("bid_fee", "ask_fee", "maker_bid_fee", "maker_ask_fee"), "0.02")
    with market() as venue, bot_at(venue, tmp_path) as bot:
        bot.begin()
        bot.live(4)
        codes = []
        for changes in (
            dear,
            dict.fromkeys(dear, "0.0025") | {"market_warning": "CAUTION"},
            {"market_warning": "NONE"},
        ):
            venue.set(**changes)
            bot.told.clear()
            bot.clock.go_on(HOUR_S)
            bot.live(4)
            codes.append(bot.codes())
            if changes is dear:
                bot.trade_at(FIRST_BUY)
                bot.trade_at(PRICE)
            sides = sorted(row["side"] for row in venue.orders("wait"))
            codes.append(sides)

    assert codes == [
        ["gap_loses", "terms_hold_buys"],
        ["buy", "buy"],
        ["bithumb_market_caution", "terms_hold_buys"],
        ["buy", "buy"],
        ["terms_good_again"],
        ["buy", "buy", "buy"],
    ]


def test_too_many_calls_stop_the_calls_and_are_told_of_once(tmp_path: Path) -> None:
    with market() as venue, bot_at(venue, tmp_path) as bot:
        bot.begin()
        bot.live(4)
        venue.arm("ticker", "status", status=429, retry_after_s=30)
        bot.live(2)
        asked = venue.asked("ticker")
        bot.live(20)
        asked_meanwhile = venue.asked("ticker") - asked
        bot.live(20)

        assert asked_meanwhile == 0
        assert venue.asked("ticker") > asked
        assert bot.codes() == ["venue_paced", "venue_back"]


@pytest.mark.parametrize("first_away", [0, 3])
def test_a_block_page_stops_every_call_and_the_breaker_outlives_a_restart(tmp_path: Path, first_away: int) -> None:
    with market() as venue:
        with bot_at(venue, tmp_path) as bot:
            bot.begin()
            bot.live(4)
            if first_away:
                venue.arm("ticker", "html", status=503, count=first_away)
            venue.arm("ticker", "html", status=403)
            bot.live(8)
            asked, blocked = dict(venue.books()["requests"]), bot.blocked()
            bot.live(60)

            assert bot.codes() == ["bithumb_maintenance"] * bool(first_away) + ["venue_shut_out"]
            assert blocked is not None
            assert dict(venue.books()["requests"]) == asked
        with bot_at(venue, tmp_path) as again:
            # Put together it asks for the terms of its market, and waits until it may.
            assert again.codes()[-1] == "venue_back"
            assert again.clock.now() >= datetime.fromisoformat(blocked["until"])
