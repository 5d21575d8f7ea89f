"""Where a run keeps its things: folders of its own, one ledger per instance and mode."""

from __future__ import annotations

import shutil
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from bot.lock import instance_lock
from domain.errors import ExitCode, SetupError
from domain.reason import reason
from domain.snapshot import Mode
from ledger.places import PostgresPlace, SqlitePlace

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from bot.settings import Settings
    from ledger.places import Place

DOTENV = Path(__file__).resolve().parent.parent / ".env"
"""The owner's settings, beside run.sh."""

_HA_OPTIONS = Path("/data/options.json")
_PRIVATE = 0o700


def ha_options(environ: Mapping[str, str]) -> Path | None:
    """Return the add-on's options, where Home Assistant's Supervisor started us."""
    return _HA_OPTIONS if environ.get("SUPERVISOR_TOKEN") else None


def paper_folder(data_dir: Path) -> Path:
    """Return where the last run on candles is kept."""
    return data_dir / "paper"


@contextmanager
def begin_anew(data_dir: Path) -> Iterator[Path]:
    """Lend an empty folder for a run on candles; it takes its place as `paper` when the block ends well.

    The former run is then kept beside it as `paper.old`; a run that is refused or fails leaves both as they were.
    Raises `SetupError` while another such run goes on, and when the folder cannot be made.
    """
    folder = paper_folder(data_dir)
    new, old = folder.with_name("paper.new"), folder.with_name("paper.old")
    with _paper_lock(data_dir):
        with on_disk(new):
            shutil.rmtree(new, ignore_errors=True)
            new.mkdir(mode=_PRIVATE, parents=True)
        try:
            yield new
        except BaseException:
            shutil.rmtree(new, ignore_errors=True)
            raise
        with on_disk(folder):
            if folder.exists():
                shutil.rmtree(old, ignore_errors=True)
                folder.rename(old)
            new.rename(folder)


@contextmanager
def on_disk(path: Path) -> Iterator[None]:
    """Name the place in what is said where the disk refuses; raises `SetupError`."""
    try:
        yield
    except OSError as error:
        what = error.strerror or type(error).__name__
        raise SetupError(ExitCode.DISK, reason("disk_unwritable", path=str(path), what=what)) from error


@contextmanager
def _paper_lock(data_dir: Path) -> Iterator[None]:
    with ExitStack() as held:
        try:
            held.enter_context(instance_lock(data_dir / "paper.lock"))
        except SetupError as error:
            if error.exit_code is ExitCode.ALREADY_RUNS:
                raise SetupError(ExitCode.ALREADY_RUNS, reason("paper_already_runs", path=str(data_dir))) from None
            raise
        yield


def last_paper_ledger(data_dir: Path, instance: str) -> SqlitePlace:
    """Return the ledger of the last run on candles, whichever instance it was; where none is, where it would be."""
    found = sorted(paper_folder(data_dir).glob(f"*/{Mode.DRY_RUN}/ledger.sqlite3"))
    return SqlitePlace(found[0].parent) if len(found) == 1 else paper_ledger(paper_folder(data_dir), instance)


def paper_ledger(folder: Path, instance: str) -> SqlitePlace:
    """Return where a run on candles keeps its ledger: always a file in its own folder, whatever `DATABASE_URL` says."""
    return SqlitePlace(folder / instance / str(Mode.DRY_RUN))


def own_lock(data_dir: Path, instance: str) -> Path:
    """Return the lock of the owner's bot."""
    return data_dir / instance / "lock"


def own_ledger(settings: Settings, mode: Mode) -> Place:
    """Return where the owner's bot keeps its ledger: one for each mode, in files or in the database that is set."""
    address = "" if settings.database_url is None else settings.database_url.get_secret_value()
    if address.startswith("postgresql"):
        return PostgresPlace(address, f"{settings.instance}_{mode}")
    folder = Path(address.removeprefix("sqlite:///")) if address else settings.data_dir
    return SqlitePlace(folder / settings.instance / str(mode))
