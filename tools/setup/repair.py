"""A `.env` with faults: each is shown, and mended where it stands."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from bot.setting_rules import named
from bot.setting_values import Refused
from bot.settings import READERS
from domain.errors import SetupError
from tools.setup.asking import Option

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bot.settings import Settings
    from domain.reason import Reason
    from tools.setup.asking import Asker
    from tools.setup.draft import Draft


def repaired(draft: Draft, asker: Asker) -> Settings | None:
    """Mend the draft with its owner until it can be read; None where the owner leaves it."""
    while True:
        try:
            return draft.settings()
        except SetupError as error:
            faults = error.faults
        asker.line()
        asker.say("setup_faulty", path=str(draft.path), count=len(faults))
        asker.why(*faults)
        asker.line()
        if not _mend(faults[0], draft, asker):
            return None


def _mend(fault: Reason, draft: Draft, asker: Asker) -> bool:
    """Ask what to do about one fault and do it; False where the owner leaves."""
    options = [*_ways(fault, draft, asker), Option("leave", asker.text("setup_leave"))]
    way, _, name = asker.choose("setup_mend", options).partition(" ")
    match way:
        case "set":
            draft.set({name: value_for(name, asker)})
        case "unset":
            draft.set({name: ""})
        case "rename":
            old, _, new = name.partition(">")
            draft.set({new: draft.env.value(old)})
            draft.replace(draft.env.without(old))
        case "comment":
            draft.replace(draft.env.without(name) if name else draft.env.without_unreadable())
        case _:
            return False
    return True


def _ways(fault: Reason, draft: Draft, asker: Asker) -> Iterator[Option]:
    """Yield what can be done about a fault."""
    figures = fault.plain_figures()
    if fault.code == "env_file_line":
        yield Option("comment ", asker.text("setup_mend_lines"))
        return
    strange = [name for name in draft.env.values() if name not in READERS]
    if fault.code in {"setting_unknown", "setting_unknown_close"} and strange:
        name = figures["name"] if figures["name"] in strange else strange[0]
        known = figures.get("suggestion", "")
        if known in READERS and not draft.env.value(known):
            yield Option(f"rename {name}>{known}", asker.text("setup_mend_rename", new=known))
        yield Option(f"comment {name}", asker.text("setup_mend_comment"))
        return
    sentence = asker.wording.sentence(fault)
    told = [name for name in READERS if re.search(rf"(?<![A-Z_]){name}(?![A-Z_])", sentence)]
    concerned = [name for name in told if draft.env.value(name) or name in figures.values()]
    for name in concerned or [name for name in READERS if draft.env.value(name)]:
        yield Option(f"set {name}", asker.text("setup_mend_set", name=name))
        if draft.env.value(name):
            yield Option(f"unset {name}", asker.text("setup_mend_unset", name=name))


def value_for(name: str, asker: Asker) -> str:
    """Ask for the value of a setting until it can be read; secrets are not shown."""
    reader = READERS[name]
    asker.tell(asker.wording.text(name))
    while True:
        text = asker.ask_hidden("setup_value", name=name) if reader.secret else asker.ask("setup_value", name=name)
        if not text:
            return text
        try:
            reader.read(text)
        except Refused as refused:
            asker.why(named(refused.why, name))
        else:
            return text
