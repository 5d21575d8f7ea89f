"""Where settings come from, which source goes before which, and every fault of all of them at once."""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from io import StringIO
from typing import TYPE_CHECKING, Protocol

from dotenv.parser import parse_stream

from bot.setting_rules import Read, broken_rules, named, remarks
from bot.setting_values import DIGITS_MAX, Refused, exact, shown
from bot.settings import READERS, Language, Settings, Source, derived_defaults, exchange_of
from domain.errors import ExitCode, SetupError
from domain.exact import plain
from domain.reason import Reason, reason

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

Overrides = Mapping[str, str] | Sequence[str]
"""Settings of the command line: `NAME=VALUE` texts, or values by name."""


_CLOSE = 0.85
_MASKED_MIN = 4
_NAME = re.compile(r"[A-Za-z]{2,16}(_[A-Za-z]{1,16}){0,5}")


class Dotenv(Protocol):
    """A file of settings, or the text that it is going to hold; its text form is what a fault calls it."""

    def read_text(self, encoding: str) -> str:
        """Return the whole text; raises `FileNotFoundError` where there is none."""
        ...


@dataclass(slots=True)
class _Gathered:
    """What the sources hold, the later found going before the earlier."""

    texts: dict[str, str] = field(default_factory=dict)
    origins: dict[str, Source] = field(default_factory=dict)
    faults: list[Reason] = field(default_factory=list)
    warnings: list[Reason] = field(default_factory=list)

    def take(self, source: Source, name: str, text: str) -> None:
        """Take one value of a source; an empty one is unset, an unknown name a fault."""
        if name not in READERS:
            self.faults.append(_unknown(name, source))
        elif text.strip():
            self.texts[name] = text if name == "MQTT_PASSWORD" else text.strip()
            self.origins[name] = source


def load_settings(
    *,
    overrides: Overrides = (),
    options: Path | None = None,
    environ: Mapping[str, str] | None = None,
    dotenv: Dotenv | None = None,
) -> Settings:
    """Read the settings: command line, add-on options, environment, `.env`, defaults, in this order.

    Raises `SetupError` with every fault. Files that do not exist are no fault. What is worth a line at the start stands
    in `settings.warnings`, and where each value was found in `settings.origins`.
    """
    environ = environ or {}
    gathered = _gather(overrides, options, environ, dotenv)
    faulty = dict(_faulty(gathered.texts))
    in_home = bool(environ.get("SUPERVISOR_TOKEN"))
    settings = _settings({n: t for n, t in gathered.texts.items() if n not in faulty}, gathered.texts, in_home=in_home)
    read = Read(settings, frozenset(gathered.texts), frozenset(faulty))
    faults = [*gathered.faults, *faulty.values(), *broken_rules(read)]
    if faults:
        secrets = [text for name, text in gathered.texts.items() if READERS[name].secret]
        raise SetupError(ExitCode.SETTINGS, *(_masked(fault, secrets) for fault in faults))
    warnings = (*gathered.warnings, *remarks(read))
    origins = {name: gathered.origins.get(name, Source.DEFAULT) for name in READERS}
    return settings.model_copy(update={"warnings": warnings, "origins": origins, "in_home_assistant": in_home})


def language_wanted(
    *,
    overrides: Overrides = (),
    options: Path | None = None,
    environ: Mapping[str, str] | None = None,
    dotenv: Dotenv | None = None,
) -> Language:
    """Return the language for messages about settings that may be faulty themselves; never raises."""
    wanted = _gather(overrides, options, environ or {}, dotenv).texts.get("LANGUAGE", "").casefold()
    return next((language for language in Language if language == wanted), Language.KO)


def _settings(sound: Mapping[str, str], given: Mapping[str, str], *, in_home: bool) -> Settings:
    defaults = derived_defaults(
        exchange_of(sound.get("EXCHANGE")),
        in_bounds="GRID_LOWER" in given or "GRID_UPPER" in given,
        in_home_assistant=in_home,
        data_dir=sound.get("DATA_DIR"),
    )
    return Settings.model_validate({name.lower(): text for name, text in {**defaults, **sound}.items()})


def _faulty(texts: Mapping[str, str]) -> Iterable[tuple[str, Reason]]:
    for name, text in texts.items():
        try:
            READERS[name].read(text)
        except Refused as refused:
            yield name, named(refused.why, name)


def _gather(overrides: Overrides, options: Path | None, environ: Mapping[str, str], dotenv: Dotenv | None) -> _Gathered:
    gathered = _Gathered()
    if dotenv is not None:
        _take_dotenv(gathered, dotenv)
    _take_environment(gathered, environ)
    if options is not None:
        _take_options(gathered, options)
    _take_overrides(gathered, overrides)
    return gathered


