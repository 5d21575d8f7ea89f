"""The launcher: `python -m bot`, the one way in."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from bot.demo.house import demo_settings, is_demo_house
from bot.exits import run_guarded
from bot.launch.telling import StopRequest, Teller
from bot.logs import start_logging
from bot.options import Run, overrides_in, read_options
from bot.places import DOTENV, ha_options
from bot.sources import language_wanted, load_settings
from domain.errors import ExitCode, SetupError
from domain.reason import reason
from reports.wording import Wording

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from bot.options import Options
    from bot.settings import Settings
    from domain.reason import Reason


def run(arguments: Sequence[str], wording: Wording) -> int:
    """Do what was asked for; raises `SetupError` where it cannot be done."""
    options = read_options(arguments)
    in_demo = _is_demo(options)
    if in_demo and options.import_orders:
        raise SetupError(ExitCode.SETTINGS, reason("demo_has_no_orders_to_import"))
    settings = _settings(options, in_demo=in_demo)
    start_logging(settings.log_format, settings.secrets())
    teller, stop = Teller(wording, settings.currency), StopRequest()
    for warning in (*settings.warnings, *_not_used(in_demo=in_demo)):
        teller.say(warning)
    # Each kind of run brings its own libraries: only what is asked for is loaded.
    if in_demo:
        from bot.launch.demo import run_demo

        return run_demo(settings, options, teller, stop)
    options.check_outside_demo()
    if options.prices is not None:
        from bot.launch.paper import run_on_paper

        return run_on_paper(settings, options, options.prices, teller, stop)
    from bot.launch.own import run_own

    return run_own(settings, options, teller, stop)


def _is_demo(options: Options) -> bool:
    if options.run is None:
        return is_demo_house(os.environ, DOTENV, ha_options(os.environ))
    return options.run is Run.DEMO


def _settings(options: Options, *, in_demo: bool) -> Settings:
    if in_demo:
        return demo_settings(options.overrides, os.environ)
    return load_settings(
        overrides=options.overrides,
        options=ha_options(os.environ),
        environ=os.environ,
        dotenv=DOTENV,
    )


def _not_used(*, in_demo: bool) -> Iterator[Reason]:
    """Say what an owner may believe to count, and does not."""
    here = Path.cwd() / ".env"
    if not in_demo and here.exists() and here.resolve() != DOTENV:
        yield reason("env_file_elsewhere", found=str(here), used=str(DOTENV))


def main() -> int:
    """Run, and end as the table of exit codes says."""
    if sys.stdout is None:
        # Started with a closed stdout: the run is worth its ledger all the same.
        sys.stdout = Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115 - it stays open to the end
    arguments = sys.argv[1:]
    language = language_wanted(
        overrides=overrides_in(arguments), options=ha_options(os.environ), environ=os.environ, dotenv=DOTENV
    )
    wording = Wording(language)
    return run_guarded(lambda: run(arguments, wording), wording)


if __name__ == "__main__":
    sys.exit(main())
