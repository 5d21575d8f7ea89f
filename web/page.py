"""The page and the notices for people, rendered from one picture of the run."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from domain.clock import iso
from domain.exact import ZERO, plain
from domain.reason import Reason
from domain.snapshot import RunState
from web import digits
from web.answers import tenths_s
from web.board import HEIGHT_PX, WIDTH_PX, board

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime
    from decimal import Decimal

    from domain.reason import Figure
    from domain.view import Health, LotsSeen, View
    from web.source import Words

ENDPOINTS = ("status", "health", "summary", "pnl", "orders", "fills", "positions", "decisions", "report")
"""The addresses below `/api/v1/`, in the order in which the page names them."""

_MINUTE_S, _HOUR_S, _DAY_S = 60, 3600, 86400

# How a state is coloured; its name stands beside it.
_TONES = {
    RunState.RUNNING: "good",
    RunState.PAUSED: "held",
    RunState.WAITING: "calm",
    RunState.FINISHED: "calm",
    RunState.SETUP: "held",
    RunState.HALTED: "bad",
    RunState.SAFE: "bad",
}


class Paper:
    """The templates, read once; rendering has no other state."""

    def __init__(self) -> None:
        self._templates = Environment(
            loader=FileSystemLoader(Path(__file__).parent / "templates"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            auto_reload=False,
        )

    def page(
        self,
        shared: Mapping[str, object],
        view: View | None,
        pulses: Health,
        topics: Mapping[str, str] | None,
        report: tuple[str, datetime] | None,
    ) -> str:
        """Render the page; `shared` is what `common` gives, `report` the newest one's name and when it was written."""
        shown = None if view is None else view.snapshot
        return self._templates.get_template("page.html").render(
            view=view,
            shown=shown,
            board=None if view is None else board(view),
            board_size=(WIDTH_PX, HEIGHT_PX),
            slots=() if view is None else [_slot(seen) for seen in view.positions],
            tone=_tone(view),
            waits_for_open=_waits_for_open(view),
            pulses=pulses,
            topics=topics,
            report=report,
            endpoints=ENDPOINTS,
            **shared,
        )

    def notice(self, shared: Mapping[str, object], title: str, sentence: str, *, again: bool) -> str:
        """Render a page of one sentence; `again` lets the browser ask again by itself."""
        return self._templates.get_template("notice.html").render(title=title, sentence=sentence, again=again, **shared)


def common(words: Words, version: str, path: str) -> dict[str, object]:
    """Return what every page has: its words, its formats, and the way back to the first page from a path."""
    # Links are relative, so that the page works below any prefix that somebody before it takes away.
    return {
        "words": words,
        "language": words.language,
        "version": version,
        "root": "../" * (path.count("/") - 1) or "./",
        "t": lambda code: words.text(f"page_{code}"),
        "say": lambda code, **figures: _said(words, f"page_{code}", figures),
        "currency_name": lambda currency: _named(words, "page_currency_", currency),
        "exchange_name": lambda exchange: _named(words, "page_exchange_", exchange),
        "part_name": lambda part: _named(words, "page_part_", part),
        "ago": lambda age_s: _ago(words, age_s),
        "money": digits.money,
        "signed": digits.signed,
        "grouped": digits.grouped,
        "like": digits.like,
        "direction": digits.direction,
        "clock": digits.korean_time,
        "iso": iso,
        "plain": plain,
    }


def _waits_for_open(view: View | None) -> bool:
    """Whether only the market's hours keep the bot from trading."""
    if view is None or view.session is None or view.session.is_regular:
        return False
    return view.snapshot.state is RunState.RUNNING


def _tone(view: View | None) -> str:
    return "calm" if view is None or _waits_for_open(view) else _TONES[view.snapshot.state]


def _said(words: Words, code: str, figures: Mapping[str, Figure]) -> str:
    return words.sentence(Reason(code, tuple(figures.items())))


def _named(words: Words, prefix: str, name: str) -> str:
    """Return the words for a name, else the name itself."""
    known = words.text(prefix + name)
    return name if known == prefix + name else known


def _ago(words: Words, age_s: float) -> str:
    told_s = tenths_s(age_s)
    if told_s is None:
        return words.text("page_never")
    whole_s = int(told_s)
    if whole_s < _MINUTE_S:
        return _said(words, "page_seconds_ago", {"count": whole_s})
    if whole_s < _HOUR_S:
        return _said(words, "page_minutes_ago", {"count": whole_s // _MINUTE_S})
    if whole_s < _DAY_S:
        return _said(words, "page_hours_ago", {"count": whole_s // _HOUR_S})
    return _said(words, "page_days_ago", {"count": whole_s // _DAY_S})


def _slot(seen: LotsSeen) -> tuple[str, Decimal, Decimal]:
    """Return a slot with what it holds and what that cost, fees included."""
    return seen.slot, sum((lot.qty for lot in seen.lots), ZERO), sum((lot.cost for lot in seen.lots), ZERO)
