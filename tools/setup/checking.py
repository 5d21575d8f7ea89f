"""Settings looked at as the bot will read them: each value and its origin, the keys, and whether the grid pays."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from bot.places import ha_options
from bot.settings import READERS, Exchange, Source
from bot.sources import load_settings
from domain.errors import AuthRefused, ExitCode, MarketUnknown, SetupError, VenueError
from domain.exact import ZERO
from domain.instrument import BUY, SELL
from domain.reason import reason
from domain.snapshot import Mode
from tools.setup.draft import shown_setting
from tools.setup.figures import faults_of, figures_of, of_price, pct, won
from tools.setup.lines import padded
from tools.setup.proposal import HUNDRED
from tools.setup.venue import KeyPair, account_at, counter_at, why

if TYPE_CHECKING:
    from collections.abc import Mapping
    from decimal import Decimal
    from pathlib import Path

    from bot.settings import Settings
    from domain.reason import Figure
    from reports.wording import Wording
    from tools.setup.venue import Account, Counter

NOT_ASKED = 1
"""The exit code where the exchange did not answer: nothing is wrong with the settings, and nothing is proven."""


def check(path: Path, environ: Mapping[str, str], wording: Wording) -> int:
    """Tell everything of the settings; returns the exit code, raises `SetupError` where something is wrong."""
    settings = load_settings(options=ha_options(environ), environ=environ, dotenv=path)
    for line in _listed(settings, wording):
        print(line)
    print()
    for warning in settings.warnings:
        print(f"! {wording.sentence(warning)}")
    sys.stdout.flush()
    return _Check(settings, wording).run()


def _listed(settings: Settings, wording: Wording) -> list[str]:
    """Return a line for each setting: its value, secrets masked, and where it was found."""
    names = {source: wording.text(f"setup_from_{source.name.lower()}") for source in Source}
    rows = []
    for name in READERS:
        origin = names[settings.origins.get(name, Source.DEFAULT)]
        rows.append((name, f"{shown_setting(settings, name)}  ({origin})"))
    return list(padded(rows))


class _Check:
    """The questions to the exchange, one after the other."""

    def __init__(self, settings: Settings, wording: Wording) -> None:
        self._settings = settings
        self._wording = wording

    def run(self) -> int:
        """Ask them all; returns the exit code."""
        settings = self._settings
        self._say("setup_check_mode_live" if settings.mode is Mode.LIVE else "setup_check_mode_dry")
        if settings.exchange is not Exchange.BITHUMB:
            self._say("setup_check_paper_only", exchange=str(settings.exchange))
            return ExitCode.OK
        access, secret = settings.bithumb_access_key, settings.bithumb_secret_key
        keys = None if access is None or secret is None else KeyPair(access, secret)
        try:
            with counter_at(settings, keys) as counter:
                account = self._account(counter, keys)
                self._grid(counter, account)
        except AuthRefused as refusal:
            raise SetupError(ExitCode.KEYS, why(refusal)) from None
        except MarketUnknown as unknown:
            raise SetupError(ExitCode.SETTINGS, why(unknown)) from None
        except VenueError as trouble:
            sys.stderr.write(f"{self._wording.sentence(why(trouble))}\n{self._wording.text('setup_check_not_asked')}\n")
            return NOT_ASKED
        self._say("setup_check_good")
        return ExitCode.OK

    def _account(self, counter: Counter, keys: KeyPair | None) -> Account | None:
        if keys is None:
            self._say("setup_check_no_keys")
            if self._settings.mode is Mode.LIVE:
                missing = ", ".join(self._settings.missing_keys())
                raise SetupError(ExitCode.SETTINGS, reason("keys_missing", exchange="BITHUMB", names=missing))
            return None
        account = account_at(counter)
        self._say("setup_keys_good", amount=won(account.free_of("KRW")))
        for concern in account.concerns:
            print(f"! {self._wording.sentence(concern)}")
        return account

    def _grid(self, counter: Counter, account: Account | None) -> None:
        """Judge the grid as if it began at this price; raises `SetupError` where the bot would refuse it."""
        settings = self._settings
        price = counter.get_quote(settings.symbol).last
        instrument = counter.refresh_instrument(settings.symbol)
        fees = instrument.fees
        code = "setup_fees_told" if account is not None else "setup_fees_assumed"
        self._say(code, buy_pct=pct(fees.rate(BUY) * HUNDRED), sell_pct=pct(fees.rate(SELL) * HUNDRED))
        if (hold := counter.buying_hold(settings.symbol)) is not None:
            print(f"! {self._wording.sentence(hold)}")
        grid = settings.grid(strict=True, bars=False, free_cash=None, adopt_qty=ZERO)
        if faults := faults_of(grid, instrument, price):
            raise SetupError(ExitCode.GRID, *faults)
        figures = figures_of(grid, instrument, price)
        (low_pct, high_pct), (low, high) = figures.earned_pct, figures.earned
        self._say(
            "setup_check_grid",
            symbol=settings.symbol,
            price=of_price(price),
            gap_pct=pct(figures.gap_pct),
            cells=figures.cells,
            low_pct=pct(low_pct),
            high_pct=pct(high_pct),
            low=won(low),
            high=won(high),
            money=won(figures.money),
        )
        self._cash(figures.money, account)

    def _cash(self, needed: Decimal, account: Account | None) -> None:
        """Compare the money that the grid needs with what there is."""
        settings = self._settings
        live = settings.mode is Mode.LIVE
        cash = account.free_of("KRW") if live and account is not None else settings.paper_cash
        if cash is None or needed <= cash - settings.cash_reserve:
            return
        short = reason("setup_cash_short", needed=won(needed), free=won(cash - settings.cash_reserve))
        if live:
            # Orders of the bot's own lock cash too: only its own start can tell whether they are these.
            print(f"! {self._wording.sentence(short)}")
            self._say("setup_check_locked")
        else:
            print(f"! {self._wording.sentence(short)}")

    def _say(self, code: str, **figures: Figure) -> None:
        print(self._wording.sentence(reason(code, **figures)))
        sys.stdout.flush()
