"""What each address of the API answers, built from one picture of the run: money as text, times in UTC."""

from __future__ import annotations

from math import isfinite
from typing import TYPE_CHECKING

from domain.clock import iso
from domain.exact import ZERO, plain

if TYPE_CHECKING:
    from datetime import datetime
    from decimal import Decimal

    from domain.book import Lot
    from domain.order import Order
    from domain.reason import Reason
    from domain.snapshot import Snapshot
    from domain.view import DecisionSeen, FillSeen, Health, LotsSeen, SessionSeen, View
    from web.source import Words

_OF_THE_PNL = "at currency cash equity fees position matched_pnl inventory_pnl total_pnl total_pnl_krw".split()

Answer = dict[str, object]


def health(pulses: Health) -> Answer:
    """Say which parts go on; ages and limits in seconds, an age null where no sign of life was ever seen."""
    return {
        "healthy": pulses.is_good,
        "parts": [
            {
                "part": pulse.part,
                "alive": pulse.is_alive,
                "age_s": tenths_s(pulse.age_s),
                "limit_s": tenths_s(pulse.limit_s),
            }
            for pulse in pulses.pulses
        ],
    }


def status(view: View | None, pulses: Health, version: str, words: Words) -> Answer:
    """Say how the run stands and why; before it has begun only whether the parts are alive."""
    common: Answer = {
        "begun": view is not None,
        "version": version,
        "language": words.language,
        "healthy": pulses.is_good,
        "data_age_s": data_age_s(view),
    }
    if view is None:
        return common
    shown = view.snapshot
    return common | {
        "exchange": shown.exchange,
        "instance": shown.instance,
        "mode": str(shown.mode),
        "prices": str(shown.prices),
        "fees_estimated": shown.fees_estimated,
        "symbol": shown.symbol,
        "currency": shown.currency,
        "state": str(shown.state),
        "standing": [why(each, words) for each in view.standing],
        "session": None if view.session is None else _session(view.session, words),
        "last": _amount(shown.last),
        "started_at": moment(shown.started_at),
        "at": moment(shown.at),
    }


def orders(view: View) -> Answer:
    """List the open orders."""
    return _of(view.snapshot) | {"orders": [_order(order) for order in view.orders]}


def fills(view: View) -> Answer:
    """List the newest executions, newest first."""
    return _of(view.snapshot) | {"fills": [_fill(seen) for seen in view.fills]}


def positions(view: View) -> Answer:
    """List what is held, slot by slot and lot by lot."""
    shown = view.snapshot
    held = {"position": plain(shown.position), "last": _amount(shown.last)}
    return _of(shown) | held | {"slots": [_slot(seen) for seen in view.positions]}


def pnl(view: View) -> Answer:
    """Return the figures of money alone, as the summary has them."""
    shown = view.snapshot
    summary = shown.summary()
    return {
        "symbol": shown.symbol,
        "last": _amount(shown.last),
        **{name: summary[name] for name in _OF_THE_PNL},
        "won": None if shown.won is None else shown.won.row(shown.at),
    }


def decisions(view: View, words: Words) -> Answer:
    """List the newest decisions with their sentences, newest first."""
    return {"language": words.language, "decisions": [_decision(seen, words) for seen in view.decisions]}


def why(given: Reason, words: Words) -> Answer:
    """Tell a reason: its code, its figures, its sentence."""
    return {"code": given.code, "figures": given.plain_figures(), "sentence": words.sentence(given)}


def data_age_s(view: View | None) -> float | None:
    """Return how old the last price is, in seconds; None before the first."""
    return None if view is None or view.price_age_s is None else tenths_s(view.price_age_s)


def tenths_s(span_s: float) -> float | None:
    """Return seconds to a tenth, or None where they never end: JSON has no word for that."""
    return round(span_s, 1) if isfinite(span_s) else None


def moment(at: datetime | None) -> str | None:
    """Return a time as ISO UTC with Z."""
    return None if at is None else iso(at)


def _session(seen: SessionSeen, words: Words) -> Answer:
    return {
        "kind": None if seen.kind is None else str(seen.kind),
        "day": None if seen.day is None else seen.day.isoformat(),
        "closes_at": moment(seen.closes_at),
        "next_open": moment(seen.next_open),
        "sentence": words.sentence(seen.told),
    }


def _of(shown: Snapshot) -> Answer:
    return {"at": moment(shown.at), "symbol": shown.symbol, "currency": shown.currency}


def _amount(amount: Decimal | None) -> str | None:
    return None if amount is None else plain(amount)


def _order(order: Order) -> Answer:
    return {
        "client_id": order.client_id,
        "venue_id": order.venue_id,
        "slot": order.cell,
        "side": str(order.side),
        "price": plain(order.price),
        "qty": plain(order.qty),
        "filled": plain(order.filled),
        "remaining": plain(order.remaining),
        "state": str(order.state),
    }


def _fill(seen: FillSeen) -> Answer:
    fill = seen.fill
    return {
        "at": iso(fill.at),
        "fill_id": fill.fill_id,
        "client_id": seen.client_id,
        "slot": seen.slot,
        "side": str(seen.side),
        "price": plain(fill.price),
        "qty": plain(fill.qty),
        "notional": plain(fill.notional),
        "fee": plain(fill.fee),
        "earned": None if seen.earned is None else plain(seen.earned),
    }


def _slot(seen: LotsSeen) -> Answer:
    return {
        "slot": seen.slot,
        "qty": plain(sum((lot.qty for lot in seen.lots), ZERO)),
        "cost": plain(sum((lot.cost for lot in seen.lots), ZERO)),
        "lots": [_lot(lot) for lot in seen.lots],
    }


def _lot(lot: Lot) -> Answer:
    return {"qty": plain(lot.qty), "price": plain(lot.price), "fee": plain(lot.fee), "cost": plain(lot.cost)}


def _decision(seen: DecisionSeen, words: Words) -> Answer:
    note = seen.note
    return {"at": iso(seen.at), "slot": note.slot, "weight": str(note.weight)} | why(note.why, words)
