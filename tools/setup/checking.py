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
from tools.setup.figures import faults_of, figures_of, pct
from tools.setup.lines import padded
from tools.setup.proposal import HUNDRED
from tools.setup.purse import Purse
from tools.setup.venue import account_at, counter_at, keys_of, why

if TYPE_CHECKING:
    from collections.abc import Mapping
    from decimal import Decimal
    from pathlib import Path

    from bot.settings import Settings
    from domain.reason import Figure
    from reports.wording import Wording
    from tools.setup.venue import Account, Counter, Keys, ShareCounter

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


_MODES = {
    Mode.LIVE: "setup_check_mode_live",
    Mode.MOCK: "setup_check_mode_mock",
    Mode.DRY_RUN: "setup_check_mode_dry",
}


class _Check:
    """The questions to the exchange, one after the other."""

    def __init__(self, settings: Settings, wording: Wording) -> None:
        self._settings = settings
        self._wording = wording
        self._purse = Purse(settings.currency, wording)

    def run(self) -> int:
        """Ask them all; returns the exit code."""
        settings = self._settings
        self._say(_MODES[settings.mode])
        keys = keys_of(settings)
        try:
            if keys is None and (settings.mode is not Mode.DRY_RUN or settings.exchange is Exchange.KIS):
                missing = ", ".join(settings.missing_keys())
                exchange = str(settings.exchange)
                raise SetupError(ExitCode.SETTINGS, reason("keys_missing", exchange=exchange, names=missing))
            with counter_at(settings, keys) as counter:
                self._market(counter)
                self._grid(counter, self._account(counter, keys))
        except AuthRefused as refusal:
            raise SetupError(ExitCode.KEYS, why(refusal)) from None
        except MarketUnknown as unknown:
            raise SetupError(ExitCode.SETTINGS, why(unknown)) from None
        except VenueError as trouble:
            sys.stderr.write(f"{self._wording.sentence(why(trouble))}\n{self._wording.text('setup_check_not_asked')}\n")
            return NOT_ASKED
        self._say("setup_check_good")
        return ExitCode.OK

    def _market(self, counter: ShareCounter) -> None:
        """Look whether a share is on the exchange that is set; raises `SetupError` with the one that it is on."""
        settings = self._settings
        if settings.exchange is not Exchange.KIS:
            return
        try:
            counter.get_quote(settings.symbol)
        except MarketUnknown:
            listed, found = str(settings.kis_exchange_code), counter.listed_on(settings.symbol)
            if found is None:
                raise
            fault = reason("kis_listed_elsewhere", symbol=settings.symbol, listed=listed, suggestion=found)
            raise SetupError(ExitCode.SETTINGS, fault) from None

    def _account(self, counter: Counter, keys: Keys | None) -> Account | None:
        if keys is None:
            self._say("setup_check_no_keys")
            return None
        account = account_at(counter)
        purse = self._purse
        self._say("setup_keys_good", amount=purse.amount(account.free_of(purse.currency)))
        for concern in account.concerns:
            print(f"! {self._wording.sentence(concern)}")
        return account

    def _grid(self, counter: Counter, account: Account | None) -> None:
        """Judge the grid as if it began at this price; raises `SetupError` where the bot would refuse it."""
        settings, purse = self._settings, self._purse
        price = counter.get_quote(settings.symbol).last
        instrument = counter.refresh_instrument(settings.symbol)
        fees = instrument.fees
        code = "setup_fees_share" if settings.whole_shares else "setup_fees_told" if account else "setup_fees_assumed"
        self._say(code, buy_pct=pct(fees.rate(BUY) * HUNDRED), sell_pct=pct(fees.rate(SELL) * HUNDRED))
        if (hold := counter.buying_hold(settings.symbol)) is not None:
            print(f"! {self._wording.sentence(hold)}")
        grid = settings.grid(strict=True, bars=False, free_cash=None, adopt_qty=ZERO)
        if faults := faults_of(grid, instrument, price):
            raise SetupError(ExitCode.GRID, *(purse.fault(fault) for fault in faults))
        figures = figures_of(grid, instrument, price)
        low_pct, high_pct = figures.earned_pct
        self._say(
            "setup_check_grid",
            symbol=settings.symbol,
            price=purse.price(price),
            gap_pct=pct(figures.gap_pct),
            cells=figures.cells,
            low_pct=pct(low_pct),
            high_pct=pct(high_pct),
            earned=purse.range(*figures.earned),
            money=purse.amount(figures.money),
        )
        self._cash(figures.money, account)

    def _cash(self, needed: Decimal, account: Account | None) -> None:
        """Compare the money that the grid needs with what there is."""
        settings, purse = self._settings, self._purse
        with_orders = settings.mode is not Mode.DRY_RUN
        cash = account.free_of(purse.currency) if with_orders and account is not None else settings.paper_cash
        if cash is None or needed <= cash - settings.cash_reserve:
            return
        free = purse.amount(cash - settings.cash_reserve)
        print(f"! {self._wording.sentence(reason('setup_cash_short', needed=purse.amount(needed), free=free))}")
        if with_orders:
            # Orders of the bot's own lock cash too: only its own start can tell whether they are these.
            self._say("setup_check_locked")

    def _say(self, code: str, **figures: Figure) -> None:
        print(self._wording.sentence(reason(code, **figures)))
        sys.stdout.flush()