def _take_dotenv(gathered: _Gathered, path: Dotenv) -> None:
    """Read `.env` as python-dotenv does, without its `${}`: a password may hold one."""
    if (text := _text_of(path, gathered)) is None:
        return
    for binding in parse_stream(StringIO(text)):
        if binding.error or (binding.key is not None and binding.value is None):
            # The line is not shown: it may be a key that lost its name.
            gathered.faults.append(
                reason("env_file_line", path=str(path), line=_line_of(binding.original.string, binding.original.line))
            )
        elif binding.key is not None:
            gathered.take(Source.DOTENV, binding.key, binding.value or "")


def _line_of(original: str, line: int) -> int:
    """Return the line of a statement; the parser counts blank lines before it to it."""
    before = original[: len(original) - len(original.lstrip())]
    return line + before.count("\n")


def _take_environment(gathered: _Gathered, environ: Mapping[str, str]) -> None:
    ours = [name for name in READERS if environ.get(name, "").strip()]
    for name in ours:
        if name == "LANGUAGE" and not _is_our_language(environ[name], gathered):
            continue
        gathered.take(Source.ENVIRONMENT, name, environ[name])
    applied = [name for name in ours if gathered.origins.get(name) is Source.ENVIRONMENT]
    if applied:
        gathered.warnings.append(reason("settings_from_environment", names=", ".join(applied)))
    beginnings = {name[:3] for name in READERS}
    for name in environ:
        # The environment belongs to everyone: only a name that is nearly ours is worth a word.
        if name not in READERS and name[:3] in beginnings and (close := _closest(name)):
            gathered.warnings.append(reason("unknown_variable", name=shown(name), suggestion=close))


def _is_our_language(text: str, gathered: _Gathered) -> bool:
    """Tell our LANGUAGE from the one that desktops set for all programs (`ko_KR:ko`)."""
    if text.strip().casefold() in {*Language}:
        return True
    if not re.search(r"[_:.@]", text):
        gathered.warnings.append(reason("language_ignored", value=shown(text), allowed=", ".join(Language)))
    return False


def _take_options(gathered: _Gathered, path: Path) -> None:
    if (text := _text_of(path, gathered)) is None:
        return
    try:
        found = json.loads(text, parse_float=_plain_option, parse_int=str, parse_constant=str)
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        gathered.faults.append(reason("options_not_json", path=str(path)))
        return
    for key, value in found.items():
        match value:
            case bool():
                gathered.take(Source.OPTIONS, key.upper(), str(value).lower())
            case str():
                gathered.take(Source.OPTIONS, key.upper(), value)
            case None:
                gathered.take(Source.OPTIONS, key.upper(), "")
            case _:
                gathered.faults.append(reason("setting_option_kind", name=shown(key)))


def _plain_option(number: str) -> str:
    """Write a small number of JSON without the exponent that its writer chose (`1e-05`)."""
    digits, _, power = number.lower().partition("e")
    if re.fullmatch(r"[+-]?\d{1,2}", power) and len(digits) <= DIGITS_MAX:
        return plain(exact(digits).scaleb(int(power)))
    return number


def _take_overrides(gathered: _Gathered, overrides: Overrides) -> None:
    if isinstance(overrides, Mapping):
        overrides = [f"{name}={text}" for name, text in overrides.items()]
    for position, override in enumerate(overrides, start=1):
        name, equals, text = override.partition("=")
        if equals:
            gathered.take(Source.COMMAND_LINE, name.strip().upper(), text)
        else:
            # What was typed is not shown: it may be a key that lost its name.
            gathered.faults.append(reason("override_form", position=position))


def _text_of(path: Dotenv, gathered: _Gathered) -> str | None:
    try:
        return path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        return None
    except UnicodeDecodeError:
        problem = "not UTF-8"
    except OSError as error:
        problem = error.strerror or type(error).__name__
    gathered.faults.append(reason("settings_file_unreadable", path=str(path), problem=problem))
    return None


def _unknown(name: str, source: Source) -> Reason:
    if close := _closest(name.upper(), cutoff=0.6):
        return reason("setting_unknown_close", name=shown(name), source=str(source), suggestion=close)
    # What does not look like a name of a setting may be a key that lost its own: it is not shown.
    looks_like_one = _NAME.fullmatch(name) is not None
    return reason("setting_unknown", name=shown(name) if looks_like_one else "?", source=str(source))


def _closest(name: str, cutoff: float = _CLOSE) -> str | None:
    found: Sequence[str] = difflib.get_close_matches(name, READERS, n=1, cutoff=cutoff)
    return found[0] if found else None


def _masked(fault: Reason, secrets: Iterable[str]) -> Reason:
    """Take out a secret that stands in the wrong setting too."""
    figures = list(fault.figures)
    for index, (name, value) in enumerate(figures):
        if isinstance(value, str) and any(len(secret) >= _MASKED_MIN and secret in value for secret in secrets):
            figures[index] = (name, "***")
    return Reason(fault.code, tuple(figures))
