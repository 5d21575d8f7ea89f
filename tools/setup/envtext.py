"""The text of a `.env`: one value replaced where it stands, every other line left as it is."""

from __future__ import annotations

import re
from dataclasses import dataclass
from io import StringIO
from typing import TYPE_CHECKING

from dotenv.parser import parse_stream

from bot.setting_values import Refused
from domain.reason import reason

if TYPE_CHECKING:
    from collections.abc import Callable

    from dotenv.parser import Binding

_BARE = re.compile(r"[\w@%+=:,./-]+")
_HEAD = re.compile(r"\s*(?:export[^\S\r\n]+)?(?:'[^']+'|[^=\#\s]+)[^\S\r\n]*")
_QUOTED = re.compile(r"'(?:\\.|[^'\\])*'|\"(?:\\.|[^\"\\])*\"", re.DOTALL)
_UNQUOTED = re.compile(r"[^\r\n]*?(?=\s+#|[^\S\r\n]*(?:[\r\n]|$))")
_BOM = "\ufeff"


@dataclass(frozen=True, slots=True)
class EnvText:
    """What a `.env` holds, or is going to hold; `name` is what a fault calls the file.

    It can be read in place of the file (`bot.sources.Dotenv`): what is tried is what will be written.
    """

    text: str
    name: str

    def __str__(self) -> str:
        """Return what a fault calls it: the text itself holds keys."""
        return self.name

    def __repr__(self) -> str:
        """Show no line of it."""
        return f"EnvText({self.name})"

    def read_text(self, encoding: str) -> str:
        """Return the text as its file would be read: without a mark of order, lines ended one way."""
        del encoding
        return _as_read(self.text)

    def values(self) -> dict[str, str]:
        """Return what is set, by name; an empty value sets nothing."""
        return {each.key: each.value for each in _bindings(self.read_text("")) if each.key and each.value}

    def value(self, name: str) -> str:
        """Return the value of a name, empty where it is not set."""
        return self.values().get(name, "")

    def with_value(self, name: str, value: str) -> EnvText:
        """Return the text with a value set, in place where it stood; an empty one unsets the name.

        Raises `Refused` for a value that the file cannot hold.
        """
        if not value.isprintable():
            raise Refused(reason("setup_value_form", name=name))
        made = EnvText(self._replaced(name, value), self.name)
        before, after = self.values(), made.values()
        if after.pop(name, "") != value or {k: v for k, v in before.items() if k != name} != after:
            raise Refused(reason("setup_value_form", name=name))
        return made

    def without(self, name: str) -> EnvText:
        """Return the text with every line of a name made a comment."""
        return self._with_comments(lambda each: each.key == name)

    def without_unreadable(self) -> EnvText:
        """Return the text with every line made a comment that cannot be understood."""
        return self._with_comments(lambda each: each.error or (each.key is not None and each.value is None))

    def _with_comments(self, is_wanted: Callable[[Binding], bool]) -> EnvText:
        mark, parts = _BOM * self.text.startswith(_BOM), _bindings(self.text)
        text = "".join(_commented(part.original.string) if is_wanted(part) else part.original.string for part in parts)
        return EnvText(mark + text, self.name)

    def _replaced(self, name: str, value: str) -> str:
        mark, parts = _BOM * self.text.startswith(_BOM), _bindings(self.text)
        texts = [part.original.string for part in parts]
        places = [index for index, part in enumerate(parts) if part.key == name and not part.error]
        # The last line of a name counts; to unset it all of them have to be emptied.
        for index in places if not value else places[-1:]:
            texts[index] = _line_with(texts[index], value)
        if value and not places:
            end = "\r\n" if "\r\n" in self.text else "\n"
            line = f"{name}={_written(value)}{end}"
            example = re.compile(rf"\s*#\s*{name}\s*=[^\r\n]*(\r\n|\n|\r)?")
            found = next((index for index, part in enumerate(parts) if example.fullmatch(part.original.string)), None)
            index = len(texts) if found is None else found + 1
            if index and texts[index - 1] and not texts[index - 1].endswith(("\n", "\r")):
                line = end + line
            texts.insert(index, line)
        return mark + "".join(texts)


def _bindings(text: str) -> list[Binding]:
    return list(parse_stream(StringIO(text)))


def _as_read(text: str) -> str:
    return text.removeprefix(_BOM).replace("\r\n", "\n").replace("\r", "\n")


def _written(value: str) -> str:
    """Write a value so that it is read back as it is, and that a shell would read it likewise."""
    if not value or _BARE.fullmatch(value):
        return value
    escaped = value.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"


def _line_with(original: str, value: str) -> str:
    """Put a value into a statement, whose indent, `export` and comment stay."""
    head = _HEAD.match(original)
    if head is None:
        return original
    rest = original[head.end() :]
    spaces, old = "", ""
    if rest.startswith("="):
        after = rest[1:].lstrip(" \t")
        spaces = rest[1 : len(rest) - len(after)]
        if spaces and after.startswith("#"):
            # What follows is a comment, the value is empty.
            after, spaces = spaces + after, ""
        else:
            match = _QUOTED.match(after) or _UNQUOTED.match(after)
            old = match[0] if match else ""
        tail = after[len(old) :]
    else:
        tail = rest
    if tail.startswith("#"):
        tail = f" {tail}"
    return f"{original[: head.end()]}={spaces}{_written(value)}{tail}"


def _commented(original: str) -> str:
    return "".join(f"# {line}" if line.strip() else line for line in original.splitlines(keepends=True))
