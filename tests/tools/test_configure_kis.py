"""The owner prepares a bot for US shares: two worlds of keys, a share by its name, whole shares for dollars."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from bot.exits import run_guarded
from domain.errors import ExitCode
from domain.snapshot import Mode
from reports.wording import Wording
from strategy.grid.config import OrderSize, SizeUnit
from tests.tools.setup_rig import CTRL_C, DOWN, talk
from tools.setup.checking import check

if TYPE_CHECKING:
    from tests.tools.setup_rig import Talk
    from tests.tools.share_rig import ShareDesk

INTERRUPTED = 130
LIVE, PRACTICE = 1, 0


def to_the_keys(talked: Talk, world: int) -> None:
    """Choose the broker, and one of its worlds; the menu begins with what is set."""
    talked.sees("Where do you want to trade?")
    talked.chooses(1)
    talked.sees("Which account at KIS?")
    talked.chooses(world)


def with_keys(talked: Talk, account: str, pair: tuple[str, str]) -> None:
    talked.sees("Account number:")
    talked.types(account)
    talked.sees("App key:")
    talked.types(pair[0])
    talked.sees("App secret:")
    talked.types(pair[1])
    talked.sees("Asking KIS about the keys")


def saved(talked: Talk) -> None:
    talked.sees("Save?")
    talked.chooses()
    talked.sees("Saved")
    assert talked.ends() == 0


def test_a_share_is_found_by_its_name_and_bought_whole(share_desk: ShareDesk) -> None:
    app_key, secret = share_desk.broker.pair
    account = share_desk.broker.account
    with talk(share_desk.file, share_desk.environ) as talked:
        to_the_keys(talked, LIVE)
        talked.sees("Account number:")
        # A pension holds no shares that could be traded.
        talked.types(account.replace("-01", "-22"))
        talked.sees("12345678-01")
        with_keys(talked, account.replace("-", ""), (app_key, secret))
        talked.sees("The keys are good (KIS_MODE=live)")
        talked.sees("Which share?")
        talked.types("나스닥 3배")
        talked.sees("2 found.")
        talked.chooses()
        talked.sees("TQQQ (NASD): now $80.00")
        talked.sees("Dollars that can be spent: $9,000.00")
        for text, answer in (("5000원", "is no amount of money"), ("50", "One share with the fee takes at least $7")):
            talked.sees("How much money?")
            talked.types(text)
            talked.sees(answer)
        talked.sees("How much money?")
        talked.types("5천")
        talked.sees("21 shares")
        for text, answer in (("1.5", "Shares are ordered whole"), ("0", "must be more than 0"), ("7", "7 shares")):
            talked.sees("Take this grid?")
            talked.child.send(DOWN * 2)
            talked.chooses(1)
            talked.sees("Order of a cell (whole shares, like 2):")
            talked.types(text)
            talked.sees(answer)
        talked.sees("Take this grid?")
        talked.chooses()
        talked.sees("A dry run, or real money?")
        talked.chooses()
        saved(talked)

    settings = share_desk.settings()
    assert (settings.mode, settings.symbol, str(settings.kis_exchange_code)) == (Mode.DRY_RUN, "TQQQ", "NASD")
    assert settings.size == OrderSize(Decimal(7), SizeUnit.BASE)
    assert settings.paper_cash == 5000
    assert {app_key, secret, account} <= set(settings.secrets())
    assert share_desk.file.stat().st_mode & 0o777 == 0o600
    assert not any(word in talked.text for word in (app_key, secret, account[:8]))
    # The hours of this share move by 2 %.
    assert "GRID_GAP_PCT=2\n" in share_desk.file.read_text()


def test_keys_of_the_other_world_and_cut_ones_are_told_with_the_fix(share_desk: ShareDesk) -> None:
    account, pair, other = share_desk.broker.account, share_desk.broker.pair, share_desk.broker.other_pair
    with talk(share_desk.file, share_desk.environ) as talked:
        to_the_keys(talked, LIVE)
        with_keys(talked, account, other)
        talked.sees("A practice key was used on the live server")
        talked.sees("They are practice keys (KIS_MODE=paper)")
        talked.chooses()
        with_keys(talked, account, (pair[0], pair[1][:-1]))
        talked.sees("KIS_APP_SECRET: it has 179 characters")
        talked.sees("The app secret does not belong to the app key")
        talked.sees("What now?")
        talked.chooses()
        with_keys(talked, "87654321", pair)
        talked.sees("This account does not belong to this app key")
        talked.sees("What now?")
        talked.chooses()
        with_keys(talked, account, pair)
        talked.sees("Which share?")
        talked.child.send(CTRL_C)
        assert talked.ends() == INTERRUPTED

    assert not share_desk.file.exists()
    assert not any(key in talked.text for key in (*pair, *other))


def test_a_live_key_on_the_practice_server_is_told_and_the_world_can_be_changed(practice_desk: ShareDesk) -> None:
    account, other = practice_desk.broker.account, practice_desk.broker.other_pair
    with talk(practice_desk.file, practice_desk.environ) as talked:
        to_the_keys(talked, PRACTICE)
        with_keys(talked, account, other)
        talked.sees("A live key was used on the practice server")
        talked.sees("They are keys of the real account (KIS_MODE=live)")
        talked.chooses(2)
        # Asked again at once, in the other world: this simulator is of the first one.
        talked.sees("Asking KIS about the keys")
        talked.sees("What now?")
        talked.child.send(CTRL_C)
        assert talked.ends() == INTERRUPTED


def test_a_share_on_another_exchange_is_found_and_real_money_has_a_cap_in_dollars(share_desk: ShareDesk) -> None:
    share_desk.writes(share_desk.broker.pair, KIS_MODE="live", KIS_EXCHANGE_CODE="NYSE")
    with talk(share_desk.file, share_desk.environ) as talked:
        talked.sees("Where do you want to trade?")
        talked.chooses()
        talked.sees("Which account at KIS?")
        talked.chooses()
        talked.sees("There are keys of KIS already")
        talked.chooses()
        for text, answer in (("없는 이름", "No share like"), ("ZZZZQ", "KIS does not find ZZZZQ")):
            talked.sees("Which share?")
            talked.types(text)
            talked.sees(answer)
        talked.sees("Which share?")
        talked.types("")
        talked.sees("TQQQ is not on NYSE but on NASD")
        talked.sees("How much money?")
        talked.types("$2,500.50")
        talked.sees("Take this grid?")
        talked.chooses()
        talked.sees("A dry run, or real money?")
        talked.chooses(1)
        talked.sees("Cap MAX_POSITION_NOTIONAL (dollars)")
        talked.types("")
        talked.sees("sends orders to KIS")
        talked.sees("Name of the bot:")
        talked.types("kis_bot")
        saved(talked)

    settings = share_desk.settings()
    assert settings.mode is Mode.LIVE
    assert (str(settings.kis_exchange_code), settings.max_position_notional) == ("NASD", Decimal("2500.5"))
    shown = share_desk.runs("--check")
    assert shown.returncode == 0, shown
    assert "These settings trade with real money." in shown.stdout
    assert "The keys are good. Money free: $9,000.00" in shown.stdout


def test_money_of_another_currency_is_unset_with_the_exchange(share_desk: ShareDesk) -> None:
    share_desk.file.write_text("EXCHANGE=BITHUMB\nPAPER_CASH=5000000\nMAX_ORDER_NOTIONAL=100000\nGRID_STEPS=9\n")
    with talk(share_desk.file, share_desk.environ) as talked:
        talked.sees("Where do you want to trade?")
        talked.chooses(1)
        talked.sees("MAX_ORDER_NOTIONAL,")
        talked.sees("PAPER_CASH.")
        talked.sees("Which account at KIS?")


@pytest.mark.parametrize(
    ("more", "code", "word"),
    [
        ({"KIS_EXCHANGE_CODE": "AMEX"}, ExitCode.SETTINGS, "KIS_EXCHANGE_CODE=NASD"),
        ({"KIS_SYMBOL": "NONE"}, ExitCode.SETTINGS, "does not find NONE"),
        ({"GRID_GAP_PCT": "0.2"}, ExitCode.GRID, "GRID_GAP_PCT=0.5"),
        ({"KIS_APP_SECRET": "s" * 180}, ExitCode.KEYS, "does not belong to the app key"),
        ({"KIS_ACCOUNT_NO": ""}, ExitCode.SETTINGS, "KIS_ACCOUNT_NO"),
    ],
)
def test_check_ends_with_the_code_of_what_is_wrong(
    share_desk: ShareDesk, capsys: pytest.CaptureFixture[str], more: dict[str, str], code: ExitCode, word: str
) -> None:
    share_desk.writes(share_desk.broker.pair, KIS_MODE="live", **more)
    wording = Wording("en")

    ended = run_guarded(lambda: check(share_desk.file, share_desk.environ, wording), wording)

    told = capsys.readouterr()
    assert ended == code, told
    assert word in told.err
    assert not any(key in told.out + told.err for key in share_desk.broker.pair)
