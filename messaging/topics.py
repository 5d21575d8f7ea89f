"""What stands on which topic: messages built from one view of a run, in plain notation; pure."""

from __future__ import annotations

import json
from dataclasses import dataclass, fields
from decimal import Decimal
from typing import TYPE_CHECKING

from domain.clock import iso
from domain.exact import plain

if TYPE_CHECKING:
    from collections.abc import Mapping

    from domain.snapshot import Snapshot
    from domain.view import FillSeen, View

PNL = "pnl"
SUMMARY = "report/summary"
STATE = "state"
PAUSE = "state/pause"
GAP = "state/gap"
SIZE = "state/size"
FILL = "fill"
AVAILABILITY = "availability"
COMMAND = "command"

QOS = 1
"""At least once: a fill may be told twice, never not at all; its `fill_id` tells the two apart."""

ON, OFF = "ON", "OFF"
ONLINE, OFFLINE = "online", "offline"


@dataclass(frozen=True, slots=True)
class Message:
    """What is to stand on one topic; a retained one is shown to whoever subscribes later, too."""

    topic: str
    payload: str
    retain: bool


@dataclass(frozen=True, slots=True)
class Dials:
    """What the owner may turn, as it is now: the gap in percent (None between bounds), the size in its own unit."""

    gap: Decimal | None
    size: Decimal


def messages(view: View, dials: Dials) -> tuple[Message, ...]:
    """Return what stands on the retained topics now, but for the availability.

    `pnl` is Total in won and left out while no won figure is known. Raises ValueError where a figure is no finite
    number: nothing is better than half a view.
    """
    snapshot = view.snapshot
    _check_finite(snapshot)
    summary = snapshot.summary()
    total = summary["total_pnl_krw"]
    told = {
        SUMMARY: _json(summary),
        STATE: str(snapshot.state),
        PAUSE: ON if _is_paused(view) else OFF,
        SIZE: _number(dials.size),
    }
    if dials.gap is not None:
        told[GAP] = _number(dials.gap)
    if total is not None:
        told = {PNL: str(total), **told}
    return tuple(retained(snapshot.instance, name, payload) for name, payload in told.items())


def fill_message(instance: str, seen: FillSeen) -> Message:
    """Tell one execution to whoever listens now: money and quantities as plain text, the time ISO UTC.

    Raises ValueError where a figure is no finite number.
    """
    payload = {
        "event_type": str(seen.side),
        "price": _number(seen.fill.price),
        "qty": _number(seen.fill.qty),
        "fee": _number(seen.fill.fee),
        "earned": None if seen.earned is None else _number(seen.earned),
        "at": iso(seen.fill.at),
        "slot": seen.slot,
        "client_id": seen.client_id,
        "fill_id": seen.fill.fill_id,
    }
    return Message(topic(instance, FILL), _json(payload), retain=False)


def availability(instance: str, *, good: bool) -> Message:
    """Tell whether what the other topics say can be relied on."""
    return retained(instance, AVAILABILITY, ONLINE if good else OFFLINE)


def topic(instance: str, name: str) -> str:
    """Return the full name of a topic."""
    return f"{instance}/{name}"


def retained(instance: str, name: str, payload: str) -> Message:
    """Return a message that stays on its topic."""
    return Message(topic(instance, name), payload, retain=True)


def _is_paused(view: View) -> bool:
    # Only what the owner asked for, and may take back by the same switch: stops and the safe state show in the state.
    return any(why.code in {"standing_paused", "standing_owner"} for why in view.standing)


def _check_finite(snapshot: Snapshot) -> None:
    for field in fields(snapshot):
        value = getattr(snapshot, field.name)
        for number in value if isinstance(value, tuple) else (value,):
            if isinstance(number, Decimal) and not number.is_finite():
                raise ValueError(f"{field.name} is no finite number")
    if (total := snapshot.total_pnl_krw) is not None and not total.is_finite():
        raise ValueError("won is no finite number")


def _number(number: Decimal) -> str:
    if not number.is_finite():
        raise ValueError("no finite number")
    return plain(number)


def _json(values: Mapping[str, object]) -> str:
    return json.dumps(values, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
